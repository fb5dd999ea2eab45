"""Options that several commands have, and what they all do with --json and --report."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.output import check_writable, write_json
from wmdelays.validation.results import FORMAT

Simulator = Annotated[str, typer.Option(help="torch or brian2.")]
Dt = Annotated[
    str | None, typer.Option(metavar="TIME", help="brian2: time step, by default a tenth.")
]
Device = Annotated[str, typer.Option(help="brian2: auto, numpy, cython or cpp_standalone.")]
ResultsFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Keep each point here (.jsonl) and do not compute it again."),
]
Workers = Annotated[int, typer.Option(help="Processes that compute points.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A dask scheduler to use instead.")
]
Report = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write a report with figures here.")
]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the result as JSON; - for the terminal."),
]


def check_outputs(json_file, report, *others):
    """Raise an InputError unless the JSON file and the report can be written.

    Nor may the JSON file and the other files that the command reads and writes be one.
    """
    seen = set()
    for path in (Path(file).resolve() for file in (*others, json_file) if file not in (None, "-")):
        if path in seen:
            raise InputError(f"{path.name}: is named for two things; name another file")
        seen.add(path)
    if json_file not in (None, "-"):
        check_place(json_file)
    if report is not None:
        from wmdelays.validation.pages import check_folder

        check_folder(report)


def check_place(json_file):
    """Raise an InputError if JSON cannot be written there or would take the place of other data.

    A recording, a memory, a network or results may have taken hours.
    """
    check_writable(json_file)
    try:
        with open(json_file, "rb") as file:
            beginning = file.read(512).lstrip()
    except OSError:
        return
    if beginning and (beginning[:1] not in b"{[" or FORMAT.encode() in beginning):
        raise InputError(f"{json_file}: holds other data, not JSON of before; name another file")


def chosen_patterns(text):
    """The numbers that --patterns names, or None for all patterns."""
    if text == "all":
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--patterns is all or numbers such as 0,3,5, not {text!r}") from None


def put_json(json_file, values):
    """Write plain values where --json says, if it does."""
    if json_file == "-":
        print(json.dumps(values, indent=1))
    elif json_file is not None:
        write_json(json_file, values)
