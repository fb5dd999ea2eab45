import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from wmdelays.memory_file import write_memory
from wmdelays.patterns import bernoulli
from wmdelays.validation.cli import main

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """The program as a user runs it, in the test's folder."""

    def __init__(self, folder, capsys):
        self.folder, self.capsys = folder, capsys

    def __call__(self, *arguments):
        """Run a subcommand in this process, which spares the imports."""
        self.capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        output = self.capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=output.out, stderr=output.err)

    def in_a_process(self, *words):
        """Run a Python command line in a process of its own."""
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
        )


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
