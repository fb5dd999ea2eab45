"""Memory files: one HDF5 file, laid out as SONATA inside.

Arrays are stored without compression: not every reader of SONATA has the filter for it. The HDF5
data stand behind a user block of 512 bytes with the SHA-256 of all that follows, so a file that is
cut or changed anywhere is recognised before the HDF5 library reads a byte of it. Readers of HDF5
and of SONATA pass over a user block.

References
----------
SONATA, the file format for networks and spikes: github.com/AllenInstitute/sonata.
"""

import hashlib
import json
import math
from pathlib import Path

import h5py
import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.memory import Memory
from wmdelays.output import hdf5_image, hdf5_in_memory, replacing
from wmdelays.raster import Raster

FORMAT_VERSION = 1
_BLOCK = 512
_TITLE = b"wmdelays memory\nsha256 "
_SONATA_MAGIC = 0x0A7A
_SONATA_VERSION = (0, 1)
_POPULATION = "neurons"
_EDGES = "neurons_to_neurons"
_PARAMETERS = ("n_neurons", "n_delays", "step_s", "beta", "theta", "periodic")
# What h5py and NumPy raise where a file holds something else than expected.
_NOT_LAID_OUT = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)


def write_memory(path, memory):
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
    """
    made = _made_as_json(memory.made)
    with replacing(path) as temporary:
        with hdf5_in_memory(userblock_size=_BLOCK) as file:
            _write_parameters(file, memory, made)
            _write_synapses(file, memory)
            _write_patterns(file, memory)
            image = hdf5_image(file)
        digest = hashlib.sha256(image).hexdigest().encode()
        with open(temporary, "wb") as file:
            file.write(_user_block(digest))
            file.write(image)


def read_memory(path):
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
    path = Path(path)
    try:
        _check_digest(path)
        with h5py.File(path, "r") as file:
            return _read(file)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None
    except _NOT_LAID_OUT as error:
        raise InputError(f"{path}: is not laid out as a memory file ({one_line(error)})") from None


def seal(path):
    """Renew the checksum of a memory file, after it was changed on purpose with another program."""
    with open(path, "r+b") as file:
        block = _user_block(_digest(file))
        file.seek(0)
        file.write(block)


def _digest(file):
    """Hash all that stands behind the user block; leaves the file at its beginning."""
    file.seek(_BLOCK)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest().encode()


def _user_block(digest):
    return (_TITLE + digest + b"\n").ljust(_BLOCK, b"\0")


def _check_digest(path):
    if not path.exists():
        raise InputError("there is no such file")
    if not path.is_file():
        raise InputError("is a folder or a device, not a memory file")
    with open(path, "rb") as file:
        block = file.read(_BLOCK)
        if not block.startswith(_TITLE):
            raise InputError("is not a memory file, or its beginning is damaged")
        if block != _user_block(_digest(file)):
            raise InputError(
                "is damaged: it was cut short or changed since it was written (its checksum differs)"
            )


def _made_as_json(made):
    texts = {}
    for name, value in made.items():
        if not isinstance(name, str) or not name or name in (*_PARAMETERS, "format_version"):
            raise InputError(f"how the memory was made cannot be stored under the name {name!r}")
        try:
            texts[name] = json.dumps(value, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"how the memory was made: {name} is not a plain JSON value ({one_line(error)})"
            ) from None
    return texts


def _write_parameters(file, memory, made):
    file.attrs["magic"] = np.uint32(_SONATA_MAGIC)
    file.attrs["version"] = np.array(_SONATA_VERSION, dtype=np.uint32)
    group = file.create_group("wmdelays")
    group.attrs["format_version"] = FORMAT_VERSION
    for name in _PARAMETERS:
        group.attrs[name] = getattr(memory, name.removesuffix("_s"))
    for name, text in sorted(made.items()):
        group.attrs[name] = text

    nodes = file.create_group(f"nodes/{_POPULATION}")
    nodes.create_group("0")
    for name, values in (
        ("node_type_id", np.zeros(memory.n_neurons, np.int64)),
        ("node_id", np.arange(memory.n_neurons, dtype=np.uint64)),
        ("node_group_id", np.zeros(memory.n_neurons, np.uint32)),
        ("node_group_index", np.arange(memory.n_neurons, dtype=np.uint64)),
    ):
        nodes[name] = values


def _write_synapses(file, memory):
    edges = file.create_group(f"edges/{_EDGES}")
    n = memory.n_synapses
    for name, values in (
        ("source_node_id", memory.pre.astype(np.uint64)),
        ("target_node_id", memory.post.astype(np.uint64)),
        ("edge_type_id", np.zeros(n, np.int64)),
        ("edge_group_id", np.zeros(n, np.uint32)),
        ("edge_group_index", np.arange(n, dtype=np.uint64)),
        ("0/syn_weight", memory.weight),
        ("0/delay", memory.delay * (memory.step * 1e3)),
    ):
        edges[name] = values
    for name in ("source_node_id", "target_node_id"):
        edges[name].attrs["node_population"] = _POPULATION


def _write_patterns(file, memory):
    spikes = file.create_group("spikes")
    for k, pattern in enumerate(memory.patterns):
        group = spikes.create_group(f"pattern_{k:04d}")
        group.attrs["n_steps"] = pattern.n_steps(memory.step)
        # SONATA wants the order as an enumeration.
        order = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
        group.attrs.create("sorting", 2, dtype=order)
        group["timestamps"] = pattern.steps(memory.step) * (memory.step * 1e3)
        group["timestamps"].attrs["units"] = "ms"
        group["node_ids"] = pattern.neurons.astype(np.uint64)


def _read(file):
    attributes = dict(_group(file, "wmdelays").attrs)
    version = attributes.pop("format_version", None)
    if not isinstance(version, np.integer) or version != FORMAT_VERSION:
        raise InputError(f"has format version {version!r}; this software reads {FORMAT_VERSION}")
    n_neurons, n_delays, step, beta, theta, periodic = (
        _attribute(attributes, name, kind)
        for name, kind in zip(_PARAMETERS, (int, int, float, float, float, bool))
    )
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step} s; it has to be greater than zero")
    made = {name: _from_json(name, attributes[name]) for name in attributes.keys() - {*_PARAMETERS}}
    _check_scores(made.get("scores", {}))
    nodes = _group(file, f"nodes/{_POPULATION}")
    n_nodes = len(_dataset(nodes, "node_type_id"))
    if n_nodes != n_neurons:
        raise InputError(f"has {n_nodes} nodes, but n_neurons is {n_neurons}")
    _check_numbered(nodes, "node_id", n_nodes)

    edges = _group(file, f"edges/{_EDGES}")
    names = ("source_node_id", "target_node_id", "0/syn_weight", "0/delay")
    pre, post, weight, delay_ms = arrays = [_dataset(edges, name)[:] for name in names]
    if len({len(a) for a in arrays}) > 1:
        counts = ", ".join(f"{name} {len(a)}" for name, a in zip(names, arrays))
        raise InputError(f"the synapses' arrays differ in length: {counts}")
    _check_numbered(edges, "edge_group_index", len(pre))

    spikes = _group(file, "spikes")
    names = [f"pattern_{k:04d}" for k in range(len(spikes))]
    if set(spikes) != set(names):
        raise InputError("the patterns are not numbered from pattern_0000 on")
    return Memory(
        n_neurons=n_neurons,
        n_delays=n_delays,
        step=step,
        beta=beta,
        theta=theta,
        pre=_ids(pre, n_neurons, "synapse", "source_node_id"),
        post=_ids(post, n_neurons, "synapse", "target_node_id"),
        delay=_whole_steps(delay_ms, step, "synapse", "delay"),
        weight=weight,
        patterns=[_read_pattern(spikes, name, n_neurons, step) for name in names],
        periodic=periodic,
        made=made,
    )


def _read_pattern(spikes, name, n_neurons, step):
    group = _group(spikes, name)
    times, neurons = _dataset(group, "timestamps")[:], _dataset(group, "node_ids")[:]
    if len(times) != len(neurons):
        raise InputError(f"{name} has {len(times)} timestamps and {len(neurons)} node_ids")
    n_steps = _attribute(group.attrs, "n_steps", int)
    steps = _whole_steps(times, step, f"{name}, spike", "timestamp")
    if n_steps < 1 or steps.size and not 0 <= steps.min() <= steps.max() < n_steps:
        raise InputError(f"{name} has spikes outside its {n_steps} steps")
    neurons = _ids(neurons, n_neurons, f"{name}, spike", "node_id")
    return Raster.from_steps(neurons, steps, n_neurons, n_steps, step)


def _attribute(attributes, name, kind):
    if name not in attributes:
        raise InputError(f"has no attribute {name}")
    value = attributes[name]
    types, words = {
        int: (np.integer, "a whole number"),
        float: ((np.integer, np.floating), "a number"),
        bool: (np.bool_, "true or false"),
    }[kind]
    if not isinstance(value, types):
        raise InputError(f"the attribute {name} is not {words}")
    return kind(value)


def _from_json(name, text):
    def refuse(constant):
        raise ValueError(constant)

    try:
        if not isinstance(text, str):
            raise TypeError
        return json.loads(text, parse_constant=refuse)
    except (TypeError, ValueError, RecursionError):
        raise InputError(f"the attribute {name!r} is not JSON") from None


def _check_scores(scores):
    if not isinstance(scores, dict) or not all(isinstance(v, int | float) for v in scores.values()):
        raise InputError("the attribute 'scores' is not a set of named numbers")


def _member(group, path):
    """What lies under a path in this file; links, which may lead to other files, are not followed."""
    for name in path.split("/"):
        if (
            not isinstance(group, h5py.Group)
            or group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD
        ):
            raise InputError(f"{group.name} does not itself hold {name}")
        group = group[name]
    return group


def _group(group, path):
    found = _member(group, path)
    if not isinstance(found, h5py.Group):
        raise InputError(f"{found.name} is not a group")
    return found


def _dataset(group, path):
    """A list of numbers that lies in the file as a whole, which bounds the memory it takes."""
    found = _member(group, path)
    if not isinstance(found, h5py.Dataset) or found.ndim != 1 or found.dtype.kind not in "iuf":
        raise InputError(f"{found.name} is not a list of numbers")
    if found.external or found.is_virtual or found.nbytes > found.file.id.get_filesize():
        raise InputError(f"{found.name} is larger than the file, or its numbers lie outside it")
    return found


def _check_numbered(group, name, n):
    """Other readers of SONATA go by these numbers, this one by the order."""
    numbers = _dataset(group, name)
    if len(numbers) != n or not np.array_equal(numbers[:], np.arange(n)):
        raise InputError(f"{numbers.name} does not count from 0 to {n - 1}")


def _ids(values, n_neurons, what, name):
    if values.dtype.kind not in "iu":
        raise InputError(f"{name} does not hold whole numbers")
    bad = np.flatnonzero((values < 0) | (values >= n_neurons))
    if bad.size:
        raise InputError(f"{what} {bad[0]} has {name} {values[bad[0]]}, outside 0…{n_neurons - 1}")
    return values.astype(np.int64)


def _whole_steps(milliseconds, step, what, name):
    with np.errstate(all="ignore"):
        position = milliseconds / (step * 1e3)
        nearest = np.rint(position)
        # Room for the rounding of single precision, well below half a step.
        tolerance = np.clip(1e-6 * nearest, 1e-6, 0.01)
        bad = np.flatnonzero(
            ~((np.abs(position - nearest) <= tolerance) & (np.abs(nearest) < 2**53))
        )
    if bad.size:
        raise InputError(
            f"{what} {bad[0]} has {name} {milliseconds[bad[0]]} ms, not a whole number of steps of"
            f" {step * 1e3:g} ms"
        )
    return nearest.astype(np.int64)
