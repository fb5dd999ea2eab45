"""One neuron shown the stored spikes: loops for any neuron model.

Shown the stored spikes, a neuron depends on its own weights alone, so each learns on its own. The
functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

import numpy as np

from wmdelays.training.continuous.adjoint import CAPPED, HELD, RESET

# Beside the flags of a tick: whether the membrane may rise to its peak there, or hardly beyond its
# bound.
LOW_CAP = 8

# What is counted: targets, those whose crossing is mistimed, those without a spike, those whose
# slope or overshoot is too small, ticks in which the membrane is too high, and in which it fires.
TARGETS, MISTIMED, MISSED, SHALLOW, LOW, HIGH, FALSE_ALARMS, N_COUNTS = range(8)

# Settings: the margin kappa, the least slope, the overshoot; the tolerated error of a crossing in ms,
# and the part of a margin that may be missing; the most that a crossing is moved at once, in ms; the
# tick in ms; the largest weight; the part of the way to its bounds by which a neuron learns at once.
KAPPA, SLOPE, OVERSHOOT, TOLERANCE, SLACK, MOST, TICK_MS, LARGEST, RATE, N_SETTINGS = range(10)
# Lengths in ticks: of the pattern, of the clamped part; from where on bounds hold; the refractory
# period; how long before a target the membrane may rise, where the slope is looked at, and for how
# long after it; the least between two ticks in which the membrane is lowered; how far back arrivals
# count.
N_TICKS, CLAMP, SINCE, REFRACTORY, AHEAD, BEFORE, AFTER, GAP, REACH, N_LENGTHS = range(10)

LONG_AGO = -(2**40)
NEVER = 2**40


def integrate(k, held, weights, place, first, gain, noise, c, x):
    """Take the states from the end of the tick before to tick k, before any spike."""
    # All neurons rest in the first tick.
    if k > 0:
        tick(x, c, held)
        if not (HELD and held):
            x[MEMBRANE] += noise[k]
    e, i = 0.0, 0.0
    for q in range(first[k], first[k + 1]):
        w = np.float64(weights[place[q]])
        if SIGNED:
            e += w
        else:
            # Without a branch, which would be guessed wrong at every second weight.
            e += max(w, 0.0)
            i += min(w, 0.0)
    arrive(x, gain * e, gain * i)


def replay(k0, k1, cap, low_cap, weights, place, first, gain, noise, history, flags, rest, c, x):
    """Let the neuron go through ticks again, with other weights and the same spikes."""
    for s in range(N_STATES):
        x[s] = rest[s] if k0 == 0 else history[k0 - 1, s]
    for k in range(k0, k1):
        integrate(k, flags[k] & HELD != 0, weights, place, first, gain, noise, c, x)
        flags[k] &= HELD | RESET | LOW_CAP
        highest = low_cap if flags[k] & LOW_CAP else cap
        if flags[k] & RESET:
            spike(x, c)
        elif x[MEMBRANE] > highest:
            x[MEMBRANE] = highest
            flags[k] |= CAPPED
        for s in range(N_STATES):
            history[k, s] = x[s]


def respond(weights, place, first, gain, noise, targets, rest, c, lengths, distance, emitted):
    """Let a neuron run freely in the context of a pattern: does it fire at its targets alone?

    Where this holds for all neurons the closed loop is exact: by induction, up to any tick it has
    emitted the stored spikes, so every neuron has had the context that is shown here.

    Parameters
    ----------
    distance : float array, shape (2,)
        The smallest distance of the membrane below its peak where no spike is wanted, and above it
        where one is; made smaller.
    emitted : int64 array
        Takes the ticks of the neuron's spikes, those that the cue forces among them.

    Returns
    -------
    missed, false_alarms, n_emitted : int
        Targets without a spike, spikes that are no targets, and all spikes.
    """
    clamp, refractory, n_ticks = lengths[CLAMP], lengths[REFRACTORY], lengths[N_TICKS]
    x = rest.copy()
    last, t, missed, false_alarms, n_emitted = LONG_AGO, 0, 0, 0, 0
    for k in range(n_ticks):
        held = k - last < refractory
        integrate(k, held, weights, place, first, gain, noise, c, x)
        is_target = t < len(targets) and targets[t] == k
        t += is_target
        reached = not held and fires(x, c)
        if k >= clamp:
            missed += is_target and not reached
            false_alarms += reached and not is_target
            if is_target:
                distance[1] = min(distance[1], x[MEMBRANE] - c[PEAK])
            elif not held:
                distance[0] = min(distance[0], c[PEAK] - x[MEMBRANE])
        if reached or (k < clamp and is_target):
            spike(x, c)
            last = k
            if k >= clamp or is_target:
                emitted[n_emitted] = k
                n_emitted += 1
    return missed, false_alarms, n_emitted
