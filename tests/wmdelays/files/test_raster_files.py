"""Raster files."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Raster
from wmdelays.files.raster_files import read_raster, write_raster

SPIKES = st.lists(st.tuples(st.integers(0, 9), st.floats(0, 100)), min_size=1, max_size=30)
one_folder = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


def refusal(path, **given):
    with pytest.raises(InputError) as refused:
        read_raster(path, **given)
    message = str(refused.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message


@one_folder
@given(SPIKES)
def test_npz_holds_the_whole_raster(tmp_path, spikes):
    raster = Raster([n for n, _ in spikes], [t for _, t in spikes], 12, 100.5)
    write_raster(tmp_path / "r.npz", raster)
    assert read_raster(tmp_path / "r.npz") == raster


@one_folder
@given(SPIKES)
def test_csv_holds_the_spikes_bit_for_bit(tmp_path, spikes):
    raster = Raster([n for n, _ in spikes], [t for _, t in spikes], 12, 100.5)
    write_raster(tmp_path / "r.csv", raster)
    assert read_raster(tmp_path / "r.csv", n_neurons=12, duration=100.5) == raster


def test_a_csv_file_without_sizes_ends_with_its_last_spike_and_highest_unit(tmp_path):
    (tmp_path / "r.csv").write_text("unit,time_s\n3,0.25\n1,0.5\n")
    raster = read_raster(tmp_path / "r.csv")
    assert (raster.n_neurons, raster.duration) == (2, 0.5)
    assert raster.units == ("1", "3") and raster.neurons.tolist() == [1, 0]
    kept = read_raster(tmp_path / "r.csv", keep_ids=True)
    assert (kept.n_neurons, kept.units) == (4, None) and kept.neurons.tolist() == [3, 1]


def test_what_other_programs_put_into_csv_is_understood(tmp_path):
    (tmp_path / "r.csv").write_bytes(b'\xef\xbb\xbfunit, time_s\r\n\r\n0, 1e-3\r\n"1",0.5')
    assert read_raster(tmp_path / "r.csv").times.tolist() == [1e-3, 0.5]


@pytest.mark.parametrize(
    "units, line",
    [
        ([950921187, 950921200, 950921213, 950921226, 950921239], "5 units of 950,921,240 neurons"),
        ([0, 1_000_000, 5], "3 units of 1,000,001 neurons spike:"),
        ([2_000_000], "1 unit of 2,000,001 neurons spikes:"),
    ],
)
def test_numbers_that_are_names_are_names_unless_the_silent_are_asked_for(tmp_path, units, line):
    text = "".join(f"{unit},0.{k}\n" for k, unit in enumerate(units))
    (tmp_path / "r.csv").write_text("unit,time_s\n" + text)
    np.savez(tmp_path / "r.npz", unit=units, time_s=np.arange(len(units)) / 10)
    for name in ("r.csv", "r.npz"):
        assert read_raster(tmp_path / name).units == tuple(map(str, sorted(units)))
        assert line in refusal(tmp_path / name, keep_ids=True)
    # Who states a number means it.
    n = max(units) + 1
    assert read_raster(tmp_path / "r.csv", n_neurons=n).n_neurons == n
    np.savez(tmp_path / "s.npz", unit=units, time_s=np.arange(len(units)) / 10, n_neurons=n)
    assert read_raster(tmp_path / "s.npz").n_neurons == n


@pytest.mark.parametrize("highest, n_spiking", [(9_999, 1), (1_000, 12), (99_999, 1_000)])
def test_silent_neurons_are_counted_where_numbers_are_kept(tmp_path, highest, n_spiking):
    units = [*range(n_spiking - 1), highest]
    (tmp_path / "r.csv").write_text("unit,time_s\n" + "".join(f"{u},0.1\n" for u in units))
    assert read_raster(tmp_path / "r.csv", keep_ids=True).n_neurons == highest + 1
    assert read_raster(tmp_path / "r.csv").n_neurons == n_spiking


def test_a_time_before_the_recording_is_named(tmp_path):
    (tmp_path / "r.csv").write_text("unit,time_s\n3,0.25\n1,-0.5\n")
    with pytest.raises(
        InputError, match=r"r\.csv: 1 spike is before the start .* spike 2, of unit 1, at -0\.5 s"
    ):
        read_raster(tmp_path / "r.csv")


def test_recorded_rasters_are_read():
    # The folder shared/ lies in the repository or beside it.
    root = Path(__file__).parents[3]
    found = [f for f in (root, root.parent) if (f / "shared/data/songbird_hvc.csv").is_file()]
    if not found:
        pytest.skip("the recorded rasters are not part of the repository")
    raster = read_raster(found[0] / "shared/data/songbird_hvc.csv")
    assert (raster.n_neurons, len(raster)) == (74, 3336)
    assert raster.bin(1 / 30).n_steps(1 / 30) in (667, 668)


@pytest.mark.parametrize(
    "text, where",
    [
        ("", "first line"),
        ("time_s,depth\n0.1,0\n", "no column known to hold units (time_s, depth)"),
        ("unit,id,time_s\n1,0,0.1\n", "2 columns known to hold units"),
        ("0,0.1\n", "first line"),
        ("unit,time_s\n", "no spikes"),
        (
            "unit,time_s\n0,0.1\n,0.2\n",
            "line 3 has no unit (column unit): ',0.2'; fill it in, or take",
        ),
        ("unit,time_s\n0,NA\n", "line 2 has no time"),
        ("unit,time_s\n0.5,0.1\n", "is that the column of times?"),
        ("unit,time_s\n0\n", "line 2 has 1 cell, the first line 2: '0'; fill in"),
        ("unit,time_s\n0,0.1,7\n", "line 2 has 3 cells, the first line 2"),
        (
            "unit,time_s\n0,\n",
            "line 2 has no time (column time_s): '0,'; fill it in, or take the line out",
        ),
        ('unit,time_s\n"0\n1",0.1\n', "line 3"),
        ("unit,time_s\n" + "9" * 200_000 + ",1\n", "line 2"),
        ("unit,time_s\n" + "9" * 5_000 + ",1\n", "line 2"),
        ("9" * 200_000, "line 1"),
        ("unit,time_s\n" + "9" * 400 + ",0.1\n", "line 2"),
        ("unit,time_s\n0,1_0.5\n", "line 2: expected a unit"),
        ("unit,time_s\n0,\uff11\n", "line 2: expected a unit"),
        ("unit,time_s\n0,1e400\n", "spike 1 has no finite time"),
        ("unit,time_s\n0,nan\n", "line 2 has no time (column time_s)"),
        ("unit,time_s\n0,inf\n", "no finite time"),
        ("unit,time_s\n0,-0.1\n", "before the start"),
        ("unit time_s\n0 0.1\n1\n", "line 3 has 1 cell"),
        ("0 0.1\n1 0.2\n", "say which are units and times by their numbers"),
        ("unit,time_s\n\0\0,\0\n", "line 2"),
    ],
)
def test_a_csv_file_that_cannot_be_understood_is_refused(tmp_path, text, where):
    (tmp_path / "r.csv").write_text(text)
    assert where in refusal(tmp_path / "r.csv")


@pytest.mark.parametrize(
    "given", [{"n_neurons": 0}, {"n_neurons": 2}, {"duration": 0}, {"duration": 0.1}]
)
def test_stated_sizes_that_do_not_fit_are_refused(tmp_path, given):
    (tmp_path / "r.csv").write_text("unit,time_s\n3,0.25\n")
    refusal(tmp_path / "r.csv", **given)


@pytest.mark.parametrize(
    "arrays",
    [
        dict(unit=[0]),
        dict(time_s=[0.1]),
        dict(unit=[], time_s=[]),
        dict(unit=[0, 1], time_s=[0.1]),
        dict(unit=[[0]], time_s=[[0.1]]),
        dict(unit=0, time_s=0.1),
        dict(unit=[0.5], time_s=[0.1]),
        dict(unit=[0], time_s=["0.1"]),
        dict(unit=[0], time_s=[1j]),
        dict(unit=[True], time_s=[0.1]),
        dict(unit=[0], time_s=[0.1], units=[1]),
        dict(unit=[1], time_s=[0.1], units=["a"]),
        dict(unit=[0], time_s=[np.nan]),
        dict(unit=[0], time_s=[0.1], n_neurons="3"),
        dict(unit=[0], time_s=[0.1], n_neurons=1.5),
        dict(unit=[0], time_s=[0.1], n_neurons=np.nan),
        dict(unit=[0], time_s=[0.1], n_neurons=0),
        dict(unit=[0], time_s=[0.1], n_neurons=[1, 2]),
        dict(unit=[0], time_s=[0.1], duration_s="1"),
        dict(unit=[0], time_s=[0.1], duration_s=np.nan),
        dict(unit=[0], time_s=[0.1], duration_s=0.05),
        dict(unit=np.array([0], dtype=object), time_s=[0.1]),
    ],
)
def test_an_npz_file_with_other_arrays_is_refused(tmp_path, arrays):
    np.savez(tmp_path / "r.npz", **arrays)
    refusal(tmp_path / "r.npz")


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_in_an_npz_file_is_executed(tmp_path):
    payload = Payload(str(tmp_path / "executed"))
    np.savez(tmp_path / "r.npz", unit=np.array([payload]), time_s=[0.1])
    refusal(tmp_path / "r.npz")
    (tmp_path / "p.npz").write_bytes(pickle.dumps(payload))
    refusal(tmp_path / "p.npz")
    assert not (tmp_path / "executed").exists()


def test_a_damaged_npz_file_is_refused_or_read_as_it_was(tmp_path):
    raster = Raster(np.arange(50) % 7, np.linspace(0, 1, 50), 8, 1.5)
    path = tmp_path / "r.npz"
    write_raster(path, raster)
    whole = path.read_bytes()
    refused = 0
    for position in range(0, len(whole), 2):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = read_raster(path)
            assert np.array_equal(read.times, raster.times)
            assert np.array_equal(read.neurons, raster.neurons)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100
    for length in range(0, len(whole), 5):
        path.write_bytes(whole[:length])
        refusal(path)


def test_an_array_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    array = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    with zipfile.ZipFile(tmp_path / "r.npz", "w") as file:
        file.writestr("unit.npy", array)
        file.writestr("time_s.npy", array)
    refusal(tmp_path / "r.npz")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("unit,time_s\n0,0.1\n")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="folder that is none of Phy's.*five lines") as refused:
        read_raster(tmp_path / "folder.csv")
    assert len(refused.value.more.splitlines()) == 5
    np.save(tmp_path / "array.npy", [1, 2])
    (tmp_path / "array.npy").rename(tmp_path / "array.npz")
    for name in (
        "empty.npz",
        "text.npz",
        "array.npz",
        "missing.csv",
        "x" * 300 + ".csv",
    ):
        refusal(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    (tmp_path / "r.csv").write_text("unit,time_s\n0,0.1\n")
    (tmp_path / "r.csv").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "r.csv")


def test_a_raster_is_written_to_a_raster_file_alone(tmp_path):
    with pytest.raises(InputError, match=".csv or .npz"):
        write_raster(tmp_path / "r.txt", Raster([0], [0.1], 1, 1.0))
    assert list(tmp_path.iterdir()) == []
