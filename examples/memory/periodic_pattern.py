"""
A periodic pattern holds
========================

A pattern that was stored as a cycle is cued once and goes on without end. With noise through the whole recall, in
which every spike is lost with some probability and as many random ones come in, it holds for a while or for good.
"""

import matplotlib.pyplot as plt
import numpy as np

from wmdelays import periodic, recall_periodic, store

cycles = periodic(n_neurons=128, n_steps=100, n_patterns=2, rate=0.008)
memory = store(cycles, periodic=True)
noise = [0, 0.1, 0.2, 0.3, 0.4]
result = recall_periodic(memory, repeats=20, noise=noise, draws=2)

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for level, f1 in zip(noise, result.f1):
    shade = str(level / noise[-1] * 0.8)
    axes.plot(np.arange(1, 21), f1.mean(axis=(0, 1)), "o-", color=shade, label=f"noise {level:g}")
axes.set(xlabel="repeat", ylabel="F1, mean", ylim=(-0.05, 1.05), xticks=range(0, 21, 5))
axes.legend()
