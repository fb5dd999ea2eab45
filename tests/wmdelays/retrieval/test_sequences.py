"""Which pattern is active when."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Memory, Raster
from wmdelays.retrieval.alignment import LEAST_F1, LEAST_MATCHED, sliding_best_f1
from wmdelays.retrieval.cue_scores import score_cues
from wmdelays.retrieval.sequences import sequence
from wmdelays.retrieval.uncued import spontaneous

STEP = 1e-3
fixtures = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def judge(own, stored, width, periodic):
    """Every window, every lag, every entry, on dense rasters."""
    n_steps, length = len(own), len(stored)
    best, best_lag = [], []
    for t in range(n_steps - width + 1):
        made, top, where = own[t : t + width], 0.0, 0
        lags = range(length) if periodic else range(t + width - length, t + 1)
        for lag in lags:
            places = np.arange(t, t + width) - lag
            wanted = stored[places % length if periodic else places]
            matched = (made & wanted).sum()
            if matched < LEAST_MATCHED:
                continue
            f1 = 2 * matched / (made.sum() + wanted.sum())
            if f1 >= LEAST_F1 and f1 > top:
                top, where = f1, lag
        best.append(top)
        best_lag.append(where)
    return np.array(best), np.array(best_lag)


def dense(rng, n_steps, n_neurons, rate):
    return rng.random((n_steps, n_neurons)) < rate


@fixtures
@given(
    seed=st.integers(0, 10_000),
    periodic=st.booleans(),
    n_neurons=st.integers(1, 6),
    length=st.integers(4, 14),
    width=st.integers(1, 9),
    rates=st.tuples(*[st.sampled_from([0.0, 0.1, 0.4, 1.0])] * 2),
    copied=st.booleans(),
    blocks=st.sampled_from([1, 7, 10**6]),
)
def test_sliding_best_f1_is_the_best_of_all_lags(
    seed, periodic, n_neurons, length, width, rates, copied, blocks
):
    rng = np.random.default_rng(seed)
    stored, own = dense(rng, length, n_neurons, rates[0]), dense(rng, 30, n_neurons, rates[1])
    if copied:
        start = rng.integers(0, 30 - length)
        own[start : start + length] = stored
    width = min(width, length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wmdelays.retrieval.alignment._PAIRS", blocks)
        f1, lag = sliding_best_f1(
            Raster.from_dense(own, STEP), Raster.from_dense(stored, STEP), width, STEP, periodic
        )
    expected, places = judge(own, stored, width, periodic)
    np.testing.assert_array_equal(f1, expected)
    np.testing.assert_array_equal(lag, places)


def test_a_network_in_which_everything_fires_is_told_without_looking_at_pairs(monkeypatch):
    rng = np.random.default_rng(0)
    stored, own = dense(rng, 100, 200, 0.005), dense(rng, 400, 200, 0.5)
    monkeypatch.setattr("wmdelays.retrieval.alignment._pairs", None)
    f1, _ = sliding_best_f1(Raster.from_dense(own, STEP), Raster.from_dense(stored, STEP), 20, STEP)
    assert not f1.any()


@pytest.mark.parametrize("width", [0, 11, 2.5])
def test_a_window_that_does_not_fit_is_refused(width):
    raster = Raster.from_dense(np.ones((10, 2), bool), STEP)
    with pytest.raises(InputError, match="window"):
        sliding_best_f1(raster, raster, width, STEP)


def memory_of(patterns, **others):
    given = dict(n_delays=3, step=STEP, beta=0.5, theta=1.0)
    return Memory.unlearned([Raster.from_dense(p, STEP) for p in patterns], **given | others)


@pytest.fixture
def two():
    """Two patterns of 12 steps: one neuron after another, upwards and downwards."""
    up = np.eye(12, dtype=bool)
    return memory_of([up, up[:, ::-1]])


def placed(memory, n_steps, *copies):
    """Own spikes: pattern k from its step `first` on, beginning at step `onset`."""
    own = np.zeros((n_steps, memory.n_neurons), bool)
    for k, onset, first, stop in copies:
        own[onset + first : onset + stop] |= memory.patterns[k].dense(STEP)[first:stop]
    return Raster.from_dense(own, STEP)


def test_a_sequence_forces_the_triggers_at_their_onsets_and_noise_in_the_gaps_alone(two):
    rng = np.random.default_rng(0)
    made = sequence(two, [1, 0, 1], interval=15, background=1.0, margin=4, rng=rng)
    assert made.onsets.tolist() == [4, 19, 34]
    forced = made.cue.spikes.dense(STEP)
    assert forced.shape == (50, 12)
    expected = np.zeros((50, 12), bool)
    for k, onset in zip([1, 0, 1], made.onsets):
        expected[onset : onset + 3] = two.patterns[k].dense(STEP)[:3]
    gaps = [slice(0, 4), slice(16, 19), slice(31, 34), slice(46, 50)]
    for gap in gaps:
        expected[gap] = True
    np.testing.assert_array_equal(forced, expected)
    assert (made.cue.clamp, made.cue.onset, made.cue.scored_from) == (0, 0, 0)


def test_the_background_has_the_rate_of_the_patterns_by_default():
    rng = np.random.default_rng(3)
    memory = memory_of([dense(rng, 40, 100, 0.05) for _ in range(2)])
    made = sequence(memory, [0], margin=2000, trigger=1, rng=np.random.default_rng(1))
    noise = made.cue.spikes.dense(STEP)[:2000]
    assert noise.mean() == pytest.approx(memory.rate, rel=0.05)


def test_overlapping_triggers_are_added_up(two):
    made = sequence(two, [0, 1], interval=1, background=0, margin=0)
    forced = made.cue.spikes.dense(STEP)
    one, other = (pattern.dense(STEP) for pattern in two.patterns)
    np.testing.assert_array_equal(forced[1], one[1] | other[0])
    assert len(forced) == 13


@pytest.mark.parametrize(
    "order, settings, text",
    [
        ([], {}, "no pattern to cue"),
        ([2], {}, "no pattern 2"),
        ([0], {"interval": 0}, "interval"),
        ([0], {"trigger": 12}, "trigger"),
        ([0], {"trigger": 0}, "trigger"),
        ([0], {"background": 1.5}, "background"),
        ([0], {"background": float("nan")}, "background"),
        ([0], {"margin": -1}, "margin"),
    ],
)
def test_a_sequence_that_makes_no_sense_is_refused(two, order, settings, text):
    with pytest.raises(InputError, match=text):
        sequence(two, order, rng=np.random.default_rng(0), **settings)


def test_a_hand_made_recall_has_the_known_table(two):
    made = sequence(two, [0, 1, 0], interval=20, background=0, margin=5)
    # The first cue recalls its pattern but for the last two spikes, the second cue the other
    # pattern two steps late, the third nothing.
    own = placed(two, made.cue.n_steps, (0, 5, 3, 10), (0, 27, 1, 10))
    one, two_, three = score_cues(made, own)
    assert (one.recalled, one.recalled_shift) == (0, 0)
    assert one.f1 == one.f1_all == one.recalled_f1 == pytest.approx(2 * 7 / (7 + 9))
    assert (one.precision, one.recall) == (1.0, pytest.approx(7 / 9))
    assert (two_.f1, two_.recall, two_.precision) == (0, 0, 0)
    assert (two_.recalled, two_.recalled_shift, two_.recalled_f1) == (0, 2, 1.0)
    # Without a spike there is no precision.
    assert (three.f1, three.recall) == (0, 0) and math.isnan(three.precision)
    assert (three.recalled, three.recalled_f1) == (None, 0)


def test_a_pattern_below_the_bound_is_not_recalled(two):
    made = sequence(two, [0], background=0, margin=5)
    own = placed(two, made.cue.n_steps, (0, 5, 3, 7))
    f1 = 2 * 4 / (4 + 9)
    (score,) = score_cues(made, own, bound=f1)
    assert (score.recalled, score.recalled_f1) == (0, f1)
    (score,) = score_cues(made, own, bound=f1 + 0.01)
    assert (score.recalled, score.recalled_f1) == (None, f1)


def test_overlapping_recalls_are_no_errors_of_each_other(two):
    made = sequence(two, [0, 1], interval=6, background=0, margin=0)
    wrong = np.zeros((made.cue.n_steps, 12), bool)
    wrong[10, 3] = True
    assert not placed(two, 18, (0, 0, 0, 12), (1, 6, 0, 12)).dense(STEP)[10, 3]
    own = placed(two, made.cue.n_steps, (0, 0, 3, 12), (1, 6, 3, 12)).dense(STEP) | wrong
    first, second = score_cues(made, Raster.from_dense(own, STEP))
    assert (first.recalled, second.recalled) == (0, 1)
    assert first.recall == second.recall == 1
    # In steps 3 to 11 there are 9 spikes of the first, 3 of the second and the wrong one.
    assert first.f1 == pytest.approx(18 / (10 + 9))
    assert first.f1_all == pytest.approx(18 / (13 + 9))
    assert first.precision == pytest.approx(12 / 13)
    assert second.f1 == pytest.approx(18 / (10 + 9))


def test_a_cue_whose_pattern_stays_away_is_not_saved_by_another_at_the_same_time(two):
    made = sequence(two, [0, 1], interval=6, background=0, margin=0)
    own = placed(two, made.cue.n_steps, (0, 0, 3, 12))
    first, second = score_cues(made, own)
    assert (first.recalled, first.f1) == (0, 1)
    assert (second.recalled, second.recall) == (None, 0)


def test_a_recall_that_nothing_cued_is_found_where_it_is(two):
    made = sequence(two, [0], background=0, margin=30)
    cued = placed(two, made.cue.n_steps, (0, 30, 3, 12))
    assert spontaneous(made, cued, 4) == []
    own = placed(two, made.cue.n_steps, (0, 30, 3, 12), (1, 50, 2, 11))
    (found,) = spontaneous(made, own, 4)
    assert (found.pattern, found.start, found.stop, found.begins) == (1, 52, 61, 2)
    assert found.f1 == 1
    # The cued pattern again, after its time and while it is being cued.
    for onset in (50, 34):
        own = placed(two, made.cue.n_steps, (0, 30, 3, 12), (0, onset, 0, 12))
        again = spontaneous(made, own, 4)
        assert [one.pattern for one in again] == [0] or onset == 34
        assert all(one.start >= onset for one in again)


def test_a_pattern_that_comes_again_counts_twice(two):
    made = sequence(two, [0], background=0, margin=60)
    own = placed(two, made.cue.n_steps, (1, 0, 0, 12), (1, 30, 4, 12))
    found = spontaneous(made, own, 4)
    assert [(one.start, one.stop, one.begins) for one in found] == [(0, 12, 0), (34, 42, 4)]


def test_a_periodic_pattern_that_goes_on_is_not_spontaneous(two):
    memory = memory_of([p.dense(STEP) for p in two.patterns], periodic=True)
    made = sequence(memory, [0], background=0, margin=20)
    copies = [(0, 20, 3, 12), (0, 32, 0, 12), (0, 44, 0, 8)]
    own = placed(memory, made.cue.n_steps, *copies)
    assert spontaneous(made, own, 4) == []
    (score,) = score_cues(made, own)
    assert (score.recalled, score.f1) == (0, 1)
    # Two cycles of the other one, from its step 5 on.
    own = placed(memory, made.cue.n_steps, *copies, (1, 0, 5, 12), (1, 12, 0, 12))
    (found,) = spontaneous(made, own, 4)
    assert (found.pattern, found.start, found.stop, found.begins) == (1, 5, 24, 5)
    assert found.f1 == 1


def test_a_pattern_that_falls_silent_and_goes_on_counts_twice():
    memory = memory_of([np.eye(40, dtype=bool)])
    made = sequence(memory, [0], background=0, margin=60)
    own = placed(memory, made.cue.n_steps, (0, 2, 0, 10), (0, 2, 30, 40))
    found = spontaneous(made, own, 4)
    assert [(one.start, one.stop, one.begins) for one in found] == [(2, 12, 0), (32, 42, 30)]
    assert [one.f1 for one in found] == [1, 1]


def test_of_two_equal_patterns_the_cued_one_is_recalled(two):
    same = two.patterns[0].dense(STEP)
    memory = memory_of([same, same])
    for k in (0, 1):
        made = sequence(memory, [k], background=0, margin=5)
        (score,) = score_cues(made, placed(memory, made.cue.n_steps, (k, 5, 3, 12)))
        assert score.recalled == k


@pytest.mark.parametrize("shift", [-4, 0, 5])
def test_a_periodic_pattern_may_be_recalled_out_of_phase(two, shift):
    memory = memory_of([p.dense(STEP) for p in two.patterns], periodic=True)
    made = sequence(memory, [0], background=0, margin=20)
    copies = [(1, 20 + shift - 12, 0, 12), (1, 20 + shift, 0, 12), (1, 32 + shift, 0, 12)]
    (score,) = score_cues(made, placed(memory, made.cue.n_steps, *copies))
    assert (score.recalled, score.recalled_shift, score.recalled_f1) == (1, shift, 1)


def test_a_pattern_that_resembles_itself_is_found_once():
    rng = np.random.default_rng(0)
    motif = dense(rng, 20, 15, 0.1)
    memory = memory_of([np.concatenate([motif, dense(rng, 10, 15, 0.1), motif])])
    made = sequence(memory, [0], background=0, margin=60)
    (found,) = spontaneous(made, placed(memory, made.cue.n_steps, (0, 2, 0, 50)), 30)
    steps = memory.patterns[0].steps(STEP)
    assert (found.start, found.stop, found.begins) == (2 + steps[0], 3 + steps[-1], steps[0])
