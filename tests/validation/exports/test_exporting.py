"""A memory for other programs, from Python."""

from dataclasses import replace

import numpy as np
import pytest
from exported_memories import DISCRETE, each_its_own, random_memory

from wmdelays import Cue, InputError, export_memory
from wmdelays.files.exports.formats import FORMATS
from wmdelays.training import recall

pytest.importorskip("nir")


def place(folder, form):
    return folder / ("memory.nir" if form == "nir" else form)


def bytes_of(path):
    if path.is_file():
        return path.read_bytes()
    return {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_memory_is_written_with_the_same_bytes(tmp_path, form):
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_memory(each_its_own(), place(tmp_path / name, form), form)
        found.append(bytes_of(place(tmp_path / name, form)))
    assert found[0] == found[1] and found[0]


@pytest.mark.parametrize("kind", DISCRETE)
def test_inputs_stand_for_cue_and_clamp_whatever_the_network_does(tmp_path, kind):
    """Twice the same pattern too: nothing of a recall is left in the next."""
    memory = DISCRETE[kind]()
    exported = export_memory(memory, tmp_path / "circuit", "sonata", [1, 0, 1])
    assert exported.exact and exported.closest_call > exported.bound > 0
    assert [one.pattern for one in exported.differences] == [1, 0, 1]
    free = recall(memory, [Cue(one.spikes, memory.step, clamp=0) for one in memory.cues()])
    clamped = recall(memory, memory.cues())
    # Without what is held back, the recalls would be others.
    assert all(a.emitted != b.emitted for a, b in zip(free, clamped))


def test_a_clamp_costs_nothing_where_none_is_needed(tmp_path):
    memory = random_memory(density=0.05, theta=4.0)
    exported = export_memory(memory, tmp_path / "circuit", "sonata")
    assert exported.exact and exported.cued.n_held == 0 and exported.cued.n_inputs == 12


def test_a_close_call_is_not_called_exact(tmp_path):
    # Weights of 1/4 and a leak of 1/2 bring membranes to 1/2 to the last bit: the order of a sum decides.
    memory = random_memory(beta=0.5, theta=0.5)
    tied = replace(memory, weight=np.full(memory.n_synapses, 0.25))
    exported = export_memory(tied, tmp_path / "circuit", "sonata")
    assert exported.same and exported.closest_call == 0 and not exported.exact


def test_a_format_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no format 'neuroml'; there is sonata, pynn"):
        export_memory(random_memory(), tmp_path / "out", "neuroml")
