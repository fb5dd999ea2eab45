"""JSON from elsewhere, checked whole against what it has to be before it is used.

What a text has to hold is written as a type, a `msgspec.Struct` for an object with named members.
"""

import json
import re
from typing import Annotated

import msgspec

from wmdelays.errors import InputError, one_line
from wmdelays.words import printable

# Numbers that any arithmetic takes: whole ones may have hundreds of digits in JSON.
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | float
Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# Escapes of half a character, which are no text, among all others.
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u([dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\.",
    re.DOTALL,
)
# What writes values out again gets at least so far.
_DEEPEST = 50


def decoded(data, kind):
    """The value of a JSON text.

    Parameters
    ----------
    data : bytes or str
    kind : type
        What it has to be. Where it says nothing, any JSON value may stand.

    Raises
    ------
    InputError
        If it is no JSON, or no value of this kind: ``is not JSON (…)`` or ``is not what it has to be
        (…)``, for a line that begins with what it is.

    Notes
    -----
    NaN and infinities are no JSON. A lone half of a character, which older files have in place of
    what is no text in a file's name, is read as ``\\\\udce9``.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
        if "\\ud" in text.lower():
            text = _ESCAPES.sub(_whole, text)
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise InputError(f"is not what it has to be ({printable(one_line(error))})") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InputError(f"is not JSON ({printable(one_line(error))})") from None


def fits(value, kind, name):
    """Raise an InputError unless a value that was decoded is of a kind.

    Parameters
    ----------
    value : object
    kind : type
    name : str
        What the value is called, for the error.
    """
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(
            f"is not what it has to be ({name}: {printable(one_line(error))})"
        ) from None


def _whole(escape):
    return rf"\\u{escape[1].lower()}" if escape[1] else escape[0]


def check_depth(value, left=_DEEPEST):
    """Raise an InputError if values are nested so deep that they cannot be written out again."""
    if not left:
        raise InputError(f"has values that are nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for one in value:
        check_depth(one, left - 1)


def as_json(value):
    """A plain JSON value as text.

    Raises
    ------
    InputError
        If it is none: NaN and infinities are not.
    """
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"is not a plain JSON value ({one_line(error)})") from None
