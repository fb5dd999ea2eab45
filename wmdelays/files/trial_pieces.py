"""A recording cut at its trials: pieces of one length, cut, padded or stretched as is asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.binning import EXACT, ON_GRID, ROUNDING
from wmdelays.errors import InputError, parameter
from wmdelays.raster import Raster

if TYPE_CHECKING:
    from wmdelays.files.trials import Trials

SHORTEST, LONGEST = "shortest", "longest"


def cut_trials(
    recording: Raster,
    trials: Trials,
    step: float,
    *,
    length: str | float | None = None,
    align: str | None = None,
    before: float | None = None,
    warp: bool = False,
    pad: bool = False,
) -> list[Raster]:
    """A piece of a recording for each trial, all of one length.

    Parameters
    ----------
    recording : Raster
        All of a recording, or the stretch of it that holds the trials.
    trials : Trials
        In seconds from the start of the recording.
    step : float
        The step in seconds with which the pieces are going to be binned.
    length : {"shortest", "longest"} or float, optional
        Length of the pieces: that of the shortest trial, to which the others are cut; that of the
        longest, after which the others are silent; or so many seconds. By default the trials have to
        have one length already, to the step.
    align : str, optional
        The column of an event, which comes to the same step of every piece. By default trials are
        aligned by their starts.
    before : float, optional
        How long before the event pieces begin, in seconds; by default as long as the shortest trial
        does, or the longest with ``length="longest"``.
    warp : bool
        Whether each trial is stretched in time to the length, by default that of the longest, instead
        of cut or padded.
    pad : bool
        Whether trials may go on, in silence, after the end of the recording.

    Returns
    -------
    list of Raster
        Each begins where a step does. Its `start` says when it begins in the recording.

    Raises
    ------
    InputError
        If the trials have different lengths and nothing is said of it, lie outside the recording, or
        one holds no spikes.

    Examples
    --------
    >>> from wmdelays import Raster, Trials, cut_trials
    >>> recording = Raster([0, 1, 0, 1], [1.0, 1.5, 4.25, 4.5], n_neurons=2, duration=5.0)
    >>> pieces = cut_trials(recording, Trials([0.8, 4.0], [1.8, 5.0]), step=0.1)
    >>> [piece.times.round(3).tolist() for piece in pieces]
    [[0.2, 0.7], [0.25, 0.5]]
    """
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
    if before is not None and align is None:
        raise InputError(
            f"{parameter('before')} says how long before an event patterns begin; name it with"
            f" {parameter('align')}"
        )
    end = _end(recording, step)
    silence = "" if pad else f", or let silence follow ({parameter('pad=True')})"
    for k in range(len(trials)):
        if trials.stops[k] > end * (1 + 1e-9) and (not pad or trials.starts[k] >= end):
            raise InputError(
                f"{trials.shown(k)} stops at {trials.stops[k]:.6g} s, after the end of the recording at"
                f" {end:.6g} s; take it out{silence}"
            )
    if warp:
        if align is not None:
            raise InputError(
                f"trials are either aligned to an event ({parameter('align')}) or stretched"
                f" ({parameter('warp=True')})"
            )
        n_steps = _length(trials, _whole(trials.durations, step), step, length or LONGEST)
        pieces = [_warped(recording, trials, k, step, n_steps, end) for k in range(len(trials))]
    else:
        events = trials.starts if align is None else trials.events(align)
        n_before, n_steps = _window(trials, events, step, length, before)
        pieces = [
            _piece(recording, trials, k, events[k], step, n_before, n_steps, end)
            for k in range(len(trials))
        ]
    for k, piece in enumerate(pieces):
        if not len(piece):
            raise InputError(
                f"{trials.shown(k)} ({trials.starts[k]:g} to {trials.stops[k]:g} s) leaves a pattern"
                " without spikes; take it out"
            )
    return pieces


def _end(recording, step):
    """When a recording ends: the step of its last spike belongs to it."""
    length = recording.duration
    if len(recording):
        length = max(length, recording.n_steps(step) * step)
    return recording.start + length


def _whole(durations, step, least=1):
    """How many steps hold so many seconds, int array; times in files are rounded."""
    return np.maximum(np.ceil(durations / step - ON_GRID), least).astype(np.int64)


def _lengths():
    """What errors call the two lengths that are names, and the setting itself."""
    shortest, longest = (
        parameter(f"length={name!r}", f"--trial-length {name}") for name in (SHORTEST, LONGEST)
    )
    return shortest, longest, parameter("length", "--trial-length")


def _length(trials, n_steps, step, length):
    """The one length of all, in steps.

    Parameters
    ----------
    n_steps : int array, shape (n_trials,)
        The steps of each.
    """
    least, most = int(n_steps.min()), int(n_steps.max())
    if length is None and least < most:
        shortest, longest, _ = _lengths()
        short, long = (
            f"{n} steps ({n * step:.6g} s, {trials.shown(int(k))})"
            for n, k in ((least, np.argmin(n_steps)), (most, np.argmax(n_steps)))
        )
        middle = float(np.median(trials.durations))
        middle = parameter(f"length={middle:.3g}", f"--trial-length {middle:.3g}s")
        raise InputError(
            f"trials have {short} to {long}, patterns one length: {shortest} cuts"
            f" them, {longest} lets silence follow, and a time such as"
            f" {middle} does what is needed; {parameter('warp=True')}"
            " stretches them"
        )
    if length in (None, SHORTEST):
        return least
    if length == LONGEST:
        return most
    if isinstance(length, str) or not (math.isfinite(length) and length > 0):
        raise InputError(f"the length of trials is {SHORTEST}, {LONGEST} or a time, not {length!r}")
    return int(_whole(np.float64(length), step))


def _window(trials, events, step, length, before):
    """The steps of each piece before its event, and all of its steps."""
    shortest, longest, named = _lengths()
    earlier = _whole(events - trials.starts, step, 0)
    later = _whole(trials.stops - events, step, 0)
    if before is not None:
        n_before = round(before / step)
    elif length is None and earlier.min() < earlier.max():
        short, long = (f"{n * step:.6g} s" for n in (earlier.min(), earlier.max()))
        raise InputError(
            f"trials begin {short} to {long} before the event: {shortest} cuts them,"
            f" {longest} adds silence; or say {parameter('before')} and"
            f" {named}"
        )
    else:
        n_before = int(earlier.max() if length == LONGEST else earlier.min())
    if length is None or isinstance(length, str):
        n_after = _length(trials, later, step, length)
        return n_before, n_before + n_after
    n_steps = _length(trials, later, step, length)
    if n_steps <= n_before:
        raise InputError(
            f"a pattern of {n_steps * step:.6g} s ends before its event, {n_before * step:.6g} s after"
            f" its beginning; take a longer {named}, or a shorter"
            f" {parameter('before')}"
        )
    return n_before, n_steps


def _piece(recording, trials, k, event, step, n_before, n_steps, end):
    """The spikes of a trial, in as many steps as all have, with silence around them."""
    binning = recording.binning(step)
    # Spikes that are taken to a grid keep their distance from an event that is taken to it, too.
    start = float(binning.meant(event - n_before * step))
    if start < -ROUNDING * step:
        raise InputError(
            f"the pattern of {trials.shown(k)} would begin {-start:.6g} s before the recording; take a"
            f" shorter {parameter('before')}"
        )
    start = max(start, 0.0)
    stop = start + n_steps * step
    piece = _spikes(
        recording, max(trials.starts[k], start), min(trials.stops[k], stop, end), step, trials, k
    )
    # Two starts a rounding error apart, or on a grid, mean one.
    times = np.clip(piece.times + (piece.start - start), 0, n_steps * step)
    return Raster(
        piece.neurons,
        times,
        recording.n_neurons,
        n_steps * step,
        start=start,
        clock=recording.recording,
        units=recording.units,
    )


def _warped(recording, trials, k, step, n_steps, end):
    """The spikes of a trial, stretched in time to so many steps."""
    start, stop = trials.starts[k], trials.stops[k]
    piece = _spikes(recording, start, min(stop, end), step, trials, k)
    part = np.clip((piece.times + (piece.start - start)) / (stop - start), 0, 1)
    # A spike at the very end belongs to the last step.
    times = np.minimum(part * n_steps, n_steps * (1 - 1e-9)) * step
    return Raster(
        piece.neurons,
        times,
        recording.n_neurons,
        n_steps * step,
        start=float(start),
        clock=EXACT,
        units=recording.units,
    )


def _spikes(recording, start, stop, step, trials, k):
    if start < recording.start * (1 - 1e-12):
        raise InputError(f"{trials.shown(k)} begins before the stretch that is looked at")
    start = max(start - recording.start, 0.0)
    return recording.slice(start, stop - recording.start, step)
