"""A recall by a NEST with MPI, in several processes that may be on several machines.

Each rank reads the synapses onto its own neurons and no others, simulates these, and writes their spikes;
`recalls_of_ranks` puts them together. It is started as

    mpirun -n 4 python -m wmdelays.nest_models.ranks memory.h5 recalled

With one rank it runs in a NEST without MPI too.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory_onto
from wmdelays.nest_models.installation import check_installed
from wmdelays.nest_models.script import needs_gates
from wmdelays.raster import Raster
from wmdelays.recalls import Recall

if TYPE_CHECKING:
    from wmdelays.memory import Memory

_COLUMNS = ("pattern", "neuron", "step", "own")


def neurons_of_rank(n_neurons: int, rank: int, n_ranks: int) -> np.ndarray:
    """Which neurons a rank of NEST simulates, bool of shape (n_neurons,): every so manieth.

    NEST numbers nodes from 1 on and deals them out in turn; neurons are the first that are made.
    """
    return (np.arange(1, n_neurons + 1) % n_ranks) == rank


def recall_in_rank(memory_file: str | Path, folder: str | Path, threads: int = 1) -> Path:
    """Recall every pattern of a memory, as one rank of NEST, and write the spikes of its neurons.

    Parameters
    ----------
    memory_file : str or Path
        In discrete time.
    folder : str or Path
        Where each rank writes a file of its own.
    threads : int
        Threads of each rank.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InputError
        If NEST is not installed, or the memory cannot be read or is not one for NEST in discrete time.
    """
    check_installed()
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR
    rank, n_ranks = nest.Rank(), nest.NumProcesses()
    memory = read_memory_onto(memory_file, lambda n: neurons_of_rank(n, rank, n_ranks))
    memory.check_reset("NEST knows")
    if memory.neurons is not None:
        raise InputError(f"ranks recall lif neurons, not {memory.neurons.model.name}")
    from wmdelays.nest_models.network import Network

    cues = memory.cues()
    network = Network(memory, needs_gates(cues), threads)
    if not np.array_equal(network.is_local, neurons_of_rank(memory.n_neurons, rank, n_ranks)):
        raise RuntimeError("NEST has dealt out its neurons otherwise than expected")
    rows = []
    for k, (own, emitted) in enumerate(network.play(cues, lambda part: None)):
        ours = set(zip(own.neurons.tolist(), own.times.tolist()))
        for neuron, time, step in zip(emitted.neurons, emitted.times, emitted.steps(memory.step)):
            rows.append((k, neuron, step, (int(neuron), float(time)) in ours))
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"rank_{rank:05d}_of_{n_ranks:05d}.npy"
    table = np.array(rows, dtype=[(name, np.int64) for name in _COLUMNS])
    # Under its name it is whole.
    unfinished = path.with_suffix(".unfinished")
    with open(unfinished, "wb") as file:
        np.save(file, table, allow_pickle=False)
    os.replace(unfinished, path)
    return path


def recalls_of_ranks(memory: Memory, folder: str | Path) -> list[Recall]:
    """What all ranks recalled together.

    Parameters
    ----------
    memory : Memory
        The one that was recalled.
    folder : str or Path
        Where the ranks wrote.

    Returns
    -------
    list of Recall
        One for each pattern.

    Raises
    ------
    InputError
        If a rank has not written, or what they wrote is of another memory.
    """
    found = sorted(Path(folder).glob("rank_*_of_*.npy"))
    numbers = [tuple(map(int, re.findall(r"\d+", one.name))) for one in found]
    n_ranks = max((of for _, of in numbers), default=0)
    if numbers != [(rank, n_ranks) for rank in range(n_ranks)] or not found:
        raise InputError(f"{folder}: there are spikes of {len(found)} of {n_ranks} ranks")
    table = np.concatenate([np.load(one, allow_pickle=False) for one in found])
    if (
        table.dtype.names != _COLUMNS
        or len(table)
        and not (0 <= table["pattern"].min() <= table["pattern"].max() < memory.n_patterns)
    ):
        raise InputError(f"{folder}: these are not spikes of this memory")
    recalls = []
    for k, cue in enumerate(memory.cues()):
        rows = table[table["pattern"] == k]
        emitted, own = (
            Raster.from_steps(one["neuron"], one["step"], cue.n_neurons, cue.n_steps, cue.step)
            for one in (rows, rows[rows["own"] == 1])
        )
        recalls.append(Recall(cue, emitted, own))
    return recalls


def main():
    """Recall as one rank, from the command line."""
    parser = argparse.ArgumentParser(
        prog="mpirun -n RANKS python -m wmdelays.nest_models.ranks",
        description="Recall every pattern of a memory in a NEST with MPI.",
    )
    parser.add_argument("memory", help="a memory file in discrete time")
    parser.add_argument("folder", help="where each rank writes the spikes of its neurons")
    parser.add_argument("--threads", type=int, default=1, help="threads of each rank")
    given = parser.parse_args()
    # What NEST says by itself is no result.
    os.dup2(2, 1)
    try:
        print(recall_in_rank(given.memory, given.folder, given.threads), file=sys.stderr)
    except InputError as error:
        print(f"wmdelays: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
