"""Rates, rhythms and strong weights of a simulated network."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays.plots.activity import activity_figure
from wmdelays.polychrony.activity import DELTA, GAMMA, activity, ceiling
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_state import new_run


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), seconds=st.integers(2, 9), window_s=st.integers(2, 4))
def test_rates_are_spikes_for_each_neuron_and_second(seed, seconds, window_s):
    counts = np.random.default_rng(seed).integers(0, 5, (2, 1000 * seconds)).astype(np.uint16)
    found = activity(counts, 80, 20, window_s)
    n_windows = seconds // window_s
    assert found.times.tolist() == [window_s * (k + 1) for k in range(n_windows)]
    for group, size in ((0, 80), (1, 20)):
        for k in range(n_windows):
            part = counts[group, 1000 * window_s * k : 1000 * window_s * (k + 1)]
            assert found.rates[group, k] == pytest.approx(part.sum() / size / window_s)


@pytest.mark.parametrize("frequency, band, other", [(3, DELTA, GAMMA), (40, GAMMA, DELTA)])
def test_a_rhythm_is_found_in_its_band_with_its_strength(frequency, band, other):
    t = np.arange(20_000) / 1000
    # A rate of 5 Hz that goes up and down by 2 Hz: its r.m.s. is 2 / sqrt(2).
    rate = 5 + 2 * np.sin(2 * np.pi * frequency * t)
    counts = np.stack([rate * 800 / 1000, np.zeros(len(t))])
    found = activity(counts, 800, 200, 10)
    assert found.strength(band) == pytest.approx([2 / np.sqrt(2)] * 2, rel=0.02)
    assert (found.strength(other) < 0.01).all()
    assert found.rates[0] == pytest.approx([5, 5], rel=0.01)
    if band == GAMMA:
        assert found.gamma_peak().tolist() == [40, 40]


def test_without_inhibitory_neurons_they_have_no_rate():
    found = activity(np.ones((2, 2000)), 10, 0)
    assert np.isnan(found.rates[1]).all() and found.rates[0].tolist() == [100]


def test_runs_shorter_than_a_window_have_none():
    assert len(activity(np.ones((2, 1000)), 10, 2).times) == 0


def test_shares_of_strong_weights_tell_the_kinds_of_targets_apart():
    network = DelayNetwork(
        [0, 0, 1, 1, 2], [1, 2, 0, 2, 0], [1, 2, 3, 4, 1], [6, 6, 6, 6, -5], [True, True, False]
    )
    # Onto 1, 2, 0, 2 in this order.
    snapshots = np.array([[6, 6, 6, 6], [10, 9.6, 9.5, 10], [9.51, 10, 10, 0.0]])
    excitatory = network.excitatory[network.pre]
    state = SimpleNamespace(network=network, excitatory=excitatory)
    found = ceiling(SimpleNamespace(state=state, snapshots=snapshots))
    assert found.to_excitatory.tolist() == [[0, 0.5, 1], [0, 0.5, 0.5]]
    assert found.to_inhibitory.tolist() == [[0, 1, 0.5], [0, 0.5, 0.5]]
    assert found.all.tolist() == [[0, 0.75, 0.75], [0, 0.5, 0.5]]


def test_pictures_tell_kinds_and_levels_apart_without_colours():
    network = DelayNetwork(
        [0, 0, 1, 2], [1, 2, 0, 0], [1, 2, 3, 1], [6, 6, 6, -5], [True, True, False]
    )
    run = new_run(network, 0, 1, {})
    run = replace(run, state=replace(run.state, seconds=4), snapshots=np.full((5, 3), 6.0))
    active = activity(np.ones((2, 4000)), 2, 1)
    rates, _, weights, *_ = activity_figure(active, run, ceiling(run)).axes
    for axes, n in ((rates, 2), (weights, 4)):
        looks = {(line.get_linestyle(), line.get_marker()) for line in axes.lines}
        assert len(looks) == len(axes.lines) == n
