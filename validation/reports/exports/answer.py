"""An export in sentences."""

import math

from wmdelays.memory import sizes
from wmdelays.words import counted


def answer(memory, exported):
    """What was exported and whether it recalls there as here, a list of sentences."""
    lines = [] if exported.cued is None else _recall(exported)
    lines.append(
        f"Exported as {exported.form.shown}: {counted(memory.n_neurons, 'neuron')},"
        f" {counted(memory.n_synapses, 'synapse')}, {counted(memory.n_patterns, 'pattern')}."
    )
    called = exported.form.step_ms and exported.form.step_ms(memory)
    if called and not math.isclose(called, memory.step * 1e3):
        lines.append(
            f"A step of {memory.step * 1e3:.6g} ms is called {called:g} ms there, which changes no spike:"
            " delays are whole steps, and the leak is that of a step."
        )
    return lines


def values(memory, exported):
    """The same as plain values."""
    cued = exported.cued
    return {
        "memory": sizes(memory),
        "format": exported.form.name,
        "written_to": str(exported.path),
        "lacks": exported.form.lacks,
        "patterns": None if cued is None else list(cued.patterns),
        "n_held": None if cued is None else cued.n_held,
        "exact": exported.exact,
        "differences": [
            {
                "pattern": one.pattern,
                "n_spikes": one.n_spikes,
                "n_missing": one.n_missing,
                "n_too_many": one.n_too_many,
                "first_step": one.first,
            }
            for one in exported.differences
        ],
        "closest_call": exported.closest_call,
    }


def _recall(exported):
    shown, n = _patterns(exported.cued), sum(one.n_spikes for one in exported.differences)
    wrong = [one for one in exported.differences if one.first is not None]
    if wrong:
        many, missing = (
            sum(getattr(d, name) for d in wrong) for name in ("n_too_many", "n_missing")
        )
        return [
            f"Not exact: cued with {shown}, {counted(many, 'spike')} are too many and {missing:,} of"
            f" {n:,} missing, from step {wrong[0].first} of pattern {wrong[0].pattern} on."
        ]
    if not exported.exact:
        return [
            f"The same {counted(n, 'spike')} as the memory, cued with {shown}; but a membrane comes as"
            f" near to its threshold as {exported.closest_call:.2g}, and rounding may move it by"
            f" {exported.bound:.2g}, so another program's may differ."
        ]
    held = exported.cued.n_held
    clamp = (
        "no clamp is needed"
        if not held
        else f"for a clamp its inputs hold back {counted(held, 'spike')} of the network's own"
    )
    return [
        f"Exact: cued with {shown}, it emits the memory's {counted(n, 'spike')}, one for one; {clamp}."
    ]


def _patterns(cued):
    if len(cued.patterns) == 1:
        return f"pattern {cued.patterns[0]}"
    return f"patterns {', '.join(map(str, cued.patterns))} one after another"
