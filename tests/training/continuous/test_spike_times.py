"""How a spike's time follows those before it: against differences, for every neuron model."""

import math
from functools import cache
from types import FunctionType

import numpy as np
import pytest

from wmdelays.neurons import NEURONS, Neurons
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous import spike_times as loops
from wmdelays.training.continuous.adjoint import undo
from wmdelays.training.continuous.code import functions_of

REFRACTORY_MS, RESET_MS, END_MS = 2.0, 10.0, 45.0
SIZES = {"nS": 1.0, "pA": 40.0, "mV": 0.3, "1": 0.008}
MODELS = sorted(NEURONS)


def plain(function, space):
    """A loop as Python runs it, with the functions of a model."""
    return FunctionType(function.__code__, {**function.__globals__, **space})


class Course:
    """A neuron that is reset once, at a time that is given, and then crosses its threshold."""

    def __init__(self, model, dt):
        source, names = functions_of(model)
        self.space = {"math": math, **names}
        exec(source, self.space)
        for part in (undo, loops.integrated):
            self.space[part.__name__] = plain(part, self.space)
        values = Neurons(model, 1).values
        (self.c,) = one_tick(model).values_of_constants(values, dt)
        (self.rest,) = rest(model, values)
        self.membrane, self.dt = self.space["MEMBRANE"], dt
        self.reset, self.refractory = round(RESET_MS / dt), round(REFRACTORY_MS / dt)
        # Where an upswing is well under way, and does not leap yet.
        above = {"adex": 10.0, "izhikevich": 40.0}.get(model.name.removesuffix("-exp"), 0.0)
        self.level = self.c[self.space["BOUND"]] + above

    def crossing(self, at, weights, reset=None):
        """The time in ms at which the membrane crosses its level after the reset; None if it does not."""
        reset = self.reset if reset is None else reset
        arriving, x, before = {}, self.rest.copy(), self.rest[self.membrane]
        for k, w in zip(at, weights):
            arriving.setdefault(k, []).append(w)
        for k in range(1, round(END_MS / self.dt)):
            self.space["tick"](x, self.c, reset < k < reset + self.refractory)
            for w in arriving.get(k, ()):
                self.space["arrive"](x, max(w, 0.0), min(w, 0.0))
            v = x[self.membrane]
            if v >= self.level:
                return (k - (v - self.level) / (v - before)) * self.dt if k > reset else None
            if k == reset:
                self.space["spike"](x, self.c)
            before = x[self.membrane]
        return None

    def response(self, at, weights):
        """What `time_response` says of the spike: of each arrival, and last of the reset."""
        n, n_states = round(END_MS / self.dt), len(self.rest)
        order = np.argsort(at, kind="stable")
        sums = np.zeros((2, n))
        np.add.at(sums[0], at, np.maximum(weights, 0))
        np.add.at(sums[1], at, np.minimum(weights, 0))
        history, met, middle = np.empty((3, n, n_states))
        flags, fired = np.zeros(n, np.uint8), np.empty(n, np.int64)
        forced = np.zeros(n, bool)
        forced[self.reset] = True
        x, kept = self.rest.copy(), (history, met, flags, fired)
        n_fired = plain(loops.course, self.space)(x, self.c, self.refractory, *sums, forced, *kept)
        assert n_fired > 1 and fired[0] == self.reset
        plain(loops.middles, self.space)(history, met, middle)
        influence = np.zeros(len(at) + 1)
        node, first = np.array([len(at)] * 2), np.searchsorted(at[order], np.arange(n + 1))
        plain(loops.time_response, self.space)(
            fired[1],
            fired[:2],
            node,
            self.refractory,
            first,
            order,
            weights[order],
            *(history, met, middle, flags),
            self.c,
            influence,
            np.zeros(loops.N_SUMS),
        )
        return influence


@cache
def driven(name, dt):
    """A neuron, and arrivals that make it cross some time after its reset."""
    model, rng = NEURONS[name], np.random.default_rng(3)
    course = Course(model, dt)
    times = np.sort(rng.uniform(1.0, 40.0, 60))
    at = np.rint(times / dt).astype(int)
    # Little before the reset, more and more after it.
    drawn = rng.uniform(-0.6, 1.0, 60) * np.where(times < 12, 0.2, 0.3 + (times - 12) / 20)
    for factor in 1.1 ** np.arange(60):
        weights = drawn * SIZES[model.weight_unit] * factor
        when = course.crossing(at, weights)
        if when is not None and when < 36:
            assert when > 20
            return course, at, weights, when
    raise AssertionError("never crosses")


@pytest.mark.parametrize("name", MODELS)
def test_a_spike_is_as_late_as_its_arrivals_and_its_reset_together(name):
    """Every row sums to 1: nothing but what it hears and its own spikes tells a neuron the time."""
    course, at, weights, _ = driven(name, 0.1)
    influence = course.response(at, weights)
    assert abs(influence.sum() - 1) < 2e-3
    assert abs(influence[-1]) > 1e-3 and np.abs(influence[:-1]).max() > 0.1
    course, at, weights, _ = driven(name, 0.025)
    assert abs(course.response(at, weights).sum() - 1) < 2e-4


@pytest.mark.parametrize("name", MODELS)
def test_each_influence_is_the_shift_of_the_crossing_by_that_of_one_spike(name):
    dt = 0.025
    course, at, weights, when = driven(name, dt)
    influence = course.response(at, weights)

    def shifted(one, by):
        moved = at.copy()
        moved[one] += by
        return course.crossing(moved, weights)

    before = np.flatnonzero(at * dt < when - 1)
    largest = before[np.argsort(-np.abs(influence[before]))[:8]]
    size = np.abs(influence).max()
    for one in largest:
        late = (shifted(one, 2) - shifted(one, -2)) / (4 * dt)
        assert abs(late - influence[one]) < 0.03 * size
    by_reset = [course.crossing(at, weights, course.reset + by) for by in (2, -2)]
    assert abs((by_reset[0] - by_reset[1]) / (4 * dt) - influence[-1]) < 0.03 * size
