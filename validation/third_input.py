"""When a further input leaves the spikes of a neuron as they are.

The inputs are those of a search for polychronous groups: some to a neuron at rest, and one more that
comes from another anchor. Weights are known by their bounds: a neuron's state is an interval of v
and one of u, and what holds for the intervals holds for every weight within them.
"""

import numba
import numpy as np

from wmdelays.validation.izhikevich_neuron import JUMP, PEAK, RECOVERY, RESET, is_quiet, rest

# Bit b of a table's number: the further input comes b - BEFORE ms after the first of the others,
# of which the second comes less than GAPS ms after the first.
BITS, BEFORE, GAPS = 64, 44, 32
_NO_SPIKE, UNSURE = -1, -2
# Far above what rounding does to a state in one step.
_MARGIN = 1e-9
_LONGEST = 200


@numba.njit
def spike_time(at, low, high, kind):
    """When a neuron at rest fires after some inputs, whatever their weights.

    A half step v + f(v, u, I) / 2 rises with v where 3.5 + 0.04 v > 0, it falls with u, and the
    step of u rises with v and u. So the ends of the intervals come from the ends before.

    Parameters
    ----------
    at : ndarray of int, shape (n_inputs,)
        Times of the inputs in ms.
    low, high : ndarray of float, shape (n_inputs,)
        The least and the largest that each weight can be.
    kind : int
        0 for an excitatory neuron, 1 for an inhibitory one.

    Returns
    -------
    int
        The time in ms, _NO_SPIKE, or UNSURE if it is not the same for all weights, or there are
        more spikes than one.
    """
    v_low, u_low = rest()
    v_high, u_high = v_low, u_low
    a, fired = RECOVERY[kind], _NO_SPIKE
    for t in range(at.min(), at.max() + _LONGEST):
        least = largest = 0.0
        for k in range(len(at)):
            if at[k] == t:
                least, largest = least + low[k], largest + high[k]
        for _ in range(2):
            if v_low < -87:
                return UNSURE
            rise = 0.5 * ((0.04 * v_low + 5) * v_low + 140 - u_high + least)
            v_high += 0.5 * ((0.04 * v_high + 5) * v_high + 140 - u_low + largest) + _MARGIN
            v_low += rise - _MARGIN
        u_low += a * (0.2 * v_low - u_low) - _MARGIN
        u_high += a * (0.2 * v_high - u_high) + _MARGIN
        if v_high >= PEAK:
            if v_low < PEAK or fired != _NO_SPIKE:
                return UNSURE
            v_low = v_high = RESET
            u_low, u_high, fired = u_low + JUMP[kind], u_high + JUMP[kind], t
        if t >= at.max() and is_quiet(v_low, u_low) and is_quiet(v_high, u_high):
            return fired
    return UNSURE


@numba.njit
def harmless(low, high):
    """The times at which an excitatory input more leaves the spikes of a neuron as they are.

    Parameters
    ----------
    low, high : ndarray of float, shape (2,)
        The least and the largest weight of an excitatory and of an inhibitory input.

    Returns
    -------
    after_one : ndarray of uint64, shape (2, 2)
        For a neuron with one input: bits for when the other comes. The axes are the kind of input,
        0 for an excitatory one, and the kind of neuron.
    after_two : ndarray of uint64, shape (2, 2, 2, GAPS)
        For a neuron with two: kinds of both, kind of neuron, and ms from the first to the second.
    """
    after_one, after_two = np.zeros((2, 2), np.uint64), np.zeros((2, 2, 2, GAPS), np.uint64)
    at = np.zeros(3, np.int64)
    for kind in range(2):
        for one in range(2):
            inputs = np.array([one, 0])
            alone = spike_time(at[:1], low[inputs[:1]], high[inputs[:1]], kind)
            for b in range(BITS):
                at[1] = b - BEFORE
                found = spike_time(at[:2], low[inputs], high[inputs], kind)
                if found == alone != UNSURE:
                    after_one[one, kind] |= np.uint64(1) << np.uint64(b)
            for two in range(2):
                inputs = np.array([one, two, 0])
                for gap in range(GAPS):
                    at[1] = gap
                    alone = spike_time(at[:2], low[inputs[:2]], high[inputs[:2]], kind)
                    for b in range(BITS):
                        at[2] = b - BEFORE
                        found = spike_time(at, low[inputs], high[inputs], kind)
                        if found == alone != UNSURE:
                            after_two[one, two, kind, gap] |= np.uint64(1) << np.uint64(b)
    return after_one, after_two
