"""How a block of neurons of a large network learns, from the arrivals at its synapses."""

import numpy as np

from wmdelays.training.rules.margin.block_learner import BlockLearner, wrong_of
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.large.arrivals import ByNeuron, present
from wmdelays.training.rules.margin.large.choosing import chosen_synapses

# Sequences of each pattern and epoch whose spikes are all jittered. Without them neurons fire twice where
# the spikes of the trigger come early and late.
_JITTERED = 2


class LargeBlockLearner(BlockLearner):
    """A `BlockLearner` whose synapses are chosen before it learns; none come or go then.

    Parameters
    ----------
    memory, settings, seed
        See `BlockLearner`; with `max_synapses`.
    """

    def __init__(self, memory, settings, seed):
        super().__init__(memory, settings, seed)
        self.damage = Damage.of(settings, throughout=_JITTERED if settings["jitter"] else 0)
        self._to_choose_from = self.undamaged
        self.undamaged = self._by_neuron(self.undamaged)

    def __reduce__(self):
        return LargeBlockLearner, (self.memory, self.settings, self.seed)

    def choose(self, k):
        """Block k with its synapses, their weights at zero; a `ChosenBlock`."""
        return chosen_synapses(
            self._to_choose_from,
            self.wanted[k],
            self.n_rows,
            self.memory.n_delays,
            self.limits,
            self.sign,
        )

    def learn(self, k, block, again, now):
        """Let block k learn; see `BlockLearner.learn`."""
        block = block.copy()
        for shown, order, rate, kappa in self._epochs(now):
            counts, _ = self._present_arrivals(k, block, shown, rate, kappa, order)
            np.clip(block.weight, -self.largest, self.largest, out=block.weight)
            if not now.stage.damaged and not counts.any():
                block.clean = True
                break
        return block, wrong_of(counts)

    def check(self, k, block, again):
        """How block k stands to the undamaged contexts, as `present` gives it."""
        shown = self.undamaged
        order = np.arange(len(shown))
        return self._present_arrivals(k, block.copy(), shown, 0.0, self.settings["kappa"], order)

    def epoch(self, number, stage, epoch):
        """See `BlockLearner.epoch`; what it shows by neuron."""
        shown, *others = super().epoch(number, stage, epoch)
        return shown if shown is self.undamaged else self._by_neuron(shown), *others

    def _by_neuron(self, shown):
        return ByNeuron(shown, self.memory.n_neurons, self.memory.n_delays)

    def _present_arrivals(self, k, block, shown, rate, kappa, order):
        return present(
            block,
            block.sign,
            shown,
            order,
            self.wanted[k],
            **self._neurons(k, kappa),
            rate=rate,
        )
