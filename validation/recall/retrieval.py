"""Patterns cued one after another in one simulation."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from wmdelays.draws import random_numbers
from wmdelays.errors import InputError
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.quantities import checked_seed, whole
from wmdelays.recalls import Recall
from wmdelays.retrieval.cue_scores import score_cues
from wmdelays.retrieval.sequences import Sequence, sequence
from wmdelays.retrieval.uncued import spontaneous
from wmdelays.scores import known
from wmdelays.validation.recall.simulators import DEFAULT, set_up
from wmdelays.words import share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, repr=False)
class Retrieval:
    """What came of patterns cued one after another.

    Attributes
    ----------
    memory : Memory
    sequence : Sequence
        What was cued when.
    recall : Recall
        The whole simulation.
    cues : list of CueScore
        What came of each cue.
    spontaneous : list of Spontaneous
        Recalls that were not cued.
    settings : dict
    timing : dict
        Seconds spent in each part.
    """

    memory: Memory
    sequence: Sequence
    recall: Recall
    cues: list
    spontaneous: list
    settings: dict
    timing: dict

    def __repr__(self):
        return f"<Retrieval: {self.summary.rstrip('.')}>"

    @property
    def summary(self):
        """The outcome in one sentence."""
        right = sum(one.recalled == k for one, k in zip(self.cues, self.sequence.order))
        n = len(self.spontaneous)
        return (
            f"{right} of {len(self.cues)} cues recalled the pattern they cued;"
            f" {n} spontaneous {'recall' if n == 1 else 'recalls'}."
        )

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        step, cues = self.memory.step, []
        for k, onset, one in zip(self.sequence.order, self.sequence.onsets, self.cues):
            values = {"pattern": k, "onset_s": float(onset * step), **asdict(one)}
            values |= {name: known(values[name]) for name in ("precision", "recall")}
            cues.append(values | {"recalled_shift_s": values.pop("recalled_shift") * step})
        return {
            "memory": sizes(self.memory),
            "cues": cues,
            "spontaneous": [
                {
                    "pattern": one.pattern,
                    "start_s": one.start * step,
                    "stop_s": one.stop * step,
                    "begins_s": one.begins * step,
                    "f1": one.f1,
                }
                for one in self.spontaneous
            ],
            "closest_call": self.recall.closest_call,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(self.settings["simulator"]),
        }


def retrieve(
    memory: Memory,
    order: Iterable[int] | str = "stored",
    *,
    interval: int | None = None,
    trigger: int | None = None,
    background: float | None = None,
    window: int | None = None,
    bound: float = 0.5,
    simulator: str = DEFAULT,
    dt: float | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Callable[[str, float | None], None] | None = None,
) -> Retrieval:
    """Cue patterns one after another in one simulation, and see which are recalled.

    Parameters
    ----------
    memory : Memory
    order : sequence of int, "stored" or "random"
        Which patterns, in which order; "stored" and "random" take each once.
    interval, trigger, background
        See `wmdelays.retrieval.sequences.sequence`.
    window : int, optional
        Length in steps of the window in which spontaneous recalls are looked for; by default the
        memory's `n_delays`.
    bound : float
        F1 from which on a pattern counts as recalled.
    simulator, dt, device
        See `wmdelays.validation.recall.simulators.recall`.
    seed : int
        Decides the background spikes and the random order.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Retrieval

    Raises
    ------
    InputError
        If a setting makes no sense; before any work starts.

    Examples
    --------
    >>> import wmdelays
    >>> patterns = wmdelays.bernoulli(n_neurons=40, n_steps=60, n_patterns=2, rate=0.03)
    >>> result = wmdelays.retrieve(wmdelays.store(patterns, n_delays=20), [1, 0, 1])
    >>> [one.recalled for one in result.cues]
    [1, 0, 1]
    """
    say = progress or (lambda stage, part: None)
    setup = set_up(simulator, memory, dt=dt, device=device)
    seed = checked_seed(seed)
    if not 0 < bound <= 1:
        raise InputError(f"bound is {bound}; it has to be above 0 and at most 1")
    if order == "stored":
        order = range(memory.n_patterns)
    elif order == "random":
        order = random_numbers(seed, "retrieve", "order").permutation(memory.n_patterns)
    made = sequence(
        memory,
        [int(k) for k in order],
        interval=interval,
        trigger=trigger,
        background=background,
        rng=random_numbers(seed, "retrieve", "background"),
    )
    window = memory.n_delays if window is None else whole("window", window, 1, memory.n_steps)
    start = time.perf_counter()
    (recall,) = setup.recall(memory, [made.cue], say)
    simulated = time.perf_counter()
    say("looking for the patterns", None)
    own = recall.own.first_neurons(memory.n_recorded)
    cues = score_cues(made, own, bound)
    uncued = spontaneous(made, own, window, bound)
    scored = time.perf_counter()
    settings = {
        "order": list(made.order),
        "interval": interval if len(made.order) < 2 else int(made.onsets[1] - made.onsets[0]),
        "trigger": made.trigger,
        "background": made.background,
        "window": window,
        "bound": bound,
        "simulator": simulator,
        "dt_s": setup.dt,
        "device": setup.device if len(setup.simulator.devices) > 1 else None,
        "seed": seed,
    }
    timing = {simulator: simulated - start, "scores": scored - simulated}
    return Retrieval(memory, made, recall, cues, uncued, settings, timing)


def cue_columns(result):
    """Titles of the table of cues and what stands beneath."""
    made, time = result.sequence, time_text(result.memory.step)
    columns = {
        "at (s)": [time(onset) for onset in made.onsets],
        "pattern": [str(k) for k in made.order],
        "recalled": ["none" if one.recalled is None else str(one.recalled) for one in result.cues],
        "shift (s)": [
            "" if one.recalled is None else time(one.recalled_shift) for one in result.cues
        ],
        "its F1": [share(one.recalled_f1) for one in result.cues],
        "F1": [share(one.f1) for one in result.cues],
        "F1, all": [share(one.f1_all) for one in result.cues],
        "precision": [share(one.precision) for one in result.cues],
        "recall": [share(one.recall) for one in result.cues],
    }
    # These tell something in some cases only.
    for name in ("its F1", "F1, all"):
        if columns[name] == columns["F1"]:
            del columns[name]
    if not any(one.recalled_shift for one in result.cues):
        del columns["shift (s)"]
    return columns


def spontaneous_columns(result):
    """Titles of the table of spontaneous recalls and what stands beneath."""
    time, found = time_text(result.memory.step), result.spontaneous
    return {
        "pattern": [str(one.pattern) for one in found],
        "start (s)": [time(one.start) for one in found],
        "end (s)": [time(one.stop) for one in found],
        "begins in the pattern at (s)": [time(one.begins) for one in found],
        "F1": [share(one.f1) for one in found],
    }


def time_text(step):
    """A function that writes steps as seconds, with as many decimals as the step needs."""
    decimals = max(3, math.ceil(-math.log10(step)))
    return lambda steps: f"{steps * step:.{decimals}f}"
