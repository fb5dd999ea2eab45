"""Where the neurons of a batch are while they are shown their patterns."""

import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops

# Places among the flags of a tick: see `wmdelays.training.continuous.adjoint` and
# `wmdelays.training.rules.timed_margin.teacher_forcing`.
HELD, RESET, CAPPED, LOW_CAP, N_FLAGS = range(5)


class Lanes:
    """The states of each neuron, those that it had after each tick, and what was done to them there.

    Parameters
    ----------
    batch : Batch
    rest : float64 Tensor, shape (n_lanes, n_states)
    arrivals : two float64 Tensors, shape (n_states,)
        What an arrival of weight 1 adds, where the sum is of weights above and below zero.
    names : dict
        Places among states and constants, see `wmdelays.training.continuous.code.functions_of`.
    """

    def __init__(self, batch, rest, arrivals, names):
        self.batch, self.rest, self.x = batch, rest, rest.clone()
        self.membrane, self.signed = names["MEMBRANE"], names["SIGNED"]
        self.up, self.down = arrivals
        self.theta, self.peak = batch.constants[names["BOUND"]], batch.constants[names["PEAK"]]
        n_lanes, device = len(rest), rest.device
        shape = batch.n_ticks + 1, *rest.shape
        self.history = torch.zeros(shape, dtype=rest.dtype, device=device)
        self.flags = torch.zeros((*shape[:2], N_FLAGS), dtype=torch.bool, device=device)
        self.counts = torch.zeros((n_lanes, loops.N_COUNTS), dtype=torch.int64, device=device)
        self.all = torch.arange(n_lanes, device=device)

    def arriving(self, positive, negative):
        """What arrivals do to the states whose weights above and below zero have these sums."""
        if self.signed:
            return (positive + negative)[..., None] * self.up
        return positive[..., None] * self.up + negative[..., None] * self.down

    def membrane_at(self, ticks):
        """The membrane of each lane after a tick of its own."""
        return self.history[ticks.clamp(min=0), self.all, self.membrane]

    def flags_at(self, ticks):
        """The flags of each lane in a tick of its own."""
        return self.flags[ticks.clamp(min=0), self.all]

    def count(self, happened):
        """Count what happened in this tick: which lanes, by what is counted."""
        none = torch.zeros_like(happened[loops.FALSE_ALARMS])
        self.counts += torch.stack([happened.get(k, none) for k in range(loops.N_COUNTS)], -1)

    def put(self, ticks, states, flags):
        """Keep the states after a tick of each lane, and its flags, shape (n_lanes, N_FLAGS)."""
        self.history[ticks, self.all] = states
        self.flags[ticks, self.all] = flags


def both_signs(weights):
    """The sums of weights above and below zero over the first dimension."""
    return weights.clamp(min=0).double().sum(0), weights.clamp(max=0).double().sum(0)
