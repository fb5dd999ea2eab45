"""Options that several commands have, and what they all do with --json and --report."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import JSON, check_name, check_not_there
from wmdelays.files.output import check_writable, write_json
from wmdelays.files.trial_pieces import LONGEST, SHORTEST
from wmdelays.polychrony.groups import LAYERS_OF
from wmdelays.quantities import seconds, shortened
from wmdelays.validation.commands.shared.terminal import json_alone
from wmdelays.validation.recall.simulators import SIMULATORS

# Under these titles options stand together in the help.
RECORDING, NETWORK, OF_NEURONS = "Recording", "Network", "Neurons in continuous time"
SIMULATION, COMPUTING, OUTPUT = "Simulation", "Computing", "Output"
Simulator = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"{', '.join(SIMULATORS)}; all give the same spikes.",
        rich_help_panel=SIMULATION,
    ),
]
Dt = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="brian2: time step, by default a tenth.", rich_help_panel=SIMULATION
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="brian2: auto, numpy, cython, cpp_standalone or cuda_standalone; torch: auto, cpu or cuda.",
        rich_help_panel=SIMULATION,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Where in the raster to begin.", rich_help_panel=RECORDING),
]
Stop = Annotated[
    str | None, typer.Option(metavar="TIME", help="Where to end.", rich_help_panel=RECORDING)
]
Pad = Annotated[
    bool,
    typer.Option(
        "--pad",
        help="Let silence follow where the raster ends before --stop.",
        rich_help_panel=RECORDING,
    ),
]
CHANCE = "Chance"
Surrogates = Annotated[
    str,
    typer.Option(
        metavar="METHOD",
        help="How surrogates are made; a name that is none lists them.",
        rich_help_panel=CHANCE,
    ),
]
SurrogateSeed = Annotated[int, typer.Option(help="Seed of the surrogates.", rich_help_panel=CHANCE)]
Strong = Annotated[
    float,
    typer.Option(metavar="X", help="A weight is strong above this fraction of the ceiling."),
]
Anchors = Annotated[int, typer.Option(metavar="N", help="Number of anchors.")]
MinLayers = Annotated[int, typer.Option(metavar="N", help="Fewest layers of a group.")]
LayersOf = Annotated[
    str,
    typer.Option(
        metavar="|".join(LAYERS_OF),
        help="Whose layer counts at the other end of a link: that of the spike that arrived, or, as"
        " in the original program, the highest of all earlier spikes of its neuron.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", help="By default the number of cores.", rich_help_panel=COMPUTING),
]
ResultsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keep each point here (.jsonl) and do not compute it again.",
        rich_help_panel=OUTPUT,
    ),
]
Workers = Annotated[
    int, typer.Option(help="Processes that compute points.", rich_help_panel=COMPUTING)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="A dask scheduler to use instead.", rich_help_panel=COMPUTING
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write a report with figures here.", rich_help_panel=OUTPUT),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace what is there of the same kind.", rich_help_panel=OUTPUT),
]
JsonFile = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result as JSON; - for the terminal.",
        rich_help_panel=OUTPUT,
    ),
]
ForNeurons = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="NEURON",
        help="Neurons in continuous time, as in wmdelays store; F1 is then that within 1 ms.",
        rich_help_panel=OF_NEURONS,
    ),
]
TickOfNeurons = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Tick of these neurons, by default 0.1ms.", rich_help_panel=OF_NEURONS
    ),
]
TRIALS = "Trials"
TrialsFile = Annotated[
    Path | None,
    typer.Option(
        "--trials",
        metavar="FILE",
        help="Each line of this csv file (start_s,stop_s, and name if wanted) is a pattern; or each"
        " row of a table of an NWB file that is named, such as trials.",
        rich_help_panel=TRIALS,
    ),
]
TrialLength = Annotated[
    str | None,
    typer.Option(
        metavar="shortest|longest|TIME",
        help="One length for all: longer trials are cut, after shorter ones is silence.",
        rich_help_panel=TRIALS,
    ),
]
Align = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column with the time of an event, which comes to the same step of each pattern.",
        rich_help_panel=TRIALS,
    ),
]
Before = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="How long before that event patterns begin.",
        rich_help_panel=TRIALS,
    ),
]
Warp = Annotated[
    bool,
    typer.Option(
        "--warp",
        help="Stretch each trial in time to the one length, by default the longest.",
        rich_help_panel=TRIALS,
    ),
]


def check_outputs(json_file, report, *others, written=(), json_kind=JSON, force=False):
    """Raise an InputError unless all that a command is to write can be written, and destroys nothing.

    For use before any work. An output may take the place of a file of its own kind alone, and no
    two of the files that the command reads and writes may be one.

    Parameters
    ----------
    json_file : str or None
        What --json says.
    report : Path or None
        What --report says.
    *others : str, Path or None
        Files that are read, or added to.
    written : sequence of (path or None, str)
        Other outputs and their kinds, see `wmdelays.files.file_kinds`.
    json_kind : str
        The kind of what --json gets.
    force : bool
        Whether --force lets a memory, groups or motifs take the place of others.
    """
    json_alone(json_file == "-")
    if json_file not in (None, "-"):
        written = (*written, (json_file, json_kind))
    written = [(path, kind) for path, kind in written if path is not None]
    pages = ()
    if report is not None:
        from wmdelays.validation.reports.pages import PAGE, check_folder

        pages = (Path(report), Path(report, PAGE))
    seen = {os.path.realpath(path) for path in others if path is not None}
    for path in (*(Path(path) for path, _ in written), *pages):
        place = os.path.realpath(path)
        if place in seen:
            raise InputError(f"{path}: is named for two things; name another file")
        seen.add(place)
    for path, kind in written:
        check_writable(path, kind)
        check_name(path, kind)
        if not force:
            check_not_there(path, kind)
    if report is not None:
        check_folder(report)


def chosen_patterns(text):
    """The numbers that --patterns names, or None for all patterns."""
    if text == "all":
        return None
    try:
        chosen = [int(part) for part in text.split(",")]
    except ValueError:
        chosen = [-1]
    if min(chosen) < 0:
        raise InputError(f"--patterns is all or numbers such as 0,3,5, not {shortened(text)}")
    return chosen


def time_given(text, name, *, above_zero=False):
    """The seconds that an option says; None where it is not given."""
    return None if text is None else seconds(text, name, above_zero=above_zero)


def ways_of_trials(length, align, before, warp):
    """How trials come to one length, as `wmdelays.cut_trials` takes it, from the options' texts."""
    if length not in (None, SHORTEST, LONGEST):
        length = seconds(length, "--trial-length", above_zero=True)
    before = time_given(before, "--before")
    return {"length": length, "align": align, "before": before, "warp": warp}


def given(**options):
    """Those options that are not None; where a question has defaults of its own, they count."""
    return {name: value for name, value in options.items() if value is not None}


def named_neurons(neuron, dt, options):
    """What --for and --dt set beside --set, for the settings of a scan."""
    if neuron is None and dt is None:
        return {}
    if "neuron" in options:
        raise InputError("the neurons are named with --for")
    named = {} if neuron is None else {"neuron": neuron}
    return named if dt is None else named | {"dt_ms": seconds(dt, "--dt", above_zero=True) * 1e3}


def put_json(json_file, values):
    """Write plain values where --json says, if it does."""
    if json_file == "-":
        print(json.dumps(values, indent=1, allow_nan=False))
    elif json_file is not None:
        write_json(json_file, values)
