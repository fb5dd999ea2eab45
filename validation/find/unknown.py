"""Patterns that recur in a raster more often than by chance, by SPADE, CAD or PPSeq."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.find.surrogates import (
    check_surrogates,
    need_elephant,
    room_said,
    surrogate_versions,
)
from wmdelays.quantities import checked_seed
from wmdelays.raster import Raster
from wmdelays.validation.find.stored import DITHER, count_text, raster_sizes, whole_steps

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class _Usual:
    """What a method takes by default: step in seconds, steps of a window, surrogates, units."""

    step: float
    window: int
    draws: int
    min_spikes: int


# A run of CAD takes as long as dozens of SPADE, and it needs bins in which units coincide by chance.
# PPSeq's sequences may be long, and it looks at all lags at once.
_USUAL = {
    "spade": _Usual(0.005, 10, 100, 3),
    "cad": _Usual(0.025, 10, 5, 2),
    "ppseq": _Usual(0.005, 30, 19, 3),
}


@dataclass(frozen=True, eq=False)
class FoundUnknown:
    """Unknown patterns in a raster.

    Attributes
    ----------
    raster, start, settings, timing
        See `Found`.
    unknown : Unknown
        See `wmdelays.find`.
    """

    raster: Raster
    start: float
    unknown: object
    settings: dict
    timing: dict

    @property
    def tested(self):
        """What was tested, in one sentence."""
        one = self.unknown.tested
        size = f"{self.raster.duration:.6g} s with {len(self.raster)} spikes of"
        size = f"{size} {self.raster.n_neurons} units, in bins of {one['bin_s'] * 1e3:.4g} ms"
        longest = f"up to {one['longest_s'] * 1e3:.4g} ms long"
        wider = f" Longer ones need a larger {parameter('window')}."
        recur = f"at least {one['min_occurrences']} times"
        n = len(self.unknown.chance)
        short = room_said(self.raster, self.settings["dither_s"])
        if one["method"] == "SPADE":
            short = self._not_looked_for + short
            return (
                f"SPADE looked for patterns {longest}, of at least {one['min_spikes']} units, that"
                f" occur {recur}, in {size}: {one['candidates']} were tested against {n}"
                f" surrogates.{self._none_tested}{wider}{short}"
            )
        if one["method"] == "PPSeq":
            return (
                f"PPSeq looked for sequences {longest} of at least {one['min_spikes']} units that occur"
                f" {recur}, in {size}, one type after another: a type has to tell more than the best"
                f" of {n} surrogates.{self._most_types}{wider}{short}"
            )
        return (
            f"CAD looked for assemblies of at least {one['min_spikes']} units with lags {longest}"
            f" that occur {recur}, in {size}: {one['pairs_with_enough_spikes']} of {one['pairs']}"
            f" pairs have enough spikes to be tested. The same in {n}"
            f" surrogates.{self._none_tested}{wider}{short}"
        )

    @property
    def _none_tested(self):
        """Why nothing was tested, where nothing was."""
        one = self.unknown.tested
        least = f"{one['min_spikes']} units"
        if one["method"] == "CAD":
            if one["pairs_with_enough_spikes"]:
                return ""
            return (
                " No two units have spikes enough to coincide by chance more than 5 times, and not nearly"
                f" always: a longer {parameter('step')} or a longer recording gives more chances."
            )
        if one["candidates"]:
            return ""
        return (
            f" None, as no {least} fire with the same lags {one['min_occurrences']} times: a longer"
            f" {parameter('step')} lets lags differ by more, a larger {parameter('window')} be longer."
        )

    @property
    def _not_looked_for(self):
        one = self.unknown.tested
        least = one["min_occurrences"]
        if least <= 2:
            return ""
        rarer = "twice" if least == 3 else f"2 to {least - 1} times"
        said = f" Patterns that occur {rarer} were not looked for"
        if one["min_occurrences_given"]:
            return f"{said} ({parameter('min_occurrences')})."
        return (
            f"{said}, as there are too many of them: {parameter(f'min_occurrences={round(0.7 * least)}')} looks"
            f" for rarer ones and takes longer, with more {parameter('min_spikes')} less so."
        )

    @property
    def _most_types(self):
        one = self.unknown.tested
        if len(one["scores"]) < one["most_types"]:
            return ""
        return f" More than {one['most_types']} types were not looked for."

    @property
    def summary(self):
        """The outcome in one sentence."""
        n, chance = len(self.unknown.patterns), self.unknown.chance
        return (
            f"{n} significant {'pattern' if n == 1 else 'patterns'}; a surrogate has"
            f" {np.mean(chance):.3g} on average, {max(chance)} at most."
        )

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        return {
            "raster": raster_sizes(self.raster, self.start),
            "patterns": [
                {
                    "neurons": list(one.neurons),
                    "units": [self.raster.unit(n) for n in one.neurons],
                    "lags_s": list(one.lags),
                    "times_s": [self.start + when for when in one.times],
                    "n_occurrences": len(one.times),
                    "p_value": one.p_value,
                    **({} if one.widths is None else {"widths_s": list(one.widths)}),
                }
                for one in self.unknown.patterns
            ],
            "by_chance": {
                "patterns": float(np.mean(self.unknown.chance)),
                "surrogates": self.unknown.chance,
            },
            "candidates": [
                {"n_spikes": size, "found": found, "by_chance": chance}
                for size, found, chance in self.unknown.candidates
            ],
            "tested": self.unknown.tested,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": surrogate_versions(),
        }


def usual_step(method):
    """The step in seconds that a method of finding unknown patterns takes by default.

    Raises
    ------
    InputError
        If there is no such method.
    """
    return _usual(method).step


def _usual(method):
    if method not in _USUAL:
        raise InputError(f"unknown patterns are found by spade, cad or ppseq, not {method!r}")
    return _USUAL[method]


def find_unknown_patterns(
    raster: Raster,
    method: str = "spade",
    *,
    step: float | None = None,
    window: float | None = None,
    min_spikes: int | None = None,
    min_occurrences: int | None = None,
    alpha: float = 0.05,
    surrogates: str = "stretch_shifting",
    dither: float | None = None,
    draws: int | None = None,
    seed: int = 0,
    start: float = 0.0,
    max_time: float | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> FoundUnknown:
    """Patterns that recur in a raster more often than by chance.

    Parameters
    ----------
    raster : Raster
    method : {"spade", "cad", "ppseq"}
    step : float, optional
        Length of a bin in seconds; by default 5 ms for SPADE and PPSeq, 25 ms for CAD.
    window : float, optional
        Longest pattern in seconds, from its first spike to its last; by default ten steps, for PPSeq
        thirty.
    min_spikes, min_occurrences, alpha
        See `wmdelays.find`; by default at least 3 units for SPADE and PPSeq,
        2 for CAD.
    surrogates, seed, start, progress
        See `wmdelays.find_patterns`.
    dither : float, optional
        In seconds; by default ten steps.
    max_time : float, optional
        Seconds that the method may take, raster and surrogates together.
    draws : int, optional
        By default 100 for SPADE, 5 for CAD and 19 for PPSeq. SPADE and PPSeq need so
        many that ``1 / (1 + n)`` is alpha at most.

    Returns
    -------
    FoundUnknown

    Raises
    ------
    InputError
        If a setting makes no sense or elephant is missing; before any work starts.
    """
    usual = _usual(method)
    step = usual.step if step is None else step
    draws = usual.draws if draws is None else draws
    min_spikes = usual.min_spikes if min_spikes is None else min_spikes
    if not step > 0:
        raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
    n_steps = usual.window if window is None else whole_steps("window", window, step, 1)
    dither = DITHER * step if dither is None else dither
    seed = checked_seed(seed)
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha:g}; it has to be between 0 and 1")
    check_surrogates(surrogates, dither, draws)
    if method != "ppseq":
        need_elephant("SPADE and CAD need")
    if method != "cad" and (1 + draws) * alpha < 1 - 1e-9:
        raise InputError(
            f"alpha of {alpha:g} takes at least {math.ceil(1 / alpha - 1 - 1e-9)} surrogates"
            f" ({parameter('draws')}), not {draws}"
        )
    if not len(raster):
        raise InputError("the raster holds no spikes")
    from wmdelays.find.unknown.cad_search import cad
    from wmdelays.find.unknown.ppseq_search import ppseq
    from wmdelays.find.unknown.spade_search import spade

    began = time.perf_counter()
    made = {"spade": spade, "cad": cad, "ppseq": ppseq}[method](
        raster.meant(step),
        step=step,
        # They count the bins of the first and of the last spike too.
        window=n_steps + 1,
        draws=draws,
        surrogates=surrogates,
        dither=dither,
        seed=seed,
        min_spikes=min_spikes,
        min_occurrences=min_occurrences,
        alpha=alpha,
        progress=progress,
        max_time=max_time,
    )
    settings = {
        "unknown": method,
        "bin_s": step,
        "window_s": n_steps * step,
        "min_spikes": min_spikes,
        "min_occurrences": made.tested["min_occurrences"],
        "alpha": alpha,
        "surrogates": surrogates,
        "dither_s": dither,
        "n_surrogates": draws,
        "seed": seed,
    }
    return FoundUnknown(raster, start, made, settings, {method: time.perf_counter() - began})


def pattern_columns(found):
    """Titles of the table of unknown patterns and what stands beneath."""
    shown = found.unknown.patterns
    return {
        "units, lag (ms)": [
            ", ".join(
                f"{found.raster.unit(n)} +{lag}" for n, lag in zip(one.neurons, _lags_said(one))
            )
            for one in shown
        ],
        "occurrences": [str(len(one.times)) for one in shown],
        "first at (s)": [f"{found.start + one.times[0]:.3f}" for one in shown],
        "p": [f"{one.p_value:.2g}" for one in shown],
    }


def _lags_said(one):
    """The lags in ms, where they are known with how much they vary."""
    lags = [f"{lag * 1e3:.4g}" for lag in one.lags]
    if one.widths is None:
        return lags
    return [f"{lag}±{width * 1e3:.2g}" for lag, width in zip(lags, one.widths)]


def candidate_columns(found):
    """Titles of the table of SPADE's candidates and what stands beneath."""
    return {
        "spikes": [str(size) for size, _, _ in found.unknown.candidates],
        "recurring patterns": [str(n) for _, n, _ in found.unknown.candidates],
        "by chance": [count_text(n) for _, _, n in found.unknown.candidates],
    }
