"""How much of a pattern a recall brings back."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Raster, agreement, score, sliding_f1

STEP = 1e-3
fixtures = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def drawn(data, n_steps, n_neurons):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    return rng.random((n_steps, n_neurons)) < data.draw(st.sampled_from([0, 0.1, 0.5]))


@fixtures
@given(data=st.data())
def test_scores_are_counts_of_spikes_from_the_end_of_the_trigger_on(make_recall, data):
    n, recalls, patterns, counts = data.draw(st.integers(1, 4)), [], [], []
    for _ in range(data.draw(st.integers(1, 3))):
        onset = data.draw(st.integers(0, 5))
        scored_from = onset + data.draw(st.integers(0, 5))
        own = drawn(data, max(1, scored_from) + data.draw(st.integers(0, 12)), n)
        stored = drawn(data, data.draw(st.integers(1, 20)), n)
        recalls.append(make_recall(own, onset=onset, scored_from=scored_from))
        patterns.append(Raster.from_dense(stored, STEP))
        matched = recalled = wanted = 0
        for t in range(scored_from, len(own)):
            if t - onset >= len(stored):
                break
            for j in range(n):
                matched += own[t, j] and stored[t - onset, j]
                recalled += own[t, j]
                wanted += stored[t - onset, j]
        counts.append((matched, recalled, wanted))
    scores = score(recalls, patterns)
    assert [(s.matched, s.recalled, s.stored) for s in scores.patterns] == counts
    total = [sum(column) for column in zip(*counts)]
    assert [scores.total.matched, scores.total.recalled, scores.total.stored] == total
    for one, (matched, recalled, wanted) in zip((*scores.patterns, scores.total), (*counts, total)):
        precision = matched / recalled if recalled else math.nan
        recall = matched / wanted if wanted else math.nan
        assert (one.precision, one.recall) == pytest.approx((precision, recall), nan_ok=True)
        assert one.as_dict()["precision"] == (precision if recalled else None)
        assert one.as_dict()["recall"] == (recall if wanted else None)
        if matched:
            assert one.f1 == pytest.approx(2 * precision * recall / (precision + recall))
        else:
            assert one.f1 == (1 if recalled == wanted == 0 else 0)
    assert scores.worst_pattern_f1 == min(s.f1 for s in scores.patterns)


def test_a_perfect_recall_scores_one_and_a_single_recall_needs_no_list(make_recall):
    own = np.eye(6, dtype=bool)
    scores = score(make_recall(own, scored_from=2), Raster.from_dense(own, STEP))
    assert (scores.total.f1, scores.total.stored) == (1.0, 4)


def test_what_does_not_belong_together_is_not_scored(make_recall):
    recall, pattern = make_recall(np.eye(3, dtype=bool)), Raster([0], [0.0], 3, 0.003)
    for recalls, patterns in (([recall], []), ([], []), ([recall], [pattern, pattern])):
        with pytest.raises(InputError, match="cannot score"):
            score(recalls, patterns)
    with pytest.raises(InputError, match="a pattern of 4"):
        score(recall, Raster([0], [0.0], 4, 0.003))


@fixtures
@given(data=st.data())
def test_a_sliding_f1_is_the_f1_of_each_window(make_recall, data):
    onset, shown = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4))
    n_steps, width = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 8))
    own, stored = drawn(data, onset + shown + n_steps, 2), drawn(data, shown + n_steps, 2)
    recall = make_recall(own, onset=onset, scored_from=onset + shown)
    time, f1 = sliding_f1(recall, Raster.from_dense(stored, STEP), width)
    width = min(width, n_steps)
    made, wanted = own[onset + shown :], stored[shown:]
    assert len(time) == len(f1) == n_steps - width + 1
    for k in range(len(f1)):
        a, b = made[k : k + width], wanted[k : k + width]
        spikes = a.sum() + b.sum()
        if spikes:
            assert f1[k] == pytest.approx(2 * (a & b).sum() / spikes)
        else:
            assert np.isnan(f1[k])
        assert time[k] == pytest.approx((shown + k + shown + k + width) / 2 * STEP)


def test_a_sliding_f1_of_nothing_is_empty(make_recall):
    recall = make_recall(np.zeros((5, 2), bool), scored_from=5)
    time, f1 = sliding_f1(recall, Raster([], [], 2, 0.005), 3)
    assert len(time) == len(f1) == 0


@pytest.mark.parametrize("step", [1e-3, 1 / 30, 1e-4])
@given(seed=st.integers(0, 1000), rate=st.sampled_from([0, 0.05, 0.3]))
def test_an_agreement_counts_the_spikes_of_both_and_of_each(step, seed, rate):
    rng = np.random.default_rng(seed)
    one, two = (rng.random((40, 3)) < rate for _ in range(2))
    two = np.where(rng.random(two.shape) < 0.8, one, two)
    found = agreement(Raster.from_dense(one, step), Raster.from_dense(two, step), step)
    assert found.matched == (one & two).sum()
    assert found.only_first == (one & ~two).sum()
    assert found.only_second == (two & ~one).sum()
    assert found.exact == np.array_equal(one, two)
    different = np.flatnonzero((one != two).any(axis=1))
    if different.size:
        assert found.first_difference == pytest.approx(different[0] * step)
    else:
        assert found.first_difference is None


@pytest.mark.parametrize("step", [1e-3, 1 / 30, 1e-4])
def test_rounding_of_a_time_is_no_difference_and_a_tenth_of_a_step_is_one(step):
    steps = np.arange(100_000)
    first = Raster.from_steps(steps * 0, steps, 1, 100_000, step)
    rounded = Raster(steps * 0, steps * (step / 10) * 10, 1, first.duration * 1.1)
    assert agreement(first, rounded, step).exact
    moved = first.times.copy()
    moved[70_000] += step / 10
    found = agreement(first, Raster(steps * 0, moved, 1, first.duration * 1.1), step)
    assert (found.matched, found.only_first, found.only_second) == (99_999, 1, 1)
    assert found.first_difference == pytest.approx(70_000 * step)


def test_rasters_of_different_neurons_have_no_agreement():
    with pytest.raises(InputError, match="3 and 4 neurons"):
        agreement(Raster([], [], 3, 1.0), Raster([], [], 4, 1.0), STEP)
