"""What a notebook shows."""

import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from wmdelays import Cue, Raster, Recall
from wmdelays.plots.notebook import as_html, page
from wmdelays.plots.spikes import raster_figure, recall_figure

PATTERN = Raster.from_steps([0, 1, 2, 0], [1, 3, 6, 9], 3, 20, 1e-3)
CUE = Cue.from_pattern(PATTERN, 4, 1e-3)
RECALL = Recall(
    CUE, emitted=PATTERN, own=Raster([2, 0], [0.006, 0.009], 3, 0.02), closest_call=0.01
)


class Page(HTMLParser):
    """The tags, pictures and words of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.pictures, self.words = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize(
    "thing, words",
    [
        (PATTERN, ["4 spikes of 3 neurons", "mean rate", "66.7 Hz"]),
        (RECALL, ["the network's own", "2 spikes", "20 steps of 1 ms", "0.01"]),
        (Recall(CUE, PATTERN, PATTERN), ["not recorded"]),
        (Raster([], [], 1, 1.0), ["0 spikes of 1 neuron"]),
    ],
)
def test_a_notebook_shows_a_picture_and_a_table(thing, words):
    shown = Page(thing._repr_html_())
    assert {"div", "p", "img", "table", "tr", "td"} >= set(shown.tags)
    (picture,) = shown.pictures
    kind, _, data = picture.partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(BytesIO(b64decode(data))).size[0] > 800
    for word in words:
        assert any(word in part for part in shown.words)


def test_text_from_elsewhere_stays_text():
    class Named:
        def __repr__(self):
            return '<"><script>alert(1)</script>'

    html = page(Named(), raster_figure(PATTERN), [("<b>", '"&')], ["<i>"])
    shown = Page(html)
    assert set(shown.tags) == {"div", "p", "img", "table", "tr", "th", "td"}
    assert '"&' in shown.words and "<b>" in shown.words and "<i>" in shown.words


def test_what_has_no_picture_is_refused():
    with pytest.raises(TypeError, match="no picture of int"):
        as_html(3)


def test_figures_hold_every_spike():
    for figure, shape, raster in (
        (raster_figure(PATTERN, title="a $ b"), "|", PATTERN),
        (recall_figure(RECALL), "|", RECALL.own),
        (recall_figure(RECALL), ".", CUE.spikes),
    ):
        (line,) = (line for line in figure.axes[0].lines if line.get_marker() == shape)
        assert np.allclose(line.get_xdata(), raster.times * 1e3)
        assert line.get_ydata().tolist() == raster.neurons.tolist()


def test_of_many_spikes_one_stands_for_a_cell():
    rng = np.random.default_rng(0)
    many = Raster(rng.integers(0, 500, 400_000), rng.random(400_000), 500, 1.0)
    (line,) = raster_figure(many).axes[0].lines
    assert 100_000 < len(line.get_xdata()) <= 1100 * 250
    assert np.unique(line.get_ydata() * 250 // 500).size == 250


def test_what_an_object_is_needs_no_figures():
    program = (
        "import sys; from wmdelays import Raster; repr(Raster([0], [0.5], 1, 1.0))\n"
        "print('matplotlib' in sys.modules)\n"
        "Raster([0], [0.5], 1, 1.0)._repr_html_(); print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr
