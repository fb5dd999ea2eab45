"""The command `wmdelays quantise`: weights of a few bits, relearned."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.file_kinds import MEMORY
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.hardware.grid import LEAST_BITS, MOST_BITS
from wmdelays.machine.free_memory import in_words
from wmdelays.memory import sizes
from wmdelays.quantities import checked_seed, whole
from wmdelays.validation.commands.shared.options import (
    OUTPUT,
    Force,
    JsonFile,
    check_outputs,
    put_json,
)
from wmdelays.validation.commands.shared.terminal import print_line, print_note, progress_bar
from wmdelays.validation.reports.hardware.quantise import answer, beside


def command(
    memory: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A memory file for the network in discrete time."),
    ],
    bits: Annotated[
        int,
        typer.Option(metavar="N", help=f"Bits of a weight, {LEAST_BITS} to {MOST_BITS}."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The memory file (.h5).", rich_help_panel=OUTPUT
        ),
    ],
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    json_file: JsonFile = None,
    force: Force = False,
):
    """Put the weights of a memory on a grid of a few bits, and relearn them there."""
    bits, seed = whole("bits", bits, LEAST_BITS, MOST_BITS), checked_seed(seed)
    check_outputs(json_file, None, memory, written=[(output, MEMORY)], force=force)
    before = read_memory(memory)
    with progress_bar() as say:
        say("importing", None)
        from wmdelays.training.quantising import quantise

        after = quantise(before, bits, seed=seed, progress=say)
        say("writing", None)
        write_memory(output, after)
    n_bytes = memory.stat().st_size, output.stat().st_size
    put_json(
        json_file,
        {
            "memory_file": str(memory),
            "memory": sizes(after),
            "bits": bits,
            "scores": after.made["scores"],
            "reached": after.made["reached"],
            "n_synapses_before": before.n_synapses,
            "file_bytes": n_bytes[1],
            "file_bytes_before": n_bytes[0],
            "settings": {"bits": bits, "seed": seed},
        },
    )
    print_line(answer(after))
    print_line(beside(before, after, *map(in_words, n_bytes)))
    print_note(f"written to {output}")
