"""Many neurons whose equations are linear are shown patterns at once and learn from them.

What is learned, and when, is as in `wmdelays.training.rules.timed_margin.without_upswing` and
`wmdelays.training.rules.timed_margin.projection`. Neurons go from tick to tick together, and those that
have something to learn in a tick learn it at once. As a tick is a matrix, the ticks that are gone through
again are a cumulative product of matrices, found in a few rounds.
"""

import numpy as np
import torch

from wmdelays.training.rules.timed_margin.on_device.batch import Batch
from wmdelays.training.rules.timed_margin.on_device.lanes import HELD, RESET, Lanes, both_signs
from wmdelays.training.rules.timed_margin.on_device.projection import Projection, products
from wmdelays.training.rules.timed_margin.on_device.without_upswing import WithoutUpswing


def show_together(asked, matrices, names, device):
    """Show each of several neurons a pattern, and let it learn from each bound in turn.

    Parameters
    ----------
    asked, device
        See `Batch`; weights and counts are changed in place.
    matrices : list of Affine
        Of each neuron.
    names : dict
        Places among states and constants, see `wmdelays.training.continuous.code.functions_of`.
    """
    with torch.inference_mode():
        shown = LinearLanes(Batch(asked, device), matrices, names)
        for k in range(shown.batch.n_ticks):
            shown.advance(k)
        shown.batch.put_back(shown.counts)


class LinearLanes(Lanes):
    """`Lanes` that go from tick to tick together; behind the states of each is a one."""

    def __init__(self, batch, matrices, names):
        rest = torch.cat([batch.rest, torch.ones_like(batch.rest[:, :1])], 1)
        arrivals = batch.there(matrices[0].up), batch.there(matrices[0].down)
        super().__init__(batch, rest, arrivals, names)
        self.free, self.held, self.reset = (
            batch.there(np.array([getattr(one, name) for one in matrices]))
            for name in ("free", "held", "reset")
        )
        self.projection, self.bounds = Projection(self), WithoutUpswing(self)

    def advance(self, k):
        """Go through tick k, and learn from it."""
        batch, now = self.batch, torch.full_like(self.all, k)
        held = self.bounds.held(now)
        if k > 0:
            self.x = _of(torch.where(held[:, None, None], self.held, self.free), self.x)
        rows, _ = batch.arrivals(k, k + 1)
        self.x = self.x + self.arriving(*both_signs(batch.weights[rows]))
        _, flags = self.bounds.spike(now, self.x[:, self.membrane], held, True)
        self.x = torch.where(flags[RESET][:, None], _of(self.reset, self.x), self.x)
        self.put(now, self.x, torch.stack(flags, -1))
        if k >= batch.since:
            self._learn(k, *self.bounds.missing(now, True))

    def _learn(self, k, asked, ticks, missing):
        """Meet the bounds of tick k together, and go through the ticks before it again."""
        chosen, batch = _those(asked[:, 0]), self.batch
        if not len(chosen):
            return
        lanes = torch.from_numpy(chosen).to(batch.device)
        asked, ticks, missing = asked[lanes], ticks[lanes], missing[lanes]
        begin = max(k - batch.furthest + 1, 0)
        window = torch.arange(begin, k + 1, device=lanes.device)
        flags = self.flags[begin : k + 1, lanes]
        held, reset = flags[..., HELD], flags[..., RESET]
        alone = torch.where(held[..., None, None], self.held[lanes], self.free[lanes])
        # All neurons rest in the first tick.
        one = torch.eye(alone.shape[-1], dtype=alone.dtype, device=lanes.device)
        alone = torch.where((window == 0)[:, None, None, None], one, alone)
        whole = torch.where(reset[..., None, None], self.reset[lanes] @ alone, alone)
        rows, at = batch.arrivals(begin, k + 1, chosen)
        moves = self.projection.moves(window[:, None], alone, whole, ticks, lanes)
        changed = self.projection.learn(rows, at - begin, moves, asked, missing, lanes)
        weights, n = batch.weights[rows].double(), len(lanes)
        place = (at - begin).clamp(0, k - begin) * n + torch.arange(n, device=lanes.device)
        sums = weights.new_zeros((2, len(window) * n))
        for own, part in zip(sums, (weights.clamp(min=0), weights.clamp(max=0))):
            own.index_put_((place.ravel(),), part.ravel(), accumulate=True)
        arriving = self.arriving(*sums.view(2, len(window), n))
        # Behind the states is a one, so what arrives is the last column of a matrix.
        after = torch.where(reset[..., None, None], self.reset[lanes], one)
        whole = whole.clone()
        whole[..., -1] += _of(after, arriving)
        start = self.history[begin - 1, lanes] if begin else self.rest[lanes]
        again = _of(products(whole), start)
        again = torch.where(changed[:, None], again, self.history[begin : k + 1, lanes])
        self.history[begin : k + 1, lanes] = again
        self.x[lanes] = again[-1]


def _those(asked):
    """The lanes for which something holds, an int64 array; the device is waited for."""
    return asked.nonzero()[:, 0].cpu().numpy()


def _of(matrices, states):
    """Matrices times states, lane by lane."""
    return (matrices @ states[..., None])[..., 0]
