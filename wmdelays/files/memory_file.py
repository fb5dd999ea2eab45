"""Memory files: one HDF5 file with a checksum, laid out as SONATA inside."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.hdf5_tree import attribute, check_version, member_group
from wmdelays.files.json_text import as_json, decoded
from wmdelays.files.made import parts_of, texts_of
from wmdelays.files.sealed_file import read_sealed, writing
from wmdelays.files.sonata import (
    WANTED,
    read_edges,
    read_edges_onto,
    read_levels,
    read_n_latent,
    read_nodes,
    read_own,
    read_spikes,
    write_edges,
    write_levels,
    write_nodes,
    write_spikes,
)
from wmdelays.hardware.grid import LEAST_BITS, MOST_BITS, grid_of
from wmdelays.memory import Memory
from wmdelays.neurons import NEURONS, Neurons
from wmdelays.quantities import substeps
from wmdelays.raster import Raster
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


__all__ = ["FORMAT_VERSION", "read_memory", "write_memory"]

KIND = "memory"
# Of memories with another reset than eq. 1; 5 is of those with latent neurons, 4 of those whose weights have
# a few bits, 3 of those in discrete time whose neurons differ. Others are still written as version 2, for
# neurons in continuous time, and 1, which older software reads. From version 5 on a file is of all these
# kinds of which it has the parts.
FORMAT_VERSION = 6
_DISCRETE, _CONTINUOUS, _OWN, _OF_FEW_BITS, _LATENT = 1, 2, 3, 4, 5
_PARAMETERS = ("n_neurons", "n_delays", "step_s", "periodic")
_LIF = ("beta", "theta")
_NEURONS = ("neuron", "dt_s", "integrator", "classes")
_UNITS, _BITS = "units", "weight_bits"
_RESETTING = ("reset", "reset_by")
_ATTRIBUTES = (*_PARAMETERS, *_LIF, *_NEURONS, *_RESETTING, _UNITS, _BITS, "format_version")
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
    neurons = memory.neurons
    if neurons is not None and NEURONS.get(neurons.model.name) is not neurons.model:
        raise InputError(
            f"the neurons are {printable(neurons.model.name)}, a model of one's own, which no file"
            f" can hold; it holds {', '.join(NEURONS)}"
        )
    made = texts_of(memory.made, "how the memory was made", _ATTRIBUTES)
    grid = grid_of(memory)
    with writing(path, KIND) as file:
        _write_parameters(file, memory, made, grid)
        kinds = None if memory.neurons is None else memory.neurons.members.astype("int64")
        write_nodes(file, memory.n_neurons, kinds, _own(memory))
        if grid is not None:
            write_levels(file, memory, *grid)
        else:
            synapses = memory.pre, memory.post, memory.weight, memory.delay
            write_edges(file, *synapses, unit_ms=memory.step * 1e3)
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


def read_memory_onto(path: str | Path, which: Callable[[int], np.ndarray]) -> Memory:
    """Read a memory with the synapses onto some of its neurons alone.

    The others are never in memory, so that a network of any size can be read by parts. Weights of few
    bits are read whole, as they are small.

    Parameters
    ----------
    path : str or Path
    which : callable
        Takes the number of neurons and gives a bool array of that length: whose synapses are read.

    Returns
    -------
    Memory
    """

    def edges(file, n_neurons, step):
        return read_edges_onto(path, which(n_neurons), n_neurons, step)

    wanted = [one for one in _WANTED if not one.startswith("edges/")]
    memory = read_sealed(path, KIND, wanted, partial(_read, edges=edges))
    if not which(memory.n_neurons)[memory.post].all():
        ours = which(memory.n_neurons)[memory.post]
        columns = {name: getattr(memory, name)[ours] for name in ("pre", "post", "delay", "weight")}
        memory = replace(memory, **columns)
    return memory


def _own(memory):
    """What each neuron has its own of."""
    own = {}
    if memory.neurons is None:
        held = {name: getattr(memory, name) for name in (*_LIF, "reset_by")}
        own = {name: values for name, values in held.items() if np.ndim(values)}
    if memory.n_latent:
        own["latent"] = np.arange(memory.n_neurons) >= memory.n_recorded
    return {
        name: values.astype(np.uint8) if values.dtype == bool else values
        for name, values in own.items()
    }


def _write_parameters(file, memory, made, grid):
    group = file.create_group("wmdelays")
    neurons, own = memory.neurons, _own(memory)
    version = _OWN if own else _DISCRETE if neurons is None else _CONTINUOUS
    version = version if grid is None else _OF_FEW_BITS
    version = _LATENT if memory.n_latent else version
    group.attrs["format_version"] = version if memory.own_reset is None else FORMAT_VERSION
    # Their order shows in the bytes of the file.
    *sizes, periodic = _PARAMETERS
    lif = [name for name in _LIF if neurons is None and name not in own]
    for name in (*sizes, *lif, periodic):
        group.attrs[name] = getattr(memory, name.removesuffix("_s"))
    if neurons is not None:
        group.attrs["neuron"] = neurons.model.name
        group.attrs["dt_s"] = neurons.dt
        group.attrs["integrator"] = neurons.model.method
        classes = [{"name": name, "parameters": v} for name, v in neurons.classes.items()]
        group.attrs["classes"] = as_json(classes)
    if memory.own_reset is not None:
        group.attrs["reset"] = memory.reset
        if memory.reset_by is not None and "reset_by" not in own:
            group.attrs["reset_by"] = memory.reset_by
    if grid is not None:
        group.attrs[_BITS] = grid[0]
    if memory.units is not None:
        group.attrs[_UNITS] = as_json(list(memory.units))
    for name, text in sorted(made.items()):
        group.attrs[name] = text


def _write_patterns(file, memory):
    spikes = file.create_group("spikes")
    for k, pattern in enumerate(memory.patterns):
        group = spikes.create_group(f"pattern_{k:04d}")
        group.attrs["n_steps"] = pattern.n_steps(memory.tick)
        write_spikes(group, pattern.neurons, pattern.steps(memory.tick) * (memory.tick * 1e3))


def _read(file, edges=read_edges):
    attributes = member_group(file, "wmdelays").attributes
    check_version(attributes, _DISCRETE, _CONTINUOUS, _OWN, _OF_FEW_BITS, _LATENT, FORMAT_VERSION)
    n_neurons, n_delays, step, periodic = (
        attribute(attributes, name, kind)
        for name, kind in zip(_PARAMETERS, (int, int, float, bool))
    )
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step} s; it has to be greater than zero")
    made = parts_of(attributes, _ATTRIBUTES)
    kinds = read_nodes(file, n_neurons)
    neurons, beta, theta = None, None, None
    version = attributes["format_version"]
    has_all = version >= _LATENT
    if not (version == _CONTINUOUS or has_all and "neuron" in attributes):
        beta, theta = (
            read_own(file, name, n_neurons)
            if version >= _OWN and name not in attributes
            else attribute(attributes, name, float)
            for name in _LIF
        )
    else:
        neurons = _read_neurons(attributes, n_neurons, kinds)
        substeps(step, neurons.dt)
    tick = step if neurons is None else neurons.dt
    n_latent = read_n_latent(file, n_neurons, version > _LATENT) if has_all else 0
    common = tick, _read_units(attributes), n_latent
    if version == _OF_FEW_BITS or has_all and _BITS in attributes:
        pre, post, delay, weight = read_levels(file, n_neurons, n_delays, _read_bits(attributes))
    else:
        pre, post, delay, weight = edges(file, n_neurons, step)
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
        patterns=[_read_pattern(spikes, name, n_neurons, *common) for name in names],
        periodic=periodic,
        made=made,
        neurons=neurons,
        **(_read_reset(file, attributes, n_neurons) if version == FORMAT_VERSION else {}),
    )


class _Class(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, float]


def _read_neurons(attributes, n_neurons, kinds):
    name, integrator, text = (
        attribute(attributes, part, str) for part in ("neuron", "integrator", "classes")
    )
    if name not in NEURONS:
        raise InputError(
            f"is for the neuron {printable(name)}; this software knows {', '.join(NEURONS)}"
        )
    model = NEURONS[name]
    if integrator != model.method:
        raise InputError(
            f"was learned with the integrator {printable(integrator)}, not {model.method}"
        )
    try:
        classes = decoded(text, list[_Class])
    except InputError as error:
        raise InputError(f"the attribute 'classes' {error}") from None
    by_name = {one.name: one.parameters for one in classes}
    if len(by_name) < len(classes):
        raise InputError("the attribute 'classes' names a class twice")
    return Neurons(model, n_neurons, attribute(attributes, "dt_s", float), by_name, kinds)


def _read_reset(file, attributes, n_neurons):
    reset, by = attribute(attributes, "reset", str), None
    if reset == "subtract":
        by = (
            attribute(attributes, "reset_by", float)
            if "reset_by" in attributes
            else read_own(file, "reset_by", n_neurons)
        )
    return {"reset": reset, "reset_by": by}


def _read_bits(attributes):
    bits = attribute(attributes, _BITS, int)
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise InputError(f"weights have {bits} bits; there are {LEAST_BITS} to {MOST_BITS}")
    return bits


def _read_units(attributes):
    if _UNITS not in attributes:
        return None
    try:
        return decoded(attribute(attributes, _UNITS, str), list[str])
    except InputError as error:
        raise InputError(f"the attribute {_UNITS!r} {error}") from None


def _read_pattern(spikes, name, n_neurons, tick, units, n_latent):
    group = member_group(spikes, name)
    neurons, steps = read_spikes(group, name, n_neurons, tick)
    n_steps = attribute(group.attributes, "n_steps", int)
    if n_steps < 1 or steps.size and not 0 <= steps.min() <= steps.max() < n_steps:
        raise InputError(f"{name} has spikes outside its {n_steps} steps")
    return Raster.from_steps(
        neurons, steps, n_neurons, n_steps, tick, units=units, n_latent=n_latent
    )
