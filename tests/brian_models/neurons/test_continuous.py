"""Models in continuous time as Brian2 has them: it checks their units, and runs them."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, SpikeMonitor, ms, mV, pF

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.brian_models import expand, play, recall
from wmdelays.neurons import NEURONS, Neurons, mixed
from wmdelays.neurons.one_tick import rest
from wmdelays.training.continuous.recall import recall as compiled

# What makes a neuron at rest fire soon, by the unit of weights.
WEIGHTS = {"nS": 100.0, "pA": 6000.0, "mV": 30.0, "1": 0.8}


def pair(neurons):
    """Neuron 0 drives neuron 1 with a delay of two steps."""
    return Memory(
        n_neurons=2,
        n_delays=2,
        step=1e-3,
        beta=None,
        theta=None,
        pre=[0],
        post=[1],
        delay=[2],
        weight=[WEIGHTS[neurons.model.weight_unit]],
        neurons=neurons,
    )


@pytest.mark.parametrize("name", NEURONS)
def test_a_group_of_each_model_is_built_and_runs_in_a_network_of_ones_own(name):
    """Brian2 refuses equations, resets and arrivals whose units do not fit."""
    memory = pair(Neurons(name, 2))
    group, synapses = expand(memory, name="pair")
    assert float(group.clock.dt) == 1e-4
    (at_rest,) = rest(memory.neurons.model, {k: [v] for k, v in memory.neurons.values.items()})
    assert group.v[0] / mV == pytest.approx(at_rest[0], abs=1e-12)
    cue = Cue(Raster([0], [0.0], 2, 0.03), 1e-4, clamp=1)
    monitor = SpikeMonitor(group)
    Network(group, synapses, monitor, *play(cue, group, name)).run(30 * ms)
    wanted = compiled(memory, cue).emitted
    # The cue begins a tick after the network.
    ticks = np.rint(monitor.t / ms * 10).astype(int) - 1
    assert len(ticks) > 1 and ticks.tolist() == wanted.steps(1e-4)[: len(ticks)].tolist()
    assert monitor.i[:].tolist() == wanted.neurons[: len(ticks)].tolist()


@pytest.mark.parametrize(
    "name, presets", [(name, model.presets) for name, model in NEURONS.items() if model.presets]
)
def test_neurons_of_several_classes_have_their_own_values(name, presets):
    parts = dict.fromkeys(presets, 1 / len(presets))
    neurons = mixed(name, 2 * len(presets), parts)
    memory = replace(pair(Neurons(name, 2)), n_neurons=neurons.n_neurons, neurons=neurons)
    group, _ = expand(memory, name="classes")
    for k, values in enumerate(presets.values()):
        if "c" in values:
            assert group.c[2 * k] == values["c"] * pF
        if "v_r" in values:
            assert group.v_r[2 * k] == values["v_r"] * mV


@pytest.mark.parametrize(
    "changed, words",
    [
        (dict(equations=("/ c : volt", "* c : volt")), "Inconsistent units"),
        (dict(equations=("-i_syn / tau_s", "-i_syn")), "Inconsistent units"),
        (dict(threshold="v >= g_l"), "Inconsistent units"),
        (dict(reset="v = 3"), "does not have the expected unit"),
        (dict(rest={"v": "3", "i_syn": "0 * pA"}), "does not have the expected unit"),
        (dict(weight_unit="nS"), "inconsistent units"),
    ],
)
def test_units_that_do_not_fit_are_one_line(changed, words):
    model = NEURONS["lif-exp"]
    if "equations" in changed:
        before, after = changed["equations"]
        assert before in model.equations
        changed = dict(equations=model.equations.replace(before, after), method="euler")
    memory = pair(Neurons(replace(model, name="own", **changed), 2))
    cue = Cue(Raster([0], [0.0], 2, 0.03), 1e-4, clamp=1)
    with pytest.raises(InputError, match="Brian2 cannot take the neuron own: .*") as refused:
        recall(memory, cue)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_memory_is_recalled_by_the_neurons_it_was_learned_for():
    memory = pair(Neurons("adex", 2))
    cue = Cue(Raster([0], [0.0], 2, 0.03), 1e-4, clamp=1)
    for neuron, words in (
        ("lif", "learned for adex, not for lif"),
        ("izhikevich", "learned for adex, not for izhikevich"),
        (replace(NEURONS["adex"], name="own"), "learned for adex, not for own"),
        ("hh", "there is no neuron 'hh'; there is lif, lif-exp"),
    ):
        with pytest.raises(InputError, match=words):
            recall(memory, cue, neuron=neuron)
    assert recall(memory, cue, neuron="adex").own == recall(memory, cue).own
