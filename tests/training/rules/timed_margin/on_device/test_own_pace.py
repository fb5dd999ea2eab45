"""Neurons each of which goes through its pattern at a pace of its own: what they learn, and where."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from one_device import OnOneDevice
from random_continuous import random_neurons
from shown_neurons import N, asked_of, assert_all_at_once_learn_the_same

from wmdelays.neurons import neurons_of
from wmdelays.training.continuous.code import functions_of
from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device import own_pace
from wmdelays.training.rules.timed_margin.on_device.batch import Batch
from wmdelays.training.rules.timed_margin.on_device.equations import Equations

MODELS = "lif-cond", "adex", "adex-exp", "izhikevich", "izhikevich-exp"
# Neurons of two kinds have bounds, reaches and constants of their own.
KINDS = "lif-cond", "adex:tonic=0.5,bursting=0.5", "adex-exp", "izhikevich:RS=0.5,CH=0.5"


def shown_by_torch(of_neurons):
    model = of_neurons.memory.neurons.model
    names, equations = functions_of(model)[1], Equations(model)
    return lambda asked: own_pace.show_each(asked, equations, names, torch.device("cpu"))


@pytest.mark.parametrize("signs, periodic", [("free", False), ("dale", True)])
@pytest.mark.parametrize("neurons", KINDS)
def test_all_neurons_at_once_learn_what_each_learns_by_the_compiled_loop(neurons, signs, periodic):
    of_neurons, asked = asked_of(neurons, 0, signs, periodic)
    counts = assert_all_at_once_learn_the_same(of_neurons, asked, shown_by_torch(of_neurons))
    assert counts[loops.TARGETS] > 5 and counts[loops.MISTIMED] and counts[loops.HIGH]


@settings(deadline=None, derandomize=True, max_examples=10)
@given(
    seed=st.integers(0, 2**31),
    model=st.sampled_from(MODELS),
    signs=st.sampled_from(["free", "dale"]),
    rate=st.sampled_from([1.0, 0.3]),
    part=st.sampled_from([0.25, 1.0, 2.0]),
    tolerance=st.sampled_from([0.02, 0.4]),
    gap=st.integers(1, 4),
    clamp=st.sampled_from([10, 20]),
)
def test_so_they_do_whatever_they_are_and_whatever_is_asked_of_them(
    seed, model, signs, rate, part, tolerance, gap, clamp
):
    rng = np.random.default_rng(seed)
    neurons = random_neurons(rng, neurons_of(model, N).model, N, rng.choice([5e-4, 1e-3]))
    of_neurons, asked = asked_of(neurons, seed, signs)
    for j, one in enumerate(asked):
        given, lengths = one[9], one[10]
        given[loops.RATE], given[loops.TOLERANCE] = rate, tolerance
        given[[loops.KAPPA, loops.SLOPE, loops.OVERSHOOT]] *= part
        lengths[loops.GAP], lengths[loops.CLAMP] = gap, clamp
        lengths[loops.SINCE] = rng.integers(5, clamp + 1)
        n_ticks = lengths[loops.N_TICKS]
        targets = np.flatnonzero(rng.random(n_ticks) < rng.choice([0.02, 0.2]))
        asked[j] = (*one[:5], targets, *one[6:])
    assert_all_at_once_learn_the_same(of_neurons, asked, shown_by_torch(of_neurons))


@pytest.mark.parametrize("model", ["lif-cond", "adex"])
def test_nothing_is_computed_elsewhere(model, monkeypatch):
    # Where neurons are depends on values, which there are none of on the device meta: all learn.
    at = iter(range(own_pace._STEPS, 10**6, own_pace._STEPS))

    def all_of_them(waits, *_):
        here = next(at)
        return np.array(
            [[1] * len(waits), [here] * len(waits), [here] * len(waits), [99] * len(waits)]
        )

    monkeypatch.setattr(own_pace, "_seen", all_of_them)
    of_neurons, asked = asked_of(model, 0, "dale")
    model = of_neurons.memory.neurons.model
    with OnOneDevice("meta") as mode, torch.inference_mode():
        batch = Batch(asked, torch.device("meta"))
        shown = own_pace.NonlinearLanes(batch, Equations(model), functions_of(model)[1])
        for _ in range(6):
            assert shown.advance()
    assert "index_put_" in mode.names and "_local_scalar_dense" not in mode.names
