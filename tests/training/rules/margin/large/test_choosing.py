"""Which synapses the neurons of a large network are to have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays.training.rules.margin.large.choosing import chosen_synapses
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits

START = 4


def chosen(patterns, n_delays, sign=None, **limits):
    """Of each neuron: (rows, signs), from dense patterns."""
    n_steps, n_neurons = patterns[0].shape
    spikes = [np.nonzero(p) for p in patterns]
    shown = presentations(
        [(*one, n_steps, m, START, False) for m, one in enumerate(spikes)], n_delays
    )
    found = []
    for wanted in targets(spikes, n_neurons):
        block = chosen_synapses(
            shown, wanted, n_neurons * n_delays, n_delays, SynapseLimits(**limits), sign
        )
        assert block.limited and not block.weight.any() and (np.diff(block.place) > 0).all()
        for b in range(BLOCK):
            own = block.place % BLOCK == b
            found.append((block.place[own] // BLOCK, block.sign[own]))
    assert not any(len(rows) for rows, _ in found[n_neurons:])
    return found[:n_neurons]


def arriving(patterns, n_delays, times):
    """How often each row brings a spike at these times (pattern, step)."""
    count = np.zeros(patterns[0].shape[1] * n_delays, int)
    for m, t in times:
        for delay in range(1, n_delays + 1):
            if START <= t < len(patterns[m]) and t >= delay:
                count[np.flatnonzero(patterns[m][t - delay]) * n_delays + delay - 1] += 1
    return count


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.sampled_from([3, 20, 40]),
    n_delays=st.integers(1, 6),
    n_patterns=st.integers(1, 3),
    most=st.integers(1, 30),
    dale=st.booleans(),
    one=st.booleans(),
)
def test_excitatory_synapses_bring_spikes_when_a_neuron_spikes_and_inhibitory_ones_beside(
    seed, n_neurons, n_delays, n_patterns, most, dale, one
):
    rng = np.random.default_rng(seed)
    patterns = rng.random((n_patterns, 24, n_neurons)) < 0.1
    sign = np.repeat(rng.choice([-1, 1], n_neurons), n_delays).astype(np.int8) if dale else None
    limits = dict(max_synapses=most, one_delay_per_pair=one)
    for j, (rows, signs) in enumerate(chosen(patterns, n_delays, sign, **limits)):
        times = np.argwhere(patterns[:, :, j])
        at = arriving(patterns, n_delays, times)
        beside = arriving(patterns, n_delays, [(m, t + k) for m, t in times for k in (-1, 1)])
        helps, others = rows[signs > 0], rows[signs < 0]
        assert len(rows) <= most
        assert at[helps].all() and not at[others].any() and beside[others].all()
        if dale:
            assert (sign[rows] == signs).all()
        if one:
            assert len(np.unique(rows // n_delays)) == len(rows)
            continue
        able = at > 0 if sign is None else (at > 0) & (sign > 0)
        # None that serves more is left out, and none of them as long as there is room.
        left = np.setdiff1d(np.flatnonzero(able), helps)
        assert not len(left) or len(rows) == most and at[left].max() <= at[helps].min()


def test_a_quarter_is_inhibitory_where_there_is_a_choice():
    patterns = np.random.default_rng(0).random((3, 200, 100)) < 0.03
    for rows, signs in chosen(patterns, 20, max_synapses=40):
        assert len(rows) == 40 and (signs < 0).sum() == 10


@pytest.mark.parametrize("one", [False, True])
def test_every_stored_spike_has_its_part_of_the_synapses(one):
    patterns = np.random.default_rng(1).random((1, 300, 400)) < 0.005
    # Spikes in a row have nearly the same neurons before them.
    patterns[0, 150:153, 7] = True
    rows, signs = chosen(patterns, 40, max_synapses=200, one_delay_per_pair=one)[7]
    for t in np.flatnonzero(patterns[0][:, 7]):
        if t >= 40:
            assert arriving(patterns, 40, [(0, t)])[rows[signs > 0]].sum() >= 10


def test_a_neuron_without_spikes_has_no_synapses():
    patterns = np.random.default_rng(2).random((2, 30, 40)) < 0.1
    patterns[:, :, 5] = False
    assert [len(part) for part in chosen(patterns, 4, max_synapses=10)[5]] == [0, 0]
