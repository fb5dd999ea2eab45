"""Arrays that wait in a temporary file."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from full_disk import no_file_above
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError
from wmdelays.machine.scratch import (
    ArrayOnDisk,
    Scratch,
    as_array,
    check_disk,
    here_and_there,
    in_memory,
)

LARGE = 1e9
TYPES = ["u1", "i1", "i4", "u4", "f4", "f8", "i8"]


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=6),
    types=st.lists(st.sampled_from(TYPES), min_size=6, max_size=6),
    ends=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
    size=st.sampled_from([0, LARGE]),
)
def test_slices_are_read_and_written_as_those_of_an_array(lengths, types, ends, size):
    rng, part = np.random.default_rng(len(lengths)), slice(*ends)
    scratch = Scratch(size)
    wanted = [rng.integers(0, 100, n).astype(kind) for n, kind in zip(lengths, types)]
    kept = [scratch.keep(one.copy()) for one in wanted]
    for one, own in zip(wanted, kept):
        assert isinstance(own, ArrayOnDisk) == (size == LARGE)
        assert len(own) == len(one) and own.dtype == one.dtype and own.shape == one.shape
        one[part] = 7
        own[part] = np.full(len(one[part]), 7.0)
    for one, own in zip(wanted, kept):
        np.testing.assert_array_equal(own[part], one[part])
        np.testing.assert_array_equal(np.asarray(own), one)
        whole = as_array(own)
        assert whole.dtype == one.dtype and np.array_equal(whole, one)


def test_what_is_written_by_parts_is_seen_in_what_is_mapped_and_outlives_the_scratch():
    kept = Scratch(LARGE).room(10, np.float64)
    kept[5:] = np.arange(5.0)
    kept[:5] = np.arange(5.0, 10)
    mapped = kept.mapped()
    del kept
    assert mapped.tolist() == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1


def test_threads_read_and_write_side_by_side():
    scratch = Scratch(LARGE)
    kept = [scratch.room(20_000, np.int32) for _ in range(20)]

    def work(k):
        for value in range(20):
            kept[k][:] = np.full(20_000, 100 * k + value, np.int32)
        return (kept[k][:] == 100 * k + 19).all()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(20)))


def test_a_disk_that_is_full_is_told_in_one_line():
    kept = Scratch(LARGE).room(100_000, np.float64)
    with no_file_above(200_000), pytest.raises(InputError) as refused:
        kept[:] = np.ones(100_000)
    assert str(refused.value).startswith(
        f"the temporary folder {tempfile.gettempdir()} has no room"
    )
    assert "TMPDIR" in str(refused.value)


def test_no_file_is_made_where_it_all_fits_into_memory(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    values = np.arange(5)
    assert Scratch(1000).keep(values) is values and in_memory(1000) == 1000
    assert in_memory(LARGE) == 0
    with pytest.raises(InputError, match="no temporary folder can be made: No such file"):
        Scratch(LARGE)


def test_the_folder_is_asked_for_room_before_it_is_needed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    check_disk(2.7e8, "storing", "take fewer")
    with pytest.raises(InputError) as refused:
        check_disk(1e18, "storing", "take fewer")
    said = f"storing needs about 1 EB in the temporary folder {tmp_path}, and "
    assert str(refused.value).startswith(said)
    assert str(refused.value).endswith(
        "free there; make room, name another folder in the environment variable TMPDIR, or take fewer"
    )


def advised(mapped):
    """Whether the pages of an array are said to be looked at here and there."""
    address = mapped.__array_interface__["data"][0]
    found = None
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            begin, end = (int(one, 16) for one in line.split()[0].split("-"))
            found = begin <= address < end
        elif found and line.startswith("VmFlags:"):
            return "rr" in line.split()
    return None


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells how pages are read")
def test_what_is_looked_at_here_and_there_is_read_as_little_as_that():
    mapped, plain = Scratch(LARGE).keep(np.arange(10_000)).mapped(), np.arange(5)
    assert advised(mapped) is False
    with here_and_there(mapped, plain, mapped[5:]):
        assert advised(mapped) and mapped[17] == 17
    assert advised(mapped) is False
