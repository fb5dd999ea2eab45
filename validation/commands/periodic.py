"""The command `wmdelays periodic`: a periodic pattern recalled over and over."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.quantities import shortened
from wmdelays.validation.commands.shared.options import (
    Device,
    Dt,
    JsonFile,
    Report,
    Simulator,
    check_outputs,
    chosen_patterns,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_line,
    print_note,
    print_simulator,
    progress_bar,
)
from wmdelays.validation.recall.damage import GOING_ON, KINDS
from wmdelays.validation.recall.repeats import holding_columns, recall_periodic, repeat_columns
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import command_line


def _levels(text):
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--noise is numbers such as 0,0.1, not {shortened(text)}") from None


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A periodic memory file.")],
    repeats: Annotated[int, typer.Option(metavar="N", help="How often to repeat.")] = 30,
    patterns: Annotated[str, typer.Option(metavar="all|0,3", help="Patterns to recall.")] = "all",
    damage: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help=f"What the noise is: {', '.join(GOING_ON)}. By default a part of the spikes is lost, and"
            " as many random ones are added.",
        ),
    ] = "noise",
    noise: Annotated[str, typer.Option(metavar="X,…", help="Its levels.")] = "0,0.1",
    draws: Annotated[int, typer.Option(help="Draws of the noise.")] = 3,
    bound: Annotated[
        float, typer.Option(metavar="X", help="F1 at which a repeat counts as recalled.")
    ] = 0.99,
    simulator: Simulator = DEFAULT,
    dt: Dt = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Recall periodic patterns over and over: how long they hold, with and without noise."""
    check_outputs(json_file, report, memory)
    chosen, levels = chosen_patterns(patterns), _levels(noise)
    dt_s = time_given(dt, "--dt", above_zero=True)
    with progress_bar() as say:
        result = recall_periodic(
            read_memory(memory),
            repeats=repeats,
            patterns=chosen,
            damage=damage,
            noise=levels,
            draws=draws,
            bound=bound,
            simulator=simulator,
            dt=dt_s,
            device=device,
            seed=seed,
            progress=say,
        )
        result.settings["memory_file"] = str(memory)
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.periodic import write_report

            page = write_report(result, report, command_line())
    put_json(json_file, result.as_dict())
    print_columns(repeat_columns(result))
    print_columns(holding_columns(result))
    print_line(
        f"holds: repeats with F1 of at least {bound:g}, one of {result.memory.n_steps} steps after"
        " another from the cue on"
    )
    print_simulator(simulator, KINDS[damage].variability is not None)
    if page is not None:
        print_note(f"report: {page}")
