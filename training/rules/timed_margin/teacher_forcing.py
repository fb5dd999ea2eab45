"""One neuron shown the stored spikes, and what it learns from them: loops for any neuron model.

Shown the stored spikes, a neuron depends on its own weights alone, so each learns on its own. The
functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

import numpy as np
from numba import njit

from wmdelays.training.continuous.adjoint import CAPPED, HELD, RESET

# Beside the flags of a tick: whether the membrane may rise to its peak there, or hardly beyond its
# bound.
LOW_CAP = 8

# What `show` counts: targets, those whose crossing is mistimed, those without a spike, those whose
# slope or overshoot is too small, ticks in which the membrane is too high, and in which it fires.
TARGETS, MISTIMED, MISSED, SHALLOW, LOW, HIGH, FALSE_ALARMS, N_COUNTS = range(8)

# Settings: the margin kappa, the least slope, the overshoot; the tolerated error of a crossing in ms,
# and the part of a margin that may be missing; the most that a crossing is moved at once, in ms; the
# tick in ms; the largest weight.
KAPPA, SLOPE, OVERSHOOT, TOLERANCE, SLACK, MOST, TICK_MS, LARGEST, N_SETTINGS = range(9)
# Lengths in ticks: of the pattern, of the clamped part; from where on bounds hold; the refractory
# period; how long before a target the membrane may rise, where the slope is looked at, and for how
# long after it; the least between two ticks in which the membrane is lowered; how far back arrivals
# count.
N_TICKS, CLAMP, SINCE, REFRACTORY, AHEAD, BEFORE, AFTER, GAP, REACH, N_LENGTHS = range(10)

# Bounds that are met together: the crossing, the slope before it, the overshoot after it.
_TOGETHER = 3
_LONG_AGO = -(2**40)
_NEVER = 2**40


def integrate(k, held, weights, place, first, c, x):
    """Take the states from the end of the tick before to tick k, before any spike."""
    # All neurons rest in the first tick.
    if k > 0:
        tick(x, c, held)
    e, i = 0.0, 0.0
    for q in range(first[k], first[k + 1]):
        w = np.float64(weights[place[q]])
        if SIGNED:
            e += w
        else:
            # Without a branch, which would be guessed wrong at every second weight.
            e += max(w, 0.0)
            i += min(w, 0.0)
    arrive(x, e, i)


def replay(k0, k1, cap, low_cap, weights, place, first, history, flags, rest, c, x):
    """Let the neuron go through ticks again, with other weights and the same spikes."""
    for s in range(N_STATES):
        x[s] = rest[s] if k0 == 0 else history[k0 - 1, s]
    for k in range(k0, k1):
        integrate(k, flags[k] & HELD != 0, weights, place, first, c, x)
        flags[k] &= HELD | RESET | LOW_CAP
        highest = low_cap if flags[k] & LOW_CAP else cap
        if flags[k] & RESET:
            spike(x, c)
        elif x[MEMBRANE] > highest:
            x[MEMBRANE] = highest
            flags[k] |= CAPPED
        for s in range(N_STATES):
            history[k, s] = x[s]


def project(
    n,
    ticks,
    missing,
    kinds,
    largest,
    reach,
    weights,
    place,
    first,
    sign,
    history,
    flags,
    c,
    up,
    down,
    z,
    rows,
    slot,
):
    """Move the weights so that the membrane at some ticks moves by what is missing there.

    dW = Z^T (Z Z^T + 1e-3 diag)^-1 r, with Z the kernels of the ticks and r what is missing, so
    that none undoes another. Inequalities whose multiplier has the wrong sign are dropped.

    Parameters
    ----------
    n : int
        How many ticks there are.
    ticks, missing : arrays
    kinds : int array
        0: to be met from either side, 1: at least, -1: at most.
    largest : float
        No weight becomes larger.
    sign : int8 array, shape (n_rows,)
        1 for excitatory, -1 for inhibitory presynaptic neurons; 0 where weights may have any sign.

    Returns
    -------
    int
        The first tick whose arrivals changed; -1 if none did.
    """
    earliest, latest = ticks[0], ticks[0]
    y = np.empty(N_STATES)
    for a in range(n):
        earliest, latest = min(earliest, ticks[a]), max(latest, ticks[a])
        adjoint(ticks[a], reach, history, flags, c, y, up[a], down[a])
    begin = max(earliest - reach + 1, 0)
    q0, q1 = first[begin], first[latest + 1]
    raises = missing[0] > 0
    n_rows = 0
    k = begin
    for q in range(q0, q1):
        while first[k + 1] <= q:
            k += 1
        row = place[q]
        w, s = weights[row], sign[row]
        at = slot[row]
        # A spike of the same neuron may have used this synapse before.
        if at < 0:
            at = slot[row] = n_rows
            rows[at] = row
            z[at] = 0.0
            n_rows += 1
        positive = w > 0 or (w == 0 and (s > 0 or (s == 0 and raises)))
        for a in range(n):
            m = ticks[a] - k
            if 0 <= m < reach:
                z[at, a] += up[a, m] if positive else down[a, m]
    gram = np.zeros((_TOGETHER, _TOGETHER))
    for r in range(n_rows):
        row = rows[r]
        slot[row] = -1
        # A weight of a given sign that is zero moves one way only.
        if weights[row] == 0 and sign[row] != 0 and z[r, 0] * missing[0] * sign[row] < 0:
            z[r] = 0.0
        for a in range(n):
            for b in range(a + 1):
                gram[a, b] += z[r, a] * z[r, b]
    multiplier = _multipliers(n, gram, missing, kinds)
    changed = False
    for r in range(n_rows):
        by = 0.0
        for a in range(n):
            by += multiplier[a] * z[r, a]
        if by == 0.0:
            continue
        row = rows[r]
        before = weights[row]
        after = np.float32(min(max(before + by, -largest), largest))
        if sign[row] != 0 and after * sign[row] < 0 or (not SIGNED and after * before < 0):
            after = np.float32(0)
        weights[row] = after
        changed = True
    return begin if changed else -1


@njit(nogil=True)
def _multipliers(n, gram, missing, kinds):
    """The multipliers of the bounds that are met together; zero for those that are dropped."""
    multiplier = np.zeros(_TOGETHER)
    kept = np.ones(_TOGETHER, np.bool_)
    total = 0.0
    for a in range(n):
        total += gram[a, a]
    # Nothing arrives, or so much that the membrane is no number.
    if not 1e-300 < total < np.inf:
        return multiplier
    for _ in range(n):
        which = np.flatnonzero(kept[:n])
        m = len(which)
        if m == 0:
            break
        matrix, wanted = np.empty((m, m)), np.empty(m)
        for a in range(m):
            wanted[a] = missing[which[a]]
            for b in range(m):
                i, j = which[a], which[b]
                matrix[a, b] = gram[max(i, j), min(i, j)]
            matrix[a, a] *= 1 + 1e-3
            matrix[a, a] += 1e-12 * total
        solved = np.linalg.solve(matrix, wanted)
        good = True
        for a in range(m):
            if kinds[which[a]] * solved[a] < 0:
                kept[which[a]] = good = False
        if good:
            for a in range(m):
                multiplier[which[a]] = solved[a]
            break
    return multiplier


def learn(
    n,
    k,
    cap,
    low_cap,
    ticks,
    missing,
    kinds,
    largest,
    weights,
    place,
    first,
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
):
    """Meet n bounds together, and go through the ticks up to k again; gives z and rows, grown if needed."""
    reach = up.shape[1]
    begin = max(ticks[:n].min() - reach + 1, 0)
    room = first[ticks[:n].max() + 1] - first[begin]
    if len(z) < room:
        z, rows = np.empty((2 * room, _TOGETHER)), np.empty(2 * room, np.int32)
    begin = project(
        n,
        ticks,
        missing,
        kinds,
        largest,
        reach,
        weights,
        place,
        first,
        sign,
        history,
        flags,
        c,
        up,
        down,
        z,
        rows,
        slot,
    )
    if begin >= 0:
        replay(begin, k + 1, cap, low_cap, weights, place, first, history, flags, rest, c, x)
    return z, rows


def show(weights, place, first, targets, sign, rest, c, settings, lengths, counts):
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
    up, down = np.empty((_TOGETHER, reach)), np.empty((_TOGETHER, reach))
    z, rows = np.empty((1, _TOGETHER)), np.empty(1, np.int32)
    slot = np.full(len(weights), -1, np.int32)
    ticks, kinds = np.zeros(_TOGETHER, np.int64), np.zeros(_TOGETHER, np.int64)
    missing = np.zeros(_TOGETHER)
    for s in range(N_STATES):
        x[s] = rest[s]
    last, lowered, t = _LONG_AGO, _LONG_AGO, 0
    error, rising = 0.0, 0.0
    for k in range(n_ticks):
        since = k - last
        # For a moment after a target the membrane goes on as if there were no reset: how far it
        # rises says how sure the spike was. It is put back while the neuron is refractory.
        rises_on = since <= after and last >= clamp
        held = since < refractory and not rises_on
        flags[k] = HELD if held else 0
        integrate(k, held, weights, place, first, c, x)
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
            ahead = targets[t] - k if t < len(targets) else _NEVER
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
                weights,
                place,
                first,
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


def show_upswing(weights, place, first, targets, sign, rest, c, settings, lengths, counts):
    """Show one pattern to a neuron with an upswing, and let it learn from each bound in turn.

    A spike begins at the bound theta, far below the peak at which it counts, and its time is that of
    the peak. So in place of the bounds 1 to 3 of `show`:

    1. The membrane crosses its peak half a tick before a target: it is moved just before the
       crossing by the error in time times its slope there. Where there was no spike, it is raised
       to theta + o at the target.
    2. V(k* - w) <= theta - s * (w - 1.5 ms), with w longer than an upswing takes.

    A membrane that reaches its peak too early waits there for the target, and elsewhere it is kept
    from rising far above theta.

    Parameters
    ----------
    weights, place, first, targets, sign, rest, c, settings, lengths, counts
        As in `show`.
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
    up, down = np.empty((_TOGETHER, reach)), np.empty((_TOGETHER, reach))
    z, rows = np.empty((1, _TOGETHER)), np.empty(1, np.int32)
    slot = np.full(len(weights), -1, np.int32)
    ticks, kinds = np.zeros(_TOGETHER, np.int64), np.zeros(_TOGETHER, np.int64)
    missing = np.zeros(_TOGETHER)
    for s in range(N_STATES):
        x[s] = rest[s]
    last, lowered, t = _LONG_AGO, _LONG_AGO, 0
    owed, crossed, moment, steep, v_before = False, -1, 0.0, 1.0, 0.0
    for k in range(n_ticks):
        held = k - last < refractory and not owed
        flags[k] = HELD if held else 0
        integrate(k, held, weights, place, first, c, x)
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
            ahead = targets[t] - k if t < len(targets) else _NEVER
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
                weights,
                place,
                first,
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


def respond(weights, place, first, targets, rest, c, lengths, distance, emitted):
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
    last, t, missed, false_alarms, n_emitted = _LONG_AGO, 0, 0, 0, 0
    for k in range(n_ticks):
        held = k - last < refractory
        integrate(k, held, weights, place, first, c, x)
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
