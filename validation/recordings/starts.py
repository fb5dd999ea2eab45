"""From where on a stretch of a recording can be recalled: its first steps have to hold a spike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, parameter
from wmdelays.files.recording import begins_at, pattern_label, read_stretch
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wmdelays.memory import Memory


def check_starts(memory: Memory, recordings: Mapping[int, str | Path], **reading) -> None:
    """Raise an InputError where a stretch has no spike in its trigger window.

    Parameters
    ----------
    memory : Memory
        With what was stored, see `wmdelays.files.recording.begins_at`.
    recordings : dict of int to str
        The recording of a pattern, by its number.
    **reading
        How they are read, see `wmdelays.read_raster`.

    Raises
    ------
    InputError
        It names the nearest start with a spike in the window.
    """
    window, step = memory.n_delays * memory.step, memory.step
    for k, path in recordings.items():
        times, begin = memory.patterns[k].times, begins_at(memory, k)
        if len(times) and times[0] < window * (1 - 1e-9):
            continue
        starts = []
        if len(times):
            # The window that ends with the first spike.
            starts.append(begin + (math.floor(times[0] / step + 1e-6) + 1) * step - window)
        if begin > 0:
            before = read_stretch(path, memory.tick, start=0.0, stop=begin, **reading)
            if len(before):
                starts.append(begin - math.ceil((begin - before.times[-1]) / step - 1e-6) * step)
        label = pattern_label(memory, k)
        line = (
            f"{printable(path)}: the trigger window of pattern {label}, from {begin:.6g} s to"
            f" {begin + window:.6g} s, has no spike, so that nothing could start its recall"
        )
        if not starts:
            raise InputError(line)
        nearest = min(starts, key=lambda start: abs(start - begin))
        raise InputError(
            f"{line}; the nearest start from which it has is {nearest:.6g} s"
            f" ({parameter('start', '--start')})"
        )
