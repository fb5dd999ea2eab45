"""Learning with the stored spikes as context: the loop of the rule `margin` by operators of torch.

What is learned from a context, and how, is as in `wmdelays.training.rules.margin.teacher_forcing`, with the
same numbers in float32; only sums over the synapses of a context are in another order. There are as many
lanes as there are neurons in the blocks that learn together. Which operators are called depends on what is
shown and on no value of a tensor, so a device never waits for the processor within an epoch.
"""

import numpy as np
import torch

from wmdelays.training.discrete.equation import membrane
from wmdelays.training.rules.margin.on_device.contexts import contexts, wanted_spikes
from wmdelays.training.rules.margin.teacher_forcing import (
    FALSE_ALARMS,
    MISSED,
    N_COUNTS,
    TOO_HIGH,
    TOO_LOW,
    reach,
)


def present(
    weights,
    shown,
    order,
    wanted,
    *,
    n_delays,
    beta,
    theta,
    kappa,
    rate,
    compensate=True,
    exact=False,
    allowed=None,
    sign=None,
):
    """Show sequences to neurons, and let them learn from each context in turn.

    Parameters
    ----------
    weights : float32 Tensor, shape (n_neurons * n_delays, n_lanes)
        Changed in place.
    shown, order
        As in `wmdelays.training.rules.margin.teacher_forcing.present`.
    wanted : Targets
        With lanes of all blocks.
    n_delays : int
    beta, theta, kappa : float arrays, shape (n_lanes,)
    rate, compensate, exact
        As there.
    allowed : bool Tensor of the shape of `weights`, optional
    sign : int8 Tensor, shape (n_neurons * n_delays,), optional
        As there.

    Returns
    -------
    counts : int64 Tensor, shape (2, n_lanes, N_COUNTS)
    margin : float32 Tensor, shape (n_lanes,)
        As there.
    """
    device, n_lanes = weights.device, weights.shape[1]
    synapses = _Synapses(weights, allowed, sign)
    beta_, theta, kappa = (
        torch.from_numpy(np.float32(values)).to(device) for values in (beta, theta, kappa)
    )
    least, most = theta + kappa, theta - kappa
    counts = torch.zeros((2, n_lanes, N_COUNTS), dtype=torch.int64, device=device)
    margin = torch.full((n_lanes,), torch.inf, dtype=torch.float32, device=device)
    if exact:
        learn = _Projection(synapses, np.float32(beta), beta_)
    else:
        learn = _Relaxation(synapses, beta_, compensate)
    for k in order.tolist():
        own = contexts(shown, k, n_delays, device)
        spikes = wanted_spikes(wanted, shown.pattern[k], own.n_steps, n_lanes, device)
        wants, start = spikes > 0, int(shown.start[k])
        # The bounds of each step: at least so much at a spike, at most so much elsewhere.
        lowest, highest = (
            torch.where(wants, least, -torch.inf),
            torch.where(wants, torch.inf, most),
        )
        learn.begin(own, wants)
        u, e = torch.zeros_like(theta), torch.zeros_like(theta)
        seen = torch.empty_like(spikes)
        for t in range(own.n_steps):
            before = weights.index_select(0, own.rows[own.begin[t] : own.begin[t + 1]])
            u, e = membrane(u, e, before.sum(0), beta_), spikes[t]
            seen[t] = u
            if rate and t >= start:
                missing = rate * (u.clamp(lowest[t], highest[t]) - u)
                u = u + learn.move(t, missing, before)
        seen, wants = seen[start:], wants[start:]
        counts[int(shown.damaged[k])] += _counted(seen, wants, theta, least, most)
        if not shown.damaged[k] and len(seen):
            distance = torch.where(wants, seen - theta, theta - seen)
            margin = torch.minimum(margin, distance.amin(0))
    return counts, margin


def _counted(u, wants, theta, least, most):
    """What `present` counts in a sequence, of the membranes of its steps."""
    high = ~wants & (u > most)
    kinds = [None] * N_COUNTS
    kinds[TOO_LOW], kinds[TOO_HIGH] = wants & (u < least), high
    kinds[MISSED], kinds[FALSE_ALARMS] = wants & (u < theta), high & (u >= theta)
    return torch.stack([kind.sum(0) for kind in kinds], 1)


class _Synapses:
    """Weights, and how they can change.

    Parameters
    ----------
    weights, allowed, sign
        See `present`.
    """

    def __init__(self, weights, allowed, sign):
        self.weights, self.allowed = weights, allowed
        self.sign = None if sign is None else sign[:, None]

    def can_change(self, rows, before, by):
        """Which weights can change in the direction `by`, of the shape of `before`; None if all."""
        can = None if self.allowed is None else self.allowed.index_select(0, rows)
        if self.sign is None:
            return can
        free = (by * self.sign.index_select(0, rows) > 0) | (before != 0)
        return free if can is None else can & free

    def change(self, rows, before, by, can):
        """Add to weights that can change, which stop at zero where their sign is given; gives them."""
        after = before + (by if can is None else by * can)
        if self.sign is not None:
            after = torch.where(after * self.sign.index_select(0, rows) < 0, 0, after)
        self.weights.index_copy_(0, rows, after)
        return after


class _Relaxation:
    """Moves membranes by the synapses at which spikes arrive in the very step."""

    def __init__(self, synapses, beta, compensate):
        self.synapses, self.leak, self.compensate = synapses, -beta, compensate

    def begin(self, contexts, wants):
        """Go on to another sequence; where spikes are wanted is a bool Tensor, shape (n_steps, n_lanes)."""
        self.contexts = contexts

    def move(self, t, missing, before):
        """Move the membranes of step t by `missing`, as far as synapses can; gives how far.

        `before` are the weights of its context.
        """
        own, synapses = self.contexts, self.synapses
        begin, younger, end = own.begin[t], own.younger[t], own.begin[t + 1]
        if begin == end:
            return 0
        rows = own.rows[begin:end]
        can = synapses.can_change(rows, before, missing)
        share = missing / (end - begin if can is None else can.sum(0).clamp(min=1))
        moved = (synapses.change(rows, before, share, can) - before).sum(0)
        if self.compensate and younger < end:
            # No row is one of these twice, and those of before come first where a neuron spiked in
            # two steps on end.
            later = own.later[younger:end]
            there = synapses.weights.index_select(0, later)
            also = synapses.can_change(later, there, -missing)
            if can is not None:
                also = also & can[younger - begin :]
            synapses.change(later, there, self.leak * share, also)
        return moved


class _Projection:
    """Moves membranes along their gradients, with all that still leaks from the steps before."""

    def __init__(self, synapses, beta, on_device):
        self.synapses = synapses
        furthest = reach(beta)
        self.furthest = int(furthest.max())
        self.reach = torch.from_numpy(furthest).to(on_device.device)
        powers = on_device.expand(self.furthest, -1).cumprod(0)
        self.left = torch.cat([torch.ones_like(on_device)[None], powers])
        self.gradient = torch.zeros_like(synapses.weights)

    def begin(self, contexts, wants):
        """See `_Relaxation.begin`."""
        self.contexts = contexts
        step = torch.arange(len(wants), device=wants.device)[:, None]
        resets = torch.where(wants, step, -1).cummax(0).values
        # That of a spike is in the step after it.
        self.last_reset = torch.cat([torch.full_like(resets[:1], -1), resets])

    def move(self, t, missing, before):
        """See `_Relaxation.move`."""
        own, synapses, gradient = self.contexts, self.synapses, self.gradient
        entries = slice(own.begin[max(t - self.furthest, 0)], own.begin[t + 1])
        if entries.start == entries.stop:
            return 0
        rows, age = own.rows[entries], t - own.step[entries]
        back = torch.minimum(self.reach, t - self.last_reset[t] - 1)
        left = self.left.index_select(0, age) * (age[:, None] <= back)
        gradient.index_put_((rows,), left, accumulate=True)
        of_rows, before = gradient.index_select(0, rows), synapses.weights.index_select(0, rows)
        gradient.index_fill_(0, rows, 0)
        can = synapses.can_change(rows, before, missing)
        if can is not None:
            left = left * can
        # A row that is there several times counts by the parts of its gradient, which add up.
        squares = (left * of_rows).sum(0)
        by = torch.where(squares > 0, missing / squares, 0) * of_rows
        return (left * (synapses.change(rows, before, by, can) - before)).sum(0)
