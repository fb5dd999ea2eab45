"""What many neurons learn at once from bounds that they do not meet.

As in `wmdelays.training.rules.timed_margin.projection`. What moves a membrane is found by cumulative
products of matrices, in a few rounds.
"""

import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.projection import TOGETHER


class Projection:
    """Moves the weights of a batch.

    Parameters
    ----------
    lanes : Lanes
    """

    def __init__(self, lanes):
        batch = self.batch = lanes.batch
        self.membrane, self.signed = lanes.membrane, lanes.signed
        self.kicks = lanes.up, lanes.down
        # Of the bounds that are met together, see `wmdelays.training.rules.timed_margin.projection`.
        self.kinds = torch.tensor([0, -1, 1], device=batch.device)
        self.gradient = torch.zeros(
            (len(batch.weights), TOGETHER), dtype=torch.float64, device=batch.device
        )

    def moves(self, window, alone, whole, ticks, lanes):
        """How arrivals of a weight above and below zero move the membrane at some ticks.

        Parameters
        ----------
        window : int64 Tensor, shape (n_window, n_lanes) or (n_window, 1)
            Ticks one after another.
        alone, whole : float64 Tensors, shape (n_window, n_lanes, n_states, n_states)
            What each tick does to the states, without and with what is done to them at its end.
        ticks : int64 Tensor, shape (n_lanes, TOGETHER)
            Those that are asked about.
        lanes : int64 Tensor, shape (n_lanes,)

        Returns
        -------
        two float64 Tensors, shape (n_window, n_lanes, TOGETHER)
        """
        left = ticks - window[..., None]
        one = torch.eye(alone.shape[-1], dtype=alone.dtype, device=alone.device)
        # Up to a tick, without the spike in it.
        steps = torch.where((left > 0)[..., None, None], whole[:, :, None], one)
        steps = torch.where((left == 0)[..., None, None], alone[:, :, None], steps)
        # From the tick after an arrival on: the last ones are applied last.
        later = products(steps.flip(0).mT).mT.flip(0)[1:]
        y = torch.cat(
            [later[..., self.membrane, :], one[self.membrane].expand_as(later[:1, ..., 0, :])]
        )
        counts = (left >= 0) & (left < self.batch.lengths[loops.REACH][lanes, None])
        return tuple((y @ kick) * counts for kick in self.kicks)

    def learn(self, rows, at, moves, asked, missing, lanes):
        """Move the weights so that the membranes move by what is missing.

        Parameters
        ----------
        rows, at : int64 Tensors, shape (n_arrivals, n_lanes)
            Of each arrival in the window the row, and the place of its tick there.
        moves : two float64 Tensors
            See `moves`.
        asked, missing : Tensors, shape (n_lanes, TOGETHER)
            Whether there is a bound to be met, and what is missing.
        lanes : int64 Tensor, shape (n_lanes,)

        Returns
        -------
        bool Tensor, shape (n_lanes,)
            Whose weights moved.
        """
        batch, s = self.batch, self.batch.settings
        before, sign = batch.weights[rows], batch.sign[rows]
        raises = missing[:, 0] > 0
        positive = (before > 0) | ((before == 0) & ((sign > 0) | ((sign == 0) & raises)))
        own = torch.arange(len(lanes), device=lanes.device).expand_as(rows)
        at = at.clamp(0, len(moves[0]) - 1)
        z = torch.where(positive[..., None], *(one[at, own] for one in moves))
        z = z * batch.gain[lanes, None] * asked * (rows != batch.nobody)[..., None]
        self.gradient.index_put_((rows,), z, accumulate=True)
        whole = self.gradient[rows]
        self.gradient[rows.ravel()] = 0
        # A weight of a given sign that is zero moves one way only.
        stuck = (before == 0) & (sign != 0) & (whole[..., 0] * missing[:, 0] * sign < 0)
        z, whole = (torch.where(stuck[..., None], 0, one) for one in (z, whole))
        gram = torch.einsum("nla,nlb->lab", z, whole)
        by = (whole * _multipliers(gram, missing, self.kinds, asked)).sum(-1) * s[loops.RATE][lanes]
        largest = s[loops.LARGEST][lanes]
        after = torch.minimum(torch.maximum(before + by, -largest), largest).float()
        turns = (sign != 0) & (after * sign < 0)
        if not self.signed:
            turns = turns | (after * before < 0)
        after = torch.where(by == 0, before, torch.where(turns, 0, after))
        batch.weights[rows.ravel()] = after.ravel()
        return (by != 0).any(0)


def _multipliers(gram, missing, kinds, asked):
    """See `wmdelays.training.rules.timed_margin.projection`."""
    gram = (gram + gram.mT) / 2
    size = gram.diagonal(dim1=1, dim2=2)
    total = size.sum(1, keepdim=True)
    fits = (total > 1e-300) & (total < torch.inf)
    diagonal = torch.diag_embed(size * (1 + 1e-3) + 1e-12 * total)
    gram = gram - torch.diag_embed(size) + diagonal
    kept, solved = asked & fits, torch.zeros_like(missing)
    one = torch.eye(TOGETHER, dtype=gram.dtype, device=gram.device)
    for _ in range(TOGETHER):
        both = kept[:, :, None] & kept[:, None, :]
        wanted = torch.where(kept, missing, 0)
        solved, _ = torch.linalg.solve_ex(torch.where(both, gram, one), wanted[..., None])
        solved = torch.where(kept, solved[..., 0], 0)
        kept = kept & (kinds * solved >= 0)
    return torch.where(kept, solved, 0)


def products(matrices):
    """Of matrices along the first dimension: each times all those before it."""
    n, by = len(matrices), 1
    while by < n:
        matrices = torch.cat([matrices[:by], matrices[by:] @ matrices[:-by]])
        by *= 2
    return matrices
