"""Programs end with the process that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wmdelays.machine.processes import Job, signal_name

# Tells its number and that of what it starts, and would go on for ten minutes.
LONG = ["sh", "-c", "sleep 600 & echo $$ $! > numbers.part; mv numbers.part numbers; wait"]


def numbers(folder):
    """The processes that were started, once they run."""
    path = Path(folder, "numbers")
    until(path.exists)
    return [int(word) for word in path.read_text().split()]


def until(true, patience=60):
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def runs(number):
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_status_and_texts_are_those_of_the_program(tmp_path):
    for ending, status in (("exit 0", 0), ("exit 7", 7), ("kill -SEGV $$", 128 + signal.SIGSEGV)):
        command = ["sh", "-c", f"echo out; echo err >&2; pwd >&2; {ending}"]
        ended, output, errors = Job(command, tmp_path).finish()
        assert (ended, output) == (status, "out\n")
        # The shell may add the name of the signal.
        assert errors.startswith(f"err\n{tmp_path}\n")
    assert signal_name(139) == "SIGSEGV" and signal_name(1) is None


def test_a_program_is_not_there_or_may_not_run(tmp_path):
    (tmp_path / "text").write_text("#!/bin/sh\n")
    assert Job(["./none"], tmp_path).finish()[0] == 127
    assert Job(["./text"], tmp_path).finish()[0] == 126


def test_what_it_writes_to_a_temporary_folder_is_in_its_own(tmp_path):
    assert Job(["sh", "-c", "echo $TMPDIR"], tmp_path).finish()[1] == f"{tmp_path}\n"


def test_texts_in_no_known_encoding_are_no_error(tmp_path):
    status, output, _ = Job(["printf", r"\351\n"], tmp_path).finish()
    assert (status, output) == (0, "\N{REPLACEMENT CHARACTER}\n")


def test_an_ended_program_leaves_nothing_that_runs(tmp_path):
    job = Job(LONG, tmp_path)
    started = numbers(tmp_path)
    assert all(map(runs, started))
    job.end()
    until(lambda: not any(map(runs, started)))
    job.end()


def test_ctrl_c_ends_it(tmp_path, monkeypatch):
    job = Job(LONG, tmp_path)
    started = numbers(tmp_path)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(job._process, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        try:
            job.finish()
        finally:
            monkeypatch.undo()
    until(lambda: not any(map(runs, started)))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_it_does_not_outlive_a_process_that_is_killed(tmp_path):
    code = f"from wmdelays.machine.processes import Job; Job({LONG!r}, {str(tmp_path)!r}).finish()"
    parent = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    started = numbers(tmp_path)
    assert all(map(runs, started))
    parent.kill()
    parent.wait()
    until(lambda: not any(map(runs, started)))


def test_nothing_of_it_is_left_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        Job(["true"], tmp_path).finish()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_program_may_be_told_variables_of_its_own(tmp_path):
    job = Job(["sh", "-c", "echo $COMPILED_BY $LC_ALL"], tmp_path, {"COMPILED_BY": "g++ -O2"})
    assert job.finish()[1] == "g++ -O2 C\n"
