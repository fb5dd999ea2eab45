"""
How much of a cue may be replaced
=================================

Each entry of the cue, a neuron at a step, is replaced by a random one with some probability. The rule ``margin``
learns from damaged contexts; the Hebbian weights are a formula and know nothing of damage.
"""

import matplotlib.pyplot as plt
import numpy as np

from wmdelays import bernoulli, recall, score, store

patterns = bernoulli(n_neurons=200, n_steps=200, n_patterns=8, rate=0.005)
probabilities = np.linspace(0, 1, 11)

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for rule, marker in (("margin", "o"), ("hebbian", "s")):
    memory, rng = store(patterns, rule, n_delays=41), np.random.default_rng(0)
    f1 = []
    for probability in probabilities:
        cues = [cue.replaced(probability, rng) for cue in memory.cues()]
        f1.append(score(recall(memory, cues), memory.patterns).total.f1)
    axes.plot(probabilities, f1, marker=marker, label=rule)
axes.set(xlabel="replaced part of the cue", ylabel="F1", ylim=(-0.05, 1.05))
axes.legend()
