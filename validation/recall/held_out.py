"""Trials that are held out in turn: what the others' memory, a control or a guess makes of each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from wmdelays.cue import Cue
from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, unwarned
from wmdelays.neurons import neurons_of
from wmdelays.timing import match_spikes
from wmdelays.validation.recall.controls import BASELINES, CONTROLS
from wmdelays.validation.recall.simulators import recall

# What the memory that learned the real trials is called among the kinds.
LEARNED = "learned"
_COUNTS = ("matched", "recalled", "stored")


@dataclass(frozen=True, eq=False)
class Task:
    """What is learned and recalled, apart from which trials are held out.

    Parameters
    ----------
    patterns : tuple of Raster
        The trials, at whole ticks.
    tick : float
        In seconds.
    learning : dict
        What `wmdelays.store` takes besides patterns, but for neurons.
    neurons : tuple
        What `wmdelays.neurons.neurons_of` takes besides their number, or nothing.
    within : float
        How far from its time a spike may be, in seconds.
    folds : tuple of tuple of int
        The trials that are held out together.
    """

    patterns: tuple
    tick: float
    learning: dict
    neurons: tuple
    within: float
    folds: tuple

    @cached_property
    def fingerprint(self):
        """A text that tells tasks apart."""
        rest = [self.tick, self.learning, self.neurons, self.within, self.folds]
        digest = hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode())
        for one in self.patterns:
            digest.update(json.dumps([len(one), one.n_neurons, one.duration]).encode())
            digest.update(one.neurons)
            digest.update(one.times)
        return digest.hexdigest()

    def __hash__(self):
        return hash(self.fingerprint)

    def __eq__(self, other):
        return isinstance(other, Task) and self.fingerprint == other.fingerprint

    @property
    def n_trigger(self):
        """Ticks of the trigger window."""
        return self.learning["n_delays"] * round(self.learning["step"] / self.tick)

    def learn(self, patterns):
        """The memory that has learned these patterns."""
        from wmdelays.training.storing import store

        given = {}
        if self.neurons:
            name, dt, settings = self.neurons
            given["neurons"] = neurons_of(name, patterns[0].n_neurons, dt, settings)
        with unwarned():
            return store(patterns, **self.learning, **given)


def recall_points(task, points):
    """The scores of trials at some points, each a fold, a kind of memory or guess, and a draw."""
    return [_figures(task, setting, seed) for setting, seed in points]


def _figures(task, setting, seed):
    fold, kind = setting["fold"], setting["kind"]
    held = task.folds[fold]
    trained = [one for k, one in enumerate(task.patterns) if k not in held]
    rng = random_numbers(seed, kind, fold, setting["draw"])
    if kind in BASELINES:
        guess = BASELINES[kind].guess
        return _counts(
            task,
            {
                k: guess(trained, task.patterns[k], task.n_trigger, task.tick, rng)
                for k in sorted(held)
            },
        )
    if kind == LEARNED:
        memory, asked = _memory_of(task, fold), range(len(task.patterns))
    elif CONTROLS[kind].memory is not None:
        memory, asked = CONTROLS[kind].memory(_memory_of(task, fold), rng), sorted(held)
    else:
        memory = task.learn(CONTROLS[kind].trials(trained, task.tick, rng))
        asked = sorted(held)
    cues = [Cue.from_pattern(task.patterns[k], task.n_trigger, task.tick) for k in asked]
    return _counts(task, {k: one.own for k, one in zip(asked, recall(memory, cues))})


@lru_cache(maxsize=1)
def _memory_of(task, fold):
    """The memory of the trials that this fold does not hold out: several points ask for it."""
    held = task.folds[fold]
    return task.learn([one for k, one in enumerate(task.patterns) if k not in held])


def _counts(task, made):
    """Matched, recalled and stored spikes of each trial of which a raster was made."""
    counts = {}
    for k, raster in made.items():
        parts = []
        for one in (raster, task.patterns[k]):
            late = one.steps(task.tick) >= task.n_trigger
            parts += [one.neurons[late], one.times[late]]
        matched, _ = match_spikes(*parts, task.within)
        counts |= dict(zip(_names(k), (len(matched), len(parts[0]), len(parts[2])), strict=True))
    return counts


def _names(k):
    return [f"{name}_{k}" for name in _COUNTS]


def collected(rows, task, draws):
    """The counts of held-out trials by kind and draw, and of the learned ones."""
    n_trials = len(task.patterns)
    counts = {kind: np.zeros((n, n_trials, 3), np.int64) for kind, n in draws.items()}
    trained = np.zeros((n_trials, 3), np.int64)
    for row in rows:
        setting, figures = row["setting"], row["figures"]
        held = task.folds[setting["fold"]]
        for k in range(n_trials) if setting["kind"] == LEARNED else held:
            if not figures.keys() >= set(_names(k)):
                raise InputError(f"a row of the results has no counts of trial {k}")
            found = [figures[name] for name in _names(k)]
            if k in held:
                counts[setting["kind"]][setting["draw"], k] = found
            else:
                trained[k] += found
    return counts, trained
