"""
How many patterns fit
=====================

The largest number of patterns that is recalled with F1 of 0.99 at least, in small networks of 24 neurons, beside
what a perceptron could do with as many weights (Gardner 1988; no leak, no reset, no closed loop).
"""

import matplotlib.pyplot as plt

from wmdelays import capacity, theory

delays = [5, 10, 15]
found = capacity(
    {"delays": delays},
    generator="bernoulli:neurons=24,steps=60,patterns=1,rate=0.04",
    options={"damaged_epochs": 0, "kappa": 0.05},
    bound=0.99,
    seeds=1,
    precision=0.3,
    start=8,
)

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
bound = [theory.capacity(n_neurons=24, n_delays=d, n_steps=60, rate=0.04) for d in delays]
axes.plot(delays, bound, ":", color="grey", label="perceptron")
axes.plot(delays, [one["stored"] for one in found], "o-", label="stored by margin")
axes.set(xlabel="longest delay D (steps)", ylabel="patterns", xticks=delays, ylim=(0, None))
axes.legend()
