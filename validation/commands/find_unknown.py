"""The command `wmdelays find-unknown`: patterns in a raster that nobody stored."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.recording import binning_lines, read_stretch
from wmdelays.validation.commands.shared.options import (
    CHANCE,
    JsonFile,
    Pad,
    Report,
    Start,
    Stop,
    Surrogates,
    SurrogateSeed,
    check_outputs,
    given,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.recording_options import with_reading
from wmdelays.validation.commands.shared.terminal import (
    print_first,
    print_line,
    print_note,
    progress_bar,
)
from wmdelays.validation.find.unknown import (
    candidate_columns,
    find_unknown_patterns,
    pattern_columns,
    usual_step,
)
from wmdelays.validation.reports.pages import command_line


@with_reading
def command(
    raster: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="Of any format that is read.")
    ],
    method: Annotated[
        str,
        typer.Option(
            metavar="spade|cad|ppseq",
            help="How they are looked for: patterns, assemblies, sequences.",
        ),
    ] = "spade",
    start: Start = None,
    stop: Stop = None,
    pad: Pad = False,
    step: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Grid on which spikes are compared; by default 5ms, 25ms for cad.",
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The longest pattern, first spike to last, by default ten steps, thirty for ppseq.",
        ),
    ] = None,
    min_spikes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fewest units of a pattern, by default 3, 2 for cad."),
    ] = None,
    min_occurrences: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How often a pattern has to occur; by default 5 for cad, 3 for ppseq, and for spade as rarely"
            " as leaves 2000 patterns at most to be tested.",
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Significance level, by default 0.05.", rich_help_panel=CHANCE
        ),
    ] = None,
    surrogates: Surrogates = "stretch_shifting",
    dither: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far surrogates move spikes; by default ten steps.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of surrogates, by default 100 for spade, 5 for cad, 19 for ppseq.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    seed: SurrogateSeed = 0,
    max_time: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Stop, with an error, where it takes longer than this in all."
        ),
    ] = "3600s",
    reading: dict = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Find patterns that recur in a raster and that nobody stored, and how often chance makes them."""
    check_outputs(json_file, report, raster)
    begin = time_given(start, "--start")
    end = time_given(stop, "--stop", above_zero=True)
    step_s = time_given(step, "--step", above_zero=True)
    step_s = usual_step(method) if step_s is None else step_s
    settings = given(
        window=time_given(window, "--window"),
        dither=time_given(dither, "--dither"),
        min_spikes=min_spikes,
        min_occurrences=min_occurrences,
        alpha=alpha,
        draws=draws,
    )
    with progress_bar() as say:
        say(f"reading {raster}", None)
        recorded = read_stretch(
            raster, step_s, start=begin, stop=end, pad=pad, from_first_spike=True, **reading
        )
        found = find_unknown_patterns(
            recorded,
            method,
            step=step_s,
            surrogates=surrogates,
            seed=seed,
            start=recorded.start,
            max_time=time_given(max_time, "--max-time", above_zero=True),
            progress=say,
            **settings,
        )
        found.settings["files"] = [str(raster)]
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.find_unknown import write_report

            page = write_report(found, report, command_line())
    put_json(json_file, found.as_dict())
    for line in binning_lines(raster, recorded, step_s):
        print_note(line)
    for line in (found.summary, found.tested):
        print_line(line)
    print_first(pattern_columns(found))
    print_first(candidate_columns(found))
    if page is not None:
        print_note(f"report: {page}")
