"""Files that were made to stop whoever reads them, read by libraries that would be stopped."""

import zlib
from struct import pack

import numpy as np
import pytest

from wmdelays import InputError, read_raster
from wmdelays.files.recordings import guarded as module
from wmdelays.files.recordings.guarded import guarded


@pytest.fixture
def read(tmp_path):
    (tmp_path / "file.bin").write_bytes(b"1234")
    return lambda name, **options: guarded(
        f"hostile_readers:{name}", tmp_path / "file.bin", "numpy", **options
    )


def test_what_is_read_comes_back(read):
    spikes = read("reads", names=["9", "b"])
    assert spikes.names == ("9", "b") and spikes.duration == 1.5 and spikes.n_neurons is None
    assert spikes.units.tolist() == [0, 0, 1, 1] and spikes.times.tolist() == [0.1, 0.2, 0.1, 0.2]
    assert read("knows_nothing") is None
    assert read("finds_silence").names == ("3",) and not len(read("finds_silence").times)


@pytest.mark.parametrize(
    "name, said",
    [
        ("eats_memory", "takes more than .* of memory to be read; it was damaged, or made to stop"),
        ("crashes", r"crashes numpy, which reads it \(Segmentation fault\); it was damaged"),
        ("never_ends", "takes more time than a file of its size can need"),
        ("raises", r"cannot be read by numpy \(ZeroDivisionError: of the library\)"),
    ],
)
def test_a_hostile_file_is_one_line(read, name, said, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 2)
    with pytest.raises(InputError, match=said) as error:
        read(name)
    assert "\n" not in str(error.value)


def bomb(path, n_bytes):
    """A MATLAB file of a few kilobytes, of which a variable has so many zeros."""
    n = n_bytes // 8
    element = pack("<IIII", 6, 8, 6, 0) + pack("<IIii", 5, 8, 1, n) + pack("<II8s", 1, 1, b"x")
    head = pack("<II", 14, len(element) + 8 + n_bytes) + element + pack("<II", 9, n_bytes)
    packer, zeros = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(head)]
    parts += [packer.compress(zeros) for _ in range(n_bytes >> 20)]
    packed = b"".join([*parts, packer.flush()])
    header = b"MATLAB 5.0 MAT-file".ljust(124) + pack("<H2s", 0x100, b"IM")
    path.write_bytes(header + pack("<II", 15, len(packed)) + packed)


def test_a_matlab_file_that_unpacks_into_more_than_there_is_room_for_is_refused(
    tmp_path, monkeypatch, refused
):
    bomb(tmp_path / "bomb.mat", 96 << 20)
    assert (tmp_path / "bomb.mat").stat().st_size < 1 << 20
    monkeypatch.setattr(module, "_ROOM", 32 << 20)
    line = refused("info", "bomb.mat")
    assert (
        line.startswith("wmdelays: bomb.mat: takes more than ") and "of memory to be read" in line
    )


def test_warnings_and_words_of_python_come_back(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "two.mat", {"a": {"u1": [0.1, 0.2]}, "b": {"u1": [0.3, 0.4]}})
    with pytest.raises(
        InputError, match=r"two.mat: several variables hold spikes \(a, b\); name one \(variable=\)"
    ):
        read_raster(tmp_path / "two.mat")
    assert np.array_equal(read_raster(tmp_path / "two.mat", variable="b").times, [0.3, 0.4])
