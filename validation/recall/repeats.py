"""A periodic pattern recalled over and over."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.quantities import LARGEST_SEED, checked_seed, whole
from wmdelays.recalls import check_room
from wmdelays.scores import Score, known, of_recorded
from wmdelays.timing.cycles import LONGER, score_cycles
from wmdelays.validation.recall.damage import GOING_ON, KINDS
from wmdelays.validation.recall.simulators import DEFAULT, set_up
from wmdelays.words import counted, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Recalls that are made in one call.
_TOGETHER = 8
# Bytes for what is kept of each recall and each of its repeats, and for a line of the table.
_OF_A_TRIAL, _OF_A_REPEAT, _OF_A_LINE = 1200, 24, 1000


@dataclass(frozen=True, repr=False)
class Repeats:
    """F1 of each repeat of periodic patterns.

    Attributes
    ----------
    memory : Memory
    noise : list of float
        Its levels, of the kind that `settings` name.
    patterns : list of int
    f1 : list of float arrays, shape (n_draws, n_patterns, n_repeats)
        For each noise. Without noise there is one draw. In continuous time it is F1 within 1 ms with
        the lag followed.
    bound : float
        F1 at which a repeat counts as recalled.
    settings : dict
    timing : dict
        Seconds spent in each part.
    tempo : list of float arrays, shape (n_draws, n_patterns), optional
        In continuous time how much slower than its pattern each recall is, in percent; NaN where that
        is not known.
    """

    memory: Memory
    noise: list
    patterns: list
    f1: list
    bound: float
    settings: dict
    timing: dict
    tempo: list | None = None

    def __repr__(self):
        held = []
        for noise, holds, f1 in zip(self.noise, self.holds, self.f1):
            n, part = (
                int((holds == f1.shape[2]).sum()),
                f"at noise {noise:g}" if noise else "without noise",
            )
            all_hold = "all hold" if n == holds.size else f"{n} of {holds.size} hold"
            held.append(f"{part} {all_hold} to the end")
        patterns = (
            f"{counted(len(self.patterns), 'pattern')} of {counted(self.memory.n_steps, 'step')}"
        )
        repeats = counted(self.f1[0].shape[2], "repeat")
        return f"<Repeats: {patterns}, {repeats}; {', '.join(held)}>"

    @property
    def holds(self):
        """How many repeats reach the bound before the first that does not.

        Returns
        -------
        list of int arrays, shape (n_draws, n_patterns)
            For each noise.
        """
        below = [
            np.concatenate([f1 < self.bound, np.ones((*f1.shape[:2], 1), bool)], 2)
            for f1 in self.f1
        ]
        return [one.argmax(axis=2) for one in below]

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        period = self.memory.n_steps * self.memory.step
        repeats, holds = [], []
        for level, (noise, f1, held) in enumerate(zip(self.noise, self.f1, self.holds)):
            for k in range(f1.shape[2]):
                mean, worst = float(f1[:, :, k].mean()), float(f1[:, :, k].min())
                repeats.append({"noise": noise, "repeat": k + 1, "f1": mean, "worst_f1": worst})
            for draw, pattern in np.ndindex(held.shape):
                n = int(held[draw, pattern])
                holds.append(
                    {
                        "noise": noise,
                        "draw": draw,
                        "pattern": self.patterns[pattern],
                        "repeats": n,
                        "holds_s": n * period,
                        "to_the_end": n == f1.shape[2],
                    }
                )
                if self.tempo is not None:
                    holds[-1]["tempo_percent"] = known(self.tempo[level][draw, pattern])
        return {
            "memory": sizes(self.memory),
            "repeats": repeats,
            "holds": holds,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(self.settings["simulator"]),
        }


def recall_periodic(
    memory: Memory,
    *,
    repeats: int = 30,
    patterns: Sequence[int] | None = None,
    damage: str = "noise",
    noise: Sequence[float] = (0.0, 0.1),
    draws: int = 3,
    bound: float = 0.99,
    simulator: str = DEFAULT,
    dt: float | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
) -> Repeats:
    """Recall periodic patterns over and over, each from one cue.

    Parameters
    ----------
    memory : Memory
        A periodic one.
    repeats : int
        Number of repeats, the one that begins with the cue included.
    patterns : sequence of int, optional
        Which patterns; by default all.
    damage : str
        The kind of noise, one that goes on through a recall: by default every emitted spike is lost to
        all synapses with a probability, and random spikes are forced after the cue, with that part of
        the patterns' mean rate. See `GOING_ON` and `KINDS` of `wmdelays.validation.recall.damage`.
    noise : sequence of float
        Its levels.
    draws : int
        Number of draws of the noise.
    bound : float
        F1 at which a repeat counts as recalled.
    simulator, dt, device
        See `wmdelays.validation.recall.simulators.recall`.
    seed : int
        Decides the noise.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Repeats
        Where the recall is in continuous time, each repeat is compared within 1 ms with the lag
        followed.

    Raises
    ------
    InputError
        If the memory is not periodic, or a setting makes no sense; before any work starts.

    Examples
    --------
    >>> import wmdelays
    >>> cycles = wmdelays.periodic(n_neurons=40, n_steps=60, n_patterns=1, rate=0.03)
    >>> memory = wmdelays.store(cycles, n_delays=20, periodic=True)
    >>> wmdelays.recall_periodic(memory, repeats=5, noise=[0.0])
    <Repeats: 1 pattern of 60 steps, 5 repeats; without noise all hold to the end>
    """
    say = progress or (lambda stage, part: None)
    setup = set_up(simulator, memory, dt=dt, device=device)
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    if not memory.periodic:
        raise InputError(
            "the memory is not periodic: its patterns end; store them with"
            f" {parameter('periodic=True')}"
        )
    repeats, draws = whole("repeats", repeats, 1), whole("draws", draws, 1)
    seed = checked_seed(seed)
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    noise = [float(value) for value in noise]
    for name, values in (("a pattern", chosen), ("a noise", noise)):
        if not values or len(set(values)) < len(values):
            raise InputError(f"{name} is named twice" if values else f"name {name}")
    if damage not in GOING_ON:
        raise InputError(
            f"there is no noise {damage!r} that goes on through a recall; there are"
            f" {', '.join(GOING_ON)}"
        )
    kind = KINDS[damage]
    for value in noise:
        kind.check(damage, value, memory)
    setups = [setup] * len(noise)
    if kind.variability is not None:
        setups = [
            set_up(
                simulator,
                memory,
                dt=dt,
                device=device,
                variability=kind.variability(memory, value),
            )
            for value in noise
        ]
    if not 0 < bound <= 1:
        raise InputError(f"bound is {bound}; it has to be above 0 and at most 1")

    start, rate, n_steps = time.perf_counter(), memory.rate, repeats * memory.n_steps
    # A recall in continuous time may be late, and cues count in ticks there.
    n = round(memory.step / memory.tick)
    timed = memory.neurons is not None or kind.variability is not None
    n_steps += round(LONGER * n_steps) if timed else 0
    n_draws = [draws if value and kind.random else 1 for value in noise]
    n_trials = sum(n_draws) * len(chosen)
    check_memory(
        n_trials * (_OF_A_TRIAL + _OF_A_REPEAT * repeats) + len(noise) * _OF_A_LINE * repeats,
        f"keeping what came of {n_trials:,} recalls of {repeats:,} repeats",
        f"take fewer draws ({parameter('draws')}), repeats ({parameter('repeats')}) or patterns"
        f" ({parameter('patterns')})",
    )
    check_room(memory, n_steps, f"take fewer repeats ({parameter('repeats')})")
    trials = [
        (level, draw, place)
        for level, of_level in enumerate(n_draws)
        for draw in range(of_level)
        for place in range(len(chosen))
    ]
    f1 = [np.zeros((of_level, len(chosen), repeats)) for of_level in n_draws]
    tempo = [np.full(one.shape[:2], np.nan) for one in f1]
    n_done = 0
    for some in _together(trials, kind):
        say(f"{setup}: {n_done} of {len(trials)} recalls", n_done / len(trials))
        cues = []
        for level, draw, place in some:
            value, k = noise[level], chosen[place]
            cue = Cue.from_pattern(
                memory.patterns[k], memory.n_delays * n, memory.tick, n_steps * n
            )
            if value and kind.cue is not None:
                rng = random_numbers(seed, "periodic", value, draw, k)
                cue = kind.cue(cue, value, rate / n, rng)
            cues.append(cue)
        level, draw, _ = some[0]
        rng = random_numbers(seed, "periodic", damage, noise[level], draw)
        recalls = replace(setups[level], seed=int(rng.integers(LARGEST_SEED))).recall(memory, cues)
        for (level, draw, place), recall in zip(some, recalls):
            pattern = memory.patterns[chosen[place]]
            if timed:
                scores, lag = score_cycles(recall, pattern, repeats)
                f1[level][draw, place] = [one.f1 for one in scores]
                tempo[level][draw, place] = lag.tempo_percent
            else:
                f1[level][draw, place] = f1_of_repeats(recall, pattern)
        n_done += len(some)
    settings = {
        "repeats": repeats,
        "patterns": chosen,
        "damage": damage,
        "noise": noise,
        "draws": draws,
        "bound": bound,
        "simulator": simulator,
        "dt_s": setups[-1].dt,
        "device": setup.device if len(setup.simulator.devices) > 1 else None,
        "seed": seed,
    }
    timing = {simulator: time.perf_counter() - start}
    return Repeats(memory, noise, chosen, f1, bound, settings, timing, tempo if timed else None)


def _together(trials, kind):
    """Trials whose recalls are made in one call; what is untidy in one is the same for all."""
    if kind.variability is None:
        return [trials[k : k + _TOGETHER] for k in range(0, len(trials), _TOGETHER)]
    return [list(some) for _, some in groupby(trials, key=lambda trial: trial[:2])]


def f1_of_repeats(recall, pattern):
    """F1 of each repeat of a pattern in a recall.

    Parameters
    ----------
    recall : Recall
        As long as a whole number of patterns. Its first repeat is compared from the end of the
        trigger window on.
    pattern : Raster

    Returns
    -------
    float array, shape (n_repeats,)
        1 where neither has a spike.
    """
    cue, (own, pattern) = recall.cue, of_recorded(recall, pattern)
    length = pattern.n_steps(cue.step)
    n_repeats = cue.n_steps // length
    steps = own.steps(cue.step)
    scored = (steps >= cue.scored_from) & (steps < n_repeats * length)
    steps, neurons = steps[scored], own.neurons[scored]
    stored_steps = pattern.steps(cue.step)
    wanted = np.full(n_repeats, len(pattern))
    wanted[0] = (stored_steps >= cue.scored_from).sum()
    made = np.bincount(steps // length, minlength=n_repeats)
    key = steps % length * pattern.n_neurons + neurons
    known = np.isin(key, stored_steps * pattern.n_neurons + pattern.neurons)
    matched = np.bincount(steps[known] // length, minlength=n_repeats)
    return np.array([Score(*counts).f1 for counts in zip(matched, made, wanted)])


def repeat_columns(result):
    """Titles of the table of repeats and what stands beneath; equal neighbours share a line."""
    lines = []
    for noise, f1 in zip(result.noise, result.f1):
        for k in range(f1.shape[2]):
            shown = [f"{noise:g}", share(f1[:, :, k].mean()), share(f1[:, :, k].min())]
            if lines and lines[-1][2:] == shown:
                lines[-1][1] = k + 1
            else:
                lines.append([k + 1, k + 1, *shown])
    return {
        "noise": [line[2] for line in lines],
        "repeat": [str(a) if a == b else f"{a} to {b}" for a, b, *_ in lines],
        "F1": [line[3] for line in lines],
        "worst": [line[4] for line in lines],
    }


def holding_columns(result):
    """Titles of the table of how long patterns hold and what stands beneath."""
    period, lines = result.memory.n_steps * result.memory.step, []
    for level, (noise, f1, held) in enumerate(zip(result.noise, result.f1, result.holds)):
        for k, pattern in enumerate(result.patterns):
            least, most = int(held[:, k].min()), int(held[:, k].max())
            text = f"{least}" if least == most else f"{least} to {most}"
            end = " (to the end)" if least == f1.shape[2] else ""
            mean = held[:, k].mean() * period
            lines.append([f"{noise:g}", str(pattern), text + end, f"{mean:.3g}"])
            if result.tempo is not None:
                tempo = result.tempo[level][:, k]
                tempo = tempo[np.isfinite(tempo)]
                lines[-1].append(f"{tempo.mean():+.2f}" if len(tempo) else "")
    titles = ["noise", "pattern", "holds for (repeats)", "mean (s)"]
    titles += [] if result.tempo is None else ["tempo (%)"]
    return dict(zip(titles, map(list, zip(*lines))))
