"""The causal links between stored spikes."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Memory, Raster
from wmdelays.motifs.motifs import find_motifs, horizon, n_cycles, parts, shared, stored_spikes
from wmdelays.plots.motifs import typical_spike

STEP = 1e-3


def random_memory(seed, beta=0.7, n_neurons=4, n_delays=3, n_steps=14, periodic=False, shift=0.2):
    """A small memory whose stored spikes are often held by its random weights."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(shift, 0.5, (n_neurons, n_neurons, n_delays))
    weights *= rng.random(weights.shape) < 0.6
    patterns = [Raster.from_dense(rng.random((n_steps, n_neurons)) < 0.25, STEP) for _ in range(2)]
    return Memory.from_dense(
        weights, step=STEP, beta=beta, theta=0.8, patterns=patterns, periodic=periodic
    )


def contributions(memory, spikes, t, j):
    """Every contribution to the membrane of neuron j in step t, one synapse and spike at a time.

    Parameters
    ----------
    spikes : set of (step, neuron)

    Returns
    -------
    list of (contribution, pre, step of its spike, delay, synapse)
    """
    reset = max((s for s, i in spikes if i == j and s < t), default=-(10**9))
    found = []
    for k in range(memory.n_synapses):
        if memory.post[k] != j:
            continue
        for s, i in spikes:
            arrival = s + int(memory.delay[k])
            if i == memory.pre[k] and reset < arrival <= t:
                value = memory.weight[k] * memory.beta ** (t - arrival)
                found.append((value, i, s, int(memory.delay[k]), k))
    return found


def check_spike(memory, motifs, k, every):
    """Compare a spike's motif with what its contributions say."""
    u = sum(one[0] for one in every)
    inhibition = sum(one[0] for one in every if one[0] < 0)
    excitatory = sorted((one for one in every if one[0] > 0), reverse=True)
    assert motifs.membrane[k] == pytest.approx(u)
    assert motifs.inhibition[k] == pytest.approx(inhibition)
    assert motifs.n_excitatory[k] == len(excitatory)
    assert motifs.held[k] == (u >= memory.theta)
    part = motifs.links(k)
    columns = (motifs.pre, motifs.pre_step, motifs.delay, motifs.synapse)
    links = list(zip(*(column[part].tolist() for column in columns)))
    critical = motifs.critical_synapse[motifs.critical_spike == k].tolist()
    if not motifs.held[k]:
        assert not links and not critical and motifs.context[k] == 0
        return
    assert links == [one[1:] for one in excitatory[: len(links)]]
    assert motifs.contribution[part] == pytest.approx([one[0] for one in excitatory[: len(links)]])
    assert motifs.context[k] == motifs.step[k] - min(one[1] for one in links)
    # It is held, and by no other choice of fewer.
    strengths = [one[0] for one in excitatory]
    assert inhibition + sum(strengths[: len(links)]) >= memory.theta
    fewer = combinations(strengths, len(links) - 1)
    assert inhibition + max(map(sum, fewer)) < memory.theta
    lost = {
        synapse
        for synapse in {one[4] for one in excitatory}
        if sum(one[0] for one in every if one[4] != synapse) < memory.theta
    }
    assert set(critical) == lost and len(critical) == len(lost)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    beta=st.sampled_from([0.3, 0.7, 0.95]),
    shift=st.sampled_from([0.0, 0.2, 0.5]),
)
def test_motifs_are_those_of_a_program_that_goes_through_every_contribution(seed, beta, shift):
    memory = random_memory(seed, beta, shift=shift)
    for k, motifs in enumerate(find_motifs(memory)):
        pattern = memory.patterns[k]
        spikes = set(zip(pattern.steps(STEP).tolist(), pattern.neurons.tolist()))
        wanted = sorted((t, j) for t, j in spikes if t >= memory.n_delays)
        assert list(zip(motifs.step.tolist(), motifs.neuron.tolist())) == wanted
        for place, (t, j) in enumerate(wanted):
            check_spike(memory, motifs, place, contributions(memory, spikes, t, j))


@settings(deadline=None, derandomize=True, max_examples=15)
@given(seed=st.integers(0, 10**6), beta=st.sampled_from([0.1, 0.5]))
def test_a_periodic_pattern_is_looked_at_in_a_cycle_after_many_others(seed, beta):
    memory = random_memory(seed, beta, n_steps=9, periodic=True)
    for k, motifs in enumerate(find_motifs(memory)):
        pattern = memory.patterns[k]
        cycle = list(zip(pattern.steps(STEP).tolist(), pattern.neurons.tolist()))
        spikes = {(s + c * memory.n_steps, i) for s, i in cycle for c in range(-12, 1)}
        assert list(zip(motifs.step.tolist(), motifs.neuron.tolist())) == sorted(cycle)
        for place, (t, j) in enumerate(sorted(cycle)):
            every = contributions(memory, spikes, t, j)
            # Those left out for their age would count too.
            every = [one for one in every if t - one[2] - one[3] <= horizon(memory)]
            check_spike(memory, motifs, place, every)


@pytest.mark.parametrize("beta", [0.01, 0.7, 0.99])
def test_what_is_older_than_the_horizon_is_less_than_a_rounding_error_of_theta(beta):
    memory = random_memory(1, beta)
    most = np.abs(memory.dense()).sum((1, 2)).max()
    ages = np.arange(horizon(memory) + 1, horizon(memory) + 20_000)
    assert (most * beta**ages).sum() < memory.theta * 2**-53
    # And not much younger ones: they would count.
    assert most * beta ** (horizon(memory) - 1) / (1 - beta) >= memory.theta * 2**-53


@pytest.fixture
def chains():
    """Neuron k makes k + 1 fire two steps later, in two chains; each pattern is one of them."""
    n, length = 20, 20
    weights = np.zeros((n, n, 4))
    patterns = []
    for first in (0, 10):
        for k in range(first, first + 9):
            weights[k + 1, k, 1] = 1.5
        steps = np.arange(0, length, 2)
        patterns.append(Raster.from_steps(np.arange(first, first + 10), steps, n, length, STEP))
    return Memory.from_dense(weights, step=STEP, beta=0.5, theta=1.0, patterns=patterns)


def test_in_a_chain_each_spike_hangs_on_the_one_before(chains):
    one, other = find_motifs(chains)
    assert one.step.tolist() == [4, 6, 8, 10, 12, 14, 16, 18]
    assert one.neuron.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]
    assert one.pre.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert one.held.all() and set(one.size) == {1} and set(one.context) == {2}
    assert set(one.delay) == {2} and set(one.contribution) == {1.5}
    assert one.critical_spike.tolist() == list(range(8))
    assert one.critical_synapse.tolist() == one.synapse.tolist()
    assert parts(one).tolist() == [9]
    neurons, synapses = shared([one, other])
    assert neurons.tolist() == [[9, 0], [0, 9]] and synapses.tolist() == [[8, 0], [0, 8]]
    assert shared([one])[1].tolist() == [[8]]
    assert typical_spike(one) == 0


def test_a_pattern_falls_into_parts_where_no_link_joins_it(chains):
    both = Raster.from_steps(
        np.tile(np.arange(20), 1), np.tile(np.arange(0, 20, 2), 2), 20, 20, STEP
    )
    memory = Memory(
        **{
            name: getattr(chains, name)
            for name in "n_neurons n_delays step beta theta pre post delay weight".split()
        },
        patterns=[both],
    )
    assert parts(find_motifs(memory)[0]).tolist() == [9, 9]


def test_a_spike_resets_the_membrane_that_later_contributions_build(chains):
    # Neuron 0 reaches 1 three steps late; a spike of 1 in between takes away what had arrived.
    weights = np.zeros((2, 2, 3))
    weights[1, 0, 0] = 4.0
    for steps, neurons, held in (([2, 5], [0, 1], [True]), ([2, 4, 5], [0, 1, 1], [True, False])):
        pattern = Raster.from_steps(neurons, steps, 2, 8, STEP)
        memory = Memory.from_dense(weights, step=STEP, beta=0.6, theta=1.0, patterns=[pattern])
        (motifs,) = find_motifs(memory)
        assert motifs.held.tolist() == held
        assert motifs.contribution[0] == pytest.approx(4.0 * 0.6 ** (steps[1] - 3))


def test_of_equal_contributions_the_latest_spikes_are_the_motif():
    # Neurons 0 to 3 fire one after another, and what they send arrives together at neuron 4.
    weights = np.zeros((5, 5, 5))
    for i in range(4):
        weights[4, i, 4 - i] = 0.5
    pattern = Raster.from_steps(range(5), [0, 1, 2, 3, 5], 5, 7, STEP)
    memory = Memory.from_dense(weights, step=STEP, beta=0.6, theta=1.0, patterns=[pattern])
    (motifs,) = find_motifs(memory)
    assert motifs.pre.tolist() == [3, 2] and motifs.context.tolist() == [3]


@settings(deadline=None, derandomize=True, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_shared_counts_are_sizes_of_intersections(seed):
    motifs = find_motifs(random_memory(seed))
    sets = [
        [set(one.pre.tolist()) | set(one.neuron[one.held].tolist()) for one in motifs],
        [set(one.synapse.tolist()) for one in motifs],
    ]
    for counts, members in zip(shared(motifs), sets):
        assert counts.tolist() == [[len(a & b) for b in members] for a in members]


def test_patterns_that_are_not_there_or_named_twice_are_refused(chains):
    with pytest.raises(InputError, match="there is no pattern 2"):
        find_motifs(chains, [0, 2])
    with pytest.raises(InputError, match="a pattern is named twice"):
        find_motifs(chains, [1, 1])
    with pytest.raises(InputError, match="holds no patterns"):
        find_motifs(chains, [])


def test_an_exact_recall_of_a_periodic_pattern_is_the_pattern_again_and_again():
    memory = random_memory(3, periodic=True)
    cycles, length = n_cycles(memory), memory.n_steps
    assert (cycles - 1) * length >= horizon(memory) + memory.n_delays
    dense = stored_spikes(memory, 1).dense(STEP)
    assert np.array_equal(dense, np.tile(memory.patterns[1].dense(STEP), (cycles, 1)))
