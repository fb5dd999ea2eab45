"""A recall leaves the user's Brian2 session as it was."""

import os
import signal
import subprocess
import sys

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, defaultclock, get_device, ms, prefs

from wmdelays import InputError
from wmdelays.brian_models import recall
from wmdelays.brian_models.memories import runtime, standalone

DEVICES = ["numpy", "cpp_standalone"]


def session():
    return get_device(), float(defaultclock.dt), prefs.as_file


@pytest.mark.parametrize("device", DEVICES)
def test_device_clock_and_preferences_survive(device, random_memory, random_cue):
    memory = random_memory(0)
    defaultclock.dt = 0.25 * ms
    prefs.codegen.target = "auto"
    try:
        before = session()
        recall(memory, random_cue(0, memory), device=device)
        assert session() == before
    finally:
        defaultclock.dt = 0.1 * ms
        prefs.codegen.target = "numpy"


@pytest.mark.parametrize("device", DEVICES)
def test_they_survive_a_failure(device, random_memory, random_cue, monkeypatch):
    memory = random_memory(0)
    before = session()

    def broken(*args):
        raise MemoryError("no room")

    monkeypatch.setattr(runtime, "record", broken)
    monkeypatch.setattr(standalone, "record", broken)
    with pytest.raises(MemoryError):
        recall(memory, random_cue(0, memory), device=device)
    assert session() == before


@pytest.mark.parametrize("device", DEVICES)
def test_another_network_of_the_user_is_unharmed(device, random_memory, random_cue):
    group = NeuronGroup(
        2, "dv/dt = 1 / (1 * ms) : 1", threshold="v > 1", reset="v = 0", method="euler"
    )
    monitor = SpikeMonitor(group)
    network = Network(group, monitor)
    network.run(5 * ms)
    before = np.array(monitor.t)
    memory = random_memory(0)
    recall(memory, random_cue(0, memory), device=device)
    assert np.array_equal(monitor.t, before)
    network.run(5 * ms)
    assert np.array_equal(monitor.t[: len(before)], before)
    assert len(monitor.t) > len(before) > 0


@pytest.mark.parametrize("device", DEVICES)
def test_nothing_is_printed(device, random_memory, random_cue, capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path))
    memory = random_memory(0)
    recall(memory, random_cue(0, memory), device=device)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("device", DEVICES)
def test_the_users_schedule_and_float_type_do_not_matter(device, random_memory, random_cue, agrees):
    memory = random_memory(2, kind="busy")
    prefs.core.default_float_dtype = np.float32
    prefs.core.network.default_schedule = [
        "start",
        "synapses",
        "thresholds",
        "groups",
        "resets",
        "end",
    ]
    try:
        cue = random_cue(0, memory, "ongoing")
        assert agrees(recall(memory, cue, memory.step, device), memory)
    finally:
        prefs.core.default_float_dtype = np.float64
        prefs.core.network.default_schedule = runtime.SCHEDULE


def test_standalone_mode_of_the_user_is_refused(random_memory, random_cue):
    memory = random_memory(0)
    brian2.set_device("cpp_standalone", build_on_run=False)
    try:
        with pytest.raises(InputError, match="standalone mode"):
            recall(memory, random_cue(0, memory))
    finally:
        brian2.set_device("runtime")


def test_brian2_can_be_imported_in_another_thread():
    code = (
        "import threading\n"
        "from wmdelays import brian_models\n"
        "thread = threading.Thread(target=lambda: print(brian_models.DEVICES['numpy'], brian_models.expand))\n"
        "thread.start(); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert "expand" in done.stdout, done.stderr


def test_brian2_can_be_imported_where_a_word_of_the_command_line_is_no_text(tmp_path):
    # It writes the command line to its log, with a copy of the script.
    (tmp_path / "script.py").write_text(
        "import os, sys\n"
        "import wmdelays.brian_models as models\n"
        "models.recall\n"
        "sys.exit(os.fsencode(sys.argv[1]) != b'caf\\xe9.h5')\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py", b"caf\xe9.h5"], cwd=tmp_path, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_killed_process_leaves_no_log_of_brian2(tmp_path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "script.py").write_text(
        "import os, signal\n"
        "import wmdelays.brian_models as models\n"
        "models.recall\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run([sys.executable, tmp_path / "script.py"], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_log_that_does_not_fit_is_not_a_word(tmp_path):
    # Files of this process may have no byte.
    code = (
        "import resource, wmdelays.words\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "import wmdelays.brian_models as models\n"
        "models.recall\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupt_that_is_ignored_stays_so_with_brian2():
    code = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import wmdelays.brian_models as models\n"
        "models.recall\n"
        "signal.raise_signal(signal.SIGINT)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
