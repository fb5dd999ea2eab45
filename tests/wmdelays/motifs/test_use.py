"""Which synapses a recall needs."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.motifs.motifs import find_motifs, horizon
from wmdelays.motifs.use import synapse_use, without_unused

STEP = 1e-3
drawn = settings(deadline=None, derandomize=True, max_examples=60)
networks = given(
    seed=st.integers(0, 10**6),
    beta=st.sampled_from([0.001, 0.3, 0.9]),
    shift=st.sampled_from([-0.1, 0.05, 0.15]),
)


def made_by_itself(judge, seed, beta, shift, n_neurons=6, n_delays=3, n_steps=30):
    """A memory with random synapses and, as its pattern, what it makes of a random trigger.

    Its recall is exact, whatever the weights are.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(shift, 0.4, (n_neurons, n_neurons, n_delays))
    weights *= rng.random(weights.shape) < 0.5
    trigger = np.zeros((n_steps, n_neurons), bool)
    trigger[:n_delays] = rng.random((n_delays, n_neurons)) < 0.4
    parameters = dict(step=STEP, beta=beta, theta=0.5)
    memory = Memory.from_dense(weights, **parameters)
    cue = Cue(Raster.from_dense(trigger, STEP), STEP, clamp=n_delays)
    pattern = Raster.from_dense(judge(memory, cue)[0], STEP)
    return Memory.from_dense(weights, **parameters, patterns=[pattern])


def use_of(memory, only=None):
    return synapse_use(memory, [(memory.patterns[0], memory.n_delays)], only)


def literal_use(memory):
    """The definition, one synapse, spike and membrane after another."""
    spikes = memory.patterns[0].dense(STEP)
    n_steps, n_delays = len(spikes), memory.n_delays
    far = horizon(memory)

    def stands(k):
        """The membranes, by (step, neuron) and age, in which a synapse's contributions stand."""
        j = memory.post[k]
        for s in np.flatnonzero(spikes[:, memory.pre[k]]):
            arrival = s + memory.delay[k]
            for t in range(arrival, min(n_steps, arrival + far + 1)):
                if t >= n_delays:
                    yield t, j, t - arrival
                if spikes[t, j]:
                    break

    used = np.zeros(memory.n_synapses, bool)
    for k in np.flatnonzero(memory.weight > 0):
        used[k] = any(spikes[t, j] for t, j, _ in stands(k))
    alone = np.zeros(spikes.shape)
    for k in np.flatnonzero(used):
        for t, j, age in stands(k):
            alone[t, j] += memory.weight[k] * memory.beta**age
    near = (alone >= memory.theta) & ~spikes
    for k in np.flatnonzero(memory.weight < 0):
        used[k] = any(near[t, j] for t, j, _ in stands(k))
    return used


@pytest.mark.parametrize("many", [0.0, 1.0], ids=["as matrices", "spike by spike"])
@drawn
@networks
def test_used_synapses_are_those_of_the_definition(judge, many, seed, beta, shift):
    memory = made_by_itself(judge, seed, beta, shift)
    with patch("wmdelays.motifs.use._MANY", many):
        use = use_of(memory)
    assert use.used.tolist() == literal_use(memory).tolist()
    assert use.excitatory.tolist() == (memory.weight > 0).tolist()
    counts = use.counts()
    assert sum(one["used"] for one in counts.values()) == use.used.sum()
    assert sum(one["n_synapses"] for one in counts.values()) == memory.n_synapses


@drawn
@networks
def test_without_the_unused_synapses_the_recall_is_the_same(judge, seed, beta, shift):
    memory = made_by_itself(judge, seed, beta, shift)
    (cue,) = memory.cues()
    smaller = without_unused(memory, use_of(memory), {})
    assert np.array_equal(judge(smaller, cue)[0], memory.patterns[0].dense(STEP))


@drawn
@networks
def test_the_motifs_and_the_inhibition_they_need_make_the_same_recall(judge, seed, beta, shift):
    memory = made_by_itself(judge, seed, beta, shift)
    (motifs,) = find_motifs(memory)
    assert motifs.held.all()
    in_motif = np.zeros(memory.n_synapses, bool)
    in_motif[motifs.synapses] = True
    use = use_of(memory, in_motif)
    assert not (use.used & use.excitatory & ~in_motif).any()
    smaller = without_unused(memory, use, {})
    (cue,) = memory.cues()
    assert np.array_equal(judge(smaller, cue)[0], memory.patterns[0].dense(STEP))


def test_the_networks_of_these_tests_have_something_to_cut_and_something_to_keep(judge):
    shares = [
        use_of(made_by_itself(judge, seed, beta, 0.05)).used.mean()
        for seed in range(10)
        for beta in (0.3, 0.9)
    ]
    assert 0.1 < np.mean(shares) < 0.95


def test_inhibition_is_used_where_it_holds_something_back():
    # Neuron 0 excites neuron 1, and both 2 and 3 inhibit it.
    weights = np.zeros((4, 4, 2))
    weights[1, 0, 0] = 1.0
    weights[1, 2, 0] = weights[1, 3, 0] = -2.0
    memory = Memory.from_dense(weights, step=STEP, beta=0.1, theta=0.9)
    assert memory.pre.tolist() == [0, 2, 3]

    def recall(neurons, steps):
        return Raster.from_steps(neurons, steps, 4, 6, STEP), 2

    fires = recall([0, 1], [1, 2])
    held_back = recall([0, 2], [1, 1])
    nothing_to_hold = recall([3], [1])

    def used(*recalls):
        return synapse_use(memory, recalls).used.tolist()

    assert used(fires, held_back, nothing_to_hold) == [True, True, False]
    assert used(fires, nothing_to_hold) == [True, False, False]
    # The excitation that makes no spike can go, and then there is nothing to hold back.
    assert used(held_back, nothing_to_hold) == [False, False, False]


def test_a_cut_memory_says_what_was_cut(judge, same_memory):
    memory = made_by_itself(judge, 1, 0.3, 0.05)
    memory.made.update(rule="none", reached={"margin": 0.5})
    use = use_of(memory)
    smaller = without_unused(memory, use, {"keep": "used"})
    assert smaller.n_synapses == use.used.sum() < memory.n_synapses
    assert smaller.made == {
        "rule": "none",
        "cut": {"n_synapses": memory.n_synapses, "kept": smaller.n_synapses, "keep": "used"},
    }
    assert np.array_equal(smaller.dense(), memory.dense() * (smaller.dense() != 0))
    assert smaller.patterns == memory.patterns
    with pytest.raises(InputError, match="synapses were looked at"):
        without_unused(smaller, use, {})
