"""Neurons in continuous time: Brian2's spikes are those of the compiled loop, at the tick and finer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_continuous import CUES, STEP, random_cue, random_memory

from wmdelays import Cue, Memory, Raster
from wmdelays.brian_models import recall
from wmdelays.neurons import NEURONS, ContinuousNeuron, Neurons, Parameter, mixed
from wmdelays.training.continuous.recall import recall as compiled

# A membrane that jumps as spikes arrive and goes on while the neuron is refractory, and one that is
# held then, with a reset that keeps what is above threshold.
OWN = (
    ContinuousNeuron(
        "integrator",
        "a membrane that arrivals move at once, and a threshold that spikes raise",
        (
            Parameter("tau", "ms", 15.0, "time constant of the membrane", 0, inclusive=False),
            Parameter("theta", "mV", 10.0, "threshold"),
            Parameter("rise", "mV", 4.0, "what a spike takes from later ones"),
            Parameter("t_ref", "ms", 2.0, "refractory period", 0),
        ),
        equations="dv/dt = (-v - fatigue) / tau : volt\ndfatigue/dt = -fatigue / (40*ms) : volt",
        threshold="v >= theta",
        reset="v = 0*mV\nfatigue += rise",
        rest={"v": "0*mV", "fatigue": "0*mV"},
        excitatory="v",
        inhibitory="v",
        weight_unit="mV",
        method="exact",
        refractory="t_ref",
        timescale="tau",
    ),
    ContinuousNeuron(
        "quadratic",
        "the quadratic integrate-and-fire neuron with a reset by subtraction",
        (
            Parameter("k", "1/ms", 0.1, "rate", 0, inclusive=False),
            Parameter("v_peak", "mV", 15.0, "peak"),
            Parameter("t_ref", "ms", 1.0, "refractory period", 0),
        ),
        equations="dv/dt = k * v * (v / v_peak - 1) + drive / ms : volt (unless refractory)\n"
        "ddrive/dt = -drive / (3*ms) : volt",
        threshold="v > v_peak",
        reset="v -= v_peak",
        rest={"v": "0*mV", "drive": "0*mV"},
        excitatory="drive",
        inhibitory="drive",
        weight_unit="mV",
        refractory="t_ref",
        timescale="1 / k",
        bound="15*mV",
    ),
)
MODELS = {**NEURONS, **{one.name: one for one in OWN}}


TICKS = st.sampled_from([1e-4, 5e-5, 2.5e-4, 1e-3])


def agree(memory, cues, finer, device):
    """Whether both recall the same from each cue; how many spikes that are not the cue's."""
    dt = memory.tick / finer
    wanted = compiled(memory, cues, dt)
    closest = min((1 if one.closest_call is None else one.closest_call) for one in wanted)
    assert closest > 1e-9, "the drawn network is no test: a rounding error decides"
    found = recall(memory, cues, dt, device)
    for one, other in zip(wanted, found):
        assert one.emitted == other.emitted
        assert one.own == other.own
    return sum(len(one.own) for one in wanted)


@pytest.mark.parametrize("name", MODELS)
@settings(derandomize=True, max_examples=4)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([(1, 1), (4, 3), (12, 6), (25, 4)]),
    density=st.sampled_from([0.0, 0.1, 0.4]),
    dt=TICKS,
    finer=st.sampled_from([1, 1, 2, 5]),
    kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=3),
)
def test_numpy_agrees_with_the_compiled_loop(name, seed, size, density, dt, finer, kinds):
    memory = random_memory(seed, MODELS[name], *size, dt, density)
    cues = [random_cue(seed + k, memory, kind, (12 + 5 * k) * 1e-3) for k, kind in enumerate(kinds)]
    agree(memory, cues, finer, "numpy")


@pytest.mark.parametrize("name, finer", [("lif-exp", 2), ("adex", 1), ("quadratic", 1)])
def test_cpp_standalone_agrees_with_the_compiled_loop(name, finer):
    memory = random_memory(5, MODELS[name], 12, 6, 1e-4, 0.4)
    cues = [random_cue(k, memory, kind) for k, kind in enumerate(CUES)]
    assert agree(memory, cues, finer, "cpp_standalone") > 50


def test_presets_agree_with_cues_of_every_kind():
    for name, parts in (
        ("izhikevich", {"RS": 0.8, "FS": 0.2}),
        ("adex-exp", {"regular": 0.5, "fast-spiking": 0.2, "bursting": 0.3}),
    ):
        memory = random_memory(8, MODELS[name], 20, 5, 1e-4, 0.3)
        memory = replace(memory, neurons=mixed(name, 20, parts))
        cues = [random_cue(k, memory, kind) for k, kind in enumerate(CUES[3:6])]
        assert agree(memory, cues, 1, "numpy") > 50


def network(model, synapses, dt):
    """Neurons with synapses (pre, post, weight) whose delay is a step."""
    pre, post, weight = zip(*synapses)
    n = max(post) + 1
    delays = np.ones(len(pre), int)
    others = dict(pre=pre, post=post, delay=delays, weight=weight, neurons=Neurons(model, n, dt))
    return Memory(n_neurons=n, n_delays=1, step=STEP, beta=None, theta=None, **others)


def test_a_spike_that_is_forced_while_the_neuron_is_refractory_is_not_its_own():
    """Also if its membrane is above threshold; that of this model goes on, and can be."""
    memory = network(OWN[0], [(0, 1, 12.0)], 1e-4)
    spikes = Raster.from_steps([0, 0, 1, 1], [0, 5, 9, 16], 2, 100, 1e-4)
    cue = Cue(spikes, 1e-4, clamp=1)
    (wanted,), (found,) = compiled(memory, [cue]), recall(memory, [cue])
    assert wanted.own == found.own and wanted.emitted == found.emitted
    # Neuron 1 is forced at tick 9; at ticks 10 and 15 arrivals lift its membrane above threshold.
    assert 16 not in found.own.steps(1e-4) and len(found.emitted) >= 4


@pytest.mark.parametrize("finer", [1, 2, 5])
def test_a_spike_is_lost_wherever_it_is_within_its_tick(finer):
    """Neuron 1 fires by itself, between two ticks of the cue; it is lost, so neuron 2 is silent."""
    memory = network("lif-exp", [(0, 1, 4000.0), (1, 2, 4000.0)], 1e-3)
    spikes = Raster.from_steps([0], [0], 3, 30, 1e-3)
    for lost, n in ((None, 3), (Raster.from_steps([1] * 30, range(30), 3, 30, 1e-3), 2)):
        cue = Cue(spikes, 1e-3, clamp=1, lost=lost)
        wanted, found = compiled(memory, cue, 1e-3 / finer), recall(memory, cue, 1e-3 / finer)
        assert wanted.emitted == found.emitted
        assert len(np.unique(found.emitted.neurons)) == n
    assert finer == 1 or np.any(found.own.times % 1e-3 > 1e-5)


def test_what_is_under_way_when_a_recall_ends_is_not_in_the_next():
    """With finer ticks some delays are longer by a part of a tick."""
    drives = [(0, j, 1500.0 + 60 * j) for j in range(1, 30)]
    memory = network("lif-exp", drives + [(j, 30, 9000.0) for j in range(1, 30)], 1e-3)
    for finer in (1, 5):
        first = Cue(Raster.from_steps([0], [0], 31, 8, 1e-3), 1e-3, clamp=1)
        silent = Cue(Raster([], [], 31, 0.02), 1e-3, clamp=1)
        one, other = recall(memory, [first, silent], 1e-3 / finer)
        # Some neurons fire in the very last tick.
        assert one.emitted.times.max() > 8e-3 - 1.5e-3 / finer
        assert len(other.emitted) == 0


def test_a_refractory_period_between_two_ticks_is_cut():
    neurons = Neurons("adex", 3, 1e-4, {k: {"t_ref": t} for k, t in zip("abc", (0, 2.06, 2.1))})
    ticks = replace(neurons, members=np.arange(3)).refractory_ticks()
    assert ticks.tolist() == [1, 20, 21]
