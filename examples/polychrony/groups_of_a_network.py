"""
All groups of a network
=======================

How many spikes and layers the polychronous groups of a network have, and how long they last. A group can be found
from several sets of anchors; distinct groups are those with other spikes or times.
"""

import numpy as np

from wmdelays import find_groups
from wmdelays.plots import group_sizes_figure
from wmdelays.polychrony import DelayNetwork, GroupStatistics

rng = np.random.default_rng(0)
excitatory = np.arange(100) < 80
pre = np.arange(100).repeat(20)
post = rng.integers(0, 100, 2000)
delay_ms = np.where(excitatory[pre], rng.integers(1, 11, 2000), 1)
weight = np.where(excitatory[pre], rng.choice([3.0, 10.0], 2000, p=[0.4, 0.6]), -5.0)

statistics = GroupStatistics()
for group in find_groups(DelayNetwork(pre, post, delay_ms, weight, excitatory), min_layers=5):
    statistics.add(group)
figure = group_sizes_figure(statistics)
