"""How a block of neurons learns by the rule `margin`, apart from all others."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from wmdelays.contexts import stored_sequence
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.enough import enough_synapses
from wmdelays.training.rules.margin.importance import importance
from wmdelays.training.rules.margin.presentations import in_lanes, n_blocks, targets
from wmdelays.training.rules.margin.presentations import presentations as lay_out
from wmdelays.training.rules.margin.stages import KEPT, PART, Stage
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


@dataclass(frozen=True)
class Round:
    """The epochs that every block learns between two looks at the whole network.

    Attributes
    ----------
    number : int
        Of the stage among all.
    stage : Stage
    first, n_epochs : int
        The first of these epochs in the stage, and how many there are.
    """

    number: int
    stage: Stage
    first: int
    n_epochs: int


class BlockLearner:
    """What is the same for all blocks, and does not change while they learn.

    Its methods take a block and give a new one, so that blocks can learn side by side, in threads or
    in other processes, to which it goes as what it is made of.

    Parameters
    ----------
    memory : Memory
        Without synapses.
    settings : dict
        The values of all options of `margin`.
    seed : int
    """

    def __init__(self, memory, settings, seed):
        self.memory, self.settings, self.seed = memory, settings, seed
        self.damage, self.limits = Damage.of(settings), SynapseLimits.of(settings)
        limits = self.limits
        self.n_rows = memory.n_neurons * memory.n_delays
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
        # How many synapses are enough, where learning is to come to as few.
        self.enough = None
        damages = bool(self.damage) and settings["damaged_epochs"] >= PART
        if limits.prune == "damage" and damages and not limits:
            self.enough = enough_synapses(
                self.undamaged, self.wanted, memory.n_neurons, memory.n_delays
            )
        # What compensates for the leak takes twice the synapses, half of the opposite sign.
        self.compensate = not limits and self.enough is None
        self._drawn, self._drawing = None, Lock()

    def __reduce__(self):
        return BlockLearner, (self.memory, self.settings, self.seed)

    def learn(self, k, block, again, now):
        """Let block k learn.

        Parameters
        ----------
        k : int
        block : SparseBlock
        again : bool
            Whether it learns once more, see `wmdelays.training.rules.margin.learner.Learner.advance`.
        now : Round

        Returns
        -------
        SparseBlock, int
            The number of wrong spikes in the last undamaged contexts.
        """
        block = block.copy()
        weights, allowed = block.dense()
        for shown, order, rate, kappa in self._epochs(now):
            counts, _ = self._present(k, weights, again, shown, rate, kappa, order, allowed)
            np.clip(weights, -self.largest, self.largest, out=weights)
            if not now.stage.damaged and not counts.any():
                block.clean = True
                break
        block.keep(weights)
        return block, wrong_of(counts)

    def check(self, k, block, again):
        """How block k stands to the undamaged contexts, as `present` gives it."""
        weights, _ = block.dense()
        kappa = self.settings["kappa"]
        return self._present(k, weights, again, self.undamaged, 0.0, kappa)

    def cut(self, k, block, stage, prunable):
        """Block k with as many synapses as a stage leaves of it.

        Where the stage prunes, only the neurons lose any that are prunable, a bool array.
        """
        block, n_delays = block.copy(), self.memory.n_delays
        weights, _ = block.dense()
        limits = stage.cut
        if stage.leaves is not None:
            limits = None, stage.leaves * self.enough[k]
        if not stage.prunes and within(weights != 0, n_delays, *limits):
            if not stage.early:
                block.limit(weights, weights != 0)
            return block
        value = importance(weights, self.undamaged, self.wanted[k], n_delays=n_delays)
        if stage.prunes:
            n_synapses = (weights != 0).sum(0)
            left = np.floor(KEPT * n_synapses).astype(int)
            limits = None, np.where(prunable, left, n_synapses)
        block.limit(weights, most_important(value, n_delays, *limits))
        return block

    def give_back(self, block, before, prunable, needs):
        """Give the neurons that miss a bound, `needs`, their synapses from before the last cut.

        Returns
        -------
        SparseBlock, bool array
            Which neurons are prunable still.
        """
        block = block.copy()
        weights, allowed = block.dense()
        earlier, _ = before.dense()
        # A neuron without synapses has nothing left to cut.
        prunable = prunable & ~needs & allowed.any(0)
        weights[:, needs] = earlier[:, needs]
        allowed[:, needs] = earlier[:, needs] != 0
        block.limit(weights, allowed)
        return block, prunable

    def better(self, block, first, worse):
        """A block in which neurons that are worse, a bool array, have what they had first."""
        if not worse.any():
            return block
        block = block.copy()
        weights, allowed = block.dense()
        earlier, _ = first.dense()
        weights[:, worse] = earlier[:, worse]
        allowed = weights != 0 if allowed is None else allowed
        allowed[:, worse] = earlier[:, worse] != 0
        block.limit(weights, allowed)
        return block

    def _epochs(self, now):
        """What the epochs of a round show; all blocks see the same."""
        with self._drawing:
            if self._drawn is None or self._drawn[0] != now:
                # Those before make room.
                self._drawn = None
                ks = range(now.first, now.first + now.n_epochs)
                self._drawn = now, [self.epoch(now.number, now.stage, k) for k in ks]
            return self._drawn[1]

    def epoch(self, number, stage, epoch):
        """What one epoch of a stage shows, in which order, at which rate and with which margin."""
        rng = np.random.default_rng([self.seed, number, epoch])
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

    def _neurons(self, k, kappa):
        """What `present` is told of the neurons of block k, which are to keep a margin."""
        own = {"beta": self.beta[k], "theta": self.theta[k], "kappa": kappa * self.scale[k]}
        return {"n_delays": self.memory.n_delays, **own}

    def _present(self, k, weights, again, shown, rate, kappa, order=None, allowed=None):
        return present(
            weights,
            shown,
            np.arange(len(shown)) if order is None else order,
            self.wanted[k],
            **self._neurons(k, kappa),
            rate=rate,
            compensate=self.compensate or again,
            exact=bool(self.limits) and again,
            allowed=allowed,
            sign=self.sign,
        )


def wrong_of_each(counts):
    """Wrong spikes of each neuron in undamaged contexts, of what `present` counts."""
    return counts[0, :, MISSED] + counts[0, :, FALSE_ALARMS]


def wrong_of(counts):
    """Wrong spikes of a block."""
    return int(wrong_of_each(counts).sum())
