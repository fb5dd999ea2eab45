"""A recall by a NEST with MPI, in several processes that may be on several machines.

Each rank reads the synapses onto its own neurons and no others, simulates these, and writes their spikes;
`recalls_of_ranks` puts them together. `wmdelays.nest_models.ranks` is the program of a rank.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.files.hdf5_tree import attribute, check_version, dataset, member_group
from wmdelays.files.memory_file import read_memory_onto
from wmdelays.files.output import check_writable
from wmdelays.files.sealed_file import read_sealed, writing
from wmdelays.machine.unfinished import unfinished_file
from wmdelays.nest_models.installation import check_installed, imported_nest
from wmdelays.nest_models.recalling import check_room, checked_threads
from wmdelays.nest_models.script import needs_gates
from wmdelays.raster import Raster
from wmdelays.recalls import Recall
from wmdelays.synapses import COLUMNS, pieces
from wmdelays.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory

_KIND, _VERSION = "rank", 1
_FILES = "rank_*_of_*.h5"
_SPIKES = ("pattern", "neuron", "step", "own")
# An odd number whose multiples look random in their upper bits (that of splitmix64).
_MIXER = np.uint64(0xBF58476D1CE4E5B9)


def neurons_of_rank(n_neurons: int, rank: int, n_ranks: int) -> np.ndarray:
    """Which neurons a rank of NEST simulates, bool of shape (n_neurons,): every so manieth."""
    return _rank_of(np.arange(n_neurons), n_ranks) == rank


def _rank_of(neurons, n_ranks):
    """NEST numbers nodes from 1 on and deals them out in turn; neurons are the first that are made."""
    return (neurons + 1) % n_ranks


def recall_in_rank(memory_file: str | Path, folder: str | Path, threads: int = 1) -> Path:
    """Recall every pattern of a memory, as one rank of NEST, and write the spikes of its neurons.

    Parameters
    ----------
    memory_file : str or Path
        In discrete time.
    folder : str or Path
        Where each rank writes a file of its own, in place of its file of an earlier run. It must not
        hold spikes of another number of ranks, which are left as they are.
    threads : int
        Threads of each rank, at most as many as the machine has processors.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InputError
        If NEST is not installed, the folder cannot be written to or holds spikes of another number of
        ranks, or the memory cannot be read or is not one for NEST in discrete time. All this is found
        out before anything is simulated.
    """
    threads, folder = checked_threads(threads), Path(folder)
    _check_place(folder)
    check_installed()
    nest = imported_nest()
    rank, n_ranks = nest.Rank(), nest.NumProcesses()
    _check_no_others(folder, n_ranks)
    memory = read_memory_onto(memory_file, lambda n: neurons_of_rank(n, rank, n_ranks))
    memory.check_reset("NEST knows")
    if memory.neurons is not None:
        raise InputError(
            f"{memory_file}: is for {memory.neurons.model.name} neurons, and ranks recall memories in"
            " discrete time alone; take wmdelays.nest_models.recall"
        )
    mine = neurons_of_rank(memory.n_neurons, rank, n_ranks)
    check_room(memory.n_synapses, int(mine.sum()))
    path = file_of_rank(folder, rank, n_ranks)
    _make(folder)
    check_writable(path, _KIND)
    from wmdelays.nest_models.network import Network

    cues = memory.cues()
    network = Network(memory, needs_gates(cues), threads)
    if not np.array_equal(network.is_local, mine):
        raise RuntimeError("NEST has dealt out its neurons otherwise than expected")
    write_spikes(path, memory, rank, n_ranks, network.play(cues, lambda part: None))
    return path


def file_of_rank(folder: Path, rank: int, n_ranks: int) -> Path:
    """Where a rank writes."""
    return folder / f"rank_{rank:05d}_of_{n_ranks:05d}.h5"


def write_spikes(
    path: Path, memory: Memory, rank: int, n_ranks: int, played: Sequence[tuple[Raster, Raster]]
) -> None:
    """Write the spikes of a rank's neurons, whole or not at all.

    Parameters
    ----------
    path : Path
    memory : Memory
        With the synapses onto the neurons of the rank, at least.
    rank, n_ranks : int
    played : sequence of (own, emitted)
        For each cue two Rasters of these neurons.
    """
    rows = []
    for k, (own, emitted) in enumerate(played):
        ours = set(zip(own.neurons.tolist(), own.times.tolist()))
        for neuron, time, step in zip(emitted.neurons, emitted.times, emitted.steps(memory.step)):
            rows.append((k, neuron, step, (int(neuron), float(time)) in ours))
    with writing(path, _KIND) as file:
        group = file.create_group("rank")
        group.attrs["format_version"] = _VERSION
        group.attrs["memory"] = _told_apart(memory, n_ranks)[rank]
        for name, values in zip(_SPIKES, np.array(rows, np.int64).reshape(-1, len(_SPIKES)).T):
            group[name] = values


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
        If a rank has not written, a file is damaged, or what they wrote is of another memory.
    """
    found = _files(folder)
    if not found:
        raise InputError(
            f"{folder}: there are no spikes of ranks; python -m wmdelays.nest_models.ranks writes them"
        )
    n_ranks = max(of for _, of in found.values())
    if {of for _, of in found.values()} != {n_ranks}:
        raise InputError(
            f"{folder}: there are spikes of runs with different numbers of ranks; keep the files of one"
        )
    if sorted(found.values()) != [(rank, n_ranks) for rank in range(n_ranks)]:
        raise InputError(
            f"{folder}: there are spikes of {len(found)} of {n_ranks} ranks; let all of them run to"
            " their end"
        )
    told = _told_apart(memory, n_ranks)
    tables = [
        read_sealed(
            path, _KIND, ("rank", *(f"rank/{name}" for name in _SPIKES)), _reader(told[rank])
        )
        for path, (rank, _) in found.items()
    ]
    pattern, neuron, step, own = np.concatenate(tables, axis=1)
    recalls = []
    for k, cue in enumerate(memory.cues()):
        emitted, by_themselves = (
            Raster.from_steps(neuron[some], step[some], cue.n_neurons, cue.n_steps, cue.step)
            for some in (pattern == k, (pattern == k) & (own == 1))
        )
        recalls.append(Recall(cue, emitted, by_themselves))
    return recalls


def _reader(told):
    """A function that reads the spikes of a rank, whose part of the memory is told apart by a text."""

    def read(file):
        group = member_group(file, "rank")
        check_version(group.attributes, _VERSION)
        if attribute(group.attributes, "memory", str) != told:
            raise InputError(
                "holds spikes of another memory; read the one that was recalled, or let the ranks recall"
                " this one"
            )
        return np.stack([dataset(group, name) for name in _SPIKES])

    return read


def _told_apart(memory, n_ranks):
    """For each rank a text that tells its part of a memory from that of any other memory.

    It comes from all that is in the fingerprint. That of synapses is a sum, which takes no copy of those
    of each rank.

    Parameters
    ----------
    memory : Memory
        Those onto the neurons of a rank are enough for its own text.
    n_ranks : int
    """
    sums = np.zeros(n_ranks, np.uint64)
    for part in pieces(memory.n_synapses):
        mixed = np.asarray(memory.weight[part], np.float64).view(np.uint64)
        for column in (memory.pre, memory.post, memory.delay):
            mixed = (mixed ^ column[part].astype(np.uint64)) * _MIXER
            mixed ^= mixed >> np.uint64(31)
        np.add.at(sums, _rank_of(memory.post[part], n_ranks), mixed)
    none = replace(memory, **{name: getattr(memory, name)[:0] for name in COLUMNS})
    return [f"{none.fingerprint()} {one:016x}" for one in sums.tolist()]


def _files(folder):
    """What ranks wrote to a folder: for each path the rank, and of how many."""
    numbers = {
        path: re.fullmatch(r"rank_(\d+)_of_(\d+)\.h5", path.name)
        for path in sorted(Path(folder).glob(_FILES))
    }
    return {path: (int(one[1]), int(one[2])) for path, one in numbers.items() if one is not None}


def _check_no_others(folder, n_ranks):
    """Raise an InputError if a folder holds spikes of another number of ranks."""
    for path, (_, of) in _files(folder).items():
        if of != n_ranks:
            raise InputError(
                f"{folder}: holds spikes of {counted(of, 'rank')} ({path.name}), and this run has"
                f" {n_ranks}; name another folder, or remove them"
            )


def _check_place(folder):
    """Raise an InputError unless a folder can be written to, or be made."""
    try:
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        if not there.is_dir():
            raise InputError(f"{there}: is a file; name a folder")
        # Nothing else tells for certain: permissions, a disk mounted read-only, its quota.
        with unfinished_file(there):
            pass
    except OSError as error:
        raise _no_place(folder, error) from None


def _make(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_place(folder, error) from None


def _no_place(folder, error):
    return InputError(
        f"{folder}: nothing can be written there ({one_line(error.strerror or error)}); name another"
        " folder"
    )
