"""What a neuron learns from bounds that it does not meet: loops for any neuron model.

The functions of a neuron model, such as `kick`, are those that `wmdelays.training.continuous.code`
puts in.
"""
# ruff: noqa: F821

import numpy as np
from numba import njit

from wmdelays.training.continuous.adjoint import adjoint
from wmdelays.training.rules.timed_margin.teacher_forcing import replay

# Bounds that are met together: the crossing, the slope before it, the overshoot after it.
TOGETHER = 3


def project(
    n,
    ticks,
    missing,
    kinds,
    largest,
    reach,
    rate,
    weights,
    place,
    first,
    gain,
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
                z[at, a] += gain * (up[a, m] if positive else down[a, m])
    gram = np.zeros((TOGETHER, TOGETHER))
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
        by *= rate
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
    multiplier = np.zeros(TOGETHER)
    kept = np.ones(TOGETHER, np.bool_)
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
    rate,
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
):
    """Meet n bounds together, and go through the ticks up to k again; gives z and rows, grown if needed."""
    reach = up.shape[1]
    begin = max(ticks[:n].min() - reach + 1, 0)
    room = first[ticks[:n].max() + 1] - first[begin]
    if len(z) < room:
        z, rows = np.empty((2 * room, TOGETHER)), np.empty(2 * room, np.int32)
    begin = project(
        n,
        ticks,
        missing,
        kinds,
        largest,
        reach,
        rate,
        weights,
        place,
        first,
        gain,
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
        replay(
            begin,
            k + 1,
            cap,
            low_cap,
            weights,
            place,
            first,
            gain,
            noise,
            history,
            flags,
            rest,
            c,
            x,
        )
    return z, rows
