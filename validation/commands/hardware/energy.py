"""The command `wmdelays energy`: what a recall costs, beside the dense network."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.validation.commands.shared.options import (
    JsonFile,
    Report,
    check_outputs,
    chosen_patterns,
    put_json,
)
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_line,
    print_note,
    progress_bar,
)
from wmdelays.validation.recall.energy import energy
from wmdelays.validation.reports.hardware.energy_tables import (
    answer,
    basis,
    counts,
    memory_columns,
    part_columns,
)
from wmdelays.validation.reports.pages import command_line


def command(
    memories: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Memory files, side by side.")
    ],
    patterns: Annotated[str, typer.Option(metavar="all|0,3", help="Patterns to recall.")] = "all",
    weight_bits: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Bits of a weight, event-driven; by default those it was stored with, or 32.",
        ),
    ] = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """What a recall costs in energy, by published costs, beside the dense network."""
    check_outputs(json_file, report, *memories)
    chosen, results = chosen_patterns(patterns), []
    with progress_bar() as say:
        for k, path in enumerate(memories):
            say(f"{path.name}: recalling", k / len(memories))
            memory = read_memory(path)
            try:
                results.append(energy(memory, patterns=chosen, weight_bits=weight_bits))
            except InputError as error:
                raise InputError(f"{path}: {error}") from None
            results[-1].settings["memory_file"] = str(path)
        stems = [path.stem for path in memories]
        names = stems if len(set(stems)) == len(stems) else list(map(str, memories))
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.hardware.energy import write_report

            page = write_report(results, names, report, command_line())
    values = [one.as_dict() for one in results]
    put_json(json_file, values[0] if len(values) == 1 else values)
    for one, name in zip(results, names):
        line = answer(one)
        print_line(line if len(results) == 1 else f"{name}: {line}")
    if len(results) == 1:
        print_line(counts(results[0]))
        print_columns(part_columns(results[0]))
    else:
        print_columns(memory_columns(results, names))
    print_line(basis(results[0]))
    if page is not None:
        print_note(f"report: {page}")
