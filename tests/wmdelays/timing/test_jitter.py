"""The matrix that carries jitter, and what is told from it, where all is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse

from wmdelays.errors import InputError
from wmdelays.timing import JitterMatrix, amplification, expected, fading

PERIOD, PLACES = 0.1, np.array([0.012, 0.033, 0.07])
WITHIN = np.array([[0, 0, 0], [0.3, 0, 0], [0.2, 0.5, 0]])
BEFORE = np.array([[0.2, 0.5, 0.2], [0.1, 0.3, 0.3], [0, 0.1, 0.1]])
EARLIER = np.array([[0, 0, 0.1], [0, 0, 0], [0, 0, 0.1]])


def made(times, matrix, n_given, **others):
    n = len(times)
    given = np.arange(n) < n_given
    columns = {
        name: np.zeros(n) for name in ("slopes", "lost", "lost_squared", "noise", "background")
    }
    return JitterMatrix(
        times=times,
        neurons=others.pop("neurons", np.arange(n)),
        given=given,
        own=~given,
        matrix=scipy.sparse.csr_array(matrix),
        tick=1e-4,
        **columns | others,
    )


def cycles(n):
    times = (np.arange(n)[:, None] * PERIOD + PLACES).ravel()
    blocks = [[np.zeros((3, 3)) for _ in range(n)] for _ in range(n)]
    for k in range(1, n):
        blocks[k][k], blocks[k][k - 1] = WITHIN, BEFORE
        if k > 1:
            blocks[k][k - 2] = EARLIER
    times = np.append(times, n * PERIOD + 0.001)
    matrix = np.zeros((len(times), len(times)))
    matrix[:-1, :-1] = np.block(blocks)
    matrix[-1, -2] = 1
    return made(times, matrix, 3, neurons=np.append(np.tile(np.arange(3), n), 0))


def test_multipliers_are_the_eigenvalues_of_the_map_from_cycle_to_cycle():
    found = cycles(5).multipliers(PERIOD)
    inverse = np.linalg.inv(np.eye(3) - WITHIN)
    map = np.block([[inverse @ BEFORE, inverse @ EARLIER], [np.eye(3), np.zeros((3, 3))]])
    assert found[0] == pytest.approx(1, abs=1e-9)
    assert np.allclose(np.sort(np.abs(found)), np.sort(np.abs(np.linalg.eigvals(map))), atol=1e-9)
    assert 0 < abs(found[1]) < 1


def test_a_recall_that_is_no_cycle_has_no_multipliers():
    with pytest.raises(InputError, match="no cycle of this recall is like the one before"):
        made(np.array([0.01, 0.05, 0.13, 0.21, 0.32]), np.tri(5, k=-1), 1).multipliers(PERIOD)
    with pytest.raises(InputError, match="two cycles"):
        made(np.array([0.01, 0.05, 0.11]), np.tri(3, k=-1), 0).multipliers(PERIOD)


@pytest.fixture(scope="module")
def averaging():
    """Sixty spikes, each carried by the five before it."""
    rng, n = np.random.default_rng(1), 60
    matrix = np.zeros((n, n))
    for j in range(5, n):
        matrix[j, j - 5 : j] = rng.dirichlet(np.ones(5))
    return made(np.arange(n) * 5e-3, matrix, 5, noise=np.full(n, 0.5), lost=np.ones(n)), matrix


def test_ages_and_sums_of_rows_are_those_of_what_carries_a_spike(averaging):
    jitter, matrix = averaging
    assert np.allclose(jitter.row_sums, 1)
    ages = [sum(matrix[j, k] * (j - k) * 5.0 for k in range(60)) for j in range(5, 60)]
    assert np.allclose(jitter.ages, ages)


def test_shifts_are_spread_from_spike_to_spike(averaging):
    jitter, matrix = averaging
    own = np.random.default_rng(2).normal(size=60)
    late = np.zeros(60)
    for j in range(60):
        late[j] = own[j] + matrix[j] @ late
    assert np.allclose(jitter.spread(own), late)
    # The other way round: how much each counts in a sum.
    part = np.random.default_rng(3).normal(size=(60, 2))
    assert np.allclose(own @ jitter.influences(part), late @ part)


def test_rows_that_do_not_quite_sum_to_one_take_no_shift_back(averaging):
    jitter, matrix = averaging
    less = made(jitter.times, 0.98 * matrix, 5)
    assert np.allclose(less.row_sums, 0.98)
    assert np.allclose(less.cue_jitter(), jitter.cue_jitter())


def test_jitter_of_the_cue_dies_but_for_a_shift_of_all(averaging):
    jitter, _ = averaging
    found, late = fading(jitter), jitter.cue_jitter()
    assert late.shape == (55, 5) and np.allclose(late.sum(1), 1)
    assert found.stays == pytest.approx(np.linalg.norm(late[-1]), rel=1e-3)
    assert 0.1 < found.wobble[0] < 1 and found.wobble[30] < 1e-3 * found.wobble[0]
    # Of the first ten to those that come 150 ms later.
    early, later = (np.log(found.wobble[k : k + 10]).mean() for k in (2, 32))
    assert (later - early) * found.decay_ms / -150 == pytest.approx(1, rel=0.15)


def test_jitter_of_every_spike_wanders_as_many_draws_of_it_do(averaging):
    jitter, _ = averaging
    wander, wobble = amplification(jitter)
    own = np.random.default_rng(4).normal(size=(60, 20_000)) * ~jitter.given[:, None]
    late, t = jitter.spread(own)[5:], jitter.times[5:]
    last = t > t[-1] - 0.04
    middle = np.abs(t - (t[0] + t[-1]) / 2) <= 0.02
    change = late[last].mean(0) - late[middle].mean(0)
    took = t[last].mean() - t[middle].mean()
    assert wander == pytest.approx(change.std() / np.sqrt(took), rel=0.03)
    about = [late[j] - late[np.abs(t - t[j]) <= 0.02].mean(0) for j in range(27, 55)]
    assert wobble == pytest.approx(np.sqrt(np.mean(np.square(about))), rel=0.03)


def test_what_each_spike_is_late_by_makes_the_tempo_and_noise_the_wander(averaging):
    jitter, _ = averaging
    drawn = SimpleNamespace(
        variability=SimpleNamespace(release_failures=0.05),
        background=0.0,
        noise=np.full(60, 0.2),
    )
    found = expected(jitter, drawn, 0.02, 0.3)
    # Each spike adds 0.05 ms, and activity goes on by the mean age.
    assert found.lag.tempo_percent == pytest.approx(100 * 0.05 / jitter.ages.mean(), rel=0.15)
    wander, wobble = amplification(jitter)
    # 0.1 ms of its own, and what ticks of as much make of it.
    assert found.wander_ms == pytest.approx(np.hypot(0.1, 0.1 / np.sqrt(12)) * wander)
    assert 0.1 * wobble < found.wobble_ms < 0.15 * wobble
