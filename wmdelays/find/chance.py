"""Which occurrences of templates are more than chance makes, judged by surrogates of the raster.

A template with many spikes of busy neurons is matched well by chance, another one badly. To judge
all with one measure, each is compared with its own best matches in the surrogates:

    score = (m - mean(b)) / sqrt(var(b) + 1/4)

for m matched spikes, where b are the most matched spikes of this template anywhere in each
surrogate, and 1/4 stands for half a spike, since b are whole numbers. A surrogate is scored
against the other surrogates. The highest score of all templates in each surrogate is what chance
reaches (a maximum statistic; P. H. Westfall and S. S. Young, Resampling-Based Multiple Testing,
1993): p-values hold for all templates and all times together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.find.found import Findings, Level, Occurrence, Tested
from wmdelays.find.itself import Itself
from wmdelays.find.occurrences import Coverage, peaks, tops
from wmdelays.find.warping import fitted_stretch
from wmdelays.quantities import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wmdelays.find.templates import Template
    from wmdelays.raster import Raster


# Peaks are counted from a height of which a surrogate has at most so many: of one template, and
# of all together where there are many.
_MOST_PEAKS, _MOST_TOGETHER, _FEWEST = 200, 20_000, 5
# Fewer surrogates say nothing about the spread of what chance makes.
_LEAST_DRAWS = 10
# A template of which less is of units that spike is not looked for: no occurrence would be one.
_LEAST_THERE = 0.25
_LEVELS = np.arange(1, 11) / 10


def check_settings(
    step, jitter, draws, min_spikes=5, min_completeness=None, expected_false=0.05, gap=None
):
    """Raise an InputError where a setting of `search` makes no sense."""
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
    whole("jitter", jitter, 0)
    whole("draws", draws, _LEAST_DRAWS)
    whole("min-spikes", min_spikes, 2)
    if gap is not None:
        whole("gap", gap, 1)
    if min_completeness is not None and not 0 < min_completeness <= 1:
        raise InputError(
            f"min-completeness is {min_completeness}; it has to be above 0 and at most 1"
        )
    if min_completeness is None and not 0 < expected_false < math.inf:
        raise InputError(f"expected-false is {expected_false}; it has to be above 0")
    if min_completeness is None and expected_false * draws < 1 - 1e-9:
        raise InputError(
            f"an expected number by chance of {expected_false:g} takes at least"
            f" {math.ceil(1 / expected_false - 1e-9)} surrogates"
            f" ({parameter('draws')}), not {draws}"
        )


def search(
    templates: Sequence[Template],
    raster: Raster,
    surrogates: Iterable[Raster],
    draws: int,
    *,
    step: float,
    jitter: int = 1,
    min_spikes: int = 5,
    min_completeness: float | None = None,
    expected_false: float = 0.05,
    gap: int | None = None,
    start: float = 0.0,
    with_itself: bool = False,
    progress: Callable[[str, float | None], None] | None = None,
) -> Findings:
    """Look for templates in a raster and in its surrogates.

    Parameters
    ----------
    templates : sequence of Template
        Of those with the same name and different speeds the one with the highest score counts
        where they overlap.
    raster : Raster
    surrogates : iterable of Raster
        As many as `draws`.
    draws : int
        At least 10.
    step : float
        Length in seconds of the steps on which all is compared.
    jitter : int
        The most steps between a spike and the time at which it is expected.
    min_spikes : int
        A template with fewer spikes is not looked for.
    min_completeness : float, optional
        Matched part of the template from which on an occurrence is listed. By default those are
        listed whose score is above that of nearly all in the surrogates:
    expected_false : float
        So many occurrences, of all templates together, chance makes in the raster on average at
        most.
    gap : int, optional
        Least number of steps between two occurrences of a template; by default its span.
    start : float
        When the raster begins in the recording, in seconds.
    with_itself : bool
        Whether the stretch from which a template was cut counts, see `wmdelays.find.itself`.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    Findings

    Raises
    ------
    InputError
        If a setting makes no sense or no template can be looked for.
    """
    check_settings(step, jitter, draws, min_spikes, min_completeness, expected_false, gap)
    if not len(templates):
        raise InputError("there are no templates to look for")
    say = progress or (lambda stage, part: None)
    say("looking for templates", 0.0)
    coverage = Coverage(raster, step, jitter)
    grids, untested = _grids(templates, coverage, step, min_spikes)
    if not grids:
        reasons = list(untested.values())
        why = ", ".join(f"{reasons.count(one)} {one}" for one in dict.fromkeys(reasons))
        raise InputError(f"there is nothing to look for: templates {why}")
    gaps = {k: gap or max(1, int(steps[-1])) for k, (_, steps) in grids.items()}
    least, best, chance, in_surrogates = None, {}, [], []
    for number, surrogate in enumerate(surrogates):
        say(f"surrogate {number + 1} of {draws}", number / draws)
        other = Coverage(surrogate, step, jitter)
        if least is None:
            least = _least_counted(grids, other, min_completeness)
        most, found = _peaks(grids, gaps, least, other)
        chance.append(most)
        in_surrogates.append(found)
    itself = Itself(templates, raster, step, start, jitter)
    best, found = _peaks(grids, gaps, least, coverage, None if with_itself else itself)
    chance = np.array(chance)
    mean, spread = chance.mean(axis=0), _spread(chance.var(axis=0))
    families = _families(templates, grids)
    found = _scored(found, mean, spread, families)
    # Each surrogate is scored against the others, as the raster is scored against all.
    scales = []
    for k in range(len(chance)):
        others = np.delete(chance, k, axis=0)
        scales.append((others.mean(axis=0), _spread(others.var(axis=0))))
    made = np.concatenate(
        [_scored(one, *scale, families) for one, scale in zip(in_surrogates, scales)]
    )
    chance_score = np.array([((b - m) / s).max() for b, (m, s) in zip(chance, scales)])
    bound = None
    if min_completeness is None:
        # Of peaks that chance makes, as many are in the raster as in each of n surrogates: before
        # the first, the second, … the m-th highest of all surrogates there are m / n on average.
        place = int(expected_false * draws + 1e-9) - 1
        highest = np.sort(made["score"])[::-1]
        bound = float(highest[place]) if len(highest) > place else 0.0
        listed, by_chance = (one[one["score"] > bound] for one in (found, made))
        least_matched = np.maximum(least, np.floor(mean + bound * spread + 1e-9) + 1)
    else:
        listed, by_chance, least_matched = found, made, least
    places = list(grids)
    occurrences = [
        _occurrence(places[one["target"]], grids, one, coverage, chance_score, itself)
        for one in np.sort(listed, order=["onset", "target"])
    ]
    stored = _stored(itself, places, grids, coverage, mean, spread)
    return Findings(
        templates=list(templates),
        tested=[
            Tested(k, *grids[k], gaps[k], int(least_matched[i]), int(best[i]), b)
            for i, (k, b) in enumerate(zip(places, chance.T))
        ],
        untested=untested,
        occurrences=occurrences,
        itself=[_occurrence(*one, coverage, chance_score, itself) for one in stored],
        n_chance=len(by_chance) / draws,
        least_score=bound,
        best_score=float(((best - mean) / spread).max()),
        chance_score=chance_score,
        levels=_levels(found, made, grids, draws),
        step=step,
        jitter=jitter,
    )


def _spread(variance):
    return np.sqrt(variance + 0.25)


def _grids(templates, coverage, step, min_spikes):
    """Neurons and steps of the templates that can be looked for, and why others cannot."""
    grids, untested = {}, {}
    for number, template in enumerate(templates):
        neurons, steps = template.on_grid(step)
        known = neurons[neurons < coverage.n_neurons]
        n_there = np.count_nonzero(coverage.stretches(known))
        if len(steps) < min_spikes:
            untested[number] = f"with fewer than {min_spikes} spikes"
        elif steps[-1] >= coverage.n_steps:
            untested[number] = "longer than the raster"
        elif not n_there:
            untested[number] = "of units that are silent in the raster"
        elif n_there < min_spikes:
            untested[number] = (
                f"with fewer than {min_spikes} spikes of units that are in the raster"
            )
        elif n_there < _LEAST_THERE * len(steps):
            untested[number] = "of whose spikes less than a quarter are of units in the raster"
        else:
            grids[number] = neurons, steps
    return grids, untested


def _families(templates, grids):
    """A number for each tested template; the same source at several speeds shares one."""
    names = [templates[k].name for k in grids]
    number = {name: k for k, name in enumerate(dict.fromkeys(names))}
    family = np.array([number[name] for name in names])
    return family, np.array([steps[-1] for _, steps in grids.values()])


def _least_counted(grids, coverage, min_completeness):
    """Matched spikes from which on peaks are counted, for each template; see `_MOST_PEAKS`."""
    least, most = [], min(_MOST_PEAKS, max(_FEWEST, _MOST_TOGETHER // len(grids)))
    for neurons, steps in grids.values():
        if min_completeness is not None:
            least.append(max(1, math.ceil(min_completeness * len(steps) - 1e-9)))
            continue
        matched = coverage.matched(neurons, steps)
        heights = np.sort(matched[tops(matched)])[::-1]
        enough = heights[most] + 1 if len(heights) > most else 0
        least.append(min(max(2, enough), len(steps)))
    return np.array(least)


_PEAK = np.dtype([("target", np.int32), ("onset", int), ("n_matched", int), ("score", float)])


def _peaks(grids, gaps, least, coverage, itself=None):
    """Most matched spikes of each template anywhere, and all peaks, not scored yet.

    Without those that are the stored stretch, if it is given.
    """
    best, found = np.zeros(len(grids), int), []
    for k, (number, (neurons, steps)) in enumerate(grids.items()):
        matched = coverage.matched(neurons, steps)
        place = peaks(matched, gaps[number], least[k])
        made = np.zeros(len(place), _PEAK)
        made["target"] = k
        made["onset"] = place + coverage.offsets(int(steps[-1]))[0]
        made["n_matched"] = matched[place]
        stored = itself and itself.onset(number)
        if stored is not None:
            around = stored - coverage.offsets(int(steps[-1]))[0]
            matched[max(0, around - gaps[number] + 1) : max(0, around + gaps[number])] = 0
        if itself is not None:
            made = made[[not itself.is_itself(number, onset) for onset in made["onset"]]]
        best[k] = matched.max()
        found.append(made)
    return best, np.concatenate(found)


def _scored(found, mean, spread, families):
    """Peaks with their scores; of those of a family that overlap, the one with the highest."""
    found = found.copy()
    k = found["target"]
    found["score"] = (found["n_matched"] - mean[k]) / spread[k]
    family, span = families
    if len(np.unique(family)) == len(family):
        return found
    kept, taken = [], {}
    for place in np.lexsort((k, found["onset"], -found["score"])):
        start = found["onset"][place]
        stop = start + span[k[place]]
        others = taken.setdefault(family[k[place]], [])
        # Peaks of the same template have been told apart before, by its gap.
        if all(start > b or stop < a or one == k[place] for one, a, b in others):
            kept.append(place)
            others.append((k[place], start, stop))
    return found[kept]


def _stored(itself, places, grids, coverage, mean, spread):
    """The stored stretches that the raster holds, as arguments of `_occurrence`."""
    for k, number in enumerate(places):
        onset = itself.onset(number)
        if onset is None:
            continue
        neurons, steps = grids[number]
        deviations = np.abs(coverage.deviations(neurons, steps, onset))
        n_matched = np.count_nonzero(deviations <= coverage.jitter)
        peak = np.array((k, onset, n_matched, (n_matched - mean[k]) / spread[k]), _PEAK)
        yield number, grids, peak


def _occurrence(number, grids, peak, coverage, chance_score, itself):
    neurons, steps = grids[number]
    deviations = coverage.deviations(neurons, steps, int(peak["onset"]))
    close = np.abs(deviations) <= coverage.jitter
    matched = deviations[close].astype(float)
    n_as_high = int(np.count_nonzero(chance_score >= peak["score"]))
    return Occurrence(
        template=number,
        onset=int(peak["onset"]),
        n_matched=int(peak["n_matched"]),
        completeness=float(peak["n_matched"] / len(steps)),
        deviation=float(np.sqrt(np.mean(matched**2))) if len(matched) else 0.0,
        score=float(peak["score"]),
        p_value=(1 + n_as_high) / (1 + len(chance_score)),
        itself=itself.is_itself(number, int(peak["onset"])),
        stretch=fitted_stretch(steps[close], matched),
    )


def _levels(found, made, grids, draws):
    """Counts at tenths of completeness, from the last one that all counted peaks reach."""
    sizes = np.array([len(steps) for _, steps in grids.values()])
    shares = [one["n_matched"] / sizes[one["target"]] for one in (found, made)]
    levels = []
    for level in _LEVELS:
        n_found, n_made = (int(np.count_nonzero(one >= level - 1e-9)) for one in shares)
        levels.append(Level(float(level), n_found, n_made / draws))
    while len(levels) > 1 and all(
        getattr(levels[0], name) == getattr(levels[1], name) for name in ("n_found", "n_chance")
    ):
        del levels[0]
    return levels
