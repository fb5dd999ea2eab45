"""Spikes as a file holds them, before they are a raster."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from wmdelays.binning import Clock
from wmdelays.errors import InputError, InputWarning, parameter
from wmdelays.raster import Raster
from wmdelays.words import counted, printable

# Numbers of units as texts: 9, and 9.0 as spreadsheets and pandas write it.
_NUMBER = re.compile(r"(-?[0-9]+)(?:\.0*)?")
_FRACTION = re.compile(r"-?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_DIGITS = re.compile(r"([0-9]+)")
# Characters of a name.
LONGEST = 100
# How many make a second.
TIME_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}
SAMPLES = "samples"
# No neuron fires so often in a second, over a whole recording.
_TOO_FAST = 2000.0
# So many spikes at whole seconds are counted in something else.
_WHOLE = 20
# Where all units together fire more rarely than this, on average, in Hz, and that for more than a
# day, times are likely to be in another unit.
_TOO_SLOW, _DAY = 1e-3, 86_400.0
# Where numbers are neurons and nobody says how many, and the highest asks for more than this and for
# so many times the units that spike, they are names (of channels, clusters, cells).
_MANY, _TIMES = 10_000, 100
_SHOWN = 5


def per_second(time_unit=None, sampling_rate=None):
    """How many of a unit of time make a second.

    Parameters
    ----------
    time_unit : {"s", "ms", "us", "samples"}, optional
        By default seconds.
    sampling_rate : float, optional
        Samples in a second, which is needed for samples.

    Returns
    -------
    float
    """
    if time_unit != SAMPLES:
        return TIME_UNITS[time_unit or "s"]
    if sampling_rate is None:
        raise InputError(
            f"times are in samples; say how many make a second ({parameter('sampling_rate')})"
        )
    return sampling_rate


@dataclass(frozen=True, eq=False)
class Spikes:
    """The spikes of a recording.

    Attributes
    ----------
    names : tuple of str
        What the units are called.
    units : int array, shape (n_spikes,)
        The unit of each spike, a place in `names`.
    times : float array, shape (n_spikes,)
        In seconds from the start of the recording.
    duration : float or None
        Length of the recording in seconds, where it is stated.
    n_neurons : int or None
        How many neurons there are, where that is stated; then names are numbers of neurons.
    intervals : dict of str to Trials
        Tables of intervals that the file brings.
    clock : Clock, optional
        Times all over the recording, with the unit of each, where these spikes may be a stretch of it:
        they tell how exactly times are known, by default the spikes themselves.
    """

    names: tuple
    units: np.ndarray
    times: np.ndarray
    duration: float | None = None
    n_neurons: int | None = None
    intervals: dict = field(default_factory=dict)
    clock: Clock | None = None


def from_labels(labels, times, **stated):
    """Spikes of which each has a label, that of its unit.

    Parameters
    ----------
    labels : array, shape (n_spikes,)
        Whole numbers, or texts.
    times : array of float, shape (n_spikes,)
        In seconds.
    **stated
        See `Spikes`.

    Returns
    -------
    Spikes
        Units are in the order of their numbers, or of their names.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind == "f":
        if not np.all(np.isfinite(labels)):
            k = np.flatnonzero(~np.isfinite(labels))[0]
            raise InputError(f"spike {k + 1} is of unit {labels[k]}; units are numbers or names")
        whole = labels.astype(np.int64)
        labels = whole if np.all(whole == labels) else labels
    found, units = np.unique(labels, return_inverse=True)
    return from_names([str(one) for one in found.tolist()], units.reshape(-1), times, **stated)


def from_names(names, units, times, **stated):
    """Spikes of units with names, in whatever order these were met.

    Parameters
    ----------
    names : list of str
        ``9`` and ``9.0`` are one unit, as spreadsheets write it.
    units : int array, shape (n_spikes,)
        Places in `names`.
    times : array of float, shape (n_spikes,)
        In seconds.
    **stated
        See `Spikes`.

    Returns
    -------
    Spikes
        Units are in the order of their numbers, or of their names.
    """
    names = [name.strip() for name in names]
    for name in names:
        if not name or len(name) > LONGEST or not name.isprintable():
            raise InputError(f"{printable(name[:40])!r} is no name of a unit")
    if names and all(map(_FRACTION.fullmatch, names)) and not all(map(_NUMBER.fullmatch, names)):
        raise InputError(
            f"units are numbered {names[0]} and the like: is that the column of times? Name the"
            f" two ({parameter('columns=(unit, time)', '--columns UNIT,TIME')})"
        )
    matches = [_NUMBER.fullmatch(name) for name in names]
    names = [str(int(found[1])) if found else name for name, found in zip(names, matches)]
    keys = [int(name) for name in names] if all(matches) else names
    ordered = sorted(set(keys)) if all(matches) else sorted(set(keys), key=natural)
    place = {key: k for k, key in enumerate(ordered)}
    moved = np.array([place[key] for key in keys], np.int64)
    return Spikes(tuple(map(str, ordered)), moved[units], np.asarray(times, np.float64), **stated)


def of_keys(keys, labels, times, **stated):
    """Spikes of units that are listed, silent ones too.

    Parameters
    ----------
    keys : array, shape (n_units,)
        What the units are called, whole numbers or texts.
    labels : array, shape (n_spikes,)
        The key of each spike's unit.
    times : array of float, shape (n_spikes,)
        In seconds.
    **stated
        See `Spikes`.

    Returns
    -------
    Spikes
    """
    keys = np.asarray(keys).reshape(-1)
    order = np.argsort(keys)
    place = np.searchsorted(keys[order], labels)
    if len(labels) and not (
        len(keys) and np.array_equal(keys[order].take(place, mode="clip"), labels)
    ):
        raise InputError("has spikes of units that it does not list")
    names = tuple(str(one) for one in keys.tolist())
    return Spikes(names, order[place] if len(keys) else labels, np.asarray(times, float), **stated)


def from_trains(trains, **stated):
    """Spikes of units that have a list of times each.

    Parameters
    ----------
    trains : sequence of (str, array of float)
        Name of each unit, and its times in seconds.
    **stated
        See `Spikes`.

    Returns
    -------
    Spikes
    """
    units = [np.full(len(times), k) for k, (_, times) in enumerate(trains)]
    times = [np.asarray(times, np.float64) for _, times in trains]
    return Spikes(
        tuple(name for name, _ in trains),
        np.concatenate(units) if units else np.empty(0, np.int64),
        np.concatenate(times) if times else np.empty(0),
        **stated,
    )


def raster_of(
    spikes, *, n_neurons=None, duration=None, keep_ids=False, in_seconds=False, from_0=False
):
    """The raster of a recording, checked.

    Parameters
    ----------
    spikes : Spikes
    n_neurons : int, optional
        Number of neurons; then the units are numbers of neurons.
    duration : float, optional
        Length in seconds; by default what is stated, else the time of the last spike.
    keep_ids : bool
        Whether units are numbers of neurons, so that the numbers between them are silent neurons.
    in_seconds : bool
        Whether somebody said in which unit the times are.
    from_0 : bool
        Whether spikes before 0 are left out, and not refused.

    Returns
    -------
    Raster
        Its `units` are the names of the units, unless these are the numbers from 0 on.

    Raises
    ------
    InputError
        If there are no spikes, or one is outside the recording, or the times are in another unit.
    """
    if from_0 and (spikes.times < 0).any():
        kept = spikes.times >= 0
        spikes = replace(spikes, units=spikes.units[kept], times=spikes.times[kept])
    if not len(spikes.times):
        raise InputError("holds no spikes")
    _check_times(spikes, in_seconds)
    n_neurons = spikes.n_neurons if n_neurons is None else n_neurons
    duration = spikes.duration if duration is None else duration
    if duration is None:
        duration = max(spikes.times.max(), np.finfo(float).tiny)
    numbered = spikes.names == tuple(map(str, range(len(spikes.names))))
    if n_neurons is None and not keep_ids:
        silent = sorted({*range(len(spikes.names))} - {*np.unique(spikes.units).tolist()})
        if silent:
            n, shown = len(silent), ", ".join(printable(spikes.names[k]) for k in silent[:_SHOWN])
            warnings.warn(
                f"{counted(n, 'unit')} of {len(spikes.names)} never {'spike' if n > 1 else 'spikes'}"
                f" ({shown}{', …' if n > _SHOWN else ''})",
                InputWarning,
                stacklevel=3,
            )
        units = None if numbered else spikes.names
        return Raster(
            spikes.units, spikes.times, len(spikes.names), duration, clock=spikes.clock, units=units
        )
    numbers = np.arange(len(spikes.names)) if numbered else _numbers(spikes)
    neurons, clock = numbers[spikes.units], spikes.clock
    if n_neurons is None:
        n_neurons = _highest(spikes, neurons) + 1
    if clock is not None:
        clock = Clock(clock.times, numbers[clock.neurons])
    return Raster(neurons, spikes.times, n_neurons, duration, clock=clock)


def natural(name):
    """A key that sorts names as people do: 9 before 10, and u3 before u17."""
    parts = _DIGITS.split(name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def of_same_units(rasters):
    """Rasters whose neurons are the units of all of them; units of one name are one neuron.

    Parameters
    ----------
    rasters : sequence of Raster

    Returns
    -------
    list of Raster
        Neurons are in the order of their numbers, or of their names.
    """
    if all(raster.units is None for raster in rasters):
        most = max(raster.n_neurons for raster in rasters)
        return [replace(raster, n_neurons=most) for raster in rasters]
    names = set().union(*(raster.names() for raster in rasters))
    ordered = sorted(names, key=natural)
    return [raster.with_units(ordered) for raster in rasters]


def _check_times(spikes, in_seconds):
    times = spikes.times
    bad = ~np.isfinite(times)
    if bad.any():
        k = np.flatnonzero(bad)[0]
        raise InputError(f"spike {k + 1} has no finite time (unit {_name(spikes, k)})")
    before = times < 0
    if before.any():
        k = np.flatnonzero(before)[0]
        raise InputError(
            f"{counted(int(before.sum()), 'spike')} {'is' if before.sum() == 1 else 'are'} before the"
            f" start of the recording, as spike {k + 1}, of unit {_name(spikes, k)}, at"
            f" {times[k]:g} s: times start at 0; leave these out, of a file with"
            f" {parameter('read_raster(…, start=0)', '--start 0s')}"
        )
    length = max(float(times.max()), float(spikes.duration or 0))
    counts = np.bincount(spikes.units, minlength=len(spikes.names))
    fastest = int(counts.argmax())
    held = times[spikes.units == fastest]
    held = float(held.max() - held.min())
    if counts[fastest] > _TOO_FAST and counts[fastest] > _TOO_FAST * held:
        raise InputError(
            f"unit {printable(spikes.names[fastest])} fires {counts[fastest] / max(held, 1e-9):,.0f}"
            " times a second; are these its spikes, and are the times in seconds? State the unit"
            f" ({parameter('time_unit')} s, ms, us or samples) and the columns"
            f" ({parameter('columns=(unit, time)', '--columns UNIT,TIME')})"
        )
    if in_seconds:
        return
    if len(times) >= _WHOLE and np.all(times == np.rint(times)) and length >= len(times) / 4:
        raise InputError(
            f"all {len(times):,} times are whole numbers up to {length:,.0f}: in samples or in"
            f" milliseconds? Say which ({parameter('time_unit')} samples or ms; s if they are seconds)"
        )
    if length > _DAY and len(times) < _TOO_SLOW * length * len(spikes.names):
        warnings.warn(
            f"the {len(spikes.names)} units fire once in {len(spikes.names) * length / len(times):,.0f} s"
            f" for {length / _DAY:,.1f} days: are the times in seconds"
            f" ({parameter('time_unit')})?",
            InputWarning,
            stacklevel=4,
        )


def _name(spikes, k):
    return printable(spikes.names[spikes.units[k]])


def _numbers(spikes):
    """The names as numbers of neurons."""
    matches = [_NUMBER.fullmatch(name) for name in spikes.names]
    if not all(matches):
        name = next(name for name, found in zip(spikes.names, matches) if not found)
        raise InputError(
            f"the unit {printable(name)} is no number of a neuron; numbers are asked for"
            f" ({parameter('keep_ids=True')}, {parameter('n_neurons')})"
        )
    numbers = np.array([int(found[1]) for found in matches])
    if numbers.min() < 0:
        raise InputError(f"unit {numbers.min()} is negative; neurons are numbered from 0")
    return numbers


def _highest(spikes, neurons):
    highest, n_spiking = int(neurons.max()), len(np.unique(neurons))
    if highest >= max(_MANY, _TIMES * n_spiking):
        raise InputError(
            f"{counted(n_spiking, 'unit')} of {highest + 1:,} neurons "
            f"{'spikes' if n_spiking == 1 else 'spike'}: leave {parameter('keep_ids=True')} out, or state how"
            f" many neurons there are ({parameter('n_neurons')})"
        )
    return highest
