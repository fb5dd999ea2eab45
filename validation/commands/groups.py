"""The command `wmdelays groups`: the polychronous groups of a network."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import GROUPS
from wmdelays.polychrony.delay_network import STRONG
from wmdelays.polychrony.groups import ARRIVED
from wmdelays.quantities import whole, whole_seconds
from wmdelays.validation.commands.shared.options import (
    Anchors,
    Force,
    LayersOf,
    MinLayers,
    Report,
    Strong,
    Threads,
    check_outputs,
)
from wmdelays.validation.commands.shared.terminal import (
    end_interrupted,
    print_columns,
    print_line,
    print_note,
    progress_bar,
)
from wmdelays.validation.polychrony.group_run import search_groups
from wmdelays.validation.polychrony.network_input import read_any_network
from wmdelays.validation.polychrony.tables import group_columns, summary_line

_LARGEST = 2**31 - 1


def command(
    network: Annotated[
        Path,
        typer.Argument(
            metavar="NETWORK",
            help="A .csv file with pre,post,delay_ms,weight, a memory file, or a file of"
            " wmdelays izhikevich.",
        ),
    ],
    excitatory: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="csv: neurons below this number are excitatory; by default those without negative"
            " weights.",
        ),
    ] = None,
    neurons: Annotated[
        int | None,
        typer.Option(metavar="N", help="csv: number of neurons; by default those that occur."),
    ] = None,
    max_weight: Annotated[
        float | None,
        typer.Option(
            metavar="MV", help="csv, memory: the ceiling of excitatory weights; by default 10."
        ),
    ] = None,
    max_delay: Annotated[
        int | None,
        typer.Option(
            metavar="MS", help="csv: the longest delay allowed, up to 979; by default 20."
        ),
    ] = None,
    strong: Strong = STRONG,
    anchors: Anchors = 3,
    min_layers: MinLayers = 7,
    layers_of: LayersOf = ARRIVED,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Of wmdelays izhikevich: a snapshot; by default the end."
        ),
    ] = None,
    shuffle: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="Shuffle the excitatory weights before the search."),
    ] = None,
    threads: Threads = None,
    draw: Annotated[
        str | None,
        typer.Option(
            metavar="0,6,19",
            help="--report: groups to draw, by their numbers from 0 on; by default three.",
        ),
    ] = None,
    report: Report = None,
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write each group as a line of JSON as it is found; - for the terminal. If a search"
            " was interrupted, it goes on.",
        ),
    ] = None,
    force: Force = False,
):
    """Find the polychronous groups of a network.

    Groups have numbers from 0 on, in the order of the lines of --json.
    """
    # What an interrupted search left is its own to go on with.
    unfinished = json_file not in (None, "-") and Path(f"{json_file}.unfinished").exists()
    check_outputs(json_file, report, network, json_kind=GROUPS, force=force or unfinished)
    numbers = _numbers(draw, report)
    at_s = None if at is None else whole_seconds(at, "--at")
    seed = None if shuffle is None else whole("shuffle", shuffle, 0, _LARGEST)
    settings = {
        "strong": strong,
        "n_anchors": anchors,
        "min_layers": min_layers,
        "layers_of": layers_of,
        "threads": None if threads is None else whole("threads", threads, 1),
    }
    found = read_any_network(
        network,
        n_excitatory=excitatory,
        n_neurons=neurons,
        max_weight=max_weight,
        max_delay=max_delay,
        at=at_s,
    )
    if seed is not None:
        found = found.shuffled(seed)
    said = {"network": str(network), "at_s": at_s, "shuffle": seed, **settings}
    path = None if json_file in (None, "-") else Path(json_file)
    try:
        _search_and_tell(found, path, json_file == "-", settings, report, numbers, said)
    except KeyboardInterrupt:
        end_interrupted(path is not None and Path(f"{path}.unfinished").exists())


def _search_and_tell(network, path, echo, settings, report, numbers, said):
    with progress_bar() as say:
        done, statistics, drawn = search_groups(
            network,
            path,
            **settings,
            draw=None if report is None else numbers,
            echo=sys.stdout.buffer if echo else None,
            tell=print_note,
            progress=say,
        )
        page = None
        wanted = dict.fromkeys(numbers, "") if numbers else statistics.chosen()
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.reports.groups import write_report

            drawn = {number: drawn[number] for number in sorted(wanted) if number in drawn}
            page = write_report(network, statistics, drawn, wanted, done, said, report)
    print_line(summary_line(network, statistics, done, settings["strong"], settings["n_anchors"]))
    print_columns(group_columns(statistics))
    missing = [str(k) for k in wanted if k >= statistics.n_groups]
    if missing and report is not None:
        print_note(f"not drawn, for there is no such group: {', '.join(missing)}")
    if page is not None:
        print_note(f"report: {page}")


def _numbers(draw, report):
    """The groups to draw; none where they are not named."""
    if draw is None:
        return ()
    if report is None:
        raise InputError("--draw says what the report shows; name a folder with --report")
    try:
        numbers = [int(word) for word in draw.split(",")]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0:
        raise InputError(f"--draw takes numbers of groups from 0 on, such as 0,6,19, not {draw!r}")
    return tuple(dict.fromkeys(numbers))
