"""What objects say of themselves in one line."""

import numpy as np
import pytest

from wmdelays import Cue, Memory, Raster, Recall, score
from wmdelays.patterns import bernoulli
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.synapses import Synapses

SYNAPSES = dict(pre=[0, 1, 1], post=[1, 2, 0], delay=[1, 4, 2], weight=[0.5, -0.25, 2.0])
PATTERN = Raster.from_steps([0, 1, 2, 0], [1, 3, 6, 9], 3, 20, 1e-3)
MEMORY = Memory(3, 4, 1e-3, 0.7, 1.0, **SYNAPSES, patterns=[PATTERN], made={"rule": "margin"})
CUE = Cue.from_pattern(PATTERN, 4, 1e-3)
RECALL = Recall(
    CUE, emitted=PATTERN, own=Raster([2, 0], [0.006, 0.009], 3, 0.02), closest_call=0.01
)


@pytest.mark.parametrize(
    "thing, line",
    [
        (PATTERN, "<Raster: 4 spikes of 3 neurons in 0.02 s>"),
        (Raster([], [], 1, 2.0), "<Raster: 0 spikes of 1 neuron in 2 s>"),
        (
            Raster(np.zeros(2000, int), np.linspace(0, 9, 2000), 1, 10).slice(5, 6),
            "<Raster: 222 spikes of 1 neuron in 1 s, 5 s into a recording>",
        ),
        (
            MEMORY,
            "<Memory: 3 neurons, 3 synapses with delays up to 4 steps of 1 ms, 1 pattern of 20 steps,"
            " rule margin>",
        ),
        (
            Memory(1, 1, 1e-3, 0.7, 1.0, [], [], [], []),
            "<Memory: 1 neuron, 0 synapses with delays up to 1 step of 1 ms, no patterns>",
        ),
        (CUE, "<Cue: 2 spikes of 3 neurons, 4 of 20 steps of 1 ms clamped>"),
        (
            CUE.losing_spikes(1.0, np.random.default_rng(0)),
            "<Cue: 2 spikes of 3 neurons, 4 of 20 steps of 1 ms clamped, spikes lost in 60 places>",
        ),
        (
            RECALL,
            "<Recall: 2 spikes of its own among 4, 3 neurons, 0.02 s, closest call 0.01>",
        ),
        (score(RECALL, PATTERN), "<Scores: F1 1.0000 over 1 pattern>"),
        (
            score([RECALL] * 2, [PATTERN, bernoulli(3, 20, 1, 0.0)[0]]),
            "<Scores: F1 0.6667 over 2 patterns, 0.0000 in the worst>",
        ),
        (Synapses(**SYNAPSES, n_neurons=3), "<Synapses: 3 synapses of 3 neurons with delays 1…4>"),
        (
            DelayNetwork(*SYNAPSES.values(), excitatory=[1, 1, 0]),
            "<DelayNetwork: 3 neurons, 2 of them excitatory, 3 synapses with delays up to 4 ms>",
        ),
    ],
)
def test_an_object_says_in_one_line_what_it_is(thing, line):
    assert repr(thing) == line


def test_a_rule_from_a_file_steers_no_terminal():
    memory = Memory(1, 1, 1e-3, 0.7, 1.0, [], [], [], [], made={"rule": "a\x1b[2J\n"})
    assert r"rule a\x1b[2J\n" in repr(memory)
