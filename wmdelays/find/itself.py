"""The stored stretch itself: where the raster is the recording that a template was cut from.

It matches in full, whatever chance makes, and says nothing of whether the pattern occurs again. A
copy of the recording, in another file or with rounded times, is the same; another recording, or a
recall, has other spikes at that time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.find.occurrences import Coverage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.find.templates import Template
    from wmdelays.raster import Raster

# The raster holds the stretch if so much of the template's spikes are there, a step away at most:
# rounding moves spikes by a step, and a copy may lack a few.
_SAME, _CLOSE = 0.9, 1
# At other speeds than 1 a template can be the stretch itself, fitted a little badly. Beyond this
# factor it is something else, such as a replay within the stretch.
_SPEED = 1.25


class Itself:
    """Where in a raster the stretches are from which templates were cut.

    Parameters
    ----------
    templates : sequence of Template
    raster : Raster
    step : float
        In seconds.
    start : float
        When the raster begins in the recording, in seconds.
    jitter : int
        In steps.
    """

    def __init__(self, templates: Sequence[Template], raster: Raster, step, start, jitter):
        self._templates, self._step, self._jitter = templates, step, jitter
        self._onsets = {}
        sources = {one.name: one for one in templates if one.stored_at is not None}
        coverage = Coverage(raster, step, _CLOSE) if sources else None
        for name, one in sources.items():
            neurons, steps = one.at_speed(1 / one.speed).on_grid(step)
            onset = round((one.stored_at - start) / step)
            known = neurons < coverage.n_neurons
            deviations = coverage.deviations(neurons[known], steps[known], onset)
            if np.count_nonzero(np.abs(deviations) <= _CLOSE) >= _SAME * len(neurons):
                self._onsets[name] = onset, int(steps[-1])

    def onset(self, template: int) -> int | None:
        """The step at which a template was stored; None if it is not in the raster or not at speed 1."""
        one = self._templates[template]
        if one.name not in self._onsets or abs(one.speed - 1) > 1e-9:
            return None
        return self._onsets[one.name][0]

    def is_itself(self, template: int, onset: int) -> bool:
        """Whether a template that begins at a step is the stored stretch.

        Parameters
        ----------
        template : int
        onset : int
        """
        one = self._templates[template]
        if one.name not in self._onsets or not 1 / _SPEED <= one.speed <= _SPEED:
            return False
        stored, span = self._onsets[one.name]
        if abs(one.speed - 1) <= 1e-9:
            return abs(onset - stored) <= self._jitter + _CLOSE
        length = one.span / self._step
        common = min(onset + length, stored + span) - max(onset, stored)
        return common >= max(length, span) / 2

    def covers(self, name: str, low: float, high: float) -> bool:
        """Whether the stretch that a template was cut from overlaps steps `low` to `high`."""
        if name not in self._onsets:
            return False
        stored, span = self._onsets[name]
        return low <= stored + span and high >= stored
