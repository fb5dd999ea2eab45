"""A recording in words and numbers."""

from __future__ import annotations

import numpy as np

from wmdelays.validation.recordings.grid import step_text
from wmdelays.words import counted

_SHOWN = 3


def facts(raster):
    """What is in a recording, as names and values in words.

    Parameters
    ----------
    raster : Raster

    Returns
    -------
    list of (str, str)
    """
    counts = np.bincount(raster.neurons, minlength=raster.n_neurons)
    rates = counts / raster.duration
    end = raster.start + raster.duration
    shortest = intervals(raster)
    known = np.isfinite(shortest)
    rows = [
        ("units", _units(raster, counts)),
        ("spikes", f"{len(raster):,}, from {raster.start:.6g} s to {end:.6g} s"),
        (
            "rates",
            f"{np.median(rates):.3g} Hz in the median, {rates.min():.3g} to {rates.max():.3g} Hz"
            f" (unit {raster.unit(int(rates.argmax()))})",
        ),
    ]
    if known.any():
        first = int(np.nanargmin(np.where(known, shortest, np.nan)))
        rows.append(
            (
                "shortest interval",
                f"{shortest[first] * 1e3:.4g} ms (unit {raster.unit(first)}); of half of the units"
                f" above {np.median(shortest[known]) * 1e3:.4g} ms",
            )
        )
    rows.append(("times", str(raster.binning(1e-3).resolution)))
    return rows


def intervals(raster):
    """The shortest interval between two spikes of each unit, in seconds; infinite without two."""
    order = np.lexsort((raster.times, raster.neurons))
    neurons, times = raster.neurons[order], raster.times[order]
    same = np.diff(neurons) == 0
    shortest = np.full(raster.n_neurons, np.inf)
    np.minimum.at(shortest, neurons[1:][same], np.diff(times)[same])
    return shortest


def _units(raster, counts):
    silent = int((counts == 0).sum())
    text = f"{raster.n_neurons:,}"
    if raster.units is not None:
        shown = ", ".join(raster.units[:_SHOWN])
        more = raster.n_neurons - _SHOWN
        last = f"{', …' if more > 1 else ''}, {raster.units[-1]}" if more > 0 else ""
        text += f", named {shown}{last}"
    return f"{text}; {counted(silent, 'unit')} without a spike" if silent else text


def as_dict(raster):
    """What is in a recording, as plain JSON values."""
    counts = np.bincount(raster.neurons, minlength=raster.n_neurons)
    shortest = intervals(raster)
    return {
        "start_s": raster.start,
        "duration_s": raster.duration,
        "n_spikes": len(raster),
        "units": [
            {
                "name": raster.unit(k),
                "n_spikes": int(counts[k]),
                "rate_hz": counts[k] / raster.duration,
                "shortest_interval_s": float(shortest[k]) if np.isfinite(shortest[k]) else None,
            }
            for k in range(raster.n_neurons)
        ],
    }


def columns(choices, best):
    """The table of choices: titles and the cells beneath each.

    Parameters
    ----------
    choices : list of wmdelays.validation.recordings.grid.Choice
    best : Choice
    """

    def part(n, of):
        percent = 100 * n / max(1, of)
        return f"{percent:.{0 if percent >= 10 else 1 if percent >= 1 else 2}f}%" if n else "0"

    return {
        "step": [step_text(one.step) for one in choices],
        "delays": [f"{one.n_delays:,}" for one in choices],
        "context": [f"{one.n_delays * one.step:.4g} s" for one in choices],
        "merged": [part(one.merged, one.n_spikes) for one in choices],
        "empty context": [part(one.empty, one.to_recall) for one in choices],
        "ambiguous": [part(one.ambiguous, one.to_recall) for one in choices],
        "membrane": [f"{one.tau * 1e3:.3g} ms" for one in choices],
        "synapses up to": [f"{one.most_synapses:,}" for one in choices],
        "": ["best" if one is best else "" for one in choices],
    }
