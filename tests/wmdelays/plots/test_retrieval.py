"""The figure of patterns cued one after another."""

import numpy as np
from matplotlib.figure import Figure

from wmdelays.plots.retrieval import _traces


def test_a_pattern_that_is_there_to_the_end_does_not_fall_before_it():
    axes = Figure().add_subplot()
    n_windows, width, step = 900, 100, 0.002
    _traces(axes, np.ones((1, n_windows)), width, step)
    (drawn,) = axes.collections
    corners = drawn.get_paths()[0].vertices
    top = corners[corners[:, 1] > 0.5]
    assert top[:, 0].min() == 0 and np.isclose(top[:, 0].max(), (n_windows - 1 + width) * step)
