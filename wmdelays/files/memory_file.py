"""Memory files: one HDF5 file with a checksum, laid out as SONATA inside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.files.hdf5_tree import attribute, check_version, member_group
from wmdelays.files.made import parts_of, texts_of
from wmdelays.files.sealed_file import read_sealed, writing
from wmdelays.files.sonata import (
    WANTED,
    check_nodes,
    read_edges,
    read_spikes,
    write_edges,
    write_nodes,
    write_spikes,
)
from wmdelays.memory import Memory
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["FORMAT_VERSION", "read_memory", "write_memory"]

KIND = "memory"
FORMAT_VERSION = 1
_PARAMETERS = ("n_neurons", "n_delays", "step_s", "beta", "theta", "periodic")
_ATTRIBUTES = (*_PARAMETERS, "format_version")
_WANTED = ("wmdelays", *WANTED)


def write_memory(path: str | Path, memory: Memory) -> None:
    """Write a memory to a file.

    The file appears under its name only when it is complete: until then an older file of that
    name stays as it is.

    Parameters
    ----------
    path : str or Path
    memory : Memory

    Raises
    ------
    InputError
        If the file cannot be written, or `made` cannot be put into it.

    Examples
    --------
    >>> from wmdelays import bernoulli, read_memory, store, write_memory
    >>> memory = store(bernoulli(20, 40, 1, rate=0.03), n_delays=15)
    >>> write_memory("memory.h5", memory)
    >>> read_memory("memory.h5").fingerprint() == memory.fingerprint()
    True
    """
    made = texts_of(memory.made, "how the memory was made", _ATTRIBUTES)
    with writing(path, KIND) as file:
        _write_parameters(file, memory, made)
        write_nodes(file, memory.n_neurons)
        delay_ms = memory.delay * (memory.step * 1e3)
        write_edges(file, memory.pre, memory.post, memory.weight, delay_ms)
        _write_patterns(file, memory)


def read_memory(path: str | Path) -> Memory:
    """Read a memory from a file and check all of it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Memory

    Raises
    ------
    InputError
        If there is no such file, it is no memory file, it was damaged, or what it says makes no
        sense.
    """
    return read_sealed(path, KIND, _WANTED, _read)


def _write_parameters(file, memory, made):
    group = file.create_group("wmdelays")
    group.attrs["format_version"] = FORMAT_VERSION
    for name in _PARAMETERS:
        group.attrs[name] = getattr(memory, name.removesuffix("_s"))
    for name, text in sorted(made.items()):
        group.attrs[name] = text


def _write_patterns(file, memory):
    spikes = file.create_group("spikes")
    for k, pattern in enumerate(memory.patterns):
        group = spikes.create_group(f"pattern_{k:04d}")
        group.attrs["n_steps"] = pattern.n_steps(memory.step)
        write_spikes(group, pattern.neurons, pattern.steps(memory.step) * (memory.step * 1e3))


def _read(file):
    attributes = member_group(file, "wmdelays").attributes
    check_version(attributes, FORMAT_VERSION)
    n_neurons, n_delays, step, beta, theta, periodic = (
        attribute(attributes, name, kind)
        for name, kind in zip(_PARAMETERS, (int, int, float, float, float, bool))
    )
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step} s; it has to be greater than zero")
    made = parts_of(attributes, _ATTRIBUTES)
    check_nodes(file, n_neurons)
    pre, post, delay, weight = read_edges(file, n_neurons, step)
    spikes = member_group(file, "spikes")
    names = [f"pattern_{k:04d}" for k in range(len(spikes.members))]
    if set(spikes.members) != set(names):
        raise InputError("the patterns are not numbered from pattern_0000 on")
    return Memory(
        n_neurons=n_neurons,
        n_delays=n_delays,
        step=step,
        beta=beta,
        theta=theta,
        pre=pre,
        post=post,
        delay=delay,
        weight=weight,
        patterns=[_read_pattern(spikes, name, n_neurons, step) for name in names],
        periodic=periodic,
        made=made,
    )


def _read_pattern(spikes, name, n_neurons, step):
    group = member_group(spikes, name)
    neurons, steps = read_spikes(group, name, n_neurons, step)
    n_steps = attribute(group.attributes, "n_steps", int)
    if n_steps < 1 or steps.size and not 0 <= steps.min() <= steps.max() < n_steps:
        raise InputError(f"{name} has spikes outside its {n_steps} steps")
    return Raster.from_steps(neurons, steps, n_neurons, n_steps, step)
