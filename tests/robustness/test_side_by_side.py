"""Runs at the same time on one file or one program: each ends well or with a line, and the outcome is whole."""

import json
import os
import subprocess
import sys

import pytest

from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.patterns import bernoulli
from wmdelays.training import store

PATTERNS = "bernoulli:neurons=20,steps=40,patterns=1,rate=0.05"
STORE = ["store", PATTERNS, "--delays", "5", "--force"]
# Each run waits for the others once it has imported what takes long.
RUN = """
import sys
from wmdelays import training
from wmdelays.validation.cli import main

if sys.argv[1] == "compare":
    from wmdelays import brian_models
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def side_by_side(tmp_path, monkeypatch):
    """A function that runs commands at the same time; their status and what they said as errors."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)

    def run(*commands):
        runs = [
            subprocess.Popen(
                [sys.executable, "-c", RUN, *map(str, words)], cwd=tmp_path, text=True, **pipes
            )
            for words in commands
        ]
        try:
            for one in runs:
                assert one.stdout.readline() == "ready\n", one.stderr.read()
            for one in runs:
                one.stdin.write("go\n")
                one.stdin.flush()
            said = [one.communicate()[1].strip().splitlines() for one in runs]
        finally:
            for one in runs:
                one.kill()
                one.wait()
        return [(one.returncode, lines) for one, lines in zip(runs, said)]

    return run


def end_well_or_with_a_line(ended):
    for status, lines in ended:
        assert status in (0, 2), lines
        assert status == 0 or len(lines) == 1, lines
    return 0 in [status for status, _ in ended]


def names(folder):
    return {name for name in os.listdir(folder) if name != "cache"}


def test_stores_into_one_file(side_by_side, tmp_path):
    # Of these seeds' patterns there is nothing to say.
    ended = side_by_side(*([*STORE, "--seed", seed, "-o", "m.h5"] for seed in (1, 3)))
    assert end_well_or_with_a_line(ended)
    # It reads as a whole, for its checksum is right, and is one of them.
    assert read_memory(tmp_path / "m.h5").made["seed"] in (1, 3)
    assert names(tmp_path) == {"m.h5"}


def test_scans_into_one_file_of_results(side_by_side, tmp_path):
    scan = ["scan", PATTERNS, "--over", "delays=3,4", "--results", "r.jsonl"]
    scan += ["--seeds", 2, "--workers", 1]
    assert end_well_or_with_a_line(side_by_side(scan, scan))
    _, *rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    settings = [json.dumps([row["setting"], row["seed"]], sort_keys=True) for row in rows]
    assert len(settings) == len(set(settings)) == 4, "two delays with two seeds"
    assert names(tmp_path) == {"r.jsonl"}


def test_compiles_of_one_program_into_an_empty_cache(side_by_side, tmp_path):
    write_memory(tmp_path / "m.h5", store(bernoulli(20, 40, 1, 0.05), n_delays=5))
    compare = ["compare", "m.h5", "--device", "cpp_standalone", "--json"]
    ended = side_by_side([*compare, "1.json"], [*compare, "2.json"])
    assert [status for status, _ in ended] == [0, 0], ended
    # No two programs of the same name stand there, and nothing unfinished.
    (program,) = os.listdir(tmp_path / "cache/programs")
    assert os.access(tmp_path / "cache/programs" / program, os.X_OK)
    found = [json.loads((tmp_path / name).read_text()) for name in ("1.json", "2.json")]
    for one in found:
        del one["timing_s"]
    assert found[0] == found[1]
