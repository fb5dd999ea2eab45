"""Brian2's spikes are those of the discrete equation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import CUES, NETWORKS

from wmdelays import InputError, Memory, Raster
from wmdelays.brian_models import recall
from wmdelays.brian_models.devices import session

seeds = st.integers(0, 2**32 - 1)
drawn = settings(deadline=None, derandomize=True, max_examples=16)


@drawn
@given(
    seed=seeds,
    size=st.sampled_from([(1, 1), (3, 2), (12, 5), (30, 8)]),
    network=st.sampled_from(NETWORKS),
    kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=4),
    n=st.sampled_from([1, 2, 10]),
    step=st.sampled_from([1e-3, 1 / 30, 7e-4]),
    beta=st.sampled_from([1e-12, 0.3, 0.95, 0.9999]),
)
def test_numpy_agrees_with_the_equation(
    random_memory, random_cue, agrees, seed, size, network, kinds, n, step, beta
):
    memory = random_memory(seed, *size, network, step, beta)
    cues = [random_cue(seed + k, memory, kind, 20 + 5 * k) for k, kind in enumerate(kinds)]
    for one in recall(memory, cues, step / n, "numpy"):
        assert agrees(one, memory)


@settings(drawn, max_examples=30)
@given(
    seed=seeds,
    size=st.sampled_from([(1, 1), (12, 5), (30, 8)]),
    network=st.sampled_from(NETWORKS),
    kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=6),
    n=st.sampled_from([1, 2, 10]),
    step=st.sampled_from([1e-3, 1 / 30, 7e-4]),
    beta=st.sampled_from([1e-12, 0.3, 0.95, 0.9999]),
)
def test_cpp_standalone_agrees_with_the_equation(
    random_memory, random_cue, agrees, seed, size, network, kinds, n, step, beta
):
    memory = random_memory(seed, *size, network, step, beta)
    cues = [random_cue(seed + k, memory, kind, 20 + 9 * k) for k, kind in enumerate(kinds)]
    for one in recall(memory, cues, step / n, "cpp_standalone"):
        assert agrees(one, memory)


@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
@pytest.mark.parametrize("of_each", [("beta",), ("theta",), ("beta", "theta")])
def test_neurons_that_differ_agree_with_the_equation(
    random_memory, random_cue, agrees, device, of_each
):
    n_spikes = 0
    for seed in (1, 2):
        memory = random_memory(seed, 12, 5, "busy")
        rng = np.random.default_rng(seed)
        values = {"beta": rng.uniform(0.3, 0.95, 12), "theta": rng.uniform(0.7, 1.5, 12)}
        memory = replace(memory, **{name: values[name] for name in of_each})
        cues = [random_cue(seed + 10 * k, memory, kind) for k, kind in enumerate(CUES)]
        for one in recall(memory, cues, memory.step / 2, device):
            assert agrees(one, memory)
            n_spikes += len(one.own)
    assert n_spikes > 100


def test_cython_agrees_with_the_equation(random_memory, random_cue, agrees, monkeypatch):
    flags = session.cython_settings("cython")["codegen.cpp.extra_compile_args"]
    assert flags == list(session.EXACT) and "-fno-fast-math" in flags
    # It compiles a dozen modules, which takes a minute or more where they are made faster.
    monkeypatch.setattr(session, "EXACT", ("-O0", *session.EXACT[1:]))
    assert flags[0] == "-O2"
    memory = random_memory(3, 12, 5, "busy", 1e-3, 0.8)
    cues = [random_cue(k, memory, kind) for k, kind in enumerate(CUES)]
    for n in (1, 10):
        for one in recall(memory, cues, memory.step / n, "cython"):
            assert agrees(one, memory)


def test_a_mistake_is_an_input_error_that_says_what_would_be_right(random_memory, random_cue):
    memory = random_memory(0)
    cue = random_cue(0, memory)
    with pytest.raises(InputError, match="numpy, cython, cpp_standalone"):
        recall(memory, cue, device="gpu")
    with pytest.raises(InputError, match="there is lif, lif-exp"):
        recall(memory, cue, neuron="izhi")
    with pytest.raises(InputError, match="learned for lif, not for izhikevich"):
        recall(memory, cue, neuron="izhikevich")
    with pytest.raises(InputError, match="does not divide"):
        recall(memory, cue, dt=0.3e-3)
    with pytest.raises(InputError, match="13 neurons, the network 12"):
        recall(memory, random_cue(0, random_memory(0, 13)))
    with pytest.raises(InputError, match="steps of 2 ms, the network of 1 ms"):
        recall(memory, random_cue(0, random_memory(0, step=2e-3)))


def test_synapses_that_no_memory_would_hold_are_refused_before_they_are_made(monkeypatch):
    neurons = np.arange(500)
    memory = Memory(
        n_neurons=500,
        n_delays=4,
        step=1e-3,
        beta=0.5,
        theta=1.0,
        pre=np.repeat(neurons, 500),
        post=np.tile(neurons, 500),
        delay=np.ones(250_000, int),
        weight=np.full(250_000, 1e-6),
        patterns=[Raster([0], [0.0], 500, 0.008)],
    )
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 1e6)
    with pytest.raises(InputError, match="250000 synapses in Brian2 needs about 17 MB"):
        recall(memory, memory.cues())
