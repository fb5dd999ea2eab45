"""Recordings in tables of text: csv, tsv and their packed kinds, a spike on each line."""

from __future__ import annotations

import re
from array import array
from itertools import chain

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.csv_rows import OFTEN, csv_rows, delimiter_of, plain
from wmdelays.files.recordings.spikes import LONGEST, SAMPLES, from_names, per_second
from wmdelays.machine.free_memory import check_memory
from wmdelays.words import counted, printable

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
# With what is made of them, spikes take so many times their size in memory.
_COPIES = 4
_ROOM = "what the file holds", "cut it into pieces, or take a machine with more memory"
_COMMENTS = "#%"
# What programs write where there is no number.
_MISSING = ("", "nan", "na", "n/a", "null", "none", "-")
# What the columns are called in the tables that labs and programs write, without what stands for
# the unit of time.
_UNIT_COLUMNS = (
    "unit", "unit_id", "units", "neuron", "neuron_id", "neurons", "cell", "cell_id", "cluster",
    "cluster_id", "clusters", "spike_clusters", "id", "ids", "label", "labels", "channel",
    "node_id", "node_ids", "sender", "senders", "i",
)  # fmt: skip
_TIME_COLUMNS = (
    "time", "times", "t", "spike_time", "spike_times", "timestamp", "timestamps", "spiketime",
    "spiketimes", "sample", "samples", "frame",
)  # fmt: skip
_UNIT_OF_TIME = re.compile(r"(.*?)[ _]*[(\[]?\b(s|sec|seconds|ms|msec|us|usec)\b[)\]]?")
_SHORT = {"sec": "s", "seconds": "s", "msec": "ms", "usec": "us"}
_COUNTS = ("sample", "samples", "frame")


def read_table(path, *, columns=None, time_unit=None, sampling_rate=None, decimal_comma=False):
    """The spikes of a table.

    Parameters
    ----------
    path : Path
        Cells stand between commas, semicolons, tabs or spaces, as the first line shows. Lines that
        begin with # or % are comments.
    columns : (str, str), optional
        Names, or numbers from 1 on, of the columns of units and of times. By default they are known
        by their names.
    time_unit : {"s", "ms", "us", "samples"}, optional
        Of the times; by default what the column's name ends in, else seconds.
    sampling_rate : float, optional
        Samples in a second, where times are in samples.
    decimal_comma : bool
        Whether numbers are written with a comma.

    Returns
    -------
    Spikes
    """
    rows = csv_rows(path, delimiter_of(path, _COMMENTS, decimal_comma), _COMMENTS)
    line, header = next(((line, row) for line, row in rows if row), (1, []))
    header = [name.strip() for name in header]
    if not header:
        raise InputError("has no first line: it is empty")
    unit_column, time_column = columns_of(header, columns)
    counts = column_per_second(header[time_column], time_unit, sampling_rate)
    names, units, times = {}, array("q"), array("d")
    first = [] if _is_header(header, time_column, decimal_comma) else [(line, header)]
    for line, row in chain(first, rows):
        if not row:
            continue
        try:
            if len(row) != len(header):
                raise ValueError
            text = row[time_column]
            time = float(plain(text.replace(",", ".") if decimal_comma else text))
            if time != time:
                raise ValueError
            times.append(time)
            name = row[unit_column].strip()
            if not name or len(name) > LONGEST or not name.isprintable():
                raise ValueError
            units.append(names.setdefault(name, len(names)))
        except (ValueError, OverflowError):
            raise InputError(_wrong(line, row, header, unit_column, time_column)) from None
        if not len(units) % OFTEN:
            check_memory(_COPIES * 2 * units.itemsize * len(units), *_ROOM)
    return from_names(list(names), np.array(units, np.int64), np.array(times) / counts)


def columns_of(header, columns):
    """The places of the columns of units and of times.

    Parameters
    ----------
    header : list of str
        The names of all columns.
    columns : (str, str) or None
        The two, by name or by number from 1 on; by default known by their names.

    Returns
    -------
    unit, time : int
    """
    if columns is not None:
        return tuple(_place(header, name) for name in columns)
    plain_names = [_plain_name(name) for name in header]
    found = []
    for known, what in ((_UNIT_COLUMNS, "units"), (_TIME_COLUMNS, "times")):
        places = [k for k, name in enumerate(plain_names) if name in known]
        if len(places) != 1:
            which = "no column" if not places else f"{len(places)} columns"
            if not any(character.isalpha() for name in header for character in name):
                raise InputError(
                    "has no first line with names of columns; say which are units and times by their"
                    f" numbers ({parameter('columns=(1, 2)', '--columns 1,2')})"
                )
            shown = ", ".join(printable(header[k]) for k in places or range(len(header)))[:80]
            raise InputError(
                f"its header has {which} known to hold {what} ({shown}); name the two"
                f" ({parameter('columns=(unit, time)', '--columns UNIT,TIME')})"
            )
        found += places
    return tuple(found)


def _place(header, name):
    if name in header:
        return header.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(header):
        return int(name) - 1
    raise InputError(
        f"has no column {printable(name)}; it has {', '.join(map(printable, header))[:80]}"
    )


def _plain_name(name):
    name = name.lower().replace("-", "_")
    found = _UNIT_OF_TIME.fullmatch(name.replace("_", " "))
    return (found[1] if found and found[1] else name.replace("_", " ")).strip().replace(" ", "_")


def column_per_second(name, time_unit=None, sampling_rate=None):
    """How many of what a column counts make a second, told by its name unless it is said.

    Parameters
    ----------
    name : str
        Of the column.
    time_unit : {"s", "ms", "us", "samples"}, optional
    sampling_rate : float, optional

    Returns
    -------
    float
    """
    if time_unit is None:
        found = _UNIT_OF_TIME.fullmatch(name.lower().replace("_", " "))
        time_unit = _SHORT.get(found[2], found[2]) if found else "s"
        if _plain_name(name) in _COUNTS:
            time_unit = SAMPLES
    return per_second(time_unit, sampling_rate)


def _is_header(row, time_column, decimal_comma):
    text = row[time_column]
    try:
        float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return True
    return False


def _wrong(line, row, header, unit_column, time_column):
    shown = ",".join(row)[:60]
    if len(row) != len(header):
        return (
            f"line {line} has {counted(len(row), 'cell')}, the first line {len(header)}: {shown!r};"
            " fill in what is missing, or take the line out"
        )
    for column, what, missing in ((unit_column, "unit", ("",)), (time_column, "time", _MISSING)):
        if row[column].strip().lower() in missing:
            return (
                f"line {line} has no {what} (column {printable(header[column])[:40]}): {shown!r}; fill it"
                " in, or take the line out"
            )
    names = f"{header[unit_column]},{header[time_column]}"
    words = (
        f"line {line}: expected a unit and a time (columns {printable(names)[:40]}), not {shown!r}"
    )
    if len(row) > time_column and re.fullmatch(r"\s*-?\d+,\d+\s*", row[time_column]):
        words += f"; are these decimal commas ({parameter('decimal_comma=True')})?"
    return words
