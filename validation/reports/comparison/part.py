"""The part of a page in which one looks into the raster: bokeh's scripts, ours, and the data."""

import json
from importlib.resources import files

from markupsafe import Markup

from wmdelays.validation.reports.comparison.spikes import MOST_SPIKES, raster_data

# Bokeh's own code, its markers for the graphics card, and the functions that make figures.
_PARTS = ("bokeh", "bokeh-gl", "bokeh-api")


def raster_part(comparison):
    """What a template takes to show a raster that can be zoomed, with no file and no network.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    dict
        ``scripts`` and ``data`` as markup, ``patterns`` (their numbers), and ``cut``, whether some
        pattern has more spikes than are shown.
    """
    from bokeh.resources import Resources

    data = raster_data(comparison)
    own = files("wmdelays.validation.reports").joinpath("templates", "raster.js").read_text("utf-8")
    scripts = [*Resources(mode="inline", components=list(_PARTS), log_level="warn").js_raw, own]
    return {
        "scripts": Markup("\n").join(Markup(f"<script>\n{one}\n</script>") for one in scripts),
        "data": Markup(f'<script type="application/json" id="spikes">{as_script(data)}</script>'),
        "patterns": [one["number"] for one in data["patterns"]],
        "simulators": data["simulators"],
        "cut": MOST_SPIKES if any(one["cut_s"] for one in data["patterns"]) else None,
    }


def as_script(values):
    """Plain values as JSON in which nothing ends a script, whatever a unit is called."""
    text = json.dumps(values, allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
