"""Weights and delays of the network in discrete time, in neurons in continuous time."""

import numpy as np
import pytest

from wmdelays import InputError, Memory, Raster
from wmdelays.neurons import Neurons, mixed, neuron_model
from wmdelays.training.continuous.carrying import Carried, potential


def potential_of_a_current(tau_m, tau_s, c):
    """The peak of a membrane's response to a current exp(-t / tau_s), and when: the textbook's formula."""
    peak = np.log(tau_m / tau_s) * tau_m * tau_s / (tau_m - tau_s)
    course = np.exp(-peak / tau_m) - np.exp(-peak / tau_s)
    return tau_m * tau_s / (c * (tau_m - tau_s)) * course, peak


@pytest.fixture(scope="module")
def memory():
    return Memory(
        n_neurons=3,
        n_delays=4,
        step=1e-3,
        beta=0.7,
        theta=2.0,
        pre=[0, 0, 0, 1, 2],
        post=[1, 1, 2, 2, 0],
        delay=[1, 2, 4, 3, 4],
        weight=[1.0, 0.5, -0.5, 2.0, 1.0],
        patterns=[Raster.from_steps([0, 1], [2, 7], 3, 20, 1e-3)],
    )


@pytest.mark.parametrize("tau_s", [0.5, 5.0])
def test_a_psp_of_a_current_peaks_as_the_textbook_says(tau_s):
    found = potential(neuron_model("lif-exp"), {"tau_s": tau_s}, 0.1)
    height, peak = potential_of_a_current(20.0, tau_s, 200.0)
    # At whole ticks the highest is a little lower.
    assert found.excitatory == pytest.approx(height, rel=2e-4)
    assert found.inhibitory == pytest.approx(found.excitatory, rel=1e-6)
    assert found.peak_ms == pytest.approx(peak, abs=0.1)
    assert found.way == 20


def test_a_psp_of_a_conductance_has_the_driving_force_at_threshold():
    found = potential(neuron_model("lif-cond"), {}, 0.1)
    # Small conductances are currents of the driving force: 50 mV and 30 mV at -50 mV. Their decay is
    # that of a tick of 0.1 ms.
    for size, tau_s, force in ((found.excitatory, 5.0, 50.0), (found.inhibitory, 10.0, 30.0)):
        height, _ = potential_of_a_current(20.0, tau_s, 200.0)
        assert size == pytest.approx(force * height, rel=0.03)


def test_weights_go_by_the_peak_of_the_psp_of_the_neuron_they_reach(memory):
    neurons = mixed("adex", 3, {"regular": 2 / 3, "tonic": 1 / 3})
    made, _ = Carried(memory, neurons).memory_with(0.0, 0.5)
    kinds = [potential(neurons.model, values, 0.1) for values in neurons.classes.values()]
    assert [len(kinds), *neurons.members] == [2, 0, 0, 1]
    assert kinds[0].excitatory != kinds[1].excitatory
    for j, i, delay, weight in zip(made.pre, made.post, made.delay, made.weight):
        old = memory.weight[
            (memory.pre == j) & (memory.post == i) & (10 * memory.delay == delay)
        ].item()
        one = kinds[neurons.members[i]]
        size = one.excitatory if old > 0 else one.inhibitory
        assert weight * size == pytest.approx(0.5 * old / memory.theta * one.way)


def test_delays_are_shorter_by_the_shift_in_the_mean(memory):
    rng = np.random.default_rng(0)
    pre, post, delay = np.unravel_index(rng.permutation(16_000)[:2000], (20, 20, 40))
    many = Memory(
        n_neurons=20,
        n_delays=40,
        step=1e-3,
        beta=0.7,
        theta=1.0,
        pre=pre,
        post=post,
        delay=delay + 1,
        weight=rng.standard_normal(2000),
        patterns=[Raster.from_steps([0], [0], 20, 60, 1e-3)],
    )
    made, n_shortest = Carried(many, Neurons("lif-exp", 20)).memory_with(0.333, 1.0)
    shorter = 10 * many.delay.astype(float) - made.delay
    assert n_shortest == 0 and (made.tick, made.n_delays) == (1e-4, 400)
    assert set(shorter) == {3, 4}
    assert shorter.mean() == pytest.approx(3.33, abs=2e-3)


def test_delays_below_a_tick_are_one_tick_and_those_alike_then_one_synapse(memory):
    carried = Carried(memory, Neurons("lif-exp", 3))
    plain, none = carried.memory_with(0.0, 1.0)
    made, n_shortest = carried.memory_with(2.5, 1.0)
    assert (none, n_shortest) == (0, 2)
    assert made.n_synapses == memory.n_synapses - 1
    first = (made.pre == 0) & (made.post == 1)
    assert made.delay[first].tolist() == [1]
    assert made.weight[first].item() == pytest.approx(
        plain.weight[(plain.pre == 0) & (plain.post == 1)].sum()
    )
    assert sorted(made.delay.tolist()) == [1, 5, 15, 15]


def test_a_step_that_is_no_whole_number_of_ticks_is_refused(memory):
    with pytest.raises(InputError, match="0.3"):
        Carried(memory, Neurons("lif-exp", 3, dt=3e-4))
