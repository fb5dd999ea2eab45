"""GeNN adds as the compiled loop does, compiles once, and says in one line what it cannot do."""

import os
import sys
from dataclasses import replace

import numpy as np
import pytest
import random_continuous
from random_networks import CUES, random_cue, random_memory  # noqa: F401 (fixtures)

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.genn_models import recall
from wmdelays.neurons import NEURONS
from wmdelays.training.discrete.compiled import recall as recall_compiled

pytest.importorskip("pygenn")


@pytest.mark.parametrize("network", ["busy", "exploding", "inhibited"])
def test_membranes_are_those_of_the_compiled_loop_to_the_last_bit(
    random_memory, random_cue, network
):
    """The closest call is a difference from theta, of all neurons and steps: none may be off by a bit."""
    memory = random_memory(1, 40, 8, network, beta=0.83)
    cues = [random_cue(k, memory, kind, 40) for k, kind in enumerate(CUES)]
    calls = [[one.closest_call for one in by(memory, cues)] for by in (recall, recall_compiled)]
    assert calls[0] == calls[1]
    assert (calls[0][-1] is None) and len(set(calls[0])) > 5


@pytest.mark.parametrize("n_delays", [256, 257, 70_000])
def test_the_longest_delays_arrive_in_their_step(n_delays):
    """In each case the delay is kept in a type of more bytes."""
    memory = Memory(2, n_delays, 1e-3, 0.9, 1.0, [0, 0], [1, 1], [n_delays, 1], [1.0, 0.5])
    cue = Cue(Raster.from_steps([0, 0], [0, 3], 2, n_delays + 9, 1e-3), 1e-3, clamp=5)
    recalled = recall(memory, cue)
    assert recalled.own.steps(1e-3).tolist() == [n_delays, n_delays + 3]
    assert recalled.own == recall_compiled(memory, cue).own


def test_what_differs_in_values_alone_is_compiled_once(
    random_memory, random_cue, stages, empty_cache
):
    memory = random_memory(0, kind="sparse")
    recall(memory, random_cue(0, memory), stages)
    assert "compiling" in stages.told
    stages.clear()
    other = random_memory(1, kind="busy", step=2e-3, beta=0.5)
    cues = [random_cue(k, other, "ongoing", 130 + k) for k in range(3)]
    for found, wanted in zip(recall(other, cues, stages), recall_compiled(other, cues)):
        assert (found.own, found.emitted) == (wanted.own, wanted.emitted)
    assert set(stages.told) == {"building the network", "simulating"}
    parts = [part for part in stages.parts if part is not None]
    assert parts == sorted(parts) and 0 <= parts[0] and 0.8 < parts[-1] <= 1
    recall(random_memory(0, 13), random_cue(0, random_memory(0, 13)), stages)
    assert "compiling" in stages.told
    assert len(list((empty_cache / "genn").iterdir())) == 2


def test_nothing_is_printed_and_no_file_is_left(
    random_memory, random_cue, empty_cache, monkeypatch, tmp_path, capfd
):
    memory = random_memory(0)
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    recall(memory, random_cue(0, memory))
    assert not os.listdir(tmp_path / "here") and not os.listdir(tmp_path / "temporary")
    assert capfd.readouterr() == ("", "")


def test_a_failed_compilation_says_why(random_memory, random_cue, monkeypatch, empty_cache):
    monkeypatch.setenv("CXX", "g++ --no-such-flag")
    memory = random_memory(0)
    with pytest.raises(InputError, match="^GeNN could not compile the simulation: .*no-such-flag"):
        recall(memory, random_cue(0, memory))
    assert not [path for path in empty_cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("missing", ["make", "no-such-compiler"])
def test_without_make_or_a_compiler_a_line_says_so(random_memory, random_cue, monkeypatch, missing):
    monkeypatch.setenv("CXX", "g++" if missing == "make" else missing)
    which = "wmdelays.genn_models.building.shutil.which"
    monkeypatch.setattr(which, lambda name: None if name == missing else f"/usr/bin/{name}")
    memory = random_memory(0)
    with pytest.raises(InputError, match="GeNN needs make and a C\\+\\+ compiler"):
        recall(memory, random_cue(0, memory))


def test_a_library_that_cannot_be_loaded_is_one_line(
    random_memory, random_cue, monkeypatch, empty_cache
):
    memory = random_memory(0)
    recall(memory, random_cue(0, memory))

    def cut(source, target):
        target.write_bytes(source.read_bytes()[:100])

    monkeypatch.setattr("wmdelays.genn_models.building.shutil.copyfile", cut)
    with pytest.raises(InputError, match="^GeNN cannot load what it compiled: [^\n]*$"):
        recall(memory, random_cue(0, memory))


def test_a_pygenn_of_another_kind_is_refused(random_memory, random_cue, monkeypatch, tmp_path):
    import pygenn

    memory = random_memory(0)
    monkeypatch.setattr(pygenn, "__version__", "4.9.0")
    with pytest.raises(InputError, match="PyGeNN 4.9.0 is installed; it has to be of version 5"):
        recall(memory, random_cue(0, memory))
    (tmp_path / "pygenn.py").write_text("raise ImportError('libffi.so.7: cannot open')")
    monkeypatch.delitem(sys.modules, "pygenn")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="PyGeNN is installed and cannot be imported: libffi"):
        recall(memory, random_cue(0, memory))


def test_neurons_in_continuous_time_are_refused():
    memory = random_continuous.random_memory(0, NEURONS["lif-exp"], 4, 3, 1e-4, 0.2)
    with pytest.raises(InputError, match="^GeNN knows lif neurons, not lif-exp$"):
        recall(memory, [])


def test_a_network_for_which_there_is_no_memory_is_refused(random_memory, random_cue, monkeypatch):
    memory = random_memory(0)
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 2e7)
    cue = random_cue(0, memory)
    long = replace(cue, spikes=replace(cue.spikes, duration=1e3))
    with pytest.raises(InputError, match="synapses in GeNN needs about .*max_synapses"):
        recall(memory, long)
    assert np.isfinite(recall(memory, cue).closest_call)
