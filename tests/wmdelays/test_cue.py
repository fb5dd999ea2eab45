"""Cues and the damage done to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from wmdelays import Cue, InputError, Raster
from wmdelays.patterns import bernoulli

STEP = 1e-3


def cue_of(seed=0, n_neurons=10, n_steps=60, n_trigger=20, rate=0.2, recall=None):
    (pattern,) = bernoulli(n_neurons, n_steps, 1, rate, seed=seed)
    return pattern, Cue.from_pattern(pattern, n_trigger, STEP, recall)


def rng(seed=1):
    return np.random.default_rng(seed)


def entries(cue):
    return cue.spikes.dense(cue.step)


def places(cue):
    return cue.clamp, cue.onset, cue.scored_from, cue.n_steps


@given(
    st.integers(0, 50),
    st.integers(0, 30),
    st.integers(0, 40),
    st.sampled_from([1e-3, 1 / 30, 1e-4]),
)
def test_an_undamaged_cue_shows_the_trigger_window_alone(seed, n_trigger, more, step):
    (pattern,) = bernoulli(6, 30, 1, 0.2, step=step, seed=seed)
    cue = Cue.from_pattern(pattern, n_trigger, step, 30 + more)
    assert places(cue) == (n_trigger, 0, n_trigger, 30 + more)
    assert np.array_equal(entries(cue)[:n_trigger], pattern.dense(step)[:n_trigger])
    assert not entries(cue)[n_trigger:].any()


def test_a_trigger_longer_than_the_recall_is_refused():
    with pytest.raises(InputError, match="clamp 61 of 60"):
        cue_of(n_trigger=61)


@pytest.mark.parametrize(
    "given", [dict(clamp=-1), dict(clamp=11), dict(clamp=1, onset=-1), dict(clamp=1, onset=11, scored_from=11),
              dict(clamp=1, scored_from=11), dict(clamp=1, scored_from=-1), dict(clamp=4, onset=3, scored_from=2)]
)  # fmt: skip
def test_places_outside_the_recall_are_refused(given):
    with pytest.raises(InputError):
        Cue(Raster.from_steps([0], [0], 1, 10, STEP), STEP, **given)


@given(st.integers(0, 20))
def test_a_shortened_cue_shows_less_and_is_scored_from_the_same_step(n_trigger):
    pattern, cue = cue_of()
    short = cue.shortened(n_trigger)
    assert places(short) == (n_trigger, 0, 20, 60)
    assert np.array_equal(entries(short)[:n_trigger], entries(cue)[:n_trigger])
    assert not entries(short)[n_trigger:].any()


def test_a_cue_after_noise_is_shortened_within_its_pattern():
    _, cue = cue_of()
    noisy = cue.preceded_by_noise(15, 0.3, rng())
    short = noisy.shortened(5)
    assert places(short) == (20, 15, 35, 75)
    assert np.array_equal(entries(short)[:20], entries(noisy)[:20])
    assert not entries(short)[20:].any()


@pytest.mark.parametrize("n_trigger", [-1, 21])
def test_a_trigger_cannot_be_cut_to_more_than_it_is(n_trigger):
    with pytest.raises(InputError, match="of 20 steps"):
        cue_of()[1].shortened(n_trigger)


@given(st.integers(0, 10), st.integers(0, 50))
def test_silenced_neurons_lose_all_their_spikes_and_no_other_does(n_silent, seed):
    _, cue = cue_of(rate=0.5)
    less = cue.silenced(n_silent, rng(seed))
    silent = ~entries(less).any(axis=0)
    assert silent.sum() == n_silent
    assert np.array_equal(entries(less)[:, ~silent], entries(cue)[:, ~silent])
    assert places(less) == places(cue)


@pytest.mark.parametrize("n_silent", [-1, 11])
def test_only_neurons_that_there_are_can_be_silenced(n_silent):
    with pytest.raises(InputError, match="of 10 neurons"):
        cue_of()[1].silenced(n_silent, rng())


@pytest.mark.parametrize("probability", [0.1, 0.5, 1.0])
def test_replaced_entries_are_chance_ones_at_the_rate_of_the_clamped_part(probability):
    _, cue = cue_of(n_neurons=200, n_steps=300, n_trigger=200, rate=0.1)
    before = entries(cue)[:200]
    damaged = cue.replaced(probability, rng())
    after = entries(damaged)[:200]
    rate = before.mean()

    def expected(count, n, p):
        low, high = binom.interval(1 - 1e-6, n, p)
        assert low <= count <= high

    expected((before & ~after).sum(), before.sum(), probability * (1 - rate))
    expected((~before & after).sum(), (~before).sum(), probability * rate)
    assert places(damaged) == places(cue)


def test_nothing_is_replaced_with_probability_zero_or_after_the_clamp():
    _, cue = cue_of()
    assert cue.replaced(0, rng()).spikes == cue.spikes
    going_on = cue.with_ongoing_noise(0.3, rng())
    damaged = going_on.replaced(1, rng(2))
    assert np.array_equal(entries(damaged)[20:], entries(going_on)[20:])
    assert not np.array_equal(entries(damaged)[:20], entries(going_on)[:20])
    assert cue.shortened(0).replaced(1, rng()).spikes == cue.shortened(0).spikes


@pytest.mark.parametrize("rate", [0, 0.05, 0.5])
def test_noise_before_the_cue_moves_it_and_comes_at_its_rate(rate):
    _, cue = cue_of(n_neurons=50)
    noisy = cue.preceded_by_noise(200, rate, rng())
    assert places(noisy) == (220, 200, 220, 260)
    assert np.array_equal(entries(noisy)[200:], entries(cue))
    low, high = binom.interval(1 - 1e-6, 200 * 50, rate)
    assert low <= entries(noisy)[:200].sum() <= high


@pytest.mark.parametrize("rate", [0, 0.05, 0.5, 1])
def test_ongoing_noise_spares_the_clamped_part_and_comes_at_its_rate(rate):
    _, cue = cue_of(n_neurons=50, n_steps=300)
    noisy = cue.with_ongoing_noise(rate, rng())
    assert places(noisy) == places(cue)
    assert np.array_equal(entries(noisy)[:20], entries(cue)[:20])
    low, high = binom.interval(1 - 1e-6, 280 * 50, rate)
    assert low <= entries(noisy)[20:].sum() <= high


def test_ongoing_noise_adds_to_what_was_forced_before():
    _, cue = cue_of()
    one = cue.with_ongoing_noise(0.3, rng(1))
    two = one.with_ongoing_noise(0.3, rng(2))
    assert not (entries(one) & ~entries(two)).any()
    assert entries(two).sum() > entries(one).sum()


@pytest.mark.parametrize("probability", [0, 0.05, 0.5, 1])
def test_spikes_are_lost_with_the_stated_probability_through_the_whole_recall(probability):
    _, cue = cue_of(n_neurons=50, n_steps=300)
    losing = cue.losing_spikes(probability, rng())
    assert losing.spikes == cue.spikes and places(losing) == places(cue)
    assert cue.lost is None
    lost = losing.lost.dense(STEP)
    assert lost.shape == (300, 50)
    for part in (lost[:20], lost[20:]):
        low, high = binom.interval(1 - 1e-6, part.size, probability)
        assert low <= part.sum() <= high


def test_lost_spikes_stay_with_their_place_in_the_pattern():
    _, cue = cue_of()
    losing = cue.losing_spikes(0.3, rng())
    lost = losing.lost.dense(STEP)
    noisy = losing.preceded_by_noise(15, 0.3, rng(2))
    assert not noisy.lost.dense(STEP)[:15].any()
    assert np.array_equal(noisy.lost.dense(STEP)[15:], lost)
    assert noisy.lost.n_steps(STEP) == noisy.n_steps
    assert cue.preceded_by_noise(15, 0.3, rng(2)).lost is None
    for damaged in (
        losing.shortened(4),
        losing.silenced(3, rng()),
        losing.replaced(0.5, rng()),
        losing.with_ongoing_noise(0.2, rng()),
    ):
        assert damaged.lost == losing.lost


@pytest.mark.parametrize(("n_neurons", "n_steps"), [(9, 60), (10, 59), (10, 61)])
def test_lost_spikes_of_another_recall_are_refused(n_neurons, n_steps):
    _, cue = cue_of()
    lost = Raster.from_steps([0], [0], n_neurons, n_steps, STEP)
    with pytest.raises(InputError, match="as many neurons and steps"):
        Cue(cue.spikes, STEP, clamp=20, lost=lost)


DAMAGES = {
    "silenced": lambda cue, r: cue.silenced(3, r),
    "replaced": lambda cue, r: cue.replaced(0.5, r),
    "preceded_by_noise": lambda cue, r: cue.preceded_by_noise(10, 0.2, r),
    "with_ongoing_noise": lambda cue, r: cue.with_ongoing_noise(0.2, r),
    "losing_spikes": lambda cue, r: cue.losing_spikes(0.2, r),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_the_same_random_numbers_give_the_same_damage_and_leave_the_cue_alone(name):
    _, cue = cue_of()
    before = cue.spikes
    one, two, other = (DAMAGES[name](cue, rng(seed)) for seed in (3, 3, 4))
    assert one == two and (one.spikes, one.lost) != (other.spikes, other.lost)
    assert cue.spikes is before and cue.spikes == cue_of()[1].spikes


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_a_probability_lies_from_zero_to_one(value):
    _, cue = cue_of()
    for damage in (
        lambda: cue.replaced(value, rng()),
        lambda: cue.preceded_by_noise(1, value, rng()),
        lambda: cue.with_ongoing_noise(value, rng()),
        lambda: cue.losing_spikes(value, rng()),
    ):
        with pytest.raises(InputError, match="from 0 to 1"):
            damage()


def test_damage_to_the_trigger_leaves_later_forced_spikes_alone():
    rng = np.random.default_rng(0)
    (pattern,) = bernoulli(6, 30, 1, 0.3)
    cue = Cue.from_pattern(pattern, 10, 1e-3).with_ongoing_noise(0.5, rng)
    later = cue.spikes.dense(1e-3)[10:]
    assert later.any()
    for damaged in (cue.shortened(4), cue.silenced(6, rng), cue.replaced(1.0, rng)):
        np.testing.assert_array_equal(damaged.spikes.dense(1e-3)[10:], later)
    assert not cue.silenced(6, rng).spikes.dense(1e-3)[:10].any()


def test_flipping_loses_and_adds_entries_of_the_clamped_part_alone():
    pattern, cue = cue_of(n_neurons=50, n_steps=80, n_trigger=40)
    cue = cue.with_ongoing_noise(0.1, rng(2))
    before, after = entries(cue), entries(cue.flipped(0.3, rng()))
    assert np.array_equal(before[40:], after[40:])
    changed = (before != after)[:40]
    for had in (True, False):
        n, hit = (before[:40] == had).sum(), changed[before[:40] == had].sum()
        assert 0.001 < binom.cdf(hit, n, 0.3) < 0.999
    assert np.array_equal(entries(cue.flipped(0, rng())), before)
    assert np.array_equal(entries(cue.flipped(1, rng()))[:40], ~before[:40])
    with pytest.raises(InputError, match="flipped"):
        cue.flipped(1.5, rng())


def test_jitter_moves_spikes_of_the_clamped_part_by_whole_steps():
    neurons = np.arange(2000)
    spikes = Raster.from_steps(neurons, np.full(2000, 50), 2000, 120, STEP)
    cue = Cue(spikes, STEP, clamp=100)
    moved = cue.jittered(3.0, rng())
    steps = moved.spikes.steps(STEP)[np.argsort(moved.spikes.neurons)] - 50
    assert len(steps) == 2000
    # Rounding adds the variance of a uniform distribution one step wide.
    assert abs(steps.mean()) < 0.25 and abs(steps.var() - (9 + 1 / 12)) < 1
    assert np.array_equal(entries(cue.jittered(0, rng())), entries(cue))


def test_jitter_loses_what_leaves_the_clamped_part_and_leaves_later_spikes():
    spikes = Raster.from_steps([0, 1, 2], [0, 9, 15], 3, 20, STEP)
    cue = Cue(spikes, STEP, clamp=10)
    for seed in range(20):
        after = entries(cue.jittered(4.0, rng(seed)))
        assert after[15, 2] and not after[10:, :2].any() and after[:, :2].sum() <= 2
    with pytest.raises(InputError, match="jitter"):
        cue.jittered(-1, rng())
