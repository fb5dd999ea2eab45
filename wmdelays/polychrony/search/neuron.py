"""Izhikevich's neuron in steps of a millisecond, as a search for polychronous groups needs it.

    v' = 0.04 v^2 + 5 v + 140 - u + I    (two half steps),    u' = a (0.2 v - u)

and at v >= 30 mV: v = -65 mV, u += d.

References
----------
E. M. Izhikevich, Polychronization: Computation with Spikes, Neural Computation 18 (2006).
"""

import numba
import numpy as np

# Recovery a and after-spike jump d of excitatory and of inhibitory neurons.
RECOVERY, JUMP = (0.02, 0.1), (8.0, 2.0)
RESET, PEAK = -65.0, 30.0
# What inputs do is tabulated for so many ms, and after two inputs for so many weights.
COURSE, TWICE = 32, 2
# When an input more is harmless is a number of so many bits: bit b is for b - BEFORE ms after the first
# of the others, of which the second comes less than GAPS ms after the first.
BITS, BEFORE, GAPS = 64, 44, 32
# In place of the time of a spike.
_NO_SPIKE, UNSURE = -1, -2
# Far above what rounding does to a state in one step.
_MARGIN = 1e-9
# A neuron that has not settled so many ms after its last input is taken for unsure.
_LONGEST = 200


@numba.njit(nogil=True, inline="always")
def membrane(v, u, current, a):
    """One millisecond of Izhikevich's neuron, up to the threshold."""
    v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
    v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
    u += a * (0.2 * v - u)
    return v, u


@numba.njit(nogil=True, inline="always")
def is_quiet(v, u):
    """Whether a neuron can never fire without input.

    Let -79.5 <= v <= -60 and -15.9 <= u <= -4.7. The half step v + f(v, u) / 2 without input rises
    with v there, for 1 + f_v / 2 = 1 + (0.08 v + 5) / 2 > 0. At v = -60 f is -16 - u < 0 and at
    v = -79.5 it is -4.69 - u > 0, so v stays in its interval. And u moves towards 0.2 v, which lies
    from -15.9 to -12, so u stays in its own. The margins are far above a rounding error.
    """
    return -79.5 <= v <= -60.0 and -15.9 <= u <= -4.7


@numba.njit(cache=True)
def rest():
    """The state at rest: v = -70 and u = -14 but for the rounding of the first step."""
    return membrane(-70.0, -14.0, 0.0, RECOVERY[0])


@numba.njit(cache=True)
def after(v, u, current, kind, n):
    """What becomes of a neuron 1 to `n` ms after an input.

    Returns
    -------
    states : ndarray of float, shape (n, 2)
        v and u.
    settles : bool
        Whether `is_quiet` holds before it fires, and until the end.
    """
    states, settles = np.empty((n, 2)), False
    for k in range(n):
        v, u = membrane(v, u, current, RECOVERY[kind])
        current = 0.0
        states[k] = v, u
        if v >= PEAK:
            return states, False
        settles = settles or is_quiet(v, u)
    return states, settles


@numba.njit(cache=True)
def _settle(weights):
    """Whether neurons at rest settle without a spike after one input of any of these weights."""
    for weight in weights:
        for a in RECOVERY:
            (v, u), current = rest(), weight
            for _ in range(COURSE):
                v, u = membrane(v, u, current, a)
                current = 0.0
                if v >= PEAK or is_quiet(v, u):
                    break
            if not is_quiet(v, u):
                return False
    return True


def courses_of(weights, most=10_000):
    """What one input does to a neuron at rest, and a second one after it.

    Parameters
    ----------
    weights : ndarray of float, shape (n_synapses,)
    most : int
        Number of weights that are tabulated, the most common first; TWICE of them also in pairs.

    Returns
    -------
    course : ndarray of int, shape (n_synapses,)
        The weight's row in what follows, or -1.
    settles : bool
        Whether neurons of both kinds settle without a spike after one input of any of the weights.
    once : ndarray of float, shape (n_weights, 2, COURSE, 2)
        v and u of an excitatory and of an inhibitory neuron after each millisecond.
    twice : ndarray of float, shape (n_twice, n_twice, 2, COURSE, COURSE, 2)
        The same after a second input that comes so many ms after the first, from 1 on.
    settles_twice : ndarray of bool, shape (n_twice, n_twice, 2, COURSE)
    """
    values, places, counts = np.unique(weights, return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:most]
    course = np.full(len(values), -1)
    course[common] = np.arange(len(common))
    once = np.array(
        [[after(*rest(), values[k], kind, COURSE)[0] for kind in range(2)] for k in common]
    ).reshape(-1, 2, COURSE, 2)
    n_twice = min(TWICE, len(common))
    twice = np.empty((n_twice, n_twice, 2, COURSE, COURSE, 2))
    settles_twice = np.empty(twice.shape[:4], dtype=bool)
    for place in np.ndindex(settles_twice.shape):
        first, second, kind, gap = place
        found = after(*once[first, kind, gap], values[common[second]], kind, COURSE)
        twice[place], settles_twice[place] = found
    return course[places].astype(np.int32), _settle(values), once, twice, settles_twice


@numba.njit(cache=True)
def spike_time(at, low, high, kind):
    """When a neuron at rest fires after some inputs, whatever their weights within bounds.

    Its state is an interval of v and one of u, and what holds for them holds for every weight. A
    half step v + f(v, u, I) / 2 rises with v where 3.5 + 0.04 v > 0, it falls with u, and the step
    of u rises with v and u. So the ends of the intervals come from the ends before.

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


@numba.njit(cache=True)
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
