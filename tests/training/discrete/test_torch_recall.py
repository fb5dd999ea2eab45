"""What is particular to the recall with torch's operators."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.training.discrete import torch_recall
from wmdelays.training.discrete.compiled import recall as compiled_recall

STEP = 1e-3


def network(seed, n_neurons, n_delays, density=0.3):
    rng = np.random.default_rng(seed)
    shape = n_neurons, n_neurons, n_delays
    weights = rng.normal(0.05, 0.5, shape) * (rng.random(shape) < density)
    return Memory.from_dense(weights, step=STEP, beta=0.8, theta=1.0)


def some_cues(seed, memory, n_cues):
    """Cues of different lengths and clamps; some lose spikes, some go on."""
    rng, cues = np.random.default_rng(seed), []
    for k in range(n_cues):
        n_steps = int(rng.integers(1, 3 * memory.n_delays + 60))
        spikes = Raster.from_dense(rng.random((n_steps, memory.n_neurons)) < 0.1, STEP)
        cue = Cue(spikes, STEP, clamp=int(rng.integers(0, n_steps + 1)))
        cues.append(cue.losing_spikes(0.2, rng) if k % 3 == 1 else cue)
    return cues


def same(one, two):
    return (one.own, one.emitted, one.closest_call) == (two.own, two.emitted, two.closest_call)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.integers(1, 10),
    n_delays=st.sampled_from([1, 2, 7, 31, 32, 33, 70]),
    n_cues=st.integers(1, 5),
    one_by_one=st.booleans(),
)
def test_either_way_to_deliver_spikes_gives_the_bits_of_the_compiled_loop(
    seed, n_neurons, n_delays, n_cues, one_by_one
):
    memory = network(seed, n_neurons, n_delays)
    cues = some_cues(seed, memory, n_cues)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_recall, "_LARGE_BLOCK", 0 if one_by_one else np.inf)
        block, blocks = torch_recall._Block, []
        patch.setattr(torch_recall, "_Block", lambda *of: blocks.append(of) or block(*of))
        made = torch_recall.recall(memory, cues)
    assert len(blocks) == (n_neurons if one_by_one else 0)
    assert all(map(same, made, compiled_recall(memory, cues)))


def test_more_cues_than_run_side_by_side_have_recalls_of_their_own():
    memory = network(0, 8, 5)
    cues = some_cues(1, memory, 2 * torch_recall._TOGETHER + 3)
    assert all(map(same, torch_recall.recall(memory, cues), compiled_recall(memory, cues)))


def test_as_many_run_side_by_side_as_memory_allows(monkeypatch):
    asked = []
    monkeypatch.setattr(
        torch_recall, "how_many", lambda n_bytes, most: asked.append((n_bytes, most)) or 2
    )
    memory = network(0, 8, 5)
    cues = some_cues(1, memory, 5)
    assert all(map(same, torch_recall.recall(memory, cues), compiled_recall(memory, cues)))
    # What arrives in the next 37 steps, and a few numbers for each neuron.
    assert asked == [(8 * 8 * (37 + 6), 5)]


def test_a_recall_leaves_the_memory_as_it_was():
    memory = network(0, 8, 5)
    before = memory.fingerprint()
    torch_recall.recall(memory, some_cues(1, memory, 2))
    assert memory.fingerprint() == before


def test_a_device_that_torch_does_not_have_is_refused(monkeypatch):
    memory = network(0, 4, 3)
    cue = some_cues(0, memory, 1)[0]
    with pytest.raises(InputError, match="there is cpu, cuda"):
        torch_recall.recall(memory, cue, "abacus")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="torch finds no CUDA device here; take cpu"):
        torch_recall.recall(memory, cue, "cuda")


def test_progress_is_told_from_the_first_step_to_the_last():
    memory, parts = network(0, 8, 5), []
    cue = Cue(Raster([], [], 8, 1.0), STEP, clamp=5)
    torch_recall.recall(memory, [cue] * 20, progress=lambda stage, part: parts.append(part))
    assert parts == sorted(parts) and parts[0] == 0 and 0.9 < parts[-1] < 1 and len(parts) == 40
