"""How the time of a spike follows the times of the spikes before it.

A neuron goes through its recall once more, and from each of its spikes the adjoint of the ticks leads
back: to the arrivals, to the neuron's own earlier spikes, to noise.

The functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

import numpy as np

from wmdelays.training.continuous.adjoint import HELD, RESET

# What `time_response` sums: what a lost arrival takes from the membrane, its square, the square of
# what noise of the membrane adds, and what arrivals of weight 1 and -1 in every tick would add.
LOST, LOST_SQUARED, NOISE_SQUARED, UP, DOWN, N_SUMS = range(6)
# Nothing older counts once the states do so little to the membrane.
_FADED = 1e-13


def course(x, c, refractory, excitation, inhibition, forced, history, met, flags, fired):
    """Let a neuron run, and keep what `undo` asks for; gives how often it fired.

    Parameters
    ----------
    x, c : float arrays
        The states at rest, changed in place, and the constants.
    refractory : int
        In ticks.
    excitation, inhibition : float arrays, shape (n_ticks,)
        What arrives.
    forced : bool array, shape (n_ticks,)
        Where the cue forces a spike.
    history : float array, shape (n_ticks, n_states)
        Takes the states after each tick.
    met : float array, shape (n_ticks, n_states)
        Takes the same, before a spike. An exponential upswing may end anywhere; it is cut off at
        twice its height above the peak.
    flags : uint8 array, shape (n_ticks,)
        Takes what was done to the membrane in each.
    fired : int64 array, shape (n_ticks,)
        Takes the ticks in which the neuron fires, those without the cue's doing in it among them.
    """
    last, n = -(2**62), 0
    for k in range(len(flags)):
        held = k - last < refractory
        flags[k] = HELD if held else 0
        # A recall begins with its first tick, in which all neurons rest.
        if k > 0:
            tick(x, c, held)
        arrive(x, excitation[k], inhibition[k])
        for s in range(N_STATES):
            met[k, s] = x[s]
        if (not held and fires(x, c)) or forced[k]:
            if c[PEAK] > c[BOUND]:
                met[k, MEMBRANE] = min(x[MEMBRANE], c[PEAK] + 2 * (c[PEAK] - c[BOUND]))
            spike(x, c)
            flags[k] |= RESET
            fired[n] = last = k
            n += 1
        for s in range(N_STATES):
            history[k, s] = x[s]
    return n


def middles(history, met, middle):
    """The states in the middle of each tick, written into `middle`, of the shape of `history`.

    There the Jacobian of a tick is what takes the change of the states in the tick before to that
    in the next one: exactly so where the tick's map is of second order, as it is for conductances
    and for Izhikevich's model.
    """
    for k in range(len(history) - 1):
        for s in range(N_STATES):
            middle[k, s] = (history[k, s] + met[k + 1, s]) / 2


def integrated(x, c, held):
    """A tick, compiled once for all places that it is called from."""
    tick(x, c, held)


def time_response(
    k, own, node, refractory, first, sender, weight, history, met, middle, flags, c, influence, sums
):
    """How the time of the spike in tick k follows all that came before it.

    With lambda the derivative of the membrane in tick k - 1, the last one below the peak, by the
    states of the tick before it, and so on back: an arrival of weight w that comes one tick earlier
    changes that membrane by w (K(q - 1) - K(q)), K(q) = lambda(q) times what an arrival moves. So
    much of the way is divided by the speed of the membrane, lambda(k - 1) times the velocity of the
    states. Between arrivals lambda(n) times the velocity is the same at any tick n, as the velocity
    follows the equation of small deviations, and an arrival changes it by what is said above. So
    where there is an upswing, which a tick is too long for, the velocity is taken at its foot, and
    what arrives after that is added.

    Parameters
    ----------
    k : int
    own : int64 array
        The ticks in which the neuron fires, ascending.
    node : int array
        The place of each among all spikes.
    refractory : int
        In ticks.
    first : int64 array, shape (n_ticks + 1,)
        Where the arrivals of each tick begin.
    sender, weight : arrays, shape (n_arrivals,)
        The place of each arrival's spike, and its weight, in the order of ticks.
    history, met, middle, flags, c
        See `course` and `middles`.
    influence : float array, shape (n_spikes,)
        Takes by how much the spike is late when one of those is late by 1. Zeros.
    sums : float array, shape (N_SUMS,)
        Takes what is summed, in ticks.

    Returns
    -------
    float
        The speed: what the membrane gains in a tick.
    """
    y, one, other = np.zeros(N_STATES), np.empty(N_STATES), np.empty(N_STATES)
    y[MEMBRANE] = 1.0
    sums[:] = 0.0
    i = np.searchsorted(own, k) - 1
    release = own[i] + refractory - 1 if i >= 0 else -1
    known, speed = False, 0.0
    for at in range(k - 1, 0, -1):
        if not known and (history[at, MEMBRANE] <= c[BOUND] or at <= release):
            for s in range(N_STATES):
                one[s] = history[at, s]
            integrated(one, c, False)
            for s in range(N_STATES):
                speed += y[s] * (one[s] - history[at, s])
            known = True
        if i >= 0 and at == release and release > own[i]:
            # Had the neuron fired a tick earlier, it would not be held any more.
            for s in range(N_STATES):
                one[s] = other[s] = history[at, s]
            integrated(one, c, False)
            integrated(other, c, True)
            for s in range(N_STATES):
                influence[node[i]] += y[s] * (one[s] - other[s])
        if i >= 0 and at == own[i]:
            # And would have been reset before this tick in place of after it.
            for s in range(N_STATES):
                one[s] = other[s] = met[at, s]
            spike(one, c)
            integrated(one, c, refractory > 1)
            integrated(other, c, flags[at] & HELD != 0)
            spike(other, c)
            for s in range(N_STATES):
                influence[node[i]] += y[s] * (one[s] - other[s])
            i -= 1
            release = -1
            if i >= 0 and own[i] + refractory - 1 < own[i + 1]:
                release = own[i] + refractory - 1
        if not flags[at] & (HELD | RESET):
            sums[NOISE_SQUARED] += y[MEMBRANE] ** 2
        up, down = kick(y, 1.0), kick(y, -1.0)
        undo(at, 1, middle, flags, c, y)
        earlier_up, earlier_down = kick(y, 1.0), kick(y, -1.0)
        for q in range(first[at], first[at + 1]):
            w = weight[q]
            by, earlier = (up, earlier_up) if w > 0 else (down, earlier_down)
            influence[sender[q]] += w * (earlier - by)
            if not known:
                speed += w * (earlier - by)
            sums[LOST] += w * by
            sums[LOST_SQUARED] += (w * by) ** 2
        sums[UP] += up
        sums[DOWN] -= down
        faded = True
        for s in range(N_STATES):
            faded &= abs(y[s]) < _FADED
        if faded:
            break
    influence /= speed
    sums /= speed
    sums[LOST_SQUARED] /= speed
    sums[NOISE_SQUARED] /= speed
    return speed
