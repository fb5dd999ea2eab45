"""Learning of all neurons, one by one."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import scipy.sparse

from wmdelays.contexts import stored_sequence
from wmdelays.errors import InputError
from wmdelays.neurons.one_tick import of_parameters, one_tick, rest
from wmdelays.training.continuous.adjoint import adjoint, undo
from wmdelays.training.continuous.code import functions_of, specialised
from wmdelays.training.rules.checkpoint import array_of
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits
from wmdelays.training.rules.timed_margin.bounds import Bounds, bounds_of
from wmdelays.training.rules.timed_margin.damage import Damage
from wmdelays.training.rules.timed_margin.neuron import (
    ABOVE,
    AFTER_MS,
    BELOW,
    EPOCHS,
    FALSE_ALARMS,
    MISSED,
    N_FIGURES,
    Neuron,
)
from wmdelays.training.rules.timed_margin.presentations import followable, presentation
from wmdelays.training.rules.timed_margin.projection import learn, project
from wmdelays.training.rules.timed_margin.teacher_forcing import integrate, replay, respond
from wmdelays.training.rules.timed_margin.with_upswing import show_upswing
from wmdelays.training.rules.timed_margin.without_upswing import show_threshold

# How often neurons that cannot follow are taken as they are.
_ROUNDS = 4
# The parts of its bounds that a neuron tries in turn that cannot fire as it should with all of them.
_EASED = 0.5, 0.25
# What pruning leaves of the synapses in each cut, and epochs after a cut that is not the last.
_KEPT, _FEW_EPOCHS = 0.7, 10
# Damaged epochs after such a cut.
_FEW_DAMAGED = 3
# Neurons that learn between two looks at the clock, for each worker.
_TOGETHER = 2
_PARTS = (integrate, replay, undo, adjoint, project, learn)


@dataclass(frozen=True)
class _Class:
    """What neurons of one class have in common.

    Attributes
    ----------
    bounds : Bounds
    constants, rest : float arrays
    noise : float
        Standard deviation in mV of what noise adds to a membrane in a tick.
    """

    bounds: Bounds
    constants: np.ndarray
    rest: np.ndarray
    noise: float


class Learner:
    """The neurons of a network, each of which learns until its bounds are met.

    Parameters
    ----------
    memory : Memory
        Without synapses.
    settings : dict
        Of `timed_margin`.
    seed : int
    progress : callable, optional
    """

    class State(msgspec.Struct, forbid_unknown_fields=True):
        """The state of a learner in a checkpoint."""

        n_done: int
        round: int

    def __init__(self, memory, settings, seed, progress=None):
        self.memory, self.settings, self.seed = memory, settings, seed
        self.progress = progress or (lambda stage, part: None)
        self.limits, self.damage = SynapseLimits.of(settings), Damage.of(settings)
        neurons, n = memory.neurons, round(memory.step / memory.tick)
        self.n_rows = memory.n_neurons * memory.n_delays
        self.clamp = memory.n_delays * n
        self.all_places = np.arange(self.n_rows, dtype=np.int32)
        sign = self.limits.sign(memory.n_neurons, memory.n_delays)
        self.sign = np.zeros(self.n_rows, np.int8) if sign is None else sign
        self.classes = [self._of_class(values) for values in neurons.classes.values()]
        self.refractory = neurons.refractory_ticks()
        # In a cycle a neuron still feels the one before, of which there is none after a cue. So it
        # learns from the second of two cycles, which all further ones are like.
        sequences = [
            stored_sequence(p, p.n_steps(memory.tick), memory.tick, memory.periodic)
            for p in memory.patterns
        ]
        self.n_ticks = sequences[0].n_steps(memory.tick)
        self.begin = self.n_ticks // 2 if memory.periodic else self.clamp
        self.stored = [(s.steps(memory.tick).astype(np.int64), s.neurons) for s in sequences]
        self.followed = [self._followable(*spikes) for spikes in self.stored]
        self.round, self.learned = 0, []
        self._present()
        model = neurons.model
        self.can_rise_on = functions_of(model)[1]["NOTHING_FOLLOWS"]
        show = show_upswing if model.has_upswing else show_threshold
        short = ("integrate", "undo")
        self.show = specialised(show, model, _PARTS, short)
        self.respond = specialised(respond, model, _PARTS, short)
        self.found, self.figures = [], np.zeros((memory.n_neurons, N_FIGURES))

    def _of_class(self, values):
        neurons = self.memory.neurons
        known = {one.name: one.default for one in neurons.model.parameters} | values
        map = one_tick(neurons.model)
        dt = neurons.dt * 1e3
        given = (self.settings[name] for name in ("kappa", "slope", "overshoot"))
        bounds = bounds_of(neurons.model, known, dt, *given)
        constants = map.values_of_constants(known, dt)[0]
        decay = dt / of_parameters(neurons.model, neurons.model.timescale, known, "timescale")
        noise = float(np.sqrt(-np.expm1(-2 * decay)).item()) * self.damage.membrane_noise
        return _Class(bounds, constants, rest(neurons.model, known)[0], noise)

    def _followable(self, ticks, neurons):
        can = followable(ticks, neurons, self.clamp, self.refractory)
        return ticks[can], neurons[can]

    def _present(self):
        memory = self.memory
        n = round(memory.step / memory.tick)
        n_ticks = self.n_ticks + round(AFTER_MS * 1e-3 / memory.tick) + 1
        self.quiet = np.zeros(n_ticks)
        self.shown = [
            presentation(*spikes, memory.n_neurons, memory.n_delays, n, n_ticks)
            for spikes in self.followed
        ]

    @property
    def done(self):
        """Whether all neurons have learned, and follow what the others do in the end."""
        if len(self.found) < self.memory.n_neurons:
            return False
        return self.round == _ROUNDS or self._is_exact(slice(None)).all()

    def advance(self):
        """Let the next neurons learn."""
        if len(self.found) == self.memory.n_neurons:
            self._go_round()
        n_workers = os.cpu_count() or 1
        begin, n = len(self.found), self.memory.n_neurons
        chosen = range(begin, min(begin + _TOGETHER * n_workers, n))
        with ThreadPoolExecutor(n_workers) as pool:
            try:
                for row, weight in pool.map(self._learn, chosen):
                    self.found.append((row, weight))
                    self.progress(self._said(), len(self.found) / n)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _go_round(self):
        """Take the neurons that cannot fire as they should as they are, and let all learn again.

        What a neuron does wrong changes what the others see. So they learn from what it does, and
        in the end the network does what it has learned from, tick by tick.
        """
        wrong = np.flatnonzero(~self._is_exact(slice(None)))
        for k, (ticks, by) in enumerate(self.followed):
            others = ~np.isin(by, wrong)
            emitted = [self._cycles(Neuron(self, j).emitted(self._dense(j), k)) for j in wrong]
            self.followed[k] = (
                np.concatenate([ticks[others], *emitted]),
                np.concatenate([by[others], np.repeat(wrong, [len(one) for one in emitted])]),
            )
        self.learned, self.found = self.found, []
        self.round += 1
        self._present()

    def _cycles(self, ticks):
        """The spikes of both cycles from those of the second, if there are two."""
        if not self.memory.periodic:
            return ticks
        again = ticks[ticks >= self.begin]
        return np.concatenate([again - self.begin, again])

    def _dense(self, j):
        found = self.found if len(self.found) > j else self.learned
        row, weight = found[j]
        weights = np.zeros(self.n_rows, np.float32)
        weights[row] = weight
        return weights

    def _said(self):
        exact = self._is_exact(slice(len(self.found))).sum()
        again = f", round {self.round + 1}" if self.round else ""
        return f"learning, {exact} of {len(self.found)} neurons exact{again}"

    def _is_exact(self, which):
        return ~self.figures[which, MISSED : FALSE_ALARMS + 1].any(-1)

    def _learn(self, j):
        """Let a neuron learn; gives the rows and weights of its synapses."""
        neuron = Neuron(self, j)
        if self.round:
            return self._learn_again(j, neuron)
        if not neuron.has_targets:
            self.figures[j] = neuron.judge(np.zeros(self.n_rows, np.float32))
            return np.empty(0, np.int32), np.empty(0, np.float32)
        epochs, damaged = self.settings["epochs"], self.settings["damaged_epochs"]
        few = _FEW_EPOCHS, min(damaged, _FEW_DAMAGED)
        cuts = self.limits.cuts(self.memory.n_neurons, self.memory.n_delays)
        weights = np.zeros(self.n_rows, np.float32)
        weights = neuron.learn(weights, epochs, few[1] if cuts else damaged)
        for k, limits in enumerate(cuts):
            last = k == len(cuts) - 1
            weights = neuron.cut(weights, *((epochs, damaged) if last else few), *limits)
        while self.limits.prune == "recall":
            left = int(_KEPT * np.count_nonzero(weights))
            fewer = neuron.cut(weights, epochs, few[1], None, left)
            if not left or not neuron.is_good:
                break
            weights = fewer
        return self._eased(j, neuron, weights)

    def _learn_again(self, j, neuron):
        """Let a neuron learn from what the others do in the end, with the synapses it has."""
        weights = self._dense(j)
        self.figures[j] = neuron.judge(weights)
        if not self.figures[j, [MISSED, FALSE_ALARMS]].any():
            return self.learned[j]
        return self._eased(j, neuron, self._relaxed(neuron, weights))

    def _relaxed(self, neuron, weights):
        """The weights of a neuron that learns once more, with the synapses it has."""
        epochs = self.settings["epochs"]
        if self.limits:
            return neuron.cut(weights, epochs, 0, None, np.count_nonzero(weights))
        return neuron.relax(weights, epochs) if neuron.has_targets else weights

    def _eased(self, j, neuron, weights):
        """The rows and weights of a neuron, which learns with smaller margins if it has to."""
        self.figures[j] = neuron.judge(weights)
        for part in _EASED:
            if self._is_exact(j):
                break
            neuron.ease(part)
            weights = self._relaxed(neuron, weights)
            self.figures[j] = neuron.judge(weights)
        row = np.flatnonzero(weights)
        return row.astype(np.int32), weights[row]

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
        memory, left_out, moved = self.memory, [], []
        near = round(1e-3 / memory.tick)
        for k, ((ticks, by), (shown, shown_by)) in enumerate(zip(self.stored, self.followed)):
            can = followable(ticks, by, self.clamp, self.refractory)
            shown_of = {j: shown[shown_by == j] for j in np.unique(by)}
            for tick, j, possible in zip(ticks.tolist(), by.tolist(), can.tolist()):
                late = min(shown_of[j] - tick, key=abs, default=near + 1)
                if not possible:
                    left_out.append([k, tick * memory.tick, j, "refractory"])
                elif abs(late) > near:
                    left_out.append([k, tick * memory.tick, j, "not learned"])
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
        }

    def state(self):
        """All of it, as JSON values and arrays."""
        arrays = {"figures": self.figures[: len(self.found)]}
        for name, found in (("found", self.found), ("learned", self.learned)):
            rows, weights = zip(*found) if found else ((), ())
            arrays[f"{name}.sizes"] = np.array([len(row) for row in rows], np.int64)
            arrays[f"{name}.rows"] = np.concatenate([np.empty(0, np.int32), *rows])
            arrays[f"{name}.weights"] = np.concatenate([np.empty(0, np.float32), *weights])
        for k, (ticks, by) in enumerate(self.followed):
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
        self.figures[: state.n_done] = array_of(
            arrays, "figures", np.float64, (state.n_done, N_FIGURES), finite=False
        )
        for k in range(len(self.followed)):
            ticks = array_of(arrays, f"ticks.{k}", np.int64, (None,))
            by = array_of(arrays, f"neurons.{k}", np.int64, ticks.shape)
            for values, end in ((ticks, self.n_ticks), (by, n_neurons)):
                if values.size and not 0 <= values.min() <= values.max() < end:
                    raise InputError("has spikes that there are not")
            self.followed[k] = ticks, by
        self._present()

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
