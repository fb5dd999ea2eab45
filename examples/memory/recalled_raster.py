"""
A pattern is recalled by two simulators
=======================================

Four random patterns are stored. One is cued by its first 41 ms, and the network goes on alone: in the
discrete-time model, and in Brian2 in continuous time. Every spike is the same, so each mark is a crossed circle.
"""

from wmdelays import bernoulli, recall, store
from wmdelays.plots import overlay_figure

memory = store(bernoulli(n_neurons=128, n_steps=300, n_patterns=4, rate=0.008))

pattern, cue = memory.patterns[0], memory.cues()[0]
recalls = {
    "torch": recall(memory, cue, simulator="torch"),
    "Brian2": recall(memory, cue, simulator="brian2", device="numpy"),
}
figure = overlay_figure(pattern, recalls, title="pattern 0")
