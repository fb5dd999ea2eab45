"""The capacity of perceptrons."""

import numpy as np
import pytest
from scipy.optimize import linprog

from wmdelays.errors import InputError
from wmdelays.theory import capacity, gardner, spikes_for_parameters


def test_half_of_the_contexts_answered_gives_two_contexts_for_each_weight():
    assert gardner(0.5) == pytest.approx(2)


def test_a_spike_and_its_absence_are_alike():
    for f in (1e-4, 0.01, 0.3):
        assert gardner(f) == pytest.approx(gardner(1 - f), rel=1e-6)


def test_sparse_answers_need_fewer_weights():
    rates = [0.5, 0.1, 0.01, 1e-3, 1e-5, 1e-8]
    assert np.all(np.diff([gardner(f) for f in rates]) > 0)
    # In the limit of few spikes alpha tends to 1 / (2 f ln(1/f)).
    f = 1e-200
    assert gardner(f) == pytest.approx(1 / (2 * f * np.log(1 / f)), rel=0.03)


def test_the_published_size_could_hold_5200_patterns():
    assert gardner(1e-3) == pytest.approx(119, abs=0.5)
    assert capacity(1024, 41, 1000, 1e-3) == pytest.approx(5200, rel=0.01)
    assert capacity(1024, 41, 1000, 0.005) == pytest.approx(1430, rel=0.01)
    assert capacity(1024, 41, 1000, 0.05) == pytest.approx(266, rel=0.01)


@pytest.mark.parametrize("f", [0.5, 0.1])
def test_random_contexts_can_be_answered_up_to_the_capacity(f):
    # Linear programming finds the weights and the threshold if there are any.
    n, rng = 100, np.random.default_rng(0)

    def solvable(alpha):
        n_contexts = round(alpha * n)
        x = rng.normal(size=(n_contexts, n))
        sign = np.where(rng.random(n_contexts) < f, 1, -1)[:, None]
        rows = -sign * np.hstack([x, -np.ones((n_contexts, 1))])
        found = linprog(np.zeros(n + 1), rows, -np.ones(n_contexts), bounds=(None, None))
        return found.status == 0

    assert solvable(0.7 * gardner(f))
    assert not solvable(1.4 * gardner(f))


@pytest.mark.parametrize("f", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_without_a_capacity_is_refused(f):
    with pytest.raises(InputError, match="between 0 and 1"):
        gardner(f)


def test_patterns_that_end_with_the_trigger_are_refused():
    with pytest.raises(InputError, match="leave nothing to recall"):
        capacity(10, 20, 20, 0.1)


def test_spikes_are_counted_for_each_synapse_and_bit():
    found = spikes_for_parameters(np.float32([0.1, -0.3, 0.7, 0.2]), 2)
    assert found == {
        "spikes_recalled": 2,
        "spikes_per_synapse": 0.5,
        "bits_per_weight": 32,
        "spikes_per_weight_bit": 0.5 / 32,
    }
    # What single precision does not hold takes 64.
    assert spikes_for_parameters(np.array([0.1]), 1)["bits_per_weight"] == 64
    assert spikes_for_parameters(np.empty(0), 0) is None
