"""Weights in tables and arrays: csv, tsv, npy, npz. Nothing in them is executed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.csv_rows import csv_rows, delimiter_of, plain
from wmdelays.files.npz import npz_names, read_npy, read_npz
from wmdelays.synapses import COLUMNS
from wmdelays.training.imports.found import Found, from_tensor, of_each
from wmdelays.words import printable

TABLES = (".csv", ".tsv", ".txt")
ARRAYS = (".npy", ".npz")
_OF_NEURONS = ("beta", "theta", "reset_by")
_UNIT = "unit"
_AXES = ("post", "pre", "delay")


def read_table(path: Path) -> Found:
    """The synapses of a csv or tsv file with the columns pre, post, delay and weight, in any order."""
    delimiter = delimiter_of(path, "#")
    rows = csv_rows(path, delimiter, "#")
    places, columns = None, [array("d") for _ in COLUMNS]
    for line, row in rows:
        if not row:
            continue
        if places is None:
            places = _places(row)
            continue
        for name, place, column in zip(COLUMNS, places, columns):
            cell = row[place].strip() if place < len(row) else ""
            try:
                column.append(float(plain(cell)))
            except ValueError:
                raise InputError(
                    f"line {line}: {name} is {printable(cell)!r}, not a number"
                ) from None
    if places is None:
        raise InputError(f"is empty; its first line names the columns {', '.join(COLUMNS)}")
    return _of_columns("table", *map(np.asarray, columns))


def _places(header):
    names = [cell.strip().lower() for cell in header]
    for name in COLUMNS:
        if names.count(name) != 1:
            raise InputError(
                f"its first line has to name the columns {', '.join(COLUMNS)}, each once; it is"
                f" {printable(','.join(header)[:60])!r}"
            )
    return [names.index(name) for name in COLUMNS]


def read_array(path: Path, axes: tuple = _AXES) -> Found:
    """The weights of an npy or npz file.

    An npy file has a tensor of three axes, or rows of pre, post, delay and weight. An npz file has the
    tensor ``weights``, or the columns ``pre``, ``post``, ``delay`` and ``weight``, and perhaps ``beta``,
    ``theta`` and ``reset_by``.
    """
    if path.suffix == ".npy":
        return of_array(_numbers(read_npy(path, 3), "it"), axes)
    names = set(npz_names(path))
    arrays = read_npz(path, ("weights", *COLUMNS, *_OF_NEURONS), 3)
    own = {
        name: of_each(_numbers(arrays[name], name), name) for name in _OF_NEURONS if name in arrays
    }
    if "weights" in arrays and not names & set(COLUMNS):
        found = from_tensor(
            _three_axes(_numbers(arrays["weights"], "weights")), "tensor", axes, **own
        )
        return found
    if "weights" not in arrays and set(COLUMNS) <= set(arrays):
        columns = [_numbers(arrays[name], name) for name in COLUMNS]
        return _of_columns("table", *columns, **own)
    raise InputError(
        f"has to have either the array weights, or all of {', '.join(COLUMNS)}; it has"
        f" {printable(', '.join(sorted(names)) or 'none')}"
    )


def of_array(values: np.ndarray, axes: tuple = _AXES) -> Found:
    """The weights of one array: a tensor of three axes, or rows of pre, post, delay and weight."""
    if values.ndim == 2 and values.shape[1] == len(COLUMNS):
        return _of_columns("table", *values.T)
    return from_tensor(_three_axes(values), "tensor", axes)


def _of_columns(kind, pre, post, delay, weight, **own):
    columns = pre, post, delay, weight
    if len({one.shape for one in columns}) > 1 or pre.ndim != 1:
        shapes = ", ".join(f"{name} {one.shape}" for name, one in zip(COLUMNS, columns))
        raise InputError(f"has columns of different shapes: {shapes}")
    if not len(pre):
        raise InputError("has no synapses")
    for name, one in zip(COLUMNS, columns):
        bad = np.flatnonzero(~np.isfinite(one))
        if bad.size:
            raise InputError(f"synapse {bad[0]} has {name} {one[bad[0]]}, not a finite number")
    return Found(kind, pre, post, delay, weight, **own)


def _three_axes(values):
    if values.ndim != 3:
        raise InputError(
            f"has an array of the shape {values.shape}; it has to be a tensor of weights with three"
            f" axes, or rows of {', '.join(COLUMNS)}"
        )
    return values


def _numbers(values, name):
    if values.dtype.kind not in "biuf":
        raise InputError(f"has {name} of {values.dtype}, not of real numbers")
    return values


def read_values(path: Path, name: str, units: Sequence[str] | None = None) -> np.ndarray | float:
    """A value for each neuron, from an npy file or a text with a number a line.

    Parameters
    ----------
    path : Path
    name : str
        Of the parameter.
    units : sequence of str, optional
        What neurons are called; a csv file with the columns ``unit`` and `name` may then have them in
        any order, and others beside them.

    Raises
    ------
    InputError
        If the file cannot be understood, or says nothing of a neuron, or two things.
    """
    try:
        if path.suffix == ".npy":
            return of_each(_numbers(read_npy(path), "it"), name)
        rows = [row for _, row in csv_rows(path, delimiter_of(path, "#"), "#") if row]
        if units is not None and rows and _UNIT in _cells(rows[0]):
            return of_each(_by_unit(rows, name, units), name)
        return of_each([float(plain(row[0].strip())) for row in rows], name)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except ValueError as error:
        by_unit = "" if units is None else f", or the columns {_UNIT} and {name}"
        raise InputError(f"{path}: has to have a number a line{by_unit} ({error})") from None


def _cells(row):
    return [cell.strip() for cell in row]


def _by_unit(rows, name, units):
    """The values of the column `name`, in the order of the units."""
    header, found = _cells(rows[0]), {}
    if name not in header:
        raise InputError(f"has no column {name} beside {_UNIT} in its first line")
    columns = header.index(_UNIT), header.index(name)
    for row in map(_cells, rows[1:]):
        if len(row) <= max(columns):
            raise InputError(f"has a line with too few cells: {printable(','.join(row))}")
        unit, value = (row[k] for k in columns)
        if found.setdefault(unit, value) != value:
            raise InputError(f"unit {printable(unit)} has two values of {name}")
    missing = [unit for unit in units if unit not in found]
    if missing:
        raise InputError(
            f"says nothing of unit {printable(missing[0])} ({len(missing)} of {len(units)} units); it"
            f" takes a line {_UNIT},{name} for each"
        )
    return [float(plain(found[unit])) for unit in units]
