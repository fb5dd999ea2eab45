"""Damaged contexts."""

import numpy as np
import pytest
from scipy.stats import binom

from wmdelays.training.rules.margin.damage import Damage

N_NEURONS, N_STEPS, N_DELAYS, RATE = 200, 90, 20, 0.05


def stored(n_patterns=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n_patterns, N_STEPS, N_NEURONS)) < RATE


def drawn(patterns, damage, seed=1, n_steps=N_STEPS):
    """The damaged sequences: (dense, steps, neurons, pattern, start, damaged)."""
    rng = np.random.default_rng(seed)
    spikes = [np.nonzero(p) for p in patterns]
    found = []
    for steps, neurons, length, *label in damage.sequences(
        spikes, n_steps, N_NEURONS, N_DELAYS, rng
    ):
        dense = np.zeros((length, N_NEURONS), bool)
        dense[steps, neurons] = True
        found.append((dense, steps, neurons, *label))
    return found


def expected(count, n, p):
    low, high = binom.interval(1 - 1e-6, n, p)
    assert low <= count <= high


def test_lost_spikes_are_the_stated_part_of_the_trigger_windows():
    patterns = stored()
    before = after = 0
    for dense, *_, m, _, _ in drawn(patterns, Damage(lost=0.3, presentations=10)):
        assert not (dense & ~patterns[m][: len(dense)]).any()
        np.testing.assert_array_equal(dense[N_DELAYS:], patterns[m][N_DELAYS : len(dense)])
        before += patterns[m][:N_DELAYS].sum()
        after += dense.sum() - dense[N_DELAYS:].sum()
    expected(before - after, before, 0.3)


def test_added_spikes_are_the_stated_part_of_those_expected_in_the_trigger_windows():
    patterns = stored()
    added = free = 0
    for dense, *_, m, _, _ in drawn(patterns, Damage(added=0.6, presentations=10)):
        pattern = patterns[m][: len(dense)]
        assert not (pattern & ~dense).any()
        np.testing.assert_array_equal(dense[N_DELAYS:], pattern[N_DELAYS:])
        added += (dense & ~pattern).sum()
        free += (~pattern[:N_DELAYS]).sum()
    expected(added, free, 0.6 * patterns.mean())


def test_silenced_neurons_are_the_stated_part_and_silent_in_the_trigger_window_alone():
    patterns = stored()
    silent = active = 0
    for dense, *_, m, _, _ in drawn(patterns, Damage(silenced=0.4, presentations=10)):
        trigger = patterns[m][:N_DELAYS]
        np.testing.assert_array_equal(dense[N_DELAYS:], patterns[m][N_DELAYS : len(dense)])
        left = dense[:N_DELAYS].any(0)
        # All of a neuron's spikes or none.
        np.testing.assert_array_equal(dense[:N_DELAYS], trigger & left)
        silent += (trigger.any(0) & ~left).sum()
        active += trigger.any(0).sum()
    expected(silent, active, 0.4)


def test_noise_goes_on_from_the_end_of_the_trigger_window_to_the_end_of_the_pattern():
    patterns = stored()
    lost = added = here = free = 0
    sequences = drawn(patterns, Damage(noise=0.3))
    assert [s[3] for s in sequences] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    late = slice(N_STEPS - N_DELAYS, None)
    for dense, *_, m, _, _ in sequences:
        assert len(dense) == N_STEPS
        np.testing.assert_array_equal(dense[:N_DELAYS], patterns[m][:N_DELAYS])
        after, before = dense[N_DELAYS:], patterns[m][N_DELAYS:]
        lost += (before & ~after).sum()
        added += (after & ~before).sum()
        here += before.sum()
        free += (~before).sum()
        assert (dense[late] & ~patterns[m][late]).any() and (patterns[m][late] & ~dense[late]).any()
    rate = patterns.mean()
    # A lost spike may be drawn again where it was.
    expected(lost, here, 0.3 * (1 - 0.3 * rate))
    expected(added, free, 0.3 * rate)


def test_half_of_the_damaged_triggers_have_lost_and_added_spikes_and_half_silenced_neurons():
    patterns = stored(1)
    trigger = patterns[0][:N_DELAYS]
    sequences = drawn(patterns, Damage(lost=0.5, added=0.5, silenced=0.5, presentations=6))
    chance = 0
    for dense, *_ in sequences:
        after = dense[:N_DELAYS]
        left = after.any(0)
        silenced = np.array_equal(after, trigger & left)
        chance += not silenced
        assert silenced or (after & ~trigger).any()
    assert len(sequences) == 6 and chance == 3


def test_a_damaged_trigger_may_also_have_noise_after_it():
    (pattern,) = patterns = stored(1)
    damage = Damage(lost=1.0, noise=0.4, presentations=4)
    sequences = drawn(patterns, damage)
    assert [len(s[0]) for s in sequences] == [N_STEPS] * 3 + [2 * N_DELAYS] * 4
    for dense, *_ in sequences[3:]:
        assert not dense[:N_DELAYS].any()
        after, before = dense[N_DELAYS:], pattern[N_DELAYS : 2 * N_DELAYS]
        assert (after & ~before).any() and (before & ~after).any()


@pytest.mark.parametrize(
    "damage",
    [
        Damage(lost=1.0),
        Damage(added=1.0),
        Damage(silenced=0.5),
        Damage(noise=1.0),
        Damage(0.5, 1.0, 0.5, 0.5),
    ],
)
def test_sequences_are_ordered_by_step_and_have_no_spike_twice(damage):
    sequences = drawn(stored(), damage)
    assert sequences
    for dense, steps, neurons, m, start, damaged in sequences:
        assert start == N_DELAYS and damaged is True
        assert (np.diff(steps) >= 0).all()
        assert len(steps) == len(neurons) == dense.sum()


def test_a_sequence_is_not_longer_than_its_pattern():
    patterns = stored()[:, : N_DELAYS + 5]
    for dense, *_ in drawn(patterns, Damage(0.5, 0.5, 0.5, 0.5), n_steps=N_DELAYS + 5):
        assert len(dense) == N_DELAYS + 5


def test_the_same_random_numbers_give_the_same_damage():
    damage = Damage(0.5, 0.5, 0.5, 0.5)
    one, two, other = (drawn(stored(), damage, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, two))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(one, other))


@pytest.mark.parametrize(
    ("damage", "damages"),
    [
        (Damage(), False),
        (Damage(lost=0.5, added=0.5, silenced=0.5, presentations=0), False),
        (Damage(lost=0.1), True),
        (Damage(added=0.1), True),
        (Damage(silenced=0.1), True),
        (Damage(noise=0.1, presentations=0), True),
    ],
)
def test_damage_is_true_where_something_is_damaged(damage, damages):
    assert bool(damage) is damages
    assert bool(drawn(stored(), damage)) is damages


def test_jitter_moves_the_spikes_of_the_trigger_by_about_its_spread():
    steps = np.sort(np.random.default_rng(0).integers(0, 100, 4000))
    given = [(steps, np.arange(4000))]
    damage = Damage(jitter=1.5, presentations=3)
    rng = np.random.default_rng(1)
    for moved, neurons, n_steps, m, start, damaged in damage.sequences(given, 100, 4000, 40, rng):
        by = moved - steps[neurons]
        inside = (steps[neurons] >= 5) & (steps[neurons] < 35)
        assert 1.3 < by[inside].std() < 1.7 and abs(by[inside].mean()) < 0.15
        assert not by[steps[neurons] >= 40].any() and moved.min() >= 0
        assert n_steps == 80 and start == 40 and damaged


def test_each_kind_of_damage_has_its_turn():
    damage = Damage(lost=1.0, silenced=1.0, jitter=1.0, presentations=6)
    shown = list(
        damage.sequences([(np.arange(40), np.arange(40))], 100, 40, 40, np.random.default_rng(0))
    )
    assert [bool(len(steps)) for steps, *_ in shown] == [False, False, True] * 2


def test_jitter_throughout_moves_spikes_to_the_end():
    patterns = stored()
    damage = Damage(jitter=1.0, presentations=0, throughout=4)
    found = drawn(patterns, damage)
    assert [m for *_, m, _, _ in found] == [m for m in range(len(patterns)) for _ in range(4)]
    for dense, *_, m, start, damaged in found:
        assert (start, damaged, len(dense)) == (N_DELAYS, True, N_STEPS)
        late = slice(N_STEPS // 2, None)
        moved = (dense[late] & ~patterns[m][late]).sum() / patterns[m][late].sum()
        # A normal deviate of standard deviation 1 is rounded to another step in 62 % of all cases.
        assert 0.5 < moved < 0.65
