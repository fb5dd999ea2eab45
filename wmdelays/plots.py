"""Pictures of rasters and recalls, and what all figures have in common."""

import io
from collections.abc import Mapping
from contextlib import contextmanager

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image  # comes with matplotlib

# Okabe and Ito's palette, which colour-blind readers tell apart. In grey the two differ little,
# so shape or place tells the same wherever these colours do.
BLUE, VERMILLION = "#0072B2", "#D55E00"
GREY, SHADE = "#808080", "#DDDDDD"

_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    # The ids in an SVG file are drawn from this, so that the same figure is the same file.
    "svg.hashsalt": "wmdelays",
}
_WIDTH = 8.6
# Above this many marks in a layer, a vector file would be large and slow to show.
_VECTOR_MARKS = 2500
# Above this many, one mark stands for all spikes of a cell of a grid this fine (columns, rows).
SINGLE_MARKS = 20_000
_GRID = (250, 90)
_TICKS = (("|", BLUE), ("_", VERMILLION))
_ALONE = ("^", "v")


@contextmanager
def house_style():
    """The style of all figures, whatever the user's own settings of matplotlib are."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


def new_figure(height, width=_WIDTH):
    """An empty figure of this height and width in inches, with room made for all labels."""
    return Figure(figsize=(width, height), layout="constrained")


def figure_bytes(figure, kind):
    """A figure as the content of a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    kind : {"png", "svg"}

    Returns
    -------
    bytes
    """
    with house_style():
        data = _png(figure) if kind == "png" else _svg(figure)
    # The layout is found with the first drawing; a second one need not look for it again.
    figure.set_layout_engine("none")
    return data


def _png(figure):
    """With a palette: a third of the size, and the eye sees no difference."""
    canvas, file = FigureCanvasAgg(figure), io.BytesIO()
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    picture.quantize(128).save(file, format="png", dpi=(figure.dpi, figure.dpi))
    return file.getvalue()


def _svg(figure):
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def time_unit(duration):
    """The unit in which a time axis of this many seconds reads well: (units in a second, name)."""
    return (1e3, "ms") if duration <= 2 else (1.0, "s")


def raster_overlay(axes, pattern, recalls, *, start=0.0, stop=None, neurons=None):
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
    view = _View(axes, start, stop, low, high, cue)
    drawn = [pattern, cue.spikes, *(recall.own for recall in recalls.values())]
    shift = [0.0, *[cue.onset * cue.step] * (len(drawn) - 1)]
    spikes = [view.inside(r.times - s, r.neurons) for r, s in zip(drawn, shift)]
    size = view.mark_size(max(len(times) for times, _ in spikes))

    view.shade_trigger()
    view.marks(*spikes[1], ".", GREY, size * 0.8)
    for (shape, colour), own in zip(_TICKS, spikes[2:]):
        view.marks(*own, shape, colour, size * 1.3, width=max(0.7, size / 6))
    # Above the ticks: in a recall where every neuron fires all the time it must still be seen.
    view.marks(*spikes[0], "o", GREY, size, width=min(0.8, size / 7))
    if len(recalls) == 2:
        alone = spikes_alone(*(recall.own for recall in recalls.values()), cue.step)
        for shape, own, mask in zip(_ALONE, drawn[2:], alone):
            times = own.times[mask] - cue.onset * cue.step
            view.marks(*view.inside(times, own.neurons[mask]), shape, "black", size * 1.6 + 4)
    view.label_axes()


def overlay_legend(figure, names):
    """Explain the marks of `raster_overlay`, for recalls of these names, above the panels."""
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
    handles, labels = zip(*entries)
    figure.legend(handles, labels, loc="outside upper center", ncols=4)


def overlay_figure(pattern, recalls, *, title="", zoom_steps=100):
    """The whole of a recalled pattern above, a close view of a part of it below.

    Parameters
    ----------
    pattern, recalls
        As for `raster_overlay`.
    title : str
        What stands above the upper panel.
    zoom_steps : int
        Length of the close view in steps.

    Returns
    -------
    matplotlib.figure.Figure
    """
    recalls = _at_most_two(recalls)
    cue = next(iter(recalls.values())).cue
    start, stop, neurons = zoom_window(pattern, recalls, zoom_steps)
    scale, unit = time_unit(_length(pattern, cue))
    with house_style():
        figure = new_figure(5.2)
        whole, close = figure.subplots(2, 1)
        raster_overlay(whole, pattern, recalls)
        # A dollar sign in a title is the user's and no beginning of mathematics.
        whole.set_title(title, loc="left", parse_math=False)
        frame = Rectangle(
            (start * scale, neurons[0] - 0.5), (stop - start) * scale, neurons[1] - neurons[0]
        )
        frame.set(fill=False, edgecolor="black", linestyle="--", linewidth=1.0, zorder=6)
        frame.set_clip_on(False)
        frame.set_in_layout(False)
        whole.add_patch(frame)
        raster_overlay(close, pattern, recalls, start=start, stop=stop, neurons=neurons)
        # Its first and last step, without the half step of room at either end.
        ends = (start + cue.step / 2) * scale, (stop - cue.step / 2) * scale
        part = f"{ends[0]:.4g} to {ends[1]:.4g} {unit}"
        if neurons != (0, pattern.n_neurons):
            part += f", neurons {neurons[0]} to {neurons[1] - 1}"
        close.set_title(f"the dashed frame: {part}", loc="left")
        overlay_legend(figure, recalls)
    return figure


def spikes_alone(first, second, step):
    """Which spikes of either raster are not in the other, as `wmdelays.agreement` counts them.

    Returns
    -------
    tuple of bool arrays, shapes (n_spikes of first,) and (n_spikes of second,)
    """
    keys = [
        np.rint(r.times / step * 1e6).astype(np.int64) * r.n_neurons + r.neurons
        for r in (first, second)
    ]
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
    """Time in the pattern and neuron of the first thing that is not as it should be."""
    shift = cue.onset * cue.step
    scored = pattern.times >= cue.scored_from * cue.step - shift - cue.step / 2
    wanted = type(pattern)(
        pattern.neurons[scored], pattern.times[scored] + shift, pattern.n_neurons,
        pattern.duration + shift,
    )
    for first, second in (own, (own[0], wanted)) if len(own) == 2 else ((own[0], wanted),):
        found = [
            (raster.times[mask][0] - shift, int(raster.neurons[mask][0]))
            for raster, mask in zip((first, second), spikes_alone(first, second, cue.step))
            if mask.any()
        ]
        if found:
            return min(found)
    n_shown = int(np.searchsorted(pattern.times, cue.scored_from * cue.step - shift))
    neuron = int(pattern.neurons[n_shown]) if n_shown < len(pattern) else pattern.n_neurons // 2
    return cue.scored_from * cue.step - shift, neuron


def _missing(keys, others):
    """Which of the keys are not among the others; both are sorted."""
    if not len(others):
        return np.ones(len(keys), dtype=bool)
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
        [], [], linestyle="", marker=shape, markersize=size, markeredgecolor=colour,
        markerfacecolor=colour if shape == "." else "none",
    )


class _View:
    """A stretch of time and a range of neurons, drawn on an axes."""

    def __init__(self, axes, start, stop, low, high, cue):
        self.axes, self.cue = axes, cue
        self.start, self.stop, self.low, self.high = start, stop, low, high
        self.scale, self.unit = time_unit(cue.n_steps * cue.step)

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
            times, neurons, linestyle="", marker=shape, markersize=size, markeredgewidth=width,
            markeredgecolor=colour, markerfacecolor=colour if shape == "." else "none",
            rasterized=len(times) > _VECTOR_MARKS, zorder=4 if shape in _ALONE else 3,
        )
        # A mark at the edge is shown whole; none lies outside. The layout need not know of it.
        drawn.set_clip_on(False)
        drawn.set_in_layout(False)

    def shade_trigger(self):
        """Shade the time in which the network is clamped, and mark from where it is scored."""
        step, onset = self.cue.step * self.scale, self.cue.onset
        end = (self.cue.clamp - onset - 0.5) * step
        self.axes.axvspan(self.start * self.scale - step, end, color=SHADE, linewidth=0, zorder=0)
        self.axes.axvline(end, color=GREY, linewidth=0.8, zorder=1)
        if self.cue.scored_from != self.cue.clamp:
            scored = (self.cue.scored_from - onset - 0.5) * step
            self.axes.axvline(scored, color=GREY, linewidth=0.8, linestyle=":", zorder=1)

    def label_axes(self):
        room = (self.stop - self.start) * 0.005 * self.scale
        self.axes.set_xlim(self.start * self.scale - room, self.stop * self.scale + room)
        margin = 0.5 + 0.02 * (self.high - self.low)
        self.axes.set_ylim(self.low - margin, self.high - 1 + margin)
        self.axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        self.axes.set_xlabel(f"time ({self.unit})")
        self.axes.set_ylabel("neuron")

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
