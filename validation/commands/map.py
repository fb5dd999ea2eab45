"""The command `wmdelays map`: a memory of the grid in neurons in continuous time."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.file_kinds import MEMORY
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.neurons import NEURONS, neurons_of
from wmdelays.quantities import checked_seed, seconds
from wmdelays.validation.commands.shared.options import (
    OF_NEURONS,
    OUTPUT,
    Force,
    JsonFile,
    check_outputs,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.terminal import print_line, print_note, progress_bar
from wmdelays.validation.recall.mapping import check_mappable, map_memory
from wmdelays.validation.reports.continuous.mapping import mapping_verdict


def command(
    memory: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A memory file for the network in discrete time."),
    ],
    neuron: Annotated[
        str,
        typer.Option(
            metavar="NEURON",
            help=f"The neurons in continuous time: {', '.join(NEURONS)}; with a preset as in"
            " adex:tonic, or several as in izhikevich:RS=0.8,FS=0.2.",
            rich_help_panel=OF_NEURONS,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The memory file for them (.h5).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PARAMETER=VALUE",
            help="Value of a parameter of these neurons, as tau_e=2ms; as often as needed.",
            rich_help_panel=OF_NEURONS,
        ),
    ] = None,
    dt: Annotated[
        str, typer.Option(metavar="TIME", help="Tick of these neurons.", rich_help_panel=OF_NEURONS)
    ] = "0.1ms",
    gain: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Weights are so many times those by the peak of the PSP; by default with what most"
            " is recalled.",
        ),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="By how much all delays are shorter; by default with what the recall is neither"
            " faster nor slower than the patterns.",
        ),
    ] = None,
    beside: Annotated[
        bool,
        typer.Option("--beside", help="Learn the same patterns for these neurons as well."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of what --beside learns.")] = 0,
    json_file: JsonFile = None,
    force: Force = False,
):
    """Carry the weights of a memory over to neurons in continuous time, without learning.

    Weights go by the peak of their postsynaptic potentials, delays get shorter by a common shift;
    both are calibrated by recalls of the memory's own patterns.
    """
    dt_s, seed = seconds(dt, "--dt", above_zero=True), checked_seed(seed)
    shift_s = time_given(shift, "--shift")
    # Mistakes are told before anything is read.
    neurons_of(neuron, 1, dt_s, settings or ())
    check_outputs(json_file, None, memory, written=[(output, MEMORY)], force=force)
    content = read_memory(memory)
    check_mappable(content)
    with progress_bar() as say:
        result = map_memory(
            content,
            neurons_of(neuron, content.n_neurons, dt_s, settings or ()),
            gain=gain,
            shift_ms=None if shift_s is None else shift_s * 1e3,
            beside=beside,
            seed=seed,
            progress=say,
        )
        if output is not None:
            say("writing", None)
            write_memory(output, result.memory)
    put_json(json_file, {"memory_file": str(memory), **result.as_dict()})
    for line in mapping_verdict(result):
        print_line(line)
    if output is not None:
        print_note(f"written to {output}")
