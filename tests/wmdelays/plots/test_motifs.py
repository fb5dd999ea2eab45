"""Pictures of motifs."""

from types import SimpleNamespace

import numpy as np
import pytest

from wmdelays.plots.motifs import motif_sizes_figure


def motifs(pattern, sizes, contexts):
    size, context = np.array(sizes), np.array(contexts)
    return SimpleNamespace(
        pattern=pattern, size=size, context=context, held=np.ones(len(size), dtype=bool)
    )


@pytest.mark.parametrize("n_patterns", [1, 3])
def test_a_few_large_motifs_and_long_contexts_are_inside_the_picture(n_patterns):
    sizes, contexts = [*[5] * 500, 28], [*[40] * 500, 46]
    many = [motifs(k, sizes, contexts) for k in range(n_patterns)]
    figure = motif_sizes_figure(many, step=1e-3, n_delays=41)
    for axes, most in zip(figure.axes[:2], (28, 46)):
        assert axes.get_xlim()[0] <= 0 and axes.get_xlim()[1] >= most + 0.5
        assert sum(bar.get_height() for bar in axes.patches) == 501 * n_patterns
