"""The closed loop of a network in continuous time, for any neuron model.

The order of a tick is that of Brian2: integrate, arrivals, threshold, reset. While the cue clamps
the network, a neuron that reaches its threshold by itself is reset like any other and sends nothing.

The functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code`
puts in. Its switches are

    VARIABLE                 whether there is any noise, see `Untidy`
    RESETS_WHILE_CLAMPED     as above; otherwise a membrane at threshold goes on while it is clamped
"""
# ruff: noqa: F821

from typing import NamedTuple

import numpy as np
from numba import njit


class Untidy(NamedTuple):
    """What is untidy in a recall, see `wmdelays.neurons.drawn_network.DrawnNetwork`.

    Attributes
    ----------
    rng : numpy.random.Generator
    alive : bool array, shape (n_neurons,)
    kick, noise : float arrays, shape (n_neurons,)
    parameters : float array, shape (n_neurons, n_parameters + 1)
        As `move` takes them.
    thresholds : float array, shape (n_neurons,)
    threshold_noise, failures, jitter : float
    most_jitter : int
    background : float
    """

    rng: np.random.Generator
    alive: np.ndarray
    kick: np.ndarray
    noise: np.ndarray
    parameters: np.ndarray
    thresholds: np.ndarray
    threshold_noise: float
    failures: float
    jitter: float
    most_jitter: int
    background: float


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
    untidy,
):
    """Let a network run from a cue.

    Parameters
    ----------
    states : float array, shape (n_neurons, n_states)
        Where the neurons begin; changed in place.
    constants : float array, shape (n_neurons, n_constants)
        Changed in place by noise of the threshold.
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
    untidy : Untidy

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
    if VARIABLE:
        longest += untidy.most_jitter
    n_slots = longest + 1
    excitation, inhibition = np.zeros((2, n_slots, n_neurons))
    last = np.full(n_neurons, -(2**62))
    is_forced = np.zeros(n_neurons, np.bool_)
    is_lost = np.zeros(n_neurons, np.bool_)
    room = 1024
    ticks, neurons = np.empty(room, np.int64), np.empty(room, np.int64)
    own = np.empty(room, np.bool_)
    n_spikes, f, q = 0, 0, 0
    sent, is_sent = np.empty(n_neurons, np.int64), np.zeros(n_neurons, np.bool_)
    closest = np.inf
    if VARIABLE and untidy.threshold_noise > 0:
        for j in range(n_neurons):
            draw_threshold(constants[j], untidy, j)
    for k in range(n_ticks):
        slot = k % n_slots
        f0, q0 = f, q
        while f < len(forced_tick) and forced_tick[f] == k:
            is_forced[forced_neuron[f]] = True
            f += 1
        while q < len(lost_tick) and lost_tick[q] == k:
            is_lost[lost_neuron[q]] = True
            q += 1
        n_sent = 0
        for j in range(n_neurons):
            if VARIABLE and not untidy.alive[j]:
                continue
            x, c = states[j], constants[j]
            held = k - last[j] < refractory[j]
            # A recall begins with its first tick, in which all neurons rest.
            if k > 0:
                tick(x, c, held)
                if VARIABLE and not (HELD and held):
                    x[MEMBRANE] += untidy.kick[j]
                    if untidy.noise[j] > 0:
                        x[MEMBRANE] += untidy.noise[j] * untidy.rng.standard_normal()
            arrive(x, excitation[slot, j], inhibition[slot, j])
            excitation[slot, j] = inhibition[slot, j] = 0
            reached = False
            if not held and (RESETS_WHILE_CLAMPED or k >= clamp):
                reached = fires(x, c)
                if k >= clamp:
                    closest = min(closest, abs(x[MEMBRANE] - c[PEAK]))
            if not (reached or is_forced[j]):
                continue
            spike(x, c)
            last[j] = k
            if VARIABLE and untidy.threshold_noise > 0:
                draw_threshold(c, untidy, j)
            if k < clamp and not is_forced[j]:
                continue
            if n_spikes == room:
                room *= 2
                ticks, neurons = _longer(ticks, room), _longer(neurons, room)
                own = _longer(own, room)
            ticks[n_spikes], neurons[n_spikes] = k, j
            own[n_spikes] = reached and k >= clamp
            n_spikes += 1
            if not is_lost[j]:
                sent[n_sent], is_sent[j] = j, True
                n_sent += 1
        if VARIABLE and untidy.background > 0:
            for i in range(n_neurons):
                if untidy.rng.random() < untidy.background and not is_sent[i]:
                    sent[n_sent], is_sent[i] = i, True
                    n_sent += 1
        for i in sent[:n_sent]:
            is_sent[i] = False
            for y in range(first[i], first[i + 1]):
                after = delay[y]
                if VARIABLE:
                    if untidy.failures > 0 and untidy.rng.random() < untidy.failures:
                        continue
                    if untidy.jitter > 0:
                        after = max(1, after + _jitter(untidy))
                at = slot + after
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


def draw_threshold(c, untidy, j):
    drawn = untidy.thresholds[j] + untidy.threshold_noise * untidy.rng.standard_normal()
    move(c, untidy.parameters[j], drawn)


@njit
def _jitter(untidy):
    drawn = np.rint(untidy.rng.standard_normal() * untidy.jitter)
    return int(min(max(drawn, -untidy.most_jitter), untidy.most_jitter))


@njit
def _longer(values, room):
    longer = np.empty(room, values.dtype)
    longer[: len(values)] = values
    return longer
