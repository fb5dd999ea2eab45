"""Neurons in continuous time that are shown a pattern each, with random weights."""

import numpy as np

from wmdelays.neurons import neurons_of
from wmdelays.patterns import refractory
from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.description import TIMED_MARGIN
from wmdelays.training.rules.timed_margin.neuron import Neuron
from wmdelays.training.rules.timed_margin.neuron_learner import NeuronLearner
from wmdelays.training.storing import unlearned

N = 6
PATTERNS = refractory(N, 45, 2, 0.05, interval=5)


def asked_of(neurons, seed, signs="free", periodic=False):
    """What neurons with random weights are shown, some of them with a few synapses.

    Returns
    -------
    NeuronLearner
    list of tuple
        What its `show` takes, for each neuron.
    """
    if isinstance(neurons, str):
        neurons = neurons_of(neurons, N, 5e-4)
    known = {name: one.default for name, one in TIMED_MARGIN.all_options.items()}
    memory = unlearned(PATTERNS, n_delays=10, step=1e-3, neurons=neurons, periodic=periodic)
    of_neurons = NeuronLearner(memory, known | {"signs": signs}, 0)
    asked, rng = [], np.random.default_rng(seed)
    for j in range(N):
        neuron = Neuron(of_neurons, j)
        if j % 3 == 0:
            neuron._have(np.sort(rng.choice(of_neurons.n_rows, 25, replace=False)))
        spread = rng.choice([0, 0.2, 0.5]) * neuron.of_class.bounds.largest
        weights = rng.normal(0, 1, len(neuron.sign)).astype(np.float32) * np.float32(spread)
        weights = np.where(weights * neuron.sign < 0, 0, weights).astype(np.float32)
        constants, rest = neuron.of_class.constants, neuron.of_class.rest
        counts = np.zeros(loops.N_COUNTS, np.int64)
        common = neuron.sign, rest, constants, neuron.settings, neuron.lengths, counts
        asked.append((weights, *neuron.shown[j % 2], neuron.targets[j % 2], *common))
    return of_neurons, asked


def assert_all_at_once_learn_the_same(of_neurons, asked, show):
    """Compare ``show(asked)`` with what each learns by the compiled loop; gives their counts."""
    before = [one[0].copy() for one in asked]
    together = [(one[0].copy(), *one[1:-1], one[-1].copy()) for one in asked]
    for one in asked:
        of_neurons.show(*one)
    show(together)
    for one, other in zip(asked, together):
        np.testing.assert_array_equal(one[-1], other[-1])
        np.testing.assert_allclose(other[0], one[0], rtol=1e-5, atol=1e-5 * np.abs(one[0]).max())
    assert any(not np.array_equal(start, one[0]) for start, one in zip(before, asked))
    return sum(one[-1] for one in asked)
