"""Where templates occur in a raster."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Raster
from wmdelays.find.occurrences import Coverage, peaks
from wmdelays.find.templates import Template

STEP = 1e-3
exact = settings(deadline=None)


def judge(spikes, template, n_steps, jitter):
    """Every offset, every spike of the template, every spike of the raster."""
    span = max(step for _, step in template)
    counts = []
    for onset in range(-jitter, n_steps - span + jitter):
        counts.append(
            sum(
                any(n == neuron and abs(t - onset - step) <= jitter for n, t in spikes)
                for neuron, step in template
            )
        )
    return counts


def best_apart(counts, gap, least):
    """Peaks from their definition: plateaus with lower neighbours, then the highest first."""
    tops = []
    for start in range(len(counts)):
        stop = start
        while stop + 1 < len(counts) and counts[stop + 1] == counts[start]:
            stop += 1
        begins = start == 0 or counts[start - 1] < counts[start]
        ends = stop + 1 == len(counts) or counts[stop + 1] < counts[start]
        if begins and ends and counts[start] >= least:
            tops.append((start + stop) // 2)
    kept = []
    for place in sorted(tops, key=lambda k: (-counts[k], k)):
        if all(abs(place - other) >= gap for other in kept):
            kept.append(place)
    return sorted(kept)


def pairs(most_neurons, most_steps, **sizes):
    one = st.tuples(st.integers(0, most_neurons - 1), st.integers(0, most_steps - 1))
    return st.lists(one, unique=True, **sizes)


@exact
@given(
    spikes=pairs(4, 40, min_size=0, max_size=40),
    template=pairs(6, 9, min_size=1, max_size=12),
    jitter=st.integers(0, 3),
    more=st.integers(0, 8),
)
def test_matched_spikes_are_those_of_a_literal_count(spikes, template, jitter, more):
    first = min(step for _, step in template)
    template = [(neuron, step - first) for neuron, step in template]
    n_steps = 12 + max((t for _, t in spikes), default=0) + more
    neurons, steps = np.array(spikes, int).reshape(-1, 2).T
    raster = Raster.from_steps(neurons, steps, 4, n_steps, STEP)
    coverage = Coverage(raster, STEP, jitter)
    made = Template("t", [n for n, _ in template], np.array([t for _, t in template]) * STEP)
    found = coverage.matched(*made.on_grid(STEP))
    assert found.tolist() == judge(spikes, template, n_steps, jitter)


def test_a_long_template_is_counted_in_blocks_with_the_same_result(monkeypatch):
    rng = np.random.default_rng(1)
    raster = Raster.from_dense(rng.random((300, 5)) < 0.1, STEP)
    template = Template("t", rng.integers(0, 5, 60), rng.integers(0, 50, 60) * STEP)
    whole = Coverage(raster, STEP, 1).matched(*template.on_grid(STEP))
    monkeypatch.setattr("wmdelays.find.occurrences._BLOCK", 7)
    blocks = Coverage(raster, STEP, 1).matched(*template.on_grid(STEP))
    assert blocks.tolist() == whole.tolist() and whole.max() > 10


@exact
@given(
    counts=st.lists(st.integers(0, 5), max_size=40),
    gap=st.integers(1, 12),
    least=st.integers(0, 4),
)
def test_peaks_are_the_highest_that_keep_their_distance(counts, gap, least):
    assert peaks(np.array(counts, int), gap, least).tolist() == best_apart(counts, gap, least)


@exact
@given(
    spikes=pairs(4, 30, min_size=0, max_size=40),
    template=pairs(6, 12, min_size=1, max_size=10),
    jitter=st.integers(0, 4),
    data=st.data(),
)
def test_deviations_are_those_of_the_nearest_spike(spikes, template, jitter, data):
    neurons, steps = np.array(spikes, int).reshape(-1, 2).T
    coverage = Coverage(Raster.from_steps(neurons, steps, 4, 30, STEP), STEP, jitter)
    first, n = coverage.offsets(max(step for _, step in template))
    onset = data.draw(st.integers(first, first + n - 1))
    found = coverage.deviations(*np.array(template).T, onset)
    for (neuron, step), deviation in zip(template, found.tolist()):
        lags = [t - onset - step for other, t in spikes if other == neuron]
        nearest = min((abs(lag) for lag in lags), default=jitter + 1)
        assert abs(deviation) == min(nearest, jitter + 1)
        assert nearest > jitter or deviation in lags


def test_a_template_runs_faster_and_backwards():
    template = Template("t", [3, 1, 2], [0.5, 0.1, 0.3])
    assert template.neurons.tolist() == [1, 2, 3]
    assert template.times == pytest.approx([0, 0.2, 0.4])
    fast = template.at_speed(2)
    assert fast.times == pytest.approx([0, 0.1, 0.2]) and fast.neurons.tolist() == [1, 2, 3]
    back = template.at_speed(-4)
    assert back.times == pytest.approx([0, 0.05, 0.1]) and back.neurons.tolist() == [3, 2, 1]
    assert back.label == "t, speed -4"
    # What falls on one step of the grid is one spike.
    assert len(Template("t", [0, 0, 1], [0, 0.001, 0.001]).on_grid(0.01)[0]) == 2


@pytest.mark.parametrize(
    ("neurons", "times", "words"),
    [
        ([], [], "needs spikes"),
        ([1], [0.0, 1.0], "one neuron for each time"),
        ([-1], [0.0], "whole numbers from 0"),
        ([0.5], [0.0], "whole numbers from 0"),
        ([1], [np.nan], "finite"),
    ],
)
def test_a_template_without_sense_is_refused(neurons, times, words):
    with pytest.raises(InputError, match=words):
        Template("t", neurons, times)


@pytest.mark.parametrize("speed", [0, np.inf, np.nan])
def test_a_speed_of_nothing_is_refused(speed):
    with pytest.raises(InputError, match="a speed is a number other than 0"):
        Template("t", [1], [0.0]).at_speed(speed)
