"""The command `wmdelays groups-over-time`: the groups of a network's snapshots."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.output import check_writable
from wmdelays.polychrony.delay_network import STRONG
from wmdelays.polychrony.groups import ARRIVED
from wmdelays.polychrony.network_file import KIND, read_run
from wmdelays.quantities import whole, whole_seconds
from wmdelays.validation.commands.shared.options import (
    Anchors,
    LayersOf,
    MinLayers,
    Report,
    ResultsFile,
    Strong,
    Threads,
    check_outputs,
)
from wmdelays.validation.commands.shared.terminal import (
    end_interrupted,
    print_columns,
    print_note,
    progress_bar,
)
from wmdelays.validation.polychrony.network_input import kind_of_network
from wmdelays.validation.polychrony.over_time import groups_over_time
from wmdelays.validation.polychrony.tables import over_time_columns
from wmdelays.validation.work.result_rows import GroupsFigures, GroupsSetting
from wmdelays.validation.work.results import Results

_LARGEST = 2**31 - 1


def command(
    network: Annotated[
        Path, typer.Argument(metavar="NETWORK", help="A file of wmdelays izhikevich.")
    ],
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Take the snapshots at multiples of this; by default all."
        ),
    ] = None,
    strong: Strong = STRONG,
    anchors: Anchors = 3,
    min_layers: MinLayers = 7,
    layers_of: LayersOf = ARRIVED,
    seed: Annotated[int, typer.Option(metavar="SEED", help="Seed of the shuffling.")] = 0,
    threads: Threads = None,
    results: ResultsFile = None,
    report: Report = None,
):
    """Count a network's polychronous groups at each snapshot, and those of its shuffled weights."""
    check_outputs(None, report, network, results)
    if results is not None:
        check_writable(results)
    seed = whole("seed", seed, 0, _LARGEST)
    threads = None if threads is None else whole("threads", threads, 1)
    every_s = None if every is None else whole_seconds(every, "--every", 1)
    if kind_of_network(network) != KIND:
        raise InputError(f"{network}: is no file of wmdelays izhikevich, which alone has snapshots")
    try:
        simulated = read_run(network)
        with (
            progress_bar() as say,
            Results(results, "groups", GroupsSetting, GroupsFigures) as kept,
        ):
            rows = groups_over_time(
                simulated,
                every=every_s,
                strong=strong,
                n_anchors=anchors,
                min_layers=min_layers,
                layers_of=layers_of,
                seed=seed,
                threads=threads,
                results=kept,
                progress=say,
            )
            page = None
            if report is not None:
                say("drawing the report", None)
                from wmdelays.validation.reports.groups_over_time import write_report

                page = write_report(rows, seed, layers_of, kept, report)
        print_columns(over_time_columns(rows))
        if page is not None:
            print_note(f"report: {page}")
    except KeyboardInterrupt:
        end_interrupted(results is not None and results.exists())
