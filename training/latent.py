"""Latent neurons: neurons that no recording has, whose random spikes make every context its own."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.contexts import unpredictable_spikes
from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.quantities import shortened, whole
from wmdelays.training.rules.checkpoint import numbered
from wmdelays.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster

AUTO = "auto"
# Spikes of all latent neurons within the delays, if there is room for so many.
_IN_A_CONTEXT = 8
# The numbers of latent neurons that are tried: each so many times the one before, and up to twice as
# many as there are neurons, but at least and at most to these.
_MORE, _LEAST_TRIED, _MOST = 1.4, 64, 1024


@dataclass(frozen=True)
class Latent:
    """Latent neurons that are added to patterns.

    Parameters
    ----------
    n : int
        How many.
    rate : float
        Probability of a spike for each of them and step.
    """

    n: int
    rate: float

    def as_dict(self) -> dict:
        """As a memory's `made` has it."""
        return {"n_latent": self.n, "rate": self.rate}


def latent_of(given: int | str, rate: float | None, n_delays: int) -> Latent | None:
    """What latent neurons are asked for; None where the number is to be found.

    Parameters
    ----------
    given : int or "auto"
    rate : float, optional
        By default so that all of them spike eight times within the delays, and once a step at most.
    n_delays : int

    Raises
    ------
    InputError
        If a value makes no sense.
    """
    if rate is not None and not 0 < rate <= 0.5:
        raise InputError(
            f"{parameter('latent_rate')} is {shortened(rate)}; it has to lie above 0 and up to 0.5"
        )
    if given == AUTO:
        return None
    if isinstance(given, str):
        raise InputError(
            f"{parameter('latent')} is {shortened(given)}; it has to be a whole number or {AUTO}"
        )
    n = whole(parameter("latent"), given, 0)
    return Latent(n, _usual_rate(n, n_delays) if rate is None else float(rate))


def _usual_rate(n, n_delays):
    together = min(1.0, _IN_A_CONTEXT / n_delays)
    return min(0.5, together / max(n, 1))


def store_with_latent(patterns, given, rate, learned, options, common, seed, progress):
    """A memory of patterns with latent neurons, as many as asked for or as few as it takes.

    Parameters
    ----------
    patterns : list of Raster
        At whole steps or ticks.
    given : int or "auto"
    rate : float, optional
        See `latent_of`.
    learned : callable
        ``learned(patterns, options, progress)`` finds a memory and what it recalls.
    options : dict
        Of the rule.
    common : dict
        What else the memory has, see `wmdelays.training.store`.
    seed : int
    progress : callable, optional

    Returns
    -------
    Memory
        With `latent` in its `made`, if any were asked for: their number and rate; how many were tried,
        if the number was to be found.
    """
    n_delays, step = common["n_delays"], common["step"]
    latent = latent_of(given, rate, n_delays)
    if latent is not None and not latent.n:
        return learned(patterns, options, progress)
    patterns = [pattern.recorded() for pattern in patterns]
    neurons = common.get("neurons")
    tick = step if neurons is None else neurons.dt
    check_reachable(patterns, n_delays, step)
    where = {"n_delays": n_delays, "step": step, "tick": tick}
    if latent is not None:
        memory = learned(with_latent(patterns, latent, **where, seed=seed), options, progress)
        memory.made["latent"] = latent.as_dict()
        return memory
    best, tried = None, []
    for latent in _numbers_to_try(rate, n_delays, patterns[0].n_neurons):
        fuller = with_latent(patterns, latent, **where, seed=seed)
        if not are_all_unique(fuller, **where, periodic=common["periodic"]):
            continue
        memory = learned(fuller, _own_checkpoint(options, latent.n), _telling(progress, latent.n))
        memory.made["latent"] = latent.as_dict()
        tried.append(latent.n)
        if best is None or memory.made["scores"]["f1"] > best.made["scores"]["f1"]:
            best = memory
        if best.made["scores"]["f1"] == 1:
            break
    if best is None:
        raise InputError(
            f"no {_most_tried(patterns[0].n_neurons)} latent neurons make all contexts differ; take"
            f" more delays ({parameter('n_delays')})"
        )
    best.made["latent"]["tried"] = tried
    return best


def _numbers_to_try(rate, n_delays, n_neurons):
    n = 0
    while n <= _most_tried(n_neurons):
        yield latent_of(n, rate, n_delays)
        n = max(n + 1, round(_MORE * n))


def _most_tried(n_neurons):
    return min(_MOST, max(_LEAST_TRIED, 2 * n_neurons))


def _own_checkpoint(options, n):
    """Options in which the checkpoint is that of so many latent neurons."""
    if options.get("checkpoint") is None:
        return options
    return options | {"checkpoint": numbered(options["checkpoint"], n)}


def _telling(progress, n):
    if progress is None:
        return None
    return lambda stage, part: progress(f"{counted(n, 'latent neuron')}: {stage}", part)


def with_latent(
    patterns: Sequence[Raster],
    latent: Latent,
    *,
    n_delays: int,
    step: float,
    tick: float | None = None,
    seed: int = 0,
) -> list[Raster]:
    """The patterns with spikes of latent neurons.

    Parameters
    ----------
    patterns : sequence of Raster
        At whole steps or ticks.
    latent : Latent
    n_delays : int
        Length of the trigger window in steps, in which latent neurons are silent.
    step : float
        Training time step in seconds.
    tick : float, optional
        What the times of the patterns are multiples of; by default the step.
    seed : int
        Of the random spikes.

    Returns
    -------
    list of Raster
        Of `latent.n` more neurons, which come last.

    Notes
    -----
    After the trigger window the time is cut into equal intervals, one for each spike that the rate
    asks for. Each gets one spike, at a random step, of a random neuron that is not among those half
    of them which spiked last. So there is never long silence, as independent spikes would have it by
    chance, and no neuron spikes twice in a short time.
    """
    if not latent.n:
        return list(patterns)
    tick = step if tick is None else tick
    found = []
    for k, pattern in enumerate(patterns):
        rng = random_numbers("latent", seed, latent.n, k)
        steps, neurons = _random_spikes(pattern, latent, n_delays, step, rng)
        found.append(
            replace(
                pattern,
                neurons=np.concatenate([pattern.neurons, pattern.n_neurons + neurons]),
                times=np.concatenate([pattern.times, steps * round(step / tick) * tick]),
                n_neurons=pattern.n_neurons + latent.n,
                n_latent=latent.n,
                clock=None,
            )
        )
    return found


def _random_spikes(pattern, latent, n_delays, step, rng):
    """Steps and numbers of the latent neurons' spikes in a pattern."""
    apart = 1 / (latent.n * latent.rate)
    # The first has to come while the last spike of the trigger window is still within the delays.
    cued = pattern.steps(step)
    first = min(apart, float(cued[cued < n_delays].max() + 1))
    n_steps = pattern.n_steps(step)
    n = max(0, int(np.ceil((n_steps - n_delays - first) / apart))) + 1
    begins = n_delays + np.concatenate([[0.0], first + apart * np.arange(n - 1)])
    lengths = np.concatenate([[first], np.full(n - 1, apart)])
    steps = np.floor(begins + rng.random(n) * lengths).astype(np.int64)
    neurons = _in_turn(n, latent.n, rng)
    # Neighbouring intervals may meet in a step, where they have one neuron.
    entries = np.unique((steps * latent.n + neurons)[steps < n_steps])
    return np.divmod(entries, latent.n)


def _in_turn(n_spikes, n_neurons, rng):
    """A random neuron for each spike, none of those that spiked last."""
    rested, spiked = list(range(n_neurons)), deque()
    neurons = np.empty(n_spikes, np.int64)
    for k, draw in enumerate(rng.random(n_spikes)):
        place = int(draw * len(rested))
        neurons[k] = rested[place]
        rested[place] = rested[-1]
        rested.pop()
        spiked.append(int(neurons[k]))
        if len(spiked) > n_neurons // 2:
            rested.append(spiked.popleft())
    return neurons


def check_reachable(patterns: Sequence[Raster], n_delays: int, step: float) -> None:
    """Raise an InputError where latent neurons cannot help: a recall has nothing to begin from.

    Parameters
    ----------
    patterns : sequence of Raster
    n_delays : int
    step : float

    Raises
    ------
    InputError
        If the trigger window of a pattern is empty, or that of another one.
    """
    begun = {}
    for k, pattern in enumerate(patterns):
        steps = pattern.steps(step)
        cued = steps < n_delays
        if not cued.any():
            raise InputError(_empty(k, pattern, steps, n_delays, step))
        key = steps[cued].tobytes(), pattern.neurons[cued].tobytes()
        if key in begun:
            raise InputError(
                f"patterns {begun[key]} and {k} have the same spikes in the trigger window of"
                f" {counted(n_delays, 'step')}, so that no network can tell which of them is cued;"
                f" take more delays ({parameter('n_delays', '--delays')}), or other stretches"
            )
        begun[key] = k


def _empty(k, pattern, steps, n_delays, step):
    which = (
        f"the trigger window of pattern {k} ({n_delays} steps, {n_delays * step:g} s) has no spike"
    )
    if not len(steps):
        return f"{which}, nor has the rest of it, so that nothing could start its recall"
    later = (steps[0] - n_delays + 1) * step
    return (
        f"{which}, so that nothing could start its recall; the nearest start from which it has is"
        f" {later:.6g} s later"
    )


def are_all_unique(patterns, n_delays, step, tick, periodic):
    """Whether every spike of the patterns follows a context of its own."""
    window = n_delays * round(step / tick)
    return not len(unpredictable_spikes(patterns, window, tick, periodic))
