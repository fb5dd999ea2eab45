"""The command `wmdelays export`: a memory for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.exports.formats import FORMATS, format_named
from wmdelays.files.memory_file import read_memory
from wmdelays.validation.commands.shared.options import (
    JsonFile,
    check_outputs,
    chosen_patterns,
    put_json,
)
from wmdelays.validation.commands.shared.terminal import print_line, print_note, progress_bar
from wmdelays.validation.reports.exports.answer import answer, values
from wmdelays.words import printable


def command(
    form: Annotated[
        str,
        typer.Argument(
            metavar="|".join(FORMATS),
            help=" ".join(f"{one.name}: {one.holds}." for one in FORMATS.values()),
            show_default=False,
        ),
    ],
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A new folder; of nir, a new file.")],
    patterns: Annotated[
        str | None,
        typer.Option(
            metavar="all|K,…",
            help="sonata, pynn: which patterns are cued, one after another; by default 0.",
        ),
    ] = None,
    json_file: JsonFile = None,
):
    """Write a memory for other programs, and say whether it recalls there as it does here."""
    chosen_form = format_named(form)
    check_outputs(json_file, None, memory, path)
    chosen_form.check_place(path)
    chosen = None if patterns is None else chosen_patterns(patterns)
    found = read_memory(memory)
    print_note(f"{chosen_form.shown} cannot hold {chosen_form.lacks}")
    with progress_bar() as say:
        say("importing", None)
        from wmdelays.validation.exports.exporting import export_memory

        say("writing", None)
        if patterns is not None and chosen is None:
            chosen = range(found.n_patterns)
        try:
            exported = export_memory(found, path, form, chosen)
        except InputError as error:
            if str(error).startswith(str(path)):
                raise
            raise InputError(f"{printable(str(memory))}: {error}") from None
    put_json(json_file, values(found, exported))
    for line in answer(found, exported):
        print_line(line)
    print_note(f"written to {path}")
    return 0 if exported.exact else 1
