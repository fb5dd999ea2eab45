"""The rule `timed-margin` on a device of torch: as many neurons at once as there is memory for."""

import numpy as np

from wmdelays.training.continuous.code import functions_of
from wmdelays.training.discrete.devices import how_many_fit
from wmdelays.training.discrete.threads import one_thread
from wmdelays.training.rules.timed_margin.learner import Learner
from wmdelays.training.rules.timed_margin.neuron import Neuron
from wmdelays.training.rules.timed_margin.neuron_learner import NeuronLearner
from wmdelays.training.rules.timed_margin.on_device.affine import affine, is_affine
from wmdelays.training.rules.timed_margin.on_device.batch import looks_back
from wmdelays.training.rules.timed_margin.on_device.equations import Equations
from wmdelays.training.rules.timed_margin.on_device.in_step import InStep
from wmdelays.training.rules.timed_margin.on_device.own_pace import show_each
from wmdelays.training.rules.timed_margin.on_device.teacher_forcing import show_together

# Each neuron has a thread.
_MOST = 512
# Bytes: of each row of a neuron, of each tick that it goes through and state, of each element of a matrix
# of a tick in the window that it looks back on, and of each arrival there.
_ROW, _TICK, _ELEMENT, _ARRIVAL = 40, 40, 200, 300


class DeviceLearner(Learner):
    """A `Learner` whose neurons are shown their patterns on a device; they are judged by compiled loops.

    Parameters
    ----------
    of_neurons : DeviceNeuronLearner
    progress : callable, optional

    Raises
    ------
    InputError
        If the device has no memory for one neuron.
    """

    def __init__(self, of_neurons, progress=None):
        super().__init__(of_neurons, progress, of_neurons.in_step)
        most = min(self.memory.n_neurons, _MOST)
        self._n_together = how_many_fit(
            of_neurons.bytes_of_a_neuron(), most, of_neurons.device, "a neuron"
        )

    @property
    def n_together(self):
        """How many neurons learn at once."""
        return self._n_together


class DeviceNeuronLearner(NeuronLearner):
    """A `NeuronLearner` that shows patterns to several neurons at once on a device.

    Parameters
    ----------
    memory, settings, seed, followed
        See `NeuronLearner`.
    device : torch.device
    """

    def __init__(self, memory, settings, seed, device, followed=None):
        super().__init__(memory, settings, seed, followed)
        self.device, self.in_step = device, InStep(self._show)
        model = memory.neurons.model
        self.names, self.is_affine = functions_of(model)[1], is_affine(model)
        if self.is_affine:
            self.matrices = {
                one.constants.tobytes(): affine(model, one.constants) for one in self.classes
            }
        else:
            self.equations = Equations(model)
        self.show = self.in_step.ask

    def learning_from(self, followed):
        """Another one, that learns from other spikes."""
        other = DeviceNeuronLearner(self.memory, self.settings, self.seed, self.device, followed)
        # The threads are those of the first one.
        other.show = self.show
        return other

    def bytes_of_a_neuron(self):
        """How much memory a neuron needs while it learns, about."""
        lengths = np.array([Neuron(self, j).lengths for j in range(self.memory.n_neurons)])
        window = min(looks_back(lengths), len(self.quiet))
        n_arrivals = max(
            int((shown.first[window:] - shown.first[:-window]).max()) for shown in self.shown
        )
        # Behind the states of linear neurons is a one.
        n_states = self.names["N_STATES"] + self.is_affine
        return (
            _ROW * self.n_rows
            + _TICK * n_states * len(self.quiet)
            + _ELEMENT * n_states**2 * window
            + _ARRIVAL * n_arrivals
        )

    def _show(self, asked):
        with one_thread():
            if self.is_affine:
                matrices = [self.matrices[constants.tobytes()] for *_, constants, _, _, _ in asked]
                show_together(asked, matrices, self.names, self.device)
            else:
                show_each(asked, self.equations, self.names, self.device)
