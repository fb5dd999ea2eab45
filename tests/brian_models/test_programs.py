"""Programs are compiled once for a size of network."""

import os
import subprocess
import sys

import pytest

from wmdelays import InputError
from wmdelays.brian_models import choose_device, compiler, programs, recall


@pytest.fixture
def stages():
    """A progress function with the list of what it was told."""
    told = []

    def progress(stage, part):
        told.append(stage)

    progress.told = told
    return progress


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_another_memory_cue_and_dt_of_the_same_size_need_no_compiling(
    random_memory, random_cue, agrees, stages, empty_cache
):
    memory = random_memory(0, kind="sparse")
    recall(memory, random_cue(0, memory), device="cpp_standalone", progress=stages)
    assert "compiling" in stages.told
    stages.told.clear()
    other = random_memory(1, n_delays=9, kind="busy", step=2e-3, beta=0.5)
    cues = [random_cue(k, other, "ongoing", 30 + k) for k in range(3)]
    for one in recall(other, cues, 2e-3 / 4, "cpp_standalone", progress=stages):
        assert agrees(one, other)
    assert "compiling" not in stages.told


def test_another_process_finds_the_program(random_memory, random_cue, empty_cache):
    memory = random_memory(0)
    recall(memory, random_cue(0, memory), device="cpp_standalone")
    script = """
import numpy as np
from wmdelays import Cue, Memory, Raster
from wmdelays.brian_models import recall
memory = Memory(12, 2, 1e-3, 0.5, 1.0, [0, 1], [1, 2], [1, 2], [2.0, 2.0])
cue = Cue(Raster.from_steps([0], [0], 12, 9, 1e-3), 1e-3, clamp=1)
recalled = recall(memory, cue, device="cpp_standalone")
assert recalled.own.times.tolist() == [1e-3, 3e-3]
"""
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    assert len(list((empty_cache / "programs").iterdir())) == 1


def test_a_cache_that_cannot_be_written_costs_only_time(
    random_memory, random_cue, agrees, monkeypatch, tmp_path
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "file"))
    memory = random_memory(0)
    assert agrees(recall(memory, random_cue(0, memory), device="cpp_standalone"), memory)


def test_the_oldest_programs_go_first(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "_MOST_PROGRAMS", 3)
    for age in range(5):
        path = tmp_path / f"program{age}"
        path.write_text("")
        os.utime(path, (1e9 - age, 1e9 - age))
    programs._trim(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["program0", "program1", "program2"]


def test_a_failed_compilation_says_why(random_memory, random_cue, monkeypatch, empty_cache):
    monkeypatch.setattr(programs, "EXACT", (*programs.EXACT, "--no-such-flag"))
    memory = random_memory(0)
    with pytest.raises(InputError, match="could not compile the simulation: .*error.*numpy"):
        recall(memory, random_cue(0, memory), device="cpp_standalone")
    assert not [path for path in empty_cache.rglob("*") if path.is_file()]


def test_without_a_compiler_the_device_is_numpy(random_memory, random_cue, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    memory = random_memory(0)
    cues = [random_cue(0, memory, n_steps=100_000)]
    assert compiler() is None
    assert choose_device(memory, cues) == "numpy"
    with pytest.raises(InputError, match="needs a C\\+\\+ compiler"):
        recall(memory, random_cue(0, memory), device="cpp_standalone")


def test_short_work_is_for_numpy_and_long_work_for_cpp(random_memory, random_cue):
    memory = random_memory(0)
    assert choose_device(memory, [random_cue(0, memory)]) == "numpy"
    assert choose_device(memory, [random_cue(0, memory, n_steps=100_000)]) == "cpp_standalone"


def test_a_program_in_the_cache_is_preferred(random_memory, random_cue, empty_cache):
    memory = random_memory(0)
    cues = [random_cue(0, memory, n_steps=1000)]
    assert choose_device(memory, cues) == "numpy"
    recall(memory, random_cue(0, memory), device="cpp_standalone")
    assert choose_device(memory, cues) == "cpp_standalone"
