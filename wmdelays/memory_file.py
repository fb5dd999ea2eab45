"""Memory files: one HDF5 file, laid out as SONATA inside.

Arrays are stored without compression: not every reader of SONATA has the filter for it. The HDF5 data stand behind a user block of 512 bytes with the SHA-256 of all that follows, so a
file that is cut or changed anywhere is recognised before the HDF5 library reads a byte of it.
Readers of HDF5 and of SONATA pass over a user block.

References
----------
SONATA, the file format for networks and spikes: github.com/AllenInstitute/sonata.
"""

import hashlib
import json
import math
import os
import tempfile
from pathlib import Path

import h5py
import numpy as np

from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.raster import Raster

FORMAT_VERSION = 1
_BLOCK = 512
_TITLE = b"wmdelays memory\nsha256 "
_SONATA_MAGIC = 0x0A7A
_SONATA_VERSION = (0, 1)
_POPULATION = "neurons"
_EDGES = "neurons_to_neurons"


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
        If the file cannot be written.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    temporary = Path(name)
    try:
        with h5py.File(temporary, "w", userblock_size=_BLOCK) as file:
            _write_parameters(file, memory)
            _write_synapses(file, memory)
            _write_patterns(file, memory)
        with open(temporary, "r+b") as file:
            file.write(_user_block(_digest(file)))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


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
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (KeyError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise InputError(f"{path}: is not laid out as a memory file ({error})") from None


def seal(path):
    """Renew the checksum of a memory file that was changed with another program on purpose."""
    with open(path, "r+b") as file:
        block = _user_block(_digest(file))
        file.seek(0)
        file.write(block)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
    if path.is_dir():
        raise InputError("is a folder, not a memory file")
    with open(path, "rb") as file:
        block = file.read(_BLOCK)
        if not block.startswith(_TITLE):
            raise InputError("is not a memory file, or its beginning is damaged")
        if block != _user_block(_digest(file)):
            raise InputError(
                "is damaged: it was cut short or changed since it was written (its checksum differs)"
            )


def _write_parameters(file, memory):
    file.attrs["magic"] = np.uint32(_SONATA_MAGIC)
    file.attrs["version"] = np.array(_SONATA_VERSION, dtype=np.uint32)
    group = file.create_group("wmdelays")
    group.attrs["format_version"] = FORMAT_VERSION
    for name in ("n_neurons", "n_delays", "step", "beta", "theta", "periodic"):
        group.attrs["step_s" if name == "step" else name] = getattr(memory, name)
    for name, value in memory.made.items():
        group.attrs[name] = json.dumps(value, sort_keys=True, allow_nan=False)

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
    group = file["wmdelays"]
    attributes = dict(group.attrs)
    version = attributes.pop("format_version")
    if version != FORMAT_VERSION:
        raise InputError(f"has format version {version}; this software reads {FORMAT_VERSION}")
    sizes = {name: int(attributes.pop(name)) for name in ("n_neurons", "n_delays")}
    step, beta, theta = (float(attributes.pop(name)) for name in ("step_s", "beta", "theta"))
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step} s; it has to be greater than zero")
    periodic = bool(attributes.pop("periodic"))
    made = {name: json.loads(value) for name, value in attributes.items()}
    n_nodes = file[f"nodes/{_POPULATION}/node_type_id"].shape[0]
    if n_nodes != sizes["n_neurons"]:
        raise InputError(f"has {n_nodes} nodes, but n_neurons is {sizes['n_neurons']}")

    edges = file[f"edges/{_EDGES}"]
    names = ("source_node_id", "target_node_id", "0/syn_weight", "0/delay")
    pre, post, weight, delay_ms = (_read_array(edges, name) for name in names)
    if len({len(a) for a in (pre, post, weight, delay_ms)}) > 1:
        counts = ", ".join(f"{name} {edges[name].shape[0]}" for name in names)
        raise InputError(f"the synapses' arrays differ in length: {counts}")
    delay = _whole_steps(delay_ms, step, "synapse", "delay")

    names = sorted(file["spikes"])
    if names != [f"pattern_{k:04d}" for k in range(len(names))]:
        raise InputError("the patterns are not numbered from pattern_0000 on")
    return Memory(
        **sizes,
        step=step,
        beta=beta,
        theta=theta,
        pre=_ids(pre, sizes["n_neurons"], "synapse", "source_node_id"),
        post=_ids(post, sizes["n_neurons"], "synapse", "target_node_id"),
        delay=delay,
        weight=weight,
        patterns=[_read_pattern(file["spikes"][k], k, sizes["n_neurons"], step) for k in names],
        periodic=periodic,
        made=made,
    )


def _read_pattern(group, name, n_neurons, step):
    times, neurons = _read_array(group, "timestamps"), _read_array(group, "node_ids")
    if len(times) != len(neurons):
        raise InputError(f"{name} has {len(times)} timestamps and {len(neurons)} node_ids")
    n_steps = int(group.attrs["n_steps"])
    steps = _whole_steps(times, step, f"{name}, spike", "timestamp")
    if n_steps < 1 or steps.size and not 0 <= steps.min() <= steps.max() < n_steps:
        raise InputError(f"{name} has spikes outside its {n_steps} steps")
    neurons = _ids(neurons, n_neurons, f"{name}, spike", "node_id")
    return Raster.from_steps(neurons, steps, n_neurons, n_steps, step)


def _read_array(group, name):
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or dataset.dtype.kind not in "iuf":
        raise InputError(f"{group.name}/{name} is not a list of numbers")
    return dataset[:]


def _ids(values, n_neurons, what, name):
    if values.dtype.kind not in "iu":
        raise InputError(f"{name} does not hold whole numbers")
    bad = np.flatnonzero((values < 0) | (values >= n_neurons))
    if bad.size:
        raise InputError(f"{what} {bad[0]} has {name} {values[bad[0]]}, outside 0…{n_neurons - 1}")
    return values.astype(np.int64)


def _whole_steps(milliseconds, step, what, name):
    position = milliseconds / (step * 1e3)
    with np.errstate(invalid="ignore"):
        nearest = np.rint(position)
        bad = np.flatnonzero(~(np.abs(position - nearest) <= 1e-6 * np.maximum(nearest, 1)))
    if bad.size:
        raise InputError(
            f"{what} {bad[0]} has {name} {milliseconds[bad[0]]} ms, not a whole number of steps of"
            f" {step * 1e3:g} ms"
        )
    return nearest.astype(np.int64)
