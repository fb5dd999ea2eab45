"""A memory's network as a graph of NIR."""

import sys

import numpy as np
import pytest
from exported_memories import ALL, DISCRETE, N, random_memory

from wmdelays import Cue, InputError, Memory, export_memory
from wmdelays.training import recall

nir = pytest.importorskip("nir")


@pytest.fixture
def exported(tmp_path):
    def export(memory):
        export_memory(memory, tmp_path / "memory.nir", "nir")
        return nir.read(tmp_path / "memory.nir")

    return export


@pytest.mark.parametrize("kind", DISCRETE)
def test_it_is_read_back_and_simulated_with_the_same_spikes(exported, kind):
    from nir_simulator import simulate

    memory = DISCRETE[kind]()
    graph = exported(memory)
    forced = memory.cues()[1].spikes
    found = simulate(graph, forced.dense(memory.step), memory.step)
    free = recall(memory, Cue(forced, memory.step, clamp=0))
    assert free.closest_call > 1e-9
    assert np.array_equal(found, free.emitted.dense(memory.step)) and found.sum() > 100


def test_every_weight_and_delay_is_in_the_graph(exported):
    memory = DISCRETE["each its own"]()
    graph = exported(memory)
    weights = np.zeros((N, N, memory.n_delays))
    for d in range(1, memory.n_delays + 1):
        assert graph.nodes[f"delay_{d}"].delay == pytest.approx(d * memory.step)
        weights[:, :, d - 1] = graph.nodes[f"weights_{d}"].weight
    assert np.array_equal(weights, memory.dense())
    assert graph.nodes["force"].scale[-2:].tolist() == [0, 0]  # latent neurons are not cued


def test_a_neuron_at_its_threshold_fires(exported):
    """NIR fires above the threshold alone; the next number below theta makes that the same."""
    from nir_simulator import simulate

    theta = 0.1 + 0.2
    chain = np.zeros((3, 3, 2))
    chain[1, 0, 0], chain[2, 1, 1] = theta, np.nextafter(theta, 0)
    cue = np.zeros((6, 3), bool)
    cue[0, 0] = True
    pattern = DISCRETE["plain"]().patterns[0].first_neurons(3)
    # With beta 1/2 the leak is exact, and so is what arrives.
    memory = Memory.from_dense(chain, step=1e-3, beta=0.5, theta=theta, patterns=[pattern])
    found = simulate(exported(memory), cue, 1e-3)
    assert np.argwhere(found).tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("kind, reason", [("continuous", "lif-exp"), ("subtracting", "subtract")])
def test_what_cannot_be_held_is_refused(tmp_path, kind, reason):
    with pytest.raises(InputError, match=reason):
        export_memory(ALL[kind](), tmp_path / "memory.nir", "nir")
    assert not list(tmp_path.iterdir())


def test_places_are_checked_and_nothing_is_replaced(tmp_path):
    memory = random_memory()
    for name, reason in (("memory.h5", "ends in .nir"), ("none/m.nir", "there is no folder")):
        with pytest.raises(InputError, match=reason):
            export_memory(memory, tmp_path / name, "nir")
    (tmp_path / "mine.nir").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        export_memory(memory, tmp_path / "mine.nir", "nir")
    assert (tmp_path / "mine.nir").read_text() == "mine"


def test_without_nir_a_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(InputError, match="pip install 'wmdelays.nir.'"):
        export_memory(random_memory(), tmp_path / "memory.nir", "nir")


def test_matrices_that_no_memory_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 1e4)
    monkeypatch.setattr("wmdelays.machine.free_memory._LITTLE", 1e3)
    with pytest.raises(InputError, match="12 x 12 weights for each of 6 delays"):
        export_memory(random_memory(), tmp_path / "memory.nir", "nir")
