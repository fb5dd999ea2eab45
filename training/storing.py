"""Storing patterns: one front door for every rule."""

from __future__ import annotations

import inspect
import platform
import warnings
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from wmdelays import __version__
from wmdelays.contexts import stored_sequence, unpredictable_spikes
from wmdelays.cue import Cue
from wmdelays.errors import InputError, RecallWarning, parameter, with_settings
from wmdelays.files.recordings.objects import as_patterns
from wmdelays.memory import Memory
from wmdelays.neurons import ContinuousNeuron, Neurons, neurons_of
from wmdelays.quantities import checked_seed
from wmdelays.scores import score
from wmdelays.timing import score_times
from wmdelays.training.continuous.recall import recall as recall_in_ticks
from wmdelays.training.discrete.compiled import recall as recall_in_steps
from wmdelays.training.heterogeneity import Leaks
from wmdelays.training.latent import store_with_latent
from wmdelays.training.rules.registry import rule_named
from wmdelays.training.rules.rule import DEFAULT, DEFAULT_FOR_NEURONS, sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike


def store(
    patterns: Any,
    rule: str | None = None,
    *,
    n_delays: int = 41,
    step: float = 1e-3,
    beta: float | ArrayLike | None = None,
    theta: float | ArrayLike | None = None,
    beta_spread: float = 0.0,
    neurons: str | ContinuousNeuron | Neurons | None = None,
    periodic: bool = False,
    latent: int | str = 0,
    latent_rate: float | None = None,
    seed: int = 0,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    **options,
) -> Memory:
    """Find weights with which a network recalls the patterns from their first steps.

    Parameters
    ----------
    patterns : Raster, or what `as_raster` takes, or a sequence of them
        What is stored: equally long. A list of arrays is one pattern, the times of each unit. Times
        are put on the grid of steps, or of the neurons' ticks; a step that would merge two spikes of
        a neuron is refused (see `Raster.bin`).
    rule : str, optional
        The way of finding weights: margin (the default), hebbian, pseudo-inverse, bptt (which starts
        from Hebbian weights); timed-margin for neurons in continuous time; or one that was
        registered.
    n_delays : int
        Largest delay D in steps, also the length of the trigger window.
    step : float
        Training time step in seconds.
    beta : float or array_like of float, shape (n_neurons,), optional
        What is left of the membrane after a step, 0.7 by default; the time constant is
        -step / ln(beta). Of all neurons or of each; latent ones then have the values of others, drawn
        at random.
    theta : float or array_like of float, shape (n_neurons,), optional
        Threshold, 1 by default, likewise.
    beta_spread : float
        Standard deviation of the time constants from neuron to neuron, as a part of their mean, which
        is that of `beta`; 0 to 1. They are drawn from a lognormal distribution.
    neurons : str, ContinuousNeuron or Neurons, optional
        Neurons in continuous time that are learned for, in place of beta and theta: the name of a
        model, such as "adex", for its default values; a model; or the neurons themselves. Latent ones
        are of the same classes, in the same parts.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    latent : int or "auto"
        Number of latent neurons that are added: they are in no recording, never cued nor scored, and
        their random spikes, stored with the patterns, make contexts differ that are empty or alike.
        With "auto" as few as it takes: from the first number on with which all contexts differ, up
        to the first with which the recall is complete.
    latent_rate : float, optional
        Probability of a spike for each latent neuron and step; by default such that all of them
        spike eight times within the delays, and once a step at most.
    seed : int
        Seed of all random numbers: the same seed gives the same memory on the same machine.
    scheduler : str, optional
        Address of a running dask scheduler, whose workers learn by the rules margin and timed-margin in
        place of the threads of this process. The memory is the same, bit for bit.
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
        If the patterns cannot be stored in one memory, a setting makes no sense or no scheduler
        answers.

    Warns
    -----
    RecallWarning
        If the memory does not recall all that was stored.

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
    patterns = as_patterns(patterns)
    if isinstance(neurons, str) and patterns:
        neurons = neurons_of(neurons, patterns[0].n_neurons)
    elif isinstance(neurons, ContinuousNeuron) and patterns:
        neurons = Neurons(neurons, patterns[0].n_neurons)
    rule, seed = _rule(rule, neurons), checked_seed(seed)
    common = {"n_delays": n_delays, "step": step, "periodic": periodic}
    leaks = _leaks(beta, theta, beta_spread, neurons, seed)
    patterns = unlearned(patterns, **common, beta=beta, theta=theta, neurons=neurons).patterns
    common |= {} if neurons is None else {"neurons": neurons}
    options = rule.checked(options, n_delays)
    if scheduler is not None and "scheduler" not in _taken(rule):
        raise InputError(
            f"the rule {rule.name} learns in this process alone; leave out {parameter('scheduler')}"
        )

    n_recorded = patterns[0].n_recorded

    def learned(patterns, options, told):
        n = patterns[0].n_neurons
        if neurons is None:
            own = leaks.of(n_recorded, n)
        else:
            own = {"neurons": neurons.with_more(max(n - neurons.n_neurons, 0))}
        # Before a rule that this one starts from takes any.
        rule.check_room(sizes_of(patterns, n_delays, step, periodic), n_delays, options)
        memory, settings, others = _learned(
            rule, patterns, common | own, options, seed, scheduler, told
        )
        memory.made["settings"] = {**memory.made.get("settings", settings), **others}
        memory.made["scores"] = scores_of(memory)
        return memory

    memory = store_with_latent(
        patterns, latent, latent_rate, learned, options, common, seed, progress
    )
    if beta_spread:
        memory.made["heterogeneity"] = {"beta": leaks.beta, "beta_spread": float(beta_spread)}
    memory.made.update(
        rule=rule.name,
        seed=seed,
        unpredictable=_unpredictable(memory),
        versions={
            "wmdelays": __version__,
            "torch": version("torch"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )
    if memory.made["scores"]["f1"] < 1:
        warnings.warn(_what_is_lost(memory, rule), RecallWarning, stacklevel=2)
    return memory


def _what_is_lost(memory, rule):
    """Why a recall is not complete, and what helps, ."""
    scores, found = memory.made["scores"], memory.made["unpredictable"]
    words = f"the recall is not complete: F1 {scores['f1']:.4g}"
    n = found["empty"] + found["ambiguous"]
    if n and memory.neurons is None:
        latent = parameter("latent='auto'", "--latent auto")
        words += (
            f"; {n} of {found['n_spikes']} spikes cannot be predicted by any weights"
            f" ({found['empty']} have no spike in the {memory.n_delays} steps before,"
            f" {found['ambiguous']} the same as another moment); latent neurons"
            f" ({latent}) make contexts differ"
        )
    if rule.way_out:
        words += f"; {with_settings(rule.way_out)}"
    return words


def _rule(name, neurons):
    """The rule of that name, which has to be for such neurons."""
    if name is None:
        name = DEFAULT if neurons is None else DEFAULT_FOR_NEURONS
    rule = rule_named(name)
    if rule.for_neurons and neurons is None:
        raise InputError(
            f"the rule {name} is for neurons in continuous time; name them, such as adex"
        )
    if neurons is not None and not rule.for_neurons:
        raise InputError(
            f"the rule {name} is for the network in discrete time; for neurons in continuous time"
            f" take {DEFAULT_FOR_NEURONS}"
        )
    return rule


def _leaks(beta, theta, spread, neurons, seed):
    """Beta and theta as they are asked for; None for neurons in continuous time."""
    if neurons is None:
        return Leaks(beta, theta, spread, seed)
    if beta is not None or theta is not None:
        raise InputError("beta and theta are for the network in discrete time, not for neurons")
    if spread:
        raise InputError(
            f"{parameter('beta_spread')} is for the network in discrete time, not for neurons"
        )
    return None


def _learned(rule, patterns, common, options, seed, scheduler, progress):
    """The memory that a rule makes; its own options, and those of the rule that it starts from."""
    function = rule.load()
    names = {option.name for option in rule.options}
    own = {name: value for name, value in options.items() if name in names}
    others = {name: value for name, value in options.items() if name not in names}
    if rule.starts_from is None:
        start, given = patterns, dict(common)
    else:
        start, *_ = _learned(rule.starts_from, patterns, common, others, seed, scheduler, progress)
        given = {}

    def told(stage, part):
        progress(f"{rule.name}: {stage}", part)

    if progress is not None:
        told("finding weights", None)
    offered = {"seed": seed, "scheduler": scheduler, "progress": None if progress is None else told}
    given |= {name: offered[name] for name in offered.keys() & _taken(rule)}
    return function(start, **given, **own), own, others


def _taken(rule):
    """The names of the parameters of a rule's function."""
    return inspect.signature(rule.load()).parameters.keys()


def unlearned(patterns, *, n_delays, step, beta=None, theta=None, neurons=None, periodic=False):
    """The memory before learning: the patterns and no synapses.

    Parameters
    ----------
    patterns, n_delays, step, beta, theta, neurons, periodic
        As in `store` (without latent neurons); `neurons` is None or a `Neurons`.

    Returns
    -------
    Memory

    Raises
    ------
    InputError
        If the patterns cannot be stored in one memory.
    """
    patterns = as_patterns(patterns)
    if not patterns:
        raise InputError("there are no patterns to store")
    tick = step if neurons is None else neurons.dt
    leaks, n = _leaks(beta, theta, 0.0, neurons, 0), patterns[0].n_neurons
    own = {"beta": None, "theta": None, "neurons": neurons} if leaks is None else leaks.of(n, n)
    memory = Memory.unlearned(
        [pattern.bin(tick) for pattern in patterns],
        n_delays=n_delays,
        step=step,
        periodic=periodic,
        **own,
    )
    if not any(len(pattern) for pattern in patterns):
        raise InputError("there are no spikes to store")
    return memory


def scores_of(memory: Memory) -> dict[str, float]:
    """The scores of the recalls of all patterns by the compiled loop, as `made` has them.

    Of periodic patterns in continuous time they are those within 1 ms with the lag followed: neurons
    that rest before the cue come into the cycle a little early or late, and stay so.
    """
    # A periodic pattern has to lead back into its beginning.
    window = memory.n_delays * round(memory.step / memory.tick)
    stored = [stored_sequence(p, window, memory.tick, memory.periodic) for p in memory.patterns]
    cues = [Cue.from_pattern(p, window, memory.tick) for p in stored]
    recall = recall_in_steps if memory.neurons is None else recall_in_ticks
    recalls = recall(memory, cues)
    if memory.periodic and memory.neurons is not None:
        timed = score_times(recalls, stored)
        worst = min(one.f1_lag_followed for one in timed.patterns)
        return {**timed.followed.as_dict(), "worst_pattern_f1": worst}
    scores = score(recalls, stored)
    return {
        **scores.total.as_dict(),
        "worst_pattern_f1": scores.worst_pattern_f1,
    }


def _unpredictable(memory):
    window = memory.n_delays * round(memory.step / memory.tick)
    found = unpredictable_spikes(memory.patterns, window, memory.tick, memory.periodic)
    return {
        "n_spikes": found.n_spikes,
        "empty": len(found.empty),
        "ambiguous": len(found.ambiguous),
    }
