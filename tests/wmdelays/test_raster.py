"""Rasters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wmdelays import InputError, Raster

STEPS = st.sampled_from([1e-3, 1 / 30, 1e-4, 0.37e-3])
DENSE = arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 6)))


@given(DENSE, STEPS)
def test_a_raster_and_its_dense_view_hold_the_same_spikes(dense, step):
    raster = Raster.from_dense(dense, step)
    assert raster.n_steps(step) == len(dense)
    assert np.array_equal(raster.dense(step), dense)
    assert Raster.from_dense(raster.dense(step), step) == raster


@pytest.mark.parametrize("step", [1e-3, 1 / 30, 1e-4])
def test_no_step_of_a_long_raster_slips(step):
    steps = np.arange(200_000)
    raster = Raster.from_steps(np.zeros_like(steps), steps, 1, 200_000, step)
    assert np.array_equal(raster.steps(step), steps)
    assert raster.n_steps(step) == 200_000


@given(DENSE, STEPS, st.data())
def test_a_slice_is_the_rows_of_the_dense_view(dense, step, data):
    raster = Raster.from_dense(dense, step)
    start = data.draw(st.integers(0, len(dense) - 1))
    stop = data.draw(st.integers(start + 1, len(dense)))
    part = raster.slice(start * step, stop * step)
    assert np.array_equal(part.dense(step), dense[start:stop])
    assert part.duration == pytest.approx((stop - start) * step)


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(1e-6, 1 - 1e-6))
def test_two_slices_part_the_spikes_between_them(times, cut):
    raster = Raster(np.zeros(len(times), int), times, 1, 1.0)
    first, second = raster.slice(0, cut), raster.slice(cut)
    assert len(first) + len(second) == len(times)
    assert np.allclose(np.concatenate([first.times, second.times + cut]), np.sort(times))


@pytest.mark.parametrize(
    "start, stop", [(0.5, 0.5), (0.6, 0.5), (-0.1, 0.5), (1.0, None), (0.5, 1.1), (np.nan, 1.0)]
)
def test_a_slice_outside_the_raster_is_refused(start, stop):
    with pytest.raises(InputError):
        Raster([0], [0.5], 1, 1.0).slice(start, stop)


def test_a_slice_to_the_end_keeps_the_last_spike():
    assert len(Raster([0], [1.0], 1, 1.0).slice(0.5)) == 1
    assert len(Raster([0], [0.9], 1, 1.0).slice(0.5, 0.9)) == 0


def test_times_rounded_by_a_file_belong_to_the_nearest_step():
    frames = np.arange(300)
    written = np.round(frames / 30, 3)
    raster = Raster(np.zeros(300, int), written, 1, 10.0)
    assert np.array_equal(raster.steps(1 / 30), frames)


def test_other_times_belong_to_the_step_that_contains_them():
    raster = Raster([0, 0, 0, 0], [0.0, 0.00099, 0.001, 0.0025], 1, 0.01)
    assert raster.steps(1e-3).tolist() == [0, 0, 1, 2]
    assert raster.n_steps(1e-3) == 10


@pytest.mark.parametrize("step", [1e-3, 1 / 30, 1e-4])
def test_a_time_on_the_edge_belongs_to_the_later_step_also_among_other_times(step):
    steps = np.arange(10_000)
    times = np.append(steps * step, 10_000.5 * step)
    raster = Raster(np.zeros(len(times), int), times, 1, 10_001 * step)
    assert np.array_equal(raster.steps(step), np.append(steps, 10_000))


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 0.05)), max_size=40), STEPS)
def test_bins_hold_the_spikes_of_their_stretch_once(spikes, step):
    neurons, times = [n for n, _ in spikes], [t for _, t in spikes]
    raster = Raster(np.array(neurons, int), times, 4, 0.05)
    binned = raster.bin(step, merge_spikes=True)
    wanted = set(zip(raster.steps(step).tolist(), raster.neurons.tolist()))
    assert set(zip(binned.steps(step).tolist(), binned.neurons.tolist())) == wanted
    assert len(binned) == len(wanted)
    assert np.array_equal(binned.times, binned.steps(step) * step)
    assert binned.bin(step) == binned
    assert np.array_equal(binned.dense(step), raster.dense(step))


def test_a_bin_that_merges_two_spikes_is_refused_with_their_number():
    raster = Raster([0, 0, 0, 1], [0.0001, 0.0003, 0.0007, 0.0002], 2, 0.01)
    with pytest.raises(InputError, match="merges 2 of 4 spikes"):
        raster.bin(1e-3)
    assert len(raster.bin(1e-3, merge_spikes=True)) == 2


@pytest.mark.parametrize("step", [0, -1e-3, np.nan, np.inf])
def test_a_bin_has_a_length(step):
    with pytest.raises(InputError, match="greater than zero"):
        Raster([0], [0.5], 1, 1.0).bin(step)


def test_more_bins_than_can_be_numbered_are_refused():
    with pytest.raises(InputError, match="longer step"):
        Raster([0], [1e300], 1, 1e300).bin(1e-3)


@pytest.mark.parametrize(
    "neurons, times, n_neurons, duration",
    [
        ([0, 1], [0.1], 2, 1.0),
        ([[0]], [[0.1]], 2, 1.0),
        ([0.0], [0.1], 2, 1.0),
        ([2], [0.1], 2, 1.0),
        ([-1], [0.1], 2, 1.0),
        ([0], [1.1], 2, 1.0),
        ([0], [-0.1], 2, 1.0),
        ([0], [np.nan], 2, 1.0),
        ([0], [np.inf], 2, 1.0),
        ([0], [0.1], 0, 1.0),
        ([0], [0.1], 1.5, 1.0),
        ([0], [0.1], np.nan, 1.0),
        ([2**40], [0.1], 2**40 + 1, 1.0),
        ([0], [0.1], 2, 0.0),
        ([0], [0.1], 2, np.nan),
        ([0], [0.1], 2, np.inf),
    ],
)
def test_spikes_outside_the_raster_are_refused(neurons, times, n_neurons, duration):
    with pytest.raises(InputError) as refused:
        Raster(neurons, times, n_neurons, duration)
    assert "\n" not in str(refused.value)


def test_spikes_are_sorted_by_time_then_neuron():
    raster = Raster([2, 1, 0], [0.2, 0.1, 0.2], 3, 1.0)
    assert raster.times.tolist() == [0.1, 0.2, 0.2]
    assert raster.neurons.tolist() == [1, 0, 2]


def test_a_raster_keeps_nothing_of_the_arrays_that_it_was_made_of():
    neurons, times = np.array([0, 1]), np.array([0.1, 0.2])
    raster = Raster(neurons, times, 2, 1.0)
    neurons[0], times[0] = 1, 0.15
    assert (raster.neurons.tolist(), raster.times.tolist()) == ([0, 1], [0.1, 0.2])


def test_the_times_that_are_meant_are_those_of_the_grid_where_there_is_one():
    frames = np.arange(60)
    raster = Raster(np.zeros(60, int), np.round(frames / 30, 2), 1, 2.0)
    assert raster.meant(1 / 30).times == pytest.approx(frames / 30, abs=1e-12)
    piece = raster.slice(0.25, 1.0, 1 / 30)
    assert piece.meant(1 / 30).times == pytest.approx(frames[8:30] / 30 - 0.25, abs=1e-12)
    # What lies on the grid, or on none, stays bit for bit.
    for times in (frames / 30, np.sort(np.random.default_rng(0).random(60))):
        other = Raster(np.zeros(60, int), times, 1, 2.0)
        assert other.meant(1 / 30) is other


def test_rasters_that_differ_in_anything_are_unequal():
    raster = Raster([0, 1], [0.1, 0.2], 2, 1.0)
    assert raster == Raster([1, 0], [0.2, 0.1], 2, 1.0)
    for other in (
        Raster([0, 0], [0.1, 0.2], 2, 1.0),
        Raster([0, 1], [0.1, 0.3], 2, 1.0),
        Raster([0, 1], [0.1, 0.2], 3, 1.0),
        Raster([0, 1], [0.1, 0.2], 2, 2.0),
        Raster([0], [0.1], 2, 1.0),
        "raster",
    ):
        assert raster != other


def test_the_rate_is_in_spikes_of_a_neuron_in_a_second():
    assert Raster([0, 0, 1], [0.1, 0.2, 0.3], 3, 0.5).rate == 2.0
