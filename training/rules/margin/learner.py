"""The rule `margin`: every neuron learns on its own, with the stored spikes as context."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from wmdelays.contexts import stored_sequence
from wmdelays.cue import Cue
from wmdelays.scores import score
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.enough import enough_synapses
from wmdelays.training.rules.margin.importance import importance
from wmdelays.training.rules.margin.kept import State, restore, state_of
from wmdelays.training.rules.margin.presentations import BLOCK, in_lanes, n_blocks, targets
from wmdelays.training.rules.margin.presentations import presentations as lay_out
from wmdelays.training.rules.margin.room import n_workers
from wmdelays.training.rules.margin.sparse_block import SparseBlock, synapses
from wmdelays.training.rules.margin.stages import KEPT, PART, ROUND, Plan
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits, most_important, within
from wmdelays.training.rules.margin.teacher_forcing import FALSE_ALARMS, MISSED, present

# Part of the way to its bound that a membrane is moved: beyond 1 it overshoots, which reaches all
# bounds in fewer epochs (over-relaxation).
_RATE = 1.4
# What cannot be had whole is to be had as far as possible: in the second half of the epochs the
# margin asked for falls to zero, and the rate to this part.
_LAST = 0.02
# With damaged contexts there is no solution for all of them; the rate falls from one to the other.
_DAMAGED_RATES = 1.0, 0.2
# The part of the trigger window that starts a recall while contexts are damaged.
_QUARTER = 4
# Largest weight, in units of theta. Where contexts contradict each other, weights can grow for ever.
_LARGEST = 100.0
# At the end of each stage and after these numbers of its epochs some patterns are recalled, to see
# how far learning is.
_LOOKS = 20, 40, 80, 160, 320, 640
_RECALLED = 16
# So many blocks for each worker learn before there can be a checkpoint.
_TOGETHER = 4


class Learner:
    """What changes from round to round.

    Parameters
    ----------
    memory : Memory
        Without synapses.
    settings : dict
        The values of all options of `margin`.
    seed : int
    progress : callable or None
        See `margin`.
    """

    State = State

    def __init__(self, memory, settings, seed, progress):
        self.memory, self.settings, self.seed = memory, settings, seed
        self.damage, self.limits = Damage.of(settings), SynapseLimits.of(settings)
        limits = self.limits
        self.progress = progress or (lambda stage, part: None)
        self.n_rows = memory.n_neurons * memory.n_delays
        self.n_workers = n_workers(memory.n_neurons, memory.n_delays)
        self.sign = limits.sign(memory.n_neurons, memory.n_delays)
        self.largest = np.float32(_LARGEST * np.max(memory.theta))
        n = n_blocks(memory.n_neurons)
        self.beta, self.theta = (in_lanes(memory.each(name), n) for name in ("beta", "theta"))
        # A threshold only sets the scale of its neuron's weights, and so the margin goes with it.
        self.scale = self.theta / np.mean(memory.theta)
        self.sequences = [
            stored_sequence(p, memory.n_delays, memory.step, memory.periodic)
            for p in memory.patterns
        ]
        self.n_steps = self.sequences[0].n_steps(memory.step)
        self.spikes = [(s.steps(memory.step), s.neurons) for s in self.sequences]
        chosen = settings["shortest_trigger"]
        self.undamaged = lay_out(self._undamaged(chosen or memory.n_delays), memory.n_delays)
        self.wanted = targets(self.spikes, memory.n_neurons)
        self.blocks = [SparseBlock(self.n_rows) for _ in range(n)]
        # Neurons that are to stay silent do so without any synapse, and have nothing to learn.
        self.silent = np.array([not len(wanted.step) for wanted in self.wanted])
        self.busy = np.flatnonzero(~self.silent).tolist()
        # How many synapses are enough, where learning is to come to as few.
        self.enough = None
        damages = bool(self.damage) and settings["damaged_epochs"] >= PART
        if limits.prune == "damage" and damages and not limits:
            self.enough = enough_synapses(
                self.undamaged, self.wanted, memory.n_neurons, memory.n_delays
            )
        # What compensates for the leak takes twice the synapses, half of the opposite sign.
        self.compensate = not limits and self.enough is None
        self._set_plan()
        self.stage = self.epoch = self.n_epochs = 0
        self.n_learned = self.wrong = 0
        self.epochs = None
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
            for k, block in self.first.items():
                self._keep_better(k, block)
            self.first = {}
        else:
            counts = self._each(lambda k: self._check(k)[0])
            missed = [n.any() if fewer else self._wrong(n) for n in counts]
            self.again = [k for k, n in zip(self.learning, missed) if n]
            if self.again:
                self.learn_again()
                for k in self.again:
                    if self.limits:
                        self.first[k] = self.blocks[k]
                    self.blocks[k] = SparseBlock(self.n_rows)

    def _keep_better(self, k, first):
        """Give the neurons that learning once more left with more wrong spikes what they had before."""
        block = self.blocks[k]
        weights, allowed = block.dense()
        after = self._wrong_of_each(self._check(k)[0])
        self.blocks[k] = first
        before = self._wrong_of_each(self._check(k)[0])
        self.blocks[k] = block
        worse = after > before
        if worse.any():
            earlier, _ = first.dense()
            weights[:, worse] = earlier[:, worse]
            allowed = weights != 0 if allowed is None else allowed
            allowed[:, worse] = earlier[:, worse] != 0
            block.limit(weights, allowed)

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
            bool(self.damage),
            gently=once_more,
            fewer=self.enough is not None and not once_more,
        )
        self.stages = self.plan.stages()

    def _advance(self):
        """Let some blocks learn for some epochs; once all have, the round of epochs is over."""
        stage = self.stages[self.stage]
        if self.epoch == self.n_learned == 0 and not self._begin(stage):
            self.stage += 1
            return
        n_epochs = min(ROUND, stage.epochs - self.epoch)
        if self.epochs is None:
            self.epochs = [self._epoch(stage, self.epoch + k) for k in range(n_epochs)]
        n_done = self.n_learned

        def learn(k):
            nonlocal n_done
            wrong = self._learn(k, self.epochs, stage.damaged)
            n_done += 1
            part = (self.epoch + n_epochs * n_done / len(self.learning)) / stage.epochs
            self.progress(self._shown(stage), part)
            return wrong

        # Blocks learn apart from one another, so between any two there can be a checkpoint.
        next_ones = self.learning[self.n_learned :][: _TOGETHER * self.n_workers]
        self.wrong += sum(self._each(learn, next_ones))
        self.n_learned += len(next_ones)
        if self.n_learned < len(self.learning):
            return
        wrong, self.wrong, self.n_learned, self.epochs = self.wrong, 0, 0, None
        self.epoch += n_epochs
        self.n_epochs += n_epochs
        ended = self.epoch == stage.epochs or all(block.clean for block in self.blocks)
        if ended or self.epoch in _LOOKS:
            self.history.append(
                {"epoch": self.n_epochs, "stage": stage.name, "wrong": wrong, "f1": self._f1()}
            )
        if ended:
            self._end(stage)

    def _shown(self, stage):
        text = f"{stage.name}{' from damaged contexts' if stage.damaged else ''}"
        text += " once more" if self.again else ""
        if self.history:
            text += f", F1 {self.history[-1]['f1']:.4f}"
        return text

    def _begin(self, stage):
        """Cut what the stage cuts; gives whether there is anything to learn then."""
        n_delays = self.memory.n_delays
        if stage.prunes:
            self.before = [block.copy() for block in self.blocks]

        def cut(k):
            weights, _ = self.blocks[k].dense()
            limits = stage.cut
            if stage.leaves is not None:
                limits = None, stage.leaves * self.enough[k]
            if not stage.prunes and within(weights != 0, n_delays, *limits):
                if not stage.early:
                    self.blocks[k].limit(weights, weights != 0)
                return
            value = importance(weights, self.undamaged, self.wanted[k], n_delays=n_delays)
            if stage.prunes:
                n_synapses = (weights != 0).sum(0)
                left = np.floor(KEPT * n_synapses).astype(int)
                limits = None, np.where(self.prunable[k], left, n_synapses)
            self.blocks[k].limit(weights, most_important(value, n_delays, *limits))

        before = sum(len(block.place) for block in self.blocks)
        if stage.prunes or stage.cut is not None or stage.leaves is not None:
            self._each(cut)
        for k, block in enumerate(self.blocks):
            block.clean = k not in self.learning
        if stage.cut is None or not stage.optional:
            return True
        return sum(len(block.place) for block in self.blocks) < before

    def _end(self, stage):
        if stage.judges:
            self._each(self._give_back)
            if self.prunable.any():
                self.stages += self.plan.pruning()
        self.stage += 1
        self.epoch = 0

    def _give_back(self, k):
        """Give the neurons that miss a bound their synapses from before the last cut."""
        weights, allowed = self.blocks[k].dense()
        earlier, _ = self.before[k].dense()
        counts, _ = self._check(k)
        needs = counts.sum((0, 2)) > 0
        # A neuron without synapses has nothing left to cut.
        self.prunable[k] &= ~needs & allowed.any(0)
        weights[:, needs] = earlier[:, needs]
        allowed[:, needs] = earlier[:, needs] != 0
        self.blocks[k].limit(weights, allowed)

    def _epoch(self, stage, epoch):
        """What one epoch shows, in which order, at which rate and with which margin."""
        rng = np.random.default_rng([self.seed, self.stage, epoch])
        kappa = self.settings["kappa"]
        if not stage.damaged:
            late = max(2 * epoch / stage.epochs - 1, 0)
            order = rng.permutation(len(self.undamaged))
            return self.undamaged, order, _RATE * _LAST**late, kappa * (1 - late)
        memory = self.memory
        damaged = self.damage.sequences(
            self.spikes, self.n_steps, memory.n_neurons, memory.n_delays, rng, memory.n_latent
        )
        start = self.settings["shortest_trigger"] or max(memory.n_delays // _QUARTER, 1)
        shown = lay_out([*self._undamaged(start), *damaged], memory.n_delays)
        first, last = _DAMAGED_RATES
        rate = first * (last / first) ** (epoch / max(stage.epochs - 1, 1))
        return shown, rng.permutation(len(shown)), rate, kappa

    def _undamaged(self, start):
        for m, spikes in enumerate(self.spikes):
            yield *spikes, self.n_steps, m, start, False

    def _learn(self, k, epochs, damaged):
        """Let block k learn; gives the number of its wrong spikes in the last undamaged contexts."""
        block = self.blocks[k]
        if block.clean:
            return 0
        weights, allowed = block.dense()
        for shown, order, rate, kappa in epochs:
            counts, _ = self._present(k, weights, shown, rate, kappa, order, allowed)
            np.clip(weights, -self.largest, self.largest, out=weights)
            if not damaged and not counts.any():
                block.clean = True
                break
        block.keep(weights)
        return self._wrong(counts)

    @staticmethod
    def _wrong_of_each(counts):
        """Wrong spikes of each neuron in undamaged contexts, of what `present` counts."""
        return counts[0, :, MISSED] + counts[0, :, FALSE_ALARMS]

    def _wrong(self, counts):
        """Wrong spikes of a block."""
        return int(self._wrong_of_each(counts).sum())

    def _check(self, k):
        """How block k stands to the undamaged contexts; it does not learn."""
        weights, _ = self.blocks[k].dense()
        return self._present(k, weights, self.undamaged, 0.0, self.settings["kappa"])

    def _present(self, k, weights, shown, rate, kappa, order=None, allowed=None):
        memory = self.memory
        return present(
            weights,
            shown,
            np.arange(len(shown)) if order is None else order,
            self.wanted[k],
            n_delays=memory.n_delays,
            beta=self.beta[k],
            theta=self.theta[k],
            kappa=kappa * self.scale[k],
            rate=rate,
            compensate=self.compensate or k in self.again,
            exact=bool(self.limits) and k in self.again,
            allowed=allowed,
            sign=self.sign,
        )

    def _each(self, work, blocks=None):
        """Do `work` for blocks, by default all that have anything to learn, side by side."""
        with ThreadPoolExecutor(self.n_workers) as pool:
            try:
                return list(pool.map(work, self.learning if blocks is None else blocks))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _f1(self):
        memory = self._memory()
        chosen = range(min(_RECALLED, memory.n_patterns))
        stored = [self.sequences[m] for m in chosen]
        cues = [Cue.from_pattern(p, memory.n_delays, memory.step) for p in stored]
        return score(recall(memory, cues), stored).total.f1

    def _memory(self, made=None):
        """The memory as learned so far."""
        n_delays = self.memory.n_delays
        row, post, weight = synapses(self.blocks, self.n_rows)
        return replace(
            self.memory,
            pre=row // n_delays,
            post=post,
            delay=row % n_delays + 1,
            weight=weight,
            made=made or {},
        )

    def result(self):
        """The memory, and in its `made` what was reached."""
        # The membranes of the others stay at 0.
        wrong, smallest = 0, np.inf
        if self.silent.any():
            smallest = float(np.float32(self.theta[self.silent].min()))
        missed = np.zeros(len(self.blocks) * BLOCK, np.int64)
        too_many = np.zeros_like(missed)
        for k, (counts, margins) in zip(self.learning, self._each(self._check)):
            wrong += self._wrong(counts)
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
