"""What memories and networks say of how they were made, and what that has to look like.

Each part is kept as JSON text. Parts that are not named here may be any JSON.
"""

from typing import Any

from wmdelays.errors import InputError
from wmdelays.json_text import Number, as_json, decoded
from wmdelays.words import printable

_PARTS = {
    "rule": str,
    "seed": int | None,
    "settings": dict[str, Any],
    "scores": dict[str, Number],
    "reached": dict[str, Number],
    "unpredictable": dict[str, Number],
    "history": list[dict[str, Any]],
    "source": dict[str, Any],
    "versions": dict[str, str],
}


def texts_of(made, what, taken=()):
    """The parts as JSON texts.

    Parameters
    ----------
    made : dict
    what : str
        What they tell, for the error.
    taken : sequence of str
        Names that none of them may have.

    Raises
    ------
    InputError
        If a part is not what it has to be, or no plain JSON value.
    """
    texts = {}
    for name, value in made.items():
        if not isinstance(name, str) or not name or name in taken:
            raise InputError(f"{what} cannot be stored under the name {name!r}")
        try:
            texts[name] = as_json(value)
            decoded(texts[name], _PARTS.get(name, Any))
        except InputError as error:
            raise InputError(f"{what}: {printable(name)} {error}") from None
    return texts


def parts_of(attributes, others):
    """The parts from the attributes of a file, without the other ones.

    Raises
    ------
    InputError
        If one is no JSON or not what it has to be.
    """
    made = {}
    for name in attributes.keys() - {*others}:
        text = attributes[name]
        try:
            if not isinstance(text, str):
                raise InputError("is not JSON")
            made[name] = decoded(text, _PARTS.get(name, Any))
        except InputError as error:
            raise InputError(f"the attribute {printable(name)!r} {error}") from None
    return made
