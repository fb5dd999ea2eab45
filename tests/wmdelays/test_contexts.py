"""Which stored spikes no weights could predict."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wmdelays.contexts
from wmdelays import Raster
from wmdelays.contexts import unpredictable_spikes
from wmdelays.validation.work.peak_memory import peak_memory

STEP = 1e-3


def compared(dense, n_delays):
    """The definition: every context is compared with every other."""
    places = [(k, t) for k, d in enumerate(dense) for t in range(n_delays, len(d))]
    contexts = {(k, t): dense[k][t - n_delays : t] for k, t in places}
    empty, ambiguous = set(), {}
    for k, t in places:
        for j in np.flatnonzero(dense[k][t]).tolist():
            if not contexts[k, t].any():
                empty.add((k, t, j))
                continue
            others = {
                (m, s)
                for m, s in places
                if not dense[m][s, j] and np.array_equal(contexts[k, t], contexts[m, s])
            }
            if others:
                ambiguous[k, t, j] = others
    n_spikes = sum(int(d[n_delays:].sum()) for d in dense)
    return n_spikes, empty, ambiguous


def check(dense, n_delays):
    found = unpredictable_spikes([Raster.from_dense(d, STEP) for d in dense], n_delays, STEP)
    n_spikes, empty, ambiguous = compared(dense, n_delays)
    assert found.n_spikes == n_spikes
    assert found.empty == sorted(empty)
    assert [place[:3] for place in found.ambiguous] == sorted(ambiguous)
    for *spike, k, t in found.ambiguous:
        assert (k, t) in ambiguous[tuple(spike)]
    assert len(found) == len(empty) + len(ambiguous)
    return found


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_neurons=st.integers(1, 3),
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    n_delays=st.integers(1, 5),
    rate=st.sampled_from([0.02, 0.2, 0.5, 1.0]),
)
def test_the_spikes_found_are_those_of_a_comparison_of_all_contexts(
    seed, n_neurons, lengths, n_delays, rate
):
    rng = np.random.default_rng(seed)
    check([rng.random((n, n_neurons)) < rate for n in lengths], n_delays)


def test_contexts_of_equal_hash_are_compared_spike_by_spike(monkeypatch):
    class Zeros:
        def integers(self, *args, size, dtype):
            return np.zeros(size, dtype)

    rng = np.random.default_rng(1)
    dense = [rng.random((40, 3)) < 0.3 for _ in range(2)]
    monkeypatch.setattr(wmdelays.contexts.np.random, "default_rng", lambda seed: Zeros())
    assert check(dense, 2).ambiguous


def test_a_context_that_differs_in_one_delay_alone_is_another():
    first, second = np.zeros((2, 5, 2), bool)
    first[[1, 4], [0, 1]] = True
    second[2, 0] = True
    assert not check([first, second], 3).ambiguous


def test_a_repeated_motif_with_two_endings_is_named_with_the_other_place():
    dense = np.zeros((12, 3), bool)
    dense[[0, 1, 6, 7], [0, 1, 0, 1]] = True
    dense[2, 2] = True
    assert check([dense], 2).ambiguous == [(0, 2, 2, 0, 8)]


def test_spikes_after_silence_have_an_empty_context():
    dense = np.zeros((12, 2), bool)
    dense[[0, 10], [0, 1]] = True
    assert check([dense], 4).empty == [(0, 10, 1)]


@pytest.mark.parametrize("n_delays", [20, 21, 30])
def test_patterns_within_their_trigger_have_nothing_to_predict(n_delays):
    found = check([np.ones((20, 2), bool)], n_delays)
    assert (found.n_spikes, len(found)) == (0, 0)


def test_without_patterns_there_is_nothing_to_predict():
    found = unpredictable_spikes([], 5, 1e-3)
    assert (found.n_spikes, len(found)) == (0, 0)


def test_the_contexts_of_a_periodic_pattern_reach_across_its_end():
    # A cycle of 20 steps, silent for its last 12.
    pattern = Raster.from_steps([0, 1, 0], [0, 4, 7], 2, 20, 1e-3)
    found = unpredictable_spikes([pattern], 5, 1e-3, periodic=True)
    assert found.n_spikes == 3 and found.empty == [(0, 0, 0)]
    assert unpredictable_spikes([pattern], 5, 1e-3).empty == []
    assert unpredictable_spikes([pattern], 14, 1e-3, periodic=True).empty == []


def test_long_silence_takes_no_memory():
    # A file of 21 KB can say that its three spikes lie in 10^8 steps.
    neurons, steps, n_steps = [0, 1, 1, 0, 1], [1, 3, 50_000_000, 99_999_990, 99_999_992], 10**8
    pattern = Raster.from_steps(neurons, steps, 2, n_steps, STEP)
    with peak_memory() as before:
        pass
    with peak_memory() as after:
        found = unpredictable_spikes([pattern], 5, STEP)
    assert found.empty == [(0, 50_000_000, 1), (0, 99_999_990, 0)]
    assert found.ambiguous == []
    # A byte for each step would be 100 MB.
    assert after.n_bytes - before.n_bytes < 50e6


@pytest.mark.parametrize("n_delays", [1, 7, 30])
def test_places_are_found_across_long_silence(n_delays):
    # The same two contexts again and again, far apart; one is followed by another neuron.
    dense = np.zeros((3, 400, 3), bool)
    for k, t in ((0, 40), (0, 200), (1, 130), (2, 399 - n_delays)):
        dense[k, t, 0] = True
        dense[k, t + n_delays, 1 + (k == 1)] = True
    found = check(dense, n_delays)
    assert found.ambiguous


def test_many_equal_contexts_take_less_than_a_call_for_each():
    # A spike every tenth step: 60,000 equal contexts, all but one followed by neuron 0.
    steps = np.arange(0, 600_000, 10)
    neurons = np.zeros(len(steps), int)
    neurons[-1] = 1
    pattern = Raster.from_steps(neurons, steps, 2, 600_000, STEP)
    began = time.process_time()
    found = unpredictable_spikes([pattern], 25, STEP)
    taken = time.process_time() - began
    last = int(steps[-1])
    # The first two have a shorter context; the last spike of neuron 1 stands for itself.
    assert len(found.ambiguous) == len(steps) - 3
    assert found.ambiguous[0] == (0, 30, 0, 0, last) and found.ambiguous[-1] == (0, last, 1, 0, 30)
    began = time.process_time()
    for _ in range(len(steps)):
        steps.searchsorted(last)
    assert taken < time.process_time() - began + 0.5
