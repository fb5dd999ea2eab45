"""SPADE and CAD run in a process of their own, with a limit on memory."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from wmdelays import InputError, Raster
from wmdelays.files.raster_files import write_raster
from wmdelays.find.unknown import mining
from wmdelays.find.unknown.mining import Miner, TooManyPatterns
from wmdelays.validation.find.unknown import find_unknown_patterns

pytest.importorskip("elephant")

STEP = 0.005


def busy():
    """Three units that fire in most bins: nearly every subset of a window's spikes recurs."""
    return noise(3, 60, 360)


def noise(n_units=8, n_bins=400, n=400, seed=1):
    rng = np.random.default_rng(seed)
    cells = np.unique(rng.integers(0, n_bins * n_units, n))
    return Raster.from_steps(cells % n_units, cells // n_units, n_units, n_bins, STEP)


def mined(miner, raster, spectrum=False, least=2, min_spikes=3, window=5):
    return miner.spade(
        raster, STEP, window, min_spikes=min_spikes, min_occurrences=least, spectrum=spectrum
    )


def test_more_patterns_than_memory_are_one_line(refused, monkeypatch, tmp_path):
    write_raster(tmp_path / "busy.csv", busy())
    monkeypatch.setattr(mining, "_ROOM", 2**26)
    run = ("find-unknown", "busy.csv", "--step", "5ms", "--draws", 19)
    line = refused(*run, "--min-occurrences", 2)
    assert "SPADE finds more patterns than 67" in line and "of memory hold; take more" in line
    for option in ("--min-occurrences", "--min-spikes", "--window", "--step"):
        assert option in line


_ENDS = """
import os, signal, sys
sys.path[:] = {{path!r}}
from multiprocessing.connection import Connection
Connection({{number}}).recv()  # {{module}} {{parent}}
status = {status}
os._exit(status) if status > 0 else os.kill(os.getpid(), -status)
"""


@pytest.mark.parametrize(
    "status, error",
    [
        (127, TooManyPatterns),
        *((-one, TooManyPatterns) for one in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV)),
        (1, RuntimeError),
        (-signal.SIGTERM, RuntimeError),
    ],
)
def test_ends_for_want_of_memory_are_told_from_others(status, error, monkeypatch):
    monkeypatch.setattr(mining, "_START", _ENDS.format(status=int(status)))
    with Miner("less") as miner, pytest.raises(error):
        mined(miner, noise())


def test_a_miner_goes_on_after_one_that_had_too_many_patterns(monkeypatch):
    monkeypatch.setattr(mining, "_ROOM", 2**26)
    with Miner("less") as miner:
        with pytest.raises(TooManyPatterns):
            mined(miner, busy(), window=10)
        assert len(mined(miner, noise())) > 10


def test_where_even_the_bins_take_too_much_it_is_said_before(monkeypatch):
    monkeypatch.setattr("wmdelays.machine.free_memory._LITTLE", 0)
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 1e5)
    with Miner("take a longer bin") as miner:
        for work in (
            lambda: mined(miner, noise()),
            lambda: miner.cad(noise(), STEP, max_lag=4, alpha=0.05, min_occurrences=4),
        ):
            with pytest.raises(InputError, match="are free; take a longer bin"):
                work()
        assert miner._process is None


def test_spade_is_elephants_own():
    import quantities
    from elephant.spade import concepts_mining

    # Units 1 and 6 are silent, and so is a long time.
    raster = noise()
    kept = ~np.isin(raster.neurons, (1, 6)) & ~((raster.times > 0.6) & (raster.times < 1.4))
    raster = Raster(raster.neurons[kept], raster.times[kept], 8, raster.duration)
    expected, spectrum = (
        concepts_mining(
            mining.binned(raster, STEP),
            STEP * quantities.s,
            5,
            min_spikes=3,
            min_occ=2,
            min_neu=3,
            report=report,
        )[0]
        for report in ("a", "#")
    )
    with Miner("") as miner:
        found, counted = mined(miner, raster), mined(miner, raster, spectrum=True)
    assert sorted(found) == sorted(
        (tuple(map(int, items)), tuple(map(int, starts))) for items, starts in expected
    )
    assert len(found) > 10 and counted.tolist() == spectrum.tolist()


def test_silence_takes_no_memory_and_changes_nothing():
    raster = noise()
    late = raster.times + np.where(raster.steps(STEP) >= 200, 40_000.0, 0)
    late = Raster(raster.neurons, late, 8, raster.duration + 40_000)
    with Miner("") as miner:
        early, found = mined(miner, raster), mined(miner, late)
    # No window of the raster spans the place at which it was cut.
    far = round(40_000 / STEP)
    moved = {
        (frozenset(items), tuple(k + far * (k >= 200) for k in starts))
        for items, starts in early
        if not any(196 <= k < 200 for k in starts)
    }
    assert moved and moved <= {(frozenset(items), starts) for items, starts in found}


def test_windows_that_all_hold_the_same_have_no_patterns_of_fewer_units_or_occurrences():
    together = Raster(np.tile([0, 1, 2], 4), np.repeat([0.1, 0.3, 0.5, 0.7], 3), 3, 1.0)
    with Miner("") as miner:
        assert len(mined(miner, together, least=4)) == 1
        for settings in ({"least": 5}, {"min_spikes": 4, "least": 2}):
            assert mined(miner, together, **settings) == []
            assert len(mined(miner, together, spectrum=True, **settings)) == 0


@pytest.mark.parametrize("way", ["spade", "cad"])
def test_a_raster_with_too_few_units_is_refused(way):
    least = {"spade": 3, "cad": 2}[way]
    for n in range(1, least):
        # Units that are silent count for nothing.
        raster = Raster(np.arange(200) % n, np.linspace(0, 20, 200), 5, 20.0)
        with pytest.raises(InputError, match=f"at least {least} units .*and {n} unit"):
            find_unknown_patterns(raster, way, step=0.01, draws=19)


_LONG = """
import numpy as np, sys
sys.path[:] = {path!r}
from wmdelays import Raster
from wmdelays.find.unknown.mining import Miner
cells = np.unique(np.random.default_rng(1).integers(0, 600, 1200))
raster = Raster.from_steps(cells % 3, cells // 3, 3, 200, 0.005)
with Miner("") as miner:
    miner._begin()
    print(miner._process.pid, flush=True)
    miner.spade(raster, 0.005, 10, min_spikes=3, min_occurrences=2, spectrum=True)
"""


def gone(pid, seconds=60):
    for _ in range(int(seconds / 0.05)):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_with_the_one_that_started_it(end):
    words = [sys.executable, "-c", _LONG.format(path=[str(one) for one in sys.path])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        pid = int(parent.stdout.readline())
        # It is at work, not on its way there.
        while psutil.Process(pid).cpu_times().user < 0.2:
            time.sleep(0.02)
        os.kill(parent.pid, end)
        parent.wait(60)
    assert gone(pid)
