"""Processes that compute for another one: who can reach them, how many there are, how they end."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from wmdelays.errors import InputError
from wmdelays.validation.work import workers as module
from wmdelays.validation.work.workers import LEAST_BYTES, affordable, side_by_side

# Pieces that write down the process that has them, and what they start; the first ones go on.
SCRIPT = """
import os, pathlib, subprocess, sys, time
from contextlib import closing
from wmdelays.validation.work.workers import side_by_side

def work(piece):
    name = pathlib.Path(f"{piece}.{os.getpid()}")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(f"child.{child.pid}").touch()
    name.touch()
    time.sleep(600)

if __name__ == "__main__":
    with closing(side_by_side(work, ["first", "second"], 2)) as found:
        for _ in found:
            pass
"""


@pytest.fixture
def running(tmp_path):
    """A program with two workers that compute, each with a program that it started."""
    (tmp_path / "script.py").write_text(SCRIPT)
    program = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (list(tmp_path.glob("first.*")) and list(tmp_path.glob("second.*"))):
        assert time.monotonic() < until and program.poll() is None, program.stderr.read()
        time.sleep(0.05)
    numbers = [int(path.suffix[1:]) for path in tmp_path.glob("*.[0-9]*")]
    assert len(set(numbers)) == 4
    others = [psutil.Process(number) for number in numbers]
    yield program, others
    for one in (program, *others):
        try:
            one.kill()
        except psutil.NoSuchProcess:
            pass
    # What is left would hold its standard error open.
    program.communicate()


def gone(processes, seconds=30):
    _, alive = psutil.wait_procs(processes, seconds)
    return [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def test_nobody_can_connect_to_the_workers_or_to_what_gives_them_work(running):
    program, _ = running
    family = [psutil.Process(program.pid), *psutil.Process(program.pid).children(recursive=True)]
    assert len(family) >= 5
    for process in family:
        for one in process.net_connections(kind="all"):
            # A pair of connected sockets has neither a name in the file system nor an address.
            assert one.family.name == "AF_UNIX" and not one.laddr and not one.raddr, one
            assert one.status != psutil.CONN_LISTEN


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_and_what_they_started_go_with_their_parent(running, how):
    program, others = running
    os.kill(program.pid, how)
    program.wait(30)
    assert gone(others)


def test_there_are_no_more_workers_than_pieces():
    assert affordable(1000, 2) == (2, "")


def test_there_are_no_more_workers_than_memory_allows(monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 3.5 * LEAST_BYTES)
    n, why = affordable(8, 100)
    assert n == 3 and why == "3 of 8 workers, as 1.75 GB of memory are free"
    monkeypatch.setattr(module, "free_memory", lambda: 0)
    assert affordable(8, 100)[0] == 1


class Fake:
    def __init__(self, place, used):
        self.place, self._used = place, used

    def used(self):
        return self._used


@pytest.mark.parametrize("free, room", [(1499, False), (1500, True)])
def test_a_worker_waits_where_memory_is_too_short_for_a_piece(monkeypatch, free, room):
    # One computes and may still take 900, this one would need 600 more.
    monkeypatch.setattr(module, "free_memory", lambda: free)
    idle = Fake(None, 400)
    assert module._has_room(idle, [idle, Fake(0, 100)], 1000) == room
    assert module._has_room(idle, [idle], 1000), "one always goes on"


def test_workers_use_one_thread_each_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    pieces = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    found = dict(side_by_side(os.getenv, pieces, 2))
    assert found == {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "1"}
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = SCRIPT.replace('if __name__ == "__main__":', "if True:")
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert InputError.__name__ in done.stderr and "if __name__ == '__main__':" in done.stderr


def test_workers_end_when_the_work_does(tmp_path):
    before = set(psutil.Process().children(recursive=True))
    assert sorted(result for _, result in side_by_side(abs, [-1, -2, -3], 2)) == [1, 2, 3]
    left = set(psutil.Process().children(recursive=True)) - before
    # The standard library's own helper stays.
    assert not [one for one in left if "resource_tracker" not in " ".join(one.cmdline())]
