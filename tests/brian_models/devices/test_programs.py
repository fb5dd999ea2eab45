"""Programs are compiled once for a size of network."""

import os
import subprocess
import sys
import time

import pytest

from wmdelays import InputError
from wmdelays.brian_models import choose_device, compiler, recall
from wmdelays.brian_models.devices import programs
from wmdelays.brian_models.devices.programs import Program
from wmdelays.machine import kept
from wmdelays.machine.kept import trim


def test_another_memory_cue_and_dt_of_the_same_size_need_no_compiling(
    random_memory, random_cue, agrees, stages, empty_cache
):
    memory = random_memory(0, kind="sparse")
    recall(memory, random_cue(0, memory), device="cpp_standalone", progress=stages)
    assert "compiling" in stages.told
    stages.clear()
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
    random_memory, random_cue, agrees, monkeypatch, tmp_path, capfd
):
    (tmp_path / "file").write_text("in the way")
    capfd.readouterr()
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "file"))
    memory = random_memory(0)
    assert agrees(recall(memory, random_cue(0, memory), device="cpp_standalone"), memory)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1 and "what is compiled is not kept" in lines[0]


def test_the_oldest_programs_go_first(tmp_path):
    for age in range(5):
        path = tmp_path / f"program{age}"
        path.write_text("")
        os.utime(path, (1e9 - age, 1e9 - age))
    trim(tmp_path, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["program0", "program1", "program2"]


def test_what_a_killed_process_left_in_the_cache_is_removed(tmp_path):
    for name, age in ((".killed", 7200), (".being-written", 5), ("program", 7200)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    trim(tmp_path, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".being-written", "program"]


@pytest.fixture
def small_program(tmp_path, empty_cache):
    """A project that is compiled in a moment; its program says hello."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "cold.cpp").write_text("int hello(); int main() { return hello(); }")
    (project / "hot.cpp").write_text('#include <cstdio>\nint hello() { return puts("hello") < 0; }')
    return lambda: Program(project, ["cold.cpp"], ["hot.cpp"])


def says(path):
    return subprocess.run([path], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "of others", "link"])
def test_a_program_in_the_cache_that_is_not_what_was_compiled_is_compiled_again(
    small_program, stages, damage, tmp_path
):
    path = small_program().ready(stages)
    assert small_program().is_cached()
    stages.clear()
    content = path.read_bytes()
    if damage == "of others":
        path.chmod(0o722)
    elif damage == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        changed = bytearray(content)
        changed[-1] ^= 1
        path.write_bytes({"cut": content[:5000], "empty": b"", "changed": changed}[damage])
    assert not small_program().is_cached()
    path = small_program().ready(stages)
    assert stages.told == ["compiling"] and says(path) == "hello\n"
    assert path.stat().st_mode & 0o777 == 0o700
    assert small_program().ready(stages) == path and stages.told == ["compiling"]


def test_a_program_does_not_stay_when_no_more_fits_into_the_cache(
    small_program, stages, monkeypatch, empty_cache
):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.shutil, "copyfile", full)
    assert says(small_program().ready(stages)) == "hello\n"
    assert not small_program().is_cached()


def test_a_full_disk_while_compiling_is_one_line(small_program, stages, tmp_path, monkeypatch):
    fake = tmp_path / "compiler"
    fake.write_text("#!/bin/sh\necho as: main.o: No space left on device >&2; exit 1\n")
    fake.chmod(0o700)
    monkeypatch.setenv("CXX", str(fake))
    with pytest.raises(InputError, match="no room left.*TMPDIR"):
        small_program().ready(stages)


def test_where_no_program_may_run_a_line_says_what_to_do(
    small_program, stages, monkeypatch, tmp_path
):
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setattr(programs, "may_run", lambda folder: False)
    with pytest.raises(InputError, match="noexec.*WMDELAYS_CACHE.*numpy"):
        small_program().ready(stages)


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
