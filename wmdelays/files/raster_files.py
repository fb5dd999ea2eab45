"""Rasters in files: csv with the columns unit,time_s, and npz."""

from __future__ import annotations

import csv
import os
from array import array
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.files.csv_rows import OFTEN, csv_rows, plain
from wmdelays.files.file_kinds import RASTER
from wmdelays.files.npz import read_npz
from wmdelays.files.output import check_writable, replacing
from wmdelays.machine.free_memory import check_memory
from wmdelays.raster import Raster

_HEADER = ["unit", "time_s"]
# With what is made of them, spikes take so many times their size in memory.
_COPIES = 4
_ROOM = "what the file holds", "cut it into pieces, or take a machine with more memory"
# Where nobody says how many neurons there are, and the highest number asks for more than this and
# for so many times the units that spike, numbers are names (of channels, clusters, cells).
_MANY, _TIMES = 10_000, 100


def read_raster(
    path: str | Path, n_neurons: int | None = None, duration: float | None = None
) -> Raster:
    """Read a raster from a file.

    Parameters
    ----------
    path : str or Path
        A ``.csv`` file with the header ``unit,time_s`` and a spike on each line, or an ``.npz``
        file with the arrays ``unit`` and ``time_s`` and, if known, ``n_neurons`` and
        ``duration_s``.
    n_neurons : int, optional
        Number of neurons; by default what the file says, else the highest unit and one, unless
        nearly all of these would be silent.
    duration : float, optional
        Length in seconds; by default what the file says, else the time of the last spike.

    Returns
    -------
    Raster

    Raises
    ------
    InputError
        If there is no such file, it holds no spikes, or it cannot be understood; or its units are
        numbered far beyond their number, and no number of neurons is stated.

    Examples
    --------
    >>> from pathlib import Path
    >>> from wmdelays import read_raster
    >>> _ = Path("cells.csv").write_text("unit,time_s\\n1,0.002\\n0,0.0105\\n")
    >>> recording = read_raster("cells.csv")
    >>> recording.n_neurons, recording.times
    (2, array([0.002 , 0.0105]))
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".npz": _read_npz}
    if path.suffix not in readers:
        raise InputError(f"{path}: a raster file ends in .csv or .npz")
    if not os.path.isfile(path):
        raise InputError(f"{path}: there is no such file")
    try:
        units, times, stated = readers[path.suffix](path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None
    if not len(units):
        raise InputError(f"{path}: holds no spikes")
    if not np.all(np.isfinite(times)):
        raise InputError(
            f"{path}: spike {np.flatnonzero(~np.isfinite(times))[0] + 1} has no finite time"
        )
    if (times < 0).any():
        first = np.flatnonzero(times < 0)[0]
        raise InputError(
            f"{path}: spike {first + 1} is at {times[first]:g} s, outside the recording: times start"
            " at 0"
        )
    if n_neurons is None:
        n_neurons = stated.get("n_neurons")
    if n_neurons is None:
        n_neurons = int(units.max()) + 1
        n_spiking = len(np.unique(units))
        if n_neurons > max(_MANY, _TIMES * n_spiking):
            raise InputError(
                f"{path}: {n_spiking} of {n_neurons:,} units {'spikes' if n_spiking == 1 else 'spike'}:"
                " number the units from 0 without gaps, or state how many there are (--neurons of"
                " store, n_neurons in an npz file)"
            )
    if duration is None:
        duration = stated.get("duration_s", max(times.max(), np.finfo(float).tiny))
    try:
        return Raster(units, times, n_neurons, duration)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def check_raster(path):
    """Raise an InputError unless a raster can be written there."""
    path = Path(path)
    if path.suffix not in (".csv", ".npz"):
        raise InputError(f"{path}: a raster file ends in .csv or .npz")
    check_writable(path, RASTER)


def write_raster(path: str | Path, raster: Raster) -> None:
    """Write a raster to a ``.csv`` or ``.npz`` file, which `read_raster` reads back.

    A csv file does not hold the number of neurons and the duration; an npz file does.

    Examples
    --------
    >>> from wmdelays import Raster, read_raster, write_raster
    >>> write_raster("two.npz", Raster([0, 1], [0.001, 0.002], n_neurons=3, duration=0.01))
    >>> read_raster("two.npz").n_neurons
    3
    """
    path = Path(path)
    check_raster(path)
    with replacing(path, RASTER) as temporary:
        if path.suffix == ".csv":
            with open(temporary, "w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(_HEADER)
                writer.writerows(zip(raster.neurons.tolist(), map(repr, raster.times.tolist())))
        else:
            with open(temporary, "wb") as file:
                np.savez_compressed(
                    file,
                    unit=raster.neurons,
                    time_s=raster.times,
                    n_neurons=raster.n_neurons,
                    duration_s=raster.duration,
                )


def _read_csv(path):
    units, times = array("q"), array("d")
    try:
        rows = csv_rows(path)
        line, row = next(rows, (1, []))
        if [name.strip() for name in row] != _HEADER:
            raise InputError(f"the first line has to be unit,time_s, not {','.join(row)[:60]!r}")
        for line, row in rows:
            if not row:
                continue
            try:
                unit, time = map(plain, row)
                units.append(int(unit))
                times.append(float(time))
            except (ValueError, OverflowError):
                raise InputError(
                    f"line {line}: expected a unit number and a time in seconds, not"
                    f" {','.join(row)[:60]!r}"
                ) from None
            if not len(units) % OFTEN:
                check_memory(_COPIES * 2 * units.itemsize * len(units), *_ROOM)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return _as_units(path, np.array(units)), np.array(times), {}


def _read_npz(path):
    try:
        found = read_npz(path, ("unit", "time_s", "n_neurons", "duration_s"), _COPIES)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    missing = {"unit", "time_s"} - found.keys()
    if missing:
        raise InputError(f"{path}: has no array {' and no array '.join(sorted(missing))}")
    units, times = found.pop("unit"), found.pop("time_s")
    if not all(value.size == 1 for value in found.values()):
        raise InputError(f"{path}: n_neurons and duration_s have to be one number each")
    stated = {name: value.item() for name, value in found.items()}
    if times.dtype.kind not in "iuf" or not all(
        isinstance(v, int | float) for v in stated.values()
    ):
        raise InputError(f"{path}: time_s, n_neurons and duration_s have to be numbers")
    if units.shape != times.shape or units.ndim != 1:
        raise InputError(f"{path}: unit and time_s have to be one-dimensional and equally long")
    return _as_units(path, units), times.astype(np.float64), stated


def _as_units(path, units):
    units = np.asarray(units)
    if units.size and not np.issubdtype(units.dtype, np.integer):
        raise InputError(f"{path}: units are numbered by whole numbers from 0")
    if units.size and units.min() < 0:
        raise InputError(f"{path}: unit {units.min()} is negative; units are numbered from 0")
    return units
