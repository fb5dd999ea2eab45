"""Synapses from a list: what their spikes do, and what these are worth later."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import embedding_bag

from wmdelays.training.discrete.threads import one_thread

# From so many synapses of a neuron on, each spike is delivered by itself: adding its block of weights
# takes longer than calling torch. Below, the spikes of a step are delivered at once.
_LARGE_BLOCK = 300
# Part of all neurons and trials from which on a product of matrices is faster than single entries.
_MANY = 0.25


class SparseSynapses(nn.Module):
    """What spikes do through a list of synapses, sorted by pre, delay and post.

    Parameters
    ----------
    pre, post, delay : int arrays, shape (n_synapses,)
    n_neurons, n_delays : int

    Notes
    -----
    The methods are those of `wmdelays.training.module.dense_synapses.DenseSynapses`, with weights of
    shape (n_synapses,). The synapse onto neuron j with delay d finds its place at (d - 1) * n_neurons
    + j, counted from where the first row of the spike's trial begins.
    """

    def __init__(self, pre, post, delay, n_neurons, n_delays):
        super().__init__()
        self.n_neurons, self.n_delays = n_neurons, n_delays
        first = np.searchsorted(pre, np.arange(n_neurons + 1))
        place = (delay.astype(np.int64) - 1) * n_neurons + post
        # 64 bits: torch takes them everywhere, as places and as the columns of a sparse matrix.
        self.register_buffer("first", torch.from_numpy(first))
        self.register_buffer("place", torch.from_numpy(place))

    @property
    def pre(self):
        """Presynaptic neuron of each synapse, a Tensor of int64."""
        return torch.repeat_interleave(self.first.diff())

    @property
    def post(self):
        """Postsynaptic neuron of each synapse, a Tensor of int64."""
        return self.place % self.n_neurons

    @property
    def delay(self):
        """Delay of each synapse in steps, a Tensor of int64."""
        return self.place // self.n_neurons + 1

    def send(self, weight, spikes, gate, currents, row):
        """Let spikes arrive after their delays; on the CPU in the order of the compiled recall."""
        flat = currents.view(-1)
        for start, synapses, spike in self._of(spikes, currents, row):
            sent = weight[synapses]
            if gate is not None:
                sent = sent * self._passed(gate, spike, synapses)
            place = self.place[synapses] + start
            if flat.is_cuda:
                # On a GPU this one adds in the same order every time.
                flat.index_put_((place,), sent, accumulate=True)
            else:
                flat.index_add_(0, place, sent)

    def learn(self, change, spikes, gate, later, row):
        """Add to the derivative in the weights, `change`, what came of the spikes."""
        flat = later.view(-1)
        for start, synapses, spike in self._of(spikes, later, row):
            came = flat[self.place[synapses] + start]
            if gate is not None:
                came *= self._passed(gate, spike, synapses)
            if isinstance(synapses, slice):
                change[synapses] += came
            elif flat.is_cuda:
                change.index_put_((synapses,), came, accumulate=True)
            else:
                change.index_add_(0, synapses, came)

    def worth(self, weight, wanted, later, row):
        """What a spike of each neuron and trial is worth: its weights times `later`.

        Valid where `wanted`, bool of shape (n_trials, n_neurons), as the result.
        """
        entries = wanted.nonzero()
        if len(entries) > _MANY * wanted.numel():
            window = later[:, row : row + self.n_delays].reshape(len(later), -1)
            # A sum for each neuron over its own synapses: the product with a sparse matrix.
            return embedding_bag(
                self.place,
                window.T.contiguous(),
                self.first,
                mode="sum",
                per_sample_weights=weight,
                include_last_offset=True,
            ).T
        worth = later.new_zeros(wanted.shape)
        worth[entries.unbind(1)] = self.worth_of(weight, entries, None, later, row)
        return worth

    def worth_of(self, weight, spikes, gate, later, row):
        """The same for single spikes, with or without dropout, shape (n_spikes,)."""
        flat, worth = later.view(-1), later.new_zeros(len(spikes))
        for start, synapses, spike in self._of(spikes, later, row):
            values = flat[self.place[synapses] + start] * weight[synapses]
            if gate is not None:
                values *= self._passed(gate, spike, synapses)
            if isinstance(synapses, slice):
                worth[spike] = values.sum()
            elif flat.is_cuda:
                worth.index_put_((spike,), values, accumulate=True)
            else:
                worth.index_add_(0, spike, values)
        return worth

    def _of(self, spikes, rows, row):
        """The synapses of spikes: where their places count from, which they are, whose spike.

        One slice of all synapses for each spike, or all at once.
        """
        size, base = rows[0].numel(), row * self.n_neurons
        if not rows.is_cuda and len(self.place) >= _LARGE_BLOCK * self.n_neurons:
            with one_thread():
                first = self.first
                for k, (trial, neuron) in enumerate(spikes.tolist()):
                    own = slice(int(first[neuron]), int(first[neuron + 1]))
                    yield trial * size + base, own, k
        elif len(spikes):
            trial, neuron = spikes.unbind(1)
            count = self.first[neuron + 1] - self.first[neuron]
            spike = torch.repeat_interleave(count)
            end = count.cumsum(0)
            synapses = torch.arange(len(spike), device=spike.device)
            synapses += (self.first[neuron] - end + count)[spike]
            yield (trial * size + base)[spike], synapses, spike

    def _passed(self, gate, spike, synapses):
        """What dropout multiplies the synapses of spikes by."""
        return gate[spike, self.place[synapses] // self.n_neurons]
