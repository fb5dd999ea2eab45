"""Cycles compared in time."""

import numpy as np
import pytest

from wmdelays import Cue, Raster, Recall
from wmdelays.timing.cycles import score_cycles

TICK, N, PERIOD, N_CYCLES = 1e-4, 30, 0.3, 5


@pytest.fixture
def pattern():
    rng = np.random.default_rng(0)
    ticks, neurons = rng.integers(0, 3000, 200), rng.integers(0, N, 200)
    _, kept = np.unique(neurons * 3000 + ticks, return_index=True)
    return Raster.from_steps(neurons[kept], ticks[kept], N, 3000, TICK)


def recalled(pattern, slower=0.0, without=(), added=()):
    """A recall of the cycles at a tempo, without some (cycle, spike), and with more (time, neuron)."""
    times = np.add.outer(PERIOD * np.arange(N_CYCLES + 1), pattern.times)
    neurons = np.broadcast_to(pattern.neurons, times.shape)
    kept = np.ones(times.shape, bool)
    for place in without:
        kept[place] = False
    times, neurons = times[kept] * (1 + slower), neurons[kept]
    for time, neuron in added:
        times, neurons = np.append(times, time), np.append(neurons, neuron)
    n_ticks = round(1.1 * N_CYCLES * 3000)
    inside = times < n_ticks * TICK
    raster = Raster(neurons[inside], times[inside], N, n_ticks * TICK)
    return Recall(Cue.from_pattern(pattern, 300, TICK, n_ticks), raster, raster)


@pytest.mark.parametrize("slower", [0, 0.04, -0.03])
def test_a_recall_at_another_tempo_is_whole_in_every_cycle(pattern, slower):
    scores, lag = score_cycles(recalled(pattern, slower), pattern, N_CYCLES)
    assert [one.f1 for one in scores] == [1] * N_CYCLES
    assert lag.tempo_percent == pytest.approx(100 * slower, abs=0.01)
    assert [one.stored for one in scores[1:]] == [len(pattern)] * (N_CYCLES - 1)
    assert scores[0].stored == (pattern.times >= 0.03).sum()


def test_a_spike_that_is_lost_or_too_many_counts_in_its_cycle(pattern):
    late = int(np.argmax(pattern.times > 0.1))
    made = recalled(pattern, 0.04, [(2, late)], [(1.04 * (4 * PERIOD - 0.005), 3)])
    scores, _ = score_cycles(made, pattern, N_CYCLES)
    missed = [one.stored - one.matched for one in scores]
    assert (missed, [one.recalled - one.matched for one in scores]) == (
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
    )


def test_what_comes_after_the_last_cycle_does_not_count(pattern):
    made = recalled(pattern, added=[(N_CYCLES * PERIOD + 0.05, 3)])
    assert score_cycles(made, pattern, N_CYCLES)[0][-1].f1 == 1
