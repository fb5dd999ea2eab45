"""The command `wmdelays motifs`: which spikes make which, and by which synapses."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import MEMORY, MOTIFS
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.motifs.motif_files import write_motifs
from wmdelays.validation.commands.shared.options import (
    OUTPUT,
    Force,
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
from wmdelays.validation.motifs.analysis import analyse_motifs
from wmdelays.validation.motifs.cut import check_keep, cut
from wmdelays.validation.reports.motif_tables import (
    cut_sentence,
    pattern_columns,
    sentences,
    synapse_columns,
)
from wmdelays.validation.reports.pages import command_line


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    patterns: Annotated[
        str, typer.Option(metavar="all|0,3,5", help="Patterns to look at.")
    ] = "all",
    motifs_file: Annotated[
        Path | None,
        typer.Option(
            "--motifs",
            metavar="FILE",
            help="Write each spike's links here (.jsonl).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    cut_file: Annotated[
        Path | None,
        typer.Option(
            "--cut",
            metavar="FILE",
            help="Write a memory without the synapses never used (.h5).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            metavar="used|motifs",
            help="--cut: keep all synapses that are used, or of the excitatory ones those in motifs"
            " alone.",
        ),
    ] = "used",
    report: Report = None,
    json_file: JsonFile = None,
    force: Force = False,
):
    """Find which spikes of a stored pattern make which, and which synapses a recall needs.

    Ends with status 0, 1 if a memory without the unused synapses recalls otherwise and was not
    written, 2 if the input cannot be used.
    """
    written = [(motifs_file, MOTIFS), (cut_file, MEMORY)]
    check_outputs(json_file, report, memory, written=written, force=force)
    check_keep(keep)
    chosen = chosen_patterns(patterns)
    if cut_file is not None and chosen is not None:
        raise InputError("a memory is cut for all its patterns; leave out --patterns")
    if cut_file is None and keep != "used":
        raise InputError("--keep says what --cut keeps; name a file with --cut")
    smaller = page = None
    with progress_bar() as say:
        analysis = analyse_motifs(read_memory(memory), chosen, say)
        analysis.settings["memory_file"] = str(memory)
        values = analysis.as_dict()
        if cut_file is not None:
            smaller = cut(analysis, keep, say)
            values["cut"] = smaller.as_dict()
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.motifs import write_report

            said = [] if smaller is None else [cut_sentence(analysis, smaller, cut_file)]
            page = write_report(analysis, values, report, command_line(), said)
        if motifs_file is not None:
            say("writing the motifs", None)
            write_motifs(motifs_file, analysis.memory, analysis.motifs)
        if smaller is not None and not smaller.different:
            say("writing the memory", None)
            write_memory(cut_file, smaller.memory)
    put_json(json_file, values)
    lines = sentences(values)
    if smaller is not None:
        lines.append(cut_sentence(analysis, smaller, cut_file))
    for line in lines:
        print_line(line)
    print_columns(pattern_columns(values))
    print_columns(synapse_columns(values))
    if page is not None:
        print_note(f"report: {page}")
    raise typer.Exit(1 if smaller is not None and smaller.different else 0)
