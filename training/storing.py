"""Storing patterns: one front door for every rule."""

from __future__ import annotations

import inspect
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from wmdelays import __version__
from wmdelays.contexts import stored_sequence, unpredictable_spikes
from wmdelays.cue import Cue
from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.quantities import checked_seed
from wmdelays.raster import Raster
from wmdelays.scores import score
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.rules.registry import rule_named
from wmdelays.training.rules.rule import DEFAULT, sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def store(
    patterns: Raster | Sequence[Raster],
    rule: str = DEFAULT,
    *,
    n_delays: int = 41,
    step: float = 1e-3,
    beta: float = 0.7,
    theta: float = 1.0,
    periodic: bool = False,
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
    **options,
) -> Memory:
    """Find weights with which a network recalls the patterns from their first steps.

    Parameters
    ----------
    patterns : Raster or sequence of Raster
        What is stored: equally long and of the same neurons. Times are put on the grid of steps;
        a step that would merge two spikes of a neuron is refused (see `Raster.bin`).
    rule : str
        The way of finding weights: margin, hebbian, pseudo-inverse, bptt (which starts from Hebbian
        weights), or one that was registered.
    n_delays : int
        Largest delay D in steps, also the length of the trigger window.
    step : float
        Training time step in seconds.
    beta : float
        What is left of the membrane after a step; the time constant is -step / ln(beta).
    theta : float
        Threshold.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    seed : int
        Seed of all random numbers: the same seed gives the same memory on the same machine.
    progress : callable, optional
        ``progress(stage, part)`` is called now and then with what is being done (str) and the part of
        it that is done (float, or None where that is not known).
    **options
        Settings of the rule: see `margin`, `hebbian`, `pseudo_inverse` and `bptt`. Those of the rule
        that it starts from can be given as well.

    Returns
    -------
    Memory
        Its `made` says how it was made, how much it recalls, and how many spikes no weights
        could predict.

    Raises
    ------
    InputError
        If the patterns cannot be stored in one memory or a setting makes no sense.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> memory = store(bernoulli(n_neurons=40, n_steps=60, n_patterns=2, rate=0.02), n_delays=15)
    >>> memory.made["rule"], memory.made["scores"]["f1"]
    ('margin', 1.0)

    Another rule, and an option of it:

    >>> memory = store(memory.patterns, "hebbian", n_delays=15, deconvolve=True)
    >>> memory.made["settings"]
    {'deconvolve': True}
    """
    rule, seed = rule_named(rule), checked_seed(seed)
    common = {
        "n_delays": n_delays,
        "step": step,
        "beta": beta,
        "theta": theta,
        "periodic": periodic,
    }
    patterns = unlearned(patterns, **common).patterns
    options = rule.checked(options, n_delays)
    # Before a rule that this one starts from takes any.
    rule.check_room(sizes_of(patterns, n_delays, step, periodic), n_delays, options)
    memory, own, others = _learned(rule, patterns, common, options, seed, progress)
    memory.made["settings"] = {**memory.made.get("settings", own), **others}
    memory.made.update(
        rule=rule.name,
        seed=seed,
        scores=_scores(memory),
        unpredictable=_unpredictable(memory),
        versions={
            "wmdelays": __version__,
            "torch": version("torch"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )
    return memory


def _learned(rule, patterns, common, options, seed, progress):
    """The memory that a rule makes; its own options, and those of the rule that it starts from."""
    function = rule.load()
    names = {option.name for option in rule.options}
    own = {name: value for name, value in options.items() if name in names}
    others = {name: value for name, value in options.items() if name not in names}
    if rule.starts_from is None:
        start, given = patterns, dict(common)
    else:
        start, *_ = _learned(rule.starts_from, patterns, common, others, seed, progress)
        given = {}

    def told(stage, part):
        progress(f"{rule.name}: {stage}", part)

    if progress is not None:
        told("finding weights", None)
    taken = inspect.signature(function).parameters
    for name, value in (("seed", seed), ("progress", told if progress is not None else None)):
        if name in taken:
            given[name] = value
    return function(start, **given, **own), own, others


def unlearned(patterns, *, n_delays, step, beta, theta, periodic=False):
    """The memory before learning: the patterns and no synapses.

    Parameters
    ----------
    patterns, n_delays, step, beta, theta, periodic
        As in `store`.

    Returns
    -------
    Memory

    Raises
    ------
    InputError
        If the patterns cannot be stored in one memory.
    """
    patterns = [patterns] if isinstance(patterns, Raster) else list(patterns)
    if not patterns:
        raise InputError("there are no patterns to store")
    patterns = [pattern.bin(step) for pattern in patterns]
    memory = Memory.unlearned(
        patterns, n_delays=n_delays, step=step, beta=beta, theta=theta, periodic=periodic
    )
    if not any(len(pattern) for pattern in patterns):
        raise InputError("there are no spikes to store")
    return memory


def _scores(memory):
    # A periodic pattern has to lead back into its beginning.
    stored = [
        stored_sequence(p, memory.n_delays, memory.step, memory.periodic) for p in memory.patterns
    ]
    cues = [Cue.from_pattern(p, memory.n_delays, memory.step) for p in stored]
    scores = score(recall(memory, cues), stored)
    return {
        "f1": scores.total.f1,
        "precision": scores.total.precision,
        "recall": scores.total.recall,
        "worst_pattern_f1": scores.worst_pattern_f1,
    }


def _unpredictable(memory):
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    return {
        "n_spikes": found.n_spikes,
        "empty": len(found.empty),
        "ambiguous": len(found.ambiguous),
    }
