"""What tests of several rooms use."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from wmdelays.files.memory_file import write_memory
from wmdelays.patterns import bernoulli
from wmdelays.validation.cli import main

ROOT = Path(__file__).resolve().parents[1]

# How long it takes to make and try examples on a busy machine is no fault.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="module", autouse=True)
def little_to_look_through():
    """What is there before a file's tests is not looked through for garbage while they run.

    Brian2 collects garbage before each simulation. With all that the tests import, this takes half
    a second, more than most of the simulations.
    """
    gc.collect()
    gc.freeze()


class Program:
    """The program as a user runs it, in the test's folder."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys

    def __call__(self, *arguments):
        """Run a subcommand in this process, which spares the imports.

        `said` is all that it printed, to standard output and then to standard error.
        """
        self.capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        output = self.capsys.readouterr()
        said = output.out + output.err
        return SimpleNamespace(returncode=status, stdout=output.out, stderr=output.err, said=said)

    def in_a_process(self, *words):
        """Run a Python command line in a process of its own."""
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )


def _judge(memory, cue):
    """Eq. 1 as the design has it, one step after another, with the dense tensor.

    Returns
    -------
    emitted, own : bool arrays, shape (n_steps, n_neurons)
    closest_call : float
        The smallest abs(u - theta) after the clamp.
    """
    W = memory.dense()
    c = cue.spikes.dense(cue.step)
    arrives = np.ones_like(c) if cue.lost is None else ~cue.lost.dense(cue.step)
    n_steps, n_neurons = c.shape
    emitted = np.zeros((n_steps, n_neurons), dtype=bool)
    own = np.zeros((n_steps, n_neurons), dtype=bool)
    closest_call = np.inf
    u = np.zeros(n_neurons)
    for t in range(n_steps):
        u = memory.beta * u
        if t > 0:
            u[emitted[t - 1]] = 0
        for d in range(1, memory.n_delays + 1):
            if t - d >= 0:
                u = u + W[:, :, d - 1] @ (emitted[t - d] & arrives[t - d])
        s = u >= memory.theta
        if t < cue.clamp:
            emitted[t] = c[t]
        else:
            own[t] = s
            emitted[t] = s | c[t]
            closest_call = min(closest_call, np.abs(u - memory.theta).min())
    return emitted, own, closest_call


@pytest.fixture(scope="session")
def judge():
    """An independent simulator: judge(memory, cue) -> (emitted, own, closest_call)."""
    return _judge


@pytest.fixture
def wmdelays(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # Wide enough that no line of the output is broken.
    monkeypatch.setenv("COLUMNS", "1000")
    return Program(tmp_path, capsys)


@pytest.fixture
def refused(wmdelays):
    """Run the program, check that it refuses in one line with status 2, and return the line."""

    def run(*arguments):
        before = sorted(p.name for p in wmdelays.folder.iterdir())
        done = wmdelays(*arguments)
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        assert sorted(p.name for p in wmdelays.folder.iterdir()) == before
        return lines[0]

    return run


class _Told:
    """A progress function, and what it was told: stages and parts of them."""

    def __init__(self):
        self.told, self.parts = [], []

    def __call__(self, stage, part):
        self.told.append(stage)
        self.parts.append(part)

    def clear(self):
        """Forget it."""
        self.__init__()


@pytest.fixture
def stages():
    """A progress function with the list of what it was told."""
    return _Told()


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def processors(monkeypatch):
    """A function that says how many processors this process may use."""

    def may_use(n):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(n)), raising=False)

    return may_use


@pytest.fixture
def own_rules():
    """Rules that are registered while a test runs are gone afterwards."""
    from wmdelays.training import RULES

    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.fixture
def own_simulators():
    """Simulators that are registered while a test runs are gone afterwards."""
    from wmdelays.validation.recall.simulators import SIMULATORS

    before = dict(SIMULATORS)
    yield
    SIMULATORS.clear()
    SIMULATORS.update(before)


@pytest.fixture(scope="session")
def small_memory(tmp_path_factory):
    """A memory file that is stored in a moment."""
    from wmdelays.training import store

    path = tmp_path_factory.mktemp("memory") / "small.h5"
    write_memory(path, store(bernoulli(60, 150, 3, 0.01, seed=1), n_delays=20))
    return path


@pytest.fixture(scope="session")
def recordings():
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the recordings, which are not in {folder}")
    return folder


@pytest.fixture
def load_json():
    return lambda path: json.loads(Path(path).read_text())
