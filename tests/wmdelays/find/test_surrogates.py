"""Surrogates keep the rates and lose the fine timing."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from wmdelays import InputError, Raster
from wmdelays.find.surrogates import METHODS, check_surrogates, surrogate_rasters

pytest.importorskip("elephant")


@pytest.fixture(scope="module")
def modulated():
    """20 s; unit 0 in bursts, unit 1 in the first half only, unit 2 silent, unit 3 throughout."""
    rng = np.random.default_rng(3)
    bursts = (rng.random(60) * 19.8)[:, None] + [0, 0.003, 0.007]
    times = [bursts.ravel(), rng.random(200) * 10, [], rng.random(300) * 20]
    units = np.repeat(range(4), [len(part) for part in times])
    return Raster(units, np.concatenate(times), 4, 20.0)


def counts(raster):
    return np.bincount(raster.neurons, minlength=4)


@pytest.mark.parametrize("method", METHODS)
def test_each_unit_keeps_its_number_of_spikes_and_they_move(modulated, method):
    for one in surrogate_rasters(modulated, 3, method=method, dither=0.1):
        assert (one.n_neurons, one.duration) == (4, 20.0)
        assert counts(one).tolist() == counts(modulated).tolist()
        assert not np.isin(one.times[one.neurons == 1], modulated.times).any() or method in (
            "isi_dithering",
            "joint_isi_dithering",
            "shuffle_isis",
        )
        assert not np.array_equal(one.times, modulated.times)


@pytest.mark.parametrize("method", [m for m in METHODS if "isis" not in m and "ise" not in m])
def test_rates_on_the_scale_of_the_dither_stay(modulated, method):
    for one in surrogate_rasters(modulated, 3, method=method, dither=0.1):
        late = one.times[one.neurons == 1] > 10.1
        assert not late.any()
        # In windows of ten dithers the counts hardly change.
        edges = np.arange(0, 21, 1.0)
        was, now = (np.histogram(r.times[r.neurons == 3], edges)[0] for r in (modulated, one))
        assert np.corrcoef(was, now)[0, 1] > 0.7


def test_spikes_at_the_ends_are_reflected_there():
    times = np.r_[np.linspace(0, 0.04, 20), np.linspace(19.96, 20, 20)]
    (one,) = surrogate_rasters(
        Raster([0] * 40, times, 1, 20.0), 1, method="dither_spikes", dither=0.1
    )
    early, late = one.times[:20], one.times[20:]
    assert early.max() < 0.14 and late.min() > 19.86
    # None is put at the end itself, where all units would meet.
    assert len(np.unique(one.times)) == 40 and early.min() > 0 and late.max() < 20


def test_stretch_shifting_keeps_bursts_and_dithering_does_not(modulated):
    def intervals(raster):
        return np.diff(raster.times[raster.neurons == 0])

    short = {}
    for method in ("stretch_shifting", "dither_spikes"):
        (one,) = surrogate_rasters(modulated, 1, method=method, dither=0.1)
        short[method] = np.count_nonzero(intervals(one) < 0.008)
    assert np.count_nonzero(intervals(modulated) < 0.008) >= 110
    assert short["stretch_shifting"] >= 110 and short["dither_spikes"] < 60


def test_units_move_apart_in_each_stretch():
    times = np.arange(0.5, 20, 0.02)
    both = Raster(np.repeat([0, 1], len(times)), np.tile(times, 2), 2, 20.0)
    (one,) = surrogate_rasters(both, 1, dither=0.1)
    first, second = (one.times[one.neurons == k] for k in (0, 1))
    lags = [(second[np.searchsorted(second, t) % len(second)] - t) % 0.02 for t in first]
    # One lag for all would be what shifting the whole unit gives.
    assert np.std(lags) > 0.003


def test_the_seed_decides_and_others_random_numbers_are_left_alone(modulated):
    np.random.seed(1)
    random.seed(1)
    expected = np.random.random(), random.random()
    np.random.seed(1)
    random.seed(1)
    for method in ("stretch_shifting", "isi_dithering"):
        one, again, other = (
            [
                s.times.tolist()
                for s in surrogate_rasters(modulated, n, method=method, dither=0.1, seed=k)
            ]
            for n, k in ((2, 4), (3, 4), (2, 5))
        )
        assert one == again[:2] != other and one[0] != one[1]
    assert (np.random.random(), random.random()) == expected


@pytest.mark.parametrize("method", METHODS)
def test_silent_units_change_nothing(modulated, method):
    more = Raster(modulated.neurons * 3, modulated.times, 2000, modulated.duration)
    for one, other in zip(
        *(surrogate_rasters(r, 1, method=method, dither=0.1) for r in (modulated, more))
    ):
        assert other.n_neurons == 2000
        assert one.times.tolist() == other.times.tolist()
        assert (one.neurons * 3).tolist() == other.neurons.tolist()


def test_a_raster_without_spikes_has_surrogates_without_spikes():
    nothing = Raster([], [], 3, 2.0)
    assert list(surrogate_rasters(nothing, 2, dither=0.1)) == [nothing] * 2


def test_what_cannot_be_made_is_refused(monkeypatch):
    with pytest.raises(InputError, match="no surrogates 'none'; there are stretch_shifting"):
        check_surrogates("none", 0.1)
    for dither in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match="dither is"):
            check_surrogates("stretch_shifting", dither)
    with pytest.raises(InputError, match="draws is 0"):
        check_surrogates("stretch_shifting", 0.1, 0)
    monkeypatch.setitem(__import__("sys").modules, "elephant.spike_train_surrogates", None)
    with pytest.raises(InputError, match=r"pip install 'wmdelays\[patterns\]'"):
        check_surrogates("dither_spikes", 0.1)
    check_surrogates("stretch_shifting", 0.1)


def lags_that_recur(raster, first, second, longest):
    """How often the commonest lag (to a millisecond) from one unit's spikes to another's occurs."""
    one, other = (raster.times[raster.neurons == k] for k in (first, second))
    lags = (other - one[:, None]).ravel()
    lags = lags[np.abs(lags) < longest]
    return np.bincount(np.rint((lags + longest) * 1e3).astype(int)).max()


@pytest.mark.parametrize("late", [0.0, 3600.0])
def test_a_pattern_in_a_short_bout_does_not_stay_with_other_lags(late):
    # 20 times within 0.6 s, in a recording of 10 s or of more than an hour.
    onsets = late + 5 + 0.03 * np.arange(20)
    rng = np.random.default_rng(4)
    units = np.r_[np.repeat([0, 1], 20), rng.integers(0, 2, 100)]
    times = np.r_[onsets, onsets + 0.004, late + 10 * rng.random(100)]
    raster = Raster(units, times, 2, late + 10)
    assert lags_that_recur(raster, 0, 1, 0.02) >= 20
    made = [lags_that_recur(s, 0, 1, 0.02) for s in surrogate_rasters(raster, 20, dither=0.01)]
    assert max(made) < 10


def test_stretches_do_not_depend_on_what_else_is_recorded(modulated):
    longer = Raster(modulated.neurons, modulated.times, 4, 3600.0)
    for one, other in zip(*(surrogate_rasters(r, 2, dither=0.01) for r in (modulated, longer))):
        early = one.times < 19.9
        assert one.times[early] == pytest.approx(other.times[: early.sum()])


def test_no_burst_is_cut_and_busy_units_are():
    rng = np.random.default_rng(2)
    onsets = np.sort(rng.choice(200, 60, replace=False)) * 0.05
    bursts = (onsets[:, None] + [0, 0.004, 0.007, 0.012]).ravel()
    busy = np.sort(rng.random(1000) * 10)
    raster = Raster(np.repeat([0, 1], [len(bursts), 1000]), np.r_[bursts, busy], 2, 10.0)
    for one in surrogate_rasters(raster, 5, dither=0.01):
        moved = one.times[one.neurons == 0].reshape(-1, 4)
        assert moved - moved[:, :1] == pytest.approx(np.tile([0, 0.004, 0.007, 0.012], (60, 1)))
        assert np.abs(one.times[one.neurons == 1] - busy).max() <= 0.0100001
        # The second unit has no pauses, and is cut once in 40 ms at least.
        away = np.unique(np.round(one.times[one.neurons == 1] - busy, 9))
        assert len(away) > 250


_END = 1.0
_TIMES = st.lists(
    st.one_of(st.sampled_from([0.0, _END, 0.5]), st.floats(0, _END, allow_subnormal=False)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("method", METHODS)
@hypothesis_settings(max_examples=15, deadline=None)
@given(units=st.lists(_TIMES, min_size=1, max_size=3), dither=st.sampled_from([0.003, 0.1, 2.5]))
def test_no_spike_is_lost_or_put_outside_wherever_they_are(method, units, dither):
    numbers = np.repeat(np.arange(len(units)), [len(one) for one in units])
    raster = Raster(numbers, np.concatenate(units), len(units) + 1, _END)
    one, again = (
        next(surrogate_rasters(raster, 1, method=method, dither=dither, seed=3)) for _ in range(2)
    )
    assert np.array_equal(
        np.bincount(one.neurons, minlength=4), np.bincount(raster.neurons, minlength=4)
    )
    assert one.times.min() >= 0 and one.times.max() <= _END and one == again


@pytest.mark.parametrize("method", ["isi_dithering", "joint_isi_dithering"])
def test_a_units_first_and_last_spikes_move_too(method):
    # elephant leaves them, and all spikes of units with one or two.
    raster = Raster([0, 1, 1, 2, 2, 2], [0.5, 0.2, 0.7, 0.3, 0.5, 0.9], 3, 1.0)
    made = [s.times for s in surrogate_rasters(raster, 20, method=method, dither=0.02)]
    for unit in range(3):
        for time in raster.times[raster.neurons == unit]:
            assert np.mean([np.isin(time, times) for times in made]) < 0.2


@pytest.mark.parametrize("method", ["isi_dithering", "joint_isi_dithering"])
def test_histograms_of_intervals_that_do_not_fit_are_refused(modulated, method):
    with pytest.raises(InputError, match="take a shorter dither=, or other surrogates="):
        next(surrogate_rasters(modulated, 1, method=method, dither=1e5))
