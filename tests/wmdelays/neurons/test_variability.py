"""What differs and what is noisy, as data, and the network that is drawn of it."""

from dataclasses import fields

import numpy as np
import pytest

from wmdelays import InputError, Memory
from wmdelays.neurons import NEURONS, Neurons, Variability
from wmdelays.neurons.drawn_network import draw_network


def network(model="lif-exp", n_neurons=2000, theta=1.0):
    """A ring of neurons."""
    neurons = None if model == "lif" else Neurons(model, n_neurons)
    own = {"beta": 0.7, "theta": theta} if neurons is None else {"beta": None, "theta": None}
    pre = np.arange(n_neurons)
    return Memory(
        n_neurons,
        40,
        1e-3,
        pre=pre,
        post=(pre + 1) % n_neurons,
        delay=np.full(n_neurons, 20),
        weight=np.full(n_neurons, 0.5),
        neurons=neurons,
        **own,
    )


def drawn(model="lif-exp", seed=0, n=10, theta=1.0, **knobs):
    return draw_network(network(model, theta=theta), Variability(**knobs), seed, n)


@pytest.mark.parametrize(
    "knobs, line",
    [
        ({"release_failures": 1.5}, "release_failures is 1.5; it has to lie from 0 to 1"),
        ({"dead": 1.0}, "dead is 1.0; it has to lie from 0 to below 1"),
        ({"membrane_noise": -1}, "membrane_noise is -1; it has to be at least 0"),
        ({"drive": np.inf}, "drive is inf; it has to be a finite number"),
        ({"time_constants": np.nan}, "time_constants is nan; it has to lie from 0 to 1"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(knobs, line):
    with pytest.raises(InputError) as refused:
        Variability(**knobs)
    assert str(refused.value) == line


def test_nothing_is_untidy_unless_it_is_said():
    assert not Variability()
    for one in fields(Variability):
        assert Variability(**{one.name: 0.5})


def test_what_is_drawn_has_the_spread_that_was_asked_for():
    plain, one = drawn(), drawn(delay_spread=0.8, weights=0.1)
    off = (one.delays - plain.delays) * 0.1
    assert np.mean(off) == pytest.approx(0, abs=0.06)
    assert np.std(off) == pytest.approx(0.8, rel=0.05)
    factor = one.memory.weight / plain.memory.weight
    assert np.mean(factor) == pytest.approx(1, abs=0.007)
    assert np.std(factor) == pytest.approx(0.1, rel=0.05)
    one = drawn(thresholds=1.5, time_constants=0.2)
    assert np.mean(one.values["theta"]) == pytest.approx(-50, abs=0.1)
    assert np.std(one.values["theta"]) == pytest.approx(1.5, rel=0.05)
    for name, mean in (("tau_s", 5.0), ("c", 200.0)):
        assert np.mean(one.values[name]) == pytest.approx(mean, rel=0.015)
        assert np.std(one.values[name]) == pytest.approx(0.2 * mean, rel=0.06)
    assert abs(np.corrcoef(one.values["tau_s"], one.values["c"])[0, 1]) < 0.1
    assert one.values["t_ref"] == 2.0 and one.values["g_l"] == 10.0
    assert np.mean(drawn(dead=0.3).alive) == pytest.approx(0.7, abs=0.05)


def test_no_delay_is_shorter_than_a_tick():
    assert drawn(delay_spread=30.0).delays.min() == 1


def test_dead_neurons_have_no_synapses():
    one = drawn(dead=0.3)
    assert one.alive[one.memory.pre].all() and one.alive[one.memory.post].all()
    assert len(one.delays) == one.memory.n_synapses < 2000


def test_what_is_drawn_depends_on_the_seed_and_not_on_the_tick():
    knobs = dict(delay_spread=0.5, weights=0.1, time_constants=0.1, dead=0.1)
    coarse, fine, other = drawn(n=10, **knobs), drawn(n=1000, **knobs), drawn(seed=1, **knobs)
    assert np.array_equal(coarse.memory.weight, fine.memory.weight)
    assert np.array_equal(coarse.values["c"], fine.values["c"])
    # The longer delays of shorter ticks are those of `Memory.delay_ticks`.
    assert np.abs(coarse.delays * 0.1 - fine.delays * 0.001).max() < 0.11
    assert not np.array_equal(coarse.alive, other.alive)
    assert not np.array_equal(coarse.values["c"], other.values["c"])
    # One knob does not change what another draws.
    assert np.array_equal(
        drawn(weights=0.1).memory.weight[:1000],
        drawn(weights=0.1, time_constants=0.3, delay_spread=1.0).memory.weight[:1000],
    )


def test_potentials_of_the_network_in_discrete_time_are_parts_of_theta():
    one = drawn("lif", theta=4.0, thresholds=0.1, membrane_noise=0.05, threshold_noise=0.02)
    assert np.mean(one.values["theta"]) == pytest.approx(4.0, abs=0.05)
    assert np.std(one.values["theta"]) == pytest.approx(0.4, rel=0.05)
    decay = 0.7 ** (1 / 10)
    assert one.noise == pytest.approx(np.full(2000, 0.05 * 4 * np.sqrt(1 - decay**2)))
    assert one.threshold_noise == pytest.approx(0.08)
    assert drawn("lif", theta=4.0, drive=0.1).kick == pytest.approx(
        np.full(2000, 0.4 * (1 - decay))
    )


@pytest.mark.parametrize("name", NEURONS)
def test_every_model_has_a_parameter_of_its_threshold(name):
    wanted = {"adex": "v_t", "izhikevich": "v_peak", "lif": "theta"}[name.split("-")[0]]
    assert NEURONS[name].threshold_parameter == wanted
    one = drawn(name, thresholds=0.5)
    assert np.std(one.values[wanted]) == pytest.approx(0.5, rel=0.05)


def test_a_neuron_that_is_none_is_named():
    with pytest.raises(InputError, match="as drawn, neuron .* e_l has to lie below theta"):
        drawn(thresholds=30.0)
