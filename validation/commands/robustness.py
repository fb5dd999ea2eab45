"""The command `wmdelays robustness`: how much damage and untidiness a recall bears."""

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
    ResultsFile,
    Scheduler,
    Simulator,
    Workers,
    check_outputs,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_note,
    print_simulator,
    progress_bar,
)
from wmdelays.validation.recall.damage import KINDS, PUBLISHED
from wmdelays.validation.recall.robustness import (
    BEFORE,
    Setting,
    columns,
    kinds_of,
    of_today,
    robustness,
    summary,
)
from wmdelays.validation.recall.simulators import DEFAULT
from wmdelays.validation.reports.pages import command_line
from wmdelays.validation.work.result_rows import DamageFigures
from wmdelays.validation.work.results import Results


def command(
    memories: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Memory files, drawn side by side.")
    ],
    damage: Annotated[
        str,
        typer.Option(
            metavar="KIND,…",
            help=f"Kinds of damage: {', '.join(KINDS)}; or all. By default the three published.",
        ),
    ] = ",".join(PUBLISHED),
    values: Annotated[
        str | None,
        typer.Option(metavar="X,…", help="Values, for one kind of damage."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws for each value.")] = 3,
    before: Annotated[
        int, typer.Option(metavar="STEPS", help="Steps of random spikes before the trigger.")
    ] = BEFORE,
    simulator: Simulator = DEFAULT,
    dt: Dt = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the damage.")] = 0,
    results: ResultsFile = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """How much damage to cue, spikes and synapses, and how untidy neurons the recall bears."""
    check_outputs(json_file, report, *memories, results)
    kinds = kinds_of(simulator) if damage == "all" else [word.strip() for word in damage.split(",")]
    given = None
    if values is not None:
        try:
            given = [float(word) for word in values.split(",")]
        except ValueError:
            raise InputError(f"--values is numbers such as 0,0.25,0.5, not {values!r}") from None
    of_rows = results, "robustness", Setting, DamageFigures, of_today
    with progress_bar() as say, Results(*of_rows) as kept:
        rows = robustness(
            memories,
            damage=kinds,
            values=given,
            draws=draws,
            before=before,
            simulator=simulator,
            dt=time_given(dt, "--dt", above_zero=True),
            device=device,
            seed=seed,
            results=kept,
            workers=workers,
            scheduler=scheduler,
            progress=say,
        )
        rows = rows if results is None else kept.rows
    found = summary(rows)
    put_json(json_file, found)
    print_columns(columns(found))
    print_simulator(simulator, any(KINDS[kind].variability for kind in kinds))
    if report is not None:
        from wmdelays.validation.reports.robustness import write_report

        steps = {one.fingerprint()[:16]: one.step for one in map(read_memory, memories)}
        page = write_report(rows, report, command_line(), steps)
        print_note(f"report: {page}")
