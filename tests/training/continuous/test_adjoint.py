"""How an arrival moves the membrane: the adjoint of the ticks against differences of the ticks."""

import math

import numpy as np
import pytest

from wmdelays.neurons import NEURONS, Neurons
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
        for name in ("tick", "pull", "arrive", "kick", "fires", "spike"):
            setattr(self, name, space[name])
        (self.constants,) = one_tick(model).values_of_constants(values, dt)
        (self.rest,) = rest(model, values)
        self.membrane = list(model.states).index(model.membrane)

    def run(self, weights, held=()):
        """The states before each tick and after the last one; weights[k] arrives in tick k."""
        x, before = self.rest.copy(), []
        for k, w in enumerate(weights):
            before.append(x.copy())
            self.tick(x, self.constants, k in held)
            self.arrive(x, max(w, 0.0), min(w, 0.0))
        return before, x


@pytest.fixture(params=SETS, ids=str)
def case(request):
    name, preset = request.param
    model = NEURONS[name]
    rng = np.random.default_rng(1)
    size = SIZES[model.weight_unit]
    weights = rng.normal(size=N_TICKS) * size * (rng.random(N_TICKS) < 0.3)
    return Neuron(model, preset), weights, size


def kernel(neuron, weights, seed, held):
    """What each weight adds to the states' product with a seed at the end."""
    before, _ = neuron.run(weights, held)
    y, found = seed.copy(), []
    for k in reversed(range(len(before))):
        found.append(neuron.kick(y, weights[k]))
        neuron.pull(before[k], neuron.constants, k in held, y)
    return np.array(found[::-1])


def check(neuron, weights, size, seed, held=()):
    """Compare with differences to both sides of some weights, of either sign; how many count."""
    moved = 0
    for q in range(1, N_TICKS, 6):
        for w in (0.5 * size, -0.5 * size):
            there, step = weights.copy(), 1e-4 * size
            ends = []
            for there[q] in (w + step, w - step):
                ends.append(seed @ neuron.run(there, held)[1])
            there[q] = w
            exact = kernel(neuron, there, seed, held)
            largest = np.abs(exact).max()
            assert abs((ends[0] - ends[1]) / (2 * step) - exact[q]) < 1e-7 * largest
            moved += abs(exact[q]) > 1e-3 * largest
    return moved


def test_the_kernel_of_the_membrane_is_its_derivative_by_a_weight(case):
    neuron, weights, size = case
    assert check(neuron, weights, size, np.eye(len(neuron.rest))[neuron.membrane]) > 20
