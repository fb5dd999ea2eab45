"""BMTK simulates what was exported, and what its builder made is imported."""

import ast
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest
from exported_memories import each_its_own, of_few_bits, random_memory

from wmdelays import Cue, InputWarning, Raster, export_memory, import_weights
from wmdelays.training import recall

pytestmark = pytest.mark.skipif(
    not (find_spec("bmtk") and find_spec("nest")), reason="needs bmtk and nest-simulator"
)
RUN_BMTK = Path(__file__).parents[3] / "helpers/run_bmtk.py"
MEMORIES = {"own": each_its_own(), "bits": of_few_bits(), "plain": random_memory()}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Three exported circuits and one of BMTK's builder, after their simulations; and what cues the others."""
    folder, cued = tmp_path_factory.mktemp("bmtk"), {}
    for name, memory in MEMORIES.items():
        exported = export_memory(memory, folder / name, "sonata", patterns=[1, 0])
        assert exported.exact
        cued[name] = exported.cued
    done = subprocess.run(
        [sys.executable, RUN_BMTK, *(folder / name for name in (*MEMORIES, "theirs"))],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, cued


def spikes_of(folder, population):
    dt = json.loads((folder / "simulation_config.json").read_text())["run"]["dt"]
    with h5py.File(folder / "output/spikes.h5") as file:
        steps = file[f"spikes/{population}/timestamps"][:] / dt
        neurons = file[f"spikes/{population}/node_ids"][:]
    assert np.abs(steps - np.rint(steps)).max() < 1e-6
    return np.rint(steps).astype(int), neurons.astype(int)


@pytest.mark.parametrize("name", MEMORIES)
def test_an_exported_circuit_has_the_memorys_spikes(simulated, name):
    folder, cued = simulated
    memory, shown = MEMORIES[name], cued[name]
    # The network is busy: without what holds it back it would not be clamped.
    assert shown.n_held > 3
    steps, neurons = spikes_of(folder / name, "neurons")
    # All that comes out, from the first step to the last: the stamp of the last is in it.
    wanted = []
    for onset, one in zip(shown.onsets, recall(memory, memory.cues([1, 0]))):
        when = one.emitted.steps(memory.step)
        assert when.max() == shown.n_steps - 1 and len(when) > 50
        wanted += zip((when + onset).tolist(), one.emitted.neurons.tolist())
    assert sorted(zip((steps - 2).tolist(), neurons.tolist())) == sorted(wanted)


def forced():
    """What the helper forces, as the raster of a cue: an input acts a step later, and is stamped with its end."""
    tree = ast.parse(RUN_BMTK.read_text())
    (value,) = (
        ast.literal_eval(one.value)
        for one in tree.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "FORCED"
    )
    times, nodes = np.array(value).T
    return Raster.from_steps(nodes, times, 12, 58, 1e-3)


def test_a_circuit_of_bmtks_builder_is_imported_with_the_same_spikes(simulated, tmp_path):
    folder, _ = simulated
    steps, neurons = spikes_of(folder / "theirs", "cortex")
    with pytest.warns(InputWarning, match="virtual population thalamus is left out"):
        memory = import_weights(folder / "theirs", cues=[forced()])
    assert memory.step == 1e-3 and memory.n_delays == 4
    assert memory.theta.tolist() == [1.0] * 8 + [1.2] * 4
    free = recall(memory, Cue(forced(), 1e-3, clamp=0))
    wanted = sorted(zip(free.emitted.steps(1e-3).tolist(), free.emitted.neurons.tolist()))
    # The spike at a step is stamped with the end of the step after.
    found = sorted(zip((steps - 1).tolist(), neurons.tolist()))
    assert [one for one in found if one[0] < 58] == wanted and len(wanted) > 60
    assert free.closest_call > 1e-9


def test_each_of_its_files_leads_to_the_circuit(simulated, tmp_path):
    folder, _ = simulated
    shutil.copytree(folder / "theirs", tmp_path / "theirs")
    # What was built names its folder in full.
    found = set()
    for name in ("config.json", "simulation_config.json"):
        config = tmp_path / "theirs" / name
        config.write_text(config.read_text().replace(str(folder), str(tmp_path)))
    for name in ("circuit_config.json", "simulation_config.json", "config.json", ""):
        with pytest.warns(InputWarning):
            found.add(import_weights(tmp_path / "theirs" / name).fingerprint())
    assert len(found) == 1
