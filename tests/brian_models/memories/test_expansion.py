"""The parts work in a Network of the user's own."""

import numpy as np
import pytest
from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, ms, second

from wmdelays import InputError
from wmdelays.brian_models import expand, play, recall


@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("kind", ["clamped", "ongoing", "free"])
def test_a_users_own_network_gives_the_same_spikes(random_memory, random_cue, judge, n, kind):
    memory = random_memory(5, kind="sparse")
    cue = random_cue(6, memory, kind)
    neurons, synapses = expand(memory, memory.step / n)
    spikes = SpikeMonitor(neurons)
    membrane = StateMonitor(neurons, "v", record=[0])
    network = Network(neurons, synapses, *play(cue, neurons), spikes, membrane)
    network.run((1 + cue.n_steps) * memory.step * second)
    emitted, _, _ = judge(memory, cue)
    steps = np.rint(spikes.t / ms * n).astype(int) - n
    assert np.all(steps % n == 0)
    made = np.zeros_like(emitted)
    made[steps // n, spikes.i] = True
    assert emitted[memory.n_delays :].any()
    assert np.array_equal(made, emitted)
    assert len(membrane.t) == (1 + cue.n_steps) * n


def test_a_user_can_drive_the_neurons_with_a_generator_of_their_own(random_memory, random_cue):
    memory = random_memory(5, kind="busy")
    cue = random_cue(6, memory, "free")
    neurons, synapses = expand(memory, name="mine")
    # One tick early, for the tick in which the generator's spikes travel.
    times = (cue.spikes.times + memory.step) * second - neurons.clock.dt
    source = SpikeGeneratorGroup(memory.n_neurons, cue.spikes.neurons, times, clock=neurons.clock)
    drive = Synapses(source, neurons, on_pre="forced_post = True", clock=neurons.clock)
    drive.connect(j="i")
    drive.pre.when = "after_groups"
    monitor = SpikeMonitor(neurons)
    Network(neurons, synapses, source, drive, monitor).run((1 + cue.n_steps) * memory.step * second)
    recalled = recall(memory, cue).emitted
    assert np.array_equal(np.sort(monitor.i), np.sort(recalled.neurons))
    assert np.allclose(monitor.t / second - memory.step, recalled.times, atol=1e-9)


def test_only_synapses_that_exist_are_made_with_their_delays(random_memory):
    memory = random_memory(0, kind="sparse")
    _, synapses = expand(memory, memory.step / 4)
    assert len(synapses) == memory.n_synapses
    assert np.array_equal(synapses.i, memory.pre)
    assert np.array_equal(synapses.j, memory.post)
    assert np.allclose(synapses.delay / ms, memory.delay - 0.25)
    assert np.array_equal(synapses.w, memory.weight)


def test_a_cue_of_another_size_or_step_is_refused(random_memory, random_cue):
    neurons, _ = expand(random_memory(0))
    with pytest.raises(InputError, match="13 neurons"):
        play(random_cue(0, random_memory(0, 13)), neurons)
    with pytest.raises(InputError, match="does not divide"):
        play(random_cue(0, random_memory(0, step=0.33e-3)), neurons)
