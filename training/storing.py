"""Storing patterns: one front door for every rule."""

import inspect
import platform
from importlib import import_module
from importlib.metadata import version

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
from wmdelays.training.room import check_room_for

# Module and function of each rule. torch takes seconds to import, and not every rule needs it.
_HOMES = {
    "margin": ("rules.margin.rule", "margin"),
    "hebbian": ("rules.closed_form.analytic", "hebbian"),
    "pseudo-inverse": ("rules.closed_form.analytic", "pseudo_inverse"),
    "bptt": ("rules.bptt.backpropagation", "bptt"),
}
RULES = tuple(_HOMES)


def store(
    patterns,
    rule="margin",
    *,
    n_delays=41,
    step=1e-3,
    beta=0.7,
    theta=1.0,
    periodic=False,
    seed=0,
    **options,
):
    """Find weights with which a network recalls the patterns from their first steps.

    Parameters
    ----------
    patterns : Raster or sequence of Raster
        What is stored: equally long and of the same neurons. Times are put on the grid of steps;
        a step that would merge two spikes of a neuron is refused (see `Raster.bin`).
    rule : {"margin", "hebbian", "pseudo-inverse", "bptt"}
        The way of finding weights. `bptt` starts from Hebbian weights.
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
    **options
        Settings of the rule: see `margin`, `hebbian`, `pseudo_inverse` and `bptt`.

    Returns
    -------
    Memory
        Its `made` says how it was made, how much it recalls, and how many spikes no weights
        could predict.

    Raises
    ------
    InputError
        If the patterns cannot be stored in one memory or a setting makes no sense.
    """
    if rule not in RULES:
        raise InputError(f"there is no rule {rule!r}; there are {', '.join(RULES)}")
    seed = checked_seed(seed)
    common = {
        "n_delays": n_delays,
        "step": step,
        "beta": beta,
        "theta": theta,
        "periodic": periodic,
    }
    patterns = unlearned(patterns, **common).patterns
    learn = rule_function(rule)
    if rule == "bptt":
        # The Hebbian start takes less, and would ask for itself alone.
        check_room_for(rule, patterns, n_delays, step, periodic)
        hebbian = rule_function("hebbian")
        known = set(inspect.signature(hebbian).parameters)
        start = {name: value for name, value in options.items() if name in known}
        learned = {name: value for name, value in options.items() if name not in known}
        _check_options(rule, learn, learned)
        memory = learn(hebbian(patterns, **common, **start), seed=seed, **learned)
        memory.made["settings"] |= start
    else:
        _check_options(rule, learn, options)
        if rule == "margin":
            memory = learn(patterns, **common, seed=seed, **options)
        else:
            memory = learn(patterns, **common, **options)
            memory.made["settings"] = dict(options)
    memory.made.update(
        rule=rule,
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


def rule_function(rule):
    """The function that finds weights by a rule.

    Raises
    ------
    InputError
        If there is no such rule.
    """
    if rule not in _HOMES:
        raise InputError(f"there is no rule {rule!r}; there are {', '.join(RULES)}")
    module, name = _HOMES[rule]
    return getattr(import_module(f"wmdelays.training.{module}"), name)


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


def _check_options(rule, function, options):
    fixed = {"patterns", "memory", "n_delays", "step", "beta", "theta", "periodic", "seed"}
    known = [name for name in inspect.signature(function).parameters if name not in fixed]
    for name in options:
        if name not in known:
            raise InputError(f"the rule {rule} has no setting {name}; it has {', '.join(known)}")


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
