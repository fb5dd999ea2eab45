"""The command `wmdelays periodic`: a periodic pattern recalled over and over."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.quantities import seconds
from wmdelays.validation.commands.shared.options import (
    Device,
    Dt,
    JsonFile,
    Report,
    Simulator,
    check_outputs,
    put_json,
)
from wmdelays.validation.commands.shared.terminal import (
    console,
    print_simulator,
    print_table,
    progress_bar,
)
from wmdelays.validation.recall.repeats import holding_columns, recall_periodic, repeat_columns
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import command_line


def _numbers(text, name, kind, example):
    try:
        return [kind(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"{name} is {example}, not {text!r}") from None


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A periodic memory file.")],
    repeats: Annotated[int, typer.Option(metavar="N", help="How often to repeat.")] = 30,
    patterns: Annotated[str, typer.Option(metavar="all|0,3", help="Patterns to recall.")] = "all",
    noise: Annotated[
        str,
        typer.Option(
            metavar="X,…",
            help="Parts of the spikes that are lost, with as many random ones added.",
        ),
    ] = "0,0.1",
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
    chosen = None
    if patterns != "all":
        chosen = _numbers(patterns, "--patterns", int, "all or numbers such as 0,3")
    levels = _numbers(noise, "--noise", float, "numbers such as 0,0.1")
    dt_s = None if dt is None else seconds(dt, "--dt", above_zero=True)
    with progress_bar() as say:
        result = recall_periodic(
            read_memory(memory),
            repeats=repeats,
            patterns=chosen,
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
    print_table(repeat_columns(result))
    print_table(holding_columns(result))
    console.print(
        f"holds: repeats with F1 of at least {bound:g}, one of {result.memory.n_steps} steps after"
        " another from the cue on",
        highlight=False,
        soft_wrap=True,
    )
    print_simulator(simulator)
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
