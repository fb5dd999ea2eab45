"""Memories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wmdelays import Cue, InputError, Memory, Raster
from wmdelays.patterns import bernoulli

GIVEN = dict(n_neurons=3, n_delays=4, step=1e-3, beta=0.7, theta=1.0)
GIVEN |= dict(pre=[0, 1, 1], post=[1, 2, 0], delay=[1, 4, 2], weight=[0.5, -0.25, 2.0])


@st.composite
def tensors(draw):
    n, d = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return draw(arrays(np.float64, (n, n, d), elements=st.sampled_from([0.0, -1.5, 0.1, 3.0])))


@given(tensors())
def test_a_memory_and_its_dense_tensor_hold_the_same_weights(weights):
    memory = Memory.from_dense(weights, step=1e-3, beta=0.5, theta=1.0)
    assert np.array_equal(memory.dense(), weights)
    assert memory.n_synapses == np.count_nonzero(weights)
    for j, i, d, w in zip(memory.post, memory.pre, memory.delay, memory.weight):
        assert weights[j, i, d - 1] == w


@given(tensors(), st.randoms(use_true_random=False))
def test_the_order_in_which_synapses_are_given_does_not_matter(weights, random):
    memory = Memory.from_dense(weights, step=1e-3, beta=0.5, theta=1.0)
    order = list(range(memory.n_synapses))
    random.shuffle(order)
    names = ("pre", "post", "delay", "weight")
    turned = [getattr(memory, name)[order] for name in names]
    other = Memory(memory.n_neurons, memory.n_delays, 1e-3, 0.5, 1.0, *turned)
    assert all(np.array_equal(getattr(memory, name), getattr(other, name)) for name in names)
    keys = list(zip(other.pre, other.delay, other.post))
    assert keys == sorted(keys)


def test_weights_of_zero_are_left_out():
    memory = Memory(**(GIVEN | dict(weight=[0.5, 0.0, -0.0])))
    assert (memory.n_synapses, memory.weight.tolist()) == (1, [0.5])


def test_a_memory_has_the_sizes_of_its_patterns():
    patterns = bernoulli(3, 20, 2, 0.1)
    memory = Memory(**GIVEN, patterns=patterns)
    assert (memory.n_patterns, memory.n_steps, memory.patterns) == (2, 20, tuple(patterns))
    assert (Memory(**GIVEN).n_patterns, Memory(**GIVEN).n_steps) == (0, 0)


def test_patterns_last_whole_steps():
    pattern = Raster([0, 1], [0.001, 0.012], 3, 0.0123)
    (kept,) = Memory(**GIVEN, patterns=[pattern]).patterns
    assert kept == Raster.from_steps([0, 1], [1, 12], 3, 13, 1e-3)


def test_the_cue_of_a_pattern_is_its_first_steps_as_many_as_delays():
    patterns = bernoulli(3, 20, 3, 0.5)
    memory = Memory(**GIVEN, patterns=patterns)
    for cue, pattern in zip(memory.cues([2, 0]), (patterns[2], patterns[0]), strict=True):
        assert cue.spikes == Cue.from_pattern(pattern, 4, 1e-3).spikes
        assert (cue.clamp, cue.scored_from) == (4, 4)
    assert len(memory.cues()) == 3


def test_cues_of_another_network_are_refused():
    memory = Memory(**GIVEN)
    memory.check_cues([Cue(Raster([], [], 3, 0.01), 1e-3, clamp=1)])
    for cues, word in (
        ([], "no cue"),
        ([Cue(Raster([], [], 4, 0.01), 1e-3, clamp=1)], "4 neurons"),
        ([Cue(Raster([], [], 3, 0.01), 1e-4, clamp=1)], "0.1 ms"),
    ):
        with pytest.raises(InputError, match=word):
            memory.check_cues(cues)


@pytest.mark.parametrize(
    "change, word",
    [
        (dict(n_neurons=0), "at least one"),
        (dict(n_delays=0), "at least one"),
        (dict(n_neurons=2.5), "whole numbers"),
        (dict(n_neurons=np.nan), "whole numbers"),
        (dict(n_delays=np.inf), "whole numbers"),
        (dict(n_neurons=2**31), "numbered"),
        (dict(n_delays=2**31), "numbered"),
        (dict(n_neurons=2**31 - 1, n_delays=3), "numbered"),
        (dict(step=0), "step"),
        (dict(step=np.nan), "step"),
        (dict(step=np.inf), "step"),
        (dict(beta=0), "beta"),
        (dict(beta=1), "beta"),
        (dict(beta=np.nan), "beta"),
        (dict(theta=0), "theta"),
        (dict(theta=np.inf), "theta"),
        (dict(pre=[0, 1]), "equally long"),
        (dict(weight=[[1.0, 2.0, 3.0]]), "equally long"),
        (dict(pre=[0, 3, 1]), "synapse 1 has pre 3"),
        (dict(pre=[0, 2**32, 1]), "synapse 1 has pre"),
        (dict(post=[0, -1, 1]), "synapse 1 has post -1"),
        (dict(delay=[1, 0, 1]), "synapse 1 has delay 0"),
        (dict(delay=[1, 5, 1]), "synapse 1 has delay 5"),
        (dict(delay=[1.0, 2.5, 1.0]), "synapse 1 has delay 2.5, not a whole number"),
        (dict(weight=[1, np.nan, 1]), "synapse 1 has the weight nan"),
        (dict(weight=[1, np.inf, 1]), "synapse 1 has the weight inf"),
        (
            dict(pre=[1, 1, 1], post=[0, 2, 0], delay=[2, 2, 2]),
            "two synapses from neuron 1 to 0 with delay 2",
        ),
        (dict(patterns=bernoulli(4, 20, 1, 0.1)), "pattern 0 has 4 neurons"),
        (dict(patterns=bernoulli(3, 20, 1, 0.1) + bernoulli(3, 21, 1, 0.1)), "20 to 21 steps"),
        (dict(patterns=bernoulli(3, 4, 1, 0.1)), "nothing to recall"),
        (dict(patterns=[Raster([0], [0.0105], 3, 0.02)]), "between the steps"),
        (dict(patterns=[Raster([0], [0.01001], 3, 0.02)]), "between the steps"),
        (dict(patterns=[Raster([0, 0], [0.01, 0.01], 3, 0.02)]), "spike twice"),
        (dict(patterns=[Raster([0], [0.01], 3, 1e9)]), "more steps than can be numbered"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(change, word):
    with pytest.raises(InputError) as refused:
        Memory(**(GIVEN | change))
    assert word in str(refused.value) and "\n" not in str(refused.value)


def test_a_tensor_has_the_shape_post_pre_delay():
    for shape in ((2, 2), (2, 3, 4)):
        with pytest.raises(InputError, match="shape"):
            Memory.from_dense(np.ones(shape), step=1e-3, beta=0.5, theta=1.0)
