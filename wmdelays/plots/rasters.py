"""Pictures of rasters and of recalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from wmdelays.plots.continuous_time import lag_panel
from wmdelays.plots.figures import (
    BLUE,
    GREY,
    SHADE,
    VERMILLION,
    house_style,
    label_neurons,
    label_time,
    mark_latent,
    new_figure,
    plain,
    time_unit,
)
from wmdelays.raster import Raster
from wmdelays.scores import event_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from wmdelays.recalls import Recall
    from wmdelays.timing import Lag


# Above this many marks in a layer, a vector file would be large and slow to show.
_VECTOR_MARKS = 2500
# Above this many, one mark stands for all spikes of a cell of a grid this fine (columns, rows).
SINGLE_MARKS = 20_000
_GRID = (250, 90)
# Above this many spikes in a panel, marks over one another are a blob.
TOGETHER = 3000
_TICKS = (("|", BLUE), ("_", VERMILLION))
_ALONE = ("^", "v")
_FILLED = (".", "s")


def raster_overlay(
    axes: Axes,
    pattern: Raster,
    recalls: Mapping[str, Recall],
    *,
    start: float = 0.0,
    stop: float | None = None,
    neurons: tuple[int, int] | None = None,
    begins: float | None = None,
) -> None:
    """Draw a stored pattern and what one or two networks recalled of it over one another.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    pattern : Raster
        The stored pattern: open circles.
    recalls : mapping of str to Recall
        One or two recalls of the pattern from the same cue, by the name of who made them. Spikes
        of the first are upright ticks, those of the second level ones, so that a spike that all
        agree on is a crossed circle. A spike of one recall alone is also marked by a triangle.
    start, stop : float
        The stretch that is drawn, in seconds from the pattern's start; by default all.
    neurons : tuple of int, optional
        First neuron that is drawn and the one after the last; by default all.
    begins : float, optional
        When the pattern begins in its recording, in seconds: the axis then has the recording's time.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from wmdelays import Cue, Raster, Recall
    >>> pattern = Raster([0, 1, 0], [0.0, 0.001, 0.003], n_neurons=2, duration=0.005)
    >>> cue = Cue.from_pattern(pattern, n_trigger=2, step=0.001)
    >>> own = Raster([0], [0.003], n_neurons=2, duration=0.005)
    >>> axes = Figure().add_subplot()
    >>> raster_overlay(axes, pattern, {"torch": Recall(cue, emitted=pattern, own=own)})
    """
    recalls = _at_most_two(recalls)
    cue = next(iter(recalls.values())).cue
    stop = _length(pattern, cue) if stop is None else stop
    low, high = neurons or (0, pattern.n_neurons)
    view = _View(axes, start, stop, low, high, cue, begins)
    drawn = [pattern, cue.spikes, *(recall.own for recall in recalls.values())]
    shift = [0.0, *[cue.onset * cue.step] * (len(drawn) - 1)]
    spikes = [view.inside(r.times - s, r.neurons) for r, s in zip(drawn, shift)]
    size = view.mark_size(max(len(times) for times, _ in spikes))

    view.shade_trigger()
    mark_latent(axes, pattern.n_latent, pattern.n_neurons, low, high)
    if max(len(times) for times, _ in spikes) > TOGETHER:
        _draw_apart(view, spikes, cue.step)
        view.label_axes(pattern)
        return
    view.marks(*spikes[1], ".", GREY, size * 0.8)
    for (shape, colour), own in zip(_TICKS, spikes[2:]):
        view.marks(*own, shape, colour, size * 1.3, width=max(0.7, size / 6))
    # Above the ticks: in a recall where every neuron fires all the time it must still be seen.
    view.marks(*spikes[0], "o", GREY, size, width=min(0.8, size / 7))
    if len(recalls) == 2:
        alone = spikes_alone(*(recall.own for recall in recalls.values()), cue.step)
        for shape, own, mask in zip(_ALONE, drawn[2:], alone):
            times = own.times[mask] - cue.onset * cue.step
            # A few differences should catch the eye, many should leave one another room.
            large = size * 1.6 + 4 if mask.sum() <= 100 else size * 1.2 + 2
            view.marks(*view.inside(times, own.neurons[mask]), shape, "black", large)
    view.label_axes(pattern)


def _draw_apart(view, spikes, step):
    """One small mark for each spike, for what it is; marks over one another would be one blob.

    What differs is drawn last and largest.
    """
    stored, forced, *own = spikes
    keys = [_keys(view, *one, step) for one in (stored, *own)]
    everywhere = keys[0][np.all([np.isin(keys[0], one) for one in keys[1:]], axis=0)]
    anywhere = np.unique(np.concatenate(keys[1:]))
    missing = ~np.isin(keys[0], anywhere) & (stored[0] > view.trigger_end)
    view.marks(*forced, ".", GREY, 1.6)
    recalled = np.isin(keys[0], everywhere)
    view.marks(stored[0][recalled], stored[1][recalled], "s", BLUE, 1.1)
    view.marks(stored[0][missing], stored[1][missing], "o", "black", 3.2, width=0.6)
    for one, each in zip(own, keys[1:]):
        wrong = ~np.isin(each, keys[0])
        view.marks(one[0][wrong], one[1][wrong], "x", VERMILLION, 3.0, width=0.7)
    if len(own) == 2:
        for shape, one, mine, other in zip(_ALONE, own, keys[1:], keys[:0:-1]):
            alone = ~np.isin(mine, other)
            view.marks(one[0][alone], one[1][alone], shape, "black", 7 if alone.sum() <= 100 else 4)


def _keys(view, times, neurons, step):
    """A number for each spike, equal for the same neuron and time; see `event_keys`."""
    return np.rint(times / view.scale / step * 1e6).astype(np.int64) * (view.high + 1) + neurons


def _apart_legend(names):
    entries = [
        (_handle("s", BLUE, 4), "stored and recalled" + (" by both" if len(names) == 2 else "")),
        (_handle("o", "black", 5), "not recalled"),
        (_handle("x", VERMILLION, 5), "not stored"),
    ]
    if len(names) == 2:
        entries += [(_handle(s, "black", 8), f"{name} alone") for s, name in zip(_ALONE, names)]
    return entries


def overlay_legend(figure: Figure, names: Iterable[str], apart: bool = False) -> None:
    """Explain the marks of `raster_overlay`, for recalls of these names, above the panels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    names : iterable of str
    apart : bool
        Whether a panel has more spikes than can lie over one another, so that each has one small mark.
    """
    names = list(names)
    stored = _handle("o", GREY, 7)
    ticks = [_handle(shape, colour, 9) for shape, colour in _TICKS[: len(names)]]
    entries = [(stored, "stored"), *zip(ticks, names)]
    entries.append(((stored, *ticks), "stored and recalled"))
    entries.append((_handle(".", GREY, 6), "forced by the cue"))
    if len(names) == 2:
        for shape, name in zip(_ALONE, names):
            entries.append((_handle(shape, "black", 11), f"{name} alone"))
    entries.append((Patch(facecolor=SHADE, edgecolor=GREY, linewidth=0.5), "trigger window"))
    if apart:
        # Those of the upper panel first; the close view has the marks of sparser rasters.
        entries = _apart_legend(names) + [one for one in entries if " alone" not in one[1]]
    handles, labels = zip(*entries)
    figure.legend(handles, labels, loc="outside upper center", ncols=4)


def overlay_figure(
    pattern: Raster,
    recalls: Mapping[str, Recall],
    *,
    title: str = "",
    zoom_steps: int = 100,
    lags: Mapping[str, Lag] | None = None,
    begins: float | None = None,
) -> Figure:
    """The whole of a recalled pattern above, and a close view below of what lies too close.

    Parameters
    ----------
    pattern, recalls
        As for `raster_overlay`.
    title : str
        What stands above the upper panel.
    zoom_steps : int
        Length of the close view in steps.
    lags : mapping of str to Lag, optional
        The lag of each recall, drawn over time beneath the raster.
    begins : float, optional
        As for `raster_overlay`.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.plots import overlay_figure
    >>> from wmdelays.training import recall
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> recalled = recall(memory, memory.cues()[0])
    >>> figure = overlay_figure(memory.patterns[0], {"compiled": recalled})
    >>> figure.savefig("recall.png")
    """
    recalls = _at_most_two(recalls)
    cue = next(iter(recalls.values())).cue
    start, stop, neurons = zoom_window(pattern, recalls, zoom_steps)
    shorter = stop - start < _length(pattern, cue) - cue.step / 2
    zoomed = shorter or neurons != (0, pattern.n_neurons)
    with house_style():
        heights = [2.6, *([0.8] if lags else []), *([2.6] if zoomed else [])]
        figure = new_figure(sum(heights) + (0.4 if len(heights) == 1 else 0))
        panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        raster_overlay(panels[0], pattern, recalls, begins=begins)
        panels[0].set_title(plain(title), loc="left")
        if lags:
            lag_panel(panels[1], lags, _time_unit(cue, begins)[0])
            panels[1].set(xlim=panels[0].get_xlim(), xlabel=panels[0].get_xlabel())
            panels[1].xaxis.set_major_formatter(panels[0].xaxis.get_major_formatter())
            panels[0].set_xlabel("")
            panels[0].tick_params(labelbottom=False)
        if zoomed:
            part = {"start": start, "stop": stop, "neurons": neurons}
            raster_overlay(panels[-1], pattern, recalls, **part, begins=begins)
            _frame(panels[[0, -1]], **part, cue=cue, n_neurons=pattern.n_neurons, begins=begins)
        most = max(len(raster) for raster in (pattern, *(one.own for one in recalls.values())))
        overlay_legend(figure, recalls, apart=most > TOGETHER)
    return figure


def _time_unit(cue, begins):
    """The unit of the axis of a recall that begins so many seconds into a recording."""
    return time_unit((begins or 0.0) + cue.n_steps * cue.step)


def _frame(panels, start, stop, neurons, cue, n_neurons, begins):
    """Show on the upper panel, and say above the lower one, which part is drawn there."""
    scale, unit = _time_unit(cue, begins)
    corner, width = (start * scale, neurons[0] - 0.5), (stop - start) * scale
    frame = Rectangle(corner, width, neurons[1] - neurons[0], fill=False, linestyle="--", zorder=6)
    frame.set_clip_on(False)
    frame.set_in_layout(False)
    panels[0].add_patch(frame)
    # Its first and last step, without the half step of room at either end.
    first, last = (
        (time + (begins or 0.0)) * scale for time in (start + cue.step / 2, stop - cue.step / 2)
    )
    digits = 10 if begins else 4
    part = f"the dashed frame: {first:.{digits}g} to {last:.{digits}g} {unit}"
    if neurons != (0, n_neurons):
        part += f", neurons {neurons[0]} to {neurons[1] - 1}"
    panels[1].set_title(part, loc="left")


def spikes_alone(first, second, step):
    """Which spikes of either raster are not in the other, as `wmdelays.agreement` counts them.

    Returns
    -------
    tuple of bool arrays, shapes (n_spikes of first,) and (n_spikes of second,)
    """
    keys = [event_keys(raster, step) for raster in (first, second)]
    return tuple(_missing(one, other) for one, other in (keys, keys[::-1]))


def zoom_window(pattern, recalls, n_steps=100, most_marks=600):
    """The part of an overlay worth a close view.

    It lies around the first spike in which the recalls differ; if they agree, around the first
    that is not as stored; else behind the trigger window. Neurons are left out where there would
    be too many marks to be told apart.

    Returns
    -------
    start, stop : float
        In seconds from the pattern's start.
    neurons : tuple of int
        First neuron and the one after the last.
    """
    cue = next(iter(recalls.values())).cue
    step, length = cue.step, _length(pattern, cue)
    time, neuron = _first_of_interest(pattern, [recall.own for recall in recalls.values()], cue)
    n_steps = min(n_steps, max(1, round(length / step)))
    # Half a step of room, so that no mark lies on the edge.
    start = max(min(time - n_steps // 5 * step, length - n_steps * step), 0.0) - step / 2
    stop = start + n_steps * step
    shift = cue.onset * step
    rasters = [(pattern, 0.0), *((recall.own, shift) for recall in recalls.values())]
    shown = [
        np.sort(r.neurons[slice(*np.searchsorted(r.times, [start + s, stop + s]))])
        for r, s in rasters
    ]
    low, high = 0, pattern.n_neurons
    while high - low > 16 and _most_inside(shown, low, high) > most_marks:
        size = max(16, (high - low) // 2)
        low = int(np.clip(neuron - size // 2, low, high - size))
        high = low + size
    return start, stop, (low, high)


def _most_inside(shown, low, high):
    return max(int(np.diff(np.searchsorted(neurons, [low, high]))[0]) for neurons in shown)


def _first_of_interest(pattern, own, cue):
    """Time from the pattern's start, and neuron, of what an overlay is looked at for."""
    shift, scored_from = cue.onset * cue.step, (cue.scored_from - cue.onset) * cue.step
    scored = pattern.times >= scored_from - cue.step / 2
    times, neurons = pattern.times[scored], pattern.neurons[scored]
    wanted = Raster(neurons, times + shift, pattern.n_neurons, _length(pattern, cue) + shift)
    for first, second in [own, (own[0], wanted)] if len(own) == 2 else [(own[0], wanted)]:
        masks = spikes_alone(first, second, cue.step)
        found = [
            (raster.times[mask][0] - shift, int(raster.neurons[mask][0]))
            for raster, mask in zip((first, second), masks)
            if mask.any()
        ]
        if found:
            return min(found)
    return scored_from, int(neurons[0]) if len(neurons) else pattern.n_neurons // 2


def _missing(keys, others):
    """Which of the keys are not among the others."""
    if not len(others):
        return np.ones(len(keys), dtype=bool)
    # Times that rounding sets apart have one key, so that sorted rasters may have unsorted keys.
    others = np.sort(others)
    place = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return others[place] != keys


def _at_most_two(recalls):
    if not isinstance(recalls, Mapping) or not 1 <= len(recalls) <= 2:
        raise TypeError("an overlay takes one or two recalls by name: {'torch': recall}")
    return recalls


def _length(pattern, cue):
    """Length in seconds from the pattern's start to the end of the pattern or of the recall."""
    return max(pattern.duration, (cue.n_steps - cue.onset) * cue.step)


def _handle(shape, colour, size):
    return Line2D(
        [],
        [],
        linestyle="",
        marker=shape,
        markersize=size,
        markeredgecolor=colour,
        markerfacecolor=colour if shape in _FILLED else "none",
    )


class _View:
    """A stretch of time and a range of neurons, drawn on an axes."""

    def __init__(self, axes, start, stop, low, high, cue, begins):
        self.axes, self.cue, self.begins = axes, cue, begins
        self.start, self.stop, self.low, self.high = start, stop, low, high
        self.scale, self.unit = _time_unit(cue, begins)
        # Half a step before the first that is the network's own, in the unit of the axis.
        self.trigger_end = (cue.clamp - cue.onset - 0.5) * cue.step * self.scale

    def inside(self, times, neurons):
        """The spikes that lie in the view, with times in the unit of the axis."""
        kept = (times >= self.start - 1e-9) & (times <= self.stop + 1e-9)
        kept &= (neurons >= self.low) & (neurons < self.high)
        return times[kept] * self.scale, neurons[kept]

    def mark_size(self, n_marks):
        """Size in points that leaves this many marks room beside each other."""
        # An estimate: labels and legend take part of the figure; the layout is not made yet.
        width, height = self.axes.figure.get_size_inches() * self.axes.get_position().size * 72
        return float(np.clip(0.5 * np.sqrt(width * height / max(n_marks, 1)), 2.4, 7.5))

    def marks(self, times, neurons, shape, colour, size, width=1.0):
        """One mark for each spike, or for each cell of spikes if there are too many."""
        if len(times) > SINGLE_MARKS:
            times, neurons = self._cells(times, neurons)
        (drawn,) = self.axes.plot(
            times,
            neurons,
            linestyle="",
            marker=shape,
            markersize=size,
            markeredgewidth=width,
            markeredgecolor=colour,
            markerfacecolor=colour if shape in _FILLED else "none",
            rasterized=len(times) > _VECTOR_MARKS,
            zorder=4 if shape in _ALONE else 3,
        )
        # A mark at the edge is shown whole; none lies outside. The layout need not know of it.
        drawn.set_clip_on(False)
        drawn.set_in_layout(False)

    def shade_trigger(self):
        """Shade the time in which the network is clamped, and mark from where it is scored."""
        step, onset, end = self.cue.step * self.scale, self.cue.onset, self.trigger_end
        before = (2 * self.start - self.stop) * self.scale
        self.axes.axvspan(before, end, color=SHADE, linewidth=0, zorder=0)
        self.axes.axvline(end, color=GREY, linewidth=0.8, zorder=1)
        if self.cue.scored_from != self.cue.clamp:
            scored = (self.cue.scored_from - onset - 0.5) * step
            self.axes.axvline(scored, color=GREY, linewidth=0.8, linestyle=":", zorder=1)

    def label_axes(self, named):
        room = max((self.stop - self.start) * 0.005, self.cue.step / 2) * self.scale
        self.axes.set_xlim(self.start * self.scale - room, self.stop * self.scale + room)
        margin = 0.5 + 0.02 * (self.high - self.low)
        self.axes.set_ylim(self.low - margin, self.high - 1 + margin)
        label_time(self.axes, self.scale, self.unit, self.begins)
        label_neurons(self.axes, named)

    def _cells(self, times, neurons):
        """The middles of the cells of a grid that hold a spike."""
        columns, rows = _GRID[0], min(_GRID[1], self.high - self.low)
        span = (self.stop - self.start) * self.scale
        column = ((times - self.start * self.scale) / span * columns).astype(np.int64)
        row = (neurons - self.low) * rows // (self.high - self.low)
        taken = np.zeros((columns, rows), dtype=bool)
        taken[np.clip(column, 0, columns - 1), row] = True
        column, row = np.nonzero(taken)
        times = self.start * self.scale + (column + 0.5) * span / columns
        return times, self.low + (row + 0.5) * (self.high - self.low) / rows - 0.5
