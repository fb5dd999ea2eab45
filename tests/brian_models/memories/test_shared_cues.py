"""Programs that share cues out emit what one program emits."""

from dataclasses import replace

import numpy as np
import pytest
from random_continuous import CUES as CONTINUOUS_CUES
from random_continuous import random_cue as continuous_cue
from random_continuous import random_memory as continuous_memory
from random_networks import CUES

from wmdelays import InputError
from wmdelays.brian_models import NEURONS, neuron_model, recall
from wmdelays.brian_models.memories import standalone
from wmdelays.brian_models.memories.network import network_of
from wmdelays.brian_models.memories.script import write_script
from wmdelays.neurons import NEURONS as IN_CONTINUOUS_TIME
from wmdelays.neurons import Variability


@pytest.fixture
def always_shared(monkeypatch):
    """However little there is to do."""
    monkeypatch.setattr(standalone, "_LEAST", 1)
    monkeypatch.setattr(standalone, "_LEAST_OF_A_SYNAPSE", 0)


def shared(memory, cues, workers, n, **options):
    """The spikes of a recall that is shared among n programs."""
    said = []
    recalls = recall(
        memory,
        cues,
        device="cpp_standalone",
        workers=workers,
        progress=lambda stage, part: said.append(stage),
        **options,
    )
    assert said[-1] == ("simulating" if n == 1 else f"simulating in {n} programs")
    return [(one.cue, one.emitted, one.own) for one in recalls]


def test_spikes_are_those_of_one_program(always_shared, random_memory, random_cue, agrees):
    n_spikes = 0
    for seed in range(2):
        memory = random_memory(seed, 12, 5, "busy")
        if seed:
            rng = np.random.default_rng(seed)
            theta = rng.uniform(0.7, 1.5, 12)
            memory = replace(memory, beta=rng.uniform(0.3, 0.95, 12), theta=theta)
        cues = [random_cue(k, memory, kind, 20 + 9 * k) for k, kind in enumerate(CUES)]
        one = shared(memory, cues, 1, 1)
        assert shared(memory, cues, 2, 2) == one
        # Two cues are so short that one program plays both.
        assert shared(memory, cues, 40, len(CUES) - 1) == one
        for alone in recall(memory, cues, device="cpp_standalone", workers=3):
            assert agrees(alone, memory)
            n_spikes += len(alone.own)
    assert n_spikes > 500


def test_neurons_in_continuous_time_that_differ_emit_the_same(always_shared):
    memory = continuous_memory(3, IN_CONTINUOUS_TIME["lif-exp"], 12, 5, 1e-4, 0.5)
    cues = [continuous_cue(k, memory, kind) for k, kind in enumerate(CONTINUOUS_CUES)]
    # Driven neurons fire by themselves, whenever nothing holds them.
    differing = Variability(time_constants=0.1, thresholds=1.0, drive=40.0, dead=0.1)
    one = shared(memory, cues, 1, 1, variability=differing, seed=2)
    assert sum(len(own) for _, _, own in one) > 200
    assert shared(memory, cues, 3, 3, variability=differing, seed=2) == one


def test_driven_neurons_send_nothing_before_the_first_cue(random_memory, random_cue):
    memory = random_memory(0, 12, 8, "busy")
    cue = random_cue(0, memory, "short")
    driven = Variability(drive=8.0)
    first, second = recall(memory, [cue, cue], variability=driven)
    assert len(first.own) > 100
    assert (first.emitted, first.own) == (second.emitted, second.own)


@pytest.mark.parametrize("n_cues", [1, 2, 5, 8])
def test_parts_are_about_as_long_as_each_other(random_memory, random_cue, n_cues):
    memory = random_memory(0)
    cues = [random_cue(k, memory, "ongoing", 40) for k in range(n_cues)]
    script = write_script(cues, memory.n_delays, 10)
    for n in (1, 2, 3, 9):
        parts = list(script.parts(n))
        assert len(parts) == min(n, n_cues)
        sizes = [len(part.starts) for part, _ in parts]
        assert sum(sizes) == n_cues and max(sizes) <= -(-n_cues // min(n, n_cues))
        assert sum(len(part.cells) for part, _ in parts) == len(script.cells)
        for part, shift in parts:
            assert part.starts[0] == script.starts[0] and part.starts[0] + shift in script.starts
            assert part.ticks[0] == part.starts[0] - 1
            assert part.n_ticks == part.stops[-1] + memory.n_delays * 10


@pytest.fixture
def of_many(monkeypatch):
    """of_many(memory, cue, …): how many programs share 64 such cues where there are 16 processors."""
    monkeypatch.setattr(standalone, "n_processors", lambda: 16)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def of_many(memory, cue, workers=None, n_cues=64, **options):
        network = network_of(memory, **options)
        script = write_script([cue] * n_cues, memory.n_delays, network.n)
        return standalone._n_programs(network, script, workers)

    return of_many


def test_there_are_as_many_programs_as_is_of_use(of_many, random_memory, random_cue, monkeypatch):
    memory = random_memory(0)
    cue = random_cue(0, memory, n_steps=1000)
    # 120,600 ticks of a neuron for each cue.
    for least, n in ((1, 16), (600_000, 12), (6_000_000, 1), (60_000_000, 1)):
        monkeypatch.setattr(standalone, "_LEAST", least)
        assert of_many(memory, cue) == n
    monkeypatch.setattr(standalone, "_LEAST", 1)
    assert of_many(memory, cue, n_cues=3) == 3
    assert of_many(memory, cue, workers=5) == 5 and of_many(memory, cue, workers=40) == 40
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert of_many(memory, cue) == 2 and of_many(memory, cue, workers=5) == 5
    monkeypatch.setattr(standalone, "_LEAST_OF_A_SYNAPSE", 1e6 / memory.n_synapses)
    assert of_many(memory, cue, workers=40) == 7


def test_there_are_no_more_programs_than_memory_is_free_for(
    of_many, random_memory, random_cue, monkeypatch
):
    memory = random_memory(0)
    cue = random_cue(0, memory)
    monkeypatch.setattr(standalone, "_LEAST", 1)
    for free, n in ((50e6, 2), (1e6, 1), (1e9, 16)):
        monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: free)
        assert of_many(memory, cue) == n


def test_what_depends_on_the_recalls_before_stays_in_one_program(
    of_many, random_memory, random_cue, monkeypatch
):
    memory = random_memory(0)
    cue = random_cue(0, memory)
    monkeypatch.setattr(standalone, "_LEAST", 1)
    assert of_many(memory, cue, variability=Variability(thresholds=0.1)) == 16
    for noise in ("delay_jitter", "release_failures", "background", "membrane_noise"):
        assert of_many(memory, cue, variability=Variability(**{noise: 0.1})) == 1
    assert of_many(memory, cue, variability=Variability(threshold_noise=0.1, dead=0.1)) == 1
    assert of_many(memory, cue, neuron=NEURONS[0]) == 16
    assert of_many(memory, cue, neuron=replace(neuron_model("lif"), reset="v = 0")) == 1


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_workers_are_a_whole_number(random_memory, random_cue, workers):
    memory = random_memory(0)
    with pytest.raises(InputError, match="workers is .*whole number of at least 1"):
        recall(memory, random_cue(0, memory), workers=workers)
