"""Files that are written whole or not at all."""

import json
import os
import stat

import pytest

from wmdelays import InputError
from wmdelays.output import check_writable, replacing, write_json


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_the_new_file_takes_the_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path and temporary.name.startswith(".a.txt.")
    assert path.read_text() == "new" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError, SystemExit])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InputError if error is OSError else error):
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error("a\nb")
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_another_programs_error_becomes_one_line(tmp_path):
    with pytest.raises(InputError) as refused, replacing(tmp_path / "a.txt"):
        raise OSError("no space\n, at\n 3")
    assert str(refused.value) == f"{tmp_path}/a.txt: cannot be written: no space , at 3"


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_has_the_permissions_a_new_file_gets(tmp_path, mask):
    before = os.umask(mask)
    try:
        with replacing(tmp_path / "a.txt"):
            pass
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


def test_a_link_keeps_leading_to_the_file_that_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder/a.txt", tmp_path / "link"
    target.write_text("old")
    link.symlink_to("folder/a.txt")
    write_json(link, 1)
    assert link.is_symlink() and target.read_text() == "1\n"
    assert names(tmp_path) == ["folder", "link"] and names(tmp_path / "folder") == ["a.txt"]


def test_places_where_no_file_can_be_are_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("missing/a.txt")
    before = names(tmp_path)
    for path in (tmp_path, tmp_path / "missing/a.txt", tmp_path / "file/a.txt", tmp_path / "pipe",
                 tmp_path / "dangling", "", "/dev/null"):  # fmt: skip
        for write in (check_writable, lambda path: write_json(path, 1)):
            with pytest.raises(InputError) as refused:
                write(path)
            assert "\n" not in str(refused.value)
    assert names(tmp_path) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    check_writable(tmp_path / "a.txt")
    check_writable(tmp_path / "b.txt")
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        check_writable(tmp_path / "a.txt")
    tmp_path.chmod(0o700)


def test_json_is_read_back_equal(tmp_path):
    values = {"a": [1, 0.1, None, True], "b": {"c": "…"}}
    write_json(tmp_path / "a.json", values)
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == values and text.endswith("}\n")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_values_that_json_does_not_know_are_not_written(tmp_path, value):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", {"a": value})
    assert (tmp_path / "a.json").read_text() == "old" and names(tmp_path) == ["a.json"]
