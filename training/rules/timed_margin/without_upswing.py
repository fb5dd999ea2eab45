"""A neuron whose spike is its crossing of a threshold is shown a pattern, and learns from it.

See `wmdelays.training.rules.timed_margin.teacher_forcing`.
"""
# ruff: noqa: F821

import numpy as np

from wmdelays.training.continuous.adjoint import HELD, RESET
from wmdelays.training.rules.timed_margin.projection import TOGETHER, learn
from wmdelays.training.rules.timed_margin.teacher_forcing import (
    AFTER,
    AHEAD,
    BEFORE,
    CLAMP,
    FALSE_ALARMS,
    GAP,
    HIGH,
    KAPPA,
    LARGEST,
    LONG_AGO,
    LOW,
    MISSED,
    MISTIMED,
    N_TICKS,
    NEVER,
    OVERSHOOT,
    RATE,
    REACH,
    REFRACTORY,
    SHALLOW,
    SINCE,
    SLACK,
    SLOPE,
    TARGETS,
    TICK_MS,
    TOLERANCE,
    integrate,
)


def show_threshold(
    weights, place, first, gain, noise, targets, sign, rest, c, settings, lengths, counts
):
    """Show one pattern to a neuron without an upswing, and let it learn from each bound in turn.

    With theta the neuron's threshold, s the least slope, o the overshoot, kappa the margin:

    1. (V(k* - 1) + V(k*)) / 2 = theta at a target k*: the membrane crosses half a tick before.
    2. V(k* - 1.5 ms) <= theta - s * 1.5 ms.
    3. The membrane without reset reaches theta + o within the refractory period.
    4. V <= theta - kappa elsewhere, except shortly before a target and while refractory.

    Parameters
    ----------
    weights : float32 array, shape (n_rows,)
        Changed in place.
    place : int32 array, shape (n_arrivals,)
        The row of each arrival, in the order of ticks.
    first : int array, shape (n_ticks + 1,)
        Where the arrivals of each tick begin.
    gain : float
        What all arrivals are multiplied by.
    noise : float array, shape (n_ticks,)
        What is added to the membrane in each tick in which it is not held.
    targets : int array
        Ticks of the neuron's stored spikes, ascending.
    sign : int8 array, shape (n_rows,)
        See `project`.
    rest, c : float arrays
        The states at rest and the constants.
    settings, lengths : arrays, shape (N_SETTINGS,) and (N_LENGTHS,)
    counts : int64 array, shape (N_COUNTS,)
        Added to.

    References
    ----------
    R.-M. Memmesheimer, R. Rubin, B. P. Olveczky & H. Sompolinsky, Learning precisely timed spikes,
    Neuron 82 (2014).
    """
    tolerance, slack = settings[TOLERANCE], settings[SLACK]
    kappa, slope, overshoot = settings[KAPPA], settings[SLOPE], settings[OVERSHOOT]
    h, clamp, reach = settings[TICK_MS], lengths[CLAMP], lengths[REACH]
    refractory, before, after = lengths[REFRACTORY], lengths[BEFORE], lengths[AFTER]
    n_ticks = lengths[N_TICKS] + after
    theta = c[BOUND]
    history = np.empty((n_ticks, N_STATES))
    flags = np.zeros(n_ticks, np.uint8)
    x = np.empty(N_STATES)
    up, down = np.empty((TOGETHER, reach)), np.empty((TOGETHER, reach))
    z, rows = np.empty((1, TOGETHER)), np.empty(1, np.int32)
    slot = np.full(len(weights), -1, np.int32)
    ticks, kinds = np.zeros(TOGETHER, np.int64), np.zeros(TOGETHER, np.int64)
    missing = np.zeros(TOGETHER)
    for s in range(N_STATES):
        x[s] = rest[s]
    last, lowered, t = LONG_AGO, LONG_AGO, 0
    error, rising = 0.0, 0.0
    for k in range(n_ticks):
        since = k - last
        # For a moment after a target the membrane goes on as if there were no reset: how far it
        # rises says how sure the spike was. It is put back while the neuron is refractory.
        rises_on = since <= after and last >= clamp
        held = since < refractory and not rises_on
        flags[k] = HELD if held else 0
        integrate(k, held, weights, place, first, gain, noise, c, x)
        v = x[MEMBRANE]
        is_target = t < len(targets) and targets[t] == k
        if is_target:
            last = k
            t += 1
            if after == 0 or k < clamp:
                flags[k] |= RESET
        elif after > 0 and last >= clamp and since == after + 1:
            flags[k] |= RESET
        elif k < lengths[SINCE] and not held and fires(x, c):
            flags[k] |= RESET
            last = k
        if flags[k] & RESET:
            spike(x, c)
        for s in range(N_STATES):
            history[k, s] = x[s]
        if k < lengths[SINCE]:
            continue
        n = 0
        if is_target and k >= clamp:
            below = history[k - 1, MEMBRANE]
            error, rising = theta - (v + below) / 2, max((v - below) / h, 0.3 * slope)
            late = error / rising
            counts[TARGETS] += 1
            counts[MISTIMED] += abs(late) > tolerance
            counts[MISSED] += v < theta
        if last >= clamp and k == last + after:
            earlier = max(last - before, 0)
            too_high = theta - slope * before * h - history[earlier, MEMBRANE]
            too_low = theta + overshoot - v
            is_low = after > 0 and too_low > slack * overshoot
            is_shallow = too_high < -slack * slope * before * h
            counts[LOW] += is_low
            counts[SHALLOW] += is_shallow
            if abs(error / rising) > tolerance or is_low or is_shallow:
                ticks[0], missing[0], kinds[0], n = last, error, 0, 1
                if too_high < slope * before * h / 2 and not flags[earlier] & (HELD | RESET):
                    ticks[n], missing[n], kinds[n] = earlier, too_high, -1
                    n += 1
                if after > 0:
                    ticks[n], missing[n], kinds[n] = k, too_low, 1
                    n += 1
        elif not (held or rises_on or is_target or flags[k] & RESET) and k < lengths[N_TICKS]:
            counts[FALSE_ALARMS] += v >= theta
            ahead = targets[t] - k if t < len(targets) else NEVER
            if ahead > lengths[AHEAD] and v > theta - kappa:
                counts[HIGH] += v > theta - kappa * (1 - slack)
                if k - lowered >= lengths[GAP]:
                    ticks[0], missing[0], kinds[0], n = k, theta - kappa - v, 0, 1
                    lowered = k
        if n > 0:
            z, rows = learn(
                n,
                k,
                np.inf,
                np.inf,
                ticks,
                missing,
                kinds,
                settings[LARGEST],
                settings[RATE],
                weights,
                place,
                first,
                gain,
                noise,
                sign,
                history,
                flags,
                rest,
                c,
                x,
                up,
                down,
                z,
                rows,
                slot,
            )
