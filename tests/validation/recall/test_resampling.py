"""Intervals over trials and the test of signs, against counting by hand."""

from itertools import product

import numpy as np
import pytest

from wmdelays.validation.recall.resampling import interval, p_of_signs, pooled_f1, resampled


def test_f1_over_trials_counts_all_their_spikes_at_once():
    counts = np.array([[3, 5, 4], [0, 0, 2]])
    assert pooled_f1(counts) == 2 * 3 / (5 + 6)
    assert pooled_f1(counts[:, None]).tolist() == [2 * 3 / 9, 0.0]
    assert pooled_f1(np.zeros((2, 3))) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_p_is_the_part_of_all_combinations_of_signs_with_a_sum_as_large(seed):
    rng = np.random.default_rng(seed)
    differences = rng.normal(0.3, 1, 7).round(1)
    sums = [np.dot(signs, differences) for signs in product((-1, 1), repeat=7)]
    wanted = np.mean([one >= differences.sum() - 1e-9 for one in sums])
    assert p_of_signs(differences, 0) == wanted


def test_the_smallest_p_is_that_of_one_combination():
    assert p_of_signs(np.full(5, 0.2), 0) == 2**-5
    assert p_of_signs(np.zeros(5), 0) == 1.0
    assert p_of_signs(np.full(40, 0.2), 0) == 1 / 10_001


def test_p_of_many_trials_is_near_that_of_all_signs_and_the_same_each_time():
    differences = np.random.default_rng(1).normal(0.2, 1, 16)
    all_signs = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1)
    exact = np.mean(all_signs @ differences >= differences.sum() - 1e-12)
    assert p_of_signs(differences, 0) == pytest.approx(exact, abs=0.02)
    assert p_of_signs(differences, 0) == p_of_signs(differences, 0)


def test_an_interval_holds_the_middle_of_resampled_trials():
    low, high = interval(np.arange(1001.0))
    assert (low, high) == pytest.approx((25, 975))
    chosen = resampled(20, 0)
    assert chosen.min() == 0 and chosen.max() == 19 and chosen.shape[1] == 20
    means = np.random.default_rng(0).normal(0, 1, 20)[chosen].mean(1)
    # The spread of the mean of 20 numbers.
    assert np.std(means) == pytest.approx(1 / np.sqrt(20), rel=0.3)
