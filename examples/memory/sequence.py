"""
Several patterns, one after another
===================================

Six patterns are cued in one simulation, with random spikes between them. Below, a row for each stored pattern: how
well the activity of the moment matches it. Each is active after its cue and at no other time.
"""

import numpy as np

from wmdelays import bernoulli, retrieve, store
from wmdelays.plots import retrieval_figure
from wmdelays.retrieval import sliding_best_f1

memory = store(bernoulli(n_neurons=256, n_steps=200, n_patterns=6, rate=0.004))
result = retrieve(memory, order=[3, 0, 5, 1, 4, 2], background=0.001, seed=1)

width = memory.n_delays
own = result.recall.own
f1 = [sliding_best_f1(own, pattern, width, memory.step)[0] for pattern in memory.patterns]
figure = retrieval_figure(result.sequence, result.recall, np.array(f1), width, result.spontaneous)
