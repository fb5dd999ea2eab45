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
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy.ndimage import maximum_filter1d
from scipy.sparse import csr_array

# Iterations without the prior of the amplitudes and with it. With it from the beginning on, a
# template that is not sharp yet would lose all its occurrences.
_ITERATIONS = 20, 20
# Width of what a template begins with, in bins, and the variance of a time within its bin.
_WIDTH, _WITHIN_BIN = 1.5, 1 / 12
# What a spike of a template to begin with is expected to be there again.
_AGAIN = 0.5
# Occurrences that a raster is expected to have of what a fit begins with.
_OCCURRENCES = 20
# Part of a template that is given to all units, so that those join which the beginning lacked.
_ALL_UNITS = 0.1
# Iterations for the amplitude and number of occurrences of a template.
_MIXTURE = 12
# Spikes whose rates are computed at once.
_AT_ONCE = 20_000
# A type is two if they tell so much more: its score is at most this part of theirs. Each has at
# least so many occurrences.
_AS_TWO, _FEWEST = 0.8, 3
# Part of a unit's spikes that are its own at least, where a sequence is scored.
_OWN = 0.5
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


class BinnedSpikes:
    """The cells of a raster, unit by bin, that hold spikes.

    Parameters
    ----------
    raster : Raster
    step : float
        Length of a bin in seconds.
    window : int
        Bins of a sequence.
    """

    def __init__(self, raster, step, window):
        self.n_bins, self.n_units, self.window = raster.n_steps(step), raster.n_neurons, window
        cells = raster.neurons * self.n_bins + raster.steps(step)
        cells, counts = np.unique(cells, return_counts=True)
        self.unit, self.bin = np.divmod(cells, self.n_bins)
        self.count = counts.astype(float)
        self._first = np.searchsorted(self.unit, np.arange(self.n_units + 1))
        self._days = np.arange(window)
        self._in_time = np.argsort(self.bin, kind="stable")
        # Bins by cells; with so many bins more that every bin begins a whole window.
        padded = self.n_bins + window - 1, len(self.bin)
        self._counts = csr_array((self.count, (self.bin, np.arange(len(self.bin)))), padded)

    def of_units(self, values):
        """The sums of values of cells, for each unit."""
        return np.bincount(self.unit, values, self.n_units)

    def best_sequence(self, explained, rng, tries, kept, tell):
        """The sequence that explains most of the spikes.

        Parameters
        ----------
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
        background = self.of_units(self.count) / self.n_bins
        # A spike that is explained already counts for less.
        left = self.count * background[self.unit] / (background[self.unit] + explained)
        anchors = rng.choice(len(self.bin), min(tries, len(self.bin)), replace=False)
        starts = self.bin[anchors] - rng.integers(0, self.window, len(anchors))
        starts = np.unique(np.clip(starts, 0, self.n_bins - self.window))
        begun = []
        for number, start in enumerate(starts):
            tell(0.7 * number / len(starts))
            begun.append(self._begin(start, left, background))
        begun.sort(key=lambda one: -one[0])
        best = None
        for number, (_, template, amplitudes) in enumerate(begun[:kept]):
            tell(0.7 + 0.3 * number / kept)
            one = self._fit(template, amplitudes, background, explained)
            if one is not None and (best is None or one.score > best.score):
                best = one
        # Two types may fit as one, with half of the units at each occurrence.
        parts = self._parts(best, background, explained)
        while parts and parts[0].score < best.score < _AS_TWO * (parts[0].score + parts[1].score):
            best = parts[0]
            parts = self._parts(best, background, explained)
        return best

    def _parts(self, sequence, background, explained):
        """Two types, fitted from the halves of a type's occurrences that differ most, or none.

        The better one comes first; the other is what is left to it.
        """
        if sequence is None or len(sequence.occurrences) < 2 * _FEWEST:
            return ()
        # To which occurrence a spike belongs, and by how much.
        which = np.searchsorted(sequence.occurrences, self.bin, side="right") - 1
        near = which >= 0
        near[near] = self.bin[near] - sequence.occurrences[which[near]] < self.window
        before = background[self.unit] + explained
        belongs = self.count * sequence.explained / (before + sequence.explained)
        shape = len(sequence.occurrences), self.n_units
        there = np.zeros(shape)
        np.add.at(there, (which[near], self.unit[near]), belongs[near])
        first = np.linalg.svd(there - there.mean(0))[0][:, 0] > 0
        if min(first.sum(), (~first).sum()) < _FEWEST:
            return ()
        fits = []
        for half in (first, ~first):
            template = np.zeros((self.n_units, self.window))
            inside = near & half[np.maximum(which, 0)]
            when = self.bin[inside] - sequence.occurrences[which[inside]]
            gaussians = self._gaussians(when, np.full(len(when), _WIDTH))
            np.add.at(template, self.unit[inside], belongs[inside, None] * gaussians)
            amplitudes = np.zeros(self.n_bins)
            amplitudes[sequence.occurrences[half]] = template.sum() / half.sum()
            template += template.sum() * _ALL_UNITS / template.size
            one = self._fit(template, amplitudes, background, explained)
            if one is None:
                return ()
            fits.append((one, template, amplitudes, half))
        fits.sort(key=lambda one: -one[0].score)
        better, (_, template, amplitudes, _) = fits[0][0], fits[1]
        other = self._fit(template, amplitudes, background, explained + better.explained)
        return () if other is None else (better, other)

    def _begin(self, start, left, background):
        """How well a stretch recurs elsewhere, it as a template, and the amplitudes to begin with."""
        bins = self.bin[self._in_time]
        inside = self._in_time[slice(*np.searchsorted(bins, [start, start + self.window]))]
        template = np.zeros((self.n_units, self.window))
        shape = self._gaussians(self.bin[inside] - start, np.full(len(inside), _WIDTH))
        np.add.at(template, self.unit[inside], _AGAIN * left[inside, None] * shape)
        gain = self._gains(left, np.log1p(template / (background[:, None] + _TINY)))
        gain -= template.sum()
        odds = _OCCURRENCES / self.n_bins
        ratio = odds * np.exp(np.minimum(gain, 100))
        score = np.log1p(ratio - odds)
        # It is no wonder that it is found where it is from.
        score[max(0, start - self.window // 2) : start + self.window // 2 + 1] = 0
        everywhere = background / background.sum() * _ALL_UNITS * template.sum() / self.window
        template += everywhere[:, None]
        return score.sum(), template, template.sum() * ratio / (1 - odds + ratio)

    def _fit(self, template, amplitudes, background, explained):
        """Expectation-maximization from a template and amplitudes on."""
        templates = self._matched(template)
        amplitudes = amplitudes + _TINY
        for number in range(sum(_ITERATIONS)):
            shape = self._template(*templates)
            rate = background[self.unit] + explained + self._added(amplitudes, shape)
            prior = number >= _ITERATIONS[0]
            amplitudes = amplitudes * self._gains(self.count / rate, shape) - prior
            amplitudes = np.maximum(amplitudes, 0)
            if not amplitudes.sum() > 0:
                return None
            rate = background[self.unit] + explained + self._added(amplitudes, shape)
            ratio = self.count / rate
            spread = csr_array((ratio, self.bin, self._first), (self.n_units, self.n_bins))
            templates = self._matched(shape * (spread @ self._windows(amplitudes)))
            if number == _ITERATIONS[0] // 2:
                templates, amplitudes = self._centred(templates, amplitudes)
            background = np.maximum(self.of_units(ratio * background[self.unit]), _TINY)
            background /= self.n_bins
        return self._scored(templates, amplitudes, background, explained)

    def _scored(self, templates, amplitudes, background, explained):
        """The sequence, with how much likelier its occurrences make the raster."""
        shape = self._template(*templates)
        # Where the fit leaves a unit no spike of its own, each would be infinitely telling.
        least = _OWN * self.of_units(self.count) / self.n_bins
        background = np.maximum(background, least)
        before = background[self.unit] + explained
        odds = _OCCURRENCES / self.n_bins
        spikes = max(2.0, float(amplitudes.max()))
        for _ in range(_MIXTURE):
            peaks, ratio, likely = self._occurring(shape, spikes, odds, before)
            weight = np.zeros(self.n_bins)
            weight[peaks] = likely
            total = max(likely.sum(), 1.0)
            added = self._added(weight * spikes, shape)
            spikes = max(1.0, (self.count * added / (before + added)).sum() / total)
            odds = total / self.n_bins
        occurrences = peaks[likely > 0.5]
        weight = np.zeros(self.n_bins)
        weight[occurrences] = spikes
        added = self._added(weight, shape)
        each = self.of_units(self.count * np.log1p(added / before))
        each -= templates[0] * spikes * len(occurrences)
        # Of two overlapping ones a sequence has a single beginning; none begins in the other bins.
        nowhere = (self.n_bins - len(peaks)) * np.log1p(-odds)
        return Sequence(
            *templates,
            spikes=float(spikes),
            # A template explains the stretch that it is fitted to best wherever there is one.
            score=float(np.sort(np.log1p(ratio - odds))[:-1].sum() + nowhere),
            each=each,
            occurrences=occurrences,
            explained=self._added(amplitudes, shape),
        )

    def _occurring(self, shape, spikes, odds, before):
        """Bins at which a sequence of so many spikes is likelier than nearby.

        Returns
        -------
        peaks : int array
        ratio : array
            Of the likelihood with an occurrence to that without, times the odds of one.
        likely : array
            The probability of an occurrence.
        """
        gain = self._log_ratios(spikes * shape, before) - spikes
        peaks = np.flatnonzero(gain == maximum_filter1d(gain, max(3, self.window // 2)))
        ratio = odds * np.exp(np.minimum(gain[peaks], 100))
        return peaks, ratio, ratio / (1 - odds + ratio)

    def _gaussians(self, offsets, widths):
        shape = np.exp(-0.5 * ((self._days - offsets[:, None]) / widths[:, None]) ** 2)
        return shape / (shape.sum(1, keepdims=True) + _TINY)

    def _template(self, parts, offsets, widths):
        return parts[:, None] * self._gaussians(offsets, widths)

    def _matched(self, target):
        """Part, offset and width of each unit, by matching moments."""
        total = target.sum(1) + _TINY
        offsets = (target @ self._days) / total
        variance = (target * (self._days - offsets[:, None]) ** 2).sum(1) / total
        return total / total.sum(), offsets, np.sqrt(variance + _WITHIN_BIN)

    def _centred(self, templates, amplitudes):
        """The same, moved so that the template's spikes are amid the window."""
        parts, offsets, widths = templates
        move = round((self.window - 1) / 2 - float(parts @ offsets))
        moved = np.zeros_like(amplitudes)
        if move > 0:
            moved[:-move] = amplitudes[move:]
        else:
            moved[-move:] = amplitudes[: self.n_bins + move]
        # A unit without spikes of the sequence is anywhere.
        return (parts, np.clip(offsets + move, 0, self.window - 1), widths), moved + _TINY

    def _windows(self, amplitudes):
        """The amplitudes of the bins before each bin, shape (n_bins, window)."""
        padded = np.concatenate([np.zeros(self.window - 1), amplitudes])
        return sliding_window_view(padded, self.window)[:, ::-1]

    def _added(self, amplitudes, template):
        """The rate that occurrences add at each cell."""
        windows, rates = self._windows(amplitudes), np.empty(len(self.bin))
        for first in range(0, len(rates), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            rates[some] = np.einsum("cd,cd->c", windows[self.bin[some]], template[self.unit[some]])
        return rates

    def _gains(self, values, template):
        """For each bin the sum of values of cells times the template that begins there."""
        shape = self.n_units, self._counts.shape[0]
        spread = csr_array((values, self.bin, self._first), shape)
        return self._summed(spread.T @ template)

    def _log_ratios(self, added, before):
        """For each bin the logarithm of how much likelier the spikes are if an occurrence begins."""
        ratios = added[self.unit]
        ratios /= before[:, None]
        return self._summed(self._counts @ np.log1p(ratios, out=ratios))

    def _summed(self, of_days):
        """The sums over the days of windows, ``of_days[t + d, d]``, for each bin t."""
        bin_, day = of_days.strides
        diagonals = as_strided(of_days, (self.n_bins, self.window), (bin_, bin_ + day))
        return diagonals @ np.ones(self.window)
