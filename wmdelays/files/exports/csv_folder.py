"""A memory as a folder of csv files, and back."""

from __future__ import annotations

import csv
import os
import warnings
from array import array
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.csv_rows import csv_rows, plain
from wmdelays.files.exports.description import (
    Description,
    read_description,
    write_description,
)
from wmdelays.files.exports.new_folder import check_regular, new_folder
from wmdelays.files.raster_files import write_raster
from wmdelays.memory import Memory
from wmdelays.synapses import COLUMNS, refuse
from wmdelays.words import printable

SYNAPSES, NEURONS = "synapses.csv", "neurons.csv"
_PATTERNS, _CUES = "patterns", "cues"
_OF_DISCRETE = ("beta", "theta", "reset_by")
# Synapses that are written at once.
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class CsvFolder:
    """What the folder holds.

    Attributes
    ----------
    description : Description
    columns : tuple of arrays, shape (n_synapses,)
        pre, post, delay and weight.
    own : dict of str to array, shape (n_neurons,)
        beta, theta and reset_by of each neuron; or the number of its class, "class".
    patterns : tuple of Raster
    """

    description: Description
    columns: tuple
    own: dict
    patterns: tuple


def write_csv(folder: str | Path, memory: Memory) -> None:
    """Write a memory as csv files into a new folder.

    Parameters
    ----------
    folder : str or Path
    memory : Memory

    Raises
    ------
    InputError
        If the folder is there already or cannot be written, or the neurons are a model of one's own.
    """
    with new_folder(folder) as place:
        write_description(place, memory, "csv")
        _write_synapses(place / SYNAPSES, memory)
        _write_neurons(place / NEURONS, memory)
        cues = [replace(one.spikes, units=memory.units) for one in memory.cues()]
        for name, rasters in ((_PATTERNS, memory.patterns), (_CUES, cues)):
            (place / name).mkdir()
            for k, raster in enumerate(rasters):
                write_raster(place / name / f"{name[:-1]}_{k:04d}.csv", raster)


def _write_synapses(path, memory):
    columns = [getattr(memory, name) for name in COLUMNS]
    with open(path, "w") as file:
        file.write(",".join(COLUMNS) + "\n")
        for first in range(0, memory.n_synapses, _BLOCK):
            rows = zip(*(one[first : first + _BLOCK].tolist() for one in columns))
            file.writelines(f"{i},{j},{d},{w!r}\n" for i, j, d, w in rows)


def _write_neurons(path, memory):
    if memory.neurons is None:
        names = [name for name in _OF_DISCRETE if getattr(memory, name) is not None]
        own = [memory.each(name).tolist() for name in names]
    else:
        names, own = ["class"], [memory.neurons.members.tolist()]
    latent = (np.arange(memory.n_neurons) >= memory.n_recorded).astype(int).tolist()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["neuron", "unit", "latent", *names])
        for k, (unit, *values) in enumerate(zip(memory.names(), latent, *own)):
            writer.writerow([k, unit, *map(repr, values)])


def read_csv(folder: str | Path) -> CsvFolder:
    """What `write_csv` wrote, checked.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    InputError
        If something is missing or not what it has to be. The line does not name the folder.
    """
    folder = Path(folder)
    said = read_description(folder)
    if said is None or said.kind != "csv":
        raise InputError("holds no memory as csv files")
    try:
        names, own = _read_neurons(folder / NEURONS, said)
        columns = tuple(_numbers(folder / SYNAPSES, COLUMNS))
        for name, values in zip(COLUMNS, columns):
            refuse(~np.isfinite(values), lambda k: f"has {name} {values[k]}, not a finite number")
        place = {name: k for k, name in enumerate(names)}
        patterns = [
            _read_pattern(folder / _PATTERNS / f"pattern_{k:04d}.csv", place, said)
            for k in range(said.n_patterns)
        ]
    except OSError as error:
        raise InputError(f"{Path(error.filename).name}: {error.strerror}") from None
    return CsvFolder(said, columns, own, tuple(patterns))


def _read_neurons(path, said):
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    wanted = ("class",) if said.neurons is not None else _OF_DISCRETE[:2]
    for name in ("neuron", "unit", *wanted):
        if name not in header:
            raise InputError(f"{path.name}: its first line has to name the column {name}")
    kept = [name for name in (*_OF_DISCRETE, "class") if name in header]
    names, columns = [], {name: array("d") for name in ("neuron", *kept)}
    for line, row in rows:
        names.append(row[header.index("unit")])
        for name, column in columns.items():
            column.append(_number(path, line, name, row[header.index(name)]))
        if len(names) > said.n_neurons:
            break
    if len(names) != said.n_neurons or columns.pop("neuron").tolist() != [*range(said.n_neurons)]:
        raise InputError(f"{path.name}: has to have a line for each of {said.n_neurons} neurons")
    own = {name: np.asarray(column) for name, column in columns.items()}
    if "class" in own:
        if np.any(own["class"] % 1):
            raise InputError(f"{path.name}: has classes that are no whole numbers")
        own["class"] = own["class"].astype(np.int64)
    return names, own


def _read_pattern(path, place, said):
    neurons, times = array("q"), array("d")
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    if header != ["unit", "time_s"]:
        raise InputError(f"{path.name}: its first line has to be unit,time_s")
    for line, row in rows:
        unit = row[0]
        if unit not in place:
            raise InputError(f"{path.name}: line {line}: there is no unit {printable(unit[:60])}")
        neurons.append(place[unit])
        times.append(_number(path, line, "time_s", row[1]))
    try:
        return said.pattern(neurons, times)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def _numbers(path, names):
    """The columns of a csv file, which has these and no others."""
    rows = _rows(path)
    header = next(rows, (0, []))[1]
    if header != [*names]:
        raise InputError(f"{path.name}: its first line has to be {','.join(names)}")
    with suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no numbers
        table = np.loadtxt(path, delimiter=",", comments=None, skiprows=1, ndmin=2)
        if table.shape[1] == len(names):
            return table.T
    # Slower; it says in which line what is wrong.
    columns = [array("d") for _ in names]
    for line, row in rows:
        for k, (name, column) in enumerate(zip(names, columns)):
            column.append(_number(path, line, name, row[k]))
    return map(np.asarray, columns)


def _rows(path):
    """Lines and their cells, of a table that is whole: each has as many, and the last line ends."""
    try:
        check_regular(path)
        _check_end(path)
        width = None
        for line, row in csv_rows(path):
            if row:
                width = width or len(row)
                if len(row) != width:
                    raise InputError(f"line {line} has {len(row)} cells, and the first {width}")
                yield line, row
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def _check_end(path):
    with open(path, "rb") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) not in (b"\n", b"\r"):
                raise InputError("its last line does not end, so it was cut; end it if it is whole")


def _number(path, line, name, text):
    try:
        return float(plain(text))
    except ValueError:
        raise InputError(
            f"{path.name}: line {line}: {name} is {printable(text[:60])!r}, not a number"
        ) from None
