"""How much of a pattern a recall brings back, where its spikes may come a little early or late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.recalls import Recall
from wmdelays.scores import Score, known, of_recorded
from wmdelays.timing.course import lost_from
from wmdelays.timing.lag import WIDTH, Lag, follow_lag
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
    exact : Score
        Spikes at the very time.
    within : dict of int to Score
        Spikes that match within 1, 2 and 5 ms, as they come.
    followed : Score
        Within 1 ms, the lag followed. What the recall was not run for long enough to show is left
        out: the end of the pattern where it is late, what comes after the pattern where it is early;
        and in the last millisecond before either, what has no match.
    lag : Lag
    first_lost_s : float
        Time of the first stored spike without a match (lag followed), in seconds from the pattern's
        start; NaN if none is lost.
    lost_from_s : float
        From when on the pattern is lost (lag followed), in seconds from its start; NaN if it is there
        at its end. See `wmdelays.timing.course.lost_from`.
    """

    exact: Score
    within: dict
    followed: Score
    lag: Lag
    first_lost_s: float
    lost_from_s: float = float("nan")

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
    def exact(self) -> Score:
        """Spikes at the very time, over all patterns at once."""
        return sum((one.exact for one in self.patterns), Score(0, 0, 0))

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
    def lost_from_s(self) -> float:
        """The earliest time from which on a pattern is lost, in it, in seconds; NaN if none is."""
        return float(min(self._known("lost_from_s"), default=np.nan))

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
    names = "f1_lag_followed tempo_percent wobble_ms lag_end_ms first_lost_s lost_from_s n_lost n_too_many"
    values = {name: getattr(one, name) for name in names.split()}
    return {f"f1_{ms}ms": score.f1 for ms, score in one.within.items()} | {
        name: known(value) for name, value in values.items()
    }


def _in_words(one):
    f1 = f"F1 within 1 ms {share(one.within[1].f1)}, {share(one.f1_lag_followed)} lag followed"
    return f1 if np.isnan(one.tempo_percent) else f"{f1}, tempo {one.tempo_percent:+.3g} %"


def score_times(
    recalled: Recall | Sequence[Recall], pattern: Raster | Sequence[Raster]
) -> TimedScores:
    """Compare recalls with their patterns in time: how many spikes come, and how late.

    The network's own spikes are compared with the pattern's from the end of the trigger window on.
    The times are those of the simulation; nothing is binned. Latent neurons do not count.

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
    cue, (made, pattern) = recall.cue, of_recorded(recall, pattern)
    onset, start = cue.onset * cue.step, (cue.scored_from - cue.onset) * cue.step
    ran = (cue.n_steps - cue.onset) * cue.step
    stop = min(pattern.duration, ran)
    stored = between(pattern.neurons, pattern.times, start, stop)
    own = between(made.neurons, made.times - onset, start, ran)
    plain = between(*own, start, stop)
    scores = {}
    for ms in (0, *WINDOWS):
        pairs, _ = match_spikes(*stored, *plain, ms * 1e-3)
        scores[ms] = Score(len(pairs), len(plain[0]), len(stored[0]))
    lag = follow_lag(*stored, *own, start, stop)
    return TimedScore(scores.pop(0), scores, *_followed(stored, own, lag, stop, ran))


def _followed(stored, own, lag, stop, ran):
    """What a TimedScore has with the lag followed: from `followed` on."""
    expected = stored[1] + lag.at(stored[1])
    one, other = match_spikes(stored[0], expected, *own, FOLLOWED)
    # What the recall was not run for cannot be there, nor in the pattern what comes after it. A
    # spike that may lie on either side of such an end counts if it has a match.
    ends = ran, stop + float(lag.at(stop))
    unmatched = np.delete(expected, one), np.delete(own[1], other)
    missed, added = (
        nanoseconds(times) < nanoseconds(end - FOLLOWED) for times, end in zip(unmatched, ends)
    )
    score = Score(len(one), len(one) + int(added.sum()), len(one) + int(missed.sum()))
    lost = np.delete(stored[1], one)[missed]
    first_lost = float(min(lost, default=np.nan))
    times = np.concatenate([stored[1][one], lost])
    order, matched = np.argsort(times, kind="stable"), np.arange(len(times)) < len(one)
    extra = unmatched[1][added]
    extra = extra - lag.at(extra)
    from_when = lost_from(times[order], matched[order], extra, stop, WIDTH)
    return score, lag, first_lost, from_when


def between(neurons, times, start, stop):
    """The spikes from `start` on and before `stop`."""
    when = nanoseconds(times)
    inside = (when >= nanoseconds(start)) & (when < nanoseconds(stop))
    return neurons[inside], times[inside]
