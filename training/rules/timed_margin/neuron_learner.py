"""How a neuron learns by the rule `timed-margin`, apart from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wmdelays.contexts import stored_sequence
from wmdelays.neurons.one_tick import of_parameters, one_tick, rest
from wmdelays.training.continuous.adjoint import adjoint, undo
from wmdelays.training.continuous.code import functions_of, specialised
from wmdelays.training.continuous.response import response
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits
from wmdelays.training.rules.timed_margin.bounds import Bounds, bounds_of
from wmdelays.training.rules.timed_margin.damage import Damage
from wmdelays.training.rules.timed_margin.neuron import (
    AFTER_MS,
    FALSE_ALARMS,
    MISSED,
    PART,
    Neuron,
)
from wmdelays.training.rules.timed_margin.presentations import followable, presentation
from wmdelays.training.rules.timed_margin.projection import learn, project
from wmdelays.training.rules.timed_margin.teacher_forcing import integrate, replay, respond
from wmdelays.training.rules.timed_margin.with_upswing import show_upswing
from wmdelays.training.rules.timed_margin.without_upswing import show_threshold

# The parts of its bounds that a neuron tries in turn that cannot fire as it should with all of them.
EASED = {"half": 0.5, "quarter": 0.25, "eighth": 0.125}
# What pruning leaves of the synapses in each cut, and epochs after a cut that is not the last.
_KEPT, _FEW_EPOCHS = 0.7, 10
# Damaged epochs after such a cut.
_FEW_DAMAGED = 3
_PARTS = (integrate, replay, undo, adjoint, project, learn)


@dataclass(frozen=True)
class _Class:
    """What neurons of one class have in common.

    Attributes
    ----------
    bounds : Bounds
    constants, rest : float arrays
    noise : float
        Standard deviation in mV of what noise adds to a membrane in a tick.
    response : float array
        What an arrival adds to a membrane at rest in each tick after its own, for as long as it counts.
    """

    bounds: Bounds
    constants: np.ndarray
    rest: np.ndarray
    noise: float
    response: np.ndarray


class NeuronLearner:
    """What is the same for all neurons, and does not change in a round.

    Neurons can learn side by side with it, in threads or in other processes, to which it goes as what
    it is made of.

    Parameters
    ----------
    memory : Memory
        Without synapses.
    settings : dict
        Of `timed_margin`.
    seed : int
    followed : list of (ticks, neurons), optional
        The spikes of each pattern that are learned from; by default those stored ones that neurons can
        follow.
    """

    def __init__(self, memory, settings, seed, followed=None):
        self.memory, self.settings, self.seed = memory, settings, seed
        self.limits, self.damage = SynapseLimits.of(settings), Damage.of(settings)
        neurons, n = memory.neurons, round(memory.step / memory.tick)
        self.n_rows = memory.n_neurons * memory.n_delays
        self.clamp = memory.n_delays * n
        self.all_places = np.arange(self.n_rows, dtype=np.int32)
        sign = self.limits.sign(memory.n_neurons, memory.n_delays)
        self.sign = np.zeros(self.n_rows, np.int8) if sign is None else sign
        self.classes = [self._of_class(values) for values in neurons.classes.values()]
        self.refractory = neurons.refractory_ticks()
        # In a cycle a neuron still feels the one before, of which there is none after a cue. So it
        # learns from the second of two cycles, which all further ones are like.
        sequences = [
            stored_sequence(p, p.n_steps(memory.tick), memory.tick, memory.periodic)
            for p in memory.patterns
        ]
        self.n_ticks = sequences[0].n_steps(memory.tick)
        self.begin = self.n_ticks // 2 if memory.periodic else self.clamp
        self.stored = [(s.steps(memory.tick).astype(np.int64), s.neurons) for s in sequences]
        if followed is None:
            can = (self.can_follow(*spikes) for spikes in self.stored)
            followed = [(ticks[one], by[one]) for one, (ticks, by) in zip(can, self.stored)]
        self.followed = followed
        n_ticks = self.n_ticks + round(AFTER_MS * 1e-3 / memory.tick) + 1
        self.quiet = np.zeros(n_ticks)
        self.shown = [
            presentation(*spikes, memory.n_neurons, memory.n_delays, n, n_ticks)
            for spikes in followed
        ]
        model = neurons.model
        self.can_rise_on = functions_of(model)[1]["NOTHING_FOLLOWS"]
        show = show_upswing if model.has_upswing else show_threshold
        short = ("integrate", "undo")
        self.show = specialised(show, model, _PARTS, short)
        self.respond = specialised(respond, model, _PARTS, short)

    def __reduce__(self):
        return NeuronLearner, (self.memory, self.settings, self.seed, self.followed)

    def learning_from(self, followed):
        """Another one, that learns from other spikes."""
        return NeuronLearner(self.memory, self.settings, self.seed, followed)

    def _of_class(self, values):
        neurons = self.memory.neurons
        known = {one.name: one.default for one in neurons.model.parameters} | values
        map = one_tick(neurons.model)
        dt = neurons.dt * 1e3
        given = (self.settings[name] for name in ("kappa", "slope", "overshoot"))
        bounds = bounds_of(neurons.model, known, dt, *given)
        constants = map.values_of_constants(known, dt)[0]
        decay = dt / of_parameters(neurons.model, neurons.model.timescale, known, "timescale")
        noise = float(np.sqrt(-np.expm1(-2 * decay)).item()) * self.damage.membrane_noise
        start = rest(neurons.model, known)[0]
        n_ticks = round(bounds.reach_ms / dt)
        course = specialised(response, neurons.model)(start, constants, n_ticks, 1.0)
        return _Class(bounds, constants, start, noise, course)

    def can_follow(self, ticks, neurons):
        """Which of these spikes neurons can follow, see `followable`."""
        return followable(ticks, neurons, self.clamp, self.refractory)

    def learn(self, j, learned=None):
        """Let neuron j learn.

        Parameters
        ----------
        j : int
        learned : (rows, weights, part), optional
            Its synapses and the part of its margins with which it has learned them, where it only learns
            again, from what the others do in the end.

        Returns
        -------
        rows, weights, figures : arrays
            Its synapses, and figures as in `wmdelays.training.rules.timed_margin.neuron`.
        """
        neuron = Neuron(self, j)
        if learned is not None:
            return self._learn_again(neuron, learned)
        if not neuron.has_targets:
            figures = neuron.judge(np.zeros(self.n_rows, np.float32))
            return np.empty(0, np.int32), np.empty(0, np.float32), figures
        epochs, damaged = self.settings["epochs"], self.settings["damaged_epochs"]
        few = _FEW_EPOCHS, min(damaged, _FEW_DAMAGED)
        cuts = self.limits.cuts(self.memory.n_neurons, self.memory.n_delays)
        weights = np.zeros(self.n_rows, np.float32)
        weights = neuron.learn(weights, epochs, few[1] if cuts else damaged)
        for k, limits in enumerate(cuts):
            last = k == len(cuts) - 1
            weights = neuron.cut(weights, *((epochs, damaged) if last else few), *limits)
        while self.limits.prune == "recall":
            left = int(_KEPT * np.count_nonzero(weights))
            fewer = neuron.cut(weights, epochs, few[1], None, left)
            if not left or not neuron.is_good:
                break
            weights = fewer
        return self._eased(neuron, weights)

    def dense(self, rows, weights):
        """The weights of a neuron, with the zeros."""
        dense = np.zeros(self.n_rows, np.float32)
        dense[rows] = weights
        return dense

    def _learn_again(self, neuron, learned):
        *synapses, part = learned
        weights = self.dense(*synapses)
        figures = neuron.judge(weights)
        if is_exact(figures):
            figures[PART] = part
            return *synapses, figures
        return self._eased(neuron, self._relaxed(neuron, weights))

    def _relaxed(self, neuron, weights):
        """The weights of a neuron that learns once more, with the synapses it has."""
        epochs = self.settings["epochs"]
        if self.limits:
            return neuron.cut(weights, epochs, 0, None, np.count_nonzero(weights))
        return neuron.relax(weights, epochs) if neuron.has_targets else weights

    def _eased(self, neuron, weights):
        """What `learn` gives of a neuron, which learns with smaller margins if it has to."""
        figures = neuron.judge(weights)
        for part in EASED.values():
            if is_exact(figures):
                break
            neuron.ease(part)
            weights = self._relaxed(neuron, weights)
            figures = neuron.judge(weights)
        row = np.flatnonzero(weights)
        return row.astype(np.int32), weights[row], figures


def is_exact(figures):
    """Whether a neuron fires at its targets and at no other tick; figures may be of several."""
    return ~figures[..., MISSED : FALSE_ALARMS + 1].any(-1)
