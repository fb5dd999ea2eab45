"""Membranes of single neurons are those of the closed loop."""

import numpy as np
import pytest
from chains import chain_memory

from wmdelays import Cue, Raster
from wmdelays.training.continuous.membranes import membranes
from wmdelays.training.continuous.recall import recall


@pytest.mark.parametrize("model", ["lif-exp", "lif-cond"])
@pytest.mark.parametrize("dt", [None, 5e-5])
def test_membranes_cross_where_the_recall_spikes_and_come_as_close_as_it_says(model, dt):
    memory = chain_memory(model)
    made = recall(memory, memory.cues()[1], dt)
    found = membranes(memory, made, range(memory.n_neurons), dt)
    after = found.times > memory.n_delays * memory.step - 1e-9
    crossed = (found.values >= found.bounds[:, None]) & after
    tick = found.times[1]
    spikes = np.zeros_like(crossed)
    spikes[made.own.neurons, np.rint(made.own.times / tick).astype(int)] = True
    assert spikes.sum() > 80 and np.array_equal(crossed, spikes)
    distance = np.abs(found.values - found.bounds[:, None])[:, after]
    # Bit for bit, so what is added is added in the same order.
    assert distance.min() == made.closest_call


def test_what_is_lost_to_the_synapses_moves_no_membrane():
    memory = chain_memory()
    cue = memory.cues()[0]
    n, end = memory.n_neurons, cue.clamp
    every = np.repeat(np.arange(n), end), np.tile(np.arange(end), n)
    lost = Raster.from_steps(*every, n, cue.n_steps, cue.step)
    deaf = Cue(cue.spikes, cue.step, cue.clamp, cue.onset, cue.scored_from, lost)
    silent = np.setdiff1d(memory.patterns[0].neurons, cue.spikes.neurons)
    moved, still = (
        np.ptp(membranes(memory, recall(memory, one), silent).values) for one in (cue, deaf)
    )
    assert moved > 20 and still == 0
