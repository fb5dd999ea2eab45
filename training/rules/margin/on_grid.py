"""Weights on a grid: whole numbers times a scale for each neuron, learned there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wmdelays.hardware.grid import largest_level, short
from wmdelays.memory import Memory
from wmdelays.training.rules.margin.block_learner import BlockLearner
from wmdelays.training.rules.margin.learner import Learner
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.room import n_workers
from wmdelays.training.rules.margin.sparse_block import SparseBlock
from wmdelays.training.rules.margin.stages import Stage
from wmdelays.training.rules.margin.teacher_forcing import FALSE_ALARMS, MISSED, present
from wmdelays.training.rules.side_by_side import Threads

# In each stage half of the weights that are still free are put on the grid and stay there; those that
# are free learn to make up for it. In the last stage all are put there.
_STAGES = 7
# Most epochs of a stage with undamaged and with damaged contexts.
_EPOCHS, _DAMAGED = 20, 2
# A neuron with wrong spikes, or with less than this part of its margin, begins once more, with other
# halves, so often; from the third time on it learns along the gradient.
_LEAST_MARGIN, _TRIES = 0.25, 4
# Scales that are tried: these parts of the one that reaches the largest weight.
_PARTS = np.linspace(0.25, 1, 16)


def relearned(memory, bits, settings, seed, progress=None, workers=None):
    """A memory whose weights have a few bits, and in its `made` what was reached.

    Parameters
    ----------
    memory : Memory
        In discrete time. Synapses that it has not stay away, and where all of a
        neuron's weights have one sign they keep it.
    bits : int
        Weights are -L … L times the scale of their postsynaptic neuron, L = 2^(bits - 1) - 1.
    settings : dict
        The values of all options of `margin`.
    seed : int
    progress : callable or None
        See `margin`.
    workers : optional
        See `Learner`.

    Returns
    -------
    Memory

    References
    ----------
    A. Zhou et al., Incremental network quantization, ICLR 2017: a part of the weights is fixed while
    the others learn, until all are fixed.
    """
    empty = Memory.unlearned(
        memory.patterns,
        n_delays=memory.n_delays,
        step=memory.step,
        beta=memory.beta,
        theta=memory.theta,
        periodic=memory.periodic,
    )
    of_blocks = _GridBlockLearner(empty, settings, seed, largest_level(bits), _signs(memory))
    workers = workers or Threads(n_workers(memory.n_neurons, memory.n_delays, on_grid=True))
    learner = _GridLearner(of_blocks, progress, workers)
    learner.put_on_grid(memory)
    found = learner.result()
    made = {name: value for name, value in memory.made.items() if name != "history"}
    made |= {"reached": found.made["reached"], "quantised": {"bits": bits}}
    return replace(found, made=made)


class _GridLearner(Learner):
    """What puts the weights of all blocks on the grid, each block by itself."""

    def put_on_grid(self, memory):
        """Let all blocks learn from the weights of a memory on."""
        self.blocks = _blocks(memory, self.n_rows, len(self.blocks))
        self.busy = [k for k, block in enumerate(self.blocks) if len(block.place)]
        pieces = [(k, self.blocks[k]) for k in self.busy]
        found = self._each(_GridBlockLearner.put, pieces)
        for n_done, (k, (block, n_epochs)) in enumerate(zip(self.busy, found), 1):
            self._take([k], [block])
            self.n_epochs = max(self.n_epochs, n_epochs)
            self.progress("putting weights on the grid", n_done / len(self.busy))


class _GridBlockLearner(BlockLearner):
    """What puts the weights of a block on the grid.

    Parameters
    ----------
    memory, settings, seed
        As of a `BlockLearner`.
    levels : int
        The largest weight on the grid.
    sign : int8 array, shape (n_neurons * n_delays,), or None
        See `present`.
    """

    def __init__(self, memory, settings, seed, levels, sign):
        super().__init__(memory, settings, seed)
        self.levels, self.sign = levels, sign
        self.compensate = self.compensate and sign is None
        # All blocks see the same contexts, in each stage others.
        some = [Stage("undamaged", _EPOCHS)]
        if settings["damaged_epochs"] > 0 and self.damage:
            some = [Stage("damaged", _DAMAGED, True), *some]
        self.shown = [
            [
                (stage.damaged, *self.epoch(number, stage, k))
                for stage in some
                for k in range(stage.epochs)
            ]
            for number in range(_STAGES - 1)
        ]

    def __reduce__(self):
        made_of = self.memory, self.settings, self.seed, self.levels, self.sign
        return _GridBlockLearner, made_of

    def put(self, k, block):
        """Put the weights of block k on the grid; gives it, and how many epochs it learned."""
        free_ones, allowed = block.dense()
        rng = np.random.default_rng([self.seed, k])
        scale = _scales(free_ones, self.levels)
        best, n_wrong, margin = np.zeros_like(free_ones), np.full(BLOCK, np.inf), np.zeros(BLOCK)
        again, n_epochs = allowed.any(0), 0
        least = _LEAST_MARGIN * self.settings["kappa"] * self.scale[k]
        for tried in range(_TRIES):
            weights, free = free_ones.copy(), allowed & again
            halves = rng.random(free.shape, np.float32)
            for stage in range(_STAGES):
                fixed = free & (halves < 1 - 0.5 ** (stage + 1))
                if stage == _STAGES - 1:
                    fixed = free
                weights[fixed] = self._nearest(weights, scale)[fixed]
                free = free & ~fixed
                if free.any():
                    n_epochs += self._learn_free(
                        k, weights, free, scale, self.shown[stage], tried > 1
                    )
            counts, distance = self._show(k, weights, self.undamaged, 0.0, None, None, False)
            wrong = counts[0][:, [MISSED, FALSE_ALARMS]].sum(1)
            better = again & ((wrong < n_wrong) | (wrong == n_wrong) & (distance > margin))
            best[:, better], n_wrong[better] = weights[:, better], wrong[better]
            margin[better] = distance[better]
            again = again & ((n_wrong > 0) | (margin < least))
            if not again.any():
                break
        block = block.copy()
        block.limit(best, best != 0)
        return block, n_epochs

    def _learn_free(self, k, weights, free, scale, epochs, exact):
        """Let the free weights learn until all bounds are met; gives how many epochs it took."""
        most = self.levels * scale
        ended = n_epochs = 0
        for damaged, shown, order, rate, kappa in epochs:
            if ended and not damaged:
                break
            counts, _ = self._show(k, weights, shown, rate, order, free, exact, kappa)
            np.clip(weights, -most, most, out=weights)
            ended, n_epochs = not damaged and not counts.any(), n_epochs + 1
        return n_epochs

    def _show(self, k, weights, shown, rate, order, free, exact, kappa=None):
        return present(
            weights,
            shown,
            np.arange(len(shown)) if order is None else order,
            self.wanted[k],
            **self._neurons(k, self.settings["kappa"] if kappa is None else kappa),
            rate=rate,
            compensate=self.compensate,
            exact=exact,
            allowed=free,
            sign=self.sign,
        )

    def _nearest(self, weights, scale):
        """The nearest weights on the grid."""
        return np.clip(np.rint(weights / scale), -self.levels, self.levels) * scale


def _scales(weights, levels):
    """The scale of each neuron, float32: the one of those tried that moves its weights least."""
    scale = np.ones(weights.shape[1], np.float32)
    for lane in range(weights.shape[1]):
        own = weights[:, lane][weights[:, lane] != 0]
        if not len(own):
            continue
        tried = short(_PARTS * float(np.abs(own).max()) / levels).astype(np.float32)
        moved = [
            np.square(np.clip(np.rint(own / one), -levels, levels) * one - own).sum()
            for one in tried
        ]
        scale[lane] = tried[np.argmin(moved)]
    return scale


def _signs(memory):
    """The sign of each row of a block's weights, int8, if every neuron has one; else None."""
    least, most = np.zeros((2, memory.n_neurons))
    np.minimum.at(least, memory.pre, memory.weight)
    np.maximum.at(most, memory.pre, memory.weight)
    if ((least < 0) & (most > 0)).any():
        return None
    return np.repeat(np.where(least < 0, -1, 1).astype(np.int8), memory.n_delays)


def _blocks(memory, n_rows, n):
    """The synapses of a memory in blocks of postsynaptic neurons, where alone there may be any."""
    row = memory.pre.astype(np.int64) * memory.n_delays + memory.delay - 1
    block, lane = np.divmod(memory.post, BLOCK)
    place = row * BLOCK + lane
    order = np.argsort(block, kind="stable")
    ends = np.searchsorted(block[order], np.arange(n + 1))
    return [
        SparseBlock(n_rows, place[one], memory.weight[one].astype(np.float32), limited=True)
        for one in (order[a:b] for a, b in zip(ends[:-1], ends[1:]))
    ]
