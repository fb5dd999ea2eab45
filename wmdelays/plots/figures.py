"""What all figures have in common: their style, and how they become files."""

import io
import warnings
from contextlib import contextmanager

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image  # comes with matplotlib

from wmdelays.words import printable

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
# Colours of a palette are at least this light, of 255, where they stand for white.
_WHITE = 250
# Letters of a unit's name beside an axis.
_LONGEST_NAME = 14


@contextmanager
def house_style():
    """The style of all figures, whatever the user's own settings of matplotlib are."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


def new_figure(height, width=_WIDTH):
    """An empty figure of this height and width in inches, with room made for all labels."""
    return Figure(figsize=(width, height), layout="constrained")


def plain(text, most=80):
    """Text of a user or of a file as figures show it: letter by letter.

    matplotlib takes what stands between two dollar signs for a formula, and fails where it is none.

    Parameters
    ----------
    text : str
    most : int
        Longer text loses its middle, so that it leaves room for the figure.

    Returns
    -------
    str
    """
    if len(text) > most:
        text = f"{text[: most - most // 3 - 1]}…{text[-(most // 3) :]}"
    return "\n".join(map(printable, text.split("\n"))).replace("$", r"\$")


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
    with house_style(), warnings.catch_warnings():
        # A letter that the font does not have is drawn as a box; nobody can do anything about it.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        data = _png(figure) if kind == "png" else _svg(figure)
    # The layout is found with the first drawing; a second one need not look for it again.
    figure.set_layout_engine("none")
    return data


def _png(figure):
    """With a palette: a third of the size, and the eye sees no difference."""
    canvas, file = FigureCanvasAgg(figure), io.BytesIO()
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    # Of the ways to find a palette the fastest by far; what is nearly white becomes one colour with white.
    picture = picture.quantize(method=Image.Quantize.FASTOCTREE)
    picture.putpalette([255 if part >= _WHITE else part for part in picture.getpalette()])
    picture.save(file, format="png", dpi=(figure.dpi, figure.dpi))
    return file.getvalue()


def _svg(figure):
    file = io.BytesIO()
    # What `savefig` would write; that draws twice, to ask about the size.
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    return file.getvalue()


def one_a_cell(raster, n_columns, n_rows):
    """Times and neurons of one spike in each cell of a grid over a raster, where there is one.

    Parameters
    ----------
    raster : Raster
    n_columns, n_rows : int
        Size of the grid.

    Returns
    -------
    times, neurons : arrays, shape (n_cells,)
        In seconds, and numbers.
    """
    place = np.minimum(raster.times / raster.duration * n_columns, n_columns - 1)
    row = raster.neurons * n_rows // raster.n_neurons
    _, first = np.unique(place.astype(int) * n_rows + row, return_index=True)
    return raster.times[first], raster.neurons[first]


def mark_latent(axes, n_latent, n_neurons, low=0, high=None):
    """Tell the latent neurons of a raster, the last ones, from those that were recorded.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Its vertical axis has the neurons.
    n_latent, n_neurons : int
    low, high : int
        The first neuron that is shown, and the one after the last; by default all are.
    """
    high = n_neurons if high is None else high
    first = max(n_neurons - n_latent, low)
    if first >= high:
        return
    if first > low:
        axes.axhline(first - 0.5, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    place = {"transform": axes.get_yaxis_transform(), "rotation": 90, "color": GREY, "fontsize": 8}
    axes.text(1.006, (first + high - 1) / 2, "latent", va="center", ha="left", **place)


def time_unit(duration):
    """The unit in which a time axis of this many seconds reads well: (units in a second, name)."""
    return (1e3, "ms") if duration <= 2 else (1.0, "s")


class _ShiftedLocator(MaxNLocator):
    """Ticks at round numbers of a time that is later than that of the axis by `start`."""

    def __init__(self, start, n_ticks):
        super().__init__(nbins=n_ticks, steps=[1, 2, 2.5, 5, 10])
        self.start = start

    def tick_values(self, low, high):
        return super().tick_values(low + self.start, high + self.start) - self.start


def label_neurons(axes, named):
    """Name the axis of neurons, and its ticks by the units where these have names.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Neurons are at their numbers along the y axis.
    named : Raster or Memory
    """
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.set_ylabel("neuron" if named.units is None else "unit")
    if named.units is not None:

        def name(place, _):
            there = place == int(place) and 0 <= place < named.n_neurons
            return plain(named.unit(int(place)), _LONGEST_NAME) if there else ""

        axes.yaxis.set_major_formatter(name)


def label_time(axes, scale, unit, begins=None, *, n_ticks=8, of_several=False):
    """Name the axis of time, and give it the recording's time where a pattern comes from one.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        What is drawn there has the pattern's own time.
    scale, unit : float, str
        See `time_unit`.
    begins : float, optional
        When the pattern begins in its recording, in seconds.
    n_ticks : int
        The most ticks of the recording's time.
    of_several : bool
        Whether patterns that begin at different times are drawn over one another.
    """
    axes.set_xlabel(f"time in the pattern ({unit})" if of_several else f"time ({unit})")
    if begins is not None:
        start = begins * scale
        axes.xaxis.set_major_locator(_ShiftedLocator(start, n_ticks))
        axes.xaxis.set_major_formatter(lambda time, _: f"{time + start:.10g}")
        axes.set_xlabel(f"time in the recording ({unit})")
