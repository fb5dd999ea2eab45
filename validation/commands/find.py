"""The command `wmdelays find`: stored patterns, groups or unknown patterns in a raster."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.recording import binning_lines, read_stretch
from wmdelays.quantities import seconds
from wmdelays.validation.commands.options import JsonFile, Report, check_outputs, put_json
from wmdelays.validation.commands.terminal import console, print_columns, progress_bar
from wmdelays.validation.find.inputs import read_templates
from wmdelays.validation.find.stored import Found, find, level_columns, occurrence_columns
from wmdelays.validation.find.unknown import (
    candidate_columns,
    find_unknown,
    pattern_columns,
    usual_step,
)
from wmdelays.validation.reports.pages import command_line

_SHOWN = 40


def _speeds(text):
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--speed is numbers such as 1,5,-5, not {text!r}") from None


_STORED, _OF_UNKNOWN, _CHANCE = "Stored patterns and groups", "Unknown patterns", "Chance"


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[MEMORY|GROUPS] RASTER",
            help="A memory file or groups (.jsonl), and a raster (.csv, .npz). With --unknown the"
            " raster alone.",
        ),
    ],
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where in the raster to begin.")
    ] = None,
    stop: Annotated[str | None, typer.Option(metavar="TIME", help="Where to end.")] = None,
    pad: Annotated[
        bool, typer.Option("--pad", help="Let silence follow where the raster ends before --stop.")
    ] = False,
    bin: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Grid on which spikes are compared; by default the memory's step, 1ms for groups,"
            " 5ms for spade, 25ms for cad.",
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Cut stored patterns into pieces of this length. With --unknown: the longest"
            " pattern, by default ten bins.",
        ),
    ] = None,
    min_spikes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Fewest spikes of a template, by default 5. With --unknown: fewest units of a"
            " pattern, by default 3 (spade) or 2 (cad).",
        ),
    ] = None,
    jitter: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far from its time a spike may be; by default one bin.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            metavar="1,5,-5",
            help="Times as fast as stored; below 0 backwards.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    gap: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Least time between two occurrences of a template; by default its length.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    min_completeness: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="List all occurrences from this part of the spikes on, and not those above chance.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    expected_false: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="How many occurrences chance may make on average, by default 0.05.",
            rich_help_panel=_STORED,
        ),
    ] = None,
    unknown: Annotated[
        str | None,
        typer.Option(
            metavar="spade|cad",
            help="Find patterns that nobody stored, by elephant.",
            rich_help_panel=_OF_UNKNOWN,
        ),
    ] = None,
    min_occurrences: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How often a pattern has to occur; by default 5 for cad, and for spade as rarely"
            " as leaves 2000 patterns at most to be tested.",
            rich_help_panel=_OF_UNKNOWN,
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Significance level, by default 0.05.", rich_help_panel=_OF_UNKNOWN
        ),
    ] = None,
    surrogates: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="How surrogates are made; a name that is none lists them.",
            rich_help_panel=_CHANCE,
        ),
    ] = "stretch_shifting",
    dither: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far surrogates move spikes; by default ten times the jitter or bin.",
            rich_help_panel=_CHANCE,
        ),
    ] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of surrogates, by default 100, and 5 for cad.",
            rich_help_panel=_CHANCE,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the surrogates.", rich_help_panel=_CHANCE)] = 0,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Find stored patterns, groups or unknown patterns in a raster, and how often chance makes them."""
    check_outputs(json_file, report, *files)
    begin, end, step, window_s, jitter_s, gap_s, dither_s = (
        None if text is None else seconds(text, name, above_zero=name in ("--stop", "--bin"))
        for text, name in (
            (start, "--start"),
            (stop, "--stop"),
            (bin, "--bin"),
            (window, "--window"),
            (jitter, "--jitter"),
            (gap, "--gap"),
            (dither, "--dither"),
        )
    )
    common = {"method": surrogates, "dither": dither_s, "seed": seed}
    stretch = {"start": begin, "stop": end, "pad": pad, "from_first_spike": True}
    lines = []
    if draws is not None:
        common["n_surrogates"] = draws
    of_templates = {
        "jitter": jitter_s,
        "gap": gap_s,
        "min_completeness": min_completeness,
        "expected_false": expected_false,
    }
    of_unknown = {"min_occurrences": min_occurrences, "alpha": alpha}
    if unknown is None:
        _only(of_unknown, "is for --unknown")
        if len(files) != 2:
            raise InputError(
                "name a memory or groups, and a raster; or --unknown spade and a raster alone"
            )
        speeds = [1.0] if speed is None else _speeds(speed)
        given = _given(of_templates | {"min_spikes": min_spikes}) | common

        def work(say):
            say(f"reading {files[0]}", None)
            sought = read_templates(files[0], window_s)
            say(f"reading {files[1]}", None)
            bin_s = sought.step if step is None else step
            raster = read_stretch(files[1], bin_s, phase=sought.phase(), **stretch)
            if sought.n_neurons is not None and raster.n_neurons > sought.n_neurons:
                raise InputError(
                    f"{files[1]}: has unit {raster.n_neurons - 1}, and the memory"
                    f" {sought.n_neurons} neurons: the units have to be those of the memory"
                )
            lines.extend(binning_lines(files[1], raster, bin_s))
            lines.extend(_other_rule(sought, raster.binning(bin_s)))
            templates = [one.at_speed(factor) for one in sought.templates for factor in speeds]
            return find(templates, raster, step=bin_s, start=raster.start, progress=say, **given)
    else:
        _only(of_templates | {"speed": speed}, "is for stored patterns, not for --unknown")
        if len(files) != 1:
            raise InputError("--unknown takes a raster alone")
        more = {"window": window_s, "step": step, "min_spikes": min_spikes}
        given = _given(of_unknown | more) | common

        def work(say):
            say(f"reading {files[0]}", None)
            bin_s = usual_step(unknown) if step is None else step
            raster = read_stretch(files[0], bin_s, **stretch)
            lines.extend(binning_lines(files[0], raster, bin_s))
            return find_unknown(raster, unknown, start=raster.start, progress=say, **given)

    with progress_bar() as say:
        result = work(say)
        result.settings["files"] = [str(path) for path in files]
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports import find as find_report

            page = find_report.write_report(result, report, command_line())
    put_json(json_file, result.as_dict())
    if isinstance(result, Found):
        _print(occurrence_columns(result))
        _print(level_columns(result))
    else:
        _print(pattern_columns(result))
        _print(candidate_columns(result))
    for line in (*lines, result.tested, result.summary):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


def _other_rule(sought, found):
    """A line where the memory's spikes became steps in another way than those of the raster."""
    rules = {one["rule"] for one in sought.binning}
    if not rules or rules == {found.rule} or not found.n_spikes:
        return []
    return [
        f"the raster's spikes belong to the {found.rule} step, and those of the memory to the"
        f" {rules.pop()} one, as the times of each are: a step more or less is no difference"
    ]


def _given(options):
    return {name: value for name, value in options.items() if value is not None}


def _only(options, why):
    for name in _given(options):
        raise InputError(f"--{name.replace('_', '-')} {why}")


def _print(columns):
    """Print a table, its first lines if there are many; nothing if there are none."""
    n = len(next(iter(columns.values())))
    if not n:
        return
    print_columns({title: cells[:_SHOWN] for title, cells in columns.items()})
    if n > _SHOWN:
        console.print(f"… and {n - _SHOWN} more (--json, --report)", highlight=False, markup=False)
