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
from wmdelays.validation.find.inputs import Sought, order_template, read_templates
from wmdelays.validation.find.replayed import event_columns, find_replay
from wmdelays.validation.find.stored import find_patterns, level_columns, occurrence_columns
from wmdelays.validation.reports.pages import command_line

# The panel of options for orders.
_ORDER = "Rank order"


@with_reading
def command(
    sought: Annotated[
        Path | None,
        typer.Argument(
            metavar="MEMORY|GROUPS|SPIKES",
            help="What is looked for: the patterns of a memory file, groups (.jsonl), or the spikes of a"
            " csv file (unit,time_s). With --order the recording alone is named.",
        ),
    ] = None,
    raster: Annotated[
        Path | None,
        typer.Argument(metavar="RECORDING", help="Where: a recording of any format that is read."),
    ] = None,
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
    warp: Annotated[
        str | None,
        typer.Option(
            metavar="0.5,2", help="Fit the speed, anywhere in this range; below 0 backwards."
        ),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="3,17,641",
            help="Look for events in which these units fire in this order.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    rank_order: Annotated[
        bool,
        typer.Option(
            "--rank-order",
            help="Look for events in which units fire in the order of the templates, at any tempo.",
            rich_help_panel=_ORDER,
        ),
    ] = False,
    smoothing: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Smooths the population's rate, of which peaks are events; by default 15ms.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="SD",
            help="How far above its mean the rate peaks in an event, by default 3 sd.",
            rich_help_panel=_ORDER,
        ),
    ] = None,
    longest: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="The longest event, by default 0.5s.", rich_help_panel=_ORDER
        ),
    ] = None,
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
            metavar="N",
            help="Number of surrogates, by default 100; 1000 of orders.",
            rich_help_panel=CHANCE,
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
    by_order = rank_order or order is not None
    if order is not None:
        if raster is not None:
            raise InputError("--order is what is looked for: name the RECORDING alone")
        sought, raster = None, sought
    if raster is None:
        raise InputError(
            "name what is looked for (a memory, groups, spikes, or --order) and the RECORDING"
        )
    check_outputs(json_file, report, *(one for one in (sought, raster) if one is not None))
    begin = time_given(start, "--start")
    end = time_given(stop, "--stop", above_zero=True)
    step_s = time_given(step, "--step", above_zero=True)
    window_s = time_given(window, "--window")
    timed = given(
        jitter=time_given(jitter, "--jitter"),
        gap=time_given(gap, "--gap"),
        dither=time_given(dither, "--dither"),
        min_completeness=min_completeness,
        expected_false=expected_false,
        warp=None if warp is None else _numbers("--warp", "0.5,2", warp, 2),
    )
    events = given(
        smoothing=time_given(smoothing, "--smoothing"),
        threshold=threshold,
        longest=time_given(longest, "--longest"),
    )
    if order is not None and min_spikes is None:
        # Whoever names few units means them.
        min_spikes = max(3, min(5, order.count(",") + 1))
    common = given(min_spikes=min_spikes, draws=draws)
    speeds = _numbers("--speed", "1,5,-5", speed)
    _check_way(by_order, timed, events, speed)
    with progress_bar() as say:
        wanted = Sought([], 1e-3)
        if sought is not None:
            say(f"reading {sought}", None)
            wanted = read_templates(sought, window_s)
        step_s = wanted.step if step_s is None else step_s
        say(f"reading {raster}", None)
        if sought is not None and wanted.names is None:
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
        same = {"step": step_s, "seed": seed, "with_itself": with_itself, "progress": say}
        if by_order:
            templates = wanted.templates if order is None else [order_template(order, recorded)]
            if "draws" in common:
                common["shuffles"] = common.pop("draws")
            found = find_replay(templates, recorded, **same, **common, **events)
        else:
            found = find_patterns(
                [one.at_speed(factor) for one in wanted.templates for factor in speeds],
                recorded,
                surrogates=surrogates,
                start=recorded.start,
                **same,
                **common,
                **timed,
            )
        found.settings["files"] = [str(one) for one in (sought, raster) if one is not None]
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.find import write_replay_report, write_report

            write = write_replay_report if by_order else write_report
            page = write(found, report, command_line())
    put_json(json_file, found.as_dict())
    if not by_order:
        lines += _other_rule(wanted, recorded.binning(step_s))
    for line in lines:
        print_note(line)
    for line in (found.summary, found.tested):
        print_line(line)
    if by_order:
        print_first(event_columns(found))
    else:
        print_first(occurrence_columns(found))
        print_first(level_columns(found))
    if page is not None:
        print_note(f"report: {page}")


def _check_way(by_order, timed, events, speed):
    """Raise an InputError where options of one way of looking are given with the other."""
    if by_order and (timed or speed != "1"):
        names = [*timed, *(["speed"] if speed != "1" else [])]
        raise InputError(
            f"--{names[0].replace('_', '-')} is for spikes at their times; an order"
            " (--order, --rank-order) is looked for at any tempo"
        )
    if events and not by_order:
        raise InputError(f"--{next(iter(events))} is for --order and --rank-order")


def _numbers(option, such_as, text, n=None):
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or n not in (None, len(numbers)):
        raise InputError(f"{option} is numbers such as {such_as}, not {text!r}")
    return numbers


def _other_rule(wanted, found):
    """A line where the memory's spikes became steps in another way than those of the raster."""
    rules = {one["rule"] for one in wanted.binning}
    if not rules or rules == {found.rule} or not found.n_spikes:
        return []
    return [
        f"the raster's spikes belong to the {found.rule} step, and those of the memory to the"
        f" {rules.pop()} one, as the times of each are: a step more or less is no difference"
    ]
