"""The spikes of a comparison as the page's script reads them: each once, with who has it."""

import base64
import zlib

import numpy as np

from wmdelays.files.recording import begins_at
from wmdelays.scores import event_keys
from wmdelays.words import unit_names

# Bits that say what a spike is; the simulators' own come after them, in their order.
STORED, FORCED, FIRST_SIMULATOR = 1, 2, 4
# More spikes of a pattern than this are cut off at the end: a browser would not bear them.
MOST_SPIKES = 400_000
# Times are whole microseconds: what a page shows, and far less than a tick.
_MICROSECONDS = 1e6


def raster_data(comparison):
    """All that the page's script shows, as plain JSON values.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    dict
        ``simulators``, ``units`` (names), ``n_latent`` (how many of them, the last ones, are latent) and
        ``patterns``. Each pattern has its number, `start_s` in
        the recording (or None), `duration_s`, `clamp_s` and `scored_s`, the number `n` of its spikes
        and `cut_s` (where they are cut off, or None), and as compressed arrays in base64 `times`
        (differences in microseconds, uint32), `neurons` (uint32) and `kinds` (uint8).
    """
    memory = comparison.memory
    ran = list(comparison.simulations.values())
    return {
        "simulators": [one.shown for one in ran],
        "units": unit_names(memory),
        "n_latent": memory.n_latent,
        "patterns": [
            _pattern(memory, k, [one.recalls[place] for one in ran])
            for place, k in enumerate(comparison.patterns)
        ],
    }


def _pattern(memory, k, recalls):
    cue, pattern = recalls[0].cue, memory.patterns[k]
    onset = cue.onset * cue.step
    # What is forced while the network is clamped is the cue's; the simulators have no say there.
    layers = [(STORED, pattern, 0.0), (FORCED, cue.spikes, onset)]
    layers += [(FIRST_SIMULATOR << n, one.own, onset) for n, one in enumerate(recalls)]
    times, neurons, kinds = _each_once(layers, memory.tick, pattern.n_neurons)
    cut = None
    if len(times) > MOST_SPIKES:
        times, neurons, kinds = (one[:MOST_SPIKES] for one in (times, neurons, kinds))
        cut = float(times[-1] / _MICROSECONDS)
    clamp, scored = (n * cue.step - onset for n in (cue.clamp, cue.scored_from))
    return {
        "number": k,
        "start_s": begins_at(memory, k),
        "duration_s": max(pattern.duration, cue.n_steps * cue.step - onset),
        "clamp_s": clamp,
        "scored_s": scored,
        "step_s": cue.step,
        "n": len(times),
        "cut_s": cut,
        # Differences of sorted times are small, which is what compression likes.
        "times": _packed(np.diff(times, prepend=0), np.uint32),
        "neurons": _packed(neurons, np.uint32),
        "kinds": _packed(kinds, np.uint8),
    }


def _each_once(layers, tick, n_neurons):
    """Every spike that any layer has, once and in the order of time, with the bits of those layers."""
    parts = []
    for bit, raster, onset in layers:
        keys, times = event_keys(raster, tick), raster.times - onset
        if onset:
            keys = keys - round(onset / tick * 1e6) * n_neurons
        after = times >= -tick / 2
        parts.append((keys[after], times[after], raster.neurons[after], bit))
    keys = np.concatenate([one[0] for one in parts])
    bits = np.concatenate([np.full(len(one[0]), one[3]) for one in parts])
    found, first, place = np.unique(keys, return_index=True, return_inverse=True)
    kinds = np.zeros(len(found), dtype=np.int64)
    np.bitwise_or.at(kinds, place, bits)
    times = np.concatenate([one[1] for one in parts])[first]
    neurons = np.concatenate([one[2] for one in parts])[first]
    return np.rint(np.maximum(times, 0) * _MICROSECONDS).astype(np.int64), neurons, kinds


def _packed(values, dtype):
    # The order of bytes is that of all machines on which a browser runs.
    data = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(zlib.compress(data.tobytes(), 6)).decode("ascii")
