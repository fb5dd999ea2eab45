"""
A polychronous group
====================

In a random network with delays, three neurons (ringed) fire so that their spikes arrive together at a fourth, and
everything else is at rest. What follows from strong synapses alone is a polychronous group: lines lead from each
spike to where it arrives after its delay, and numbers are layers.
"""

import numpy as np

from wmdelays import find_groups
from wmdelays.plots import group_figure
from wmdelays.polychrony import DelayNetwork

rng = np.random.default_rng(0)
excitatory = np.arange(100) < 80
pre = np.arange(100).repeat(22)
post = rng.integers(0, 100, 2200)
delay_ms = np.where(excitatory[pre], rng.integers(1, 16, 2200), 1)
weight = np.where(excitatory[pre], rng.choice([3.0, 10.0], 2200, p=[0.4, 0.6]), -5.0)
network = DelayNetwork(pre, post, delay_ms, weight, excitatory)

groups = [group for group in find_groups(network, min_layers=5) if len(group.spikes) <= 24]
longest = max(groups, key=lambda group: group.n_layers)
figure = group_figure(longest, network.excitatory)
