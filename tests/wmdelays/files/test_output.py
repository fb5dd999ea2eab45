"""Files that are written whole or not at all."""

import errno
import io
import json
import os
import stat

import h5py
import numpy as np
import pytest
from full_disk import no_file_above

from wmdelays import InputError
from wmdelays.files import output
from wmdelays.files.file_kinds import GROUPS, JSON, MEMORY
from wmdelays.files.output import check_writable, hdf5_written, replacing, write_json

# Any kind of file will do; this one is told from its first bytes.
OLD, NEW = '{"mother":1,"anchors":[1]', '{"mother":2,"anchors":[2]'


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_the_new_file_takes_the_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    with replacing(path, GROUPS) as temporary:
        temporary.write_text(NEW)
        assert path.read_text() == OLD
        assert temporary.parent == tmp_path and temporary.name.startswith(".wmdelays-")
    assert path.read_text() == NEW and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError, SystemExit])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    with pytest.raises(InputError if error is OSError else error):
        with replacing(path, GROUPS) as temporary:
            temporary.write_text("half")
            raise error("a\nb")
    assert path.read_text() == OLD and names(tmp_path) == ["a.txt"]


def test_another_programs_error_becomes_one_line(tmp_path):
    with pytest.raises(InputError) as refused, replacing(tmp_path / "a.txt", JSON):
        raise OSError("no space\n, at\n 3")
    assert str(refused.value) == f"{tmp_path}/a.txt: cannot be written: no space , at 3"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_has_the_permissions_a_new_file_gets(tmp_path, mask):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a.txt", JSON):
            pass
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


def test_a_link_keeps_leading_to_the_file_that_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder/a.txt", tmp_path / "link"
    target.write_text(OLD)
    link.symlink_to("folder/a.txt")
    write_json(link, 1, GROUPS)
    assert link.is_symlink() and target.read_text() == "1\n"
    assert names(tmp_path) == ["folder", "link"] and names(tmp_path / "folder") == ["a.txt"]


def test_places_where_no_file_can_be_are_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("missing/a.txt")
    (tmp_path / "loop").symlink_to("pool")
    (tmp_path / "pool").symlink_to("loop")
    before = names(tmp_path)
    for path in (tmp_path, tmp_path / "missing/a.txt", tmp_path / "file/a.txt", tmp_path / "pipe",
                 tmp_path / "dangling", tmp_path / "loop", tmp_path / ("a" * 256),
                 tmp_path / ("é" * 128), "a\0b", "", "/dev/null"):  # fmt: skip
        for write in (lambda path: check_writable(path, JSON), lambda path: write_json(path, 1)):
            with pytest.raises(InputError) as refused:
                write(path)
            assert "\n" not in str(refused.value)
    assert names(tmp_path) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path):
    (tmp_path / "a.txt").write_text(OLD)
    check_writable(tmp_path / "a.txt", GROUPS)
    check_writable(tmp_path / "b.txt", GROUPS)
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == OLD


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127])
def test_the_longest_names_can_be_written(tmp_path, name):
    for _ in range(2):
        check_writable(tmp_path / name, GROUPS)
        with replacing(tmp_path / name, GROUPS) as temporary:
            temporary.write_text(NEW)
    assert names(tmp_path) == [name] and (tmp_path / name).read_text() == NEW


@pytest.mark.parametrize("content", ["a file of the user's", "unit,time_s\n0,0.1\n", NEW, "{}"])
def test_only_a_file_of_the_same_kind_is_replaced(tmp_path, content):
    path = tmp_path / "a.h5"
    path.write_text(content)
    for write in (lambda: check_writable(path, MEMORY), lambda: write_json(path, 1, MEMORY)):
        with pytest.raises(InputError, match="holds .* and is no memory file; name another file"):
            write()
    assert path.read_text() == content and names(tmp_path) == ["a.h5"]


def test_an_empty_file_is_replaced(tmp_path):
    (tmp_path / "a.json").touch()
    write_json(tmp_path / "a.json", 1)
    assert (tmp_path / "a.json").read_text() == "1\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666, 0o755])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    path.chmod(mode)
    with replacing(path, GROUPS) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600, "nobody reads it meanwhile"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_that_is_replaced_keeps_its_group(tmp_path):
    other = next((g for g in os.getgroups() if g != os.getegid()), None)
    if other is None and os.geteuid() == 0:
        other = os.getegid() + 1
    if other is None:
        pytest.skip("this user has no second group")
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    os.chown(path, -1, other)
    path.chmod(0o640)
    write_json(path, 1, GROUPS)
    assert path.stat().st_gid == other and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_where_the_group_cannot_be_kept_the_new_one_may_no_more_than_others(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    path.chmod(0o664)
    real = os.fstat

    def another_group(file):
        values = list(real(file))
        values[5] += 1
        return os.stat_result(values)

    def refuse(*_):
        raise PermissionError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "fstat", another_group)
    monkeypatch.setattr(os, "fchown", refuse)
    with replacing(path, GROUPS):
        pass
    monkeypatch.undo()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_read_only_file_is_not_replaced(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    path.chmod(0o444)
    for write in (lambda: check_writable(path, GROUPS), lambda: write_json(path, 1, GROUPS)):
        with pytest.raises(InputError, match="is read-only"):
            write()
    assert path.read_text() == OLD


def test_another_users_file_in_a_folder_for_all_is_refused_before(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    path.chmod(0o666)
    # As in /tmp: everybody may make files, and rename and remove their own alone.
    tmp_path.chmod(0o1777)
    check_writable(path, GROUPS)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(InputError, match="belongs to another user"):
        check_writable(path, GROUPS)


def test_a_folder_in_which_no_file_can_be_made_is_found_before(tmp_path, monkeypatch):
    real = os.open

    def read_only(path, flags, *rest, **more):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(InputError, match=r"cannot be written to \(Read-only file system\)"):
        check_writable(tmp_path / "a.txt", JSON)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        with replacing(path, GROUPS):
            with open("/dev/full", "w") as full:
                full.write("a")
    assert path.read_text() == OLD and names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        check_writable(tmp_path / "a.txt", JSON)
    tmp_path.chmod(0o700)


def test_json_is_read_back_equal(tmp_path):
    values = {"a": [1, 0.1, None, True], "b": {"c": "…"}}
    write_json(tmp_path / "a.json", values)
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == values and text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_values_that_json_does_not_know_are_not_written(tmp_path, value):
    (tmp_path / "a.json").write_text("[]\n")
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", {"a": value})
    assert (tmp_path / "a.json").read_text() == "[]\n" and names(tmp_path) == ["a.json"]


def fill(file):
    for k in range(10):
        group = file.create_group(f"group {k}")
        group.attrs["k"] = k
        group["numbers"] = np.arange(50.0 * k)
        column = group.create_dataset("by parts", shape=1000, dtype=np.float32)
        for begin in range(0, 1000, 250):
            column[begin : begin + 250] = begin


@pytest.mark.parametrize("block", [0, 512])
def test_hdf5_is_written_to_the_disk_and_a_full_one_is_told(tmp_path, block):
    path = tmp_path / "a.h5"
    with hdf5_written(path, block) as file:
        fill(file)
    with h5py.File(path) as file:
        assert file.userblock_size == block and len(file) == 10
        assert np.array_equal(file["group 7/by parts"], np.repeat([0, 250, 500, 750], 250))
    size = path.stat().st_size
    # A process in which the library fails as it closes a file does not come back.
    for most in {0, 1, 511, 600, *range(0, size, 997), size - 1}:
        with no_file_above(most), pytest.raises(OSError) as full, hdf5_written(path, block) as file:
            fill(file)
        assert full.value.errno == errno.EFBIG


def test_an_error_while_hdf5_is_filled_is_that_error(tmp_path):
    with pytest.raises(KeyError, match="mine"), hdf5_written(tmp_path / "a.h5") as file:
        fill(file)
        raise KeyError("mine")


def test_a_disk_that_takes_a_little_at_a_time_gets_all_of_it(tmp_path, monkeypatch):
    class Slow(io.FileIO):
        def write(self, data):
            return super().write(data[:100])

    with hdf5_written(tmp_path / "fast.h5") as file:
        fill(file)
    monkeypatch.setattr(output, "open", lambda path, *_, **__: Slow(path, "w+"), raising=False)
    with hdf5_written(tmp_path / "slow.h5") as file:
        fill(file)
    assert (tmp_path / "slow.h5").read_bytes() == (tmp_path / "fast.h5").read_bytes()
