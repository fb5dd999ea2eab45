"""Whether recalls are stable, told from the neurons before anything noisy is run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.neurons.drawn_network import draw_network
from wmdelays.quantities import checked_seed, whole
from wmdelays.timing import amplification, expected, fading, match_spikes, score_times, wander
from wmdelays.validation.recall.damage import KINDS
from wmdelays.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wmdelays.timing import Fading, JitterMatrix

# Kinds of untidiness that the theory speaks of, and how much of each by default.
LEVELS = {"release-failures": 0.1, "membrane-noise": 1.0, "background": 0.1}
# So many recalls are made of each kind if nothing is said.
_RECALLS = 24
# Influences older than this are none, for the number of cycles that a periodic pattern is followed.
_OLDEST_S = 0.3
# What would take so many times as long as the recall does not die in it.
_SLOWEST = 10
# How far from the lag a spike may be that its jitter is measured by, in seconds.
_NEAR = 0.003


@dataclass(frozen=True, repr=False, eq=False)
class Level:
    """One kind of untidiness, in theory and as measured.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    value : float
    theory, measured : dict of str to float
        ``tempo_percent``, ``wander_ms`` (by how much the lag changes in a second, as a random walk)
        and ``wobble_ms`` (of single spikes about the lag), each a standard deviation; NaN where it
        is not known.
    f1_lag_followed : float
        Of the measured recalls.
    """

    kind: str
    value: float
    theory: dict
    measured: dict
    f1_lag_followed: float


@dataclass(frozen=True, repr=False, eq=False)
class Stability:
    """Whether the recalls of a memory are stable, and what becomes of jitter.

    Attributes
    ----------
    memory : Memory
    patterns : list of int
    matrices : list of JitterMatrix
        Of each pattern.
    fadings : list of Fading
        Of each pattern.
    multipliers : list of complex arrays
        Of each pattern, if they are periodic; empty where no cycle is like the one before.
    exact : bool
        Whether the recalls without noise have every spike at its tick, and no other.
    f1 : float
        Of them, within 1 ms and with the lag followed.
    wander, wobble : float
        What becomes of a jitter of 1 ms that every spike adds: see `amplification`.
    levels : list of Level
    settings : dict
    timing : dict
        Seconds spent in each part.
    """

    memory: Memory
    patterns: list
    matrices: list[JitterMatrix]
    fadings: list[Fading]
    multipliers: list
    exact: bool
    f1: float
    wander: float
    wobble: float
    levels: list[Level]
    settings: dict
    timing: dict

    def __repr__(self):
        n = counted(len(self.patterns), "pattern")
        stable = "stable" if self.is_stable else "not stable"
        return f"<Stability: {n}, {stable}, jitter falls to 1/e in {self.decay_ms:.3g} ms>"

    @property
    def decay_ms(self) -> float:
        """The longest time in which jitter of single spikes falls to 1/e; NaN if it is not known."""
        every = np.array([one.decay_ms for one in self.fadings])
        if (every < 0).any():
            return float(every[every < 0].max())
        return float(np.max(every))

    @property
    def second_multiplier(self) -> float:
        """The largest of all multipliers but that of a shift of all; NaN if nothing is periodic."""
        return max((float(abs(one[1])) for one in self.multipliers if len(one) > 1), default=np.nan)

    @property
    def is_stable(self) -> bool:
        """Whether all jitter but a shift of all spikes dies."""
        longest = _SLOWEST * 1e3 * max(np.ptp(one.times) for one in self.fadings)
        return 0 < self.decay_ms < longest and not self.second_multiplier >= 1

    @property
    def row_sums(self) -> np.ndarray:
        """The sum of influences on each spike of all patterns; 1 for ticks of no length."""
        return np.concatenate([one.row_sums for one in self.matrices])

    @property
    def age_ms(self) -> float:
        """The mean age of what carries a spike."""
        return float(np.concatenate([one.ages for one in self.matrices]).mean())

    def as_dict(self):
        """The outcome as plain JSON values."""
        sums = self.row_sums
        return {
            "memory": sizes(self.memory),
            "stable": self.is_stable,
            "exact": bool(self.exact),
            "f1_lag_followed": self.f1,
            "decay_ms": _plain(self.decay_ms),
            "cue_jitter": {
                "left": _rms(one.left for one in self.fadings),
                "stays": _rms(one.stays for one in self.fadings),
            },
            "own_jitter": {"wander": _plain(self.wander), "wobble": _plain(self.wobble)},
            "age_ms": self.age_ms,
            "row_sums": {"mean": sums.mean(), "least": sums.min(), "most": sums.max()},
            "multipliers": [
                {"pattern": k, "largest": [[x.real, x.imag] for x in one[:8].tolist()]}
                for k, one in zip(self.patterns, self.multipliers)
            ],
            "levels": [
                {
                    "kind": one.kind,
                    "value": one.value,
                    "theory": {name: _plain(x) for name, x in one.theory.items()},
                    "measured": {name: _plain(x) for name, x in one.measured.items()},
                    "f1_lag_followed": _plain(one.f1_lag_followed),
                }
                for one in self.levels
            ],
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(),
        }


def _plain(value):
    return float(value) if np.isfinite(value) else None


def _rms(values):
    return float(np.sqrt(np.mean(np.square(list(values)))))


def stability(
    memory: Memory,
    *,
    patterns: Sequence[int] | None = None,
    levels: Mapping[str, float] = LEVELS,
    draws: int | None = None,
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
) -> Stability:
    """Whether the recalls of a memory are stable, beside what recalls with noise do.

    Parameters
    ----------
    memory : Memory
        For neurons in continuous time.
    patterns : sequence of int, optional
        By default all.
    levels : mapping of str to float
        How much of each kind of untidiness theory and recalls are compared at: of
        ``release-failures``, ``membrane-noise``, ``background``, in the units of `KINDS`.
    draws : int, optional
        Noisy recalls of each pattern; by default as many as make 24 in all, and 0 for none.
    seed : int
        Of the noise.
    progress : callable, optional
        Takes what is being done and the part of it that is done.

    Returns
    -------
    Stability

    Raises
    ------
    InputError
        If the memory is for the network in discrete time, recalls nothing, or a value makes no
        sense.
    """
    from wmdelays.training.continuous.jitter import jitter_matrix
    from wmdelays.training.continuous.recall import recall

    say, began = progress or (lambda stage, part: None), time.perf_counter()
    if memory.neurons is None:
        raise InputError(
            "the memory is for the network in discrete time, in which no spike can jitter by less"
            f" than a step; store one with {parameter('neurons', '--for MODEL')}"
        )
    unknown = [name for name in levels if name not in LEVELS]
    if unknown:
        raise InputError(f"there is no theory of {unknown[0]!r}; there is of {', '.join(LEVELS)}")
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    cues = memory.cues(chosen)
    seed = checked_seed(seed)
    draws = -(-_RECALLS // len(cues)) if draws is None else whole("draws", draws, 0)
    stored = [memory.patterns[k] for k in chosen]
    say("recalling", None)
    clean = recall(memory, cues)
    for k, one in zip(chosen, clean):
        if len(one.own) < 2:
            raise InputError(
                f"pattern {k} is not recalled, so there are no spikes that could jitter"
            )
    matrices, fadings, multipliers = [], [], []
    for n, one in enumerate(clean):
        say("following jitter back", n / len(clean))
        matrices.append(jitter_matrix(memory, one))
        fadings.append(fading(matrices[-1]))
        if memory.periodic:
            multipliers.append(_multipliers(memory, stored[n], cues[n]))
    timing = {"matrices": time.perf_counter() - began}
    own = np.array([amplification(one) for one in matrices])
    found = []
    for n, (kind, value) in enumerate(levels.items()):
        say(f"{kind} {value:g}", n / len(levels))
        untidy = KINDS[kind].variability(memory, value)
        found.append(_level(memory, kind, value, untidy, matrices, clean, stored, draws, seed))
    timing["recalls"] = time.perf_counter() - began - timing["matrices"]
    score = score_times(clean, stored)
    wander_of_own, wobble_of_own = np.sqrt((own**2).mean(0)).tolist()
    return Stability(
        memory,
        chosen,
        matrices,
        fadings,
        multipliers,
        score.exact.f1 == 1,
        score.f1_lag_followed,
        wander_of_own,
        wobble_of_own,
        found,
        {"levels": dict(levels), "draws": draws, "seed": seed, "patterns": chosen},
        timing,
    )


def _multipliers(memory, pattern, cue):
    """The multipliers of a periodic pattern, from a recall that goes on for some cycles."""
    from wmdelays.training.continuous.jitter import jitter_matrix
    from wmdelays.training.continuous.recall import recall

    n_cycles = 3 + int(np.ceil(_OLDEST_S / pattern.duration))
    n_steps = n_cycles * cue.n_steps
    longer = Cue.from_pattern(pattern, cue.clamp, cue.step, n_steps)
    try:
        return jitter_matrix(memory, recall(memory, longer)).multipliers(pattern.duration)
    except InputError:
        # The recall is no cycle, so there is no map from one to the next.
        return np.empty(0, complex)


def _level(memory, kind, value, untidy, matrices, clean, stored, draws, seed):
    """Theory and measurement of one kind of untidiness."""
    from wmdelays.training.continuous.recall import recall

    drawn = draw_network(memory, untidy, seed, round(memory.step / memory.tick))
    theory = []
    for matrix, one in zip(matrices, clean):
        cue = one.cue
        stretch = (x * cue.step for x in (cue.scored_from, cue.n_steps))
        theory.append(expected(matrix, drawn, *stretch))
    spread = not untidy.background
    expectation = {
        "tempo_percent": float(np.mean([one.lag.tempo_percent for one in theory])),
        "wander_ms": _rms(one.wander_ms for one in theory) if spread else np.nan,
        "wobble_ms": _rms(one.wobble_ms for one in theory) if spread else np.nan,
    }
    measured = dict.fromkeys(expectation, np.nan)
    if not draws:
        return Level(kind, value, expectation, measured, np.nan)
    cues = [one.cue for one in clean for _ in range(draws)]
    recalls = recall(memory, cues, None, untidy, seed)
    wanted = [one for one in stored for _ in range(draws)]
    scores = score_times(recalls, wanted)
    lags = [one.lag for one in scores.patterns]
    each = [lags[k : k + draws] for k in range(0, len(lags), draws)]
    measured = {
        "tempo_percent": scores.tempo_percent,
        "wander_ms": _rms(map(wander, each)) if draws > 1 else np.nan,
        "wobble_ms": _rms(_wobble(*one) for one in zip(recalls, wanted, lags)),
    }
    return Level(kind, value, expectation, measured, scores.f1_lag_followed)


def _wobble(recall, pattern, lag):
    """The root mean square in ms of single spikes about the lag."""
    late = lag.at(pattern.times)
    one, other = match_spikes(
        pattern.neurons, pattern.times + late, recall.own.neurons, recall.own.times, _NEAR
    )
    return 1e3 * _rms(recall.own.times[other] - pattern.times[one] - late[one])
