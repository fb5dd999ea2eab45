"""`wmdelays store --scheduler`: the workers of a dask scheduler learn."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from wmdelays.machine import dask_scheduler

STORE = "store bernoulli:neurons=40,steps=60,patterns=2,rate=0.04 --delays 10".split()
TIMED = "store refractory:neurons=12,steps=80,patterns=1,rate=0.02,interval=5 --delays 10".split()
LARGER = "store bernoulli:neurons=200,steps=400,patterns=8,rate=0.01 --delays 20".split()


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("words", [STORE, [*TIMED, "--for", "lif-exp"]], ids=["margin", "timed"])
def test_the_file_is_the_same_byte_for_byte(wmdelays, scheduler, words, tmp_path):
    assert wmdelays(*words, "-o", "one.h5").returncode == 0
    assert wmdelays(*words, "-o", "two.h5", "--scheduler", scheduler).returncode == 0
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"one.h5", "two.h5"}


def test_ctrl_c_ends_in_a_line_and_the_same_command_goes_on(wmdelays, scheduler, tmp_path):
    words = [*LARGER, "-o", "m.h5", "--checkpoint-every", "0", "--scheduler", scheduler]
    program = subprocess.Popen(
        [sys.executable, "-m", "wmdelays", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not (tmp_path / "m.h5.checkpoint").exists():
        assert time.monotonic() < until and program.poll() is None
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    said = program.communicate(timeout=30)[1]
    assert program.returncode == 130
    assert (
        said.strip().splitlines()[-1].startswith("wmdelays: interrupted; the same command goes on")
    )
    assert "Traceback" not in said
    done = wmdelays(*words)
    assert done.returncode == 0 and "went on from the checkpoint" in done.stderr
    assert wmdelays(*LARGER, "-o", "whole.h5").returncode == 0
    assert (tmp_path / "m.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_a_scheduler_without_a_worker_is_said_once_and_the_first_worker_learns(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        program = subprocess.Popen(
            [sys.executable, "-m", "wmdelays", *STORE, "-o", "m.h5", "--scheduler", address],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = next(line for line in program.stderr if "dask" in line)
        assert line == f"waiting for a dask worker: start one with dask worker {address}\n"
        cluster.scale(1)
        said = program.communicate(timeout=60)[1]
    assert program.returncode == 0 and "dask worker" not in said and (tmp_path / "m.h5").exists()


def test_an_address_where_no_scheduler_is_is_refused(refused, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_scheduler, "_PATIENCE", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    line = refused(*STORE, "-o", "m.h5", "--scheduler", address)
    assert f"no dask scheduler answers at {address}" in line
    assert not list(tmp_path.iterdir())


def test_without_dask_the_extra_is_named(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = refused(*STORE, "-o", "m.h5", "--scheduler", "tcp://127.0.0.1:1")
    assert "pip install 'wmdelays[parallel]'" in line


def test_a_rule_that_learns_in_this_process_says_so(refused):
    line = refused(*STORE, "-o", "m.h5", "--rule", "hebbian", "--scheduler", "tcp://127.0.0.1:1")
    assert "the rule hebbian learns in this process alone; leave out --scheduler" in line
