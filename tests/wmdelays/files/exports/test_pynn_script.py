"""A memory as a script of PyNN."""

import ast
import csv
import runpy
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from exported_memories import ALL, each_its_own, random_memory

from wmdelays import InputError, export_memory
from wmdelays.training import recall


def run(folder):
    return subprocess.run(
        [sys.executable, folder / "recall.py"], capture_output=True, text=True, cwd=folder.parent
    )


@pytest.mark.skipif(
    not (find_spec("pyNN") and find_spec("nest")), reason="needs PyNN and nest-simulator"
)
def test_nest_recalls_it_spike_for_spike_through_pynn(tmp_path):
    memory = each_its_own()
    exported = export_memory(memory, tmp_path / "script", "pynn", patterns=[1, 0])
    assert exported.exact and exported.cued.n_held > 3
    done = run(tmp_path / "script")
    assert done.returncode == 0, done.stderr
    recalls = [one.emitted for one in recall(memory, memory.cues())]
    n = [len(one) for one in recalls]
    assert min(n) > 50
    assert f"pattern 1: {n[1]} of {n[1]} spikes, 0 too many" in done.stdout
    assert f"pattern 0: {n[0]} of {n[0]} spikes, 0 too many" in done.stdout
    with open(tmp_path / "script/spikes.csv", newline="") as file:
        rows = [tuple(map(int, row.values())) for row in csv.DictReader(file)]
    wanted = {
        (k, j, t)
        for k, one in enumerate(recalls)
        for j, t in zip(one.neurons.tolist(), one.steps(memory.step).tolist())
    }
    assert len(rows) == len(wanted) and set(rows) == wanted


def test_the_script_says_where_spikes_differ(tmp_path, monkeypatch, capsys):
    memory = random_memory()
    export_memory(memory, tmp_path / "script", "pynn", [1])
    for name in ("pyNN", "pyNN.nest", "pyNN.parameters"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(nest=None, Sequence=None))
    script = runpy.run_path(str(tmp_path / "script/recall.py"))
    with np.load(tmp_path / "script/network.npz") as file:
        numbers = dict(file)
    wanted = set(zip(numbers["wanted_step"].tolist(), numbers["wanted_neuron"].tolist()))
    n = len(wanted)
    assert script["tell"](numbers, wanted | {(-1, 0), (40, 0)}) == 0
    assert f"pattern 1: {n} of {n} spikes, 0 too many" in capsys.readouterr().out
    wanted.pop()
    silent = next((t, 0) for t in range(40) if (t, 0) not in wanted)
    assert script["tell"](numbers, wanted | {silent}) == 1
    assert f"pattern 1: {n - 1} of {n} spikes, 1 too many" in capsys.readouterr().out


def test_the_numbers_hold_no_objects_and_the_script_is_the_template(tmp_path):
    export_memory(random_memory(), tmp_path / "a", "pynn")
    export_memory(each_its_own(), tmp_path / "b", "pynn")
    texts = {(tmp_path / name / "recall.py").read_text() for name in "ab"}
    assert len(texts) == 1 and ast.parse(texts.pop())
    with np.load(tmp_path / "b/network.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "iuf" for name in file.files)


@pytest.mark.parametrize("kind, reason", [("continuous", "lif-exp"), ("zero-late", "zero-late")])
def test_what_pynn_has_not_is_refused(tmp_path, kind, reason):
    with pytest.raises(InputError, match=reason):
        export_memory(ALL[kind](), tmp_path / "script", "pynn")
    assert not list(tmp_path.iterdir())
