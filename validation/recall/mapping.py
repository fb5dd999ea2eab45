"""A memory for the network in discrete time, carried over to neurons in continuous time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, unwarned
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.neurons import ContinuousNeuron, Neurons, neurons_of
from wmdelays.timing.timed_scores import TimedScores, score_times

if TYPE_CHECKING:
    from collections.abc import Callable

# What `made` calls it in place of a rule.
RULE = "map"
# Gains that are tried: the first and their ratio, how many, and the ratio of those about the best.
_LEAST_GAIN, _RATIO, _N_GAINS, _FINER = 0.15, 1.25, 14, 1.12
# The shift that is tried first, as a part of the time to the peak of the PSP, and others where the
# recall is lost with it.
_USUAL, _OTHERS = 0.25, (0.0, 2.0, 0.5)
# Recalls while searching: of so many patterns, for so many seconds after the trigger; the network has
# run away if it emits so many times the stored spikes.
_FEW, _SHORT, _RUNAWAY = 4, 0.2, 3.0
# In so many ms activity moves on, about, with delays up to 41 ms.
_MOVES_ON_MS = 22.0
# F1 from which on something is recalled, so that it is worth to look at other shifts.
_SOMETHING = 0.02
# The tempo that counts as none while searching and in the end, in percent; most recalls of a search
# for a shift; the least difference of two shifts in ms.
_NEARLY, _NONE, _MOST, _LEAST_MS = 0.2, 0.005, 10, 1e-3


@dataclass(frozen=True, repr=False)
class Mapping:
    """A memory for the network in discrete time, in neurons in continuous time.

    Attributes
    ----------
    memory : Memory
        With the neurons and the weights and delays that were carried over. Its `made` says so.
    times : TimedScores
        Of the recall of all its patterns, by the compiled loop.
    shift_ms : float
        By how much all delays are shorter.
    gain : float
        By how much weights are larger than by the peak of the PSP.
    n_shortest : int
        Number of synapses whose delay would be below a tick, which it is instead.
    learned : TimedScores or None
        Of a memory that learned the same patterns for these neurons.
    settings, timing, versions : dict
    """

    memory: Memory
    times: TimedScores
    shift_ms: float
    gain: float
    n_shortest: int
    learned: TimedScores | None
    settings: dict
    timing: dict
    versions: dict

    def __repr__(self):
        return (
            f"<Mapping: {self.memory.neurons.model.name}, delays {self.shift_ms:.3g} ms shorter,"
            f" gain {self.gain:.3g}: {self.times!r}>"
        )

    def as_dict(self):
        """The mapping as plain JSON values."""
        return {
            "memory": sizes(self.memory),
            "shift_ms": self.shift_ms,
            "gain": self.gain,
            "n_shortest": self.n_shortest,
            "mapped": self.times.as_dict(),
            "learned": None if self.learned is None else self.learned.as_dict(),
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": self.versions,
        }


def map_memory(
    memory: Memory,
    neurons: str | ContinuousNeuron | Neurons,
    *,
    gain: float | None = None,
    shift_ms: float | None = None,
    beside: bool = False,
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
) -> Mapping:
    """Carry the weights of a memory over to neurons in continuous time, without learning.

    Weights become those whose postsynaptic potential peaks at the same part of the way from rest to
    threshold, times a gain, and all delays are shorter by a shift, since these potentials peak
    later than those of eq. 1. Shift and gain are found by recalls: the shift is that with which the
    tempo is zero, the gain the one with which most is recalled (F1 within 1 ms, the lag followed).

    Parameters
    ----------
    memory : Memory
        For the network in discrete time.
    neurons : str, ContinuousNeuron or Neurons
        What it is carried over to: the name of a model, see `wmdelays.neurons.neurons_of`, a
        model, or the neurons themselves.
    gain : float, optional
        By default the best of those that are tried.
    shift_ms : float, optional
        By default that without drift.
    beside : bool
        Whether the same patterns are learned for these neurons as well.
    seed : int
        Of that learning.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Mapping

    Raises
    ------
    InputError
        If the memory is for neurons in continuous time already, has no patterns, or its step is no
        whole number of ticks.

    Examples
    --------
    >>> import wmdelays
    >>> memory = wmdelays.store(wmdelays.bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> mapped = wmdelays.map_memory(memory, "lif-exp", gain=0.6, shift_ms=1.5)
    >>> mapped.memory.made["rule"], mapped.memory.n_delays
    ('map', 150)
    """
    from wmdelays.training.continuous.carrying import Carried

    say = progress or (lambda stage, part: None)
    check_mappable(memory)
    if isinstance(neurons, str):
        neurons = neurons_of(neurons, memory.n_neurons)
    elif isinstance(neurons, ContinuousNeuron):
        neurons = Neurons(neurons, memory.n_neurons)
    for name, value in (("gain", gain), ("shift_ms", shift_ms)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise InputError(f"{name} is {value}; it has to be a number of at least 0")
    began = time.perf_counter()
    search = _Search(Carried(memory, neurons), say)
    if gain is None:
        gain, start = search.gain(shift_ms)
    else:
        start = search.usual if shift_ms is None else shift_ms
    if shift_ms is None:
        short, _ = search.shift(gain, start, short=True, enough=_NEARLY)
        shift_ms, _ = search.shift(gain, short, short=False, enough=_NONE)
    made, n_shortest = search.carried.memory_with(shift_ms, gain)
    times = search.scored(made, short=False, all_patterns=True)
    timing = {"map": time.perf_counter() - began}
    made = replace(made, made=_made(memory, shift_ms, gain, n_shortest, times))
    learned = None
    if beside:
        began = time.perf_counter()
        learned = _learned(memory, neurons, seed, say)
        timing["learn"] = time.perf_counter() - began
    settings = {"neuron": neurons.model.name, "dt_s": neurons.dt, "beside": beside, "seed": seed}
    return Mapping(made, times, shift_ms, gain, n_shortest, learned, settings, timing, versions())


def check_mappable(memory):
    """Raise an InputError unless a memory can be carried over."""
    if memory.neurons is not None:
        raise InputError(
            f"the memory is for {memory.neurons.model.name} in continuous time already; map takes"
            " one for the network in discrete time"
        )
    memory.check_reset("map takes weights learned with")
    if memory.is_heterogeneous:
        raise InputError(
            "map takes a memory whose neurons are all alike, not one of each its own beta"
        )
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns, by whose recall the shift is found")


class _Search:
    """The search for a shift and a gain, by recalls of the memory's own patterns."""

    def __init__(self, carried, say):
        self.carried, self.say = carried, say
        self.usual = _USUAL * carried.peak_ms
        self.chosen = range(min(_FEW, carried.memory.n_patterns))

    def scored(self, memory, short, all_patterns=False):
        """The TimedScores of a recall, or None if the network has run away."""
        from wmdelays.training.continuous.recall import recall

        chosen = range(memory.n_patterns) if all_patterns else self.chosen
        cues, stored = memory.cues(chosen), [memory.patterns[k] for k in chosen]
        if short:
            cues = [_cut(cue, _SHORT) for cue in cues]
        return score_times(recall(memory, cues), stored)

    def at(self, gain, shift_ms, short):
        """What is recalled: F1 with the lag followed, the tempo, and whether it has run away."""
        self.say(f"gain {gain:.3g}, delays {shift_ms:.3g} ms shorter", None)
        times = self.scored(self.carried.memory_with(shift_ms, gain)[0], short)
        followed = times.followed
        ran_away = followed.recalled > _RUNAWAY * max(followed.stored, 1)
        return followed.f1, times.tempo_percent, ran_away

    def shift(self, gain, start, short, enough):
        """The shift with which the tempo is nearest to zero, and F1 with it."""
        tried = {}

        def try_(shift_ms):
            tried[shift_ms] = self.at(gain, shift_ms, short)
            return tried[shift_ms]

        try_(start)
        for factor in _OTHERS if short else ():
            if _known(tried) or tried[start][2] or tried[start][0] < _SOMETHING:
                break
            try_(factor * start)
        while _known(tried) and len(tried) < _MOST:
            following = _next(_known(tried))
            if following is None or following in tried:
                break
            if min(abs(t) for t in _known(tried).values()) <= enough:
                break
            try_(following)
        known = _known(tried)
        if known:
            best = min(known, key=lambda one: abs(known[one]))
        else:
            best = max(tried, key=lambda one: tried[one][0])
        return best, tried[best]

    def gain(self, shift_ms):
        """The gain with which most is recalled, and the shift with it."""
        tried, start, n_lost = {}, self.usual if shift_ms is None else shift_ms, 0

        def try_(gain, start):
            if shift_ms is None:
                found, at = self.shift(gain, start, short=True, enough=_NEARLY)
            else:
                found, at = shift_ms, self.at(gain, shift_ms, short=True)
            tried[gain] = (at[0], found)
            return at

        def best():
            # Of gains with which as much is recalled the one nearest to 1.
            return max(tried, key=lambda one: (round(tried[one][0], 3), -abs(math.log(one))))

        for k in range(_N_GAINS):
            at = try_(_LEAST_GAIN * _RATIO**k, start)
            if math.isfinite(at[1]):
                start = tried[_LEAST_GAIN * _RATIO**k][1]
            n_lost = n_lost + 1 if at[2] else 0
            # More of the same only fires more.
            if n_lost == 2:
                break
        middle = best()
        for gain in (middle / _FINER, middle * _FINER):
            try_(gain, tried[middle][1])
        return best(), tried[best()][1]


def _known(tried):
    """The tempo of each shift with which it is known."""
    return {shift: at[1] for shift, at in tried.items() if math.isfinite(at[1])}


def _next(tempo):
    """The shift to be tried next, from the tempo of those before; None if there is none.

    A false position: where the tempo changes its sign, the zero of the line between the nearest two;
    else from the best one on by what its tempo says.
    """
    slow = [shift for shift in tempo if tempo[shift] > 0]
    fast = [shift for shift in tempo if tempo[shift] <= 0]
    if slow and fast:
        # The shorter the delays, the faster.
        a, b = max(slow, key=lambda s: -tempo[s]), max(fast, key=lambda s: tempo[s])
        if abs(a - b) <= _LEAST_MS:
            return None
        following = a + (b - a) * tempo[a] / (tempo[a] - tempo[b])
    else:
        last = min(tempo, key=lambda s: abs(tempo[s]))
        # A shift e changes the tempo by e / L, L the time in which activity moves on.
        following = last + tempo[last] / 100 * _MOVES_ON_MS
        if following <= 0 and 0 in tempo:
            return None
        following = max(0.0, following)
    return None if following in tempo else following


def _cut(cue, seconds):
    """The cue of a recall that goes on for so many seconds at most."""
    from wmdelays.cue import Cue

    n_steps = min(cue.n_steps, cue.clamp + round(seconds / cue.step))
    return Cue.from_pattern(cue.spikes, cue.clamp, cue.step, n_steps)


def _made(old, shift_ms, gain, n_shortest, times):
    """How the memory was made, for `Memory.made`."""
    known = {name: value for name, value in times.as_dict().items() if value is not None}
    return {
        "rule": RULE,
        "seed": old.made.get("seed"),
        "scores": known,
        "carried_over": {
            "shift_ms": shift_ms,
            "gain": gain,
            "n_shortest": n_shortest,
            "rule": str(old.made.get("rule", "unknown")),
            "beta": old.beta,
            "theta": old.theta,
            "step_s": old.step,
        },
        **({"source": old.made["source"]} if "source" in old.made else {}),
        "versions": versions(),
    }


def _learned(memory, neurons, seed, say):
    """The TimedScores of a memory that learns the same patterns for the neurons."""
    from wmdelays.training.continuous.recall import recall
    from wmdelays.training.storing import store

    with unwarned():
        learned = store(
            memory.patterns,
            n_delays=memory.n_delays,
            step=memory.step,
            neurons=neurons,
            periodic=memory.periodic,
            seed=seed,
            progress=say,
        )
    return score_times(recall(learned, learned.cues()), learned.patterns)
