"""What neurons are shown and learn from, at random."""

import numpy as np

from wmdelays.training.rules.margin.presentations import BLOCK, n_blocks, presentations, targets
from wmdelays.training.rules.margin.teacher_forcing import present

BETA, THETA = 0.7, 1.0


def spikes_of(dense):
    """Steps and neurons of the spikes, ordered by step."""
    return np.nonzero(dense)


class Problem:
    """Random patterns, sequences like them, and random weights of every block."""

    def __init__(
        self, seed, n_neurons, n_delays, n_steps=12, n_patterns=2, rate=0.25, signed=False
    ):
        rng = np.random.default_rng(seed)
        self.n_neurons, self.n_delays = n_neurons, n_delays
        self.patterns = rng.random((n_patterns, n_steps, n_neurons)) < rate
        # Neuron 0 spikes in consecutive steps.
        self.patterns[0, 1:4, 0] = True
        self.shown = []
        for m, pattern in enumerate(self.patterns):
            self.shown.append((pattern, m, int(rng.integers(1, n_delays + 1)), False))
            flipped = pattern ^ (rng.random(pattern.shape) < 0.2)
            self.shown.append((flipped[: rng.integers(2, n_steps + 1)], m, n_delays, True))
        self.order = rng.permutation(np.repeat(np.arange(len(self.shown)), 2))
        self.sign = None
        n_rows = n_neurons * n_delays
        self.weights = rng.normal(0.0, 0.3, (n_blocks(n_neurons), n_rows, BLOCK))
        self.weights = self.weights.astype(np.float32)
        if signed:
            self.sign = np.repeat(rng.choice([-1, 1], n_neurons), n_delays).astype(np.int8)
            self.weights = np.abs(self.weights) * self.sign[:, None]
            self.weights[rng.random(self.weights.shape) < 0.3] = 0
        for k in range(n_blocks(n_neurons)):
            # There are no neurons in the lanes that are left over.
            self.weights[k, :, max(n_neurons - k * BLOCK, 0) :] = 0
        self.allowed = rng.random(self.weights.shape) < 0.5
        self.laid_out = presentations(
            [(*spikes_of(s), len(s), m, start, damaged) for s, m, start, damaged in self.shown],
            n_delays,
        )
        self.wanted = targets([spikes_of(p) for p in self.patterns], n_neurons)

    def present(self, block, weights, **options):
        """`present` with a copy of the weights: (weights, counts, margin)."""
        weights = weights.copy()
        given = dict(beta=BETA, theta=THETA, kappa=0.4, rate=0.7, n_delays=self.n_delays)
        found = present(weights, self.laid_out, self.order, self.wanted[block], **(given | options))
        return weights, *found
