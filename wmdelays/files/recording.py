"""The stretch of a recording that a command looks at, and what is said of its bins."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, parameter
from wmdelays.files.raster_files import read_raster
from wmdelays.words import printable

if TYPE_CHECKING:
    from pathlib import Path

    from wmdelays.raster import Raster


# So many silent steps before the first spike, and more than there are after it, are not stored
# unless it is asked for.
_SILENT_STEPS = 10_000
# From this part of the spikes on it is said that their times are too coarse for the steps.
_COARSE = 0.05


def read_stretch(
    path: str | Path,
    step: float,
    *,
    start: float | None = None,
    stop: float | None = None,
    pad: bool = False,
    duration: float | None = None,
    n_neurons: int | None = None,
    from_first_spike: bool = False,
    phase: float | None = None,
    **reading,
) -> Raster:
    """A recording from a file, or a stretch of it, cut as it is going to be binned.

    Parameters
    ----------
    path : str or Path
        See `wmdelays.files.raster_files.read_raster`.
    step : float
        Length of a step in seconds.
    start, stop : float, optional
        In seconds from the start of the recording; by default all of it.
    pad : bool
        Whether the stretch may go on, in silence, after the end of the recording.
    duration, n_neurons : optional
        What is known of the recording, see `read_raster`.
    from_first_spike : bool
        Whether the stretch begins by default in the step of the first spike, unless the file states
        how long the recording is and it is not mostly silence until then. Otherwise it begins at 0.
    phase : float, optional
        When in the recording one of the steps begins; by default they begin with the stretch.
    **reading
        How the file is read, see `wmdelays.files.raster_files.read_raster`.

    Returns
    -------
    Raster
        Its `start` says when its time 0 is in the recording.

    Raises
    ------
    InputError
        If the file cannot be read, or the stretch is empty, not inside the recording, or nearly
        all silence.
    """
    # What is read for a step that begins before the stretch, or ends after it, is cut off below.
    around = {"start": start and max(0.0, start - step), "stop": stop and stop + step}
    raster = read_raster(path, n_neurons=n_neurons, duration=duration, **around, **reading)
    try:
        if not (math.isfinite(step) and step > 0):
            raise InputError(f"the step is {step * 1e3:g} ms; it has to be greater than zero")
        # A csv file does not say how long the recording is, an npz file may.
        states_length = raster.duration > raster.times[-1]
        late = _is_late(raster, step)
        if stop is not None:
            raster = _up_to(raster, stop, step, pad)
        if start is None and from_first_spike and (late or not states_length):
            start = _step_of_first(raster, step, phase or 0.0)
        elif start is None and late:
            raise _silent(raster, step)
        if start is not None or stop is not None:
            raster = raster.slice(start or 0.0, stop, step)
        if not len(raster):
            raise InputError("holds no spikes in this stretch")
        return raster if phase is None else raster.aligned(step, phase)
    except InputError as error:
        raise InputError(f"{printable(path)}: {error}") from None


def _up_to(raster, stop, step, pad):
    """The raster, checked to go on until `stop`, or made to."""
    end = raster.duration
    if stop > end * (1 + 1e-9):
        # The step of the last spike goes on after it.
        end = max(end, raster.n_steps(step) * step)
    if stop <= end * (1 + 1e-9):
        return raster
    if not pad:
        raise InputError(
            f"ends at {raster.duration:.6g} s, before {parameter('stop')} {stop:.6g} s; take an earlier one, or"
            f" let silence follow ({parameter('pad=True')})"
        )
    return replace(raster, duration=stop)


def _step_of_first(raster, step, phase):
    """When the step of the first spike begins, on a grid of which one step begins at `phase`."""
    binning = raster.binning(step)
    phase = 0.0 if binning.points == 1 else phase % step
    first = int(binning.steps(raster.times[:1], phase)[0])
    return max(0.0, phase + first * step)


def _is_late(raster, step):
    """Whether a recording is mostly the silence before its first spike."""
    first, held = float(raster.times[0]), float(raster.times[-1] - raster.times[0])
    return first / step > _SILENT_STEPS and first > held


def _silent(raster, step):
    first, held = float(raster.times[0]), float(raster.times[-1] - raster.times[0])
    for decimals in range(4):
        start = math.floor(first * 10**decimals) / 10**decimals
        if first - start <= max(0.1 * held, 1e-3):
            break
    return InputError(
        f"its first spike is at {first:.10g} s, after {first / step:,.0f} silent steps; take"
        f" {_start(start)}, or {_start(0)} to have the silence too"
    )


def _start(seconds):
    return parameter(f"start={seconds:.10g}", f"--start {seconds:.10g}s")


def remembered(pattern, stretch, step, name=None):
    """What a memory remembers of how a recording became one of its patterns, as JSON values.

    Parameters
    ----------
    pattern : int
        Number of the pattern.
    stretch : Raster
        What it was made from.
    step : float
    name : str, optional
        Of the trial that it is.
    """
    named = {} if name is None else {"name": name}
    return {
        "pattern": pattern,
        **named,
        "start_s": stretch.start,
        **stretch.binning(step).as_dict(),
    }


def begins_at(memory, pattern):
    """When a pattern begins in its recording, in seconds; None where it comes from none.

    Parameters
    ----------
    memory : Memory
    pattern : int
    """
    for one in memory.made.get("binning") or ():
        if one["pattern"] == pattern:
            return one["start_s"]
    return None


def pattern_label(memory, pattern):
    """What a pattern is called in tables: its number, and the name of its trial if it has one.

    Parameters
    ----------
    memory : Memory
    pattern : int
    """
    for one in memory.made.get("binning") or ():
        if one["pattern"] == pattern and one.get("name", str(pattern)) != str(pattern):
            return f"{pattern} {printable(one['name'])}"
    return str(pattern)


def binning_lines(name, raster, step):
    """What there is to say of how a recording's times become steps.

    Parameters
    ----------
    name : str
        Of the recording.
    raster : Raster
        A stretch of it.
    step : float

    Returns
    -------
    list of str
        A line for each thing that a user should know; mostly none.
    """
    made, lines = raster.binning(step), []
    total = f"{made.n_spikes} spikes"
    if made.points and made.n_off_grid:
        which = "the grid of steps" if made.points == 1 else f"a grid of 1/{made.points} step"
        lines.append(
            f"the times lie on {which}, and each spike is taken to its nearest point;"
            f" {made.n_off_grid} of {total} {_lie(made.n_off_grid)} off it"
            f" ({_shown(raster, made, made.n_off_grid)})"
        )
    elif made.n_at_edge:
        lines.append(
            f"{made.n_at_edge} of {total} {_lie(made.n_at_edge)} below the edge of a step by no more"
            f" than the times ({made.resolution}) can tell, and belong to the later step"
            f" ({_shown(raster, made, made.n_at_edge)})"
        )
    if made.n_coarse > _COARSE * made.n_spikes:
        lines.append(
            f"the times of {made.n_coarse} of {total} are too coarse ({made.resolution}) to tell"
            f" steps of {step * 1e3:.6g} ms; take a longer step ({parameter('step')})"
        )
    return [f"{printable(name)}: {line}" for line in lines]


def _lie(n):
    return "lies" if n == 1 else "lie"


def _shown(raster, made, n):
    shown = [
        f"unit {raster.unit(raster.recording.neurons[k])} at {raster.recording.times[k]:.10g} s"
        for k in made.examples
    ]
    return f"{'; '.join(shown)}{'; …' if n > len(shown) else ''}"
