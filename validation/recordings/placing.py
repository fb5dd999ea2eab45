"""Patterns and recalls as one recording, in which each is a trial."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.files.recording import begins_at
from wmdelays.files.trials import Trials
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.memory import Memory

# Between two patterns that were not recorded one after another, at least so many seconds.
_APART = 0.1


def placed(
    memory: Memory, rasters: Sequence[Raster], numbers: Sequence[int]
) -> tuple[Raster, Trials]:
    """Rasters of patterns of a memory in one recording.

    Parameters
    ----------
    memory : Memory
    rasters : sequence of Raster
        The patterns, or recalls of them.
    numbers : sequence of int
        Which patterns they are.

    Returns
    -------
    raster : Raster
        Each at the time at which its pattern was recorded, if that is known of all and none overlap;
        else one after another, with silence for as long as the delays reach between them.
    trials : Trials
        When each begins and ends; with the number of its pattern.
    """
    starts = _recorded(memory, numbers, memory.n_steps * memory.step)
    if starts is None:
        gap = max(_APART, math.ceil(10 * memory.n_delays * memory.step) / 10)
        # A recall may be longer than its pattern.
        longest = max(raster.duration for raster in rasters) + gap
        starts = longest * np.arange(len(rasters))
    stops = starts + [raster.duration for raster in rasters]
    order = np.argsort(starts, kind="stable")
    raster = Raster(
        np.concatenate([one.neurons for one in rasters]),
        np.concatenate([one.times + start for one, start in zip(rasters, starts)]),
        rasters[0].n_neurons,
        float(stops.max()),
        units=memory.units,
        n_latent=rasters[0].n_latent,
    )
    names = [_name(memory, numbers[k]) for k in order]
    columns = {"pattern": [numbers[k] for k in order]}
    return raster, Trials(starts[order], stops[order], names, columns)


def _recorded(memory, numbers, length):
    """When each of these patterns was recorded; None if that is not known, or some overlap."""
    found = [begins_at(memory, k) for k in numbers]
    if None in found:
        return None
    starts = np.array(found)
    apart = np.diff(np.sort(starts))
    return starts if len(starts) < 2 or apart.min() >= length * (1 - 1e-9) else None


def _name(memory, pattern):
    for one in memory.made.get("binning") or ():
        if one["pattern"] == pattern and "name" in one:
            return one["name"]
    return str(pattern)
