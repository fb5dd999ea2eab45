"""Periodic patterns in time: how much of each cycle comes, the lag followed from cycle to cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wmdelays.scores import Score, of_recorded
from wmdelays.timing.lag import Lag, follow_lag
from wmdelays.timing.matching import match_spikes
from wmdelays.timing.timed_scores import FOLLOWED, between

if TYPE_CHECKING:
    from wmdelays.raster import Raster
    from wmdelays.recalls import Recall

# So much longer than its cycles a recall has to run, so that the last one is there where it is late.
LONGER = 0.1


def score_cycles(recall: Recall, pattern: Raster, n_cycles: int) -> tuple[list[Score], Lag]:
    """Compare a recall with a pattern that is repeated, cycle by cycle.

    Parameters
    ----------
    recall : Recall
        From a cue at the pattern's beginning. What comes after its cycles does not count, but should
        be there for a tenth of them (`LONGER`), since a recall may be late.
    pattern : Raster
        One cycle.
    n_cycles : int

    Returns
    -------
    scores : list of Score
        Of each cycle, within 1 ms with the lag followed. The first one is compared from the end of the
        trigger window on.
    lag : Lag
        Of all cycles.
    """
    cue, (made, pattern) = recall.cue, of_recorded(recall, pattern)
    period, start = pattern.duration, cue.scored_from * cue.step
    stop, ran = n_cycles * period, cue.n_steps * cue.step
    begins = period * np.arange(n_cycles)
    stored = between(
        np.tile(pattern.neurons, n_cycles), np.add.outer(begins, pattern.times).ravel(), start, stop
    )
    own = between(made.neurons, made.times, start, ran)
    lag = follow_lag(*stored, *own, start, stop)
    expected = stored[1] + lag.at(stored[1])
    one, other = match_spikes(stored[0], expected, *own, FOLLOWED)
    # A cycle ends where the next one begins, as late as that is.
    inner = begins[1:]
    edges = inner + lag.at(inner)
    end = stop + float(lag.at(stop)) - FOLLOWED
    added = np.delete(own[1], other)
    added = np.searchsorted(edges, added[added < end], side="right")
    of_stored = np.searchsorted(inner, stored[1] + 1e-9, side="right")
    counts = (np.bincount(k, minlength=n_cycles) for k in (of_stored[one], added, of_stored))
    return [Score(m, m + more, n) for m, more, n in zip(*(c.tolist() for c in counts))], lag
