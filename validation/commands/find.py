"""The command `wmdelays find`: stored patterns or groups in a raster."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
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
from wmdelays.validation.find.inputs import read_templates
from wmdelays.validation.find.stored import find_patterns, level_columns, occurrence_columns
from wmdelays.validation.reports.pages import command_line


@with_reading
def command(
    sought: Annotated[
        Path,
        typer.Argument(
            metavar="MEMORY|GROUPS|SPIKES",
            help="What is looked for: the patterns of a memory file, groups (.jsonl), or the spikes of a"
            " csv file (unit,time_s).",
        ),
    ],
    raster: Annotated[
        Path,
        typer.Argument(metavar="RECORDING", help="Where: a recording of any format that is read."),
    ],
    start: Start = None,
    stop: Stop = None,
    pad: Pad = False,
    step: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Grid on which spikes are compared; by default the memory's step, 1ms for others.",
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Cut stored patterns into pieces of this length."),
    ] = None,
    min_spikes: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fewest spikes of a template, by default 5."),
    ] = None,
    jitter: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="How far from its time a spike may be; by default one step."
        ),
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="1,5,-5", help="Times as fast as stored; below 0 backwards.")
    ] = "1",
    gap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Least time between two occurrences of a template; by default its length.",
        ),
    ] = None,
    min_completeness: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="List all occurrences from this part of the spikes on, and not those above chance.",
        ),
    ] = None,
    with_itself: Annotated[
        bool,
        typer.Option(
            "--with-itself",
            help="Count the stretch that was stored too, where the recording is the one it is from.",
        ),
    ] = False,
    expected_false: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="How many occurrences chance may make on average, by default 0.05.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    surrogates: Surrogates = "stretch_shifting",
    dither: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far surrogates move spikes; by default ten times the jitter.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of surrogates, by default 100.", rich_help_panel=CHANCE
        ),
    ] = None,
    seed: SurrogateSeed = 0,
    reading: dict = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Find stored patterns or polychronous groups in a raster, and how often chance makes them.

    Patterns that nobody stored: find-unknown.
    """
    check_outputs(json_file, report, sought, raster)
    begin = time_given(start, "--start")
    end = time_given(stop, "--stop", above_zero=True)
    step_s = time_given(step, "--step", above_zero=True)
    window_s = time_given(window, "--window")
    settings = given(
        jitter=time_given(jitter, "--jitter"),
        gap=time_given(gap, "--gap"),
        dither=time_given(dither, "--dither"),
        min_spikes=min_spikes,
        min_completeness=min_completeness,
        expected_false=expected_false,
        draws=draws,
    )
    speeds = _speeds(speed)
    with progress_bar() as say:
        say(f"reading {sought}", None)
        wanted = read_templates(sought, window_s)
        step_s = wanted.step if step_s is None else step_s
        say(f"reading {raster}", None)
        if wanted.names is None:
            # Groups name neurons by their numbers.
            reading = reading | {"keep_ids": True}
        recorded = read_stretch(
            raster,
            step_s,
            start=begin,
            stop=end,
            pad=pad,
            from_first_spike=True,
            phase=wanted.phase(),
            **reading,
        )
        lines = binning_lines(raster, recorded, step_s)
        recorded = wanted.in_units(recorded, raster)
        found = find_patterns(
            [one.at_speed(factor) for one in wanted.templates for factor in speeds],
            recorded,
            step=step_s,
            surrogates=surrogates,
            seed=seed,
            start=recorded.start,
            with_itself=with_itself,
            progress=say,
            **settings,
        )
        found.settings["files"] = [str(sought), str(raster)]
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.find import write_report

            page = write_report(found, report, command_line())
    put_json(json_file, found.as_dict())
    for line in (*lines, *_other_rule(wanted, recorded.binning(step_s))):
        print_note(line)
    for line in (found.summary, found.tested):
        print_line(line)
    print_first(occurrence_columns(found))
    print_first(level_columns(found))
    if page is not None:
        print_note(f"report: {page}")


def _speeds(text):
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--speed is numbers such as 1,5,-5, not {text!r}") from None


def _other_rule(wanted, found):
    """A line where the memory's spikes became steps in another way than those of the raster."""
    rules = {one["rule"] for one in wanted.binning}
    if not rules or rules == {found.rule} or not found.n_spikes:
        return []
    return [
        f"the raster's spikes belong to the {found.rule} step, and those of the memory to the"
        f" {rules.pop()} one, as the times of each are: a step more or less is no difference"
    ]
