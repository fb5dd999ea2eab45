"""The equations of a model as operators of torch: those of the compiled loops."""
# ruff: noqa: F821

import numpy as np
import pytest
import torch

from wmdelays.neurons import ContinuousNeuron, Parameter, neurons_of
from wmdelays.neurons.one_tick import one_tick
from wmdelays.training.continuous.code import specialised
from wmdelays.training.rules.timed_margin.on_device.equations import Equations

OWN = ContinuousNeuron(
    "own",
    "every function that equations may have, and a reset that keeps some of the membrane",
    (Parameter("tau", "ms", 10.0, "time constant", 0, inclusive=False),),
    equations="dv/dt = (clip(s, -1*mV, 1.5*mV) - v - a + abs(a) / 2 + sqrt(2) * mV) / tau : volt"
    " (unless refractory)\n"
    "da/dt = (v * (sin(v / mV) + cos(1)) + log(2) * mV * tanh(a / mV) - a"
    " + sqrt(1 + (v / mV)**2) * mV) / (20*ms) : volt\n"
    "ds/dt = -exp(-abs(s) / mV) * log(2 + (s / mV)**2) * s / (5*ms) : volt",
    threshold="v >= 10*mV",
    reset="v = 0.3 * v - 2*mV\na = 0.1 * v * a / mV",
    rest={"v": "0*mV", "a": "0*mV", "s": "0*mV"},
    excitatory="s",
    inhibitory="s",
    weight_unit="mV",
    timescale="tau",
)
MODELS = "lif-exp", "lif-cond", "adex", "adex-exp", "izhikevich", "izhikevich-exp", OWN
N, N_TICKS = 4, 3


def after_tick(x, c, held):
    tick(x, c, held)


def after_spike(x, c):
    spike(x, c)


def pulled(y, x, c, held):
    pull(x, c, held, y)


def pulled_by_spike(y, x, c):
    unspike(y, x, c)


@pytest.mark.parametrize("model", MODELS, ids=[*MODELS[:-1], "own"])
def test_equations_are_those_of_the_compiled_loops(model):
    model = neurons_of(model, 1).model if isinstance(model, str) else model
    rng, map, equations = np.random.default_rng(0), one_tick(model), Equations(model)
    values = {one.name: one.default for one in model.parameters}
    c = map.values_of_constants(values, 0.5)[0] * rng.uniform(0.9, 1.1, (N, len(map.constants)))
    n_states = len(map.states)
    # Some of them where a function that clips has a kink.
    x = rng.normal(0, 2, (N_TICKS, N, n_states))
    x[:, :, 0] -= 0 if model is OWN else 60
    held = rng.random((N_TICKS, N)) < 0.5
    y = rng.normal(size=(N_TICKS, N, n_states))
    expected = {name: x.copy() for name in ("tick", "spike")}
    pulls = {name: y.copy() for name in ("tick", "spike")}
    of_tick, of_spike, by_tick, by_spike = (
        specialised(one, model) for one in (after_tick, after_spike, pulled, pulled_by_spike)
    )
    for k, b in np.ndindex(N_TICKS, N):
        of_tick(expected["tick"][k, b], c[b], held[k, b])
        of_spike(expected["spike"][k, b], c[b])
        by_tick(pulls["tick"][k, b], x[k, b], c[b], held[k, b])
        by_spike(pulls["spike"][k, b], x[k, b], c[b])
    x, y, held = (torch.from_numpy(one) for one in (x, y, held))
    c = torch.from_numpy(c.T.copy()).unbind()
    found = {"tick": equations.tick(x, c, held), "spike": equations.spike(x, c)}
    slopes = {"tick": equations.slopes(x, c, held), "spike": equations.slopes_at_spike(x, c)}
    for name in expected:
        np.testing.assert_allclose(found[name].numpy(), expected[name], rtol=1e-12, atol=1e-12)
        along = (slopes[name].mT @ y[..., None])[..., 0]
        np.testing.assert_allclose(along.numpy(), pulls[name], rtol=1e-11, atol=1e-11)
