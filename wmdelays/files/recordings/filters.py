"""Which units of a recording are read: conditions on the columns of its table of units."""

from __future__ import annotations

import re

import numpy as np

from wmdelays.errors import InputError
from wmdelays.words import printable

_CONDITION = re.compile(r"\s*([^=<>!]+?)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*")
_COMPARED = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


def chosen(where, table, n_units, what="unit"):
    """Which units meet all conditions.

    Parameters
    ----------
    where : sequence of str
        Such as ``quality=good``, ``region=CA1,CA3`` (one of several), ``quality!=noise``,
        ``snr>=2``.
    table : dict of str to sequence
        The columns, each with a value for each unit.
    n_units : int
    what : str
        What units are called there.

    Returns
    -------
    bool array, shape (n_units,)

    Raises
    ------
    InputError
        If a condition is none, names no column, or nothing meets it.
    """
    kept = np.ones(n_units, bool)
    for text in where:
        found = _CONDITION.fullmatch(text)
        if not found:
            raise InputError(f"{printable(text)} is no condition; take one such as quality=good")
        name, sign, wanted = found.groups()
        if name not in table:
            names = ", ".join(map(printable, table)) or "no columns"
            raise InputError(f"has no column {printable(name)} of {what}s; it has {names[:120]}")
        values = [str(value) for value in table[name]]
        kept &= _met(values, sign, wanted)
        if not kept.any():
            held = ", ".join(map(printable, sorted(set(values))))
            raise InputError(
                f"no {what} has {printable(text)}; its {printable(name)} is {held[:80]}"
            )
    return kept


def _met(values, sign, wanted):
    if sign in _COMPARED:
        try:
            numbers = np.array([float(value or "nan") for value in values])
            return _COMPARED[sign](numbers, float(wanted))
        except ValueError:
            raise InputError(f"{sign} compares numbers; take = or !=") from None
    among = {one.strip() for one in wanted.split(",")}
    # True and 1.0 are written in more than one way.
    same = np.array([value in among or _number(value) in map(_number, among) for value in values])
    return same if sign == "=" else ~same


def _number(text):
    try:
        return float({"True": "1", "False": "0"}.get(text, text))
    except ValueError:
        return text
