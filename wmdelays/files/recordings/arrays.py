"""Recordings in npz and npy files: this software's own, pynapple's, SpikeInterface's, and a list of
times for each unit; and in the folders to which SpikeInterface saves sortings.
"""

from __future__ import annotations

import msgspec
import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.json_text import Number, Whole, decoded
from wmdelays.files.npz import npz_names, read_npy, read_npz
from wmdelays.files.recordings.spikes import (
    Spikes,
    from_labels,
    from_trains,
    natural,
    of_keys,
    per_second,
)
from wmdelays.words import printable

# With what is made of them, spikes take so many times their size in memory.
_COPIES = 4
_OWN = "unit", "time_s"
_STATED = "n_neurons", "duration_s"
_PYNAPPLE = "t", "index"
_SPIKEINTERFACE = "unit_ids", "sampling_frequency", "spike_indexes_seg0", "spike_labels_seg0"


_SORTING = "numpysorting_info.json"
_FIELDS = "sample_index", "unit_index", "segment_index"
_LONGEST = 1 << 24


class _Sorting(msgspec.Struct):
    sampling_frequency: Number
    unit_ids: list[int | str]
    num_segments: Whole = 1


def is_sorting(path):
    """Whether a folder is one to which SpikeInterface saves a sorting."""
    return (path / _SORTING).is_file() and (path / "spikes.npy").is_file()


def read_sorting(path):
    """The spikes of a folder that SpikeInterface's ``sorting.save(folder=…)`` made.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Spikes
    """
    with open(path / _SORTING, "rb") as file:
        text = file.read(_LONGEST)
    try:
        stated = decoded(text, _Sorting)
    except InputError as error:
        raise InputError(f"its {_SORTING} {error}") from None
    if not stated.sampling_frequency > 0:
        raise InputError("its sampling_frequency has to be one number above zero")
    spikes = read_npy(path / "spikes.npy", _COPIES, records=True)
    if spikes.ndim != 1 or spikes.dtype.names != _FIELDS:
        raise InputError(f"its spikes.npy has not the fields {', '.join(_FIELDS)}")
    samples, units, segments = (spikes[name] for name in _FIELDS)
    if not all(one.dtype.kind in "iu" for one in (samples, units, segments)):
        raise InputError("its spikes.npy holds numbers that are not whole")
    if stated.num_segments > 1 or np.any(segments):
        raise InputError("has several segments; save one, sorting.select_segments([0])")
    names = tuple(map(str, stated.unit_ids))
    if len(set(names)) < len(names):
        raise InputError("two of its units have the same name")
    if len(units) and not 0 <= units.min() <= units.max() < len(names):
        raise InputError("has spikes of units that it does not list")
    return Spikes(names, units.astype(np.int64), samples / float(stated.sampling_frequency))


def read_arrays(path, *, time_unit=None, sampling_rate=None):
    """The spikes of an npz or npy file.

    Parameters
    ----------
    path : Path
    time_unit : {"s", "ms", "us", "samples"}, optional
        Of the times, where the file has no layout that says it; by default seconds.
    sampling_rate : float, optional
        Samples in a second, where times are in samples.

    Returns
    -------
    Spikes
    """
    if path.suffix == ".npy":
        return _npy(read_npy(path, _COPIES), per_second(time_unit, sampling_rate))
    names = set(npz_names(path))
    if names & {*_OWN}:
        return _own(path)
    if names >= {*_SPIKEINTERFACE}:
        return _spikeinterface(path, names)
    if names >= {*_PYNAPPLE, "keys"}:
        return _pynapple(path)
    found = read_npz(path, [*names], _COPIES)
    if not found:
        raise InputError("is not a readable npz file of numbers")
    for name, times in found.items():
        if times.ndim != 1 or times.dtype.kind not in "iuf":
            raise InputError(
                f"its array {printable(name)} is no list of times; an npz file has the arrays unit"
                " and time_s, or a list of times for each unit, named as the unit is"
            )
    counts = per_second(time_unit, sampling_rate)
    return from_trains([(name, found[name] / counts) for name in sorted(found, key=natural)])


def _own(path):
    found = read_npz(path, (*_OWN, *_STATED, "units"), _COPIES)
    missing = {*_OWN} - found.keys()
    if missing:
        raise InputError(f"has no array {' and no array '.join(sorted(missing))}")
    units, times, names = (found.pop(name, None) for name in (*_OWN, "units"))
    if not all(value.size == 1 for value in found.values()):
        raise InputError("n_neurons and duration_s have to be one number each")
    stated = {name: value.item() for name, value in found.items()}
    if times.dtype.kind not in "iuf" or not all(
        isinstance(value, int | float) for value in stated.values()
    ):
        raise InputError("time_s, n_neurons and duration_s have to be numbers")
    if units.shape != times.shape or units.ndim != 1:
        raise InputError("unit and time_s have to be one-dimensional and equally long")
    if units.size and units.dtype.kind not in "iuU":
        raise InputError("units are whole numbers, or texts")
    duration, n_neurons = stated.get("duration_s"), stated.get("n_neurons")
    if names is None:
        return from_labels(units, times, duration=duration, n_neurons=n_neurons)
    if names.ndim != 1 or names.dtype.kind != "U" or units.dtype.kind not in "iu":
        raise InputError("units has to be a list of texts, and unit the places in it")
    if units.size and not 0 <= units.min() <= units.max() < len(names):
        raise InputError(f"unit names places outside the list of {len(names)} units")
    return Spikes(tuple(names.tolist()), units.astype(np.int64), times.astype(float), duration)


def _npy(found, counts):
    if found.ndim == 1:
        return from_trains([("0", found / counts)])
    if found.ndim != 2 or 2 not in found.shape or found.dtype.kind not in "iuf":
        raise InputError(
            f"has the shape {found.shape}; an npy file is a table of units and times, shape"
            " (n_spikes, 2), or the times of one unit"
        )
    units, times = found.T if found.shape[1] == 2 else found
    return from_labels(units, times / counts)


def _pynapple(path):
    found = read_npz(path, (*_PYNAPPLE, "keys", "start", "end"), _COPIES)
    if found["t"].shape != found["index"].shape or found["t"].ndim != 1:
        raise InputError("its arrays t and index differ in length")
    ends = found.get("end", np.empty(0))
    duration = float(ends.max()) if ends.size else None
    return of_keys(found["keys"], found["index"], found["t"], duration=duration)


def _spikeinterface(path, names):
    if "spike_indexes_seg1" in names:
        raise InputError(
            "has several segments; write one, sorting.select_segments([0]).save_to_folder or"
            " NpzSortingExtractor.write_sorting(sorting.select_segments([0]), path)"
        )
    found = read_npz(path, _SPIKEINTERFACE, _COPIES)
    ids, rate, samples, labels = (found[name] for name in _SPIKEINTERFACE)
    rate = np.asarray(rate, float).reshape(-1)
    if len(rate) != 1 or not rate[0] > 0:
        raise InputError("its sampling_frequency has to be one number above zero")
    if samples.shape != labels.shape or samples.ndim != 1:
        raise InputError("its spike_indexes_seg0 and spike_labels_seg0 differ in length")
    return of_keys(ids, labels, samples / rate[0])
