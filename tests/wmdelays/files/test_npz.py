"""Npz files from elsewhere."""

import io
import zipfile

import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.files.npz import read_npz
from wmdelays.machine import free_memory


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def header(shape, descr="'<f8'", order="False", version=b"\x01\x00", length=2):
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + len(text).to_bytes(length, "little") + text


def refusal(path):
    with pytest.raises(InputError) as refused:
        read_npz(path, ("x",))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0), np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3).T, np.empty(0), 5,
     [True], np.arange(3, dtype=">i4"), np.arange(3, dtype=np.float16)],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path, array, write):
    write(tmp_path / "a.npz", x=array, other=["text"])
    found = read_npz(tmp_path / "a.npz", ("x", "y"))
    assert found.keys() == {"x"}
    assert found["x"].dtype == np.asarray(array).dtype
    assert found["x"].shape == np.shape(array) and np.array_equal(found["x"], array)


def test_long_arrays_are_read_whole(tmp_path):
    array = np.random.default_rng(0).normal(size=300_000)
    np.savez_compressed(tmp_path / "a.npz", x=array)
    assert np.array_equal(read_npz(tmp_path / "a.npz", ("x",))["x"], array)


@pytest.mark.parametrize(
    "member, words",
    [
        (b"", "EOF"),
        (b"no array at all", "magic"),
        (header((10**12,)), "has not the numbers"),
        (header((-1,)) + bytes(8), "has not the numbers"),
        (header((-1, -2)) + bytes(16), "has not the numbers"),
        (header((2,)) + bytes(8), "has not the numbers"),
        (header((2,)) + bytes(24), "has not the numbers"),
        (header((2**62, 4)), "has not the numbers"),
        (header("(1.5,)") + bytes(12), "not valid"),
        (header((2,), descr="'O'") + bytes(16), "not of numbers"),
        (header((2,), descr="'M8[s]'") + bytes(16), "not of numbers"),
        (header((2,), descr="[('a', '<f8')]") + bytes(16), "not of numbers"),
        (header((2,), descr="'<f8', 'code': __import__('os').getcwd()"), "not a readable"),
        (header("(" * 3000 + ")" * 3000), "not a readable"),
        (header((2,) + (1,) * 10_000) + bytes(16), "not a readable"),
        (header((1,) * 65, descr="'<f8'") + bytes(8), "dimension"),
        (header((1,), version=b"\x03\x00", length=4) + bytes(8), "version"),
        (header((1,), version=b"\x09\x00") + bytes(8), "version"),
    ],
)
def test_a_member_that_is_no_array_of_numbers_is_one_line(tmp_path, member, words):
    assert words in refusal(archive(tmp_path / "a.npz", [("x.npy", member)]))


def test_an_array_that_is_there_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = archive(tmp_path / "a.npz", [("x.npy", npy([1.0])), ("x.npy", npy([2.0]))])
    assert "twice" in refusal(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path, compression):
    path = archive(tmp_path / "a.npz", [("x.npy", npy([1.0]))], compression)
    assert "packed" in refusal(path)


def test_an_encrypted_array_is_refused(tmp_path):
    path = archive(tmp_path / "a.npz", [("x.npy", npy([1.0]))])
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(2_500_000))
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    monkeypatch.setattr(free_memory, "free_memory", lambda: 19_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert "needs about 20 MB of memory" in refusal(tmp_path / "a.npz")


def test_an_archive_that_packs_more_than_it_says_is_refused(tmp_path):
    """The size in the archive's directory is what is asked memory for; no more is unpacked."""
    path = archive(tmp_path / "a.npz", [("x.npy", npy(np.zeros(1000)))])
    content = path.read_bytes()
    size = len(npy(np.zeros(1000))).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (len(npy([0.0]))).to_bytes(4, "little")))
    refusal(path)
