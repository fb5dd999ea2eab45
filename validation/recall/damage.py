"""Ways of damaging a cue."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Kind:
    """A kind of damage.

    Attributes
    ----------
    text : str
        What is damaged and what the value is, as the label of an axis.
    values : callable
        ``values(memory)``: the values that are tried when none are given.
    cue : callable, optional
        ``cue(cue, value, rate, rng)``: the damaged cue. `rate` is the probability of a spike for
        each neuron and step of the stored patterns.
    memory : callable, optional
        ``memory(memory, value, rng)``: the damaged memory.
    random : bool
        Whether several draws differ.
    most : float or callable
        The largest value that makes sense, or ``most(memory)``.
    whole : bool
        Whether values are whole numbers.
    logarithmic : bool
        Whether the axis of the values is.
    """

    text: str
    values: Callable
    cue: Callable | None = None
    memory: Callable | None = None
    random: bool = True
    most: float | Callable = 1.0
    whole: bool = False
    logarithmic: bool = False


def _sixteenths(memory):
    return [k / 16 for k in range(17)]


def _perturbed(memory, value, rng):
    factor = 1 + rng.normal(0.0, value, memory.n_synapses)
    return replace(memory, weight=memory.weight * factor)


def _cut(memory, value, rng):
    kept = rng.random(memory.n_synapses) >= value
    parts = ("pre", "post", "delay", "weight")
    return replace(memory, **{name: getattr(memory, name)[kept] for name in parts})


KINDS = {
    "replaced": Kind(
        "probability that an entry of the cue is replaced by a chance one",
        _sixteenths,
        cue=lambda cue, value, rate, rng: cue.replaced(value, rng),
    ),
    "duration": Kind(
        "duration of the trigger (steps)",
        lambda memory: list(range(1, memory.n_delays + 1)),
        cue=lambda cue, value, rate, rng: cue.shortened(value),
        random=False,
        most=lambda memory: memory.n_delays,
        whole=True,
    ),
    "silenced": Kind(
        "neurons silenced in the cue",
        lambda memory: [round(k / 16 * memory.n_neurons) for k in range(17)],
        cue=lambda cue, value, rate, rng: cue.silenced(value, rng),
        most=lambda memory: memory.n_neurons,
        whole=True,
    ),
    "flipped": Kind(
        "probability that an entry of the cue is flipped",
        lambda memory: [0.0, *(float(f"{10 ** (k / 4):.3g}") for k in range(-20, -5))],
        cue=lambda cue, value, rate, rng: cue.flipped(value, rng),
        logarithmic=True,
    ),
    "jitter": Kind(
        "jitter of the cue's spikes, standard deviation (steps)",
        lambda memory: [0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0],
        cue=lambda cue, value, rate, rng: cue.jittered(value, rng),
        most=np.inf,
    ),
    "before": Kind(
        "random spikes before the trigger (times the patterns' rate)",
        lambda memory: [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0],
        cue=lambda cue, value, rate, rng: cue.preceded_by_noise(
            cue.clamp, min(value * rate, 1.0), rng
        ),
        most=np.inf,
    ),
    "lost": Kind(
        "probability that a spike of the recall is lost to all synapses",
        lambda memory: [k / 20 for k in range(13)],
        cue=lambda cue, value, rate, rng: cue.losing_spikes(value, rng),
    ),
    "added": Kind(
        "random spikes through the recall (times the patterns' rate)",
        lambda memory: [k / 10 for k in range(13)],
        cue=lambda cue, value, rate, rng: cue.with_ongoing_noise(min(value * rate, 1.0), rng),
        most=np.inf,
    ),
    "noise": Kind(
        "part of the recall's spikes lost, and as many random ones added",
        lambda memory: [k / 20 for k in range(13)],
        cue=lambda cue, value, rate, rng: cue.losing_spikes(value, rng).with_ongoing_noise(
            value * rate, rng
        ),
    ),
    "weights": Kind(
        "change of each weight, standard deviation (part of the weight)",
        lambda memory: [k / 10 for k in range(13)],
        memory=_perturbed,
        most=np.inf,
    ),
    "cut": Kind(
        "part of the synapses cut", lambda memory: [k / 20 for k in range(15)], memory=_cut
    ),
}

PUBLISHED = ("replaced", "duration", "silenced")
