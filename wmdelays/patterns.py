"""Synthetic patterns.

Every generator gives a list of `n_patterns` rasters of `n_steps` steps and `n_neurons` neurons,
drawn with `numpy.random.default_rng(seed)`: the same seed, the same patterns.
"""

from __future__ import annotations

import inspect
import itertools
import math
from dataclasses import dataclass

import numpy as np

from wmdelays.draws import drawn_below
from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory
from wmdelays.quantities import checked_seed, whole
from wmdelays.raster import Raster

# Bytes that patterns take: each pattern, each of its spikes (neuron and time), what a spike of the
# one that is made takes besides; and while it is made each neuron, and each entry with evidence.
_OF_A_PATTERN, _OF_A_SPIKE, _OF_LAST, _OF_A_NEURON, _OF_EVIDENCE = 500, 16, 64, 24, 17


def bernoulli(
    n_neurons: int, n_steps: int, n_patterns: int, rate: float, *, step: float = 1e-3, seed: int = 0
) -> list[Raster]:
    """Independent spikes.

    Parameters
    ----------
    n_neurons, n_steps, n_patterns : int
        Size of the patterns and their number.
    rate : float
        Probability of a spike for each neuron and step, p_A.
    step : float
        Training time step in seconds.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    list of Raster

    Raises
    ------
    InputError
        If a size or a probability makes no sense.

    Examples
    --------
    >>> from wmdelays import bernoulli
    >>> patterns = bernoulli(n_neurons=50, n_steps=100, n_patterns=2, rate=0.01)
    >>> len(patterns), patterns[0].n_neurons, round(patterns[0].duration, 3)
    (2, 50, 0.1)
    """
    rng = _checked_rng(seed, n_neurons=n_neurons, n_steps=n_steps, n_patterns=n_patterns, rate=rate)
    _check_memory(n_neurons, n_steps, n_patterns, rate)

    def pattern():
        steps, neurons = np.divmod(drawn_below(rate, (n_steps, n_neurons), rng), n_neurons)
        return Raster.from_steps(neurons, steps, n_neurons, n_steps, step)

    return [pattern() for _ in range(n_patterns)]


def refractory(
    n_neurons: int,
    n_steps: int,
    n_patterns: int,
    rate: float,
    *,
    interval: int = 4,
    step: float = 1e-3,
    seed: int = 0,
) -> list[Raster]:
    """Independent spikes, with a silent interval after each.

    Parameters
    ----------
    n_neurons, n_steps, n_patterns, rate, step, seed
        As in `bernoulli`. `rate` is reached although part of the time is spent in the
        interval: a neuron that may fire does so with probability rate / (1 - rate * interval).
    interval : int
        Number of steps after a spike in which the neuron stays silent.

    Returns
    -------
    list of Raster

    Raises
    ------
    InputError
        If a size or a probability makes no sense, or the rate cannot be reached.

    Examples
    --------
    >>> import numpy as np
    >>> from wmdelays import refractory
    >>> (pattern,) = refractory(n_neurons=1, n_steps=1000, n_patterns=1, rate=0.1, interval=4)
    >>> int(np.diff(pattern.steps(1e-3)).min()) > 4
    True
    """
    rng = _checked_rng(seed, n_neurons=n_neurons, n_steps=n_steps, n_patterns=n_patterns, rate=rate)
    _check_interval(interval)
    if rate * (interval + 1) > 1:
        raise InputError(
            f"a rate of {rate} cannot be reached with {interval} silent steps after each spike"
        )
    _check_memory(n_neurons, n_steps, n_patterns, rate, _OF_A_NEURON * n_neurons)
    hazard = rate / (1 - rate * interval)
    return [
        _with_interval(itertools.repeat(hazard, n_steps), n_neurons, n_steps, interval, rng, step)
        for _ in range(n_patterns)
    ]


def evidence(
    n_neurons: int,
    n_steps: int,
    n_patterns: int,
    rate: float,
    *,
    spread: float = 4.0,
    kept: float = 0.005,
    interval: int = 4,
    step: float = 1e-3,
    seed: int = 0,
) -> list[Raster]:
    """The evidence-based variant of the paper: a few entries are made likely to spike.

    The probability of a spike is sigmoid(logit(rate) + e). The evidence e of an entry is drawn
    from a normal distribution of standard deviation `spread`; only the largest part `kept` of it
    stays, elsewhere e = 0. A refractory interval follows each spike.

    Parameters
    ----------
    n_neurons, n_steps, n_patterns, step, seed
        As in `bernoulli`.
    rate : float
        Probability of a spike where there is no evidence, p_A; greater than 0.
    spread : float
        Standard deviation of the evidence, E_S.
    kept : float
        Part of the evidence that is kept, p_SM.
    interval : int
        Number of steps after a spike in which the neuron stays silent.

    Returns
    -------
    list of Raster

    Raises
    ------
    InputError
        If a size or a probability makes no sense.

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026).
    """
    rng = _checked_rng(
        seed, n_neurons=n_neurons, n_steps=n_steps, n_patterns=n_patterns, rate=rate, kept=kept
    )
    _check_interval(interval)
    if not 0 < rate < 1:
        raise InputError(f"rate is {rate}; here it has to lie between 0 and 1")
    if not (np.isfinite(spread) and spread >= 0):
        raise InputError(f"spread is {spread}; it cannot be negative")
    from scipy.special import expit, logit

    # The largest part of the evidence is told from a copy of all of it.
    whole = _OF_EVIDENCE * n_steps * n_neurons
    _check_memory(n_neurons, n_steps, n_patterns, 0.0, whole + _OF_A_NEURON * n_neurons)
    patterns = []
    for _ in range(n_patterns):
        e = rng.normal(0.0, spread, (n_steps, n_neurons))
        e[e < (np.quantile(e, 1 - kept) if kept else np.inf)] = 0.0
        probability = (expit(logit(rate) + of_step) for of_step in e)
        patterns.append(_with_interval(probability, n_neurons, n_steps, interval, rng, step))
    return patterns


def periodic(
    n_neurons: int,
    n_steps: int,
    n_patterns: int,
    rate: float,
    *,
    interval: int = 0,
    step: float = 1e-3,
    seed: int = 0,
) -> list[Raster]:
    """Independent spikes in a cycle: the end of each pattern leads back into its beginning.

    Stored with ``periodic=True`` such a pattern goes on for as long as the recall does.

    Parameters
    ----------
    n_neurons, n_patterns, rate, step, seed
        As in `bernoulli`.
    n_steps : int
        Length of the cycle in steps.
    interval : int
        Number of steps after a spike in which the neuron stays silent, also across the end of
        the cycle.

    Returns
    -------
    list of Raster

    Raises
    ------
    InputError
        If a size or a probability makes no sense.

    Examples
    --------
    >>> from wmdelays import periodic, store
    >>> cycles = periodic(n_neurons=40, n_steps=60, n_patterns=1, rate=0.02)
    >>> store(cycles, n_delays=15, periodic=True).periodic
    True
    """
    rasters = refractory(
        n_neurons, n_steps, n_patterns, rate, interval=interval, step=step, seed=seed
    )
    patterns = []
    for raster in rasters:
        steps, neurons = raster.steps(step), raster.neurons
        kept = np.ones(len(steps), bool)
        for k in np.unique(steps[steps < interval]):
            # A spike at step k is too early for one within the interval before the wrap.
            late = kept & (steps >= n_steps - interval + k)
            kept[(steps == k) & np.isin(neurons, neurons[late])] = False
        patterns.append(Raster.from_steps(neurons[kept], steps[kept], n_neurons, n_steps, step))
    return patterns


GENERATORS = {f.__name__: f for f in (bernoulli, refractory, evidence, periodic)}

# The words of a specification that differ from the parameters' names.
_WORDS = {"neurons": "n_neurons", "steps": "n_steps", "patterns": "n_patterns"}


def is_specification(text):
    """Whether a text names a generator, as ``bernoulli:neurons=1024`` does."""
    return text.partition(":")[0] in GENERATORS


def generate(specification: str, *, step: float = 1e-3, seed: int = 0) -> list[Raster]:
    """Patterns from a specification in one line.

    Parameters
    ----------
    specification : str
        Name of a generator and its parameters:
        ``bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001``.
    step : float
        Training time step in seconds.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    list of Raster

    Raises
    ------
    InputError
        If the generator or a parameter is unknown, missing, or not a number.

    Examples
    --------
    >>> from wmdelays import generate
    >>> len(generate("bernoulli:neurons=50,steps=100,patterns=3,rate=0.01"))
    3
    """
    name, given = _parsed(specification)
    return GENERATORS[name](**given, step=step, seed=seed)


@dataclass(frozen=True)
class Sizes:
    """What a specification asks for.

    Attributes
    ----------
    n_neurons, n_steps, n_patterns : int
    n_spikes : float
        Spikes in all patterns together, of which about so many are to be expected.
    """

    n_neurons: int
    n_steps: int
    n_patterns: int
    n_spikes: float


def sizes(specification):
    """How large the patterns of a specification will be, without drawing any.

    Parameters
    ----------
    specification : str
        See `generate`.

    Returns
    -------
    Sizes

    Raises
    ------
    InputError
        As `generate`, or if a size or the rate makes no sense.
    """
    name, given = _parsed(specification)
    rate = given.pop("rate")
    counts = {size: given[size] for size in _WORDS.values()}
    _checked_rng(0, **counts, rate=rate)
    if name == "evidence":
        # Some entries are likelier than the rate, but no spike comes within the interval.
        silent = inspect.signature(evidence).parameters["interval"].default
        rate = min(rate, 1 / (1 + max(0, given.get("interval", silent))))
    return Sizes(**counts, n_spikes=rate * math.prod(counts.values()))


def _parsed(specification):
    """The generator that a specification names, and its parameters."""
    name, _, rest = specification.partition(":")
    if name not in GENERATORS:
        raise InputError(f"there is no generator {name!r}; there are {', '.join(GENERATORS)}")
    shown = {parameter: word for word, parameter in _WORDS.items()}
    parameters = {
        shown.get(p.name, p.name): p
        for p in inspect.signature(GENERATORS[name]).parameters.values()
        if p.name not in ("step", "seed")
    }
    given = {}
    for part in filter(None, rest.split(",")):
        word, _, value = part.partition("=")
        word = word.strip()
        if word not in parameters:
            raise InputError(f"{name} has no parameter {word!r}; it has {', '.join(parameters)}")
        parameter = parameters[word]
        whole = parameter.name.startswith("n_") or isinstance(parameter.default, int)
        try:
            given[parameter.name] = int(value) if whole else float(value)
        except ValueError:
            kind = "a whole number" if whole else "a number"
            raise InputError(f"{name}: {word} has to be {kind}, not {value!r}") from None
    missing = [
        word for word, p in parameters.items() if p.default is p.empty and p.name not in given
    ]
    if missing:
        raise InputError(f"{name} needs {', '.join(f'{word}=…' for word in missing)}")
    return name, given


def _with_interval(probabilities, n_neurons, n_steps, interval, rng, step):
    """A pattern from the probabilities of each step, of which no more than one is looked at."""
    silent_until, found = np.full(n_neurons, -1), []
    for t, probability in enumerate(probabilities):
        spikes = np.flatnonzero((rng.random(n_neurons) < probability) & (t > silent_until))
        silent_until[spikes] = t + interval
        found.append(spikes)
    steps = np.repeat(np.arange(n_steps), [len(spikes) for spikes in found])
    return Raster.from_steps(np.concatenate(found), steps, n_neurons, n_steps, step)


def _check_memory(n_neurons, n_steps, n_patterns, rate, n_bytes=0.0):
    """Raise an InputError unless there is memory for the patterns, and for `n_bytes` meanwhile."""
    n_spikes = n_steps * n_neurons * rate
    n_bytes += n_patterns * (_OF_A_PATTERN + _OF_A_SPIKE * n_spikes) + _OF_LAST * n_spikes
    check_memory(
        n_bytes,
        f"drawing {n_patterns} patterns of {n_neurons} neurons and {n_steps} steps",
        "take fewer patterns, neurons or steps, or a lower rate",
    )


def _checked_rng(seed, *, n_neurons, n_steps, n_patterns, **probabilities):
    for name, size in (("neurons", n_neurons), ("steps", n_steps), ("patterns", n_patterns)):
        whole(name, size, 1)
    for name, probability in probabilities.items():
        if not 0 <= probability <= 1:
            raise InputError(f"{name} is {probability}; it has to lie from 0 to 1")
    return np.random.default_rng(checked_seed(seed))


def _check_interval(interval):
    whole("interval", interval, 0)
