"""How an arrival moves the membrane: the adjoint of the ticks against differences of the ticks."""

import math

import numpy as np
import pytest

from wmdelays.neurons import NEURONS, ContinuousNeuron, Neurons, Parameter
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous.code import functions_of

DT = 0.1
N_TICKS = 80
SETS = [(name, preset) for name, model in NEURONS.items() for preset in (None, *model.presets)]
SIZES = {"nS": 0.6, "pA": 20.0, "mV": 0.2, "1": 0.005}


class Neuron:
    """The functions of a model, and what it goes through."""

    def __init__(self, model, preset=None, dt=DT):
        values = Neurons(model, 1, classes={"": model.presets.get(preset, {})}).values
        space = {"math": math}
        exec(functions_of(model)[0], space)
        for name in ("tick", "pull", "arrive", "kick", "fires", "spike", "unspike"):
            setattr(self, name, space[name])
        (self.constants,) = one_tick(model).values_of_constants(values, dt)
        (self.rest,) = rest(model, values)
        self.membrane = list(model.states).index(model.membrane)

    def run(self, weights, held=(), spike=None):
        """The states before each tick, before a spike in it, and at the end; weights[k] arrives in k."""
        x, before, found = self.rest.copy(), [], []
        for k, w in enumerate(weights):
            before.append(x.copy())
            self.tick(x, self.constants, k in held)
            self.arrive(x, max(w, 0.0), min(w, 0.0))
            found.append(x.copy())
            if k == spike:
                self.spike(x, self.constants)
        return before, found, x


@pytest.fixture(params=SETS, ids=str)
def case(request):
    name, preset = request.param
    model = NEURONS[name]
    rng = np.random.default_rng(1)
    size = SIZES[model.weight_unit]
    weights = rng.normal(size=N_TICKS) * size * (rng.random(N_TICKS) < 0.3)
    return Neuron(model, preset), weights, size


def kernel(neuron, weights, seed, held, spike):
    """What each weight adds to the states' product with a seed at the end."""
    before, at, _ = neuron.run(weights, held, spike)
    y, found = seed.copy(), []
    for k in reversed(range(len(before))):
        if k == spike:
            neuron.unspike(y, at[k], neuron.constants)
        found.append(neuron.kick(y, weights[k]))
        neuron.pull(before[k], neuron.constants, k in held, y)
    return np.array(found[::-1])


def check(neuron, weights, size, seed, held=(), spike=None):
    """Compare with differences to both sides of some weights, of either sign; how many count."""
    moved = 0
    for q in range(1, N_TICKS, 6):
        for w in (0.5 * size, -0.5 * size):
            there, step = weights.copy(), 1e-4 * size
            ends = []
            for there[q] in (w + step, w - step):
                ends.append(seed @ neuron.run(there, held, spike)[-1])
            there[q] = w
            exact = kernel(neuron, there, seed, held, spike)
            largest = np.abs(exact).max()
            assert abs((ends[0] - ends[1]) / (2 * step) - exact[q]) < 1e-7 * largest
            moved += abs(exact[q]) > 1e-3 * largest
    return moved


def test_the_kernel_of_the_membrane_is_its_derivative_by_a_weight(case):
    neuron, weights, size = case
    assert check(neuron, weights, size, np.eye(len(neuron.rest))[neuron.membrane]) > 20


def test_so_is_that_of_all_states_when_the_membrane_is_held_for_a_while(case):
    neuron, weights, size = case
    seed = np.random.default_rng(2).normal(size=len(neuron.rest))
    assert check(neuron, weights, size, seed, held=range(30, 50)) > 20


def test_so_is_that_of_all_states_after_a_spike_and_a_refractory_period(case):
    neuron, weights, size = case
    seed = np.random.default_rng(2).normal(size=len(neuron.rest))
    assert check(neuron, weights, size, seed, held=range(31, 50), spike=30) > 15


def test_so_is_that_after_a_spike_whose_reset_keeps_some_of_the_membrane():
    """And through what is clipped; a reset need not set anything."""
    for reset in ("v = 0.3 * v - 2*mV\na += 0.1 * v", ""):
        model = ContinuousNeuron(
            "own",
            "a membrane that keeps something, and an adaptation that follows it",
            (Parameter("tau", "ms", 10.0, "time constant", 0, inclusive=False),),
            equations="dv/dt = (clip(s, -1*mV, 1.5*mV) - v - a + abs(a) / 2) / tau : volt"
            " (unless refractory)\n"
            "da/dt = (v - a) / (20*ms) : volt\nds/dt = -s / (5*ms) : volt",
            threshold="v >= 10*mV",
            reset=reset,
            rest={"v": "0*mV", "a": "0*mV", "s": "0*mV"},
            excitatory="s",
            inhibitory="s",
            weight_unit="mV",
            timescale="tau",
        )
        neuron = Neuron(model)
        rng = np.random.default_rng(1)
        weights = rng.normal(size=N_TICKS) * (rng.random(N_TICKS) < 0.3)
        assert check(neuron, weights, 1.0, rng.normal(size=3), held=range(31, 50), spike=30) > 15
