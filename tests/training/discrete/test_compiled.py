"""The discrete-time recall follows design's equation, spike for spike."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.training import recall
from wmdelays.training.discrete.torch_recall import recall as torch_recall

STEP = 1e-3


def random_memory(seed, n_neurons, n_delays, density, gain, inhibition):
    """Random sparse weights: from silent to exploding, with and without inhibition."""
    rng = np.random.default_rng(seed)
    shape = (n_neurons, n_neurons, n_delays)
    weights = gain * rng.random(shape) * (rng.random(shape) < density)
    weights[rng.random(shape) < inhibition] *= -1
    return Memory.from_dense(weights, step=STEP, beta=rng.uniform(0.05, 0.95), theta=1.0)


def random_cue(seed, n_neurons, n_steps, clamp, rate, ongoing):
    rng = np.random.default_rng(seed)
    spikes = rng.random((n_steps, n_neurons)) < rate
    spikes[clamp:] &= rng.random((n_steps - clamp, n_neurons)) < ongoing
    return Cue(Raster.from_dense(spikes, STEP), STEP, clamp=clamp, scored_from=clamp)


networks = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31),
        "n_neurons": st.integers(1, 12),
        "n_delays": st.integers(1, 9),
        "density": st.sampled_from([0.0, 0.05, 0.3, 1.0]),
        "gain": st.sampled_from([0.1, 0.7, 2.5]),
        "inhibition": st.sampled_from([0.0, 0.3, 0.8]),
    }
)
cues = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31),
        "n_steps": st.integers(1, 40),
        "clamp": st.integers(0, 20),
        "rate": st.sampled_from([0.0, 0.1, 0.6]),
        "ongoing": st.sampled_from([0.0, 0.2, 1.0]),
    }
)


@settings(deadline=None, max_examples=200)
@given(network=networks, trials=st.lists(cues, min_size=1, max_size=3))
def test_recall_agrees_with_the_plain_loop(judge, network, trials):
    memory = random_memory(**network)
    batch = [
        random_cue(**{**c, "n_neurons": memory.n_neurons, "clamp": min(c["clamp"], c["n_steps"])})
        for c in trials
    ]
    for cue, recalled in zip(batch, recall(memory, batch)):
        emitted, own, closest_call = judge(memory, cue)
        np.testing.assert_array_equal(recalled.emitted.dense(STEP), emitted)
        np.testing.assert_array_equal(recalled.own.dense(STEP), own)
        if cue.clamp < cue.n_steps:
            assert recalled.closest_call == pytest.approx(closest_call, abs=1e-9)
        else:
            assert recalled.closest_call is None


def test_a_single_cue_gives_a_single_recall():
    memory = random_memory(0, 4, 3, 0.5, 0.7, 0.3)
    cue = random_cue(1, 4, 20, 3, 0.3, 0.0)
    assert recall(memory, cue).emitted == recall(memory, [cue])[0].emitted


def test_a_recall_does_not_depend_on_the_others_beside_it():
    memory = random_memory(3, 10, 5, 0.3, 0.7, 0.3)
    batch = [random_cue(k, 10, 20 + 7 * k, 4, 0.3, 0.2) for k in range(3)]
    together = recall(memory, batch)
    for cue, recalled in zip(batch, together):
        alone = recall(memory, cue)
        assert recalled.emitted == alone.emitted
        assert recalled.closest_call == alone.closest_call


def test_cues_of_another_network_are_refused():
    memory = random_memory(0, 4, 3, 0.5, 0.7, 0.3)
    with pytest.raises(InputError, match="5 neurons"):
        recall(memory, random_cue(1, 5, 20, 3, 0.3, 0.0))
    other_step = Cue(Raster.from_steps([0], [0], 4, 10, 0.5e-3), 0.5e-3, clamp=1)
    with pytest.raises(InputError, match="0.5 ms"):
        recall(memory, other_step)


@settings(deadline=None, max_examples=100)
@given(
    network=networks,
    trials=st.lists(cues, min_size=1, max_size=4),
    lost=st.sampled_from([None, 0.0, 0.3, 1.0]),
)
def test_the_compiled_loop_and_torchs_operators_give_the_same_bits(network, trials, lost):
    memory = random_memory(**network)
    batch = [
        random_cue(**{**c, "n_neurons": memory.n_neurons, "clamp": min(c["clamp"], c["n_steps"])})
        for c in trials
    ]
    if lost is not None:
        # One of the cues, so that those beside it lose nothing.
        batch[0] = batch[0].losing_spikes(lost, np.random.default_rng(network["seed"]))
    side_by_side = torch_recall(memory, batch)
    for cue, one, two in zip(batch, recall(memory, batch), side_by_side):
        assert one.cue is two.cue is cue
        assert one.own == two.own and one.emitted == two.emitted
        assert one.closest_call == two.closest_call


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    n_delays=st.integers(1, 4),
    density=st.sampled_from([0.3, 1.0]),
    inhibition=st.sampled_from([0.0, 0.3, 0.6]),
    rate=st.sampled_from([0.01, 0.05]),
    lost=st.sampled_from([None, 0.01, 0.05]),
)
def test_a_network_that_runs_away_and_is_disturbed_gives_the_same_bits(
    seed, n_delays, density, inhibition, rate, lost
):
    memory = random_memory(seed, 6, n_delays, density, 2.5, inhibition)
    cue, rng = random_cue(seed, 6, 100, 3, 0.6, 0.0), np.random.default_rng(seed)
    # Disturbed now and then, and left alone for longer than the longest delay.
    cue = cue.with_ongoing_noise(rate, rng)
    if lost is not None:
        cue = cue.losing_spikes(lost, rng)
    (one,), (two,) = recall(memory, [cue]), torch_recall(memory, [cue])
    assert one.emitted == two.emitted and one.own == two.own
    assert one.closest_call == two.closest_call


def test_a_network_that_runs_away_costs_little_once_it_fires_all_the_time():
    memory = Memory.from_dense(np.full((64, 64, 200), 1.0), step=STEP, beta=0.7, theta=1.0)

    def seconds(n_steps):
        cue = Cue(Raster.from_steps([0], [0], 64, n_steps, STEP), STEP, clamp=1)
        began = time.perf_counter()
        assert len(recall(memory, cue).own) == (n_steps - 1) * 64
        return time.perf_counter() - began

    seconds(2)
    # Until it is steady, for 200 steps, each spike goes to all its synapses.
    assert seconds(12_000) < 10 * seconds(300)


BOTH = pytest.mark.parametrize("recall", [recall, torch_recall], ids=["compiled", "torch"])


def chain(weight=1.5):
    """Neuron 0 makes neuron 1 spike after 2 steps, and that neuron 2 after 3."""
    weights = np.zeros((3, 3, 3))
    weights[1, 0, 1] = weights[2, 1, 2] = weight
    return Memory.from_dense(weights, step=STEP, beta=0.5, theta=1.0)


@BOTH
def test_a_lost_spike_is_recorded_and_reaches_no_synapse(recall):
    cue = Cue(Raster.from_steps([0, 0], [0, 6], 3, 12, STEP), STEP, clamp=1)
    (whole,) = recall(chain(), [cue])
    assert whole.own == Raster.from_steps([1, 2, 1, 2], [2, 5, 8, 11], 3, 12, STEP)
    for place, left in (((0, 6), [1, 2]), ((1, 2), [1, 1, 2]), ((1, 8), [1, 2, 1])):
        lost = Raster.from_steps([place[0]], [place[1]], 3, 12, STEP)
        (made,) = recall(chain(), [Cue(cue.spikes, STEP, clamp=1, lost=lost)])
        assert made.own.neurons.tolist() == left
        assert len(made.emitted) == len(left) + 2


@BOTH
def test_a_lost_spike_resets_its_neuron(recall):
    # Neuron 1 gets 1.5 in step 2 and 0.4 in step 3: with a membrane left over it spikes twice.
    weights = np.zeros((2, 2, 3))
    weights[1, 0, 1], weights[1, 0, 2] = 1.5, 0.4
    memory = Memory.from_dense(weights, step=STEP, beta=0.5, theta=1.0)
    cue = Cue(Raster.from_steps([0], [0], 2, 8, STEP), STEP, clamp=1)
    lost = Raster.from_steps([1], [2], 2, 8, STEP)
    (made,) = recall(memory, [Cue(cue.spikes, STEP, clamp=1, lost=lost)])
    assert made.own.steps(STEP).tolist() == [2]


@BOTH
def test_a_spike_that_is_not_emitted_cannot_be_lost(recall):
    cue = Cue(Raster.from_steps([0], [0], 3, 12, STEP), STEP, clamp=1)
    lost = Raster.from_steps([0, 1, 2], [3, 1, 4], 3, 12, STEP)
    (made,) = recall(chain(), [Cue(cue.spikes, STEP, clamp=1, lost=lost)])
    assert made.own.neurons.tolist() == [1, 2]


def judged_with_losses(memory, cue):
    """Eq. 1 step by step; a lost spike is emitted, and no synapse sees it."""
    W, c, lost = memory.dense(), cue.spikes.dense(STEP), cue.lost.dense(STEP)
    emitted, u = np.zeros_like(c), np.zeros(memory.n_neurons)
    for t in range(len(c)):
        u = memory.beta * u * ~emitted[t - 1] if t else u
        for d in range(1, min(memory.n_delays, t) + 1):
            u = u + W[:, :, d - 1] @ (emitted[t - d] & ~lost[t - d])
        emitted[t] = c[t] | ((u >= memory.theta) & (t >= cue.clamp))
    return emitted


@settings(deadline=None, max_examples=100)
@given(network=networks, trial=cues, lost=st.sampled_from([0.1, 0.6]))
def test_recall_with_lost_spikes_agrees_with_the_plain_loop(network, trial, lost):
    memory = random_memory(**network)
    trial = {**trial, "clamp": min(trial["clamp"], trial["n_steps"])}
    cue = random_cue(**trial, n_neurons=memory.n_neurons)
    cue = cue.losing_spikes(lost, np.random.default_rng(trial["seed"]))
    expected = judged_with_losses(memory, cue)
    np.testing.assert_array_equal(recall(memory, cue).emitted.dense(STEP), expected)


@BOTH
def test_the_closest_call_of_a_short_recall_ends_with_it(recall):
    # The membrane of neuron 1 comes to 0.9 in step 2.
    cues = [
        Cue(Raster.from_steps([0], [0], 3, n_steps, STEP), STEP, clamp=1) for n_steps in (2, 3, 12)
    ]
    calls = [made.closest_call for made in recall(chain(0.9), cues)]
    assert calls == pytest.approx([1.0, 0.1, 0.1])
