"""The contexts of a sequence on a device: which rows of the weights each step adds up."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Contexts:
    """The contexts of one sequence, one after another.

    Attributes
    ----------
    rows : int64 Tensor, shape (n_entries,)
        The rows of the weights in the contexts of all steps, by steps, and in each from the oldest spike on.
    later : int64 Tensor of the same shape
        The row of the same neuron's next delay, where it has one.
    step : int64 Tensor of the same shape
        The step of each entry.
    begin : list of int, length n_steps + 1
        Where the entries of each step begin, and the end of the last one's.
    younger : list of int, length n_steps
        From which of its entries on spikes have a synapse of the next delay as well.
    """

    rows: torch.Tensor
    later: torch.Tensor
    step: torch.Tensor
    begin: list
    younger: list

    @property
    def n_steps(self):
        """Length of the sequence."""
        return len(self.younger)


def contexts(shown, k, n_delays, device):
    """The contexts of one of several sequences.

    Parameters
    ----------
    shown : wmdelays.training.rules.margin.presentations.Presentations
    k : int
        Which of them.
    n_delays : int
    device : torch.device

    Returns
    -------
    Contexts
    """
    first = shown.first[shown.begin[k] : shown.begin[k + 1]]
    t = np.arange(len(first) - 1)
    oldest = first[np.maximum(t - n_delays, 0)]
    n = first[t] - oldest
    begin = np.concatenate([[0], np.cumsum(n)])
    step = np.repeat(t, n)
    spike = np.arange(begin[-1]) + np.repeat(oldest - begin[:-1], n)
    n_oldest = first[np.maximum(t - n_delays + 1, 0)] - oldest
    rows = torch.from_numpy(shown.row[spike] + step).to(device)
    return Contexts(
        rows,
        rows + 1,
        torch.from_numpy(step).to(device),
        begin.tolist(),
        (begin[:-1] + n_oldest).tolist(),
    )


def wanted_spikes(wanted, pattern, n_steps, n_lanes, device):
    """The stored spikes of a pattern.

    Parameters
    ----------
    wanted : wmdelays.training.rules.margin.presentations.Targets
        With lanes of all blocks.
    pattern, n_steps, n_lanes : int
    device : torch.device

    Returns
    -------
    float32 Tensor, shape (n_steps, n_lanes)
        1 at each spike in the first steps, else 0.
    """
    own = slice(wanted.begin[pattern], wanted.begin[pattern + 1])
    step, lane = wanted.step[own], wanted.lane[own]
    place = (step * n_lanes + lane)[step < n_steps]
    spikes = torch.zeros(n_steps * n_lanes, dtype=torch.float32, device=device)
    spikes.index_fill_(0, torch.from_numpy(place).to(device), 1)
    return spikes.view(n_steps, n_lanes)
