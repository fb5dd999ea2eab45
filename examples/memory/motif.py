"""
What makes a spike: its motif
=============================

The motif of a spike is the fewest contributions of earlier spikes that bring the membrane to the threshold. Left,
these spikes in the raster, with lines from each to where it arrives after its delay; right, how they add up.
"""

from wmdelays import bernoulli, store
from wmdelays.motifs import find_motifs
from wmdelays.plots import motif_figure

memory = store(bernoulli(n_neurons=100, n_steps=200, n_patterns=3, rate=0.008))
motifs = find_motifs(memory)
figure = motif_figure(memory, motifs[0], spike=60)
