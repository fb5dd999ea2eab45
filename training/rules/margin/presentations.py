"""Sequences as margin presents them: the spikes, and what is wanted of each neuron."""

from dataclasses import dataclass

import numpy as np

# Neurons that learn side by side. Their weights, 5 MB at N = 1024 and D = 41, stay in the cache.
BLOCK = 32


@dataclass(frozen=True)
class Presentations:
    """Spike sequences that are shown to the network, one after another.

    Attributes
    ----------
    row : int64 array, shape (n_spikes,)
        For each spike, in the order of sequences and steps: neuron * n_delays - step - 1. In the
        context of step t its synapses have the row ``row + t``.
    first : int64 array, shape (sum of (n_steps + 1),)
        For each sequence and step, and the end, the place of its first spike in `row`.
    begin : int64 array, shape (n_presentations + 1,)
        Place of each sequence in `first`.
    pattern : int64 array, shape (n_presentations,)
        Which pattern the sequence is to be answered with.
    start : int64 array of the same shape
        First step that is learned.
    damaged : bool array of the same shape
        Whether it differs from the stored pattern.
    """

    row: np.ndarray
    first: np.ndarray
    begin: np.ndarray
    pattern: np.ndarray
    start: np.ndarray
    damaged: np.ndarray

    def __len__(self):
        return len(self.pattern)


def presentations(sequences, n_delays):
    """Lay out sequences for the compiled loop.

    Parameters
    ----------
    sequences : iterable of (steps, neurons, n_steps, pattern, start, damaged)
        Spikes ordered by step, the sequence's length, and see `Presentations`.
    n_delays : int

    Returns
    -------
    Presentations
    """
    rows, firsts, begin, labels, n_spikes = [], [], [0], [], 0
    for steps, neurons, n_steps, *label in sequences:
        rows.append(neurons.astype(np.int64) * n_delays - steps - 1)
        firsts.append(n_spikes + np.searchsorted(steps, np.arange(n_steps + 1)))
        n_spikes += len(steps)
        begin.append(begin[-1] + n_steps + 1)
        labels.append(label)
    pattern, start, damaged = zip(*labels)
    return Presentations(
        np.concatenate(rows),
        np.concatenate(firsts),
        np.array(begin),
        np.array(pattern),
        np.array(start),
        np.array(damaged),
    )


@dataclass(frozen=True)
class Targets:
    """The stored spikes of one block of neurons, by pattern and step.

    Attributes
    ----------
    begin : int64 array, shape (n_patterns + 1,)
        Place of each pattern's first spike in `step` and `lane`.
    step, lane : int64 arrays, shape (n_spikes,)
        Step and place in the block of each spike.
    """

    begin: np.ndarray
    step: np.ndarray
    lane: np.ndarray


def targets(patterns, n_neurons):
    """The targets of every block.

    Parameters
    ----------
    patterns : sequence of (steps, neurons)
        The stored spikes of each pattern, ordered by step.
    n_neurons : int

    Returns
    -------
    list of Targets
    """
    steps = np.concatenate([steps for steps, _ in patterns]).astype(np.int64)
    neurons = np.concatenate([neurons for _, neurons in patterns]).astype(np.int64)
    pattern = np.repeat(np.arange(len(patterns)), [len(steps) for steps, _ in patterns])
    # By block, and within a block as before.
    order = np.argsort(neurons // BLOCK, kind="stable")
    ends = np.searchsorted(neurons[order] // BLOCK, np.arange(n_blocks(n_neurons) + 1))
    return [
        Targets(
            np.searchsorted(pattern[chosen], np.arange(len(patterns) + 1)),
            steps[chosen],
            neurons[chosen] % BLOCK,
        )
        for chosen in (order[a:b] for a, b in zip(ends[:-1], ends[1:]))
    ]


def n_blocks(n_neurons):
    """Number of blocks that hold all neurons."""
    return -(-n_neurons // BLOCK)


def in_lanes(values, n):
    """A value of each neuron as blocks hold them, float64 of shape (n, BLOCK).

    Lanes without a neuron have the largest, so that none of them is the nearest to its threshold.
    """
    lanes = np.full(n * BLOCK, np.max(values))
    lanes[: len(values)] = values
    return lanes.reshape(n, BLOCK)
