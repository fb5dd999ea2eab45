"""Every kind of output on a disk that is full: one line, the old file stays, nothing else is left."""

from functools import cache

import numpy as np
import pytest
from full_disk import no_file_above

from wmdelays import InputError
from wmdelays.files.memory_file import write_memory
from wmdelays.files.output import write_json
from wmdelays.files.raster_files import write_raster
from wmdelays.memory import Memory
from wmdelays.motifs.motif_files import write_motifs
from wmdelays.motifs.motifs import find_motifs
from wmdelays.patterns import bernoulli
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_file import write_run
from wmdelays.polychrony.network_state import new_run
from wmdelays.training.rules.checkpoint import write_checkpoint
from wmdelays.validation.reports.pages import drawn, write_page

(RASTER,) = bernoulli(50, 400, 1, 0.05, seed=1)


@cache
def memory():
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((50, 50, 5)) < 0.2, rng.random((50, 50, 5)), 0)
    return Memory.from_dense(dense, step=1e-3, beta=0.5, theta=1.0, patterns=[RASTER])


@cache
def motifs():
    return find_motifs(memory())


def network(path):
    n = 2000
    wired = DelayNetwork(np.arange(n), np.arange(n), np.ones(n), np.ones(n), np.full(n, True))
    write_run(path, new_run(wired, 0, 60, {}))


WRITERS = {
    "a.h5": lambda path: write_memory(path, memory()),
    "network": network,
    "checkpoint": lambda path: write_checkpoint(path, "o" * 64, {}, {"a": np.arange(9999.0)}),
    "a.csv": lambda path: write_raster(path, RASTER),
    "a.npz": lambda path: write_raster(path, RASTER),
    "motifs": lambda path: write_motifs(path, memory(), motifs()),
    "a.json": lambda path: write_json(path, {"memory": {"n_neurons": 1}, "a": list(range(9999))}),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, name):
    write, path = WRITERS[name], tmp_path / name
    write(path)
    before = path.read_bytes()
    # From the first byte to the last ones that do not fit.
    for size in {0, 100, len(before) // 2, len(before) - 1}:
        with no_file_above(size), pytest.raises(InputError, match="cannot be written") as refused:
            write(path)
        assert "\n" not in str(refused.value)
        assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
        path.unlink()
        with no_file_above(size), pytest.raises(InputError, match="cannot be written"):
            write(path)
        assert not list(tmp_path.iterdir()), "nor is anything left where there was no file"
        write(path)


def test_a_full_disk_leaves_the_old_report(tmp_path, monkeypatch):
    monkeypatch.setattr("wmdelays.plots.figures.figure_bytes", lambda _, kind: bytes(3000))
    figures = [drawn(None, "curve", "A", "B")]
    page = "<!DOCTYPE html>\n<html>\n<title>A – wmdelays</title>\n" + "text " * 1000
    folder = tmp_path / "report"
    for size in (0, 100, 2999, 4000):
        with no_file_above(size), pytest.raises(InputError, match="cannot be written") as refused:
            write_page(folder, figures, page)
        assert "\n" not in str(refused.value) and not folder.exists()
    write_page(folder, figures, page)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for size in (0, 100, 2999, 4000):
        with no_file_above(size), pytest.raises(InputError, match="cannot be written"):
            write_page(folder, figures, page + "more")
        after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert after == before and len(list(folder.iterdir())) == 2
