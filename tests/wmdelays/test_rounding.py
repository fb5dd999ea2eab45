"""How far rounding can move a membrane."""

from fractions import Fraction

import numpy as np
import pytest

from wmdelays import Memory
from wmdelays.rounding import rounding_bound


def membranes(memory, emitted, rng, n_substeps=1):
    """Eq. 1 with given emitted spikes; currents are added in a random order, the leak in parts."""
    n_steps, n = emitted.shape
    leak = memory.beta ** (1 / n_substeps)
    u = np.zeros((n_steps + 1, n))
    for t in range(n_steps):
        for j in range(n):
            membrane = 0.0 if t and emitted[t - 1, j] else u[t, j]
            for _ in range(n_substeps):
                membrane *= leak
            for s in rng.permutation(np.flatnonzero(memory.post == j)):
                past = t - memory.delay[s]
                if past >= 0 and emitted[past, memory.pre[s]]:
                    membrane += memory.weight[s]
            u[t + 1, j] = membrane
    return u[1:]


def exact(memory, emitted):
    beta, u = Fraction(memory.beta), [Fraction(0)] * emitted.shape[1]
    rows = []
    for t in range(len(emitted)):
        u = [Fraction(0) if t and emitted[t - 1, j] else beta * u[j] for j in range(len(u))]
        for i, j, d, w in zip(memory.pre, memory.post, memory.delay, memory.weight):
            if t >= d and emitted[t - d, i]:
                u[j] += Fraction(w)
        rows.append(u)
    return rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("beta", [0.05, 0.7, 0.99])
@pytest.mark.parametrize("n_substeps", [1, 10, 33])
def test_no_order_of_operations_moves_a_membrane_further_than_the_bound(
    make_recall, seed, beta, n_substeps
):
    rng = np.random.default_rng(seed)
    weights = rng.lognormal(0, 1, (4, 4, 5)) * rng.choice([1, -1], (4, 4, 5), p=[0.8, 0.2])
    memory = Memory.from_dense(weights, step=1e-3, beta=beta, theta=1.0)
    emitted = rng.random((40, 4)) < 0.3
    emitted[:, 0] = False  # never reset, so errors add up
    bound = rounding_bound(memory, [make_recall(emitted)], n_substeps)
    plain, other = membranes(memory, emitted, rng), membranes(memory, emitted, rng, n_substeps)
    moved = np.abs(plain - other).max()
    assert 0 < moved < bound < 1e-6
    truth = exact(memory, emitted)
    for u in (plain, other):
        assert (
            max(abs(Fraction(a) - b) for row, wanted in zip(u, truth) for a, b in zip(row, wanted))
            < bound
        )


def test_the_bound_counts_the_currents_of_the_busiest_window(make_recall):
    weights = np.zeros((10, 10, 3))
    weights[0, 1:] = 0.5
    memory = Memory.from_dense(weights, step=1e-3, beta=0.5, theta=1.0)

    def bound(n_busy):
        emitted = np.zeros((20, 10), bool)
        emitted[5, 1 : 1 + n_busy] = emitted[15, 1] = True
        return rounding_bound(memory, [make_recall(emitted)])

    # K currents of at most w, added in K + 12 operations, on a membrane that keeps half.
    for n_busy in (1, 4, 9):
        wanted = 2 * (n_busy + 12) * 2**-52 * (n_busy * 0.5 / 0.5) / 0.5
        assert bound(n_busy) == pytest.approx(wanted)


def test_the_busiest_of_several_recalls_counts_and_more_substeps_round_more(
    make_recall, make_memory
):
    memory = make_memory()
    calm, busy = np.zeros((20, 5), bool), np.zeros((20, 5), bool)
    calm[3, 0] = busy[3:5] = True
    recalls = [make_recall(calm), make_recall(busy)]
    assert rounding_bound(memory, recalls) == rounding_bound(memory, recalls[1:])
    assert rounding_bound(memory, recalls[:1]) < rounding_bound(memory, recalls)
    assert rounding_bound(memory, recalls) < rounding_bound(memory, recalls, 10)


def test_a_neuron_gets_no_more_currents_than_it_has_synapses(make_recall):
    memory = Memory(5, 4, 1e-3, 0.5, 1.0, [0, 1], [2, 2], [1, 1], [1.0, 1.0])
    one, all_ = np.zeros((2, 20, 5), bool)
    one[3, :2] = all_[:] = True
    assert rounding_bound(memory, [make_recall(one)]) == rounding_bound(memory, [make_recall(all_)])


def test_without_synapses_nothing_is_rounded(make_recall):
    memory = Memory(5, 4, 1e-3, 0.5, 1.0, [], [], [], [])
    assert rounding_bound(memory, [make_recall(np.ones((20, 5), bool))]) == 0.0


def own_membranes(memory, emitted, fired, number, rng=None, n_substeps=1):
    """Membranes with given spikes; with `rng` as Brian2 does it: the reset at once, the leak in parts."""
    reset, by = memory.own_reset, number(memory.reset_by or 0.0)
    beta = number(memory.beta)
    leak = beta if rng is None else memory.beta ** (1 / n_substeps)
    u, rows = [number(0)] * emitted.shape[1], []
    for t in range(len(emitted)):
        for j in range(len(u)):
            after = bool(t and fired[t - 1, j])
            kept = number(0) if after and reset.forgets else u[j]
            if rng is not None and after:
                kept -= by / beta
            for _ in range(n_substeps):
                kept = kept * leak
            heard = [] if after and reset.deaf else np.flatnonzero(memory.post == j)
            for s in heard if rng is None else rng.permutation(heard):
                if t >= memory.delay[s] and emitted[t - memory.delay[s], memory.pre[s]]:
                    kept += number(memory.weight[s])
            u[j] = kept - by if rng is None and after else kept
        rows.append(list(u))
    return rows


@pytest.mark.parametrize("reset", ["subtract", "zero-own", "zero-late"])
@pytest.mark.parametrize("beta, n_substeps", [(0.05, 33), (0.7, 10), (0.99, 1)])
def test_the_bound_holds_for_resets_by_own_spikes(make_recall, reset, beta, n_substeps):
    rng = np.random.default_rng(5)
    weights = rng.lognormal(-5, 1, (4, 4, 5)) * rng.choice([1, -1], (4, 4, 5), p=[0.8, 0.2])
    by = {"reset_by": 730.1} if reset == "subtract" else {}
    memory = Memory.from_dense(weights, step=1e-3, beta=beta, theta=1.0, reset=reset, **by)
    emitted, fired = rng.random((2, 40, 4)) < 0.3
    bound = rounding_bound(memory, [make_recall(emitted)], n_substeps)
    truth = own_membranes(memory, emitted, fired, Fraction)
    for how in ({}, {"rng": rng, "n_substeps": n_substeps}):
        found = own_membranes(memory, emitted, fired, float, **how)
        off = [
            abs(Fraction(a) - b) for row, wanted in zip(found, truth) for a, b in zip(row, wanted)
        ]
        assert 0 < max(off) < bound / 2 < 1e-6
