"""The command `wmdelays izhikevich`: the polychronization network, simulated."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import NETWORK, RASTER, held
from wmdelays.files.raster_files import check_raster, read_raster, write_raster
from wmdelays.polychrony.network_file import read_run
from wmdelays.polychrony.network_state import KEPT_S
from wmdelays.quantities import whole_seconds
from wmdelays.validation.commands.shared.options import (
    OUTPUT,
    SIMULATION,
    JsonFile,
    Report,
    check_outputs,
    put_json,
)
from wmdelays.validation.commands.shared.terminal import (
    end_interrupted,
    print_columns,
    print_line,
    print_note,
    progress_bar,
)
from wmdelays.validation.polychrony.simulation import (
    analyse_run,
    columns,
    simulate_polychronization,
)
from wmdelays.validation.reports.pages import command_line


def _check_own_raster(path, network_file):
    """Raise an InputError if a raster is there that is not the one of this network as it stands.

    Recordings look the same, and may have taken months.
    """
    if held(path) is None:
        return
    if Path(network_file).exists():
        found, own = read_raster(path, keep_ids=True), read_run(network_file).raster
        if np.array_equal(found.neurons, own.neurons) and np.array_equal(found.times, own.times):
            return
    raise InputError(
        f"{path}: holds a recording that is not the spikes of {network_file}; name another file"
    )


def command(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", help="The network file.", rich_help_panel=OUTPUT
        ),
    ],
    seconds: Annotated[
        str, typer.Option(metavar="S", help="Length of the whole simulation in seconds.")
    ] = "3600",
    seed: Annotated[
        int | None, typer.Option(help="Seed of the wiring and the random input; by default 0.")
    ] = None,
    snapshot: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Between snapshots of the weights; by default 60s."),
    ] = None,
    checkpoint: Annotated[
        str, typer.Option(metavar="TIME", help="After so much simulated time the file is written.")
    ] = "60s",
    record: Annotated[
        str, typer.Option(metavar="TIME", help="The file keeps the last spikes, of so much time.")
    ] = f"{KEPT_S}s",
    raster: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write these spikes as a raster, csv or npz, as well.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpp_standalone, numpy or cython.", rich_help_panel=SIMULATION)
    ] = "cpp_standalone",
    report: Report = None,
    json_file: JsonFile = None,
):
    """Simulate Izhikevich's polychronization network.

    If the file is there, the simulation goes on from its end.
    """
    if raster is not None:
        check_raster(raster)
    check_outputs(json_file, report, written=[(output, NETWORK), (raster, RASTER)])
    if raster is not None:
        _check_own_raster(raster, output)
    # A number alone are seconds here.
    length = f"{seconds}s" if seconds.strip().isdecimal() else seconds
    length_s = whole_seconds(length, "--seconds")
    snapshot_s = None if snapshot is None else whole_seconds(snapshot, "--snapshot", 1)
    checkpoint_s = whole_seconds(checkpoint, "--checkpoint", 1)
    record_s = whole_seconds(record, "--record", KEPT_S)
    try:
        with progress_bar() as say:
            run = simulate_polychronization(
                output,
                length_s,
                seed=seed,
                snapshot_s=snapshot_s,
                checkpoint_s=checkpoint_s,
                record_s=record_s,
                device=device,
                progress=say,
            )
            outcome = analyse_run(run)
            if raster is not None:
                say("writing the raster", None)
                write_raster(raster, run.raster)
            page = None
            if report is not None:
                say("drawing the report", None)
                from wmdelays.validation.reports.izhikevich import write_report

                page = write_report(outcome, report, command_line())
    except KeyboardInterrupt:
        end_interrupted(output.exists())
    put_json(json_file, outcome.as_dict())
    print_line(outcome.summary)
    table = columns(outcome)
    if table:
        print_columns(table)
    print_note(f"network: {output}")
    if page is not None:
        print_note(f"report: {page}")
