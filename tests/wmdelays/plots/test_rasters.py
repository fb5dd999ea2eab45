"""What the figures show, whatever the recall is like."""

import doctest
import subprocess
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import wmdelays.plots.rasters
from wmdelays import Cue, Memory, Raster, Recall, agreement
from wmdelays.plots.figures import figure_bytes
from wmdelays.plots.rasters import (
    SINGLE_MARKS,
    overlay_figure,
    raster_overlay,
    spikes_alone,
    zoom_window,
)
from wmdelays.plots.scores import closest_call_figure, f1_figure
from wmdelays.plots.spikes import raster_figure
from wmdelays.plots.weights import delays_figure, time_constants_figure, weights_figure

STEP, N_STEPS, N_NEURONS, N_TRIGGER = 1e-3, 300, 20, 30


def raster(rate=0.05, seed=0, n_neurons=N_NEURONS):
    dense = np.random.default_rng(seed).random((N_STEPS, n_neurons)) < rate
    return Raster.from_dense(dense, STEP)


def recall(pattern, own=None):
    """A recall of the pattern; by default the one that is exact."""
    cue = Cue.from_pattern(pattern, N_TRIGGER, STEP)
    if own is None:
        late = pattern.steps(STEP) >= N_TRIGGER
        own = without(pattern, *np.flatnonzero(~late))
    return Recall(cue, emitted=own, own=own)


def without(spikes, *places):
    neurons, times = np.delete(spikes.neurons, places), np.delete(spikes.times, places)
    return Raster(neurons, times, spikes.n_neurons, spikes.duration)


def marks(axes, shape):
    """The (time in ms, neuron) of all marks of a shape."""
    found = [line.get_xydata() for line in axes.lines if line.get_marker() == shape]
    return sorted(map(tuple, np.concatenate(found).round(6).tolist())) if found else []


def spikes(raster):
    return sorted(zip((raster.times * 1e3).round(6).tolist(), raster.neurons.tolist()))


def test_every_spike_has_the_mark_of_who_made_it():
    pattern = raster()
    first = recall(pattern)
    second = recall(pattern, without(first.own, 0, 7))
    axes = Figure().add_subplot()
    raster_overlay(axes, pattern, {"torch": first, "Brian2": second})
    assert marks(axes, "o") == spikes(pattern)
    assert marks(axes, "|") == spikes(first.own)
    assert marks(axes, "_") == spikes(second.own)
    assert marks(axes, ".") == spikes(first.cue.spikes)
    lost = [(round(first.own.times[k] * 1e3, 6), first.own.neurons[k]) for k in (0, 7)]
    assert marks(axes, "^") == sorted(lost)
    assert marks(axes, "v") == []


def test_an_overlay_of_one_recall_marks_no_differences():
    pattern = raster()
    axes = Figure().add_subplot()
    raster_overlay(axes, pattern, {"torch": recall(pattern)})
    assert len(marks(axes, "|")) and not marks(axes, "_") and not marks(axes, "^")


def test_three_recalls_are_refused():
    one = recall(raster())
    with pytest.raises(TypeError, match="one or two recalls"):
        raster_overlay(Figure().add_subplot(), raster(), {"a": one, "b": one, "c": one})


def test_a_stretch_shows_its_spikes_alone():
    pattern = raster()
    axes = Figure().add_subplot()
    raster_overlay(axes, pattern, {"torch": recall(pattern)}, start=0.1, stop=0.15, neurons=(5, 9))
    shown = [(t, j) for t, j in spikes(pattern) if 100 <= t <= 150 and 5 <= j < 9]
    assert shown and marks(axes, "o") == shown


def test_a_recall_after_noise_lies_on_its_pattern():
    pattern = raster()
    exact = recall(pattern)
    cue = exact.cue.preceded_by_noise(50, 0.02, np.random.default_rng(0))
    own = Raster(exact.own.neurons, exact.own.times + 50 * STEP, N_NEURONS, cue.n_steps * STEP)
    axes = Figure().add_subplot()
    raster_overlay(axes, pattern, {"torch": Recall(cue, own, own)})
    assert marks(axes, "|") == spikes(exact.own)
    figure_bytes(overlay_figure(pattern, {"torch": Recall(cue, own, own)}), "png")


@pytest.mark.parametrize("shift", [0.0, 0.3e-3])
def test_spikes_alone_are_counted_as_agreement_counts_them(shift):
    first, second = raster(seed=1), raster(seed=2)
    times = np.where(second.times < 0.2, second.times, np.minimum(second.times + shift, 0.3))
    second = Raster(second.neurons, times, N_NEURONS, second.duration)
    alone = spikes_alone(first, second, STEP)
    same = agreement(first, second, STEP)
    assert (alone[0].sum(), alone[1].sum()) == (same.only_first, same.only_second)
    times = np.concatenate([r.times[mask] for r, mask in zip((first, second), alone)])
    assert times.min() == pytest.approx(same.first_difference)


def test_rounding_of_times_sets_no_spikes_apart():
    first = Raster([5, 2], [0.3, 0.3], N_NEURONS, 1.0)
    second = Raster([5, 2], [0.3, np.nextafter(0.3, 1)], N_NEURONS, 1.0)
    assert not any(alone.any() for alone in spikes_alone(first, second, STEP))
    assert not any(alone.any() for alone in spikes_alone(second, first, STEP))


def test_the_close_view_holds_the_first_difference():
    pattern = raster(rate=0.3, n_neurons=400)
    first = recall(pattern)
    for place in (0, len(first.own) // 2, len(first.own) - 1):
        recalls = {"torch": first, "Brian2": recall(pattern, without(first.own, place))}
        start, stop, (low, high) = zoom_window(pattern, recalls)
        assert start <= first.own.times[place] <= stop
        assert low <= first.own.neurons[place] < high
        assert 0 <= low and high <= 400 and high - low < 400


def test_a_pattern_that_fits_needs_no_close_view():
    pattern = raster(n_neurons=5)
    recalls = {"torch": recall(pattern)}
    assert len(overlay_figure(pattern, recalls, zoom_steps=N_STEPS).axes) == 1
    assert len(overlay_figure(pattern, recalls, zoom_steps=50).axes) == 2


def test_more_spikes_than_can_be_seen_are_drawn_as_fewer_marks():
    pattern = raster(n_neurons=500)
    full = np.ones((N_STEPS, 500), dtype=bool)
    full[:N_TRIGGER] = False
    axes = Figure().add_subplot()
    own = Raster.from_dense(full, STEP)
    raster_overlay(axes, pattern, {"torch": recall(pattern, own)})
    (ticks,) = [line for line in axes.lines if line.get_marker() == "x" and len(line.get_xdata())]
    drawn = ticks.get_xydata()
    assert len(own) > SINGLE_MARKS > 5000 and len(drawn) < 30_000
    assert ticks.get_rasterized()
    assert drawn[:, 0].min() > N_TRIGGER - 3 and drawn[:, 0].max() < N_STEPS + 1
    assert -0.5 < drawn[:, 1].min() < 5 and 494 < drawn[:, 1].max() < 499.5


def test_files_do_not_depend_on_the_users_settings_or_the_day():
    def draw():
        pattern = raster()
        figure = overlay_figure(pattern, {"torch": recall(pattern)}, title="$x_")
        return figure_bytes(figure, "png"), figure_bytes(figure, "svg")

    plain = draw()
    with matplotlib.rc_context({"axes.facecolor": "black", "font.size": 20, "svg.hashsalt": None}):
        assert draw() == plain
    assert b"dc:date" not in plain[1]


def test_drawing_leaves_pyplot_alone():
    code = (
        "import sys, wmdelays.plots.rasters, wmdelays.plots.scores, wmdelays.plots.weights;"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_example_runs():
    assert doctest.testmod(wmdelays.plots.rasters).failed == 0


def memory(weight):
    n = len(weight)
    return Memory(
        4,
        10,
        1 / 30,
        0.7,
        0.5,
        pre=np.arange(n) % 4,
        post=np.arange(n) // 4 % 4,
        delay=np.arange(n) % 3 + 1,
        weight=weight,
    )


def test_bars_count_every_synapse_and_keep_the_signs_apart():
    number, mean = delays_figure(memory(np.array([1.0, 2.0, -3.0, 4.0, -5.0, 6.0]))).axes
    heights = [[bar.get_height() for bar in kind] for kind in number.containers]
    # Delays 1, 2, 3, 1, 2, 3: excitatory at 1 (twice), 2, 3; inhibitory at 2, 3.
    assert [h[:4] for h in heights] == [[2, 1, 1, 0], [0, -1, -1, 0]]
    means = [[bar.get_height() for bar in kind] for kind in mean.containers]
    assert [m[:4] for m in means] == [[5, 4, 12, 0], [0, -10, -6, 0]]
    assert number.get_xlabel() == "delay (ms)" and mean.get_ylabel() == "mean weight (θ)"


def test_no_bin_of_weights_holds_both_signs():
    weight = np.random.default_rng(0).normal(0.3, 1.0, 12)
    axes = weights_figure(memory(weight)).axes[0]
    inhibitory, excitatory = axes.containers
    assert sum(bar.get_height() for bar in inhibitory) == (weight < 0).sum()
    assert sum(bar.get_height() for bar in excitatory) == (weight > 0).sum()
    assert all(b.get_height() == 0 or b.get_x() >= -1e-9 for b in excitatory)
    assert all(b.get_height() == 0 or b.get_x() + b.get_width() <= 1e-9 for b in inhibitory)


def test_bars_of_time_constants_count_every_neuron():
    one = memory(np.ones(6))
    tau = np.linspace(1, 6, one.n_neurons)
    differ = replace(one, beta=np.exp(-one.step * 1e3 / tau))
    axes = time_constants_figure(differ).axes[0]
    (bars,) = axes.containers
    assert sum(bar.get_height() for bar in bars) == one.n_neurons
    assert bars[0].get_x() == pytest.approx(1)
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(6)
    assert axes.lines[0].get_xdata()[0] == pytest.approx(tau.mean())
    assert axes.get_xlabel() == "time constant of the membrane (ms)"


def test_a_memory_without_synapses_has_figures():
    none = memory(np.empty(0))
    for figure in (delays_figure(none), weights_figure(none)):
        figure_bytes(figure, "png")


def test_f1_has_a_line_for_each_pattern_and_one_for_the_mean():
    patterns = [raster(seed=k) for k in range(3)]
    recalls = [recall(pattern) for pattern in patterns]
    recalls[1] = recall(patterns[1], without(recalls[1].own, *range(40)))
    axes = f1_figure({"torch": recalls}, patterns, width=20).axes[0]
    assert len(axes.lines) == 4
    *each, mean = [line.get_ydata() for line in axes.lines]
    assert np.allclose(mean, np.mean(each, axis=0)) and mean.min() < 1 == mean.max()
    assert len(f1_figure({"torch": recalls[:1]}, patterns[:1], width=20).axes[0].lines) == 1


def ticks(axes):
    """The labels of the ticks that are within the axis of time."""
    form, (low, high) = axes.xaxis.get_major_formatter(), axes.get_xlim()
    return [form(place, None) for place in axes.get_xticks() if low <= place <= high]


def test_f1_and_a_stretch_have_the_recordings_time():
    pattern = raster()
    recalls = {"torch": [recall(pattern)], "brian2": [recall(pattern)]}
    whole = f1_figure(recalls, [pattern], width=20, begins=902.1)
    stretch = raster_figure(replace(pattern, start=902.1, duration=0.5))
    for axes, end in ((whole.axes[0], 902.1 + pattern.duration), (stretch.axes[0], 902.6)):
        assert axes.get_xlabel() == "time in the recording (s)"
        shown = [float(text) for text in ticks(axes)]
        assert len(shown) > 1 and all(902.1 <= time <= end for time in shown)
        assert shown == [round(time, 3) for time in shown]
    # Of several patterns time is that of each.
    several = f1_figure({"torch": [recall(pattern)] * 2}, [pattern] * 2, width=20)
    assert several.axes[0].get_xlabel().startswith("time in the pattern")


def test_f1_of_silence_is_a_gap(recwarn):
    silent = raster(rate=0.0)
    figure = f1_figure({"torch": [recall(silent)]}, [silent], width=20)
    assert np.isnan(figure.axes[0].lines[0].get_ydata()).all()
    figure_bytes(figure, "svg")
    assert not recwarn.list


@pytest.mark.parametrize("calls, bound", [([0.1, 0.0, 1e-9], 1e-11), ([0.0], 0.0), ([0.3], 1e-12)])
def test_closest_calls_are_all_in_view(calls, bound):
    axes = closest_call_figure(calls, bound, list(range(3, 3 + len(calls)))).axes[0]
    low, high = axes.get_ylim()
    shown = np.concatenate([line.get_ydata() for line in axes.lines])
    shown = shown[~np.isnan(shown.astype(float))]
    assert ((shown > low) & (shown < high)).all()
    arrows = [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "v"]
    assert sum(arrows) == calls.count(0)


def test_the_axis_of_a_recording_has_the_recordings_time():
    pattern = raster()
    figure = overlay_figure(pattern, {"torch": recall(pattern)}, begins=902.1)
    assert figure_bytes(figure, "png")
    upper = figure.axes[0]
    assert upper.get_xlabel() == "time in the recording (s)"
    places, shown = upper.get_xticks(), [one.get_text() for one in upper.get_xticklabels()]
    assert [float(one) for one in shown] == pytest.approx(places + 902.1)
    assert all(len(one) <= 6 for one in shown), "no round numbers"
    assert "the dashed frame: 902.1" in figure.axes[-1].get_title(loc="left")


def test_where_marks_would_be_a_blob_each_spike_has_one_for_what_it_is(monkeypatch):
    monkeypatch.setattr(wmdelays.plots.rasters, "TOGETHER", 100)
    pattern = raster()
    first = recall(pattern)
    missing = without(first.own, 0, 7)
    wrong = Raster([3], [0.2005], N_NEURONS, missing.duration)
    extra = Raster(
        np.append(missing.neurons, wrong.neurons),
        np.append(missing.times, wrong.times),
        N_NEURONS,
        missing.duration,
    )
    axes = Figure().add_subplot()
    raster_overlay(
        axes, pattern, {"torch": recall(pattern, extra), "Brian2": recall(pattern, missing)}
    )
    assert marks(axes, "s") == spikes(missing)
    assert marks(axes, "o") == sorted(
        (round(first.own.times[k] * 1e3, 6), first.own.neurons[k]) for k in (0, 7)
    )
    assert marks(axes, "x") == marks(axes, "^") == [(200.5, 3)]
    assert marks(axes, "v") == marks(axes, "|") == []
