"""What the rows of each command's results have to be, see `wmdelays.validation.work.results`.

A file of results may come from elsewhere. What tables and figures take from its rows is checked here, so
that none of them has to.
"""

from typing import Annotated

import msgspec

from wmdelays.files.json_text import Number, Whole

# Sizes that can be numbered, and numbers that can be drawn on any axis.
_Count = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Size = Annotated[float, msgspec.Meta(ge=0, le=1e18)]
_Value = Annotated[float, msgspec.Meta(ge=-1e18, le=1e18)]


class StoreSetting(msgspec.Struct):
    """Of `wmdelays scan`: patterns and the rule they are stored by; more goes with both."""

    generator: str
    rule: str
    neurons: _Count
    delays: _Count
    steps: _Count
    patterns: _Count
    # Of the network in discrete time; theta of some neurons in continuous time as well.
    beta: _Value | None = None
    theta: _Value | None = None


class CapacitySetting(StoreSetting, kw_only=True):
    """Of `wmdelays capacity`: what the theory takes beside."""

    rate: Annotated[float, msgspec.Meta(gt=0, lt=1)]

    def __post_init__(self):
        if self.steps <= self.delays:
            raise ValueError("patterns of no more steps than delays leave nothing to recall")


class StoreFigures(msgspec.Struct):
    """Of `wmdelays scan` and `capacity`: what was recalled, and what it cost."""

    f1: _Part
    loss: _Part
    worst_pattern_f1: _Part
    unpredictable: _Part
    storable: _Part
    n_spikes: Whole
    seconds: _Size
    peak_bytes: _Size
    synapses: _Size


class DamageSetting(msgspec.Struct):
    """Of `wmdelays robustness`, which knows the kinds."""

    memory: str
    name: str
    rule: str
    neurons: _Count
    delays: _Count
    patterns: _Count
    steps: _Count
    simulator: str
    value: _Value
    draw: Whole
    before: Whole


class DamageFigures(msgspec.Struct):
    """Of `wmdelays robustness`."""

    f1: _Part
    # Null where there is nothing to be a part of: no spike recalled, or none stored.
    precision: _Part | None
    recall: _Part | None
    worst_pattern_f1: _Part
    n_spikes: Number
    # Of recalls in continuous time.
    f1_1ms: _Part | None = None
    f1_2ms: _Part | None = None
    f1_5ms: _Part | None = None
    f1_lag_followed: _Part | None = None
    tempo_percent: _Value | None = None
    wobble_ms: _Size | None = None


class GroupsSetting(msgspec.Struct):
    """Of `wmdelays groups-over-time`: a network at a time, and the search."""

    network: str
    seconds: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    strong: _Value
    n_anchors: _Count
    least_layers: Whole
    shuffled: bool


class GroupsFigures(msgspec.Struct):
    """Of `wmdelays groups-over-time`: what a search found."""

    n_sets: Whole
    n_groups: Whole
    n_distinct: Whole
    n_mothers: Whole


class TrialSetting(msgspec.Struct):
    """Of `wmdelays generalise`: which trials were held out, and what was made of them."""

    task: str
    kind: str
    fold: Whole
    draw: Whole


# Of `wmdelays generalise`: matched, recalled and stored spikes of each trial.
TrialFigures = dict[
    Annotated[str, msgspec.Meta(pattern=r"^(matched|recalled|stored)_[0-9]{1,9}$")],
    Annotated[int, msgspec.Meta(ge=0, le=2**53)],
]
