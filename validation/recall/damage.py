"""Ways of damaging a cue, the synapses and the neurons of a recall."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from wmdelays.errors import InputError
from wmdelays.neurons import Variability


@dataclass(frozen=True)
class Kind:
    """A kind of damage.

    Attributes
    ----------
    text : str
        What is damaged and what the value is, as the label of an axis; ``{unit}`` in it is that of
        membrane potentials.
    values : callable
        ``values(memory)``: the values that are tried when none are given.
    cue : callable, optional
        ``cue(cue, value, rate, rng)``: the damaged cue. `rate` is the probability of a spike for
        each neuron and step of the cue in the stored patterns.
    memory : callable, optional
        ``memory(memory, value, rng)``: the damaged memory.
    variability : callable, optional
        ``variability(memory, value)``: how untidy the recall is, in continuous time.
    random : bool
        Whether several draws differ.
    least : float
        The smallest value that makes sense.
    most : float or callable
        The largest value that makes sense, or ``most(memory)``.
    whole : bool
        Whether values are whole numbers.
    steps : bool
        Whether values are in steps of the memory, which a cue in continuous time has many ticks in.
    logarithmic : bool
        Whether the axis of the values is.
    """

    text: str
    values: Callable
    cue: Callable | None = None
    memory: Callable | None = None
    variability: Callable | None = None
    random: bool = True
    least: float = 0.0
    most: float | Callable = 1.0
    whole: bool = False
    steps: bool = False
    logarithmic: bool = False

    @property
    def in_potentials(self):
        """Whether its values are membrane potentials."""
        return "{unit}" in self.text

    def check(self, name, value, memory):
        """Raise an InputError unless a value of this kind, whose name is given, makes sense."""
        most = self.most(memory) if callable(self.most) else self.most
        if not self.least <= value <= most or (self.whole and value % 1):
            raise InputError(f"{name} {value:g}: it has to be {self._bounds(most)}")
        if self.variability is not None:
            self.variability(memory, value)

    def _bounds(self, most):
        """In words, what a value has to be."""
        if self.least < 0:
            return "a finite number"
        sort = "a whole number " if self.whole else ""
        return sort + (f"from 0 to {most:g}" if np.isfinite(most) else "of at least 0")

    def label(self, unit):
        """What stands at the axis of the values, with a unit of membrane potentials."""
        return self.text.format(unit=unit)


# What the threshold of the network in discrete time is taken for where potentials are in mV.
THETA_MV = 20


def unit_of_potentials(neuron):
    """The unit of membrane potentials of a neuron model, by its name, in words."""
    return "parts of theta" if neuron == "lif" else "mV"


def _potentials(*millivolts):
    """Values in mV; for the network in discrete time in parts of theta."""

    def values(memory):
        if memory.neurons is not None:
            return list(millivolts)
        return [round(value / THETA_MV, 6) for value in millivolts]

    return values


def _always(*values):
    return lambda memory: list(values)


def _untidy(text, knob, values, **others):
    """A kind whose value is one of those of `Variability`."""
    return Kind(
        text, values, variability=lambda memory, value: Variability(**{knob: value}), **others
    )


def _background(memory, value):
    # From a part of the patterns' rate to Hz.
    return Variability(background=value * memory.rate / memory.step)


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
        steps=True,
    ),
    "silenced": Kind(
        "neurons silenced in the cue",
        lambda memory: [round(k / 16 * memory.n_recorded) for k in range(17)],
        cue=lambda cue, value, rate, rng: cue.silenced(value, rng),
        most=lambda memory: memory.n_recorded,
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
        steps=True,
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
    "delay-spread": _untidy(
        "delays off, fixed for each synapse, standard deviation (ms)",
        "delay_spread",
        _always(0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0),
        most=np.inf,
    ),
    "delay-jitter": _untidy(
        "delays off, anew for each spike, standard deviation (ms)",
        "delay_jitter",
        _always(0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0),
        most=np.inf,
    ),
    "membrane-noise": _untidy(
        "membrane noise, standard deviation ({unit})",
        "membrane_noise",
        _potentials(0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0),
        most=np.inf,
    ),
    "threshold-noise": _untidy(
        "threshold noise, anew after each spike, standard deviation ({unit})",
        "threshold_noise",
        _potentials(0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0),
        most=np.inf,
    ),
    "background": Kind(
        "background spikes (times the patterns' rate)",
        _always(0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
        variability=_background,
        most=np.inf,
    ),
    "release-failures": _untidy(
        "probability that a spike is lost to a synapse",
        "release_failures",
        _always(0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
    ),
    "time-constants": _untidy(
        "time constants differ from neuron to neuron, standard deviation (part)",
        "time_constants",
        _always(0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2),
    ),
    "thresholds": _untidy(
        "thresholds differ from neuron to neuron, standard deviation ({unit})",
        "thresholds",
        _potentials(0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0),
        most=np.inf,
    ),
    "dead": _untidy("part of the neurons dead", "dead", _always(0.0, 0.01, 0.02, 0.05, 0.1, 0.2)),
    "drive": _untidy(
        "mean drive ({unit})",
        "drive",
        _potentials(-2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.0),
        random=False,
        least=-np.inf,
        most=np.inf,
    ),
}

PUBLISHED = ("replaced", "duration", "silenced")
# Kinds that go on for as long as a recall does.
GOING_ON = (
    "noise",
    "lost",
    "added",
    *(name for name, kind in KINDS.items() if kind.variability is not None),
)
