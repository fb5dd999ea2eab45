"""The rule `margin` for large networks: synapses are chosen, then learned."""

from dataclasses import replace

import numpy as np

from wmdelays.errors import InputError
from wmdelays.machine.processors import n_processors
from wmdelays.machine.scratch import Scratch
from wmdelays.training.rules.margin.large.block_learner import LargeBlockLearner
from wmdelays.training.rules.margin.large.room import CHOSEN, most_chosen
from wmdelays.training.rules.margin.learner import Learner
from wmdelays.training.rules.margin.stages import Plan
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits
from wmdelays.training.rules.rule import sizes_of
from wmdelays.training.rules.side_by_side import Threads


class LargeLearner(Learner):
    """A `Learner` whose synapses are chosen before it learns.

    Parameters
    ----------
    of_blocks : LargeBlockLearner
    progress, workers
        See `Learner`.
    """

    # A recall takes as long as many epochs.
    looks = ()

    def __init__(self, of_blocks, progress, workers=None):
        super().__init__(of_blocks, progress, workers or Threads(n_processors()))
        scratch = Scratch(CHOSEN * self._most_chosen())
        chosen = self._each(LargeBlockLearner.choose, [(k,) for k in self.busy])
        for n_done, (k, block) in enumerate(zip(self.busy, chosen), 1):
            self.blocks[k] = block.kept_in(scratch)
            self.progress("choosing synapses", n_done / len(self.busy))

    def advance(self):
        """Learn for some epochs."""
        self._advance()

    def restore(self, state, arrays):
        """Go on from what `state` gave, if it fits these settings."""
        chosen = self.blocks
        super().restore(state, arrays)
        if not all(np.array_equal(a.place, b.place) for a, b in zip(self.blocks, chosen)):
            raise InputError("has other synapses than would be chosen")
        learned, self.blocks = self.blocks, chosen
        self._take(range(len(chosen)), learned)

    def _take(self, ks, blocks):
        # None has other synapses than before.
        for k, block in zip(ks, blocks):
            self.blocks[k].weight[:] = block.weight
            self.blocks[k].clean = block.clean

    def _most_chosen(self):
        memory, own = self.memory, self.of_blocks
        sizes = sizes_of(own.sequences, memory.n_delays, memory.step)
        return most_chosen(sizes, memory.n_delays, self.settings["max_synapses"])

    def _set_plan(self, once_more=False):
        memory = self.memory
        # What is chosen is within the limits: there is nothing to cut.
        self.plan = Plan(
            SynapseLimits(),
            memory.n_neurons,
            memory.n_delays,
            self.settings,
            bool(self.of_blocks.damage),
        )
        # No stage leaves neurons free to have any synapse, as "learning" says.
        self.stages = [replace(one, name="learning chosen synapses") for one in self.plan.stages()]
