"""Populations, synapses and spikes in HDF5 files as SONATA lays them out, and checks on reading.

Arrays are stored without compression: not every reader of SONATA has the filter for it (libsonata's wheel
does not). They are of the smallest type that holds them; HDF5 turns it into what a reader asks for.

References
----------
SONATA, the file format for networks and spikes: github.com/AllenInstitute/sonata.
"""

import h5py
import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.hdf5_tree import dataset, member_group, taken
from wmdelays.hardware.grid import largest_level, packed, unpacked
from wmdelays.synapses import LARGEST, is_single, pieces

_MAGIC = 0x0A7A
_VERSION = (0, 1)
_POPULATION = "neurons"
_NODES = f"nodes/{_POPULATION}"
_EDGES = f"edges/{_POPULATION}_to_{_POPULATION}"
_SYNAPSES = ("source_node_id", "target_node_id", "0/syn_weight", "0/delay")
# What reading takes from a file, see `wmdelays.files.hdf5_tree.read_tree`.
WANTED = (
    *(f"{_NODES}/{name}" for name in ("node_type_id", "node_id")),
    *(f"{_NODES}/0/{name}" for name in ("beta", "theta", "reset_by", "latent")),
    *(f"{_EDGES}/{name}" for name in (*_SYNAPSES, "edge_group_index")),
    *(f"spikes/*/{name}" for name in ("timestamps", "node_ids")),
    *(f"synapses/{name}" for name in ("count", "target", "level", "scale")),
)


# Synapses that are read together where not all are wanted.
_AT_ONCE = 1_000_000


def most_bytes_of_synapses(n_synapses, n_neurons, n_delays, unit_ms):
    """Most bytes that so many synapses take in a file, with weights in double precision.

    Each has two ids, its number, a weight and a delay of 1 to `n_delays` times `unit_ms`.
    """
    of_an_id = np.min_scalar_type(n_neurons - 1).itemsize
    of_a_delay = _milliseconds(np.arange(1, n_delays + 1), unit_ms).dtype.itemsize
    return n_synapses * (2 * of_an_id + 4 + 8 + of_a_delay)


def _whole(values):
    """Whole numbers from 0 on in the smallest type that holds them all."""
    return values.astype(_smallest(values))


def _smallest(values):
    return np.min_scalar_type(int(values.max(initial=0)))


def _milliseconds(delay, unit_ms):
    """For each length that a delay has, what it is in ms, in the smallest type that holds all.

    Whole milliseconds where they are, but for the rounding of products.
    """
    there = np.zeros(delay.max(initial=0) + 1, bool)
    for part in pieces(len(delay)):
        there[delay[part]] = True
    lengths = np.arange(len(there)) * unit_ms
    lengths[~there] = 0
    nearest = np.rint(lengths)
    return _whole(nearest) if np.all(np.abs(lengths - nearest) <= 1e-12 * nearest) else lengths


def write_magic(file):
    """Write what tells that a file is one of SONATA."""
    file.attrs["magic"] = np.uint32(_MAGIC)
    file.attrs["version"] = np.array(_VERSION, dtype=np.uint32)


def write_nodes(file, n_neurons, kinds=None, own=None, population=_POPULATION):
    """Write the neurons, and what tells that the file is one of SONATA.

    Parameters
    ----------
    file : h5py.File
    n_neurons : int
    kinds : int array, shape (n_neurons,), optional
        The type of each node; by default all are of type 0.
    own : dict of str to array, optional
        Parameters of which each node has its own.
    population : str
    """
    write_magic(file)
    nodes = file.create_group(f"nodes/{population}")
    parameters = nodes.create_group("0")
    for name, values in (own or {}).items():
        parameters[name] = values
    for name, values in (
        ("node_type_id", np.zeros(n_neurons, np.int64) if kinds is None else kinds),
        ("node_id", np.arange(n_neurons, dtype=np.uint64)),
        ("node_group_id", np.zeros(n_neurons, np.uint32)),
        ("node_group_index", np.arange(n_neurons, dtype=np.uint64)),
    ):
        nodes[name] = values


def write_edges(file, pre, post, weight, delay, unit_ms, source=_POPULATION):
    """Write the synapses of a population onto the neurons; each array has the shape (n_synapses,).

    Delays are whole numbers of `unit_ms` milliseconds.
    """
    edges = file.create_group(f"edges/{source}_to_{_POPULATION}")
    n, lengths = len(pre), _milliseconds(delay, unit_ms)
    for name, dtype, of_part in (
        ("source_node_id", _smallest(pre), pre.__getitem__),
        ("target_node_id", _smallest(post), post.__getitem__),
        ("edge_group_index", np.uint32, lambda part: np.arange(part.start, part.stop)),
        ("0/syn_weight", np.float32 if is_single(weight) else np.float64, weight.__getitem__),
        ("0/delay", lengths.dtype, lambda part: lengths[delay[part]]),
    ):
        column = edges.create_dataset(name, shape=n, dtype=dtype)
        for part in pieces(n):
            column[part] = of_part(part).astype(dtype, copy=False)
    # All are of type 0 in group 0. Of what is never written a file has no numbers, and readers get nought.
    edges.create_dataset("edge_type_id", shape=n, dtype=np.int64, fillvalue=0)
    edges.create_dataset("edge_group_id", shape=n, dtype=np.uint32, fillvalue=0)
    for name, population in (("source_node_id", source), ("target_node_id", _POPULATION)):
        edges[name].attrs["node_population"] = population


def write_levels(file, memory, bits, scale, level):
    """Write synapses whose weights are levels, see `wmdelays.hardware.grid`.

    SONATA has no place for them. For each presynaptic neuron and delay there is the number of its
    synapses, and then for each synapse, in the order of a memory, its target and its level.
    """
    synapses = file.create_group("synapses")
    row = memory.pre.astype(np.int64) * memory.n_delays + memory.delay - 1
    synapses["count"] = _whole(np.bincount(row, minlength=memory.n_neurons * memory.n_delays))
    synapses["target"] = _whole(memory.post)
    synapses["level"] = packed(level, bits)
    synapses["scale"] = scale


def write_spikes(group, neurons, times_ms):
    """Write spikes in the order of time."""
    # SONATA wants the order as an enumeration.
    order = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
    group.attrs.create("sorting", 2, dtype=order)
    group["timestamps"] = times_ms
    group["timestamps"].attrs["units"] = "ms"
    group["node_ids"] = neurons.astype(np.uint64)


def read_nodes(file, n_neurons):
    """The type of each node, checked to be as many as there are neurons."""
    nodes = member_group(file, _NODES)
    kinds = dataset(nodes, "node_type_id")
    n_nodes = len(kinds)
    if n_nodes != n_neurons:
        raise InputError(f"has {n_nodes} nodes, but n_neurons is {n_neurons}")
    _check_numbered(nodes, "node_id", n_nodes)
    return kinds


def read_own(file, name, n_neurons):
    """A parameter of which each node has its own, float64 of shape (n_neurons,)."""
    values = dataset(member_group(file, f"{_NODES}/0"), name)
    if len(values) != n_neurons:
        raise InputError(f"has {len(values)} values of {name} for {n_neurons} neurons")
    return values.astype(np.float64)


def read_n_latent(file, n_neurons, may_be_none):
    """How many nodes are latent: the last ones, and not all; or none, where that may be."""
    if may_be_none and "latent" not in member_group(file, f"{_NODES}/0").members:
        return 0
    latent = read_own(file, "latent", n_neurons)
    n = int((latent == 1).sum())
    if not 0 < n < n_neurons or latent[: n_neurons - n].any():
        raise InputError("the latent neurons are not the last ones of the nodes")
    return n


def read_edges(file, n_neurons, step):
    """The synapses, checked.

    Parameters
    ----------
    file : Group
    n_neurons : int
    step : float
        The unit of the delays in seconds.

    Returns
    -------
    pre, post, delay : int arrays, shape (n_synapses,)
        Delays in steps.
    weight : float array, shape (n_synapses,)
    """
    edges = member_group(file, _EDGES)
    lengths = {name: len(dataset(edges, name)) for name in _SYNAPSES}
    if len({*lengths.values()}) > 1:
        counts = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise InputError(f"the synapses' arrays differ in length: {counts}")
    _check_numbered(edges, "edge_group_index", lengths["0/delay"])
    # There may be a hundred million synapses: no column is there twice for longer than it takes.
    pre, post, weight, delay = _SYNAPSES
    return (
        _ids(taken(edges, pre), n_neurons, "synapse", pre),
        _ids(taken(edges, post), n_neurons, "synapse", post),
        _in_32_bits(whole_steps(taken(edges, delay), step, "synapse", "delay")),
        taken(edges, weight).astype(np.float64),
    )


def read_edges_onto(path, onto, n_neurons, step):
    """The synapses onto some neurons, of which no others are ever in memory; as `read_edges` gives them.

    Parameters
    ----------
    path : str or Path
        A file of one's own, whose checksum is right.
    onto : bool array, shape (n_neurons,)
        Which neurons are meant.
    n_neurons : int
    step : float
    """
    taken = []
    with h5py.File(path) as file:
        found = file.get(_EDGES)
        if not isinstance(found, h5py.Group):
            raise InputError(f"there is no group {_EDGES}")
        columns = [found[name] for name in _SYNAPSES]
        for begin in range(0, len(columns[0]), _AT_ONCE):
            piece = slice(begin, begin + _AT_ONCE)
            post = _ids(columns[1][piece], n_neurons, "synapse", "target_node_id")
            ours = onto[post]
            pre, _, weight, delay_ms = (one[piece][ours] for one in columns)
            pre = _ids(pre, n_neurons, "synapse", "source_node_id")
            delay = whole_steps(delay_ms, step, "synapse", "delay")
            taken.append((pre, post[ours], delay, np.asarray(weight, np.float64)))
    if not taken:
        return *np.empty((3, 0), np.int64), np.empty(0)
    return tuple(np.concatenate(one) for one in zip(*taken))


def read_levels(file, n_neurons, n_delays, bits):
    """The synapses that `write_levels` wrote, checked; as `read_edges` gives them."""
    synapses = member_group(file, "synapses")
    count, target, level, scale = (
        dataset(synapses, name) for name in ("count", "target", "level", "scale")
    )
    if any(one.dtype.kind != "u" for one in (count, target, level)) or level.dtype != np.uint8:
        raise InputError("count, target and level of the synapses do not hold whole numbers from 0")
    n = len(target)
    if len(scale) != n_neurons or len(count) != n_neurons * n_delays:
        raise InputError(
            f"has {len(scale)} scales and {len(count)} counts for {n_neurons} neurons with"
            f" {n_delays} delays"
        )
    if count.max(initial=0) > n or count.sum(dtype=np.uint64) != n:
        raise InputError(f"counts {count.sum(dtype=np.uint64)} synapses, and has targets of {n}")
    if len(level) != (n if bits > 4 else -(-n // 2)):
        raise InputError(f"has {len(level)} bytes of levels for {n} synapses of {bits} bits")
    row = np.repeat(np.arange(len(count)), count.astype(np.int64))
    level = unpacked(level, bits, n)
    if np.abs(level.astype(np.int64)).max(initial=0) > largest_level(bits):
        raise InputError(f"has levels beyond those of {bits} bits")
    pre, delay = np.divmod(row, n_delays)
    post = _ids(target, n_neurons, "synapse", "target")
    return pre, post, delay + 1, level * scale.astype(np.float64)[post]


def read_spikes(group, name, n_neurons, step):
    """Spikes, checked: int arrays of their neurons and of their times in steps."""
    times, neurons = dataset(group, "timestamps"), dataset(group, "node_ids")
    if len(times) != len(neurons):
        raise InputError(f"{name} has {len(times)} timestamps and {len(neurons)} node_ids")
    steps = whole_steps(times, step, f"{name}, spike", "timestamp")
    return _ids(neurons, n_neurons, f"{name}, spike", "node_id").astype(np.int64), steps


def _check_numbered(group, name, n):
    """Other readers of SONATA go by these numbers, this one by the order."""
    numbers = taken(group, name)
    counted = (np.array_equal(numbers[k], np.arange(k.start, k.stop)) for k in pieces(n))
    if len(numbers) != n or not all(counted):
        raise InputError(f"{group.name}/{name} does not count from 0 to {n - 1}")


def _ids(values, n_neurons, what, name):
    if values.dtype.kind not in "iu":
        raise InputError(f"{name} does not hold whole numbers")
    refuse_ids(values, n_neurons, what, name)
    return _in_32_bits(values)


def _in_32_bits(values):
    """Whole numbers as int32, where that holds them all, else as int64."""
    least, most = values.min(initial=0), values.max(initial=0)
    return values.astype(np.int32 if -LARGEST <= least and most <= LARGEST else np.int64)


def refuse_ids(values, n_neurons, what, name):
    """Raise an InputError about the first of some whole numbers that is no neuron's."""
    bad = np.flatnonzero((values < 0) | (values >= n_neurons))
    if bad.size:
        raise InputError(f"{what} {bad[0]} has {name} {values[bad[0]]}, outside 0…{n_neurons - 1}")


def whole_steps(milliseconds, step, what, name):
    """Times in milliseconds as whole numbers of steps of `step` seconds, int64.

    `what` and `name` say in an error what the times are of, and what they are called.
    """
    if milliseconds.dtype == np.uint8:
        # Each of the few values is looked at once.
        steps, whole = _nearest_steps(np.arange(256), step)
        _refuse_broken(whole[milliseconds], milliseconds, step, what, name)
        return steps[milliseconds]
    steps = np.empty(len(milliseconds), np.int64)
    for part in pieces(len(milliseconds)):
        steps[part], whole = _nearest_steps(milliseconds[part], step)
        _refuse_broken(whole, milliseconds, step, what, name, part.start)
    return steps


def _nearest_steps(milliseconds, step):
    """The nearest whole numbers of steps, and whether these are the times."""
    with np.errstate(all="ignore"):
        position = milliseconds / (step * 1e3)
        nearest = np.rint(position)
        # Room for the rounding of single precision, well below half a step.
        tolerance = np.clip(1e-6 * nearest, 1e-6, 0.01)
        whole = (np.abs(position - nearest) <= tolerance) & (np.abs(nearest) < 2**53)
        return nearest.astype(np.int64), whole


def _refuse_broken(whole, milliseconds, step, what, name, begin=0):
    """Raise an InputError about the first time from `begin` on that is no whole number of steps."""
    bad = np.flatnonzero(~whole)
    if bad.size:
        k = begin + bad[0]
        raise InputError(
            f"{what} {k} has {name} {milliseconds[k]} ms, not a whole number of steps of"
            f" {step * 1e3:g} ms"
        )
