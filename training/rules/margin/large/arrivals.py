"""Learning from the arrivals at a neuron's own synapses: the loop of `margin` for large networks.

A neuron that has a thousand synapses of millions that are possible is reached by hardly any spike. Here each
neuron looks at the spikes that reach it alone, which takes as long as it has synapses, however large the
network is. What it learns from a context, and how, is as in `wmdelays.training.rules.margin.teacher_forcing`
with `exact`.
"""

import numpy as np
from numba import njit

from wmdelays.training.discrete import compiled as network
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.teacher_forcing import (
    FALSE_ALARMS,
    LEAST_LEFT,
    MISSED,
    N_COUNTS,
    TOO_HIGH,
    TOO_LOW,
)

_membrane = njit(inline="always")(network.membrane)


class ByNeuron:
    """The spikes of sequences that are shown, by neuron.

    Parameters
    ----------
    shown : Presentations
    n_neurons, n_delays : int

    Attributes
    ----------
    shown : Presentations
    step : int32 array, shape (n_spikes,)
        Steps of the spikes, by sequence and neuron, ascending.
    first : int32 array, shape (n_presentations, n_neurons + 1)
        Place in `step` of the first spike of each neuron, and their end.
    n_steps : int64 array, shape (n_presentations,)
        Lengths of the sequences.
    """

    def __init__(self, shown, n_neurons, n_delays):
        self.shown = shown
        self.n_steps = np.diff(shown.begin) - 1
        self.first = np.empty((len(shown), n_neurons + 1), np.int32)
        self.step = np.empty(len(shown.row), np.int32)
        for k, n_steps in enumerate(self.n_steps):
            first = shown.first[shown.begin[k] : shown.begin[k + 1]]
            spikes = slice(first[0], first[-1])
            step = np.repeat(np.arange(n_steps), np.diff(first))
            neuron = (shown.row[spikes] + step + 1) // n_delays
            order = np.argsort(neuron, kind="stable")
            self.step[spikes] = step[order]
            self.first[k] = first[0] + np.searchsorted(neuron[order], np.arange(n_neurons + 1))

    def __len__(self):
        return len(self.shown)


def present(block, signs, by_neuron, order, wanted, *, n_delays, beta, theta, kappa, rate):
    """Show sequences to a block of neurons, and let it learn from each context in turn.

    Parameters
    ----------
    block : SparseBlock
        Its weights are changed in place.
    signs : int8 array, shape (n_synapses,)
        1 for synapses whose weights stay at or above zero, -1 for those whose stay at or below.
    by_neuron : ByNeuron
    order, wanted, n_delays, beta, theta, kappa, rate
        See `wmdelays.training.rules.margin.teacher_forcing.present`.

    Returns
    -------
    counts, margin
        As there.
    """
    counts = np.zeros((2, BLOCK, N_COUNTS), np.int64)
    margin = np.full(BLOCK, np.inf, np.float32)
    shown = by_neuron.shown
    beta, theta, kappa = (np.broadcast_to(np.float32(each), BLOCK) for each in (beta, theta, kappa))
    by_lane = np.argsort(block.place % BLOCK, kind="stable")
    row, weight, signs = block.place[by_lane] // BLOCK, block.weight[by_lane], signs[by_lane]
    ends = np.searchsorted(block.place[by_lane] % BLOCK, np.arange(BLOCK + 1))
    for b in range(BLOCK):
        own = slice(ends[b], ends[b + 1])
        targets = np.flatnonzero(wanted.lane == b)
        _present(
            weight[own],
            signs[own],
            row[own] // n_delays,
            row[own] % n_delays + 1,
            by_neuron.step,
            by_neuron.first,
            by_neuron.n_steps,
            shown.pattern,
            shown.start,
            shown.damaged,
            order,
            np.searchsorted(targets, wanted.begin),
            wanted.step[targets],
            beta[b],
            theta[b],
            kappa[b],
            np.float32(rate),
            counts[:, b],
            margin[b : b + 1],
        )
    block.weight[by_lane] = weight
    return counts, margin


@njit(nogil=True, cache=True)
def _present(
    weight,
    sign,
    pre,
    delay,
    step,
    first_of_all,
    n_steps_of_all,
    pattern,
    start,
    damaged,
    order,
    target_begin,
    target_step,
    beta,
    theta,
    kappa,
    rate,
    counts,
    margin,
):
    # How far back a change of a weight still moves the membrane.
    reach = int(np.log(LEAST_LEFT) / np.log(beta))
    least, most = theta + kappa, theta - kappa
    gradient = np.zeros(len(weight), np.float32)
    touched = np.empty(len(weight), np.int64)
    for k in order:
        n_steps = n_steps_of_all[k]
        begin, synapse = _arrivals(pre, delay, step, first_of_all[k], n_steps)
        count = counts[int(damaged[k])]
        target, last_target = target_begin[pattern[k]], target_begin[pattern[k] + 1]
        u, spike, last_reset = np.float32(0), np.float32(0), -1
        for t in range(n_steps):
            current = np.float32(0)
            for p in range(begin[t], begin[t + 1]):
                current += weight[synapse[p]]
            if spike == 1:
                last_reset = t - 1
            u = _membrane(u, spike, current, beta)
            spike = np.float32(0)
            if target < last_target and target_step[target] == t:
                spike = np.float32(1)
                target += 1
            if t < start[k]:
                continue
            if not damaged[k]:
                margin[0] = min(margin[0], u - theta if spike == 1 else theta - u)
            if spike == 1:
                if u < theta:
                    count[MISSED] += 1
                if u >= least:
                    continue
                count[TOO_LOW] += 1
                missing = rate * (least - u)
            else:
                if u <= most:
                    continue
                if u >= theta:
                    count[FALSE_ALARMS] += 1
                count[TOO_HIGH] += 1
                missing = rate * (most - u)
            if missing != 0:
                back = min(reach, t - last_reset - 1)
                u += _project(
                    weight, sign, begin, synapse, t, back, missing, beta, gradient, touched
                )


@njit
def _arrivals(pre, delay, step, first, n_steps):
    """The synapses by which spikes arrive, in the order of steps, and where each step begins."""
    begin = np.zeros(n_steps + 2, np.int64)
    for c in range(len(pre)):
        for p in range(first[pre[c]], first[pre[c] + 1]):
            if step[p] + delay[c] < n_steps:
                begin[step[p] + delay[c] + 2] += 1
    for t in range(n_steps):
        begin[t + 2] += begin[t + 1]
    synapse = np.empty(begin[n_steps + 1], np.int64)
    for c in range(len(pre)):
        for p in range(first[pre[c]], first[pre[c] + 1]):
            t = step[p] + delay[c]
            if t < n_steps:
                # What is free for step t; at the end that is where the next step begins.
                synapse[begin[t + 1]] = c
                begin[t + 1] += 1
    return begin, synapse


@njit
def _project(weight, sign, begin, synapse, t, back, missing, beta, gradient, touched):
    """Move the membrane by `missing` along its gradient, through the leak; gives how far."""
    n, left = 0, np.float32(1)
    for s in range(t, t - back - 1, -1):
        for p in range(begin[s], begin[s + 1]):
            c = synapse[p]
            if missing * sign[c] > 0 or weight[c] != 0:
                if gradient[c] == 0:
                    touched[n] = c
                    n += 1
                gradient[c] += left
        left *= beta
    squares = np.float32(0)
    for c in touched[:n]:
        squares += gradient[c] * gradient[c]
    moved = np.float32(0)
    for c in touched[:n]:
        before = weight[c]
        after = before + missing / squares * gradient[c]
        if after * sign[c] < 0:
            after = np.float32(0)
        weight[c] = after
        moved += gradient[c] * (after - before)
        gradient[c] = 0
    return moved
