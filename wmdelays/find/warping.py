"""Time-warped templates: the speed at which a template is matched is fitted.

All speeds of a range are tried, so close to one another that no spike is off by more than half of the
jitter for want of a speed between; of those that overlap the best counts, in the raster as in its
surrogates, so that the freedom to choose is paid for (scale factors for templates: K. Louie and
M. A. Wilson, Temporally structured replay of awake hippocampal ensemble activity during rapid eye
movement sleep, Neuron 29:145, 2001; D. R. Euston, M. Tatsuno and B. L. McNaughton, Fast-forward
playback of recent memory sequences in prefrontal cortex during sleep, Science 318:1147, 2007).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.find.templates import Template

# More would take too long, as each is looked for in each surrogate.
_MOST_SPEEDS = 400


def warped(
    templates: Sequence[Template], low: float, high: float, step: float, jitter: int
) -> list[Template]:
    """Templates at all speeds of a range.

    Parameters
    ----------
    templates : sequence of Template
    low, high : float
        The range of speeds; below 0 they run backwards.
    step : float
        In seconds.
    jitter : int
        The most steps between a spike and the time at which it is expected.

    Returns
    -------
    list of Template
        The speed 1 is among those of a range that holds it.

    Raises
    ------
    InputError
        If the range is none, or so wide that it takes more than 400 speeds.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high and low * high > 0):
        raise InputError(
            f"a range of speeds goes from a lower to a higher one of the same sign, not from {low:g}"
            f" to {high:g}"
        )
    made = []
    for one in templates:
        slow, fast = one.span / min(abs(low), abs(high)), one.span / max(abs(low), abs(high))
        n = 1 + math.ceil((slow - fast) / (max(jitter, 1) * step) - 1e-9)
        if n > _MOST_SPEEDS:
            raise InputError(
                f"{one.name} lasts {one.span:.3g} s, and fitting speeds from {low:g} to {high:g} takes"
                f" {n} of them, {_MOST_SPEEDS} at most: take less {parameter('warp')}, more"
                f" {parameter('jitter')}, a longer {parameter('step')}, or pieces ({parameter('window')})"
            )
        spans = np.linspace(fast, slow, max(n, 2))
        speeds = np.copysign(one.span / spans, low) if one.span else np.array([low, high])
        if low <= 1 <= high:
            # The one next to 1 gives way to it.
            speeds[np.argmin(np.abs(np.log(speeds)))] = 1.0
        made += [one.at_speed(float(speed)) for speed in speeds]
    return made


def fitted_stretch(steps: np.ndarray, deviations: np.ndarray) -> float:
    """How much longer than its template an occurrence is, by least squares over its matched spikes.

    Parameters
    ----------
    steps : int array, shape (n_matched,)
        When the template has them.
    deviations : int array, shape (n_matched,)
        How much later the raster has them, in steps.

    Returns
    -------
    float
        1 where all of them are at one time.
    """
    around = steps - np.mean(steps) if len(steps) else np.zeros(0)
    size = float(np.sum(around**2))
    return 1.0 + float(np.sum(around * deviations)) / size if size else 1.0
