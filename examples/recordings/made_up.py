"""
A recording to try things with
==============================

Thirty units fire by themselves for a minute, and seven times a sequence of all units runs through
them in a second, with 3 ms of jitter. Units have the names of a spike sorter. As a program, ``python made_up.py
cells.csv`` writes it as a table.
"""

import sys

import numpy as np
from matplotlib import pyplot as plt

rng = np.random.default_rng(0)
clusters = np.sort(rng.choice(np.arange(3, 120), 30, replace=False))
begins = np.arange(7) * 8 + rng.uniform(1, 5, 7)
order = rng.permutation(30).repeat(2)

background = rng.uniform(0, 60, 2400), rng.integers(0, 30, 2400)
sequence = np.tile(np.linspace(0, 1, 60), 7) + begins.repeat(60) + rng.normal(0, 0.003, 420)
times = np.concatenate([background[0], sequence])
units = np.concatenate([background[1], np.tile(order, 7)])

# A unit is silent for 3 ms after a spike.
rows, last = [], dict.fromkeys(range(30), -1.0)
for time, unit in sorted(zip(times.round(5).tolist(), units.tolist())):
    if time >= 0 and time - last[unit] > 0.003:
        rows.append((clusters[unit], time))
        last[unit] = time

if __name__ == "__main__" and len(sys.argv) > 1:
    with open(sys.argv[1], "x") as file:
        file.write("unit,time_s\n" + "".join(f"{unit},{time:.5f}\n" for unit, time in rows))

figure, axes = plt.subplots(figsize=(9, 4))
axes.plot([time for _, time in rows], [unit for unit, _ in rows], "|", color="black", markersize=4)
axes.set_xlabel("time (s)")
axes.set_ylabel("cluster")
figure.tight_layout()
