"""What Cython made is looked over before Brian2 takes it."""

import _struct
import errno
import os

import pytest

from wmdelays import InputError
from wmdelays.brian_models import recall
from wmdelays.brian_models.devices import cython_cache
from wmdelays.brian_models.devices.cython_cache import cython_folder, has_room, is_whole


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    return cython_folder()


@pytest.fixture
def module():
    """A module that a linker made."""
    path = getattr(_struct, "__file__", None)
    if path is None:
        pytest.skip("this Python has its modules built in")
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("kept", [0, 10, 64, 5000, -1])
def test_a_module_that_was_cut_off_is_made_again(folder, module, kept):
    cut, whole = folder / "_cython_magic_1.so", folder / "_cython_magic_2.so"
    cut.write_bytes(module[:kept])
    whole.write_bytes(module)
    assert is_whole(whole) and not is_whole(cut)
    assert cython_folder() == folder
    # Another process may be making it just now.
    assert cut.exists()
    for path in (cut, whole):
        os.utime(path, (1e9, 1e9))
    assert cython_folder() == folder
    assert whole.exists() and not cut.exists()


def test_a_full_disk_is_one_line_before_anything_is_compiled(
    folder, monkeypatch, random_memory, random_cue
):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert has_room(folder, 1000)
    monkeypatch.setattr(cython_cache.os, "posix_fallocate", full)
    memory = random_memory(0)
    with pytest.raises(InputError, match="no room left for what Cython compiles.*WMDELAYS_CACHE"):
        recall(memory, random_cue(0, memory), device="cython")
    assert list(folder.iterdir()) == []


def test_a_disk_that_cannot_say_is_not_taken_for_full(folder, monkeypatch):
    def unable(*_):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(cython_cache.os, "posix_fallocate", unable)
    assert has_room(folder, 1000)
