"""What a notebook shows of an object: a picture and a table."""

from base64 import b64encode
from html import escape

from wmdelays.plots.figures import figure_bytes
from wmdelays.plots.spikes import raster_figure, recall_figure
from wmdelays.raster import Raster
from wmdelays.recalls import Recall
from wmdelays.words import counted


def as_html(shown):
    """A Raster or a Recall as a picture and a table.

    Parameters
    ----------
    shown : Raster or Recall

    Returns
    -------
    str
        HTML in which nothing is loaded and no script runs.
    """
    if isinstance(shown, Raster):
        return page(shown, raster_figure(shown), _of_raster(shown))
    if isinstance(shown, Recall):
        return page(shown, recall_figure(shown), _of_recall(shown))
    raise TypeError(f"there is no picture of {type(shown).__name__}")


def page(shown, figure, rows, header=()):
    """One line, a picture and a table.

    Parameters
    ----------
    shown : object
        Its ``repr`` is the line.
    figure : matplotlib.figure.Figure
    rows : sequence of sequence
        The cells of the table; what is not text is shown as ``str`` makes it.
    header : sequence of str
        Titles of the columns.

    Returns
    -------
    str
    """
    line = escape(repr(shown).strip("<>"))
    picture = b64encode(figure_bytes(figure, "png")).decode()
    table = _cells(header, "th") + "".join(_cells(row, "td") for row in rows)
    return (
        f"<div><p>{line}</p>"
        f'<img alt="{line}" style="max-width: 100%; width: 43em" '
        f'src="data:image/png;base64,{picture}">'
        f"<table>{table}</table></div>"
    )


def _cells(cells, tag):
    inside = "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>" if inside else ""


def _of_raster(raster):
    rows = [
        ("spikes", f"{len(raster):,}"),
        ("neurons", f"{raster.n_neurons:,}"),
        ("duration", f"{raster.duration:g} s"),
        ("mean rate", f"{raster.rate:.3g} Hz"),
    ]
    if raster.start:
        rows.append(("begins", f"{raster.start:g} s into the recording"))
    return rows


def _of_recall(recall):
    cue, emitted = recall.cue, recall.emitted
    call = recall.closest_call
    return [
        ("neurons", f"{emitted.n_neurons:,}"),
        ("duration", f"{counted(cue.n_steps, 'step')} of {cue.step * 1e3:g} ms"),
        ("clamped", counted(cue.clamp, "step")),
        ("forced by the cue", counted(len(cue.spikes), "spike")),
        ("the network's own", counted(len(recall.own), "spike")),
        ("emitted", counted(len(emitted), "spike")),
        ("closest call", "not recorded" if call is None else f"{call:.3g}"),
    ]
