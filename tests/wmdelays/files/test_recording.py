"""Stretches of recordings, and what is said of their bins."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Memory, Raster
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.files.pattern_inputs import read_patterns
from wmdelays.files.raster_files import write_raster
from wmdelays.files.recording import binning_lines, read_stretch, remembered
from wmdelays.find.occurrences import Coverage
from wmdelays.validation.find.inputs import read_templates

MS, FRAME = 1e-3, 1 / 30
WRITTEN = {
    "full precision": ("%r", None, MS),
    "four decimals": ("%.4f", None, MS),
    "three decimals": ("%.3f", 1e-3, MS),
    "frames of two decimals": ("%.2f", FRAME, FRAME),
    "frames of five decimals, two a step": ("%.5f", FRAME, 2 * FRAME),
    "samples of five decimals": ("%.5f", 1 / 30_000, MS),
    "six significant digits": ("%.6g", None, 0.01),
    "single precision": ("single", None, MS),
    "milliseconds in single precision": ("single", 1e-3, MS),
}


def write(path, spikes):
    path.write_text("unit,time_s\n" + "".join(f"{u},{t}\n" for u, t in spikes))
    return path


def write_recording(path, kind, rng, first=0.0, length=12.0, n=300):
    """A recording of six units whose times are written as the kind says; gives the step."""
    form, grid, step = WRITTEN[kind]
    times = np.sort(rng.random(n)) * length + first
    if grid is not None:
        times = np.rint(times / grid) * grid
    text = [repr(float(np.float32(t))) if form == "single" else form % t for t in times.tolist()]
    write(path, zip(rng.integers(0, 6, n), text))
    return step


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(list(WRITTEN)),
    st.integers(0, 2**32 - 1),
    st.floats(0, 9),
    st.floats(0.5, 3),
    st.sampled_from([0.0, 5000.0]),
)
def test_a_stored_piece_is_found_complete_in_its_recording_whatever_its_beginning(
    tmp_path, kind, seed, start, length, first
):
    step = write_recording(tmp_path / "r.csv", kind, np.random.default_rng(seed), first)
    start += first
    ends = {"start": start, "stop": min(start + length, first + 11.5)}
    patterns, made = read_patterns([str(tmp_path / "r.csv")], step, merge_spikes=True, **ends)
    ((_, stretch),) = made.values()
    memory = Memory.unlearned(
        patterns,
        n_delays=1,
        step=step,
        beta=0.5,
        theta=1.0,
        made={"binning": [remembered(0, stretch, step)]},
    )
    write_memory(tmp_path / "m.h5", memory)
    sought = read_templates(tmp_path / "m.h5")
    raster = read_stretch(tmp_path / "r.csv", step, from_first_spike=True, phase=sought.phase())
    ((neurons, steps),) = [one.on_grid(step) for one in sought.templates]
    matched = Coverage(raster, step, 0).matched(neurons, steps)
    assert matched.max() == len(steps)
    # It is where it was cut, to the step.
    found = raster.start + np.argmax(matched) * step - patterns[0].times[0]
    assert abs(found - stretch.start) < 1.01 * step


def test_the_bulk_decides_and_the_spike_off_the_grid_is_named(tmp_path):
    spikes = [(k % 7, f"{k / 30:.3f}") for k in range(200)] + [(3, "6.6511")]
    write(tmp_path / "r.csv", spikes)
    raster = read_stretch(tmp_path / "r.csv", FRAME)
    assert raster.steps(FRAME)[:200].tolist() == list(range(200))
    (line,) = binning_lines("r.csv", raster, FRAME)
    assert line.startswith("r.csv: the times lie on the grid of steps")
    assert "1 of 201 spikes lies off it (unit 3 at 6.6511 s)" in line


def test_of_usual_recordings_nothing_is_said(tmp_path):
    for kind in ("four decimals", "three decimals", "frames of two decimals", "full precision"):
        step = write_recording(tmp_path / "r.csv", kind, np.random.default_rng(1))
        assert binning_lines("r.csv", read_stretch(tmp_path / "r.csv", step), step) == []


def test_times_too_coarse_for_the_bin_are_said(tmp_path):
    write_recording(tmp_path / "r.csv", "frames of two decimals", np.random.default_rng(1))
    (line,) = binning_lines("r.csv", read_stretch(tmp_path / "r.csv", MS), MS)
    assert "too coarse (2 decimals) to tell steps of 1 ms; take a longer step (step=)" in line
    write_recording(tmp_path / "r.csv", "single precision", np.random.default_rng(1), 86_400.0)
    raster = read_stretch(tmp_path / "r.csv", MS, start=86_400.0)
    assert any("too coarse (single precision)" in line for line in binning_lines("r", raster, MS))


def test_a_late_recording_is_searched_from_its_first_spike_on_and_not_stored_from_0(tmp_path):
    spikes = [(k % 5, f"{86_400 + k * 0.01 + 0.003:.3f}") for k in range(100)]
    write(tmp_path / "late.csv", spikes)
    raster = read_stretch(tmp_path / "late.csv", MS, from_first_spike=True)
    assert raster.start == pytest.approx(86_400.003, abs=1e-9)
    assert raster.duration == pytest.approx(0.99, abs=1e-9)
    assert raster.steps(MS).tolist() == list(range(0, 1000, 10))
    with pytest.raises(InputError, match="after 86,400,003 silent steps; take start=86400, or"):
        read_patterns([str(tmp_path / "late.csv")], MS)
    (pattern,), _ = read_patterns([str(tmp_path / "late.csv")], MS, start=86_400.0)
    assert pattern.n_steps(MS) == 994
    # Who asks for the silence gets it.
    assert read_stretch(tmp_path / "late.csv", 1.0, start=0.0).n_steps(1.0) == 86_401


def late(path, duration):
    """A recording of an hour of a day, whose length is stated in the formats that can."""
    times = np.array([86_400 + k * 0.01 + 0.003 for k in range(100)]).round(3)
    units = np.arange(100) % 5
    if path.suffix == ".nwb":
        import h5py

        with h5py.File(path, "w") as file:
            file.attrs["nwb_version"] = "2.7.0"
            order = np.argsort(units, kind="stable")
            file["units/id"], file["units/spike_times"] = np.arange(5), times[order]
            file["units/spike_times_index"] = np.arange(20, 101, 20)
            if duration is not None:
                file["units/obs_intervals"] = np.array([[0.0, duration]] * 5)
                file["units/obs_intervals_index"] = np.arange(1, 6)
    elif duration is not None or path.suffix == ".csv":
        write_raster(path, Raster(units, times, 5, duration or times[-1]))
    else:
        np.savez(path, unit=units, time_s=times)


@pytest.mark.parametrize(
    "name, duration",
    [("r.csv", None), ("r.npz", None), ("r.npz", 86_410.0), ("r.nwb", None), ("r.nwb", 86_410.0)],
)
def test_a_late_recording_is_read_alike_from_all_formats(tmp_path, name, duration):
    late(tmp_path / name, duration)
    sought = read_stretch(tmp_path / name, MS, from_first_spike=True)
    assert sought.start == pytest.approx(86_400.003, abs=1e-9)
    assert sought.steps(MS).tolist() == list(range(0, 1000, 10))
    # What is stated of its end counts.
    stated = 0.99 if duration is None else duration - sought.start
    assert sought.duration == pytest.approx(stated, abs=1e-6)
    with pytest.raises(InputError, match="after 86,400,003 silent steps; take start=86400, or"):
        read_stretch(tmp_path / name, MS)
    (pattern,), _ = read_patterns([str(tmp_path / name)], MS, start=86_400.0, stop=86_400.5)
    assert (pattern.n_steps(MS), len(pattern)) == (500, 50)


def test_a_stated_length_begins_at_0(tmp_path):
    write_raster(tmp_path / "r.npz", Raster([0, 1], [2.0, 3.0], 2, 5.0))
    raster = read_stretch(tmp_path / "r.npz", MS, from_first_spike=True)
    assert (raster.start, raster.duration) == (0.0, 5.0)
    raster = read_stretch(tmp_path / "r.npz", MS, from_first_spike=True, stop=4.0)
    assert (raster.start, raster.duration) == (0.0, 4.0)


@pytest.mark.parametrize("name", ["r.csv", "r.npz"])
def test_a_stop_beyond_the_end_is_refused_unless_silence_is_asked_for(tmp_path, name):
    write(tmp_path / "r.csv", [(0, 0.5), (1, 1.25)])
    np.savez(tmp_path / "r.npz", unit=[0, 1], time_s=[0.5, 1.25])
    with pytest.raises(InputError, match=r"ends at 1\.25 s, before stop= 2 s; take an earlier"):
        read_stretch(tmp_path / name, MS, stop=2.0)
    raster = read_stretch(tmp_path / name, MS, stop=2.0, pad=True)
    assert (raster.n_steps(MS), len(raster)) == (2000, 2)
    # The step of the last spike belongs to the recording.
    assert read_stretch(tmp_path / name, 0.1, stop=1.3).n_steps(0.1) == 13


def test_recordings_cut_to_one_stretch_have_as_many_steps(tmp_path):
    rng = np.random.default_rng(3)
    names = []
    for k in range(6):
        frames = np.sort(rng.choice(60, 50, replace=False))
        names.append(str(write(tmp_path / f"{k}.csv", [(f % 5, f"{f / 30:.5f}") for f in frames])))
    patterns, _ = read_patterns(names, FRAME, start=7 / 30, stop=37 / 30)
    assert [pattern.n_steps(FRAME) for pattern in patterns] == [30] * 6


def test_the_memory_remembers_how_its_recording_became_steps(wmdelays, tmp_path, load_json):
    write_recording(tmp_path / "r.csv", "frames of two decimals", np.random.default_rng(4))
    run = "store r.csv -o m.h5 --step 1/30s --delays 5 --start 2s --stop 6s --merge-spikes"
    assert wmdelays(*run.split(), "--rule", "hebbian").returncode == 0
    (binning,) = read_memory(tmp_path / "m.h5").made["binning"]
    assert (binning["rule"], binning["start_s"], binning["pattern"]) == ("nearest", 2.0, 0)
    assert binning["resolution"] == {"kind": "decimals", "number": 2}
    done = wmdelays("info", "m.h5", "--json", "info.json")
    assert "nearest step (times of 2 decimals), 0 of 300 spikes off the grid" in done.said
    assert load_json(tmp_path / "info.json")["made"]["binning"] == [binning]


def test_a_memory_that_remembers_nothing_of_bins_is_read(tmp_path):
    memory = Memory.unlearned(
        [Raster.from_steps([0, 1], [0, 5], 2, 10, MS)], n_delays=2, step=MS, beta=0.5, theta=1.0
    )
    write_memory(tmp_path / "old.h5", memory)
    assert read_templates(tmp_path / "old.h5").phase() is None
