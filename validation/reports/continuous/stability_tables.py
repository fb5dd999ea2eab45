"""What `wmdelays stability` says, in sentences and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.words import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.validation.recall.stability import Stability

# A theory that is off by more than this part is marked.
_OFF = 0.3
# A difference from less than this is none: spikes are rounded to ticks of 0.1 ms, which is as much as
# a tempo of 0.2 % or so.
_LEAST = {"tempo_percent": 0.7, "wander_ms": 0.2, "wobble_ms": 0.1}


def verdict(result: Stability) -> str:
    """The answer in one line."""
    if not result.is_stable:
        if not np.isfinite(result.decay_ms):
            return "not known: too few spikes are recalled to tell what becomes of jitter"
        return "not stable: jitter of single spikes does not die"
    return (
        f"stable: jitter of single spikes falls to 1/e within {result.decay_ms:.3g} ms; a shift of all"
        " spikes stays (no network can pin it)"
    )


def said_of_cues(result: Stability) -> str:
    """What becomes of the jitter of a cue, and of every spike's own, in a line."""
    cue = result.as_dict()["cue_jitter"]
    return (
        f"1 ms of jitter in each spike of the cue leaves {cue['left']:.2g} ms in the first spikes after"
        f" it, and a shift of all by {cue['stays']:.2g} ms; 1 ms that each spike adds of its own leaves"
        f" them {result.wobble:.2g} ms about the lag, which wanders by {result.wander:.2g} ms in a second"
    )


def answers(results: Sequence[Stability], names: Sequence[str]) -> list[str]:
    """The answer for each memory, and what it means for a jittered cue, a line each."""
    alone = len(results) == 1
    lines = []
    for result, name in zip(results, names):
        lines.append(verdict(result) if alone else f"{name}: {verdict(result)}")
    if alone:
        lines.append(said_of_cues(results[0]))
    for result, name in zip(results, names):
        if not result.exact:
            which = "" if alone else f"{name}: "
            lines.append(
                f"{which}the recall without noise is not exact (F1, lag followed, {share(result.f1)}); all"
                " this is about what the network does, not about the pattern"
            )
    return lines


def off(results: Sequence[Stability]) -> list[str]:
    """What it means if theory and measurement are more than 30 % apart somewhere; a line or none."""
    if not any(
        _is_off(one, name) for result in results for one in result.levels for name in _LEAST
    ):
        return []
    return [
        "* more than 30 % apart: the theory is of the first order; where noise takes or adds spikes, or"
        " makes them so late that slopes have changed, it says too little; at smaller --levels they meet"
    ]


def _is_off(level, name):
    expected, seen = level.theory[name], level.measured[name]
    if not np.isfinite(expected + seen):
        return False
    return abs(seen - expected) > _OFF * max(abs(seen), _LEAST[name])


def level_columns(results: Sequence[Stability], names: Sequence[str]) -> dict:
    """The columns of a table of theory and measurement, a line for each memory and kind."""
    lines = [(name, one) for name, result in zip(names, results) for one in result.levels]
    columns = {
        "memory": [name for name, _ in lines],
        "untidy by": [f"{one.kind} {one.value:g}" for _, one in lines],
    }
    for title, name, sign in (
        ("tempo (%)", "tempo_percent", "+"),
        ("wander in 1 s (ms)", "wander_ms", ""),
        ("wobble (ms)", "wobble_ms", ""),
    ):
        columns[f"{title}: theory / measured"] = [
            f"{_cell(one.theory[name], sign)} / {_cell(one.measured[name], sign)}"
            f"{'*' if _is_off(one, name) else ''}"
            for _, one in lines
        ]
    columns["F1, lag followed"] = [_cell(one.f1_lag_followed, "") for _, one in lines]
    return columns


def _cell(value, sign):
    return f"{value:{sign}.3g}" if np.isfinite(value) else "-"


def memory_columns(results: Sequence[Stability], names: Sequence[str]) -> dict:
    """The columns of a table with what becomes of jitter, a line for each memory."""
    values = [result.as_dict() for result in results]
    sums = [one["row_sums"] for one in values]
    columns = {
        "memory": list(names),
        "neuron": [result.memory.neurons.model.name for result in results],
        "stable": ["yes" if result.is_stable else "no" for result in results],
        "decay (ms)": [_cell(result.decay_ms, "") for result in results],
        "left of the cue's": [f"{one['cue_jitter']['left']:.3g}" for one in values],
        "stays": [f"{one['cue_jitter']['stays']:.3g}" for one in values],
        "age (ms)": [f"{result.age_ms:.3g}" for result in results],
        "row sums": [f"{one['least']:.4f} to {one['most']:.4f}" for one in sums],
    }
    if any(result.multipliers for result in results):
        columns["second multiplier"] = [_cell(one.second_multiplier, "") for one in results]
    return columns
