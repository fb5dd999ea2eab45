"""
Recall grows forward in time
============================

What is right just after the trigger window makes the context of what comes next. So while a network learns, it
recalls the beginning of the pattern first, and the recall grows from there: F1 in a sliding window after a few
epochs of the rule ``margin``, without damage so that learning is slow enough to be seen.
"""

import matplotlib.pyplot as plt
import numpy as np

from wmdelays import bernoulli, recall, sliding_f1, store

patterns = bernoulli(n_neurons=64, n_steps=200, n_patterns=40, rate=0.01)
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for epochs, shade in zip((1, 2, 3, 4, 6), np.linspace(0.8, 0, 5)):
    memory = store(patterns, n_delays=21, epochs=epochs, damaged_epochs=0)
    recalls = recall(memory, memory.cues())
    curves = [sliding_f1(r, p, width=30) for r, p in zip(recalls, memory.patterns)]
    (time, *_), f1 = zip(*curves)
    axes.plot(1000 * time, np.mean(f1, axis=0), color=str(shade), label=epochs)
axes.set(xlabel="time in the pattern (ms)", ylabel="F1, mean of 40 patterns", ylim=(-0.05, 1.05))
axes.legend(title="epochs", loc="center left", bbox_to_anchor=(1, 0.5))
