"""
Izhikevich's network
====================

The network of 1000 neurons in which polychronous groups were first described, in Brian2: its first two seconds,
before its synapses have learned. All neurons fire together a few times a second.
"""

import tempfile

from wmdelays import simulate_polychronization
from wmdelays.plots import last_seconds_figure

with tempfile.TemporaryDirectory() as folder:
    run = simulate_polychronization(f"{folder}/net.h5", seconds=2, device="numpy")
figure = last_seconds_figure(run)
