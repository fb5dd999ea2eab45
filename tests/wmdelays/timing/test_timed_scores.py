"""Scores in time, of made-up rasters whose answers are known."""

import math
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Raster, Recall, bernoulli, score
from wmdelays.timing import match_spikes, score_times

TICK, TRIGGER = 1e-4, 0.041


def made_up(n_neurons=256, duration=1.0, rate=4.0, interval=0.01, seed=0):
    """A raster at whole ticks with intervals of at least 10 ms."""
    rng = np.random.default_rng(seed)
    neurons, times = [], []
    for j in range(n_neurons):
        gaps = interval + rng.exponential(1 / rate - interval, int(3 * duration * rate) + 20)
        own = np.round(np.cumsum(gaps) - rng.exponential(1 / rate), 4)
        own = own[(own >= 0) & (own < duration - 1e-6)]
        neurons += [j] * len(own)
        times += own.tolist()
    return Raster(np.array(neurons, dtype=int), np.array(times), n_neurons, duration)


PATTERN = made_up()


def recall_of(pattern, neurons=None, times=None):
    """A recall with these spikes of its own, of those that it is run for."""
    cue = Cue.from_pattern(
        pattern, round(TRIGGER / TICK), TICK, n_steps=round(pattern.duration / TICK)
    )
    neurons = pattern.neurons if neurons is None else neurons
    times = pattern.times if times is None else times
    kept = (times >= TRIGGER) & (times < pattern.duration)
    own = Raster(neurons[kept], times[kept], pattern.n_neurons, pattern.duration)
    return Recall(cue, own, own)


def scored(neurons=None, times=None, pattern=PATTERN):
    return score_times(recall_of(pattern, neurons, times), pattern)


def stretched(factor, times=PATTERN.times):
    return TRIGGER + (times - TRIGGER) * factor


def test_an_exact_recall_has_no_lag_at_all():
    exact = scored().exact
    assert exact.matched == exact.recalled == exact.stored > 0
    assert scored(times=PATTERN.times + 1e-4).exact.f1 == 0
    values = scored().as_dict()
    assert values == {
        "f1_1ms": 1.0,
        "f1_2ms": 1.0,
        "f1_5ms": 1.0,
        "f1_lag_followed": 1.0,
        "tempo_percent": 0.0,
        "wobble_ms": 0.0,
        "lag_end_ms": 0.0,
        "first_lost_s": None,
        "lost_from_s": None,
        "n_lost": 0,
        "n_too_many": 0,
    }


def test_a_shifted_recall_is_there_once_the_lag_is_followed():
    one = scored(times=PATTERN.times + 0.003)
    assert one.within[1].f1 == one.within[2].f1 == 0 and one.within[5].f1 > 0.99
    assert one.f1_lag_followed > 0.99 and one.n_lost == 0
    assert one.lag_end_ms == pytest.approx(3) and one.tempo_percent == pytest.approx(0, abs=1e-9)


def test_a_spike_as_late_as_is_allowed_counts():
    assert scored(times=PATTERN.times + 0.001).within[1].f1 > 0.99
    assert scored(times=PATTERN.times + 0.0011).within[1].f1 < 0.01


@pytest.mark.parametrize("percent", [-8, -3, -0.1, 0.1, 1, 3.5, 8])
def test_the_tempo_of_a_stretched_recall_is_found(percent):
    one = scored(times=stretched(1 + percent / 100))
    assert one.tempo_percent == pytest.approx(percent, abs=0.005)
    assert one.wobble_ms < 0.05
    assert one.f1_lag_followed == 1.0 and math.isnan(one.first_lost_s)
    # A late recall was not run for the last windows to their end.
    f1 = one.patterns[0].lag.f1
    assert np.all(f1[:-3] == 1) and np.all(f1 <= 1)
    last = percent / 100 * (PATTERN.duration - TRIGGER) * 1e3
    assert one.lag_end_ms == pytest.approx(last, rel=0.1)
    if abs(percent) > 1:
        assert one.within[1].f1 < 0.1


def test_a_stretched_recall_of_few_spikes_is_followed_too():
    few = made_up(n_neurons=31, duration=60.0, rate=0.45)
    one = scored(pattern=few, times=stretched(1.03, few.times))
    assert one.tempo_percent == pytest.approx(3, abs=0.01) and one.f1_lag_followed > 0.99


@pytest.mark.parametrize("kept", [0.8, 0.4])
def test_what_a_thinned_recall_lacks_is_counted(kept):
    there = np.random.default_rng(1).random(len(PATTERN)) < kept
    there |= PATTERN.times < TRIGGER
    one = scored(PATTERN.neurons[there], stretched(1.02)[there])
    # Of the last millisecond nobody knows.
    lost = ~there & (stretched(1.02) < PATTERN.duration - 0.001)
    assert one.n_lost == lost.sum() and one.n_too_many == 0
    assert one.first_lost_s == PATTERN.times[~there].min()
    assert one.tempo_percent == pytest.approx(2, abs=0.01)


def test_jitter_is_no_lag():
    rng = np.random.default_rng(2)
    one = scored(times=PATTERN.times + rng.normal(0, 3e-4, len(PATTERN)))
    assert one.f1_lag_followed > 0.99 and abs(one.tempo_percent) < 0.05 and one.wobble_ms < 0.15


def test_a_lag_that_wanders_is_wobble():
    one = scored(times=PATTERN.times + 0.005 * np.sin(2 * np.pi * PATTERN.times / 0.3))
    assert one.within[1].f1 < 0.2 and one.f1_lag_followed > 0.98
    assert one.wobble_ms == pytest.approx(5 / np.sqrt(2), rel=0.1)
    assert abs(one.tempo_percent) < 0.3


def test_a_recall_that_dies_has_the_lag_it_had():
    alive = stretched(1.01) < 0.4
    one = scored(PATTERN.neurons[alive], stretched(1.01)[alive])
    assert one.tempo_percent == pytest.approx(1, abs=0.01)
    assert one.lag_end_ms == pytest.approx(10 * (0.4 - TRIGGER), rel=0.1)
    assert one.first_lost_s == PATTERN.times[~alive].min()
    lag = one.patterns[0].lag
    assert (
        np.isnan(lag.lags[lag.times > 0.41]).all() and np.isfinite(lag.lags[lag.times < 0.37]).all()
    )


def test_a_recall_that_runs_away_has_the_lag_it_had():
    rng = np.random.default_rng(3)
    alive = stretched(1.01) < 0.4
    wild = rng.integers(0, 256, 20_000), rng.uniform(0.4, 1, 20_000)
    one = scored(
        np.concatenate([PATTERN.neurons[alive], wild[0]]),
        np.concatenate([stretched(1.01)[alive], wild[1]]),
    )
    assert one.tempo_percent == pytest.approx(1, abs=0.05) and one.f1_lag_followed < 0.1
    assert one.n_too_many > 19_000


def test_a_silent_recall_and_one_of_something_else_have_no_lag():
    silent = scored(PATTERN.neurons[:0], PATTERN.times[:0])
    other = made_up(seed=9)
    for one in (silent, scored(other.neurons, other.times)):
        assert one.f1_lag_followed < 0.05
        values = one.as_dict()
        assert values["tempo_percent"] is values["wobble_ms"] is values["lag_end_ms"] is None
    scored_part = (PATTERN.times >= TRIGGER) & (PATTERN.times < PATTERN.duration - 0.001)
    assert silent.n_too_many == 0 and silent.n_lost == scored_part.sum()


def test_what_a_late_recall_was_not_run_for_is_not_lost():
    one = scored(times=stretched(1.08))
    assert one.n_lost == 0 and one.followed.stored < one.within[1].stored
    later = scored(times=PATTERN.times + np.where(PATTERN.times > 0.999, 0.001, 0))
    assert later.n_lost == 0 and later.within[1].f1 < 1
    early = scored(times=np.concatenate([stretched(0.95)[:-1], [0.99]]))
    assert early.n_too_many == 0


def test_a_silent_pattern_of_a_silent_recall_is_recalled():
    none = Raster([], [], 5, 1.0)
    one = scored(pattern=none)
    assert one.f1_lag_followed == 1.0 and one.as_dict()["tempo_percent"] is None


def test_several_patterns_count_all_spikes_at_once_and_name_the_largest_lag():
    others = [made_up(seed=seed) for seed in (4, 5)]
    recalls = [recall_of(one, times=one.times + late) for one, late in zip(others, (0.002, -0.003))]
    both = score_times(recalls, others)
    assert both.lag_end_ms == pytest.approx(-3)
    assert both.within[2].stored == sum(one.within[2].stored for one in both.patterns)
    assert 0.4 < both.within[2].f1 < 0.6
    assert "2 patterns" in repr(both) and "lag followed" in repr(both.patterns[0])


def test_in_discrete_time_a_window_below_a_step_counts_what_the_steps_do():
    patterns = bernoulli(60, 150, 1, 0.02, seed=1)
    cue = Cue.from_pattern(patterns[0], 20, 1e-3)
    rng = np.random.default_rng(0)
    entries = patterns[0].dense(1e-3) ^ (rng.random((150, 60)) < 0.005)
    entries[:20] = False
    recall = Recall(cue, patterns[0], Raster.from_dense(entries, 1e-3))
    one, other = match_spikes(
        recall.own.neurons, recall.own.times, patterns[0].neurons, patterns[0].times, 4e-4
    )
    assert len(one) == score(recall, patterns[0]).total.matched
    assert score_times(recall, patterns[0]).within[1].matched >= len(one)


def test_recalls_and_patterns_have_to_fit():
    with pytest.raises(InputError, match="2 recalls against 1"):
        score_times([recall_of(PATTERN)] * 2, [PATTERN])
    with pytest.raises(InputError, match="256 neurons, a pattern of 3"):
        score_times(recall_of(PATTERN), Raster([], [], 3, 1.0))


def most_pairs(first, second, window):
    """The most pairs there can be, by trying all."""
    if not first:
        return 0
    (neuron, when), rest = first[0], first[1:]
    best = most_pairs(rest, second, window)
    for k, (other, at) in enumerate(second):
        if other == neuron and abs(at - when) <= window:
            best = max(best, 1 + most_pairs(rest, second[:k] + second[k + 1 :], window))
    return best


few_spikes = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), max_size=5)


@given(few_spikes, few_spikes, st.integers(0, 4))
def test_no_pairing_has_more_pairs(first, second, window):
    columns = [np.array(part).reshape(-1, 2).T for part in (first, second)]
    (n1, t1), (n2, t2) = ((n.astype(int), t * 1e-3) for n, t in columns)
    one, other = match_spikes(n1, t1, n2, t2, window * 1e-3)
    assert len(set(one)) == len(one) and len(set(other)) == len(other)
    assert np.array_equal(n1[one], n2[other])
    assert np.all(np.rint(1e3 * np.abs(t1[one] - t2[other])) <= window)
    assert len(one) == most_pairs(first, second, window)


def test_neurons_of_any_number_are_told_apart():
    neurons = np.array([0, 2**31 - 1, 2**31 - 2])
    times = np.array([0.0, 5000.0, 5000.0])
    one, other = match_spikes(neurons, times, neurons[::-1], times[::-1], 0.001)
    assert Counter(neurons[one].tolist()) == Counter(neurons.tolist())
    assert np.array_equal(neurons[one], neurons[::-1][other])


def test_a_hundred_thousand_spikes_are_scored_in_about_a_second():
    large = made_up(n_neurons=1024, duration=10.0, rate=10.0)
    assert len(large) > 100_000
    recall = recall_of(large, times=stretched(1.01, large.times))
    began = time.process_time()
    one = score_times(recall, large)
    # Far more than it takes, for a busy machine.
    assert time.process_time() - began < 3
    assert one.tempo_percent == pytest.approx(1, abs=0.001)
