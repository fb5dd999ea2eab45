"""Spikes in nested lists and dictionaries, as MATLAB files hold them and people have them in Python."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.recordings.spikes import from_labels, from_trains, per_second
from wmdelays.words import printable

# What a list of times is called within a struct of a unit, and what vectors of units are.
_TIMES = (
    "times", "ts", "t", "spike_times", "spiketimes", "spikeTimes", "timestamps", "time", "st",
    "spikes", "time_s",
)  # fmt: skip
_LABELS = ("units", "unit", "clusters", "cluster", "clu", "ids", "id", "labels", "spike_clusters")
_NAMES = "name", "label", "id", "unit", "cluster", "cluster_id"


def from_structure(found, name=None, time_unit=None, sampling_rate=None):
    """The spikes of variables, one of which holds them.

    Parameters
    ----------
    found : mapping of str to value
        A value is a list of arrays (a cell array, numbered from 1), a mapping of unit to array (a
        struct), a list of mappings (a struct array with a field of times), or an array; two arrays
        of one length are units and times.
    name : str, optional
        The variable that holds the spikes; by default the only one that can.
    time_unit : {"s", "ms", "us", "samples"}, optional
    sampling_rate : float, optional

    Returns
    -------
    Spikes
    """
    counts = per_second(time_unit, sampling_rate)
    if name is not None and name not in found:
        raise InputError(
            f"has no variable {printable(name)}; it has {', '.join(map(printable, found))[:80]}"
        )
    tried = found if name is None else {name: found[name]}
    trains = {one: trains_of(value) for one, value in tried.items()}
    trains = {one: value for one, value in trains.items() if value}
    if len(trains) == 1:
        (only,) = trains.values()
        return from_trains([(unit, np.asarray(times) / counts) for unit, times in only])
    if len(trains) > 1:
        raise InputError(
            f"several variables hold spikes ({', '.join(map(printable, trains))[:80]}); name one"
            f" ({parameter('variable')})"
        )
    vectors = {one: value for one, value in tried.items() if _is_vector(value)}
    labels = [value for one, value in vectors.items() if one.lower() in _LABELS]
    times = [value for one, value in vectors.items() if one in _TIMES]
    if len(labels) == len(times) == 1 and len(labels[0]) == len(times[0]):
        return from_labels(labels[0], times[0] / counts)
    raise InputError(
        "no variable holds spikes: a cell array or a struct with a list of times for each unit, or"
        f" two vectors units and times; it has {', '.join(map(printable, found))[:80]}"
    )


def trains_of(value):
    """The units of a value and their times; none if it holds no spikes.

    Parameters
    ----------
    value : mapping, sequence or array

    Returns
    -------
    list of (str, array)
    """
    if isinstance(value, Mapping):
        if all(_is_vector(one) for one in value.values()):
            return [(str(name), _vector(one)) for name, one in value.items()]
        # A struct array comes from some files as a struct of lists, from others as its only field.
        field = next((one for one in _TIMES if isinstance(value.get(one), list)), None)
        if field is not None:
            names = next((value[one] for one in _NAMES if isinstance(value.get(one), list)), None)
            return _listed(value[field], names)
        nested = {
            name: next((one[key] for key in _TIMES if _is_vector(one.get(key))), None)
            for name, one in value.items()
            if isinstance(one, Mapping)
        }
        if nested and all(one is not None for one in nested.values()):
            return [(str(name), _vector(one)) for name, one in nested.items()]
        return []
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, Mapping) for one in value):
            fields = [next((f for f in _TIMES if _is_vector(one.get(f))), None) for one in value]
            if None in fields:
                return []
            names = next((n for n in _NAMES if all(n in one for one in value)), None)
            named = None if names is None else [one[names] for one in value]
            return _listed([one[f] for one, f in zip(value, fields)], named)
        return _listed(list(value), None)
    return []


def _listed(values, names):
    if not values or not all(_is_vector(one) for one in values):
        return []
    if names is None or len(names) != len(values):
        # MATLAB counts from 1, and so does who made the list there.
        names = range(1, 1 + len(values))
    else:
        names = [_text(one) for one in names]
        if len(set(names)) < len(names):
            names = range(1, 1 + len(values))
    return [(str(name), _vector(one)) for name, one in zip(names, values)]


def _text(value):
    if isinstance(value, str):
        return value
    flat = np.asarray(value).reshape(-1)
    return f"{flat[0]:g}" if flat.size == 1 and flat.dtype.kind in "iuf" else str(value)


def _is_vector(value):
    if isinstance(value, str | bytes | Mapping) or value is None:
        return False
    try:
        array = np.asarray(value)
    except ValueError:  # a list of lists that differ in length
        return False
    return array.dtype.kind in "iuf" and (array.ndim <= 1 or 1 in array.shape) or array.size == 0


def _vector(value):
    return np.asarray(value, np.float64).reshape(-1)
