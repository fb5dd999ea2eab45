"""
A song found in its recording
=============================

Twenty units repeat a sequence of two seconds, a bird's song say, at irregular times among spikes of their own. One
rendition is cut out as a template, and looked for in all of the recording, beyond what chance makes: surrogates, in
which each unit keeps its rate and loses its timing to the others, say what that is.

For a recording of your own, ``read_raster("cells.csv")`` takes the place of the first part.
"""

import numpy as np

from wmdelays import Raster, find_patterns
from wmdelays.find import Template
from wmdelays.plots import occurrences_figure

rng = np.random.default_rng(3)
starts = [3.0, 8.5, 11.2, 17.9, 24.0]
unit, within = rng.integers(0, 20, 60), rng.uniform(0, 2, 60)
sung = [start + within + rng.normal(0, 0.01, 60) for start in starts]
alone = rng.uniform(0, 30, 600)
neurons = np.concatenate([np.tile(unit, 5), rng.integers(0, 20, 600)])
recording = Raster(neurons, np.concatenate([*sung, alone]), n_neurons=20, duration=30.0)

template = Template("a rendition", unit, within)
found = find_patterns([template], recording, step=0.01, jitter=0.03, draws=50)
figure = occurrences_figure(found.findings, recording)
