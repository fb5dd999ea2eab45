"""Recordings in HDF5 files: NWB, MATLAB 7.3, Spiking Heidelberg Digits, SONATA spikes.

These functions run in the process of `wmdelays.files.hdf5_process`, beside nothing but h5py and
NumPy. Each takes an open file and gives plain JSON values and arrays; `wmdelays.files.recordings.hdf5`
makes Spikes of them. Of long files a stretch alone is read.
"""

import h5py
import numpy as np

# Numbers up to which a list is read whole, which is faster than looking for places in it.
_WHOLE = 1 << 23
_TEXTS = 1 << 20
# How exactly times are known is told from so many blocks of so many times of a longer list, and from so
# many samples of SHD: the same whatever stretch is read.
_BLOCKS, _BLOCK, _SAMPLES = 1024, 256, 64


def read(file, allow, start=None, stop=None, what="spikes", name=None):
    """What is asked for of a recording.

    Parameters
    ----------
    file : h5py.File
    allow : callable
        ``allow(seconds)`` asks for more time.
    start, stop : float, optional
        The stretch, in seconds.
    what : {"spikes", "intervals"}
    name : str, optional
        Of the table of intervals, of the population of spikes, or of a variable.

    Returns
    -------
    values : dict
        ``kind`` says what the file is, or is "unknown".
    arrays : dict of str to array
    """
    kind = _kind(file)
    allow(5)
    if what == "intervals":
        if kind == "shd":
            return _shd_intervals(file, allow)
        return _nwb_intervals(file, name) if kind == "nwb" else ({"kind": kind}, {})
    readers = {"nwb": _nwb, "shd": _shd, "sonata": _sonata, "matlab": _matlab}
    if kind not in readers:
        return {"kind": kind, "members": sorted(file)[:10]}, {}
    values, arrays = readers[kind](file, allow, start, stop, name)
    return {"kind": kind, **values}, arrays


def _kind(file):
    if "units" in file and isinstance(file["units"], h5py.Group) and "nwb_version" in file.attrs:
        return "nwb"
    if "nwb_version" in file.attrs:
        return "nwb without units"
    if "wmdelays" in file:
        return "wmdelays"
    spikes = file.get("spikes")
    if isinstance(spikes, h5py.Group):
        own = spikes.get("units"), spikes.get("times")
        if all(isinstance(one, h5py.Dataset) and one.dtype.kind == "O" for one in own):
            return "shd"
        if any(isinstance(one, h5py.Group) and "timestamps" in one for one in spikes.values()):
            return "sonata"
    if any("MATLAB_class" in one.attrs for one in file.values()):
        return "matlab"
    return "unknown"


def _nwb(file, allow, start, stop, name):
    units = file["units"]
    if "spike_times" not in units or "spike_times_index" not in units:
        return {"names": [], "columns": {}}, {}
    times, ends = units["spike_times"], units["spike_times_index"][()].astype(np.int64)
    begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    if len(ends) and (np.any(ends < begins) or ends[-1] > len(times)):
        raise ValueError("units/spike_times_index does not fit units/spike_times")
    allow(len(ends) / 100)
    found, length, unsorted = [], 0.0, []
    whole = _numbers(times, allow) if len(times) <= _WHOLE else None
    for k, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist())):
        one = times if whole is None else whole
        last = float(one[end - 1]) if end > begin else 0.0
        length = max(length, last)
        low, high = begin, end
        if whole is None and start is not None:
            low = _first(times, begin, end, start)
        if whole is None and stop is not None:
            high = _first(times, low, end, stop)
        part = one[low:high]
        if np.any(np.diff(part) < 0):
            unsorted.append(k)
            length = max(length, float(part.max()))
        found.append(np.asarray(part, np.float64))
        allow(part.nbytes / 20e6)
    ids = units["id"][()].tolist() if "id" in units else list(range(len(ends)))
    columns = {
        one: values
        for one, values in ((one, _column(units[one], len(ends))) for one in units)
        # Where the lists of units end says nothing of a unit.
        if values is not None and not (one.endswith("_index") and one[:-6] in units)
    }
    tables = file["intervals"] if "intervals" in file else {}
    for one in tables.values():
        # A recording goes on as long as it has trials.
        if "stop_time" in one and one["stop_time"].size:
            length = max(length, float(np.nanmax(one["stop_time"][()])))
    observed = None
    if "obs_intervals" in units and units["obs_intervals"].shape[0]:
        observed = float(np.max(units["obs_intervals"][:, 1]))
    values = {
        "names": [str(one) for one in ids],
        "columns": columns,
        "length": observed if observed is not None and observed > length else length,
        "unsorted": unsorted,
    }
    counts = np.array([len(one) for one in found], np.int64)
    arrays = {"counts": counts, "times": np.concatenate([*found, np.empty(0)])}
    if whole is None and len(times):
        places, looked_at = _looked_at(times, allow)
        arrays["clock_times"] = looked_at
        arrays["clock_units"] = np.searchsorted(ends, places, side="right")
    return values, arrays


def _looked_at(times, allow):
    """Places and times of blocks all over a list."""
    first = np.linspace(0, max(0, len(times) - _BLOCK), _BLOCKS).astype(np.int64)
    allow(len(first) / 50)
    last = np.minimum(first + _BLOCK, np.append(first[1:], len(times)))
    blocks = [times[begin:end] for begin, end in zip(first.tolist(), last.tolist())]
    places = np.concatenate([np.arange(*pair) for pair in zip(first, last)])
    return places, np.concatenate(blocks).astype(np.float64)


def _first(times, begin, end, value):
    """The first place from `begin` on whose time is not below a value, among sorted ones."""
    while begin < end:
        middle = (begin + end) // 2
        if times[middle] < value:
            begin = middle + 1
        else:
            end = middle
    return begin


def _column(found, n):
    """A column of a table as texts or numbers; None if it is no such column."""
    if not isinstance(found, h5py.Dataset) or found.shape != (n,):
        return None
    if h5py.check_string_dtype(found.dtype) and n <= _TEXTS:
        return [str(one) for one in found.asstr(errors="replace")[()]]
    if found.dtype.kind in "iufb":
        return [str(one) for one in found[()].tolist()]
    return None


def _numbers(dataset, allow):
    allow(dataset.size * dataset.dtype.itemsize / 20e6)
    return dataset[()]


def _nwb_intervals(file, name):
    tables = file["intervals"] if "intervals" in file else {}
    names = sorted(tables)
    if name not in names:
        return {"kind": "nwb", "tables": names}, {}
    table = tables[name]
    starts, stops = (table[one][()] for one in ("start_time", "stop_time"))
    ids = table["id"][()].tolist() if "id" in table else list(range(len(starts)))
    columns = {
        one: values
        for one, values in ((one, _column(table[one], len(starts))) for one in table)
        if values is not None and one not in ("start_time", "stop_time", "id")
    }
    values = {
        "kind": "nwb",
        "tables": names,
        "names": [str(one) for one in ids],
        "columns": columns,
    }
    return values, {"starts": starts.astype(float), "stops": stops.astype(float)}


# Samples of SHD stand one after another, each in its own second and a half.
_APART = 1.5


def _shd(file, allow, start, stop, name):
    times, units = file["spikes/times"], file["spikes/units"]
    first = 0 if start is None else max(0, int(start // _APART))
    last = len(times) if stop is None else min(len(times), int(np.ceil(stop / _APART)))
    allow((last - first) / 50)
    allow(_SAMPLES / 50)

    def of(samples):
        found = [np.empty(0)], [np.empty(0, np.int64)]
        for k in samples:
            one = np.asarray(times[k], np.float64)
            if len(one) and one.max() >= _APART:
                raise ValueError(f"sample {k} is longer than {_APART} s")
            found[0].append(one + k * _APART)
            found[1].append(np.asarray(units[k], np.int64))
            allow(one.nbytes / 5e6)
        return map(np.concatenate, found)

    values = {"length": len(times) * _APART, "n_neurons": 700}
    looked_at = np.unique(np.linspace(0, max(0, len(times) - 1), _SAMPLES).astype(int)).tolist()
    arrays = dict(zip(("times", "labels"), of(range(first, last))))
    arrays |= zip(("clock_times", "clock_units"), of(looked_at if len(times) else ()))
    return values, arrays


def _shd_intervals(file, allow):
    n = len(file["spikes/times"])
    columns = {}
    if "labels" in file and file["labels"].shape == (n,):
        columns["label"] = [str(one) for one in file["labels"][()].tolist()]
    starts = np.arange(n) * _APART
    values = {"kind": "shd", "tables": ["samples"], "names": [str(k) for k in range(n)]}
    return {**values, "columns": columns}, {"starts": starts, "stops": starts + _APART}


def _sonata(file, allow, start, stop, name):
    populations = [one for one in file["spikes"] if "timestamps" in file["spikes"][one]]
    chosen = [name] if name in populations else populations
    labels, times = [np.empty(0, np.int64)], [np.empty(0)]
    names = []
    for one in chosen:
        group = file["spikes"][one]
        moments, ids = (_numbers(group[part], allow) for part in ("timestamps", "node_ids"))
        if len(moments) != len(ids):
            raise ValueError(f"{one} has {len(moments)} timestamps and {len(ids)} node_ids")
        unit = group["timestamps"].attrs.get("units", "ms")
        unit = unit.decode() if isinstance(unit, bytes) else str(unit)
        factors = {"ms": 1e3, "milliseconds": 1e3, "s": 1.0, "seconds": 1.0}
        if unit not in factors:
            raise ValueError(f"{one} has times in {unit!r}")
        found, place = np.unique(ids, return_inverse=True)
        labels.append(place + len(names))
        names += [f"{one}:{k}" if len(chosen) > 1 else str(k) for k in found.tolist()]
        times.append(moments.astype(np.float64) / factors[unit])
    values = {"names": names, "populations": populations}
    return values, {"labels": np.concatenate(labels), "times": np.concatenate(times)}


def _matlab(file, allow, start, stop, name):
    """The variables as nested lists and groups; ``{"array": k}`` stands for an array."""
    arrays = {}
    names = [one for one in file if not one.startswith("#")]
    chosen = [name] if name in names else names
    tree = {one: _matlab_value(file, file[one], allow, arrays, 0) for one in chosen}
    return {"variables": tree, "all": names}, arrays


def _matlab_value(file, found, allow, arrays, depth):
    if depth > 4:
        raise ValueError("its variables are nested too deeply")
    if isinstance(found, h5py.Group):
        return {one: _matlab_value(file, found[one], allow, arrays, depth + 1) for one in found}
    if h5py.check_ref_dtype(found.dtype) is not None:
        references = found[()].T.reshape(-1)
        allow(len(references) / 200)
        return [_matlab_value(file, file[one], allow, arrays, depth + 1) for one in references]
    if "MATLAB_empty" in found.attrs:
        value = np.empty(0)
    elif found.dtype.kind in "iufb":
        value = _numbers(found, allow)
        if found.attrs.get("MATLAB_class") == b"char":
            return {"text": "".join(map(chr, value.reshape(-1).tolist()))}
        value = value.T.reshape(-1) if 1 in value.shape or value.ndim < 2 else value.T
    else:
        return None
    key = str(len(arrays))
    arrays[key] = np.ascontiguousarray(value)
    return {"array": key}
