"""Files and folders for unfinished work, and what killed processes leave of them."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest

from wmdelays.machine import unfinished as module
from wmdelays.machine.unfinished import sweep, unfinished_file, unfinished_folder

MAKERS = [unfinished_file, unfinished_folder]
HOLDS = """
import sys
from wmdelays.machine.unfinished import unfinished_file, unfinished_folder

with {maker}({folder!r}) as made:
    place = made[0] if isinstance(made, tuple) else made / "inside"
    place.write_bytes(bytes(1000))
    print(place, flush=True)
    sys.stdin.read()
"""


def holder(maker, folder):
    """A process that works on a temporary file or folder until it is told or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS.format(maker=maker.__name__, folder=str(folder))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    return process


@pytest.mark.parametrize("maker", MAKERS)
def test_it_goes_in_the_end_and_after_an_error(tmp_path, maker):
    with maker(tmp_path):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
    with pytest.raises(ZeroDivisionError), maker(tmp_path):
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("maker", MAKERS)
def test_what_a_killed_process_left_is_swept_and_a_living_ones_is_not(tmp_path, maker):
    killed, living = holder(maker, tmp_path), holder(maker, tmp_path)
    try:
        (of_killed,) = (path for path in tmp_path.iterdir() if not _is_held_by(path, living))
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        assert len(list(tmp_path.iterdir())) == 2
        with maker(tmp_path):
            assert not of_killed.exists()
            assert len(list(tmp_path.iterdir())) == 2, "the living one's, and this one's"
    finally:
        living.communicate("")
    assert not list(tmp_path.iterdir())


def _is_held_by(path, process):
    folder = f"/proc/{process.pid}/fd"
    return any(os.path.realpath(f"{folder}/{fd}") == str(path) for fd in os.listdir(folder))


def test_what_this_process_works_on_is_not_swept(tmp_path):
    with unfinished_file(tmp_path) as (path, _), unfinished_folder(tmp_path) as folder:
        sweep(tmp_path)
        assert path.exists() and folder.exists()


def test_nothing_else_is_swept(tmp_path):
    (tmp_path / "target").write_text("of the user")
    (tmp_path / ".wmdelays-link.tmp").symlink_to("target")
    (tmp_path / ".wmdelays-notes").write_text("of the user")
    os.mkfifo(tmp_path / ".wmdelays-pipe.tmp")
    before = sorted(tmp_path.iterdir())
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def leftover(folder, host=module._HOST):
    path = folder / f".wmdelays-{host}-123456.tmp"
    path.write_text("half")
    return path


def test_another_users_leftover_is_not_swept(tmp_path, monkeypatch):
    path = leftover(tmp_path)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    sweep(tmp_path)
    assert path.exists()
    monkeypatch.undo()
    sweep(tmp_path)
    assert not path.exists()


def test_what_another_machine_made_is_swept_a_day_later(tmp_path):
    path = leftover(tmp_path, "another")
    sweep(tmp_path)
    assert path.exists(), "its lock may be seen there alone"
    os.utime(path, (1, 1))
    sweep(tmp_path)
    assert not path.exists()


def test_where_there_are_no_locks_nothing_is_swept(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks here")

    path = leftover(tmp_path)
    monkeypatch.setattr(fcntl, "flock", refuse)
    with unfinished_file(tmp_path) as (own, _):
        assert path.exists() and own.exists()


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    real, swept = fcntl.flock, []

    def late(file, how):
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].unlink()
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with unfinished_file(tmp_path) as (path, file):
        assert path.exists() and path not in swept
        assert os.path.samestat(os.fstat(file), path.stat())
