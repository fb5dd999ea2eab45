"""Where stored patterns and groups occur in a raster, and how often they do by chance."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.find.chance import check_settings, search
from wmdelays.find.found import Findings
from wmdelays.find.surrogates import (
    check_surrogates,
    room_said,
    surrogate_rasters,
    surrogate_versions,
)
from wmdelays.find.warping import warped
from wmdelays.quantities import checked_seed
from wmdelays.raster import Raster
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.find.templates import Template

# By default spikes move so many steps, or so many times the jitter: far enough that little of a
# pattern is left, and not so far that rates change.
DITHER = 10
# The least part of the templates' spikes whose units have to be in the raster.
_FEWEST_THERE = 0.05
# An occurrence is sure enough for a yes where its p is no more.
_SURE = 0.05


@dataclass(frozen=True, eq=False)
class Found:
    """Stored patterns or groups in a raster.

    Attributes
    ----------
    raster : Raster
    start : float
        When the raster begins in the recording, in seconds.
    findings : Findings
    settings : dict
    timing : dict
        Seconds spent in each part.
    n_silent : int
        Units of the templates that do not spike in the raster.
    """

    raster: Raster
    start: float
    findings: Findings
    settings: dict
    timing: dict
    n_silent: int = 0

    def time(self, onset):
        """The time in the recording, in seconds, of a step of the search."""
        return self.start + onset * self.findings.step

    @property
    def tested(self):
        """What was tested, in one sentence."""
        made = self.findings
        left = [f"{n} {why}" for why, n in Counter(made.untested.values()).items()]
        without = f" Not tested: {', '.join(left)}." if left else ""
        if self.n_silent:
            without += f" {self.n_silent} of their units {_spike_not(self.n_silent)} in the raster."
        without += room_said(self.raster, self.settings["dither_s"])
        warp, speeds = self.settings["warp"], ""
        if warp:
            speeds = f", each of a source and one of its speeds from {warp[0]:g} to {warp[1]:g},"
        return (
            f"{len(made.tested)} of {len(made.templates)} templates{speeds} were looked for in"
            f" {self.raster.duration:.6g} s with {len(self.raster)} spikes of"
            f" {self.raster.n_neurons} units, and in {len(made.chance_score)} surrogates.{without}"
        )

    @property
    def summary(self):
        """The answer, in one line: does it occur, elsewhere than where it was stored, how sure."""
        made = self.findings
        n, asked = len(made.occurrences), self.settings["min_completeness"]
        which = "above chance" if asked is None else f"with a completeness of at least {asked:g}"
        counted = self.settings["with_itself"]
        elsewhere = " elsewhere" if made.itself and not counted else ""
        again = [one for one in made.occurrences if not one.itself]
        sure = sum(one.p_value <= _SURE for one in again)
        if n == 0:
            p = (1 + np.count_nonzero(made.chance_score >= made.best_score)) / (
                1 + len(made.chance_score)
            )
            how_sure = f" The best match has p = {p:.2g}."
        elif sure:
            lowest = min(one.p_value for one in again)
            of = "" if sure == n else f", {sure} of them with p at most {_SURE:g}"
            how_sure = f" The lowest p is {lowest:.2g}{of}, for all templates and times together."
        else:
            how_sure = f" None{' but the stored stretch' * counted} has p of {_SURE:g} or less."
        return (
            f"{'Yes' if sure else 'No'}: {n} {'occurrence' if n == 1 else 'occurrences'}"
            f" {which}{elsewhere}; a surrogate has {made.n_chance:.3g} on average.{how_sure}"
            f"{self._itself_said}"
        )

    @property
    def _itself_said(self):
        n = len(self.findings.itself)
        if not n:
            return ""
        which = "its template is" if n == 1 else f"{n} templates are"
        how = f"not counted ({parameter('with_itself=True')})"
        if self.settings["with_itself"]:
            how = "counted too"
        return f" The stored stretch itself is in the raster and {how}: {which} where stored."

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        made = self.findings
        by_number = {one.number: one for one in made.tested}
        return {
            "raster": raster_sizes(self.raster, self.start),
            "occurrences": [self._occurrence_dict(one) for one in made.occurrences],
            "itself": [self._occurrence_dict(one) for one in made.itself],
            "by_chance": {
                "occurrences": made.n_chance,
                "least_score": made.least_score,
                "best_score": made.best_score,
                "surrogates_best_score": made.chance_score.tolist(),
            },
            "levels": [
                {
                    "completeness": one.completeness,
                    "found": one.n_found,
                    "by_chance": one.n_chance,
                }
                for one in made.levels
            ],
            "templates": [
                _template_dict(template, by_number.get(k), made.untested.get(k))
                for k, template in enumerate(made.templates)
            ],
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": surrogate_versions(),
        }

    def _occurrence_dict(self, one):
        template = self.findings.templates[one.template]
        return {
            "template": one.template,
            "name": template.name,
            "speed": template.speed,
            "fitted_speed": template.speed / one.stretch,
            "time_s": self.time(one.onset),
            "completeness": one.completeness,
            "n_matched": one.n_matched,
            "deviation_s": one.deviation * self.findings.step,
            "score": one.score,
            "p_value": one.p_value,
            "itself": one.itself,
        }


def raster_sizes(raster, start):
    """What a raster is like, as plain JSON values."""
    return {
        "n_units": raster.n_neurons,
        "n_spikes": len(raster),
        "start_s": start,
        "duration_s": raster.duration,
    }


def _template_dict(template, tested, why):
    values = {
        "name": template.name,
        "speed": template.speed,
        "n_spikes": len(template) if tested is None else len(tested.steps),
        "span_s": template.span,
        "not_tested": why,
    }
    if tested is not None:
        values |= {
            "best_matched": tested.best,
            "best_matched_by_chance": float(tested.chance.mean()),
            "matched_needed": tested.least_matched,
        }
    return values


def find_patterns(
    templates: Sequence[Template],
    raster: Raster,
    *,
    step: float,
    jitter: float | None = None,
    min_spikes: int = 5,
    min_completeness: float | None = None,
    expected_false: float = 0.05,
    gap: float | None = None,
    surrogates: str = "stretch_shifting",
    dither: float | None = None,
    draws: int = 100,
    seed: int = 0,
    start: float | None = None,
    with_itself: bool = False,
    warp: tuple[float, float] | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Found:
    """Where templates occur in a raster, and how often they do by chance.

    Parameters
    ----------
    templates : sequence of Template
        From `wmdelays.find.pattern_templates` or `wmdelays.find.group_templates`.
    raster : Raster
    step : float
        In seconds; spikes are compared on this grid.
    jitter : float, optional
        How far a spike may be from its time in the template, in seconds; whole steps. By
        default one step.
    min_spikes, min_completeness, expected_false
        See `wmdelays.find.chance.search`.
    gap : float, optional
        Least time in seconds between two occurrences of a template; by default its span.
    surrogates : str
        How they are made, one of `wmdelays.find.surrogates.METHODS`.
    dither : float, optional
        In seconds; by default ten times the jitter.
    draws : int
        Number of surrogates.
    seed : int
    start : float, optional
        When the raster begins in the recording, in seconds; by default the raster's own `start`.
    with_itself : bool
        Whether the stretch that was stored counts as an occurrence, where the raster is the
        recording that it was cut from, or a copy of it.
    warp : (float, float), optional
        The lowest and the highest of a range of speeds in which the best is fitted, see
        `wmdelays.find.warping`.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    Found

    Raises
    ------
    InputError
        If a setting makes no sense, nothing can be looked for, or elephant is missing; before any
        work starts.

    Examples
    --------
    The stored patterns of a memory in a recording, in steps of the memory::

        templates = wmdelays.find.pattern_templates(memory, window=0.5)
        found = wmdelays.find_patterns(templates, raster, step=memory.step)
        print(found.summary)
    """
    seed = checked_seed(seed)
    start = raster.start if start is None else start
    jitter_steps = 1 if jitter is None else whole_steps("jitter", jitter, step, 0)
    gap_steps = None if gap is None else whole_steps("gap", gap, step, 1)
    check_settings(
        step, jitter_steps, draws, min_spikes, min_completeness, expected_false, gap_steps
    )
    dither = DITHER * max(jitter_steps, 1) * step if dither is None else dither
    check_surrogates(surrogates, dither, draws)
    if warp is not None:
        templates = warped(templates, *warp, step, jitter_steps)
    began = time.perf_counter()
    part, silent = _of_units(raster, templates)
    part = part.meant(step)
    made = search(
        templates,
        part,
        surrogate_rasters(part, draws, method=surrogates, dither=dither, seed=seed),
        draws,
        step=step,
        jitter=jitter_steps,
        min_spikes=min_spikes,
        min_completeness=min_completeness,
        expected_false=expected_false,
        gap=gap_steps,
        start=start,
        with_itself=with_itself,
        progress=progress,
    )
    settings = {
        "bin_s": step,
        "jitter_s": jitter_steps * step,
        "min_spikes": min_spikes,
        "min_completeness": min_completeness,
        "expected_false": expected_false if min_completeness is None else None,
        "gap_s": gap,
        "with_itself": with_itself,
        "warp": None if warp is None else list(warp),
        "surrogates": surrogates,
        "dither_s": dither,
        "n_surrogates": draws,
        "seed": seed,
    }
    timing = {"search": time.perf_counter() - began}
    return Found(raster, start, made, settings, timing, len(silent))


def _of_units(raster, templates):
    """The raster with the spikes of the templates' units alone: only they are looked at.

    Raises an InputError where the raster has nearly none of the templates' spikes to offer: then its
    units are others.
    """
    units, n_spikes = np.unique(np.concatenate([t.neurons for t in templates]), return_counts=True)
    there = np.isin(units, raster.neurons)
    if n_spikes[there].sum() < _FEWEST_THERE * n_spikes.sum():
        n = np.count_nonzero(there)
        which, whose = f"numbers {units[0]} to {units[-1]}", ""
        if raster.units is None and len(raster):
            low, high = raster.neurons.min(), raster.neurons.max()
            whose = f", whose units have the numbers {low} to {high}"
        elif raster.units is not None:
            which = ", ".join(printable(raster.unit(k)) for k in units[:3])
            which = f"such as {which}" if len(units) > 3 else which
        raise InputError(
            f"of the {len(units)} units of the templates ({which}), {n or 'none'} {_spike(n)} in the"
            f" raster{whose}: the units have to be the same"
        )
    chosen = np.isin(raster.neurons, units)
    if chosen.all():
        return raster, units[~there]
    neurons, times = raster.neurons[chosen], raster.times[chosen]
    kept = replace(raster, neurons=neurons, times=times, clock=raster.recording)
    return kept, units[~there]


def _spike(n):
    return "spikes" if n <= 1 else "spike"


def _spike_not(n):
    return "does not spike" if n == 1 else "do not spike"


def whole_steps(name, value, step, least):
    """A time in seconds as a whole number of steps, at least so many."""
    steps = value / step
    if not abs(steps - round(steps)) < 1e-3 or round(steps) < least:
        raise InputError(
            f"{name} is {value * 1e3:g} ms; it has to be a whole number of steps of"
            f" {step * 1e3:.6g} ms ({parameter('step')}), {least} at least"
        )
    return round(steps)


def occurrence_columns(found):
    """Titles of the table of occurrences and what stands beneath."""
    made = found.findings
    sizes = {one.number: len(one.steps) for one in made.tested}
    shown, warp = made.occurrences, found.settings["warp"]
    speeds = [f"{made.templates[one.template].speed / one.stretch:.3g}" for one in shown]
    return {
        "template": [
            (made.templates[one.template].name if warp else made.templates[one.template].label)
            + " (itself)" * one.itself
            for one in shown
        ],
        **({"speed": speeds} if warp else {}),
        "at (s)": [f"{found.time(one.onset):.3f}" for one in shown],
        "matched": [f"{one.n_matched} of {sizes[one.template]}" for one in shown],
        "completeness": [f"{one.completeness:.3f}" for one in shown],
        "deviation (ms)": [f"{one.deviation * made.step * 1e3:.3g}" for one in shown],
        "score": [f"{one.score:.1f}" for one in shown],
        "p": [f"{one.p_value:.3g}" for one in shown],
    }


def level_columns(found):
    """Titles of the table of levels and what stands beneath."""
    levels = found.findings.levels
    return {
        "completeness": [f"at least {one.completeness:.1f}" for one in levels],
        "found": [str(one.n_found) for one in levels],
        "by chance": [count_text(one.n_chance) for one in levels],
    }


def count_text(mean):
    """A mean number of things as a table shows it."""
    return f"{mean:.3g}" if mean < 100 else f"{mean:.0f}"
