"""Which units are excitatory and which inhibitory, from a csv file or a recording."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, one_line
from wmdelays.files.csv_rows import csv_rows, delimiter_of
from wmdelays.files.file_kinds import is_hdf5
from wmdelays.files.recordings.hdf5 import unit_column
from wmdelays.files.recordings.phy import cluster_column, is_phy
from wmdelays.quantities import shortened
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNIT, _TYPE = "unit", "type"
# Whether what a type is called is inhibitory; the longer ones as spike sorters call them.
_WORDS = dict.fromkeys(
    ("e", "exc", "excitatory", "pyramidal", "pyramidal cell", "principal", "principal cell"), False
)
_WORDS |= dict.fromkeys(
    ("i", "inh", "inhibitory", "interneuron", "narrow interneuron", "wide interneuron"), True
)
_ASKED = "it has to be E, I, excitatory, inhibitory, pyramidal or interneuron"


def inhibitory_units(types: str | Path | Mapping[str, str], names: Sequence[str]) -> list[int]:
    """The numbers of the inhibitory units among those of these names.

    Parameters
    ----------
    types : str, Path or mapping of str to str
        A csv file with the columns ``unit`` and ``type``, among others if wanted: the name or number of
        each unit, and E, I, excitatory, inhibitory, pyramidal or interneuron. Or the same as a dict.
    names : sequence of str
        Of all units, in the order of their numbers.

    Returns
    -------
    list of int
        Ascending.

    Raises
    ------
    InputError
        If the file cannot be understood, or says nothing of a unit, or two things.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("types.csv").write_text("unit,type\\n0,E\\n1,inhibitory\\n")
    >>> inhibitory_units("types.csv", ["0", "1"])
    [1]
    >>> inhibitory_units({"a": "E", "b": "I"}, ["a", "b"])
    [1]
    """
    if isinstance(types, Mapping):
        return _numbers(types, names)
    path = Path(types)
    if not os.path.isfile(path):
        raise InputError(f"{printable(path)}: there is no such file")
    try:
        return _numbers(_read(path), names, "; a line unit,type for each")
    except OSError as error:
        reason = one_line(error.strerror or error)
        raise InputError(f"{printable(path)}: cannot be read: {reason}") from None
    except InputError as error:
        raise InputError(f"{printable(path)}: {error}") from None


def types_of(named: str | Path, *recordings: str | Path) -> str | Path | dict[str, str]:
    """The types that a name stands for, as `inhibitory_units` takes them.

    Parameters
    ----------
    named : str or Path
        A csv file; or a column of the tables of units that the recordings bring, where these are NWB
        or folders of Phy.
    *recordings : str or Path

    Returns
    -------
    str, Path or dict of str to str
        The name itself, or the types by the names of the units.

    Raises
    ------
    InputError
        If one of these has no such column, or two give a unit of one name different types.
    """
    files = [Path(one) for one in recordings if is_hdf5(one) or is_phy(Path(one))]
    if os.path.isfile(named) or not files:
        return named
    types = {}
    for file in files:
        try:
            column = cluster_column if is_phy(file) else unit_column
            for unit, word in column(file, str(named)).items():
                if types.setdefault(unit, word) != word:
                    raise InputError(
                        f"unit {printable(unit)} has another type in another recording"
                    )
        except InputError as error:
            raise InputError(f"{printable(file)}: {error}") from None
    return types


def _numbers(types, names, cure=""):
    """The places of the names whose type is inhibitory."""
    missing = [name for name in names if name not in types]
    if missing:
        raise InputError(
            f"says nothing of unit {printable(missing[0])} ({len(missing)} of {len(names)} units){cure}"
        )
    found = []
    for k, name in enumerate(names):
        word = str(types[name]).strip().lower()
        if word not in _WORDS:
            raise InputError(
                f"the type of unit {printable(name)} is {shortened(types[name])}; {_ASKED}"
            )
        found += [k] if _WORDS[word] else []
    return found


def _read(path):
    """The type of each unit, by its name."""
    header, types = None, {}
    for line, row in csv_rows(path, delimiter_of(path)):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if header is None:
            if _UNIT not in cells or _TYPE not in cells:
                raise InputError(f"has not the columns {_UNIT} and {_TYPE} in its first line")
            header = cells.index(_UNIT), cells.index(_TYPE)
            continue
        if len(cells) <= max(header):
            raise InputError(f"line {line} has too few cells")
        unit, word = (cells[place] for place in header)
        if word.lower() not in _WORDS:
            raise InputError(f"line {line}: the type is {shortened(word)}; {_ASKED}")
        if _WORDS[types.setdefault(unit, word).lower()] != _WORDS[word.lower()]:
            raise InputError(f"line {line}: unit {printable(unit)} has two types")
    return types
