"""Many neurons are shown patterns at once and learn from them, by operators of torch.

What is learned, and when, is as in `wmdelays.training.rules.timed_margin.without_upswing` and
`wmdelays.training.rules.timed_margin.projection`. Neurons go from tick to tick together, and those that
have something to learn in a tick learn it at once. As a tick is a matrix, what moves a membrane, and the
ticks that are gone through again, are cumulative products of matrices, found in a few rounds.
"""

import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device.batch import Batch
from wmdelays.training.rules.timed_margin.projection import TOGETHER


def show_together(asked, matrices, names, device):
    """Show each of several neurons a pattern, and let it learn from each bound in turn.

    Parameters
    ----------
    asked, matrices, device
        See `Batch`; weights and counts are changed in place.
    names : dict
        Places among states and constants, see `wmdelays.training.continuous.code.functions_of`.
    """
    with torch.inference_mode():
        shown = _Shown(Batch(asked, matrices, device), names)
        for k in range(shown.batch.n_ticks):
            shown.advance(k)
        shown.batch.put_back(shown.counts)


class _Shown:
    """Where the neurons of a batch are; times are ticks, one for each lane."""

    def __init__(self, batch, names):
        self.batch, self.membrane, self.signed = batch, names["MEMBRANE"], names["SIGNED"]
        self.theta, self.peak = batch.constants[names["BOUND"]], batch.constants[names["PEAK"]]
        (n_lanes, n_states), device = batch.rest.shape, batch.device
        self.x = batch.rest.clone()
        shape = batch.n_ticks, n_lanes
        self.history = torch.zeros((*shape, n_states), dtype=torch.float64, device=device)
        self.held = torch.zeros(shape, dtype=torch.bool, device=device)
        self.reset = torch.zeros_like(self.held)
        self.counts = torch.zeros((n_lanes, loops.N_COUNTS), dtype=torch.int64, device=device)
        self.last = torch.full((n_lanes,), loops.LONG_AGO, dtype=torch.int64, device=device)
        self.lowered = self.last.clone()
        self.error, self.rising = torch.zeros_like(self.theta), torch.ones_like(self.theta)
        self.gradient = torch.zeros(
            (len(batch.weights), TOGETHER), dtype=torch.float64, device=device
        )
        self.lanes = torch.arange(n_lanes, device=device)

    def advance(self, k):
        """Go through tick k, and learn from it."""
        batch, lengths = self.batch, self.batch.lengths
        clamp, after = lengths[loops.CLAMP], lengths[loops.AFTER]
        since = k - self.last
        rises_on = (since <= after) & (self.last >= clamp)
        held = (since < lengths[loops.REFRACTORY]) & ~rises_on
        if k > 0:
            self.x = _of(torch.where(held[:, None, None], batch.held, batch.free), self.x)
        rows, _ = batch.arrivals(k, k + 1)
        arriving = batch.weights[rows]
        self.x = self.x + self._arriving(
            arriving.clamp(min=0).double().sum(0), arriving.clamp(max=0).double().sum(0)
        )
        v, is_target = self.x[:, self.membrane], batch.is_target[k]
        put_back = ~is_target & (after > 0) & (self.last >= clamp) & (since == after + 1)
        fired = ~is_target & ~put_back & ~held & (k < lengths[loops.SINCE]) & (v >= self.peak)
        reset = (is_target & ((after == 0) | (k < clamp))) | put_back | fired
        self.last = torch.where(is_target | fired, k, self.last)
        self.x = torch.where(reset[:, None], _of(batch.reset, self.x), self.x)
        self.history[k], self.held[k], self.reset[k] = self.x, held, reset
        if k >= batch.since:
            self._learn(k, *self._missing(k, v, is_target, ~(held | rises_on | is_target | reset)))

    def _arriving(self, positive, negative, lanes=slice(None)):
        """What arrivals do to the states whose weights above and below zero have these sums."""
        if self.signed:
            positive, negative = positive + negative, torch.zeros_like(negative)
        up, down = self.batch.up[lanes], self.batch.down[lanes]
        return positive[..., None] * up + negative[..., None] * down

    def _missing(self, k, v, is_target, is_free):
        """The bounds of tick k that are not met: whether, ticks, what is missing and kinds, (n_lanes, TOGETHER)."""
        s, lengths, last = self.batch.settings, self.batch.lengths, self.last
        slack, slope, tick = s[loops.SLACK], s[loops.SLOPE], s[loops.TICK_MS]
        clamp, after, before = (lengths[name] for name in (loops.CLAMP, loops.AFTER, loops.BEFORE))
        learns = k >= lengths[loops.SINCE]
        crosses = learns & is_target & (k >= clamp)
        if k > 0:
            below = self.history[k - 1, :, self.membrane]
            rising = torch.maximum((v - below) / tick, 0.3 * slope)
            self.error = torch.where(crosses, self.theta - (v + below) / 2, self.error)
            self.rising = torch.where(crosses, rising, self.rising)
        late = (self.error / self.rising).abs() > s[loops.TOLERANCE]
        self._count(loops.TARGETS, crosses)
        self._count(loops.MISTIMED, crosses & late)
        self._count(loops.MISSED, crosses & (v < self.theta))
        # How steep the crossing was, and how sure.
        judged = learns & (last >= clamp) & (k == last + after)
        earlier = (last - before).clamp(min=0, max=k)
        steep = slope * before * tick
        too_high = self.theta - steep - self.history[earlier, self.lanes, self.membrane]
        too_low = self.theta + s[loops.OVERSHOOT] - v
        is_low = judged & (after > 0) & (too_low > slack * s[loops.OVERSHOOT])
        is_shallow = judged & (too_high < -slack * steep)
        self._count(loops.LOW, is_low)
        self._count(loops.SHALLOW, is_shallow)
        meets = (judged & late) | is_low | is_shallow
        rests = self.held[earlier, self.lanes] | self.reset[earlier, self.lanes]
        # Elsewhere the membrane is to be low.
        silent = learns & ~judged & is_free & (k < lengths[loops.N_TICKS])
        self._count(loops.FALSE_ALARMS, silent & (v >= self.theta))
        kappa = s[loops.KAPPA]
        high = silent & (self.batch.next_target[k] - k > lengths[loops.AHEAD])
        high = high & (v > self.theta - kappa)
        self._count(loops.HIGH, high & (v > self.theta - kappa * (1 - slack)))
        lowers = high & (k - self.lowered >= lengths[loops.GAP])
        self.lowered = torch.where(lowers, k, self.lowered)
        now = torch.full_like(last, k)
        return (
            torch.stack(
                [meets | lowers, meets & (too_high < steep / 2) & ~rests, meets & (after > 0)], 1
            ),
            torch.stack([torch.where(lowers, now, last), earlier, now], 1),
            torch.stack(
                [torch.where(lowers, self.theta - kappa - v, self.error), too_high, too_low], 1
            ),
            torch.tensor([0, -1, 1], device=now.device),
        )

    def _count(self, which, happened):
        self.counts[:, which] += happened

    def _learn(self, k, asked, ticks, missing, kinds):
        """Meet the bounds of tick k together, and go through the ticks before it again."""
        chosen, batch = _those(asked[:, 0]), self.batch
        if not len(chosen):
            return
        lanes = torch.from_numpy(chosen).to(batch.device)
        asked, ticks, missing = asked[lanes], ticks[lanes], missing[lanes]
        begin = max(k - batch.furthest + 1, 0)
        window = torch.arange(begin, k + 1, device=lanes.device)
        held, reset = self.held[begin : k + 1, lanes], self.reset[begin : k + 1, lanes]
        alone = torch.where(held[..., None, None], batch.held[lanes], batch.free[lanes])
        # All neurons rest in the first tick.
        one = torch.eye(alone.shape[-1], dtype=alone.dtype, device=lanes.device)
        alone = torch.where((window == 0)[:, None, None, None], one, alone)
        whole = torch.where(reset[..., None, None], batch.reset[lanes] @ alone, alone)
        rows, at = batch.arrivals(begin, k + 1, chosen)
        moves = self._moves(window, alone, whole, ticks, lanes)
        changed = self._project(rows, at - begin, moves, asked, ticks, missing, kinds, lanes)

        weights, n = batch.weights[rows].double(), len(lanes)
        place = (at - begin).clamp(0, k - begin) * n + torch.arange(n, device=lanes.device)
        sums = weights.new_zeros((2, len(window) * n))
        for own, part in zip(sums, (weights.clamp(min=0), weights.clamp(max=0))):
            own.index_put_((place.ravel(),), part.ravel(), accumulate=True)
        arriving = self._arriving(*sums.view(2, len(window), n), lanes)
        # Behind the states is a one, so what arrives is the last column of a matrix.
        after = torch.where(reset[..., None, None], batch.reset[lanes], one)
        whole = whole.clone()
        whole[..., -1] += _of(after, arriving)
        start = self.history[begin - 1, lanes] if begin else batch.rest[lanes]
        again = _of(_products(whole), start)
        again = torch.where(changed[:, None], again, self.history[begin : k + 1, lanes])
        self.history[begin : k + 1, lanes] = again
        self.x[lanes] = again[-1]

    def _moves(self, window, alone, whole, ticks, lanes):
        """How arrivals of a weight above and below zero move the membrane at some ticks.

        Each of shape (n_window, n_lanes, TOGETHER).
        """
        left = ticks - window[:, None, None]
        one = torch.eye(alone.shape[-1], dtype=alone.dtype, device=alone.device)
        # Up to a tick, without the spike in it.
        steps = torch.where((left > 0)[..., None, None], whole[:, :, None], one)
        steps = torch.where((left == 0)[..., None, None], alone[:, :, None], steps)
        # From the tick after an arrival on: the last ones are applied last.
        later = _products(steps.flip(0).mT).mT.flip(0)[1:]
        y = torch.cat(
            [later[..., self.membrane, :], one[self.membrane].expand_as(later[:1, ..., 0, :])]
        )
        counts = (left >= 0) & (left < self.batch.lengths[loops.REACH][lanes, None])
        return tuple(
            (y * kick[lanes][:, None]).sum(-1) * counts for kick in (self.batch.up, self.batch.down)
        )

    def _project(self, rows, at, moves, asked, ticks, missing, kinds, lanes):
        """Move the weights so that the membranes move by what is missing; gives whose did."""
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
        by = (whole * _multipliers(gram, missing, kinds, asked)).sum(-1) * s[loops.RATE][lanes]
        largest = s[loops.LARGEST][lanes]
        after = torch.minimum(torch.maximum(before + by, -largest), largest).float()
        turns = (sign != 0) & (after * sign < 0)
        if not self.signed:
            turns = turns | (after * before < 0)
        after = torch.where(by == 0, before, torch.where(turns, 0, after))
        batch.weights[rows.ravel()] = after.ravel()
        return (by != 0).any(0)


def _those(asked):
    """The lanes for which something holds, an int64 array; the device is waited for."""
    return asked.nonzero()[:, 0].cpu().numpy()


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


def _of(matrices, states):
    """Matrices times states, lane by lane."""
    return (matrices @ states[..., None])[..., 0]


def _products(matrices):
    """Of matrices along the first dimension: each times all those before it."""
    n, by = len(matrices), 1
    while by < n:
        matrices = torch.cat([matrices[:by], matrices[by:] @ matrices[:-by]])
        by *= 2
    return matrices
