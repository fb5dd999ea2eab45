"""Points computed one by one and side by side, and what happens when something goes wrong."""

import functools
import importlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from wmdelays.errors import InputError
from wmdelays.machine import dask_scheduler
from wmdelays.validation.work.points import compute
from wmdelays.validation.work.results import Results

POINTS = [({"x": x}, seed) for x in range(3) for seed in range(2)]


def figures(results):
    return {(row["setting"]["x"], row["seed"]): row["figures"]["y"] for row in results.rows}


def expected(points):
    return {(setting["x"], seed): 10 * setting["x"] + seed for setting, seed in points}


def squares(points):
    return [{"y": 10 * setting["x"] + seed} for setting, seed in points]


def refuses_one(points):
    if any(setting["x"] == 1 for setting, _ in points):
        raise InputError("x = 1 has no spikes")
    return squares(points)


ELSEWHERE = """
import os, pathlib, signal, subprocess, sys, time
from wmdelays.errors import InputError
from wmdelays.machine import dask_scheduler

def work(points):
    return [{"y": 10 * setting["x"] + seed} for setting, seed in points]

def refuse(points):
    if points[0][0]["x"] == 1:
        raise InputError("x = 1 has no spikes")
    return work(points)

def fail(points):
    if points[0][0]["x"] == 1:
        raise ZeroDivisionError("a defect")
    return work(points)

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)

def fail_oddly(points):
    raise Odd("an odd", "defect")

def die(points):
    if points[0][0]["x"] == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(points)

def slow(folder, points):
    ((setting, seed),) = points
    place = pathlib.Path(folder, f"{setting['x']}-{seed}.{os.getpid()}.{time.monotonic_ns()}")
    place.touch()
    time.sleep(0.4)
    place.rename(place.with_suffix(".done"))
    return work(points)

def with_child(folder, points):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(folder, f"child.{child.pid}").touch()
    pathlib.Path(folder, f"worker.{os.getpid()}").touch()
    time.sleep(600)
"""


@pytest.fixture
def elsewhere(tmp_path_factory, monkeypatch):
    """A module that workers can import, which they cannot do with a module of tests."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "functions_of_points.py").write_text(ELSEWHERE)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("functions_of_points")
    del sys.modules["functions_of_points"]


def test_every_point_gets_its_row():
    results = Results(None, "test")
    compute(squares, POINTS, results)
    assert figures(results) == expected(POINTS)


def test_known_points_are_not_computed_again():
    results = Results(None, "test")
    compute(squares, POINTS[:4], results)
    computed = []

    def counted(points):
        computed.extend(points)
        return squares(points)

    compute(counted, POINTS, results)
    assert computed == POINTS[4:]
    compute(counted, POINTS, results)
    assert computed == POINTS[4:]


@pytest.mark.parametrize("together", [1, 2, 4, 100])
def test_points_are_given_to_the_function_so_many_at_once(together):
    sizes, results = [], Results(None, "test")

    def counted(points):
        sizes.append(len(points))
        return squares(points)

    compute(counted, POINTS, results, together=together)
    assert max(sizes) == min(together, 6) and sum(sizes) == 6
    assert figures(results) == expected(POINTS)


def test_progress_says_what_is_done_known_and_left():
    said, results = [], Results(None, "test")
    compute(squares, POINTS[:2], results)
    compute(squares, POINTS, results, progress=lambda text, part: said.append((text, part)))
    assert [part for _, part in said] == [0, 0.25, 0.5, 0.75, 1]
    assert said[0][0] == "0 of 4 points, 2 known before"
    assert "2 of 4 points, 2 known before, about 0 s left" == said[2][0]


def test_a_defect_at_a_point_leaves_the_rows_before_it():
    results = Results(None, "test")

    def fails(points):
        if points[0] == POINTS[3]:
            raise ZeroDivisionError
        return squares(points)

    with pytest.raises(ZeroDivisionError):
        compute(fails, POINTS, results)
    assert figures(results) == expected(POINTS[:3])


def test_a_point_that_cannot_be_computed_does_not_keep_the_others_from_it():
    results = Results(None, "test")
    with pytest.raises(InputError, match=r"^x = 1 has no spikes \(and 1 other point\)$"):
        compute(refuses_one, POINTS, results)
    assert figures(results) == expected([point for point in POINTS if point[0]["x"] != 1])


def test_too_few_figures_are_a_defect():
    with pytest.raises(ValueError):
        compute(lambda points: [], POINTS, Results(None, "test"))


@pytest.mark.parametrize("workers", [0, 1.5, -1])
def test_a_number_of_workers_that_makes_no_sense_is_refused(workers):
    with pytest.raises(InputError, match="workers"):
        compute(squares, POINTS, Results(None, "test"), workers=workers)


def test_two_processes_give_the_same_rows(elsewhere):
    results = Results(None, "test")
    compute(elsewhere.work, POINTS, results, workers=2)
    assert figures(results) == expected(POINTS)


def test_a_worker_that_is_killed_loses_no_point(tmp_path, elsewhere):
    killed, slow = [], functools.partial(elsewhere.slow, str(tmp_path))

    def kill_one(text, part):
        if part == 0 or killed:
            return
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for place in tmp_path.iterdir():
                if place.suffix != ".done":
                    pid = int(place.suffixes[-2][1:])
                    os.kill(pid, signal.SIGKILL)
                    killed.append((pid, place))
                    return
            time.sleep(0.01)

    points = [({"x": x}, seed) for x in range(6) for seed in range(2)]
    with Results(tmp_path.parent / "rows.jsonl", "test") as results:
        compute(slow, points, results, workers=2, progress=kill_one)
    ((pid, unfinished),) = killed
    assert unfinished.exists(), "the worker was killed in the middle of a point"
    assert figures(results) == expected(points)
    with Results(tmp_path.parent / "rows.jsonl", "test") as kept:
        assert figures(kept) == expected(points) and len(kept.rows) == len(points)


INTERRUPTED = """
import os, sys, time
from wmdelays.validation.work.points import compute
from wmdelays.validation.work.results import Results

def slow(points):
    open(f"worker.{os.getpid()}", "w").close()
    time.sleep([0.3, 0.3, 0.3, 1.5, 60, 60][points[0][0]["x"]])
    return [{"y": setting["x"]} for setting, seed in points]

if __name__ == "__main__":
    points = [({"x": x}, 0) for x in range(6)]
    try:
        with Results("rows.jsonl", "test") as results:
            compute(slow, points, results, workers=2)
    except KeyboardInterrupt:
        sys.exit("interrupted")
"""


def test_ctrl_c_ends_all_processes_in_silence_and_leaves_whole_rows(tmp_path):
    (tmp_path / "script.py").write_text(INTERRUPTED)
    # Like a terminal, which sends Ctrl-C to every process of the program.
    program = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    rows, until = tmp_path / "rows.jsonl", time.monotonic() + 60
    while not rows.exists() or rows.read_bytes().count(b"\n") < 4:
        assert time.monotonic() < until and program.poll() is None
        time.sleep(0.05)
    pressed = time.monotonic()
    os.killpg(program.pid, signal.SIGINT)
    assert program.communicate(timeout=30)[1] == "interrupted\n"
    assert time.monotonic() - pressed < 20, "what the workers computed was not waited for"
    workers = [int(path.suffix[1:]) for path in tmp_path.glob("worker.*")]
    assert len(workers) == 2
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with Results(rows, "test") as kept:
        assert len(kept.rows) == rows.read_bytes().count(b"\n") - 1 == 3
        compute(squares, [({"x": x}, 0) for x in range(6)], kept)
        assert sorted(row["setting"]["x"] for row in kept.rows) == list(range(6))


def test_a_point_that_kills_every_worker_is_named_and_the_others_are_computed(elsewhere):
    results = Results(None, "test")
    points = [({"x": x}, 0) for x in range(5)]
    with pytest.raises(InputError, match="worker that tried it was killed.*'x': 1}, seed 0"):
        compute(elsewhere.die, points, results, workers=2)
    assert figures(results) == expected([point for point in points if point[0]["x"] != 1])


def test_a_refused_point_does_not_keep_other_processes_from_theirs(elsewhere):
    results = Results(None, "test")
    with pytest.raises(InputError, match="x = 1 has no spikes"):
        compute(elsewhere.refuse, POINTS, results, workers=2)
    assert figures(results) == expected([point for point in POINTS if point[0]["x"] != 1])


def test_a_defect_in_another_process_is_shown_here(elsewhere):
    with pytest.raises(ZeroDivisionError, match="a defect") as shown:
        compute(elsewhere.fail, POINTS, Results(None, "test"), workers=2)
    assert "functions_of_points.py" in shown.value.__notes__[0], "where it was"


def test_a_defect_that_cannot_be_sent_is_shown_as_text(elsewhere):
    with pytest.raises(RuntimeError, match="Odd: an odd"):
        compute(elsewhere.fail_oddly, POINTS, Results(None, "test"), workers=2)


def test_the_workers_of_a_scheduler_can_be_used(elsewhere):
    distributed = pytest.importorskip("distributed")
    results = Results(None, "test")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        compute(elsewhere.work, POINTS, results, scheduler=cluster.scheduler_address)
    assert figures(results) == expected(POINTS)


@pytest.mark.parametrize(
    "address", ["nonsense", "foo://here:1", "tcp://localhost:port", "tcp://", "tls://localhost:1"]
)
def test_an_address_that_is_none_is_refused(address):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="no dask scheduler answers at " + address):
        compute(squares, POINTS, Results(None, "test"), scheduler=address)


def test_a_scheduler_that_does_not_answer_is_one_line(wmdelays, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_scheduler, "_PATIENCE", 1)
    words = ["scan", "bernoulli:neurons=20,steps=40,patterns=1,rate=0.05", "--over", "delays=3"]
    words += ["--results", "rows.jsonl", "--scheduler"]
    with socket.socket() as silent:
        # Something that is no scheduler listens here.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        done = wmdelays(*words, f"tcp://127.0.0.1:{port}")
    gone = wmdelays(*words, f"tcp://127.0.0.1:{port}")
    for one in (done, gone):
        assert one.returncode == 2
        assert len(one.stderr.strip().splitlines()) == 1
        assert f"no dask scheduler answers at tcp://127.0.0.1:{port}" in one.stderr
    assert not (wmdelays.folder / "rows.jsonl").exists()


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'wmdelays\[parallel\]'"):
        compute(squares, POINTS, Results(None, "test"), scheduler="tcp://127.0.0.1:1")


def test_workers_of_this_machine_need_no_dask(elsewhere, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    results = Results(None, "test")
    compute(elsewhere.work, POINTS, results, workers=2)
    assert figures(results) == expected(POINTS)
