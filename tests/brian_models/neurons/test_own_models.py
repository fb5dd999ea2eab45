"""Neuron models of one's own in the place of a name."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, SpikeMonitor, ms, mV, second

from wmdelays import Cue, InputError, Memory, Raster, neurons
from wmdelays.brian_models import Brian2Neuron, choose_device, expand, play, recall
from wmdelays.brian_models.neurons.lif import LIF
from wmdelays.neurons import NeuronModel, Parameter
from wmdelays.training.discrete.compiled import recall as compiled

PAUSE = 3

REFRACTORY = Brian2Neuron(
    NeuronModel(
        "lif-refractory",
        "lif that pauses after a spike",
        (*neurons.LIF.parameters, Parameter("t_ref", "ms", PAUSE, "pause after a spike", 0)),
        neurons.LIF.held,
    ),
    equations="""
    dv/dt = -v / tau : 1
    pausing = timestep(t - last, dt) < timestep(t_ref, dt) : boolean
    fires = v >= theta and not pausing : boolean
    last : second
    tau : second (shared, constant)
    theta : 1 (shared, constant)
    t_ref : second (shared, constant)
    """,
    reset="v = 0\nlast = t",
    arrival="v_post += w",
    rest={"v": "0", "last": "-1 * second"},
    method="exact",
    quantities=lambda model, values, step: {
        **LIF.quantities(model, values, step),
        "t_ref": values["t_ref"] * ms,
    },
)

EXPONENTIAL = Brian2Neuron(
    NeuronModel(
        "exponential",
        "a membrane in mV with exponential currents",
        (
            Parameter("tau_m", "ms", 20.0, "membrane time constant", 0, inclusive=False),
            Parameter("tau_s", "ms", 5.0, "time constant of currents", 0, inclusive=False),
            Parameter("E_L", "mV", -70.0, "resting potential"),
            Parameter("V_th", "mV", -50.0, "threshold"),
        ),
    ),
    equations="""
    dv/dt = (E_L - v + current) / tau_m : volt
    dcurrent/dt = -current / tau_s : volt
    fires = v >= V_th : boolean
    tau_m : second (shared, constant)
    tau_s : second (shared, constant)
    E_L : volt (shared, constant)
    V_th : volt (shared, constant)
    """,
    reset="v = E_L",
    arrival="current_post += w * mV",
    rest={"v": "E_L", "current": "0 * mV"},
    method="exact",
)


def equation_with_a_pause(memory, cue):
    """Emitted and own spikes of the discrete equation with a pause, dense."""
    weights, forced = memory.dense(), cue.spikes.dense(memory.step)
    u, last = np.zeros(memory.n_neurons), np.full(memory.n_neurons, -1000)
    emitted, own = np.zeros_like(forced), np.zeros_like(forced)
    for t in range(cue.n_steps):
        before = emitted[t - 1] if t else np.zeros(memory.n_neurons, bool)
        u = memory.beta * u * ~before
        for d in range(1, min(t, memory.n_delays) + 1):
            u += weights[:, :, d - 1] @ emitted[t - d]
        clamped = t < cue.clamp
        own[t] = (u >= memory.theta) & (t - last >= PAUSE) & (not clamped)
        emitted[t] = own[t] | forced[t]
        last[emitted[t]] = t
    return emitted, own


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_a_neuron_with_a_pause_recalls_as_its_equation_says(random_memory, random_cue, device):
    spikes = 0
    for seed, kind in ((1, "clamped"), (2, "ongoing"), (3, "free")):
        memory = random_memory(seed, 12, 5, "busy")
        cues = [random_cue(seed + 10 * k, memory, kind) for k in range(3)]
        found = recall(memory, cues, device=device, neuron=REFRACTORY)
        for one in found:
            emitted, own = equation_with_a_pause(memory, one.cue)
            assert one.emitted == Raster.from_dense(emitted, memory.step)
            assert one.own == Raster.from_dense(own, memory.step)
            spikes += own.sum()
        plain = compiled(memory, cues)
        assert any(len(one.own) > len(two.own) for one, two in zip(plain, found))
    assert spikes > 100


def chain(weight):
    return Memory(2, 3, 1e-3, 0.5, 1.0, pre=[0], post=[1], delay=[2], weight=[weight])


def crossing(weight, dt):
    """When the membrane of `EXPONENTIAL` reaches threshold after an arrival at time 0, in seconds."""
    t = np.arange(0, 0.05, dt)
    above = weight * 5 / (20 - 5) * (np.exp(-t / 20e-3) - np.exp(-t / 5e-3))
    return t[np.argmax(above >= 20.0)]


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_a_membrane_in_millivolts_begins_at_rest_and_crosses_when_its_formula_says(device):
    cue = Cue(Raster([0], [0.001], 2, 0.03), 1e-3, clamp=2)
    for weight in (120.0, 140.0, 400.0):
        (one,) = recall(chain(weight), [cue], dt=1e-4, device=device, neuron=EXPONENTIAL)
        if weight == 120.0:
            # It stays below, which also shows that nobody fires for want of a resting potential.
            assert one.emitted == Raster([0], [0.001], 2, 0.03)
        else:
            assert one.own.neurons.tolist()[0] == 1
            assert one.own.times[0] == pytest.approx(0.003 + crossing(weight, 1e-4), abs=1e-9)


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_one_value_of_a_parameter_of_each_neuron_is_that_of_all(random_memory, random_cue, device):
    equations = REFRACTORY.equations.replace("t_ref : second (shared, constant)", "t_ref : second")
    memory = random_memory(1, 12, 5, "busy")
    cues = [random_cue(k, memory, "clamped") for k in range(3)]
    own = replace(REFRACTORY, equations=equations)
    found, shared = (recall(memory, cues, device=device, neuron=one) for one in (own, REFRACTORY))
    assert [one.emitted for one in found] == [one.emitted for one in shared]
    assert sum(len(one.own) for one in found) > 30


def test_a_model_of_ones_own_stands_in_a_network_of_ones_own():
    group, synapses = expand(chain(140.0), neuron=EXPONENTIAL, name="own_model")
    assert np.all(group.v == -70 * mV)
    cue = Cue(Raster([0], [0.0], 2, 0.02), 1e-3, clamp=1)
    monitor = SpikeMonitor(group)
    stimulus = play(cue, group, EXPONENTIAL, name="own_cue")
    Network(group, synapses, monitor, *stimulus).run(21 * ms)
    wanted = [0.0, 0.002 + crossing(140.0, 1e-4)]
    assert np.allclose(monitor.t / second - 1e-3, wanted) and list(monitor.i) == [0, 1]


def test_a_device_is_chosen_for_a_model_of_ones_own(random_memory, random_cue):
    memory = random_memory(1)
    cues = [random_cue(1, memory)] * 400
    assert choose_device(memory, cues, neuron=REFRACTORY) in ("numpy", "cpp_standalone")


def test_what_is_neither_a_name_nor_a_model_is_refused(random_memory, random_cue):
    memory = random_memory(1)
    for neuron in ("izhi", 3, neurons.LIF):
        with pytest.raises(InputError, match="there is no neuron .*; there is lif"):
            recall(memory, random_cue(1, memory), neuron=neuron)
