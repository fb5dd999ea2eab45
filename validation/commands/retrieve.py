"""The command `wmdelays retrieve`: patterns cued one after another."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.validation.commands.shared.options import (
    Device,
    Dt,
    JsonFile,
    Report,
    Simulator,
    check_outputs,
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
from wmdelays.validation.recall.retrieval import cue_columns, retrieve, spontaneous_columns
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import command_line


def _order(text):
    if text in ("stored", "random"):
        return text
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(
            f"--order is stored, random or numbers such as 0,2,1, not {text!r}"
        ) from None


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    order: Annotated[
        str,
        typer.Option(
            metavar="0,2,1|stored|random", help="Patterns to cue; one may come several times."
        ),
    ] = "stored",
    interval: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="From one cue to the next; by default 50 steps more than a pattern has. With less"
            " than a pattern has they overlap.",
        ),
    ] = None,
    trigger: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Length of each cue; by default the longest delay."),
    ] = None,
    background: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="Probability of a random spike for each neuron and step between the patterns; by"
            " default their mean rate.",
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS", help="Length of the sliding window; by default the longest delay."
        ),
    ] = None,
    bound: Annotated[
        float, typer.Option(metavar="X", help="F1 from which on a pattern counts as recalled.")
    ] = 0.5,
    simulator: Simulator = DEFAULT,
    dt: Dt = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the background and of a random order.")] = 0,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Cue patterns one after another and see which is recalled when."""
    check_outputs(json_file, report, memory)
    wanted = _order(order)
    dt_s = time_given(dt, "--dt", above_zero=True)
    with progress_bar() as say:
        result = retrieve(
            read_memory(memory),
            wanted,
            interval=interval,
            trigger=trigger,
            background=background,
            window=window,
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
            from wmdelays.validation.reports.retrieve import write_report

            page = write_report(result, report, command_line())
    put_json(json_file, result.as_dict())
    print_line(result.summary)
    print_columns(cue_columns(result))
    if result.spontaneous:
        print_line("Spontaneous recalls:")
        print_columns(spontaneous_columns(result))
    print_simulator(simulator)
    if page is not None:
        print_note(f"report: {page}")
