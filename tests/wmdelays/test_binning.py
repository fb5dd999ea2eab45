"""How times become steps."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Raster
from wmdelays.binning import Clock, Resolution, decide, resolution_of
from wmdelays.files.made import parts_of

MS, FRAME = 1e-3, 1 / 30
UNITS = 5


def significant(times, digits):
    return np.array([float(f"{t:.{digits}g}") for t in times])


def raster_of(times):
    return Raster(np.arange(len(times)) % UNITS, times, UNITS, float(np.max(times)))


# Each kind of times with what is found: how they are known, and the points of a grid in a step.
def recorded(kind, rng, n=400, length=2000.0):
    random = np.sort(rng.random(n)) * length
    frames = np.sort(rng.integers(0, int(length * 30), n)) / 30
    steps = np.sort(rng.integers(0, int(length / MS), n)) * MS
    return {
        "random": (random, MS),
        "30 kHz": (np.rint(random * 30_000) / 30_000, MS),
        "30 kHz, five decimals": (np.round(np.rint(random * 30_000) / 30_000, 5), MS),
        "0.1 ms": (np.round(random, 4), MS),
        "milliseconds": (np.round(steps, 3), MS),
        "frames": (frames, FRAME),
        "frames, two decimals": (np.round(frames, 2), FRAME),
        "two frames a step, two decimals": (np.round(frames, 2), 2 * FRAME),
        "milliseconds in single precision": (steps.astype(np.float32).astype(float), MS),
        "single precision": (random.astype(np.float32).astype(float), MS),
        "five digits": (significant(random, 5), 0.02),
    }[kind]


KINDS = {
    "random": ("float64", 0),
    "30 kHz": ("float64", 0),
    "30 kHz, five decimals": ("decimals", 0),
    "0.1 ms": ("decimals", 0),
    "milliseconds": ("decimals", 1),
    "frames": ("float64", 1),
    "frames, two decimals": ("decimals", 1),
    "two frames a step, two decimals": ("decimals", 2),
    "milliseconds in single precision": ("float32", 1),
    "single precision": ("float32", 0),
    "five digits": ("digits", None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_bulk_of_the_times_tells_how_they_are_known_and_whether_they_lie_on_a_grid(kind):
    times, step = recorded(kind, np.random.default_rng(5))
    found = decide(times, step)
    resolution, points = KINDS[kind]
    assert found.resolution.kind == resolution
    if points is not None:
        assert found.points == points and found.n_spikes == 400


@pytest.mark.parametrize(
    "times, wanted",
    [
        (np.arange(400) * 0.001, Resolution("decimals", 3)),
        (np.arange(400) * 0.5, Resolution("decimals", 1)),
        (np.arange(400) / 7, Resolution("float64")),
        (significant(np.geomspace(0.1, 5000, 400), 4), Resolution("digits", 4)),
        (np.round(np.linspace(0, 105, 400), 3), Resolution("decimals", 3)),
        (np.append(np.arange(400) * 0.001, 0.1234567), Resolution("decimals", 3)),
        (np.zeros(3), Resolution("float64")),
    ],
)
def test_the_resolution_is_that_of_nearly_all_times(times, wanted):
    assert resolution_of(times) == wanted


@pytest.mark.parametrize("written", ["%.6f", "%.9g"])
def test_single_precision_is_seen_also_where_more_digits_were_written(written):
    times = np.random.default_rng(1).random(400) * 4000
    text = [float(written % t) for t in times.astype(np.float32)]
    assert resolution_of(np.array(text)).kind == "float32"


def test_one_spike_off_the_grid_moves_no_other_and_is_counted():
    frames = np.arange(1, 600)
    times = np.append(np.round(frames / 30, 3), 19.9851)
    raster = raster_of(np.sort(times))
    assert np.array_equal(raster.steps(FRAME)[:-1], frames)
    found = raster.binning(FRAME)
    assert (found.rule, found.n_off_grid) == ("nearest", 1)
    assert [raster.times[k] for k in found.examples] == [19.9851]


@pytest.mark.parametrize("decimals", [2, 3, 5])
@pytest.mark.parametrize("frames_a_step", [1, 2, 3])
def test_frames_keep_their_steps_whatever_decimals_they_were_written_with(decimals, frames_a_step):
    frames = np.arange(600)
    raster = raster_of(np.round(frames / 30, decimals))
    assert np.array_equal(raster.steps(frames_a_step * FRAME), frames // frames_a_step)


def test_milliseconds_keep_their_steps_in_single_precision():
    steps = np.arange(0, 5_000_000, 1013)
    raster = raster_of((steps * MS).astype(np.float32).astype(float))
    assert np.array_equal(raster.steps(MS), steps)


def test_a_time_just_below_an_edge_in_single_precision_is_the_edge():
    times = np.sort(np.random.default_rng(2).random(500)).astype(np.float32)
    below = np.float32(0.403)
    assert 2e-6 < (0.403 - float(below)) / MS < 1e-5
    raster = raster_of(np.sort(np.append(times, below)).astype(float))
    place = np.flatnonzero(raster.times == float(below))[0]
    assert raster.steps(MS)[place] == 403
    found = raster.binning(MS)
    assert (found.rule, found.n_at_edge, found.examples) == ("containing", 1, (place,))


def test_other_times_stay_in_the_step_that_contains_them():
    times = np.round(np.sort(np.random.default_rng(3).random(5000)) * 10, 4)
    wanted = np.rint(times * 1e4).astype(int) // 10
    assert np.array_equal(raster_of(times).steps(MS), wanted)


@pytest.mark.parametrize(
    "times, step, coarse",
    [
        (np.arange(400) * 0.01, MS, 400),
        (np.arange(400) * 0.001, MS, 0),
        (significant(np.linspace(10, 5000, 400), 5), MS, 399),
        ((86_400 + np.arange(400) / 7).astype(np.float32).astype(float), MS, 400),
        (86_400 + np.arange(400) / 7, MS, 0),
    ],
)
def test_times_that_are_too_coarse_for_the_step_are_counted(times, step, coarse):
    assert abs(decide(times, step).n_coarse - coarse) <= 10


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(KINDS)),
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.9),
    st.booleans(),
    st.integers(1, 300),
)
def test_a_recording_cut_in_two_ways_is_binned_in_one(kind, seed, place, on_grid, n_steps):
    times, step = recorded(kind, np.random.default_rng(seed), length=20.0)
    raster = raster_of(times)
    start = place * raster.duration
    if on_grid or start < 0.1 * step:
        start = round(start / step) * step
    stop = start + n_steps * step
    if stop > raster.n_steps(step) * step * (1 - 1e-9):
        stop = None
    piece = raster.slice(start, stop, step)
    whole = raster.aligned(step, piece.start)
    # The spikes of the stretch have the steps that they have in the whole recording.
    shift = int(np.ceil((piece.start - whole.start) / step - 1e-6))
    wanted = set(zip(whole.neurons.tolist(), (whole.steps(step) - shift).tolist()))
    made = set(zip(piece.neurons.tolist(), piece.steps(step).tolist()))
    assert made <= wanted
    if stop is not None:
        assert max((k for _, k in made), default=0) < n_steps == piece.n_steps(step)
    # Every spike belongs to one of the stretches that adjoin.
    ends = [t for t in (0.0, start, stop) if t is not None]
    parts = [raster.slice(a, b, step) for a, b in zip(ends, [*ends[1:], None]) if a != b]
    assert sum(map(len, parts)) == len(raster)


def test_two_recordings_cut_to_one_stretch_have_as_many_steps():
    rng = np.random.default_rng(7)
    for _ in range(20):
        frames = np.sort(rng.choice(60, 40, replace=False))
        raster = raster_of(np.round(frames / 30, 5))
        piece = raster.slice(7 / 30, 37 / 30, FRAME).bin(FRAME, True)
        inside = (frames >= 7) & (frames < 37)
        assert piece.n_steps(FRAME) == 30
        assert np.array_equal(piece.steps(FRAME), frames[inside] - 7)


def test_a_decision_of_a_file_is_checked():
    good = decide(np.arange(400) * MS, MS).as_dict() | {"start_s": 0.0, "pattern": 0}
    assert parts_of({"binning": json.dumps([good])}, ())["binning"] == [good]
    for bad in (
        good,
        [3],
        [good | {"rule": "other"}],
        [good | {"points": -1}],
        [good | {"n_spikes": 10**30}],
        [good | {"n_off_grid": True}],
        [good | {"resolution": 3}],
        [good | {"resolution": {"kind": "float32", "number": "1"}}],
        [good | {"resolution": {"kind": "other", "number": 1}}],
        [good | {"start_s": -1.0}],
        [good | {"start_s": "0"}],
        [{k: v for k, v in good.items() if k != "start_s"}],
    ):
        with pytest.raises(InputError, match="'binning' is not what it has to be"):
            parts_of({"binning": json.dumps(bad)}, ())


def test_a_decision_is_made_once_for_a_recording(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "wmdelays.binning.resolution_of", lambda t: asked.append(1) or Resolution("float64")
    )
    clock = Clock(np.random.default_rng(0).random(50), np.zeros(50, int))
    assert clock.binning(MS) is clock.binning(MS)
    clock.binning(2 * MS)
    assert asked == [1]


def test_times_with_a_decimal_less_than_others_are_no_grid():
    # Four of five times are whole milliseconds, the others lie between.
    rng = np.random.default_rng(5)
    whole = rng.integers(0, 1000, 400) * 1e-3
    between = rng.integers(0, 1000, 100) * 1e-3 + rng.integers(1, 10, 100) * 1e-4
    times = np.sort(np.round(np.concatenate([whole, between]), 4))
    made = decide(times, 5e-3)
    assert made.rule == "containing"
    assert np.array_equal(made.meant(times), times)
