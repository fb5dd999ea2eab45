"""What the figures of recalls in continuous time show."""

import numpy as np

from wmdelays import Cue, Raster, Recall
from wmdelays.plots import membranes_figure, overlay_figure, timing_figure
from wmdelays.plots.figures import figure_bytes
from wmdelays.timing import score_times

TICK = 1e-4
RNG = np.random.default_rng(0)
PATTERN = Raster.from_steps(RNG.integers(0, 20, 300), RNG.permutation(5000)[:300], 20, 5000, TICK)


def recall(factor):
    """The pattern, stretched after 50 ms."""
    cue = Cue.from_pattern(PATTERN, 500, TICK)
    times = 0.05 + (PATTERN.times - 0.05) * factor
    kept = (times >= 0.05) & (times < PATTERN.duration)
    own = Raster(PATTERN.neurons[kept], times[kept], 20, PATTERN.duration)
    return Recall(cue, own, own)


def lag(factor):
    return score_times(recall(factor), PATTERN).patterns[0].lag


def test_lag_and_tempo_are_drawn_for_each_pattern():
    lags = {"one": [lag(1.0), lag(1.02)], "other": [lag(0.99), lag(1.01)]}
    figure = timing_figure(lags, [3, 7], 0.05, 0.5)
    assert figure_bytes(figure, "png") and figure_bytes(figure, "svg")
    late, f1, tempo = figure.axes
    slopes = [np.polyfit(*line.get_xydata().T, 1)[0] for line in late.lines[:4]]
    # Milliseconds a millisecond.
    assert np.allclose(slopes, [0, 0.02, -0.01, 0.01], atol=2e-4)
    # The last window is not recalled to its end where the recall is late.
    assert all(np.all(line.get_ydata()[:-1] == 1) for line in f1.lines)
    shown = [line.get_ydata() for line in tempo.lines if line.get_marker() in "os"]
    assert np.allclose(shown, [[0, 2], [-1, 1]], atol=0.02)
    assert tempo.xaxis.get_major_formatter()(1, None) == "7"


def test_the_axes_of_time_are_the_recordings():
    one = lag(1.02)
    figure = timing_figure({"one": [one]}, [0], 0.05, 0.5, begins=902.1)
    membranes = membranes_figure(
        np.arange(5000) * TICK,
        {2: np.full(5000, -60.0)},
        [-50.0],
        PATTERN,
        PATTERN,
        start=0.1,
        stop=0.2,
        begins=902.1,
    )
    for axes, first, last in ((figure.axes[0], 902.1, 902.6), (membranes.axes[0], 902.2, 902.3)):
        assert axes.get_xlabel() == "time in the recording (s)"
        form, (low, high) = axes.xaxis.get_major_formatter(), axes.get_xlim()
        shown = [float(form(x, None)) for x in axes.get_xticks() if low <= x <= high]
        assert len(shown) > 1 and first - 1e-9 <= min(shown) <= max(shown) <= last + 1e-9
    several = timing_figure({"one": [one, one]}, [0, 1], 0.05, 0.5)
    assert several.axes[1].get_xlabel() == "time in the pattern (ms)"


def test_a_lag_that_is_not_known_leaves_a_gap(recwarn):
    silent = Recall(recall(1).cue, PATTERN, Raster([], [], 20, PATTERN.duration))
    unknown = score_times(silent, PATTERN).patterns[0].lag
    figure = timing_figure({"silent": [unknown]}, [0], 0.05, 0.5)
    assert figure_bytes(figure, "png") and not recwarn.list
    assert np.isnan(figure.axes[0].lines[0].get_ydata()).all()


def test_the_lag_stands_beneath_the_raster_on_the_same_axis_of_time():
    late = recall(1.02)
    figure = overlay_figure(PATTERN, {"one": late}, lags={"one": lag(1.02)}, zoom_steps=1000)
    raster, strip, zoom = figure.axes
    assert strip.get_xlim() == raster.get_xlim() and strip.get_ylabel() == "lag (ms)"
    assert strip.lines[0].get_ydata().max() > 7
    assert zoom.get_title(loc="left").startswith("the dashed frame")


def test_a_membrane_has_the_spikes_of_its_neuron_above_it():
    times = np.arange(5000) * TICK
    figure = membranes_figure(
        times,
        {2: np.full(5000, -60.0), 5: np.full(5000, -70.0)},
        [-50.0, -45.0],
        PATTERN,
        recall(1.0).own,
        start=0.1,
        stop=0.2,
    )
    assert figure_bytes(figure, "png")
    for axes, neuron, bound in zip(figure.axes, (2, 5), (-50, -45)):
        own = PATTERN.times[PATTERN.neurons == neuron] * 1e3
        stored, recalled = (
            line.get_xdata() for line in axes.lines if line.get_marker() in ("o", "|")
        )
        assert np.allclose(stored, own[(own >= 100) & (own <= 200)])
        assert np.allclose(recalled, stored)
        assert bound in axes.lines[0].get_ydata()
