"""What differs from neuron to neuron, from synapse to synapse and from spike to spike."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from wmdelays.errors import InputError
from wmdelays.quantities import Bounds

# Jitter of delays farther from the mean than so many standard deviations is cut off there.
JITTER_CUT = 4
_PART, _SIZE = Bounds(least=0, most=1), Bounds(least=0)
_BOUNDS = {
    "release_failures": _PART,
    "dead": Bounds(least=0, below=1),
    "drive": Bounds(),
    "time_constants": _PART,
}
_DRAWN_ANEW = (
    "delay_jitter",
    "release_failures",
    "background",
    "membrane_noise",
    "threshold_noise",
)


@dataclass(frozen=True)
class Variability:
    """How untidy the neurons and synapses of a recall are.

    Learning knows nothing of it. Some of it is drawn once for a network and stays (the first six);
    the rest is drawn anew through the recall. Everything is zero where nothing is said.

    Potentials are in mV. For the network in discrete time, whose neuron `lif` has none, they are
    parts of its threshold theta (of the mean one where they differ).

    Parameters
    ----------
    delay_spread : float
        Standard deviation in ms by which the delay of each synapse is off. No delay is shorter than
        a tick of the simulation.
    weights : float
        Standard deviation by which each weight is off, as a part of the weight.
    time_constants : float
        Standard deviation of time constants from neuron to neuron, as a part of them: of the
        membrane (by its capacitance), of synapses and of adaptation, each on its own, at most 1. The
        factors have a lognormal distribution with mean 1. Refractory periods stay as they are.
    thresholds : float
        Standard deviation of the threshold from neuron to neuron, in mV.
    dead : float
        Part of the neurons that never fire, not even in the cue.
    drive : float
        A constant current, as the shift in mV that it gives to a membrane with nothing but a leak.
    delay_jitter : float
        Standard deviation in ms by which the delay is off anew for each spike and synapse. It is cut
        off at four standard deviations, and at a delay of one tick.
    release_failures : float
        Probability with which a spike is lost to a synapse, for each spike and synapse.
    background : float
        Rate in Hz of spikes that are not the network's: each arrives at all synapses that a neuron,
        drawn at random, has on others; the rate is that for each such neuron. They are heard, but
        neither recorded nor do they reset anyone.
    membrane_noise : float
        Standard deviation in mV of the membrane at rest, by white noise filtered with the time
        constant of the membrane (an Ornstein-Uhlenbeck process where there is nothing but a leak).
    threshold_noise : float
        Standard deviation in mV of the threshold, drawn anew for each neuron after each of its
        spikes.

    Raises
    ------
    InputError
        If a value makes no sense.

    Notes
    -----
    The threshold is the parameter that sets it: theta of the integrate-and-fire neurons, v_t of
    AdEx. In Izhikevich's model none does, and v_peak is taken, which is above the upswing: it
    moves spikes by next to nothing.

    References
    ----------
    A. A. Faisal, L. P. J. Selen & D. M. Wolpert, Noise in the nervous system, Nat. Rev. Neurosci. 9
    (2008). H. Aguettaz & H.-A. Loeliger, arXiv 2408.01166, for noise of the threshold.

    Examples
    --------
    >>> from wmdelays.neurons import Variability
    >>> Variability(membrane_noise=1.0, release_failures=0.1)
    Variability(release_failures=0.1, membrane_noise=1.0)
    >>> bool(Variability())
    False
    """

    delay_spread: float = 0.0
    weights: float = 0.0
    time_constants: float = 0.0
    thresholds: float = 0.0
    dead: float = 0.0
    drive: float = 0.0
    delay_jitter: float = 0.0
    release_failures: float = 0.0
    background: float = 0.0
    membrane_noise: float = 0.0
    threshold_noise: float = 0.0

    def __post_init__(self):
        for one in fields(self):
            value, bounds = getattr(self, one.name), _BOUNDS.get(one.name, _SIZE)
            if not bounds.hold(value):
                raise InputError(f"{one.name} is {value}; it has to {bounds}")
            object.__setattr__(self, one.name, float(value))

    def __bool__(self):
        return any(getattr(self, one.name) for one in fields(self))

    @property
    def is_noisy(self) -> bool:
        """Whether anything is drawn anew through a recall, beside what stays."""
        return any(getattr(self, name) for name in _DRAWN_ANEW)

    def __repr__(self):
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        return f"Variability({', '.join(f'{n}={v}' for n, v in said.items() if v)})"

    def most_jitter(self, tick: float) -> int:
        """The largest jitter of a delay, in ticks of so many ms."""
        return math.ceil(JITTER_CUT * self.delay_jitter / tick)
