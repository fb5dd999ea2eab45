"""What several neurons are shown at once, on a device."""

import numpy as np
import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops


class Batch:
    """Neurons, each with what it is shown, its targets, synapses and settings; lane b is the b-th of them.

    Behind its last tick there is one more, in which nothing arrives.

    Parameters
    ----------
    asked : list of tuple
        Of each neuron what `wmdelays.training.rules.timed_margin.without_upswing.show_threshold` is given.
    device : torch.device
    """

    def __init__(self, asked, device):
        self.device, self.asked = device, asked
        weights, place, first, gain, _, targets, sign, rest, c, settings, lengths, _ = zip(*asked)
        sizes = [len(one) for one in weights]
        # Behind all rows one that belongs to nobody.
        self.weights = self.there(np.concatenate([*weights, np.zeros(1, np.float32)]))
        self.sign = self.there(np.concatenate([*sign, np.zeros(1, np.int8)]))
        self.nobody = len(self.weights) - 1
        self.row_offset = self.there(np.cumsum([0, *sizes[:-1]]))
        self.ends = np.cumsum(sizes)
        settings, lengths = np.array(settings), np.array(lengths)
        self.settings, self.lengths = self.there(settings.T.copy()), self.there(lengths.T.copy())
        n_ticks = lengths[:, loops.N_TICKS] + lengths[:, loops.AFTER]
        self.n_ticks = int(n_ticks.max())
        self.furthest, self.since = looks_back(lengths), int(lengths[:, loops.SINCE].min())
        self._lay_out(place, first)
        self._set_targets(targets)
        self.constants, self.gain = self.there(np.array(c).T), self.there(np.array(gain))
        self.rest = self.there(np.array(rest))

    def there(self, array):
        """An array on the device."""
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
        self.place = self.there(np.concatenate([*places, [0]]))
        self.tick = self.there(np.concatenate([*ticks, [0]]))
        # Of each tick and lane the first arrival, and the end.
        begins = np.array([own[: self.n_ticks + 1] for own in first]).T
        begins = np.append(begins, begins[-1:], 0)
        self.begins, self.first = begins, self.there(begins + np.array(offsets))

    def _set_targets(self, targets):
        n_lanes, n_ticks = len(targets), self.n_ticks + 1
        is_target = np.zeros((n_ticks, n_lanes), bool)
        next_one = np.full((n_ticks, n_lanes), loops.NEVER)
        for lane, own in enumerate(targets):
            is_target[own[own < self.n_ticks], lane] = True
            next_one[:, lane] = np.append(own, loops.NEVER)[
                np.searchsorted(own, np.arange(n_ticks), side="right")
            ]
        self.is_target, self.next_target = self.there(is_target), self.there(next_one)

    def arrivals(self, begin, end, lanes=None):
        """The arrivals of some ticks at some lanes.

        Parameters
        ----------
        begin, end : int or int64 array, shape (n_lanes,)
        lanes : int64 array, optional
            All of them by default.

        Returns
        -------
        rows, ticks : int64 Tensors, shape (n, n_lanes)
            The row of each; nobody's where a lane has fewer.
        """
        lanes = np.arange(self.begins.shape[1]) if lanes is None else lanes
        count = int((self.begins[end, lanes] - self.begins[begin, lanes]).max(initial=0))
        there = self.there(lanes)
        begin, end = (self.there(np.full_like(lanes, one)) for one in (begin, end))
        first, last = self.first[begin, there], self.first[end, there]
        return self.rows_between(first, last, count, there), self.tick[self._places(first, count)]

    def rows_between(self, first, last, count, lanes):
        """The rows of the arrivals from `first` on and before `last`, at most `count` at each lane."""
        at = self._places(first, count)
        rows = self.place[at] + self.row_offset[lanes]
        return torch.where(at < last, rows, self.nobody)

    def _places(self, first, count):
        # The last one is nobody's.
        steps = torch.arange(count, device=self.device)[:, None]
        return (first + steps).clamp(max=len(self.place) - 1)

    def put_back(self, counts):
        """Hand the weights and counts to those who asked."""
        learned, counts = self.weights.cpu().numpy(), counts.cpu().numpy()
        for own, values, count in zip(self.asked, np.split(learned, self.ends), counts):
            own[0][:] = values
            own[-1][:] += count


def looks_back(lengths):
    """How far before a tick a neuron may still be changed from it on, at most.

    Parameters
    ----------
    lengths : int64 array, shape (n_neurons, N_LENGTHS)
    """
    # A membrane with an upswing is moved just before it crosses its peak.
    earliest = np.maximum(lengths[:, loops.BEFORE], lengths[:, loops.AHEAD] + 1)
    return int((lengths[:, loops.AFTER] + earliest + lengths[:, loops.REACH]).max())
