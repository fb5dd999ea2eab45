"""A neuron whose spike has an upswing is shown a pattern, and learns from it.

See `wmdelays.training.rules.timed_margin.teacher_forcing`.
"""
# ruff: noqa: F821

import numpy as np

from wmdelays.training.continuous.adjoint import CAPPED, HELD, RESET
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
    LOW_CAP,
    MISSED,
    MISTIMED,
    MOST,
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


def show_upswing(
    weights, place, first, gain, noise, targets, sign, rest, c, settings, lengths, counts
):
    """Show one pattern to a neuron with an upswing, and let it learn from each bound in turn.

    A spike begins at the bound theta, far below the peak at which it counts, and its time is that of
    the peak. So in place of the bounds 1 to 3 of `wmdelays.training.rules.timed_margin.without_upswing.show_threshold`:

    1. The membrane crosses its peak half a tick before a target: it is moved just before the
       crossing by the error in time times its slope there. Where there was no spike, it is raised
       to theta + o at the target.
    2. V(k* - w) <= theta - s * (w - 1.5 ms), with w longer than an upswing takes.

    A membrane that reaches its peak too early waits there for the target, and elsewhere it is kept
    from rising far above theta.

    Parameters
    ----------
    weights, place, first, gain, noise, targets, sign, rest, c, settings, lengths, counts
        As in `wmdelays.training.rules.timed_margin.without_upswing.show_threshold`.
    """
    tolerance, slack = settings[TOLERANCE], settings[SLACK]
    kappa, slope, overshoot = settings[KAPPA], settings[SLOPE], settings[OVERSHOOT]
    h, clamp, reach, most = settings[TICK_MS], lengths[CLAMP], lengths[REACH], settings[MOST]
    refractory, before, after = lengths[REFRACTORY], lengths[BEFORE], lengths[AFTER]
    n_ticks = lengths[N_TICKS] + after
    theta, peak = c[BOUND], c[PEAK]
    low_cap = theta + 1.0
    lowest = slope * max(before * h - 1.5, 0.0)
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
    owed, crossed, moment, steep, v_before = False, -1, 0.0, 1.0, 0.0
    for k in range(n_ticks):
        held = k - last < refractory and not owed
        flags[k] = HELD if held else 0
        integrate(k, held, weights, place, first, gain, noise, c, x)
        is_target = t < len(targets) and targets[t] == k
        t += is_target
        n = 0
        if k < clamp and is_target:
            flags[k] |= RESET
            last, crossed = k, -1
        elif k < lengths[SINCE]:
            if not held and fires(x, c):
                flags[k] |= RESET
                last = k
        elif not held:
            if is_target:
                owed, last = True, k
                v_before = history[max(k - before, 0), MEMBRANE]
                counts[TARGETS] += 1
            ahead = targets[t] - k if t < len(targets) else NEVER
            v = x[MEMBRANE]
            if owed or ahead <= lengths[AHEAD]:
                if v >= peak:
                    if crossed < 0:
                        crossed = k
                        steep = (v - history[k - 1, MEMBRANE]) / h
                        moment = k - (v - peak) / (steep * h)
                    x[MEMBRANE] = peak
                    flags[k] |= CAPPED
            elif k < lengths[N_TICKS]:
                flags[k] |= LOW_CAP
                counts[FALSE_ALARMS] += v >= low_cap
                if v > theta - kappa:
                    counts[HIGH] += v > theta - kappa * (1 - slack)
                    if k - lowered >= lengths[GAP]:
                        ticks[0], missing[0], kinds[0], n = k, theta - kappa - v, 0, 1
                        lowered = k
                if v > low_cap:
                    x[MEMBRANE] = low_cap
                    flags[k] |= CAPPED
            if owed and (crossed >= 0 or k >= last + after):
                if crossed >= 0:
                    late = (moment - (last - 0.5)) * h
                    ticks[0] = crossed - 1
                    missing[0] = min(max(late, -most), most) * steep
                else:
                    late = 2.0
                    ticks[0] = last
                    missing[0] = (
                        max(theta + overshoot - history[last, MEMBRANE], 0.5) if k > last else 0.5
                    )
                    counts[MISSED] += 1
                too_high = theta - lowest - v_before
                is_shallow = too_high < -slack * lowest
                counts[MISTIMED] += abs(late) > tolerance
                counts[SHALLOW] += is_shallow
                if abs(late) > tolerance or is_shallow:
                    kinds[0], n = 0, 1
                    earlier = max(last - before, 0)
                    if too_high < 2.0 and not flags[earlier] & (HELD | RESET | CAPPED):
                        ticks[n], missing[n], kinds[n] = earlier, too_high, -1
                        n += 1
                owed, crossed = False, -1
                flags[k] |= RESET
        if flags[k] & RESET:
            spike(x, c)
        for s in range(N_STATES):
            history[k, s] = x[s]
        if n > 0:
            z, rows = learn(
                n,
                k,
                peak,
                low_cap,
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
