"""What several neurons are shown at once, on a device."""

import numpy as np
import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops


class Batch:
    """Neurons, each with what it is shown, its targets, synapses and settings; lane b is the b-th of them.

    Parameters
    ----------
    asked : list of tuple
        Of each neuron what `wmdelays.training.rules.timed_margin.without_upswing.show_threshold` is given.
    matrices : list of Affine
        Of each neuron.
    device : torch.device
    """

    def __init__(self, asked, matrices, device):
        self.device, self.asked = device, asked
        weights, place, first, gain, _, targets, sign, rest, c, settings, lengths, _ = zip(*asked)
        sizes = [len(one) for one in weights]
        # Behind all rows one that belongs to nobody.
        self.weights = self._there(np.concatenate([*weights, np.zeros(1, np.float32)]))
        self.sign = self._there(np.concatenate([*sign, np.zeros(1, np.int8)]))
        self.nobody = len(self.weights) - 1
        self.row_offset = self._there(np.cumsum([0, *sizes[:-1]]))
        self.ends = np.cumsum(sizes)
        settings, lengths = np.array(settings), np.array(lengths)
        self.settings, self.lengths = self._there(settings.T.copy()), self._there(lengths.T.copy())
        n_ticks = lengths[:, loops.N_TICKS] + lengths[:, loops.AFTER]
        self.n_ticks = int(n_ticks.max())
        # How far before a tick a neuron may still be changed from it on.
        looks = lengths[:, [loops.AFTER, loops.BEFORE, loops.REACH]].sum(1)
        self.furthest, self.since = int(looks.max()), int(lengths[:, loops.SINCE].min())
        self._lay_out(place, first)
        self._set_targets(targets)
        names = ("free", "held", "reset", "up", "down")
        self.free, self.held, self.reset, self.up, self.down = (
            self._there(np.array([getattr(one, name) for one in matrices])) for name in names
        )
        self.constants, self.gain = self._there(np.array(c).T), self._there(np.array(gain))
        self.rest = self._there(np.array([np.append(one, 1.0) for one in rest]))

    def _there(self, array):
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _lay_out(self, place, first):
        """Put away the arrivals; those that several neurons are shown alike are there once."""
        distinct, n = {}, 0
        offsets, places, ticks = [], [], []
        for own, begins in zip(place, first):
            if id(own) not in distinct:
                distinct[id(own)] = n
                n += len(own)
                places.append(own)
                ticks.append(np.repeat(np.arange(len(begins) - 1), np.diff(begins)))
            offsets.append(distinct[id(own)])
        self.place = self._there(np.concatenate([*places, [0]]))
        self.tick = self._there(np.concatenate([*ticks, [0]]))
        # Of each tick and lane the first arrival, and the end.
        begins = np.array([own[: self.n_ticks + 1] for own in first]).T
        self.begins, self.first = begins, self._there(begins + np.array(offsets))

    def _set_targets(self, targets):
        n_lanes = len(targets)
        is_target = np.zeros((self.n_ticks, n_lanes), bool)
        next_one = np.full((self.n_ticks + 1, n_lanes), loops.NEVER)
        for lane, own in enumerate(targets):
            is_target[own[own < self.n_ticks], lane] = True
            next_one[:, lane] = np.append(own, loops.NEVER)[
                np.searchsorted(own, np.arange(self.n_ticks + 1), side="right")
            ]
        self.is_target, self.next_target = self._there(is_target), self._there(next_one)

    def arrivals(self, begin, end, lanes=None):
        """The arrivals of some ticks at some lanes.

        Parameters
        ----------
        begin, end : int
        lanes : int64 array, optional
            All of them by default.

        Returns
        -------
        rows, ticks : int64 Tensors, shape (n, n_lanes)
            The row of each; nobody's where a lane has fewer.
        """
        chosen, there = (slice(None),) * 2 if lanes is None else (lanes, self._there(lanes))
        counts = (self.begins[end] - self.begins[begin])[chosen]
        count = torch.arange(int(counts.max(initial=0)), device=self.device)[:, None]
        first, last = self.first[begin][there], self.first[end][there]
        at = torch.minimum(first + count, torch.full_like(first, len(self.place) - 1))
        rows = self.place[at] + self.row_offset[there]
        return torch.where(first + count < last, rows, self.nobody), self.tick[at]

    def put_back(self, counts):
        """Hand the weights and counts to those who asked."""
        learned, counts = self.weights.cpu().numpy(), counts.cpu().numpy()
        for own, values, count in zip(self.asked, np.split(learned, self.ends), counts):
            own[0][:] = values
            own[-1][:] += count
