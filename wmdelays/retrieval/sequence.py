"""Patterns cued one after another in one simulation: the cue, and which pattern is active when."""

from dataclasses import dataclass

import numpy as np

from wmdelays.cue import Cue
from wmdelays.draws import drawn_below
from wmdelays.errors import InputError
from wmdelays.quantities import LARGEST, whole
from wmdelays.raster import Raster
from wmdelays.recall import check_room

# Steps before the first cued pattern and after the last.
MARGIN = 50
# With fewer spikes in common than this, a window says nothing: chance finds one or two at some lag.
LEAST_MATCHED = 3
# An F1 below this counts as 0. So a network in which everything fires is told at once.
LEAST_F1 = 0.05
# Pairs of spikes, and windows times lags, that are looked at together; they decide the room needed.
_PAIRS, _CELLS = 2_000_000, 8_000_000


@dataclass(frozen=True, eq=False)
class Sequence:
    """Patterns cued one after another, in one recall.

    Attributes
    ----------
    patterns : tuple of Raster
        All stored patterns.
    order : tuple of int
        The cued patterns.
    onsets : int array, shape (n_cues,)
        Step of the recall at which each cued pattern begins.
    trigger : int
        Length of the trigger windows in steps.
    background : float
        Probability of a random spike for each neuron and step in the gaps.
    periodic : bool
        Whether the end of each pattern leads back into its beginning. Then a cued pattern goes on
        to the end of the recall.
    cue : Cue
        The trigger windows and the background spikes, all forced on a network that is not clamped.
    """

    patterns: tuple
    order: tuple
    onsets: np.ndarray
    trigger: int
    background: float
    periodic: bool
    cue: Cue

    @property
    def pattern_steps(self):
        """Length of the patterns in steps, T."""
        return self.patterns[0].n_steps(self.cue.step)

    def spikes(self, k):
        """The spikes of the pattern of cue k at their places in the recall, while it is cued.

        Returns
        -------
        steps, neurons : int arrays, shape (n_spikes,)
        """
        pattern, length = self.patterns[self.order[k]], self.pattern_steps
        steps, neurons = pattern.steps(self.cue.step) + self.onsets[k], pattern.neurons
        if self.periodic:
            n_cycles = -(-(self.cue.n_steps - self.onsets[k]) // length)
            steps = (steps + length * np.arange(n_cycles)[:, None]).ravel()
            neurons = np.tile(neurons, n_cycles)
        inside = steps < self.cue.n_steps
        return steps[inside], neurons[inside]


def sequence(
    memory, order, *, interval=None, trigger=None, background=None, margin=MARGIN, rng=None
):
    """The cue that calls patterns one after another.

    Random spikes are forced wherever no cued pattern has its time: before the first, between
    the end of one and the next, and after the last.

    Parameters
    ----------
    memory : Memory
    order : sequence of int
        The patterns to be cued; one may be cued several times.
    interval : int, optional
        Steps from one onset to the next; by default the patterns' length and `margin`. With fewer
        than the patterns' length they overlap in time.
    trigger : int, optional
        Length of the trigger windows in steps; by default the memory's `n_delays`.
    background : float, optional
        Probability of a random spike for each neuron and step; by default the mean rate of the
        stored patterns.
    margin : int
        Steps before the first cued pattern and after the end of the last.
    rng : numpy.random.Generator
        Draws the random spikes.

    Returns
    -------
    Sequence

    Raises
    ------
    InputError
        If there is no such pattern, or a length or the background makes no sense.
    """
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    if not len(order):
        raise InputError("there is no pattern to cue")
    for k in order:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    length, n_neurons = memory.n_steps, memory.n_neurons
    margin = whole("margin", margin, 0)
    if interval is None:
        interval = length + margin
    else:
        interval = whole("interval", interval, 1, LARGEST // len(order))
    trigger = memory.n_delays if trigger is None else whole("trigger", trigger, 1, length - 1)
    if background is None:
        background = memory.rate
    if not 0 <= background <= 1:
        raise InputError(f"background is {background}; a probability lies from 0 to 1")

    onsets = margin + interval * np.arange(len(order))
    n_steps = int(onsets[-1]) + length + margin
    check_room(memory, n_steps, "cue fewer patterns, or with a shorter interval (--interval)")
    gap, entries = np.ones(n_steps, bool), []
    for k, onset in zip(order, onsets):
        pattern = memory.patterns[k]
        steps = pattern.steps(memory.step)
        shown = steps < trigger
        entries.append((onset + steps[shown]) * n_neurons + pattern.neurons[shown])
        gap[onset : onset + length] = False
    if background:
        rows, neurons = np.divmod(
            drawn_below(background, (int(gap.sum()), n_neurons), rng), n_neurons
        )
        entries.append(np.flatnonzero(gap)[rows] * n_neurons + neurons)
    steps, neurons = np.divmod(np.unique(np.concatenate(entries)), n_neurons)
    spikes = Raster.from_steps(neurons, steps, n_neurons, n_steps, memory.step)
    cue = Cue(spikes, memory.step, clamp=0)
    return Sequence(
        memory.patterns, tuple(order), onsets, trigger, background, memory.periodic, cue
    )


@dataclass(frozen=True)
class CueScore:
    """What came of one cue of a sequence.

    The network's own spikes are looked at from the end of the trigger window to the end of the
    pattern.

    Attributes
    ----------
    f1 : float
        Against the cued pattern at its place. Spikes of another pattern that is cued at the
        same time count neither for nor against.
    f1_all : float
        The same with those counted as wrong.
    precision : float
        The part of the network's spikes that belongs to any pattern that is cued then.
    recall : float
        The part of the cued pattern's spikes that the network makes.
    recalled : int or None
        The pattern that the spikes resemble most, at its best place in time; None if none
        reaches the bound.
    recalled_f1 : float
        F1 of the most similar pattern, also below the bound.
    recalled_shift : int
        Steps by which that pattern begins after the onset of the cue; of a periodic one, the
        beginning next to it.
    """

    f1: float
    f1_all: float
    precision: float
    recall: float
    recalled: int | None
    recalled_f1: float
    recalled_shift: int


def score_cues(sequence, own, bound=0.5):
    """What came of each cue of a sequence.

    Parameters
    ----------
    sequence : Sequence
    own : Raster
        The network's own spikes.
    bound : float
        F1 from which on a pattern counts as recalled.

    Returns
    -------
    list of CueScore
    """
    step, n_neurons = sequence.cue.step, own.n_neurons
    own_steps, own_neurons = own.steps(step), own.neurons
    length, scores = sequence.pattern_steps, []

    def keys(k, start, stop):
        steps, neurons = sequence.spikes(k)
        inside = (steps >= start) & (steps < stop)
        return steps[inside] * n_neurons + neurons[inside]

    for k, onset in enumerate(sequence.onsets):
        start, stop = int(onset) + sequence.trigger, int(onset) + length
        inside = (own_steps >= start) & (own_steps < stop)
        steps, neurons = own_steps[inside], own_neurons[inside]
        made, wanted = steps * n_neurons + neurons, keys(k, start, stop)
        matched = np.isin(made, wanted)
        also = np.zeros(len(made), bool)
        for other in range(len(sequence.onsets)):
            if other != k:
                also |= np.isin(made, keys(other, start, stop))
        kept = matched | ~also
        n_matched, n_wanted = int(matched.sum()), len(wanted)
        best = -1.0, 0, 0
        cued = sequence.order[k]
        # The cued pattern comes first: of two that fit equally well it is the one recalled.
        for q in sorted(range(len(sequence.patterns)), key=lambda q: q != cued):
            pattern = sequence.patterns[q]
            f1, lag = _best_alignment(steps[kept], neurons[kept], pattern, start, stop, sequence)
            if f1 > best[0]:
                best = f1, q, lag
        f1, q, lag = best
        shift = lag - int(onset) if f1 else 0
        if sequence.periodic:
            shift = (shift + length // 2) % length - length // 2
        scores.append(
            CueScore(
                f1=_f1(n_matched, int(kept.sum()), n_wanted),
                f1_all=_f1(n_matched, len(made), n_wanted),
                precision=float((matched | also).mean()) if len(made) else 1.0,
                recall=n_matched / n_wanted if n_wanted else 1.0,
                recalled=q if f1 >= bound and f1 > 0 else None,
                recalled_f1=f1,
                recalled_shift=shift,
            )
        )
    return scores


def _f1(matched, recalled, stored):
    return 2 * matched / (recalled + stored) if recalled + stored else 1.0


def _best_alignment(steps, neurons, pattern, start, stop, sequence):
    """The best F1 of a pattern in one window, over all lags, and that lag.

    The pattern has to cover at least half of the window.
    """
    length = sequence.pattern_steps
    stored_steps = pattern.steps(sequence.cue.step)
    if _most_f1(len(steps), len(pattern)) < LEAST_F1:
        return 0.0, 0
    _, lags = _pairs(steps, neurons, stored_steps, pattern)
    if sequence.periodic:
        lags = start - (start - lags) % length  # the last beginning before the window
        first, last = start - length + 1, start
    else:
        # The pattern covers half of the window, from its middle on or up to there.
        half = -(-(stop - start) // 2)
        first, last = start + half - length, stop - half
        lags = lags[(lags >= first) & (lags <= last)]
    matched = np.bincount(lags - first, minlength=last - first + 1)
    places = np.arange(first, last + 1)
    stored = _stored(stored_steps, length, start - places, stop - places, sequence.periodic)
    f1 = 2 * matched / np.maximum(len(steps) + stored, 1)
    f1[(matched < LEAST_MATCHED) | (f1 < LEAST_F1)] = 0.0
    k = int(np.argmax(f1))
    return float(f1[k]), int(places[k])


def sliding_best_f1(own, pattern, width, step, periodic=False):
    """F1 of a pattern at its best place in time, in a window that slides over a recall.

    A lag says where the pattern would begin. In each window, spikes of the recall that are those
    of the pattern at this lag are matched, and F1 = 2 matched / (recalled + stored), with the
    spikes of the recall and of the pattern at this lag in the window. The best of all lags at which
    the pattern covers the whole window is taken. Less than three matched spikes, or an F1 below
    0.05, count as 0.

    Parameters
    ----------
    own : Raster
        The network's own spikes.
    pattern : Raster
    width : int
        Length of the window in steps, at most that of the pattern.
    step : float
        Training time step in seconds.
    periodic : bool
        Whether the end of the pattern leads back into its beginning.

    Returns
    -------
    f1 : float array, shape (n_windows,)
        For the window of the steps t to t + width - 1, for each t from 0 on.
    lag : int array, shape (n_windows,)
        The step of the recall at which the pattern begins then, the first of those that are
        equally good; of a periodic pattern, the beginning from 0 to its length. 0 where F1 is.

    Raises
    ------
    InputError
        If the window is empty, or longer than the pattern or the recall.
    """
    length, n_steps = pattern.n_steps(step), own.n_steps(step)
    width = whole("window", width, 1, min(length, n_steps))
    n_windows = n_steps - width + 1
    f1, lag = np.zeros(n_windows), np.full(n_windows, n_steps)
    own_steps, own_neurons, stored_steps = own.steps(step), own.neurons, pattern.steps(step)
    recalled = _in_window(own_steps, n_steps, width)
    places = np.arange(length if periodic else length - width + 1)
    stored = _stored(stored_steps, length, places, places + width, periodic)
    hopeful = _most_f1(recalled, stored.max()) >= LEAST_F1
    n_pairs = np.bincount(pattern.neurons, minlength=own.n_neurons)[own_neurons]
    before = np.concatenate([[0], np.cumsum(np.bincount(own_steps, n_pairs, n_steps))])
    start = 0
    while start < n_windows:
        stop = int(np.searchsorted(before, before[start] + _PAIRS)) - width + 1
        stop = min(max(stop, start + 1), start + max(1, _CELLS // length), n_windows)
        if hopeful[start:stop].any():
            first, last = np.searchsorted(own_steps, [start, stop + width - 1])
            part = slice(first, last)
            steps, lags = _pairs(own_steps[part], own_neurons[part], stored_steps, pattern)
            windows, at, matched = _matched(steps, lags, start, stop, width, length, periodic)
            place = (windows - at) % length
            value = 2 * matched / (recalled[windows] + stored[place])
            good = value >= LEAST_F1
            windows, at, value = windows[good], at[good], value[good]
            np.maximum.at(f1, windows, value)
            best = value == f1[windows]
            np.minimum.at(lag, windows[best], at[best])
        start = stop
    return f1, np.where(f1 > 0, lag, 0)


def _matched(steps, lags, start, stop, width, length, periodic):
    """Matched spikes for every window and lag that have enough of them.

    Parameters
    ----------
    steps, lags : int arrays, shape (n_pairs,)
        Step of a spike of the recall, and the lag at which it is the pattern's.
    start, stop : int
        First window, and the one after the last.

    Returns
    -------
    windows, lags, matched : int arrays, shape (n_found,)
    """
    if periodic:
        lags = lags % length
    # Pairs in the order of lags, then of steps, as one number for each.
    lowest, span = int(lags.min(initial=0)), stop + 2 * width
    key = np.sort((lags - lowest) * span + steps)
    lags, steps = key // span, key % span
    group, lags = lags * span, lags + lowest
    number = np.arange(len(key))
    last_most = np.searchsorted(key, group + steps + width)
    # A pair is the first of its lag in the windows from `low` to `high`.
    before = np.full(len(key), -1)
    same = lags[1:] == lags[:-1]
    before[1:][same] = steps[:-1][same]
    low = np.maximum(np.maximum(before + 1, steps - width + 1), start)
    high = np.minimum(steps, stop - 1)
    if not periodic:
        low, high = np.maximum(low, lags), np.minimum(high, lags + length - width)
    chosen = (last_most - number >= LEAST_MATCHED) & (high >= low)
    number, group, lags, low = number[chosen], group[chosen], lags[chosen], low[chosen]
    count = high[chosen] - low + 1
    place = np.repeat(np.arange(len(count)), count)
    windows = low[place] + np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    matched = np.searchsorted(key, group[place] + windows + width) - number[place]
    enough = matched >= LEAST_MATCHED
    return windows[enough], lags[place][enough], matched[enough]


def _pairs(steps, neurons, stored_steps, pattern):
    """Every spike of a recall with every one of the pattern of the same neuron.

    Returns
    -------
    steps, lags : int arrays, shape (n_pairs,)
        Step of the spike of the recall, and the step at which the pattern would have to begin.
    """
    order = np.argsort(pattern.neurons, kind="stable")
    by_neuron = stored_steps[order]
    first = np.searchsorted(pattern.neurons[order], np.arange(pattern.n_neurons + 1))
    count = first[neurons + 1] - first[neurons]
    spike = np.repeat(np.arange(len(steps)), count)
    within = np.arange(len(spike)) - np.repeat(np.cumsum(count) - count, count)
    return steps[spike], steps[spike] - by_neuron[first[neurons][spike] + within]


def _stored(stored_steps, length, start, stop, periodic):
    """Spikes of a pattern from its step `start` up to, not including, `stop` (arrays)."""
    total = np.concatenate([[0], np.cumsum(np.bincount(stored_steps, minlength=length))])

    def up_to(place):
        if not periodic:
            return total[np.clip(place, 0, length)]
        cycles, place = np.divmod(place, length)
        return cycles * total[-1] + total[place]

    return up_to(stop) - up_to(start)


def _in_window(steps, n_steps, width):
    total = np.concatenate([[0], np.cumsum(np.bincount(steps, minlength=n_steps))])
    return total[width:] - total[:-width]


def _most_f1(recalled, stored):
    """The best F1 that so many spikes can have with at most so many stored."""
    return 2 * np.minimum(recalled, stored) / np.maximum(recalled + stored, 1)


@dataclass(frozen=True)
class Spontaneous:
    """A pattern that came up without being cued.

    Attributes
    ----------
    pattern : int
    start, stop : int
        Step of the recall of its first spike, and the one after its last.
    begins : int
        The step of the pattern with which it begins.
    f1 : float
        From start to stop.
    """

    pattern: int
    start: int
    stop: int
    begins: int
    f1: float


def spontaneous(sequence, own, width, bound=0.5):
    """Recalls in a sequence that were not cued.

    Spikes of the patterns that are cued at the moment are left out. What remains is compared with
    each pattern in a sliding window, see `sliding_best_f1`. Where patterns, or parts of one,
    resemble each other, the recall with most matched spikes is kept of those that share more than
    half of theirs.

    Parameters
    ----------
    sequence : Sequence
    own : Raster
        The network's own spikes.
    width : int
        Length of the window in steps.
    bound : float
        F1 from which on a pattern counts as recalled.

    Returns
    -------
    list of Spontaneous
        In the order of their starts.
    """
    step, length = sequence.cue.step, sequence.pattern_steps
    keys = own.steps(step) * own.n_neurons + own.neurons
    left = np.ones(len(keys), bool)
    for k in range(len(sequence.order)):
        steps, neurons = sequence.spikes(k)
        left &= ~np.isin(keys, steps * own.n_neurons + neurons)
    rest = Raster(own.neurons[left], own.times[left], own.n_neurons, own.duration)
    steps, found = rest.steps(step), []
    for k, pattern in enumerate(sequence.patterns):
        f1, lags = sliding_best_f1(rest, pattern, width, step, sequence.periodic)
        entries, stored_steps = pattern.dense(step), pattern.steps(step)
        reached = np.flatnonzero(f1 >= max(bound, LEAST_F1))
        for lag in np.unique(lags[reached]):
            windows = reached[lags[reached] == lag]
            for stretch in np.split(windows, np.flatnonzero(np.diff(windows) > width) + 1):
                inside = np.flatnonzero((steps >= stretch[0]) & (steps < stretch[-1] + width))
                place = steps[inside] - lag
                if sequence.periodic:
                    place = place % length
                known = (place >= 0) & (place < length)
                inside, place = inside[known], place[known]
                matched = inside[entries[place, rest.neurons[inside]]]
                # From its first spike to its last; the windows reach further.
                start, stop = int(steps[matched[0]]), int(steps[matched[-1]]) + 1
                recalled = int(np.diff(np.searchsorted(steps, [start, stop]))[0])
                stored = _stored(stored_steps, length, start - lag, stop - lag, sequence.periodic)
                begins = int(start - lag) % length
                value = _f1(len(matched), recalled, int(stored))
                found.append((matched, Spontaneous(k, start, stop, begins, value)))
    taken, kept = np.zeros(len(steps), bool), []
    for matched, one in sorted(found, key=lambda pair: -len(pair[0])):
        if 2 * taken[matched].sum() <= len(matched):
            kept.append(one)
            taken[matched] = True
    return sorted(kept, key=lambda one: (one.start, one.pattern, one.begins))
