"""The rule `margin`: every neuron learns on its own, with the stored spikes as context."""

from dataclasses import replace

import numpy as np

from wmdelays.cue import Cue
from wmdelays.scores import score
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.rules.in_order import in_order
from wmdelays.training.rules.margin.block_learner import Round, wrong_of, wrong_of_each
from wmdelays.training.rules.margin.kept import State, restore, state_of
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.room import n_workers
from wmdelays.training.rules.margin.sparse_block import SparseBlock
from wmdelays.training.rules.margin.stages import ROUND, Plan
from wmdelays.training.rules.margin.teacher_forcing import FALSE_ALARMS, MISSED
from wmdelays.training.rules.side_by_side import Threads

# At the end of each stage and after these numbers of its epochs some patterns are recalled, to see
# how far learning is.
_LOOKS = 20, 40, 80, 160, 320, 640
_RECALLED = 16
# So many blocks for each worker learn together.
_TOGETHER = 4


class Learner:
    """What changes from round to round.

    Parameters
    ----------
    of_blocks : BlockLearner
    progress : callable or None
        See `margin`.
    workers : wmdelays.training.rules.side_by_side.Cluster, optional
        What learns side by side; by default threads of this process.
    """

    State = State
    looks = _LOOKS

    def __init__(self, of_blocks, progress, workers=None):
        self.of_blocks, self.kind = of_blocks, type(of_blocks)
        self.memory, self.settings = of_blocks.memory, of_blocks.settings
        self.progress = progress or (lambda stage, part: None)
        self.limits, self.n_rows = of_blocks.limits, of_blocks.n_rows
        self.workers = workers or Threads(n_workers(self.memory.n_neurons, self.memory.n_delays))
        self.blocks = [SparseBlock(self.n_rows) for _ in of_blocks.wanted]
        # Neurons that are to stay silent do so without any synapse, and have nothing to learn.
        self.silent = np.array([not len(wanted.step) for wanted in of_blocks.wanted])
        self.busy = np.flatnonzero(~self.silent).tolist()
        self._set_plan()
        self.stage = self.epoch = self.n_epochs = 0
        self.n_learned = self.wrong = 0
        # While pruning: the neurons that may do with fewer synapses, and what all had before.
        self.prunable = np.full((len(self.blocks), BLOCK), self.plan.prunes) & ~self.silent[:, None]
        self.before = []
        # Blocks that did not do with their synapses, and learn once more; within limits, what they had
        # learned before, by their numbers.
        self.again, self.first = [], {}
        self.history = []

    @property
    def done(self):
        return self.stage == len(self.stages)

    def advance(self):
        """Learn for some epochs.

        Where synapses are limited, learning changes few of them at a time, which goes astray where
        neurons fire in bursts. Blocks that it leaves with wrong spikes then begin once more, and learn
        along the gradient. In the end each neuron has the weights of the two with fewer wrong spikes.
        Where synapses were cut to as many as should be enough, blocks that miss a bound begin once more
        with all of them.
        """
        fewer = self.plan.fewer
        self._advance()
        at_end = self.stage == self.plan.n_before_pruning() and self.epoch == self.n_learned == 0
        if not at_end or not (self.limits or fewer):
            return
        if self.again:
            self._take_better()
        else:
            counts = [found for found, _ in self._checked(self.learning)]
            missed = [n.any() if fewer else wrong_of(n) for n in counts]
            self.again = [k for k, n in zip(self.learning, missed) if n]
            if self.again:
                self.learn_again()
                for k in self.again:
                    if self.limits:
                        self.first[k] = self.blocks[k]
                    self.blocks[k] = SparseBlock(self.n_rows)

    @property
    def n_together(self):
        """How many blocks learn before there can be a checkpoint."""
        return _TOGETHER * self.workers.n

    @property
    def learning(self):
        """The blocks that have anything to learn in this stage, a list of int."""
        if self.again and not self.done and not self.stages[self.stage].is_pruning:
            return self.again
        return self.busy

    def learn_again(self):
        """Begin once more, with smaller cuts."""
        self.stage = 0
        self._set_plan(once_more=True)

    def _set_plan(self, once_more=False):
        memory = self.memory
        self.plan = Plan(
            self.limits,
            memory.n_neurons,
            memory.n_delays,
            self.settings,
            bool(self.of_blocks.damage),
            gently=once_more,
            fewer=self.of_blocks.enough is not None and not once_more,
        )
        self.stages = self.plan.stages()

    def _advance(self):
        """Let some blocks learn for some epochs; once all have, the round of epochs is over."""
        stage = self.stages[self.stage]
        if self.epoch == self.n_learned == 0 and not self._begin(stage):
            self.stage += 1
            return
        n_epochs = min(ROUND, stage.epochs - self.epoch)
        now = Round(self.stage, stage, self.epoch, n_epochs)
        # Blocks learn apart from one another, so between any two there can be a checkpoint.
        next_ones = self.learning[self.n_learned :][: self.n_together]
        ks = [k for k in next_ones if not self.blocks[k].clean]
        n_done = self.n_learned + len(next_ones) - len(ks)
        for k, (block, wrong) in zip(ks, self._learned(ks, now, n_done)):
            self._take([k], [block])
            self.wrong += wrong
        self.n_learned += len(next_ones)
        if self.n_learned < len(self.learning):
            return
        wrong, self.wrong, self.n_learned = self.wrong, 0, 0
        self.epoch += n_epochs
        self.n_epochs += n_epochs
        ended = self.epoch == stage.epochs or all(block.clean for block in self.blocks)
        if ended or self.epoch in self.looks:
            self.history.append(
                {"epoch": self.n_epochs, "stage": stage.name, "wrong": wrong, "f1": self._f1()}
            )
        if ended:
            self._end(stage)

    def _tell(self, now, n_done):
        """Tell how far learning is when so many blocks, or parts of them, are through a round."""
        part = (now.first + now.n_epochs * n_done / len(self.learning)) / now.stage.epochs
        self.progress(self._shown(now.stage), part)

    def _shown(self, stage):
        text = f"{stage.name}{' from damaged contexts' if stage.damaged else ''}"
        text += " once more" if self.again else ""
        if self.history:
            text += f", F1 {self.history[-1]['f1']:.4f}"
        return text

    def _begin(self, stage):
        """Cut what the stage cuts; gives whether there is anything to learn then."""
        if stage.prunes:
            self.before = list(self.blocks)
        before = sum(len(block.place) for block in self.blocks)
        if stage.prunes or stage.cut is not None or stage.leaves is not None:
            pieces = [(k, self.blocks[k], stage, self.prunable[k]) for k in self.learning]
            self._take(self.learning, self._each(self.kind.cut, pieces))
        for k, block in enumerate(self.blocks):
            block.clean = k not in self.learning
        if stage.cut is None or not stage.optional:
            return True
        return sum(len(block.place) for block in self.blocks) < before

    def _end(self, stage):
        if stage.judges:
            self._give_back()
            if self.prunable.any():
                self.stages += self.plan.pruning()
        self.stage += 1
        self.epoch = 0

    def _give_back(self):
        """Give the neurons that miss a bound their synapses from before the last cut."""
        needs = [counts.sum((0, 2)) > 0 for counts, _ in self._checked(self.learning)]
        pieces = [
            (self.blocks[k], self.before[k], self.prunable[k], own)
            for k, own in zip(self.learning, needs)
        ]
        found = list(self._each(self.kind.give_back, pieces))
        self._take(self.learning, [block for block, _ in found])
        for k, (_, prunable) in zip(self.learning, found):
            self.prunable[k] = prunable

    def _take_better(self):
        """Give neurons what they had before learning once more, where that left more wrong spikes."""
        ks, first = list(self.first), list(self.first.values())
        after, before = (self._checked(ks, blocks) for blocks in (None, first))
        worse = [
            wrong_of_each(two) > wrong_of_each(one) for (one, _), (two, _) in zip(before, after)
        ]
        pieces = [(self.blocks[k], *others) for k, *others in zip(ks, first, worse)]
        self._take(ks, self._each(self.kind.better, pieces))
        self.first = {}

    def _learned(self, ks, now, n_done):
        """What `BlockLearner.learn` makes of some blocks, where so many have learned before."""
        found = self._each(self.kind.learn, [(*self._piece(k), now) for k in ks])
        for n, one in enumerate(found, n_done + 1):
            self._tell(now, n)
            yield one

    def _checked(self, ks, blocks=None):
        """How some blocks stand to the undamaged contexts; by default those that there are now."""
        blocks = [self.blocks[k] for k in ks] if blocks is None else blocks
        pieces = [(k, block, k in self.again) for k, block in zip(ks, blocks)]
        return list(self._each(self.kind.check, pieces))

    def _piece(self, k):
        return k, self.blocks[k], k in self.again

    def _each(self, work, pieces):
        return self.workers.each(work, self.of_blocks, pieces)

    def _take(self, ks, blocks):
        for k, block in zip(ks, blocks):
            self.blocks[k] = block

    def _f1(self):
        memory = self._memory()
        chosen = range(min(_RECALLED, memory.n_patterns))
        stored = [self.of_blocks.sequences[m] for m in chosen]
        cues = [Cue.from_pattern(p, memory.n_delays, memory.step) for p in stored]
        return score(recall(memory, cues), stored).total.f1

    def _memory(self, made=None):
        """The memory as learned so far."""
        columns = in_order(self.blocks, BLOCK, self.n_rows, self.memory.n_delays)
        return replace(self.memory, **columns, made=made or {})

    def result(self):
        """The memory, and in its `made` what was reached."""
        # The membranes of the others stay at 0.
        wrong, smallest = 0, np.inf
        if self.silent.any():
            smallest = float(np.float32(self.of_blocks.theta[self.silent].min()))
        missed = np.zeros(len(self.blocks) * BLOCK, np.int64)
        too_many = np.zeros_like(missed)
        for k, (counts, margins) in zip(self.learning, self._checked(self.learning)):
            wrong += wrong_of(counts)
            lanes = slice(k * BLOCK, (k + 1) * BLOCK)
            missed[lanes], too_many[lanes] = counts[0, :, MISSED], counts[0, :, FALSE_ALARMS]
            smallest = min(smallest, float(margins.min()))
        reached = {"open_loop_errors": wrong, "margin": smallest, "epochs": self.n_epochs}
        if wrong:
            worst = int(np.argmax(missed + too_many))
            reached |= {
                "wrong_neurons": int(np.count_nonzero(missed + too_many)),
                "worst_neuron": worst,
                "worst_missed": int(missed[worst]),
                "worst_too_many": int(too_many[worst]),
            }
        return self._memory(
            {"settings": self.settings, "reached": reached, "history": self.history}
        )

    def state(self):
        """All of it, as JSON values and arrays."""
        return state_of(self)

    def restore(self, state, arrays):
        """Go on from what `state` gave, if it fits these settings."""
        restore(self, state, arrays)
