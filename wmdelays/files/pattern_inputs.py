"""Patterns to store, from files and generators."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, InputWarning
from wmdelays.files.recording import read_stretch
from wmdelays.files.recordings.spikes import natural, of_same_units
from wmdelays.files.trial_pieces import cut_trials
from wmdelays.patterns import generate, is_specification
from wmdelays.words import printable

# So many names are shown.
_SHOWN = 3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.files.trials import Trials
    from wmdelays.raster import Raster


def read_patterns(
    inputs: Sequence[str | Path],
    step: float,
    *,
    start: float | None = None,
    stop: float | None = None,
    pad: bool = False,
    duration: float | None = None,
    neurons: int | None = None,
    merge_spikes: bool = False,
    seed: int = 0,
    tick: float | None = None,
    **reading,
) -> tuple[list[Raster], dict[int, tuple[str, Raster]]]:
    """The patterns that the inputs of `wmdelays store` name, at whole steps.

    Parameters
    ----------
    inputs : sequence of str
        Raster files, one pattern each, and generators' specifications.
    step : float
        Training time step in seconds.
    start, stop : float, optional
        Stretch of each recording in seconds.
    pad : bool
        Whether it may go on, in silence, after the end of a recording.
    duration : float, optional
        Stated length of each recording in seconds.
    neurons : int, optional
        Number of neurons; by default all units that an input has, and those of one name are one.
    merge_spikes : bool
        Whether two spikes of a unit in one step may become one.
    seed : int
        Seed of the generators.
    tick : float, optional
        To what the times of recordings are put, in seconds; by default the step.
    **reading
        How recordings are read, see `read_raster`.

    Returns
    -------
    patterns : list of Raster
    stretches : dict of int to (str, Raster)
        By the number of a pattern that was made from a file: the file, and its stretch.

    Raises
    ------
    InputError
        If an input cannot be read or does not fit into steps.

    Warns
    -----
    InputWarning
        Of units that have the same name in several recordings: they are taken to be one neuron.
    """
    patterns, stretches, tick = [], {}, step if tick is None else tick
    for k, text in enumerate(inputs):
        if is_specification(text) or (":" in text and not Path(text).exists()):
            # Two generators of one kind in a row are to give different patterns.
            patterns += generate(text, step=step, seed=seed + k)
            continue
        stretch = read_stretch(
            text,
            tick,
            start=start,
            stop=stop,
            pad=pad,
            duration=duration,
            n_neurons=neurons,
            **reading,
        )
        stretches[len(patterns)] = text, stretch
        try:
            patterns.append(stretch.bin(tick, merge_spikes))
        except InputError as error:
            raise InputError(f"{printable(text)}: {error}") from None
    _tell_shared_names(stretches.values())
    return of_same_units(patterns), stretches


def _tell_shared_names(stretches):
    """Warn of units that have one name in several recordings, as they become one neuron."""
    spiking = {
        Path(name).resolve(): (name, {stretch.unit(k) for k in np.unique(stretch.neurons)})
        for name, stretch in stretches
    }
    found = Counter(unit for _, units in spiking.values() for unit in units)
    shared = sorted((unit for unit, n in found.items() if n > 1), key=natural)
    if not shared:
        return
    files = [printable(name) for name, units in spiking.values() if not units.isdisjoint(shared)]
    some = ", ".join(printable(unit) for unit in shared[:_SHOWN])
    more = ", …" if len(shared) > _SHOWN else ""
    warnings.warn(
        f"{', '.join(files[:_SHOWN])}{', …' if len(files) > _SHOWN else ''}: units of one name are taken"
        f" to be one neuron, {len(shared):,} of them ({some}{more}); give different cells different names",
        InputWarning,
        stacklevel=3,
    )


def read_trial_patterns(
    recording: str | Path,
    trials: Trials,
    step: float,
    *,
    length: str | float | None = None,
    align: str | None = None,
    before: float | None = None,
    warp: bool = False,
    pad: bool = False,
    duration: float | None = None,
    neurons: int | None = None,
    merge_spikes: bool = False,
    tick: float | None = None,
    **reading,
) -> tuple[list[Raster], list[Raster]]:
    """The trials of a recording as patterns of one length, at whole steps.

    Parameters
    ----------
    recording : str or Path
        A raster file.
    trials : Trials
    step : float
        Training time step in seconds.
    length, align, before, warp
        How they come to one length, see `wmdelays.cut_trials`.
    pad, duration, neurons, merge_spikes, tick, **reading
        See `read_patterns`.

    Returns
    -------
    patterns : list of Raster
    pieces : list of Raster
        What they were made from, at the times that were recorded.

    Raises
    ------
    InputError
        If the recording cannot be read or the trials do not fit to it, or into steps.
    """
    tick = step if tick is None else tick
    # What lies before the first trial is not read.
    start = float(trials.starts.min())
    if align is not None and before is not None:
        start = max(0.0, min(start, float(trials.events(align).min()) - before))
    stretch = read_stretch(
        recording, tick, start=start, duration=duration, n_neurons=neurons, **reading
    )
    how = {"length": length, "align": align, "before": before, "warp": warp, "pad": pad}
    try:
        # They are whole steps long also where their spikes are put to shorter ticks.
        pieces = cut_trials(stretch, trials, step, **how)
        patterns = [piece.bin(tick, merge_spikes) for piece in pieces]
    except InputError as error:
        raise InputError(f"{printable(recording)}: {error}") from None
    return patterns, pieces
