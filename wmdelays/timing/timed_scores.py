"""How much of a pattern a recall brings back, where its spikes may come a little early or late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.recalls import Recall
from wmdelays.scores import Score
from wmdelays.timing.lag import Lag, follow_lag
from wmdelays.timing.matching import match_spikes, nanoseconds
from wmdelays.words import counted, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster

# Windows in milliseconds.
WINDOWS = (1, 2, 5)
# The one within which spikes are matched once the lag is followed, in seconds.
FOLLOWED = 0.001


@dataclass(frozen=True, repr=False, eq=False)
class TimedScore:
    """A recall beside its pattern, spikes matched one with one.

    Attributes
    ----------
    within : dict of int to Score
        Spikes that match within 1, 2 and 5 ms, as they come.
    followed : Score
        Within 1 ms, the lag followed. What the recall was not run for long enough to show is left
        out: the end of the pattern where it is late, what comes after the pattern where it is early.
    lag : Lag
    first_lost_s : float
        Time of the first stored spike without a match (lag followed), in seconds from the pattern's
        start; NaN if none is lost.
    """

    within: dict
    followed: Score
    lag: Lag
    first_lost_s: float

    def __repr__(self):
        return f"<TimedScore: {_in_words(self)}>"

    @property
    def f1_lag_followed(self) -> float:
        """F1 within 1 ms, the lag followed."""
        return self.followed.f1

    @property
    def tempo_percent(self) -> float:
        """How much slower than the pattern the recall is, in percent; NaN if that is not known."""
        return self.lag.tempo_percent

    @property
    def wobble_ms(self) -> float:
        """Root mean square of the lag about the line of its tempo; NaN if that is not known."""
        return self.lag.wobble_ms

    @property
    def lag_end_ms(self) -> float:
        """How late the last spikes are that are recalled; NaN if that is not known."""
        return self.lag.end_ms

    @property
    def n_lost(self) -> int:
        """Stored spikes without a match, the lag followed."""
        return self.followed.stored - self.followed.matched

    @property
    def n_too_many(self) -> int:
        """Spikes of the recall without a match, the lag followed."""
        return self.followed.recalled - self.followed.matched

    def as_dict(self) -> dict:
        """The numbers as plain JSON values; what is not known is None."""
        return _values(self)


@dataclass(frozen=True, repr=False, eq=False)
class TimedScores:
    """Several recalls beside their patterns.

    Attributes
    ----------
    patterns : tuple of TimedScore
        Of each pattern.
    """

    patterns: tuple

    def __repr__(self):
        n = counted(len(self.patterns), "pattern")
        return f"<TimedScores: {n}, {_in_words(self)}>"

    @property
    def within(self) -> dict:
        """Spikes that match within 1, 2 and 5 ms, over all patterns at once."""
        return {
            ms: sum((one.within[ms] for one in self.patterns), Score(0, 0, 0)) for ms in WINDOWS
        }

    @property
    def followed(self) -> Score:
        """Spikes that match within 1 ms with the lag followed, over all patterns at once."""
        return sum((one.followed for one in self.patterns), Score(0, 0, 0))

    @property
    def f1_lag_followed(self) -> float:
        """F1 within 1 ms over all patterns at once, the lag followed."""
        return self.followed.f1

    @property
    def tempo_percent(self) -> float:
        """The mean tempo of the patterns in which it is known, in percent; else NaN."""
        known = self._known("tempo_percent")
        return float(np.mean(known)) if len(known) else float("nan")

    @property
    def wobble_ms(self) -> float:
        """The root mean square of the wobble of the patterns in which it is known; else NaN."""
        known = self._known("wobble_ms")
        return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")

    @property
    def lag_end_ms(self) -> float:
        """The lag at the end that is the largest, early or late; NaN if none is known."""
        known = self._known("lag_end_ms")
        return float(known[np.argmax(np.abs(known))]) if len(known) else float("nan")

    @property
    def first_lost_s(self) -> float:
        """Time of the earliest spike that is lost in its pattern, in seconds; NaN if none is."""
        return float(min(self._known("first_lost_s"), default=np.nan))

    @property
    def n_lost(self) -> int:
        """Stored spikes without a match in any pattern, the lag followed."""
        return sum(one.n_lost for one in self.patterns)

    @property
    def n_too_many(self) -> int:
        """Spikes of the recalls without a match, the lag followed."""
        return sum(one.n_too_many for one in self.patterns)

    def _known(self, name):
        values = np.array([getattr(one, name) for one in self.patterns])
        return values[np.isfinite(values)]

    def as_dict(self) -> dict:
        """The numbers over all patterns as plain JSON values; what is not known is None."""
        return _values(self)


def _values(one):
    names = "f1_lag_followed tempo_percent wobble_ms lag_end_ms first_lost_s n_lost n_too_many"
    values = {name: getattr(one, name) for name in names.split()}
    return {f"f1_{ms}ms": score.f1 for ms, score in one.within.items()} | {
        name: None if np.isnan(value) else value for name, value in values.items()
    }


def _in_words(one):
    f1 = f"F1 within 1 ms {share(one.within[1].f1)}, {share(one.f1_lag_followed)} lag followed"
    return f1 if np.isnan(one.tempo_percent) else f"{f1}, tempo {one.tempo_percent:+.3g} %"


def score_times(
    recalled: Recall | Sequence[Recall], pattern: Raster | Sequence[Raster]
) -> TimedScores:
    """Compare recalls with their patterns in time: how many spikes come, and how late.

    The network's own spikes are compared with the pattern's from the end of the trigger window on.
    The times are those of the simulation; nothing is binned.

    Parameters
    ----------
    recalled : Recall or sequence of Recall
    pattern : Raster or sequence of Raster
        For each recall the pattern that was cued.

    Returns
    -------
    TimedScores

    Raises
    ------
    InputError
        If the numbers of recalls and patterns, or of their neurons, differ.

    Notes
    -----
    A shift common to all spikes is neutral in a network: nothing in its dynamics takes it back. So
    a recall whose every spike comes may run away from its pattern in time, and plain F1 falls to
    nothing; with the lag followed (see `follow_lag`) F1 says how much of it is there.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.timing import score_times
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 2, rate=0.02), n_delays=15)
    >>> score_times(recall(memory, memory.cues()), memory.patterns)
    <TimedScores: 2 patterns, F1 within 1 ms 1.0000, 1.0000 lag followed>
    """
    if isinstance(recalled, Recall):
        recalled, pattern = [recalled], [pattern]
    if len(recalled) != len(pattern) or not len(recalled):
        raise InputError(f"cannot score {len(recalled)} recalls against {len(pattern)} patterns")
    return TimedScores(tuple(_score(one, stored) for one, stored in zip(recalled, pattern)))


def _score(recall, pattern):
    cue = recall.cue
    if pattern.n_neurons != cue.n_neurons:
        raise InputError(f"a recall of {cue.n_neurons} neurons, a pattern of {pattern.n_neurons}")
    onset, start = cue.onset * cue.step, (cue.scored_from - cue.onset) * cue.step
    ran = (cue.n_steps - cue.onset) * cue.step
    stop = min(pattern.duration, ran)
    stored = _between(pattern.neurons, pattern.times, start, stop)
    own = _between(recall.own.neurons, recall.own.times - onset, start, ran)
    plain = _between(*own, start, stop)
    within = {}
    for ms in WINDOWS:
        pairs, _ = match_spikes(*stored, *plain, ms * 1e-3)
        within[ms] = Score(len(pairs), len(plain[0]), len(stored[0]))
    lag = follow_lag(*stored, *own, start, stop)
    expected = stored[1] + lag.at(stored[1])
    # What comes after the recall's end cannot be there, nor can what comes after the pattern's.
    shown = nanoseconds(expected) < nanoseconds(ran)
    meant = nanoseconds(own[1]) < nanoseconds(stop + lag.at(np.array([stop]))[0])
    neurons, times, expected = stored[0][shown], stored[1][shown], expected[shown]
    own = own[0][meant], own[1][meant]
    pairs, _ = match_spikes(neurons, expected, *own, FOLLOWED)
    lost = np.delete(times, pairs)
    first_lost = float(lost.min()) if len(lost) else float("nan")
    return TimedScore(within, Score(len(pairs), len(own[0]), len(times)), lag, first_lost)


def _between(neurons, times, start, stop):
    """The spikes from `start` on and before `stop`."""
    when = nanoseconds(times)
    inside = (when >= nanoseconds(start)) & (when < nanoseconds(stop))
    return neurons[inside], times[inside]
