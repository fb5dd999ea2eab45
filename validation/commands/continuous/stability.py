"""The command `wmdelays stability`: whether recalls are stable, told from the neurons."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.quantities import shortened
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
from wmdelays.validation.recall.stability import LEVELS, stability
from wmdelays.validation.reports.continuous.stability_tables import (
    answers,
    level_columns,
    memory_columns,
    off,
)
from wmdelays.validation.reports.pages import command_line


def command(
    memories: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Memory files for neurons in continuous time, side by side."
        ),
    ],
    patterns: Annotated[str, typer.Option(metavar="all|0,3", help="Patterns to look at.")] = "all",
    levels: Annotated[
        str,
        typer.Option(
            metavar="KIND=X,…",
            help="How untidy the recalls are beside which the theory stands.",
        ),
    ] = ",".join(f"{kind}={value:g}" for kind, value in LEVELS.items()),
    draws: Annotated[
        int | None,
        typer.Option(
            help="Noisy recalls of each pattern; by default as many as make 24 in all, 0 for none."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Whether a recall is stable: what becomes of jitter, told before anything noisy is run."""
    check_outputs(json_file, report, *memories)
    chosen, given = chosen_patterns(patterns), _levels(levels)
    results = {}
    with progress_bar() as say:
        for path in memories:
            try:
                results[path] = stability(
                    read_memory(path),
                    patterns=chosen,
                    levels=given,
                    draws=draws,
                    seed=seed,
                    progress=lambda stage, part, path=path: say(f"{path.name}: {stage}", part),
                )
            except InputError as error:
                # One that names its file already is that of a file that cannot be read.
                told = str(error)
                raise InputError(
                    told if told.startswith(str(path)) else f"{path}: {told}"
                ) from None
            results[path].settings["memory_file"] = str(path)
        names, found = _names(results), list(results.values())
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.continuous.stability import write_report

            page = write_report(found, names, report, command_line())
    values = [one.as_dict() for one in found]
    put_json(json_file, values[0] if len(values) == 1 else values)
    for line in answers(found, names):
        print_line(line)
    print_columns(memory_columns(found, names))
    if found[0].levels:
        print_columns(level_columns(found, names))
    for line in off(found):
        print_line(line)
    if page is not None:
        print_note(f"report: {page}")


def _names(paths):
    """What each file is called beside the others."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else list(map(str, paths))


def _levels(text):
    found = {}
    for part in text.split(",") if text.strip() else ():
        kind, _, value = part.partition("=")
        try:
            found[kind.strip()] = float(value)
        except ValueError:
            raise InputError(
                f"--levels is such as release-failures=0.1,membrane-noise=1, not {shortened(text)}"
            ) from None
    return found
