"""The step that suits recordings best, chosen before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.errors import InputError, parameter
from wmdelays.files.raster_files import read_raster
from wmdelays.files.recordings.spikes import of_same_units
from wmdelays.patterns import is_specification
from wmdelays.validation.recordings.grid import Choice, best_choice, step_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wmdelays.files.trials import Trials


def choose_step(
    inputs: Sequence[str | Path],
    trials: Trials | None = None,
    *,
    start: float | None = None,
    stop: float | None = None,
    n_delays: int | None = None,
    neurons: int | None = None,
    reading: Mapping | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Choice:
    """The step and the number of delays that suit recordings best, see `best_choice`.

    Parameters
    ----------
    inputs : sequence of str or Path
        Files of recordings, each a pattern; with trials one alone.
    trials : Trials, optional
        The stretches that are the patterns.
    start, stop : float, optional
        The stretch of each recording in seconds.
    n_delays : int, optional
        If the number of delays is set.
    neurons, reading
        How recordings are read, see `wmdelays.read_raster`.
    progress : callable, optional

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        If an input is no recording, or nothing of it is in the stretch.
    """
    pieces = []
    for name in inputs:
        if is_specification(str(name)):
            raise InputError(
                "patterns that are drawn have no best step; name it"
                f" ({parameter('step=0.001', '--step 1ms')})"
            )
        raster = read_raster(name, neurons, start=start, stop=stop, **reading or {})
        if trials is not None:
            ends = zip(trials.starts, trials.stops)
            pieces += [raster.slice(begin, min(end, raster.duration)) for begin, end in ends]
        elif start is not None or stop is not None:
            # What follows the last spike, where silence is asked for, changes no choice.
            end = None if stop is None else min(stop, raster.duration)
            pieces.append(raster.slice(start or 0.0, end))
        else:
            pieces.append(raster)
    if not any(map(len, pieces)):
        raise InputError("there are no spikes in this stretch")
    return best_choice(step_choices(of_same_units(pieces), n_delays=n_delays, progress=progress))
