"""With which step and which delays a recording can be stored."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.contexts import unpredictable_spikes
from wmdelays.errors import InputError, parameter
from wmdelays.neurons.lif import LIF
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Steps that are tried, and lengths of contexts, in seconds.
STEPS = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3)
WINDOWS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# Frames of these many make a step, where times are those of frames.
_FRAMES = (1, 2, 3)
# A context may take this part of the stretch, since the trigger window is not recalled.
_LONGEST = 0.2
_FEWEST_FRAMES = 20
_BETA = next(one.default for one in LIF.parameters if one.name == "beta")


@dataclass(frozen=True)
class Choice:
    """What a step and a number of delays make of a recording.

    Attributes
    ----------
    step : float
        In seconds.
    n_delays : int
    n_steps : int
        Of the stretch.
    n_spikes : int
        Of the stretch.
    merged : int
        Spikes that fall into one step with another of their unit.
    empty, ambiguous : int
        Spikes that no weights could predict, see `wmdelays.contexts.Unpredictable`.
    to_recall : int
        Spikes after the trigger window.
    most_synapses : int
        If every neuron has a synapse to every neuron with every delay.
    tau : float
        Time constant of the membrane in seconds with the default beta.
    """

    step: float
    n_delays: int
    n_steps: int
    n_spikes: int
    merged: int
    empty: int
    ambiguous: int
    to_recall: int
    most_synapses: int
    tau: float

    @property
    def lost(self) -> float:
        """The part of the spikes that are merged, or that no weights could predict."""
        unpredictable = (self.empty + self.ambiguous) / max(1, self.to_recall)
        return self.merged / max(1, self.n_spikes) + unpredictable

    @property
    def whole(self) -> bool:
        """Whether every spike can be stored, each by itself."""
        return not (self.merged or self.empty or self.ambiguous)


def step_choices(
    recording: Raster | Sequence[Raster],
    steps: Sequence[float] | None = None,
    windows: Sequence[float] = WINDOWS,
    n_delays: int | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[Choice]:
    """What each step and number of delays make of a recording.

    Parameters
    ----------
    recording : Raster or sequence of Raster
        A recording or a stretch of one; or several, each a pattern, of the same units.
    steps : sequence of float, optional
        In seconds; by default 1 to 50 ms, or one to three frames where times are those of frames.
    windows : sequence of float
        Lengths of contexts in seconds; those longer than a fifth of the recording are left out.
    n_delays : int, optional
        A number of delays that takes the place of the windows.
    progress : callable, optional
        ``progress(stage, part)``.

    Returns
    -------
    list of Choice
        By step, then by number of delays.

    Raises
    ------
    InputError
        If no step leaves anything to recall.

    Examples
    --------
    >>> from wmdelays import as_raster, best_choice, step_choices
    >>> cells = as_raster({"a": [0.011, 0.052, 0.307], "b": [0.013, 0.21]}, duration=0.4)
    >>> [(one.step, one.n_delays, one.merged) for one in step_choices(cells, steps=[0.01, 0.05])]
    [(0.01, 5, 0), (0.05, 1, 0)]
    """
    made, recordings = [], [recording] if isinstance(recording, Raster) else list(recording)
    n_spikes, shortest = sum(map(len, recordings)), min(one.duration for one in recordings)
    tried = usual_steps(max(recordings, key=len)) if steps is None else list(steps)
    tried = [step for step in tried if shortest > 2 * step]
    pairs = [
        (step, delays)
        for step in tried
        for delays in _delays(shortest, step, windows, n_delays)
        if shortest > (delays + 1) * step
    ]
    if not pairs:
        raise InputError(
            f"{shortest:.4g} s leave nothing to recall with steps of"
            f" {min(tried, default=STEPS[0]) * 1e3:.4g} ms and so many delays; take a longer stretch"
        )
    binned = {}
    for k, (step, delays) in enumerate(pairs):
        if progress is not None:
            progress(f"steps of {step * 1e3:.4g} ms, {delays} delays", k / len(pairs))
        if step not in binned:
            binned = {step: [one.bin(step, merge_spikes=True) for one in recordings]}
        patterns = binned[step]
        found = unpredictable_spikes(patterns, delays, step)
        made.append(
            Choice(
                step=step,
                n_delays=delays,
                n_steps=max(one.n_steps(step) for one in patterns),
                n_spikes=n_spikes,
                merged=n_spikes - sum(map(len, patterns)),
                empty=len(found.empty),
                ambiguous=len(found.ambiguous),
                to_recall=found.n_spikes,
                most_synapses=recordings[0].n_neurons ** 2 * delays,
                tau=-step / math.log(_BETA),
            )
        )
    return made


def best_choice(choices: Sequence[Choice]) -> Choice:
    """The choice that loses the fewest spikes; of those that lose as few, the smallest network.

    Choices that merge spikes are left aside where there are others. Of two with as many synapses it is
    the one with the shorter step.
    """
    choices = [one for one in choices if not one.merged] or choices
    least = min(one.lost for one in choices)
    good = [one for one in choices if one.lost == least]
    return min(good, key=lambda one: (one.most_synapses, one.step))


def why_best(best: Choice) -> str:
    """What speaks for a choice, in a sentence."""
    if best.whole:
        words = "no spike is merged with another, and each can be predicted from its context"
    else:
        parts = [
            f"{n} of {of} spikes {what}"
            for n, of, what in (
                (best.merged, best.n_spikes, "are merged with another of their unit"),
                (
                    best.empty + best.ambiguous,
                    best.to_recall,
                    "cannot be predicted by any weights",
                ),
            )
            if n
        ]
        fewest = "the fewest there are" if best.merged else "the fewest where none is merged"
        words = f"{' and '.join(parts)}, {fewest}"
    context, step = best.n_delays * best.step, step_text(best.step)
    chosen = parameter(
        f"step={best.step:.10g}, n_delays={best.n_delays}",
        f"--step {step} --delays {best.n_delays}",
    )
    return (
        f"{chosen} (contexts of {context:.4g} s): "
        f"{words}; of the choices that lose as few it has the fewest synapses"
        f" (up to {best.most_synapses:,})"
    )


def step_text(step: float) -> str:
    """A step as an option takes it: 2ms, or 1/30s where milliseconds would be rounded."""
    milliseconds = f"{step * 1e3:.6g}"
    if abs(float(milliseconds) - step * 1e3) < 1e-9 * step:
        return f"{milliseconds}ms"
    for frames in _FRAMES:
        rate = round(frames / step * 10) / 10
        if rate and abs(frames / rate - step) < 1e-9 * step:
            return f"{frames}/{rate:g}s"
    return f"{step * 1e3!r}ms"


def usual_steps(recording):
    """Steps to try: one to three frames where all times are those of frames, else `STEPS`."""
    frame = _frame(recording)
    if frame is not None:
        return [n * frame for n in _FRAMES]
    return list(STEPS)


def _frame(recording):
    """The time between frames, where the recording's times are those of frames; else None."""
    apart = np.diff(np.unique(recording.recording.times))
    if len(apart) < _FEWEST_FRAMES:
        return None
    shortest = float(np.median(apart[apart < 1.5 * np.percentile(apart, 5)]))
    if shortest < STEPS[0]:
        return None
    whole = apart / shortest
    on = np.abs(whole - np.rint(whole)) < 0.05
    if np.mean(on & (whole < 20)) < 0.9 * np.mean(whole < 20):
        return None
    # Times are rounded, so the frame is what many of them make together.
    near = on & (whole < 20)
    frame = float(apart[near].sum() / np.rint(whole[near]).sum())
    for rate in (round(1 / frame), round(10 / frame) / 10):
        if rate and abs(1 / rate - frame) < 2e-3 * frame:
            frame = 1 / rate
            break
    return frame if recording.binning(frame).points == 1 else None


def _delays(length, step, windows, n_delays):
    if n_delays is not None:
        return [n_delays]
    found = {max(1, round(window / step)) for window in windows if window <= _LONGEST * length}
    return sorted(found) or [max(1, int(_LONGEST * length / step))]


def as_dicts(choices: Sequence[Choice]) -> list[dict]:
    """Choices as plain JSON values."""
    return [{**asdict(one), "lost": one.lost} for one in choices]
