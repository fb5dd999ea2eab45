"""The polychronization network fires and learns as the program of the paper does."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import defaultclock, get_device, prefs
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError
from wmdelays.brian_models import NetworkSimulation, wire
from wmdelays.brian_models.polychronization.network import random_input
from wmdelays.polychrony.network_state import initial_state

# Each neuron of so small a network is chosen for the input often enough to fire.
SMALL = {"n_excitatory": 60, "n_inhibitory": 15, "n_targets": 40}


def spnet(network, seed, n_seconds):
    """The loop of the program that came with the paper, one synapse after another.

    Its tables are kept: LTP over the milliseconds of a second and the 20 before, LTD of now, and
    the spikes of the last 20 ms, whose synapses are looked up by age. Only the order in which
    arrivals are summed is another, the oldest spike first as in Brian2's queue.
    """
    D, n, n_exc = network.max_delay_ms, network.n_neurons, network.n_excitatory
    pre, post, delay = network.pre, network.post, network.delay_ms
    a, d = np.where(network.excitatory, 0.02, 0.1), np.where(network.excitatory, 8.0, 2.0)
    s, sd = network.weight.copy(), np.zeros(len(pre))
    v, u, LTD = np.full(n, -65.0), 0.2 * np.full(n, -65.0), np.zeros(n)
    LTP = np.zeros((n, 1001 + D))
    incoming = [np.flatnonzero((post == i) & (pre < n_exc)) for i in range(n)]
    by_delay = [[np.flatnonzero((pre == i) & (delay == k)) for k in range(D + 1)] for i in range(n)]
    firings, recorded = [], []
    for sec in range(n_seconds):
        chosen = random_input(seed, sec, n)
        for t in range(1000):
            I = np.zeros(n)  # noqa: E741
            I[chosen[t]] += 20
            for i in np.flatnonzero(v >= 30):
                v[i], u[i], LTP[i, t + D], LTD[i] = -65, u[i] + d[i], 0.1, 0.12
                k = incoming[i]
                sd[k] += LTP[pre[k], t + D - delay[k]]
                firings.append((t, i))
                recorded.append((1000 * sec + t, i))
            firings = [(when, i) for when, i in firings if t - when < D]
            for excitatory in (True, False):
                for when, i in firings:
                    if (i < n_exc) == excitatory:
                        for k in by_delay[i][t - when + 1]:
                            I[post[k]] += s[k]
                            if excitatory:
                                sd[k] -= LTD[post[k]]
            v += 0.5 * ((0.04 * v + 5) * v + 140 - u + I)
            v += 0.5 * ((0.04 * v + 5) * v + 140 - u + I)
            u += a * (0.2 * v - u)
            LTP[:, t + D + 1] = 0.95 * LTP[:, t + D]
            LTD *= 0.95
        LTP[:, : D + 1] = LTP[:, 1000:]
        firings = [(when - 1000, i) for when, i in firings]
        plastic = pre < n_exc
        s[plastic] = np.clip(s[plastic] + (0.01 + sd[plastic]), 0, 10)
        sd *= 0.9
    times, neurons = np.array(recorded).T
    return neurons, times, s, sd[plastic], v, u


@pytest.fixture(scope="module")
def judged():
    network = wire(seed=3, **SMALL)
    return network, spnet(network, seed=5, n_seconds=4)


def run(network, seed, device, seconds):
    """The state after runs of so many seconds each, and all spikes."""
    spikes = []
    with NetworkSimulation(network, seed, device) as simulation:
        state = initial_state(network)
        for n in seconds:
            state, neurons, times = simulation.run(state, n)
            spikes.append((neurons, times))
    return state, *(np.concatenate(part) for part in zip(*spikes))


def same(one, other):
    """Whether two states are the same bit for bit."""
    arrays = ("v", "u", "depression", "derivative", "arrived_ms")
    return (
        one.seconds == other.seconds
        and one.network.fingerprint() == other.network.fingerprint()
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and all(np.array_equal(x, y) for x, y in zip(one.spikes, other.spikes))
    )


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_spikes_and_weights_are_those_of_the_papers_program(device, judged):
    network, (neurons, times, weight, derivative, v, u) = judged
    state, i, ms = run(network, 5, device, [4])
    assert len(i) > 1000 and len(np.unique(weight)) > 500
    assert np.array_equal(i, neurons) and np.array_equal(ms, times)
    assert np.array_equal(state.network.weight, weight)
    np.testing.assert_allclose(state.derivative, derivative, rtol=0, atol=1e-20)
    assert np.array_equal(state.v, v) and np.array_equal(state.u, u)


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_a_run_that_is_taken_up_again_is_the_uninterrupted_one(device):
    network = wire(seed=1, **SMALL)
    session = get_device(), float(defaultclock.dt), prefs.as_file
    whole = run(network, 2, device, [3])
    parts = run(network, 2, device, [1, 2])
    assert same(whole[0], parts[0]) and len(whole[0].spikes[0])
    assert np.array_equal(whole[1], parts[1]) and np.array_equal(whole[2], parts[2])
    # And the user's Brian2 session stays as it was.
    assert (get_device(), float(defaultclock.dt), prefs.as_file) == session


def test_a_state_that_lacks_the_spikes_under_way_goes_on_otherwise():
    # The check of the one above: what is replayed does matter.
    network = wire(seed=1, **SMALL)
    with NetworkSimulation(network, 2, "numpy") as simulation:
        state, _, _ = simulation.run(initial_state(network), 1)
        after, _, _ = simulation.run(state, 1)
        none = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        bare, _, _ = simulation.run(replace(state, spikes=none), 1)
    assert not same(after, bare)


def test_learning_depends_on_the_seed_of_the_input_alone():
    network = wire(seed=1, **SMALL)
    first, again, other = (run(network, seed, "numpy", [1])[0] for seed in (2, 2, 3))
    assert same(first, again) and not same(first, other)


def test_each_second_has_a_random_input_of_its_own_among_all_neurons():
    drawn = [random_input(seed, second, 50) for seed in (0, 1) for second in range(3)]
    assert len({tuple(one) for one in drawn}) == 6
    assert all(set(one) == set(range(50)) for one in drawn)
    assert np.array_equal(random_input(1, 2, 50), drawn[5])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_excitatory=st.integers(20, 60),
    n_inhibitory=st.integers(0, 15),
    max_delay=st.integers(1, 4),
    each=st.integers(1, 4),
)
def test_wiring_is_that_of_the_paper(seed, n_excitatory, n_inhibitory, max_delay, each):
    n_targets = max_delay * each
    network = wire(seed, n_excitatory, n_inhibitory, n_targets, max_delay)
    pre, post, delay = network.pre, network.post, network.delay_ms
    plastic = network.excitatory[pre]
    assert (np.bincount(pre) == n_targets).all()
    assert (pre != post).all()
    assert len(np.unique(pre * network.n_neurons + post)) == len(pre)
    assert network.n_neurons == n_excitatory + n_inhibitory
    assert (network.excitatory == (np.arange(network.n_neurons) < n_excitatory)).all()
    assert (post[~plastic] < n_excitatory).all() and (delay[~plastic] == 1).all()
    counts = np.zeros((n_excitatory, max_delay), int)
    np.add.at(counts, (pre[plastic], delay[plastic] - 1), 1)
    assert (counts == each).all()
    assert set(network.weight[plastic]) == {6} and set(network.weight[~plastic]) <= {-5}


def test_excitatory_neurons_reach_inhibitory_ones_as_often_as_others():
    network = wire(seed=0)
    reached = network.post[network.excitatory[network.pre]]
    assert (reached >= 800).mean() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    "sizes, words",
    [
        ({"n_targets": 30}, "shared evenly among 20 delays"),
        ({"n_excitatory": 30, "n_targets": 40}, "too many for 30 excitatory"),
    ],
)
def test_impossible_wirings_are_refused(sizes, words):
    with pytest.raises(InputError, match=words):
        wire(**SMALL | sizes)


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match="no device 'gpu'"):
        NetworkSimulation(wire(seed=1, **SMALL), device="gpu")
