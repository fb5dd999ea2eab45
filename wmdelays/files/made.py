"""What memories and networks say of how they were made, and what that has to look like.

Each part is kept as JSON text. Parts that are not named here may be any JSON.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from wmdelays.errors import InputError
from wmdelays.files.json_text import Number, Whole, as_json, check_depth, decoded
from wmdelays.words import printable


class _Resolution(TypedDict):
    """See `wmdelays.binning.Resolution`."""

    kind: Literal["decimals", "digits", "float32", "float64"]
    number: Annotated[int, msgspec.Meta(ge=0, le=20)]


class _Binning(TypedDict):
    """How a recording became the steps of a pattern, see `wmdelays.binning.Binning`.

    `start_s` is when the pattern begins in the recording, in seconds; `name` that of its trial.
    """

    pattern: Whole
    name: NotRequired[str]
    start_s: Annotated[float, msgspec.Meta(ge=0)]
    rule: Literal["nearest", "containing"]
    points: Whole
    resolution: _Resolution
    n_spikes: Whole
    n_off_grid: Whole
    n_at_edge: Whole
    n_coarse: Whole


class _CarriedOver(TypedDict):
    """Whose weights were carried over, and how; see `wmdelays.validation.recall.mapping`."""

    shift_ms: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    gain: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    n_shortest: Whole
    rule: str
    beta: Number
    theta: Number
    step_s: Number


class _Quantised(TypedDict):
    """See `wmdelays.training.rules.margin.on_grid`."""

    bits: Annotated[int, msgspec.Meta(ge=2, le=8)]


class _Heterogeneity(TypedDict):
    """The mean beta and the spread of time constants, see `wmdelays.training.heterogeneity.Leaks`."""

    beta: Number
    beta_spread: Number


_PARTS = {
    "rule": str,
    "seed": int | None,
    "settings": dict[str, Any],
    "scores": dict[str, Number | None],
    "heterogeneity": _Heterogeneity,
    "quantised": _Quantised,
    "reached": dict[str, Number],
    "unpredictable": dict[str, Number],
    "history": list[dict[str, Any]],
    "source": dict[str, Any],
    "binning": list[_Binning],
    "carried_over": _CarriedOver,
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
            check_depth(decoded(texts[name], _PARTS.get(name, Any)))
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
            check_depth(made[name])
        except InputError as error:
            raise InputError(f"the attribute {printable(name)!r} {error}") from None
    return made
