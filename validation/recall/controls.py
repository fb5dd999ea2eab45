"""What a recall of unseen trials is compared with: memories of scrambled trials, and plain guesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from wmdelays.raster import Raster
from wmdelays.timing import match_spikes


@dataclass(frozen=True)
class Control:
    """Something beside which the recall of unseen trials stands.

    Parameters
    ----------
    shown : str
        What it is called in sentences and tables.
    help : str
        What it is, in a sentence.
    trials : callable, optional
        ``trials(patterns, tick, rng)`` gives the patterns that the memory learns instead.
    memory : callable, optional
        ``memory(memory, rng)`` gives another memory from that of the real trials.
    guess : callable, optional
        ``guess(patterns, cued, n_trigger, tick, rng)`` gives a raster in place of a recall: of the
        trials that were learned and the trial that is cued, of which the first `n_trigger` ticks are
        known.
    random : bool
        Whether draws differ.
    """

    shown: str
    help: str
    trials: Callable | None = None
    memory: Callable | None = None
    guess: Callable | None = None
    random: bool = True


def shuffled(patterns, tick, rng):
    """Each unit's spikes shifted along each trial, around its end, by an amount of their own.

    Rates stay, and all intervals but one; what is lost is when in the trial a unit fires, and after
    which others.
    """
    return [_shifted(pattern, tick, rng) for pattern in patterns]


def _shifted(pattern, tick, rng):
    n_ticks, n = pattern.n_steps(tick), pattern.n_neurons
    ticks = (pattern.steps(tick) + rng.integers(n_ticks, size=n)[pattern.neurons]) % n_ticks
    return Raster.from_steps(pattern.neurons, ticks, n, n_ticks, tick)


def exchanged(patterns, tick, rng):
    """Each unit's spikes of a trial taken from another trial.

    When in a trial a unit fires stays; what is lost is what units have in common within a trial.
    """
    n, ticks, neurons = patterns[0].n_neurons, [], []
    sources = np.stack([rng.permutation(len(patterns)) for _ in range(n)])
    for k in range(len(patterns)):
        # Of each pattern those units that give their spikes to trial k.
        parts = [
            (pattern.steps(tick)[taken], pattern.neurons[taken])
            for m, pattern in enumerate(patterns)
            for taken in [sources[pattern.neurons, k] == m]
        ]
        ticks.append(np.concatenate([part for part, _ in parts]))
        neurons.append(np.concatenate([part for _, part in parts]))
    return [
        Raster.from_steps(*spikes, n, patterns[0].n_steps(tick), tick)
        for spikes in zip(neurons, ticks)
    ]


def poisson(patterns, tick, rng):
    """Independent spikes at each unit's mean rate over the trials."""
    n_ticks = patterns[0].n_steps(tick)
    return [_drawn(_mean_rate(patterns, tick), n_ticks, tick, rng) for _ in patterns]


def permuted(memory, rng):
    """The memory with its units under other numbers: the same network, but for whom it is cued by."""
    other = rng.permutation(memory.n_neurons)
    return replace(memory, pre=other[memory.pre], post=other[memory.post])


def mean_rate(patterns, cued, n_trigger, tick, rng):
    """Spikes at each unit's mean rate."""
    return _drawn(_mean_rate(patterns, tick), cued.n_steps(tick), tick, rng)


def mean_course(patterns, cued, n_trigger, tick, rng):
    """Spikes at each unit's rate at that moment of a trial: those of trials drawn for each unit."""
    (drawn, *_) = exchanged([patterns[k] for k in rng.permutation(len(patterns))], tick, rng)
    return drawn


def most_similar(patterns, cued, n_trigger, tick, rng):
    """The trial whose first ticks are most like the cue, as it was."""
    return max(patterns, key=lambda one: _alike(one, cued, n_trigger, tick))


def _alike(one, cued, n_trigger, tick):
    """F1 of the trigger windows of two trials, spikes within a tenth of the window matched."""
    parts = []
    for pattern in (one, cued):
        shown = pattern.steps(tick) < n_trigger
        parts += [pattern.neurons[shown], pattern.times[shown]]
    matched, _ = match_spikes(*parts, n_trigger * tick / 10)
    return 2 * len(matched) / max(len(parts[0]) + len(parts[2]), 1)


def _mean_rate(patterns, tick):
    """Spikes of each unit for each tick, float array of shape (n_neurons,)."""
    counts = sum(np.bincount(one.neurons, minlength=one.n_neurons) for one in patterns)
    return counts / (len(patterns) * patterns[0].n_steps(tick))


def _drawn(rates, n_ticks, tick, rng):
    """A raster with spikes drawn at rates, float array of shape (n_neurons,), one after another."""
    counts = rng.binomial(n_ticks, rates)
    ticks = [rng.choice(n_ticks, size=n, replace=False) for n in counts]
    neurons = np.repeat(np.arange(len(rates)), counts)
    return Raster.from_steps(neurons, np.concatenate(ticks), len(rates), n_ticks, tick)


CONTROLS = {
    "shuffled": Control(
        "shuffled trials",
        "a memory of trials in each of which every unit's spikes were shifted, around the end, by an"
        " amount of their own",
        trials=shuffled,
    ),
    "exchanged": Control(
        "trials with units exchanged",
        "a memory of trials in which every unit's spikes are those of another trial",
        trials=exchanged,
    ),
    "poisson": Control(
        "Poisson spikes of the same rates",
        "a memory of independent spikes at each unit's mean rate",
        trials=poisson,
    ),
    "permuted": Control(
        "units permuted",
        "the memory of the real trials, its units under other numbers",
        memory=permuted,
    ),
}
# Those that decide, unless others are asked for. Trials with units exchanged keep what all trials have
# in common, so they are no chance.
USUAL = ("shuffled", "poisson", "permuted")
# What needs no network: guesses from the learned trials.
BASELINES = {
    "rate": Control("the mean rate", "spikes drawn at each unit's mean rate", guess=mean_rate),
    "course": Control(
        "the mean time course",
        "each unit's spikes of a learned trial drawn for it: its rate at each moment of a trial",
        guess=mean_course,
    ),
    "similar": Control(
        "the most similar trial",
        "the learned trial whose trigger window is most like the cue",
        guess=most_similar,
        random=False,
    ),
}
