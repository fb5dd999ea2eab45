"""Learning from the arrivals at a neuron's own synapses: the loop of `margin` for large networks.

A neuron that has a thousand synapses of millions that are possible is reached by hardly any spike. Here each
neuron looks only at the spikes that reach it. The time that this takes grows with its synapses, and not with
the network. What it learns from a context, and how, is as in `wmdelays.training.rules.margin.teacher_forcing`
with `exact`.
"""

import numpy as np
from numba import njit

from wmdelays.training.discrete import compiled as network
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.teacher_forcing import N_COUNTS, reach, to_bound

_membrane = njit(inline="always")(network.membrane)
_reach = njit(inline="always")(reach)


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
    row, lane = block.place // BLOCK, block.place % BLOCK
    # The targets of one neuron after the other.
    pattern = np.repeat(np.arange(len(wanted.begin) - 1), np.diff(wanted.begin))
    by_lane = np.lexsort((pattern, wanted.lane))
    of_each = wanted.lane[by_lane] * len(wanted.begin) + pattern[by_lane]
    begin = np.searchsorted(of_each, np.arange(BLOCK * len(wanted.begin)))
    _present(
        block.weight,
        signs,
        lane.astype(np.int32),
        (row // n_delays).astype(np.int32),
        (row % n_delays + 1).astype(np.int32),
        by_neuron.step,
        by_neuron.first,
        by_neuron.n_steps,
        shown.pattern,
        shown.start,
        shown.damaged,
        order,
        begin.reshape(BLOCK, -1),
        wanted.step[by_lane],
        np.full(BLOCK, beta, np.float32),
        np.full(BLOCK, theta, np.float32),
        np.full(BLOCK, kappa, np.float32),
        np.float32(rate),
        counts,
        margin,
    )
    return counts, margin


@njit(nogil=True, cache=True)
def _present(
    weight,
    sign,
    lane,
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
    furthest = _reach(beta)
    gradient = np.zeros(len(weight), np.float32)
    touched = np.empty(len(weight), np.int32)
    for k in order:
        n_steps = n_steps_of_all[k]
        begin_of_all, synapse = _arrivals(lane, pre, delay, step, first_of_all[k], n_steps)
        for b in range(BLOCK):
            begin = begin_of_all[b * n_steps : (b + 1) * n_steps + 1]
            count = counts[int(damaged[k]), b]
            least, most = theta[b] + kappa[b], theta[b] - kappa[b]
            target, last_target = target_begin[b, pattern[k]], target_begin[b, pattern[k] + 1]
            u, spike, last_reset = np.float32(0), np.float32(0), -1
            for t in range(n_steps):
                current = np.float32(0)
                for p in range(begin[t], begin[t + 1]):
                    current += weight[synapse[p]]
                if spike == 1:
                    last_reset = t - 1
                u = _membrane(u, spike, current, beta[b])
                spike = np.float32(0)
                if target < last_target and target_step[target] == t:
                    spike = np.float32(1)
                    target += 1
                if t < start[k]:
                    continue
                if not damaged[k]:
                    margin[b] = min(margin[b], u - theta[b] if spike == 1 else theta[b] - u)
                missing = rate * to_bound(u, spike, theta[b], least, most, count)
                if missing != 0:
                    back = min(furthest[b], t - last_reset - 1)
                    u += _project(
                        weight, sign, begin, synapse, t, back, missing, beta[b], gradient, touched
                    )


@njit
def _arrivals(lane, pre, delay, step, first, n_steps):
    """The synapses by which spikes arrive, by neuron and step, and where those of each begin.

    Synapses are in the order of presynaptic neurons, as the spikes are, so one goes along the other.
    """
    begin = np.zeros(BLOCK * n_steps + 2, np.int32)
    for c in range(len(pre)):
        for p in range(first[pre[c]], first[pre[c] + 1]):
            t = step[p] + delay[c]
            if t < n_steps:
                begin[lane[c] * n_steps + t + 2] += 1
    for k in range(BLOCK * n_steps):
        begin[k + 2] += begin[k + 1]
    synapse = np.empty(begin[-1], np.int32)
    for c in range(len(pre)):
        for p in range(first[pre[c]], first[pre[c] + 1]):
            t = step[p] + delay[c]
            if t < n_steps:
                # What is free for this step; at the end that is where the next one begins.
                k = lane[c] * n_steps + t + 1
                synapse[begin[k]] = c
                begin[k] += 1
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
