"""The process in which NEST runs: it leaves the user's NEST alone, and ends with whoever asks."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from wmdelays import InputError
from wmdelays.nest_models import process, recall

pytest.importorskip("nest")

# A recall that takes minutes, and begins to be simulated at once.
LONG = """
import sys
import numpy as np
from wmdelays import Cue, Memory, Raster
from wmdelays.nest_models import process, recall

none = np.empty(0, int)
memory = Memory(50, 2, 1e-3, 0.9, 1.0, none, none, none, np.empty(0))
cue = Cue(Raster([0], [0.0], 50, 1e5), 1e-3, clamp=1)

def progress(stage, part):
    if part:
        print(process._kept._process.pid, flush=True)

try:
    recall(memory, cue, progress=progress)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def runs(pid):
    """Whether a process is there and is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_nest_ends_in_the_middle_with_whoever_asked(ended_by):
    asks = subprocess.Popen(
        [sys.executable, "-c", LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    with asks:
        nest = int(asks.stdout.readline())
        assert runs(nest)
        # As a terminal does it: to all of its processes.
        os.killpg(asks.pid, ended_by)
        said, errors = asks.communicate(timeout=30)
    if ended_by == signal.SIGINT:
        assert said.endswith("interrupted\n") and not errors
        assert not runs(nest)
    latest = time.monotonic() + 10
    while runs(nest) and time.monotonic() < latest:
        time.sleep(0.01)
    assert not runs(nest)


BUSY = """
import subprocess, sys, time
served = "from wmdelays.nest_models import server; server._end_with_who_asks(); print('busy', flush=True)"
# As in an integrator that comes to no end.
busy = subprocess.Popen([sys.executable, "-c", served + "; sum(range(10**15))"], process_group=0)
print(busy.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")
def test_it_ends_also_where_it_looks_at_nothing():
    asks = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True)
    with asks:
        said = {asks.stdout.readline().strip() for _ in range(2)}
        (busy,) = map(int, said - {"busy"})
        assert runs(busy)
        asks.kill()
        asks.wait()
        latest = time.monotonic() + 10
        while runs(busy) and time.monotonic() < latest:
            time.sleep(0.01)
        left = runs(busy)
        with suppress(ProcessLookupError):
            os.kill(busy, signal.SIGKILL)
    assert not left


def test_a_network_that_the_user_has_in_nest_stays_and_forks_ask_for_themselves(
    wmdelays, small_memory
):
    script = """
import os, sys
import nest
import wmdelays

nest.verbosity = nest.VerbosityLevel.ERROR
neurons = nest.Create("iaf_psc_alpha", 7)
nest.Simulate(3.0)
memory = wmdelays.read_memory(sys.argv[1])
first = wmdelays.recall(memory, memory.cues(), "nest")
child = os.fork()
same = wmdelays.recall(memory, memory.cues(), "nest")
alike = all(a.emitted == b.emitted for a, b in zip(first, same))
if not child:
    os._exit(0 if alike else 1)
print(alike, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(nest.network_size, nest.biological_time, len(neurons))
"""
    done = wmdelays.in_a_process("-c", script, small_memory)
    assert done.stdout.splitlines()[-2:] == ["True 0", "7 3.0 7"], done.stderr


def test_a_network_is_built_once_for_the_cues_that_come_one_after_another(
    random_memory, random_cue, agrees, monkeypatch
):
    sent = []

    class Seen(process._Pickler):
        def dump(self, request):
            sent.append(request["memory"])
            super().dump(request)

    monkeypatch.setattr(process, "_Pickler", Seen)
    memory, other = random_memory(1), random_memory(2)
    for one in (memory, memory, other, memory):
        # Without gates, then with them.
        for kind in ("clamped", "ongoing"):
            assert agrees(recall(one, random_cue(5, one, kind)), one)
    assert sent == [memory, None, None, None, other, None, memory, None]


def test_where_nest_dies_a_line_says_so_and_the_next_recall_is_as_ever(
    random_memory, random_cue, agrees
):
    memory = random_memory(1)
    cue = random_cue(5, memory)
    recall(memory, cue)
    killed = []

    def progress(stage, part):
        if stage == "simulating" and not killed:
            killed.append(process._kept._process.pid)
            os.kill(killed[0], signal.SIGKILL)

    long = random_cue(5, memory, "clamped", 200_000)
    with pytest.raises(InputError, match="NEST ended in the middle of its work .Killed"):
        recall(memory, long, progress=progress)
    assert agrees(recall(memory, cue), memory)
    assert process._kept._process.pid != killed[0]


def test_a_nest_that_cannot_be_imported_is_told_in_one_line(
    random_memory, random_cue, tmp_path, monkeypatch
):
    (tmp_path / "nest").mkdir()
    (tmp_path / "nest/__init__.py").write_text("raise ImportError('libgsl.so: not\\n there')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(process, "_kept", None)
    memory = random_memory(1)
    with pytest.raises(InputError, match="^NEST .* cannot be imported: libgsl.so: not there$"):
        recall(memory, random_cue(5, memory))


def test_threads_wait_passively_unless_the_user_says_otherwise(monkeypatch):
    asked = {}

    def started(*words, env, **others):
        asked.update(env)
        raise OSError

    monkeypatch.setattr(process.subprocess, "Popen", started)
    for value, expected in ((None, "passive"), ("active", "active")):
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
        if value:
            monkeypatch.setenv("OMP_WAIT_POLICY", value)
        with suppress(OSError):
            process.NestProcess()
        assert asked["OMP_WAIT_POLICY"] == expected


def test_the_number_of_threads_is_what_the_environment_says(monkeypatch, random_memory):
    from wmdelays.nest_models import recalling

    memory = random_memory(1)
    monkeypatch.setattr(recalling, "_SYNAPSES_OF_A_THREAD", memory.n_synapses // 3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(recalling, "n_processors", lambda: 2)
    assert recalling._threads(memory) == 2
    monkeypatch.setattr(recalling, "n_processors", lambda: 16)
    assert recalling._threads(memory) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert recalling._threads(memory) == 5
    monkeypatch.setenv("OMP_NUM_THREADS", "5000")
    assert recalling._threads(memory) == 16
