"""Learning of all neurons, one by one."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import scipy.sparse

from wmdelays.errors import InputError
from wmdelays.machine.processors import n_processors
from wmdelays.training.rules.checkpoint import array_of
from wmdelays.training.rules.side_by_side import Threads
from wmdelays.training.rules.timed_margin.neuron import (
    ABOVE,
    BELOW,
    EPOCHS,
    FALSE_ALARMS,
    MISSED,
    N_FIGURES,
    PART,
    Neuron,
)
from wmdelays.training.rules.timed_margin.neuron_learner import EASED, NeuronLearner, is_exact

# How often neurons that cannot follow are taken as they are.
_ROUNDS = 4
# Neurons that learn between two looks at the clock, for each worker.
_TOGETHER = 2


class Learner:
    """The neurons of a network, each of which learns until its bounds are met.

    Parameters
    ----------
    of_neurons : NeuronLearner
    progress : callable, optional
    workers : wmdelays.training.rules.side_by_side.Cluster, optional
        What learns side by side; by default threads of this process.
    """

    class State(msgspec.Struct, forbid_unknown_fields=True):
        """The state of a learner in a checkpoint."""

        n_done: int
        round: int

    def __init__(self, of_neurons, progress=None, workers=None):
        memory, self.settings = of_neurons.memory, of_neurons.settings
        self.memory, self.of_neurons = memory, of_neurons
        self.progress = progress or (lambda stage, part: None)
        self.n_rows = self.of_neurons.n_rows
        self.workers = workers or Threads(n_processors())
        self.round, self.learned = 0, []
        self.found, self.figures = [], np.zeros((memory.n_neurons, N_FIGURES))

    @property
    def n_together(self):
        """How many neurons learn before there can be a checkpoint."""
        return _TOGETHER * self.workers.n

    @property
    def done(self):
        """Whether all neurons have learned, and follow what the others do in the end."""
        if len(self.found) < self.memory.n_neurons:
            return False
        return self.round == _ROUNDS or bool(is_exact(self.figures).all())

    def advance(self):
        """Let the next neurons learn."""
        if len(self.found) == self.memory.n_neurons:
            self._go_round()
        begin, n = len(self.found), self.memory.n_neurons
        chosen = range(begin, min(begin + self.n_together, n))
        pieces = [(j, self._learned_before(j)) for j in chosen]
        for *synapses, figures in self.workers.each(NeuronLearner.learn, self.of_neurons, pieces):
            self.figures[len(self.found)] = figures
            self.found.append(tuple(synapses))
            self.progress(self._said(), len(self.found) / n)

    def _learned_before(self, j):
        """What neuron j has learned in the round before, see `NeuronLearner.learn`."""
        return (*self.learned[j], self.figures[j, PART]) if self.round else None

    def _go_round(self):
        """Take the neurons that cannot fire as they should as they are, and let all learn again.

        What a neuron does wrong changes what the others see. So they learn from what it does, and
        in the end the network does what it has learned from, tick by tick.
        """
        wrong = np.flatnonzero(~is_exact(self.figures))
        of_wrong = [self._emitted(j) for j in wrong]
        followed = []
        for (ticks, by), *emitted in zip(self.of_neurons.followed, *of_wrong):
            others = ~np.isin(by, wrong)
            followed.append(
                (
                    np.concatenate([ticks[others], *emitted]),
                    np.concatenate([by[others], np.repeat(wrong, [len(one) for one in emitted])]),
                )
            )
        self.learned, self.found = self.found, []
        self.round += 1
        self.of_neurons = self.of_neurons.learning_from(followed)

    def _emitted(self, j):
        """The ticks at which a neuron fires, of each pattern."""
        neuron, weights = Neuron(self.of_neurons, j), self.of_neurons.dense(*self.found[j])
        n_patterns = len(self.of_neurons.followed)
        return [self._cycles(neuron.emitted(weights, k)) for k in range(n_patterns)]

    def _cycles(self, ticks):
        """The spikes of both cycles from those of the second, if there are two."""
        if not self.memory.periodic:
            return ticks
        begin = self.of_neurons.begin
        again = ticks[ticks >= begin]
        return np.concatenate([again - begin, again])

    def _said(self):
        exact = is_exact(self.figures[: len(self.found)]).sum()
        again = f", round {self.round + 1}" if self.round else ""
        return f"learning, {exact} of {len(self.found)} neurons exact{again}"

    def result(self):
        """The memory, and in its `made` what was reached."""
        memory, n_delays = self.memory, self.memory.n_delays
        sizes = [len(row) for row, _ in self.found]
        columns = scipy.sparse.csc_array(
            (
                np.concatenate([weight for _, weight in self.found]),
                np.concatenate([row for row, _ in self.found]),
                np.concatenate([[0], np.cumsum(sizes)]),
            ),
            shape=(self.n_rows, memory.n_neurons),
        ).tocsr()
        self.found = []
        left_out, moved = self._followed()
        row = np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(columns.indptr))
        return replace(
            memory,
            pre=row // np.int32(n_delays),
            post=columns.indices,
            delay=row % np.int32(n_delays) + np.int32(1),
            weight=columns.data,
            made={
                "settings": self.settings,
                "reached": {
                    **self.reached(),
                    "moved": len(moved),
                    "most_moved_ms": max(map(abs, moved), default=0.0),
                },
                "left_out": left_out,
            },
        )

    def _followed(self):
        """What becomes of the stored spikes that do not come at their very ticks.

        Returns
        -------
        left_out : list of (pattern, time in s, neuron, why)
            Those that do not come within a millisecond.
        moved : list of float
            By how many ms the others are late.
        """
        memory, of_neurons, left_out, moved = self.memory, self.of_neurons, [], []
        near = round(1e-3 / memory.tick)
        spikes = zip(of_neurons.stored, of_neurons.followed)
        for k, ((ticks, by), (shown, shown_by)) in enumerate(spikes):
            can = of_neurons.can_follow(ticks, by)
            shown_of = {j: shown[shown_by == j] for j in np.unique(by)}
            # Of a cycle's spikes those of the second one count, each once.
            begin = of_neurons.begin if memory.periodic else 0
            for tick, j, possible in zip(ticks.tolist(), by.tolist(), can.tolist()):
                if tick < begin:
                    continue
                late, time = min(shown_of[j] - tick, key=abs, default=near + 1), tick - begin
                if not possible:
                    left_out.append([k, time * memory.tick, j, "refractory"])
                elif abs(late) > near:
                    left_out.append([k, time * memory.tick, j, "not learned"])
                elif late:
                    moved.append(float(late * memory.tick * 1e3))
        return left_out, moved

    def reached(self):
        """What was reached: errors shown the stored spikes, and how near membranes come to their peak."""
        wrong = self.figures[:, [MISSED, FALSE_ALARMS]].sum()
        nearest = self.figures[:, [BELOW, ABOVE]].min(0)
        return {
            "open_loop_errors": int(wrong),
            "below": _number(nearest[0]),
            "above": _number(nearest[1]),
            "epochs": int(self.figures[:, EPOCHS].max()),
            "rounds": self.round + 1,
            **{
                f"{name}_margins": int((self.figures[:, PART] == part).sum())
                for name, part in EASED.items()
            },
        }

    def state(self):
        """All of it, as JSON values and arrays."""
        # Those of neurons that have not learned yet in this round are of the one before.
        arrays = {"figures": self.figures}
        for name, found in (("found", self.found), ("learned", self.learned)):
            rows, weights = zip(*found) if found else ((), ())
            arrays[f"{name}.sizes"] = np.array([len(row) for row in rows], np.int64)
            arrays[f"{name}.rows"] = np.concatenate([np.empty(0, np.int32), *rows])
            arrays[f"{name}.weights"] = np.concatenate([np.empty(0, np.float32), *weights])
        for k, (ticks, by) in enumerate(self.of_neurons.followed):
            arrays[f"ticks.{k}"], arrays[f"neurons.{k}"] = ticks, by.astype(np.int64)
        return {"n_done": len(self.found), "round": self.round}, arrays

    def restore(self, state, arrays):
        """Go on from what `state` gave, if it fits these settings."""
        n_neurons = self.memory.n_neurons
        if not (0 <= state.n_done <= n_neurons and 0 <= state.round <= _ROUNDS):
            raise InputError(f"is of neuron {state.n_done} in round {state.round}")
        self.round = state.round
        self.found = self._restored("found", state.n_done, arrays)
        self.learned = self._restored("learned", n_neurons if state.round else 0, arrays)
        shape = n_neurons, N_FIGURES
        self.figures = array_of(arrays, "figures", np.float64, shape, finite=False)
        followed = []
        for k in range(len(self.of_neurons.followed)):
            ticks = array_of(arrays, f"ticks.{k}", np.int64, (None,))
            by = array_of(arrays, f"neurons.{k}", np.int64, ticks.shape)
            for values, end in ((ticks, self.of_neurons.n_ticks), (by, n_neurons)):
                if values.size and not 0 <= values.min() <= values.max() < end:
                    raise InputError("has spikes that there are not")
            followed.append((ticks, by))
        self.of_neurons = self.of_neurons.learning_from(followed)

    def _restored(self, name, n, arrays):
        sizes = array_of(arrays, f"{name}.sizes", np.int64, (n,))
        rows = array_of(arrays, f"{name}.rows", np.int32, (None,))
        weights = array_of(arrays, f"{name}.weights", np.float32, rows.shape)
        inside = not rows.size or 0 <= rows.min() <= rows.max() < self.n_rows
        if (sizes.size and sizes.min() < 0) or sizes.sum() != len(rows) or not inside:
            raise InputError(f"has rows in {name} that there are not")
        ends = np.cumsum(sizes)[:-1]
        return list(zip(np.split(rows, ends), np.split(weights, ends))) if n else []


def _number(value):
    return float(value) if np.isfinite(value) else None
