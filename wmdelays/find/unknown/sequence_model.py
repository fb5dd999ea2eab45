"""PPSeq's model of sequences in spike trains, fitted to a raster in bins.

Unit n has in bin t a number of spikes that is Poisson with the rate

    b_n + sum over d of a(t - d) * w_n * g_n(d),

with b_n its background, a(t) the amplitude of an occurrence that begins in bin t (the number of
spikes to expect of it), w_n the unit's part of the sequence (the parts of all units add up to one),
and g_n a Gaussian over the bins of the window, with an offset and a width of its own: A. H.
Williams et al., Point process models for sequence detection in high-dimensional neural spike
trains, NeurIPS 33 (2020). Amplitudes have the prior of the authors' version in torch
(github.com/lindermanlab/ppseq-pytorch), whose expectation-maximization this is, evaluated where
spikes are: an amplitude has to explain more than a spike in its bin, or it is none.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

# Iterations without the prior of the amplitudes and with it. With it from the beginning on, a
# template that is not sharp yet would lose all its occurrences.
_ITERATIONS = 20, 20
# Width of what a template begins with, in bins.
_WIDTH = 1.5
# Stretches to begin with are as long as the window, and as these parts of it.
_SPANS = 1, 2, 4
# What a spike of a template to begin with is expected to be there again.
_AGAIN = 0.5
# Occurrences that a raster is expected to have of what a fit begins with.
_OCCURRENCES = 20
# Part of a template that is given to all units, so that those join which the beginning lacked.
_ALL_UNITS = 0.1
# Iterations for the amplitude and number of occurrences of a template.
_MIXTURE = 12
# A type is two if they tell so much more: its score is at most this part of theirs. Each has at
# least so many occurrences.
_AS_TWO, _FEWEST = 0.8, 3
# Part of a unit's spikes that are its own at least, where a sequence is scored.
_OWN = 0.5
# Part of the time that choosing where fits begin takes of it all.
_CHOOSING = 0.3
_TINY = 1e-12


@dataclass(frozen=True)
class Sequence:
    """A type of sequence.

    Attributes
    ----------
    parts, offsets, widths : array, shape (n_units,)
        Of each unit: its part of the sequence's spikes, when it fires, and how precisely, in bins.
    spikes : float
        Spikes to expect of an occurrence.
    score : float
        How much likelier, as a logarithm, the raster is with the sequence than without; the
        occurrence that tells most is left out.
    each : array, shape (n_units,)
        The same for the spikes of each unit at the occurrences.
    occurrences : int array
        Bins at which occurrences begin.
    explained : array, shape (n_cells,)
        The rate that it adds at each cell of the raster that holds spikes.
    """

    parts: np.ndarray
    offsets: np.ndarray
    widths: np.ndarray
    spikes: float
    score: float
    each: np.ndarray
    occurrences: np.ndarray
    explained: np.ndarray


def best_sequence(cells, explained, rng, tries, kept, tell):
    """The sequence that explains most of the spikes.

    Parameters
    ----------
    cells : BinnedSpikes
    explained : array, shape (n_cells,)
        The rate that is explained by sequences already.
    rng : numpy.random.Generator
    tries : int
        Stretches of the raster that are tried as templates; those that recur best are fitted.
    kept : int
        How many are fitted.
    tell : callable
        Called with the part that is done.

    Returns
    -------
    Sequence or None
        None where no amplitude explains more than a spike.
    """
    background = cells.of_units(cells.count) / cells.n_bins
    # A spike that is explained already counts for less.
    left = cells.count * background[cells.unit] / (background[cells.unit] + explained)
    anchors = rng.choice(len(cells.bin), min(tries, len(cells.bin)), replace=False)
    spans = np.maximum(2, cells.window // np.array(_SPANS))
    begun = []
    for number, anchor in enumerate(anchors):
        tell(_CHOOSING * number / len(anchors))
        span = spans[number % len(spans)]
        start = cells.bin[anchor] - rng.integers(0, span)
        start = int(np.clip(start, 0, cells.n_bins - span))
        begun.append((*_begin(cells, start, span, left, background), start, span))
    best = None
    for number, (_, template, amplitudes, *_) in enumerate(_apart(begun, kept)):
        tell(_CHOOSING + (1 - _CHOOSING) * number / kept)
        one = _fit(cells, template, amplitudes, background, explained)
        if one is not None and (best is None or one.score > best.score):
            best = one
    # Two types may fit as one, with half of the units at each occurrence.
    parts = _parts(cells, best, background, explained)
    while parts and parts[0].score < best.score < _AS_TWO * (parts[0].score + parts[1].score):
        best = parts[0]
        parts = _parts(cells, best, background, explained)
    return best


def _parts(cells, sequence, background, explained):
    """Two types, fitted from the halves of a type's occurrences that differ most, or none.

    The better one comes first; the other is what is left to it.
    """
    if sequence is None or len(sequence.occurrences) < 2 * _FEWEST:
        return ()
    # To which occurrence a spike belongs, and by how much.
    which = np.searchsorted(sequence.occurrences, cells.bin, side="right") - 1
    near = which >= 0
    near[near] = cells.bin[near] - sequence.occurrences[which[near]] < cells.window
    before = background[cells.unit] + explained
    belongs = cells.count * sequence.explained / (before + sequence.explained)
    shape = len(sequence.occurrences), cells.n_units
    there = np.zeros(shape)
    np.add.at(there, (which[near], cells.unit[near]), belongs[near])
    first = np.linalg.svd(there - there.mean(0))[0][:, 0] > 0
    if min(first.sum(), (~first).sum()) < _FEWEST:
        return ()
    fits = []
    for half in (first, ~first):
        template = np.zeros((cells.n_units, cells.window))
        inside = near & half[np.maximum(which, 0)]
        when = cells.bin[inside] - sequence.occurrences[which[inside]]
        gaussians = cells.gaussians(when, np.full(len(when), _WIDTH))
        np.add.at(template, cells.unit[inside], belongs[inside, None] * gaussians)
        amplitudes = np.zeros(cells.n_bins)
        amplitudes[sequence.occurrences[half]] = template.sum() / half.sum()
        template += template.sum() * _ALL_UNITS / template.size
        one = _fit(cells, template, amplitudes, background, explained)
        if one is None:
            return ()
        fits.append((one, template, amplitudes, half))
    fits.sort(key=lambda one: -one[0].score)
    better, (_, template, amplitudes, _) = fits[0][0], fits[1]
    other = _fit(cells, template, amplitudes, background, explained + better.explained)
    return () if other is None else (better, other)


def _apart(begun, kept):
    """Those that recur best, of overlapping ones of the same length one."""
    chosen = []
    for one in sorted(begun, key=lambda one: -one[0]):
        *_, start, span = one
        if all(span != other[-1] or abs(start - other[-2]) >= span / 2 for other in chosen):
            chosen.append(one)
        if len(chosen) == kept:
            break
    return chosen


def _begin(cells, start, span, left, background):
    """How well a stretch recurs elsewhere, it as a template, and the amplitudes to begin with."""
    inside = cells.within(start, span)
    first = start - (cells.window - span) // 2
    template = np.zeros((cells.n_units, cells.window))
    shape = cells.gaussians(cells.bin[inside] - first, np.full(len(inside), _WIDTH))
    np.add.at(template, cells.unit[inside], _AGAIN * left[inside, None] * shape)
    gain = cells.gains(left, np.log1p(template / (background[:, None] + _TINY)))
    gain -= template.sum()
    odds = _OCCURRENCES / cells.n_bins
    ratio = odds * np.exp(np.minimum(gain, 100))
    score = np.log1p(ratio - odds)
    # It is no wonder that it is found where it is from.
    score[max(0, first - span // 2) : max(0, first + span // 2 + 1)] = 0
    everywhere = background / background.sum() * _ALL_UNITS * template.sum() / cells.window
    template += everywhere[:, None]
    return score.sum(), template, template.sum() * ratio / (1 - odds + ratio)


def _fit(cells, template, amplitudes, background, explained):
    """Expectation-maximization from a template and amplitudes on."""
    templates = cells.matched(template)
    amplitudes = amplitudes + _TINY
    for number in range(sum(_ITERATIONS)):
        shape = cells.template(*templates)
        rate = background[cells.unit] + explained + cells.added(amplitudes, shape)
        prior = number >= _ITERATIONS[0]
        amplitudes = amplitudes * cells.gains(cells.count / rate, shape) - prior
        amplitudes = np.maximum(amplitudes, 0)
        if not amplitudes.sum() > 0:
            return None
        rate = background[cells.unit] + explained + cells.added(amplitudes, shape)
        ratio = cells.count / rate
        templates = cells.matched(shape * cells.before(ratio, amplitudes))
        if number == _ITERATIONS[0] // 2:
            templates, amplitudes = _centred(cells, templates, amplitudes)
        background = np.maximum(cells.of_units(ratio * background[cells.unit]), _TINY)
        background /= cells.n_bins
    return _scored(cells, templates, amplitudes, background, explained)


def _scored(cells, templates, amplitudes, background, explained):
    """The sequence, with how much likelier its occurrences make the raster."""
    shape = cells.template(*templates)
    # Where the fit leaves a unit no spike of its own, each would be infinitely telling.
    least = _OWN * cells.of_units(cells.count) / cells.n_bins
    background = np.maximum(background, least)
    before = background[cells.unit] + explained
    odds = _OCCURRENCES / cells.n_bins
    spikes = max(2.0, float(amplitudes.max()))
    alone = _alone(cells, shape)
    for _ in range(_MIXTURE):
        peaks, ratio, likely = _occurring(cells, shape, alone, spikes, odds, before)
        weight = np.zeros(cells.n_bins)
        weight[peaks] = likely
        total = max(likely.sum(), 1.0)
        added = cells.added(weight * spikes, shape)
        spikes = max(1.0, (cells.count * added / (before + added)).sum() / total)
        odds = total / cells.n_bins
    occurrences = peaks[likely > 0.5]
    weight = np.zeros(cells.n_bins)
    weight[occurrences] = spikes
    added = cells.added(weight, shape)
    each = cells.of_units(cells.count * np.log1p(added / before))
    each -= templates[0] * spikes * len(occurrences)
    # Of two overlapping ones a sequence has a single beginning; none begins in the other bins.
    nowhere = (cells.n_bins - len(peaks)) * np.log1p(-odds)
    return Sequence(
        *templates,
        spikes=float(spikes),
        # A template explains the stretch that it is fitted to best wherever there is one.
        score=float(np.sort(np.log1p(ratio - odds))[:-1].sum() + nowhere),
        each=each,
        occurrences=occurrences,
        explained=cells.added(amplitudes, shape),
    )


def _alone(cells, shape):
    """Bins about an occurrence in which no other one begins: half of what the sequence takes."""
    of_days = shape.sum(0)
    days = np.arange(cells.window)
    middle = of_days @ days / of_days.sum()
    return max(3, round(2 * np.sqrt(of_days @ (days - middle) ** 2 / of_days.sum())))


def _occurring(cells, shape, alone, spikes, odds, before):
    """Bins at which a sequence of so many spikes is likelier than nearby.

    Returns
    -------
    peaks : int array
    ratio : array
        Of the likelihood with an occurrence to that without, times the odds of one.
    likely : array
        The probability of an occurrence.
    """
    gain = cells.log_ratios(spikes * shape, before) - spikes
    peaks = np.flatnonzero(gain == maximum_filter1d(gain, alone))
    ratio = odds * np.exp(np.minimum(gain[peaks], 100))
    return peaks, ratio, ratio / (1 - odds + ratio)


def _centred(cells, templates, amplitudes):
    """The same, moved so that the template's spikes are amid the window."""
    parts, offsets, widths = templates
    move = round((cells.window - 1) / 2 - float(parts @ offsets))
    moved = np.zeros_like(amplitudes)
    if move > 0:
        moved[:-move] = amplitudes[move:]
    else:
        moved[-move:] = amplitudes[: cells.n_bins + move]
    # A unit without spikes of the sequence is anywhere.
    return (parts, np.clip(offsets + move, 0, cells.window - 1), widths), moved + _TINY
