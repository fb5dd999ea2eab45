"""The closed loop of a network in continuous time, for any neuron model.

The order of a tick is that of Brian2: integrate, arrivals, threshold, reset. While the cue clamps
the network, a neuron that reaches its threshold by itself is reset like any other and sends nothing.

The functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code`
puts in.
"""
# ruff: noqa: F821

import numpy as np
from numba import njit


def closed_loop(
    states,
    constants,
    refractory,
    first,
    post,
    delay,
    weight,
    forced_tick,
    forced_neuron,
    lost_tick,
    lost_neuron,
    clamp,
    n_ticks,
):
    """Let a network run from a cue.

    Parameters
    ----------
    states : float array, shape (n_neurons, n_states)
        Where the neurons begin; changed in place.
    constants : float array, shape (n_neurons, n_constants)
    refractory : int array, shape (n_neurons,)
        Ticks from a spike on in which a neuron is held, the spike's own among them.
    first : int array, shape (n_neurons + 1,)
        Where the synapses of each neuron begin.
    post, delay, weight : arrays, shape (n_synapses,)
        Delays in ticks.
    forced_tick, forced_neuron, lost_tick, lost_neuron : int arrays
        Spikes that the cue forces, and those that are lost to their synapses, in the order of ticks.
    clamp : int
        Tick from which on the network's own spikes are sent.
    n_ticks : int

    Returns
    -------
    ticks, neurons : int arrays, shape (n_spikes,)
        Every emitted spike.
    own : bool array, shape (n_spikes,)
        Whether it is the network's own, after the clamp.
    closest : float
        The smallest distance of a membrane from its peak, of all that were free to fire.
    """
    n_neurons = len(states)
    longest = 1
    for k in range(len(delay)):
        longest = max(longest, delay[k])
    n_slots = longest + 1
    excitation, inhibition = np.zeros((2, n_slots, n_neurons))
    last = np.full(n_neurons, -(2**62))
    is_forced = np.zeros(n_neurons, np.bool_)
    is_lost = np.zeros(n_neurons, np.bool_)
    room = 1024
    ticks, neurons = np.empty(room, np.int64), np.empty(room, np.int64)
    own = np.empty(room, np.bool_)
    n_spikes, f, q = 0, 0, 0
    closest = np.inf
    for k in range(n_ticks):
        slot = k % n_slots
        f0, q0 = f, q
        while f < len(forced_tick) and forced_tick[f] == k:
            is_forced[forced_neuron[f]] = True
            f += 1
        while q < len(lost_tick) and lost_tick[q] == k:
            is_lost[lost_neuron[q]] = True
            q += 1
        began = n_spikes
        for j in range(n_neurons):
            x, c = states[j], constants[j]
            held = k - last[j] < refractory[j]
            # A recall begins with its first tick, in which all neurons rest.
            if k > 0:
                tick(x, c, held)
            arrive(x, excitation[slot, j], inhibition[slot, j])
            excitation[slot, j] = inhibition[slot, j] = 0
            reached = False
            if not held:
                reached = fires(x, c)
                if k >= clamp:
                    closest = min(closest, abs(x[MEMBRANE] - c[PEAK]))
            if not (reached or is_forced[j]):
                continue
            spike(x, c)
            last[j] = k
            if k < clamp and not is_forced[j]:
                continue
            if n_spikes == room:
                room *= 2
                ticks, neurons = _longer(ticks, room), _longer(neurons, room)
                own = _longer(own, room)
            ticks[n_spikes], neurons[n_spikes] = k, j
            own[n_spikes] = reached and k >= clamp
            n_spikes += 1
        for s in range(began, n_spikes):
            i = neurons[s]
            if is_lost[i]:
                continue
            for y in range(first[i], first[i + 1]):
                at = slot + delay[y]
                if at >= n_slots:
                    at -= n_slots
                if weight[y] > 0:
                    excitation[at, post[y]] += weight[y]
                else:
                    inhibition[at, post[y]] += weight[y]
        for p in range(f0, f):
            is_forced[forced_neuron[p]] = False
        for p in range(q0, q):
            is_lost[lost_neuron[p]] = False
    return ticks[:n_spikes], neurons[:n_spikes], own[:n_spikes], closest


@njit
def _longer(values, room):
    longer = np.empty(room, values.dtype)
    longer[: len(values)] = values
    return longer
