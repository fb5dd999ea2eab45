"""Which units are excitatory and which inhibitory, from a csv file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, one_line
from wmdelays.files.csv_rows import csv_rows, delimiter_of
from wmdelays.quantities import shortened
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNIT, _TYPE = "unit", "type"
_WORDS = {"e": False, "exc": False, "excitatory": False}
_WORDS |= {"i": True, "inh": True, "inhibitory": True}


def inhibitory_units(path: str | Path, names: Sequence[str]) -> list[int]:
    """The numbers of the inhibitory units among those of these names.

    Parameters
    ----------
    path : str or Path
        A csv file with the columns ``unit`` and ``type``, among others if wanted: the name or number of
        each unit, and E, I, excitatory or inhibitory.
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
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise InputError(f"{printable(path)}: there is no such file")
    try:
        types = _read(path)
        missing = [name for name in names if name not in types]
        if missing:
            raise InputError(
                f"says nothing of unit {printable(missing[0])} ({len(missing)} of {len(names)} units);"
                " a line unit,type for each"
            )
    except OSError as error:
        reason = one_line(error.strerror or error)
        raise InputError(f"{printable(path)}: cannot be read: {reason}") from None
    except InputError as error:
        raise InputError(f"{printable(path)}: {error}") from None
    return [k for k, name in enumerate(names) if types[name]]


def _read(path):
    """Whether each unit is inhibitory, by its name."""
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
            raise InputError(
                f"line {line}: the type is {shortened(word)}; it has to be E, I, excitatory or inhibitory"
            )
        inhibitory = _WORDS[word.lower()]
        if types.setdefault(unit, inhibitory) != inhibitory:
            raise InputError(f"line {line}: unit {printable(unit)} has two types")
    return types
