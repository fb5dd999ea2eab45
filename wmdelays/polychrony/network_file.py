"""Files of a simulated network: its synapses, what it did, and the state it goes on from.

One HDF5 file with a checksum. The network and its last spikes are laid out as SONATA has them; the
rest lies in the group `wmdelays`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.hdf5_tree import attribute, check_version, dataset, member_group
from wmdelays.files.made import parts_of, texts_of
from wmdelays.files.sealed_file import read_sealed, writing
from wmdelays.files.sonata import (
    WANTED,
    read_edges,
    read_nodes,
    read_spikes,
    write_edges,
    write_nodes,
    write_spikes,
)
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_state import KEPT_S, NetworkRun, NetworkState

if TYPE_CHECKING:
    from pathlib import Path


KIND = "network"
FORMAT_VERSION = 1
_NUMBERS = ("n_neurons", "n_excitatory", "seconds", "seed", "snapshot_s", "spikes_from_s")
_PARAMETERS = (*_NUMBERS, "max_weight", "format_version")
_MEMBRANE = ("v", "u", "depression")
_LARGEST = 2**31 - 1
_MS = 1e-3
_WANTED = (
    *(f"wmdelays/state/{name}" for name in (*_MEMBRANE, "derivative", "arrived_ms")),
    *("wmdelays/spikes_per_ms/excitatory", "wmdelays/spikes_per_ms/inhibitory"),
    "wmdelays/snapshots",
    *WANTED,
)


def write_run(path: str | Path, run: NetworkRun) -> None:
    """Write a simulation to a file, whole or not at all.

    Parameters
    ----------
    path : str or Path
    run : NetworkRun

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    made = texts_of(run.made, "how the network was made", _PARAMETERS)
    state, network = run.state, run.state.network
    with writing(path, KIND) as file:
        write_nodes(file, network.n_neurons)
        synapses = network.pre, network.post, network.weight, network.delay_ms
        write_edges(file, *synapses, unit_ms=1.0)
        write_spikes(
            file.create_group("spikes/last"), run.spikes[0], run.spikes[1].astype(np.float64)
        )
        group = file.create_group("wmdelays")
        group.attrs["format_version"] = FORMAT_VERSION
        for name, value in zip(
            _NUMBERS,
            (
                network.n_neurons,
                network.n_excitatory,
                state.seconds,
                run.seed,
                run.snapshot_s,
                run.spikes_from_s,
            ),
        ):
            group.attrs[name] = value
        group.attrs["max_weight"] = network.max_weight
        for name, text in sorted(made.items()):
            group.attrs[name] = text
        for name in (*_MEMBRANE, "derivative", "arrived_ms"):
            group[f"state/{name}"] = getattr(state, name)
        for name, counts in zip(("excitatory", "inhibitory"), run.counts):
            group[f"spikes_per_ms/{name}"] = counts
        group["snapshots"] = run.snapshots


def read_run(path: str | Path) -> NetworkRun:
    """Read a simulation from a file and check all of it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    NetworkRun

    Raises
    ------
    InputError
        If there is no such file, it is no network file, it was damaged, or what it says makes no
        sense.
    """
    return read_sealed(path, KIND, _WANTED, _read)


def read_network(path: str | Path, at: int | None = None) -> DelayNetwork:
    """Read the synapses of a simulated network.

    Parameters
    ----------
    path : str or Path
        A network file.
    at : int, optional
        Time of a snapshot in seconds; by default the end of the simulation.

    Returns
    -------
    DelayNetwork

    Raises
    ------
    InputError
        As `read_run`; or if there is no snapshot of that time.
    """
    run = read_run(path)
    try:
        return run.network_at(at)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read(file):
    group = member_group(file, "wmdelays")
    attributes = group.attributes
    check_version(attributes, FORMAT_VERSION)
    n_neurons, n_excitatory, seconds, seed, snapshot_s, spikes_from_s = (
        attribute(attributes, name, int) for name in _NUMBERS
    )
    max_weight = attribute(attributes, "max_weight", float)
    made = parts_of(attributes, _PARAMETERS)
    for name, value, least in (
        ("n_excitatory", n_excitatory, 1),
        ("seconds", seconds, 0),
        ("seed", seed, 0),
        ("snapshot_s", snapshot_s, 1),
        ("spikes_from_s", spikes_from_s, 0),
    ):
        # The spikes that are still under way have to be there.
        from_s = max(0, seconds - KEPT_S)
        most = {"n_excitatory": n_neurons, "spikes_from_s": from_s}.get(name, _LARGEST)
        if not least <= value <= most:
            raise InputError(f"the attribute {name} is {value}, which makes no sense")
    read_nodes(file, n_neurons)
    pre, post, delay, weight = read_edges(file, n_neurons, _MS)
    excitatory = np.arange(n_neurons) < n_excitatory
    network = DelayNetwork(pre, post, delay, weight, excitatory, max_weight)
    n_plastic = int(excitatory[network.pre].sum())
    if not (np.array_equal(network.pre, pre) and np.array_equal(network.post, post)):
        raise InputError("the synapses are not in the order of pre, delay and post")
    if network.max_delay_ms > 1000:
        raise InputError(f"a delay is {network.max_delay_ms} ms; the longest here is 1000 ms")
    _check_weights(network.weight[excitatory[network.pre]], max_weight, "a synapse")

    n_ms = 1000 * seconds
    snapshots = dataset(group, "snapshots", ndim=2)
    if snapshots.shape != (seconds // snapshot_s + 1, n_plastic):
        raise InputError(f"the snapshots are {snapshots.shape}, not one each {snapshot_s} s")
    snapshots = snapshots.astype(np.float64)
    _check_weights(snapshots, max_weight, "a snapshot")
    counts = np.stack(
        [_numbers(group, f"spikes_per_ms/{k}", n_ms, "u") for k in ("excitatory", "inhibitory")]
    )
    neurons, times = read_spikes(member_group(file, "spikes/last"), "last", n_neurons, _MS)
    _check_spikes(neurons, times, spikes_from_s, counts, n_excitatory)
    late = times >= n_ms - network.max_delay_ms
    state = NetworkState(
        seconds=seconds,
        network=network,
        **{name: _numbers(group, f"state/{name}", n_neurons) for name in _MEMBRANE},
        derivative=_numbers(group, "state/derivative", n_plastic),
        arrived_ms=_numbers(group, "state/arrived_ms", n_plastic, "i"),
        spikes=(neurons[late], times[late]),
    )
    if (state.arrived_ms >= n_ms).any():
        raise InputError(f"state/arrived_ms has a time after the end at {n_ms} ms")
    spikes = neurons, times
    return NetworkRun(state, seed, snapshot_s, snapshots, counts, spikes, spikes_from_s, made)


def _numbers(group, path, length, kind="f"):
    values = dataset(group, path)
    if len(values) != length or values.dtype.kind != kind:
        raise InputError(f"{path} has {len(values)} values of {values.dtype}, not {length}")
    if not np.isfinite(values).all():
        raise InputError(f"{path} has values that are not finite")
    return values


def _check_weights(weights, max_weight, whose):
    # Beside infinities this refuses NaN, which no comparison holds for.
    if not ((weights >= 0) & (weights <= max_weight)).all():
        raise InputError(f"{whose} has an excitatory weight outside 0…{max_weight:g}")


def _check_spikes(neurons, times, from_s, counts, n_excitatory):
    """They have to be those that were counted, in order."""
    n_ms = counts.shape[1]
    begin = 1000 * from_s
    steps = np.diff(times), np.diff(neurons)
    right = ((steps[0] > 0) | ((steps[0] == 0) & (steps[1] > 0))).all()
    right &= ((times >= begin) & (times < n_ms)).all()
    for kind, chosen in enumerate((neurons < n_excitatory, neurons >= n_excitatory)):
        found = np.bincount(times[chosen] - begin, minlength=n_ms - begin) if right else ()
        right = right and np.array_equal(found, counts[kind, begin:])
    if not right:
        raise InputError(f"the last spikes are not those counted from {from_s} s on")
