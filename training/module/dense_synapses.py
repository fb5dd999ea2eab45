"""All synapses that there could be: what their spikes do, and what these are worth later.

Weights have the layout ``weight[i, d - 1, j]`` (pre, delay, post). A spike of neuron i in step t then
adds one contiguous block, ``weight[i]``, to the currents of the steps t + 1 … t + D of its trial,
which are contiguous as well. All three products of learning have that form:

    forward        I[t+1 … t+D] += W[i]
    to the spike   de           =  sum of W[i] * g[t+1 … t+D]
    to the weights dW[i]        += g[t+1 … t+D]

Where spikes are few, they are done block by block; where they are many, as when a network that is
still learning fires everywhere, as matrix products that cost the same whatever the number of spikes.
"""

import torch
from torch import nn

from wmdelays.training.discrete.threads import one_thread

# Part of all neurons and trials from which on a matrix product is faster than single blocks.
_MANY = 0.08


class DenseSynapses(nn.Module):
    """What spikes do through a weight for each (pre, delay, post).

    Parameters
    ----------
    n_neurons, n_delays : int

    Notes
    -----
    The methods take a tensor of the currents of all steps (or of their derivatives), shape
    (n_trials, n_rows, n_neurons), and of that the row in which what is sent with a delay of one step
    arrives. Spikes are given as (trial, neuron), shape (n_spikes, 2), in ascending order; `gate`, if
    there is dropout, is the factor of each spike and delay, shape (n_spikes, n_delays).
    """

    def __init__(self, n_neurons, n_delays):
        super().__init__()
        self.n_neurons, self.n_delays = n_neurons, n_delays

    def send(self, weight, spikes, gate, currents, row):
        """Let spikes arrive after their delays.

        In double precision on the CPU they are added one after the other, as the compiled recall
        does, so that sums are the same, bit for bit.
        """
        window = currents[:, row : row + self.n_delays]
        in_order = window.dtype == torch.float64 and not window.is_cuda
        if not in_order and _are_many(spikes, window):
            sent = _spread(spikes, gate, window)
            for d in range(self.n_delays):
                window[:, d] += sent[d] @ weight[:, d]
            return
        with one_thread():
            for (trial, neuron), passed in _one_by_one(spikes, gate):
                if passed is None:
                    window[trial].add_(weight[neuron])
                else:
                    window[trial].addcmul_(weight[neuron], passed)

    def learn(self, change, spikes, gate, later, row):
        """Add to the derivative in the weights, `change`, what came of the spikes."""
        window = later[:, row : row + self.n_delays]
        if _are_many(spikes, window):
            sent = _spread(spikes, gate, window)
            change += torch.bmm(sent.transpose(1, 2), window.transpose(0, 1)).transpose(0, 1)
            return
        with one_thread():
            for (trial, neuron), passed in _one_by_one(spikes, gate):
                if passed is None:
                    change[neuron].add_(window[trial])
                else:
                    change[neuron].addcmul_(window[trial], passed)

    def worth(self, weight, wanted, later, row):
        """What a spike of each neuron and trial is worth: its weights times `later`.

        Valid where `wanted`, bool of shape (n_trials, n_neurons), as the result.
        """
        window = later[:, row : row + self.n_delays]
        entries = wanted.nonzero()
        if _are_many(entries, window):
            return window.reshape(len(window), -1) @ weight.view(self.n_neurons, -1).T
        worth = window.new_zeros(wanted.shape)
        worth[entries.unbind(1)] = _by_delay(weight, entries, window).sum(1)
        return worth

    def worth_of(self, weight, spikes, gate, later, row):
        """The same for spikes with dropout, shape (n_spikes,)."""
        window = later[:, row : row + self.n_delays]
        return (_by_delay(weight, spikes, window) * gate).sum(1)


def _one_by_one(spikes, gate):
    """Each spike's trial and neuron, and its factors as a column, or None."""
    gates = [None] * len(spikes) if gate is None else gate[:, :, None]
    return zip(spikes.tolist(), gates)


def _by_delay(weight, entries, window):
    """What single entries (trial, neuron) are worth, for each delay: (n_entries, n_delays)."""
    if _are_many(entries, window):
        products = torch.bmm(window.transpose(0, 1), weight.permute(1, 2, 0))
        return products[:, entries[:, 0], entries[:, 1]].T
    by_delay = window.new_empty(len(entries), window.shape[1])
    with one_thread():
        for k, (trial, neuron) in enumerate(entries.tolist()):
            torch.linalg.vecdot(window[trial], weight[neuron], out=by_delay[k])
    return by_delay


def _spread(spikes, gate, window):
    """The spikes as a tensor of shape (n_delays, n_trials, n_neurons)."""
    n_trials, n_delays, n_neurons = window.shape
    dense = window.new_zeros(n_trials, n_neurons, n_delays)
    dense[spikes.unbind(1)] = window.new_ones(()) if gate is None else gate
    return dense.permute(2, 0, 1)


def _are_many(entries, window):
    """Whether to take a matrix product; on a GPU a call for each spike always takes longer."""
    return window.is_cuda or len(entries) > _MANY * window.shape[0] * window.shape[2]
