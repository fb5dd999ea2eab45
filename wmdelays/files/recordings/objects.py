"""Spikes as people have them in Python: arrays, dictionaries, tables, and objects of other packages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.recordings.spikes import (
    from_labels,
    from_trains,
    of_same_units,
    per_second,
    raster_of,
)
from wmdelays.files.recordings.tables import column_per_second, columns_of
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from typing import Any

_TAKEN = (
    "a Raster, a list of arrays with the times of each unit, a dict of unit to times, a table of"
    " units and times (DataFrame, or an array of shape (n_spikes, 2)), a TsGroup of pynapple, a"
    " sorting of SpikeInterface, or a list of neo's SpikeTrains"
)


def as_raster(
    spikes: Any,
    n_neurons: int | None = None,
    duration: float | None = None,
    *,
    keep_ids: bool = False,
    columns: tuple[str, str] | None = None,
    time_unit: str | None = None,
    sampling_rate: float | None = None,
) -> Raster:
    """A raster from spikes as people have them.

    Parameters
    ----------
    spikes : object
        A list of arrays, the times of each unit; a dict of unit to times; a table, that is a pandas
        DataFrame or an array of shape (n_spikes, 2), of units and times; a TsGroup of pynapple; a
        sorting of SpikeInterface; a list of SpikeTrains of neo; or a Raster, which stays as it is.
    n_neurons : int, optional
        Number of neurons, silent ones included; then units are numbers of neurons.
    duration : float, optional
        Length in seconds; by default what the object says, else the time of the last spike.
    keep_ids : bool
        Whether units are numbers of neurons, so that those between them are silent neurons.
    columns : (str, str), optional
        Of a DataFrame, those of units and of times; by default known by their names.
    time_unit : {"s", "ms", "us", "samples"}, optional
        Of times without a unit of their own; by default what the column's name ends in, else seconds.
    sampling_rate : float, optional
        Samples in a second, where times are in samples.

    Returns
    -------
    Raster
        With the names of the units, unless these are the numbers from 0 on.

    Raises
    ------
    InputError
        If it is nothing of that kind, or holds no spikes.

    Examples
    --------
    >>> from wmdelays import as_raster
    >>> cells = as_raster({"a": [0.1, 0.25], "b": [0.2]}, duration=1)
    >>> cells, cells.units
    (<Raster: 3 spikes of 2 neurons in 1 s>, ('a', 'b'))
    """
    if isinstance(spikes, Raster):
        return spikes
    found = _spikes(spikes, columns, time_unit, sampling_rate)
    return raster_of(
        found,
        n_neurons=n_neurons,
        duration=duration,
        keep_ids=keep_ids,
        in_seconds=time_unit is not None,
    )


def as_patterns(given: Any) -> list[Raster]:
    """What is to be stored as rasters of the same units.

    Parameters
    ----------
    given : object or sequence of object
        One of the kinds that `as_raster` takes, or a list of them. A list of arrays is one recording.

    Returns
    -------
    list of Raster
    """
    if isinstance(given, Raster) or _is_one(given):
        return [as_raster(given)]
    patterns = [as_raster(one) for one in given]
    alike = {(pattern.n_neurons, pattern.units) for pattern in patterns}
    return patterns if len(alike) < 2 else of_same_units(patterns)


def _is_one(given):
    """Whether something is the spikes of one recording, and no list of recordings."""
    if not isinstance(given, list | tuple):
        return not hasattr(given, "__next__")
    return bool(given) and not any(isinstance(one, Raster) for one in given) and all(
        _is_train(one) for one in given
    )  # fmt: skip


def _is_train(one):
    if hasattr(one, "t_stop"):
        return True
    if isinstance(one, str | bytes | Mapping) or hasattr(one, "columns"):
        return False
    try:
        array = np.asarray(one)
    except ValueError:
        return False
    return array.ndim == 1 and (array.dtype.kind in "iuf" or not array.size)


def _spikes(spikes, columns, time_unit, sampling_rate):
    if hasattr(spikes, "columns") and hasattr(spikes, "to_numpy"):
        header = [str(name) for name in spikes.columns]
        unit, time = columns_of(header, columns)
        times = np.asarray(spikes.iloc[:, time], np.float64)
        counts = column_per_second(header[time], time_unit, sampling_rate)
        labels = np.asarray(spikes.iloc[:, unit])
        if labels.dtype.kind not in "iufU":
            labels = labels.astype(str)
        return from_labels(labels, times / counts)
    if columns is not None:
        raise InputError("columns are those of a table")
    if hasattr(spikes, "get_unit_spike_train"):
        return _of_spikeinterface(spikes)
    if hasattr(spikes, "time_support") and hasattr(spikes, "items"):
        ends = np.asarray(spikes.time_support.end)
        trains = [(str(name), np.asarray(one.t)) for name, one in spikes.items()]
        return from_trains(trains, duration=float(ends.max()) if ends.size else None)
    counts = per_second(time_unit, sampling_rate)
    if isinstance(spikes, Mapping):
        return from_trains(
            [(str(name), _times(one, name) / counts) for name, one in spikes.items()]
        )
    if isinstance(spikes, np.ndarray) and spikes.ndim == 2 and spikes.shape[1] == 2:
        return from_labels(spikes[:, 0], spikes[:, 1] / counts)
    if isinstance(spikes, list | tuple | np.ndarray) and all(map(_is_train, spikes)):
        if all(hasattr(one, "t_stop") for one in spikes):
            return _of_neo(spikes)
        trains = [(str(k), _times(one, k) / counts) for k, one in enumerate(spikes)]
        return from_trains(trains)
    if isinstance(spikes, str | os.PathLike):
        raise InputError("spikes, not the name of a file: read it with wmdelays.read_raster(path)")
    raise InputError(f"spikes are {_TAKEN}, not {type(spikes).__name__}")


def _times(given, name):
    try:
        array = np.asarray(given, np.float64)
    except (ValueError, TypeError):
        array = None
    if array is None or array.ndim > 1:
        raise InputError(f"the times of unit {name} are no list of numbers")
    return array.reshape(-1)


def _of_neo(trains):
    names = [str(train.name) if train.name else str(k) for k, train in enumerate(trains)]
    if len(set(names)) < len(names):
        names = [str(k) for k in range(len(trains))]
    times = [train.rescale("s").magnitude for train in trains]
    ends = [float(train.t_stop.rescale("s").magnitude) for train in trains]
    return from_trains(list(zip(names, times)), duration=max(ends, default=None))


def _of_spikeinterface(sorting):
    if sorting.get_num_segments() > 1:
        raise InputError("the sorting has several segments; take one (sorting.select_segments)")
    rate = sorting.get_sampling_frequency()
    return from_trains(
        [(str(one), sorting.get_unit_spike_train(one) / rate) for one in sorting.unit_ids]
    )
