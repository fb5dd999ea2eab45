"""Where numba keeps what it compiles, if it finds no place of its own."""

import os
import subprocess
import sys

import pytest

from wmdelays.machine import numba_cache as module
from wmdelays.machine.numba_cache import choose_numba_cache


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder of modules, a home and a cache folder, all of them writable."""
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    # So that it is put back afterwards.
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    (tmp_path / "room").mkdir()
    return str(tmp_path / "room")


@pytest.fixture
def cannot_write(monkeypatch):
    """cannot_write(folders): nothing can be put into these any more."""

    def cannot_write(*folders):
        access = os.access
        monkeypatch.setattr(
            module.os,
            "access",
            lambda path, mode: not str(path).startswith(folders) and access(path, mode),
        )

    return cannot_write


def chosen():
    return os.environ["NUMBA_CACHE_DIR"]


def test_where_numba_finds_a_place_of_its_own_it_is_left_alone(room, tmp_path, cannot_write):
    choose_numba_cache(room)
    assert chosen() == ""
    cannot_write(room)
    choose_numba_cache(room)
    assert chosen() == ""


def test_where_it_finds_none_it_takes_our_cache(room, tmp_path, cannot_write, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    cannot_write(room, "/proc")
    choose_numba_cache(room)
    assert chosen() == str(tmp_path / "cache" / "numba")
    assert os.stat(chosen()).st_mode & 0o777 == 0o700


def test_a_users_choice_stays(room, cannot_write, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    cannot_write(room, "/proc")
    choose_numba_cache(room)
    assert chosen() == "/chosen"


def test_a_user_without_a_home_gets_no_folder_named_like_one(room, cannot_write, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(module.os.path, "expanduser", lambda path: path)
    cannot_write(room)
    choose_numba_cache(room)
    assert chosen().endswith("numba")


def test_numba_compiles_where_neither_the_source_nor_a_home_can_be_written(tmp_path):
    code = """
import os, sys
from wmdelays.machine import numba_cache
access = os.access
numba_cache.os.access = lambda path, mode: "training" not in str(path) and access(path, mode)
from numba.core import caching
caching.InTreeCacheLocator.from_function = classmethod(lambda *_: None)
from wmdelays.training.rules.in_order import njit
print(os.environ["NUMBA_CACHE_DIR"])
"""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": "/proc/none",
        "WMDELAYS_CACHE": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout == f"{tmp_path / 'numba'}\n", done.stderr
