"""The raster of a report that one can look into: what it holds, and what a browser makes of it."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
from browser import browser, needs_chromium
from comparisons import build

from wmdelays.validation.reports.compare import write_report
from wmdelays.validation.reports.comparison import spikes
from wmdelays.validation.reports.comparison.part import as_script
from wmdelays.validation.reports.comparison.spikes import FIRST_SIMULATOR, FORCED, STORED

# Markup, the end of a script, and TeX, which bokeh would fetch MathJax for.
HOSTILE = (
    '<img src=x onerror="window.hacked=1">',
    "</script><script>window.hacked=2</script>",
    r"$$\alpha$$",
)
START = 902.5


def unpacked(text, dtype):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=dtype)


def test_every_spike_is_there_once_with_who_has_it():
    comparison = build(lost=[1], ends={0: 30})
    data = spikes.raster_data(comparison)
    assert data["simulators"] == ["torch", "Brian2"] and data["units"] == [
        str(k) for k in range(12)
    ]
    for place, one in enumerate(data["patterns"]):
        times = np.cumsum(unpacked(one["times"], "<u4")) / 1e6
        neurons, kinds = unpacked(one["neurons"], "<u4"), unpacked(one["kinds"], "u1")
        assert one["n"] == len(times) == len(set(zip(times.tolist(), neurons.tolist())))
        recalls = [ran.recalls[place] for ran in comparison.simulations.values()]
        layers = {STORED: comparison.memory.patterns[place], FORCED: recalls[0].cue.spikes}
        layers |= {FIRST_SIMULATOR << n: recall.own for n, recall in enumerate(recalls)}
        for bit, raster in layers.items():
            mine = kinds & bit > 0
            found = sorted(zip(times[mine].round(6).tolist(), neurons[mine].tolist()))
            assert found == sorted(zip(raster.times.round(6).tolist(), raster.neurons.tolist()))


def test_a_recall_with_more_spikes_than_a_browser_bears_is_cut_off(monkeypatch):
    monkeypatch.setattr(spikes, "MOST_SPIKES", 20)
    (one,) = spikes.raster_data(build(n_patterns=1))["patterns"]
    assert one["n"] == 20 and 0 < one["cut_s"] < 0.06


def test_no_name_ends_the_script_that_holds_it():
    text = as_script({"units": HOSTILE})
    assert not re.search("[<>&]", text) and json.loads(text) == {"units": [*HOSTILE]}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of a recording with hostile names of units, open in a browser."""
    folder = tmp_path_factory.mktemp("interactive")
    binning = [{"pattern": k, "start_s": START} for k in range(2)]
    comparison = build(lost=[1], ends={0: 30}, made={"rule": "hebbian", "binning": binning})
    names = [*HOSTILE, *(f"CA1-{k}" for k in range(len(HOSTILE), 12))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spikes, "unit_names", lambda raster: names)
        for name in ("overlay", "f1", "closest_call", "delays", "weights"):
            patch.setattr(f"wmdelays.validation.reports.compare.{name}_figure", lambda *_, **__: 0)
        picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
        patch.setattr("wmdelays.plots.figures.figure_bytes", lambda *_: picture)
        path = write_report(comparison, folder / "report", "wmdelays compare")
    with browser(folder / "profile") as one:
        one.size(1100, 1200)
        one.open(path.as_uri())
        one.comparison = comparison
        one.value("document.getElementById('raster').scrollIntoView()")
        one.wait("wmdelaysRaster.ready || wmdelaysRaster.error")
        yield one


def choose(page, which, value):
    drawn = page.value("wmdelaysRaster.drawn")
    change = "element.dispatchEvent(new Event('change'))"
    element = f"document.getElementById('raster-{which}')"
    page.value(f"(() => {{ const element = {element}; element.value = '{value}'; {change} }})()")
    page.wait(f"wmdelaysRaster.drawn > {drawn}")


def place_of(page, figure, layer):
    """Where in the window the first mark of a layer of a figure is, and its neuron."""
    return page.value(
        f"""(() => {{
          const one = wmdelaysRaster.figures[{figure}], view = Bokeh.index.find_one(one.figure);
          const data = one.marks[{layer}].renderer.data_source.data;
          const box = view.canvas_view.el.getBoundingClientRect(), {{ x_scale, y_scale }} = view.frame;
          return [box.x + x_scale.compute(data.x[0]), box.y + y_scale.compute(data.y[0]), data.y[0]];
        }})()"""
    )


SHOWN_TIPS = """(() => {
  const inside = (root) => [...root.querySelectorAll('*')].flatMap((one) =>
    [...(one.classList.contains('bk-tooltip-content') ? [one.innerText] : []),
     ...(one.shadowRoot ? inside(one.shadowRoot) : [])]);
  return inside(document).join(' ');
})()"""


@needs_chromium
def test_the_raster_draws_every_spike_of_the_chosen_pattern(page):
    assert page.value("wmdelaysRaster.error || null") is None and not page.errors
    choose(page, "pattern", 0)
    torch, brian2 = page.value("wmdelaysRaster.figures.map((one) => one.counts)")
    score = page.comparison.simulations["torch"].scores.patterns[0]
    assert torch["stored and recalled"] == score.matched > 0
    assert torch["missing"] == score.stored - score.matched > 0
    assert torch["too many"] == 0 and torch == brian2
    ink = """(() => { const view = Bokeh.index.find_one(wmdelaysRaster.figures[0].figure);
      const canvas = view.canvas_view.primary.canvas;
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let n = 0;
      for (let k = 0; k < pixels.length; k += 4) n += pixels[k] < 60 && pixels[k + 1] > 80 && pixels[k + 2] > 140;
      return n; })()"""
    page.wait(f"{ink} > 200")


@needs_chromium
def test_patterns_beside_each_other_are_zoomed_together(page):
    choose(page, "pattern", 0)
    choose(page, "beside", 1)
    assert page.value("wmdelaysRaster.figures.length") == 4
    x, y, _ = place_of(page, 0, 1)
    page.wheel(x, y, -300)
    page.wait("wmdelaysRaster.ranges.x.end - wmdelaysRaster.ranges.x.start < 0.05")
    zoomed = page.value("[wmdelaysRaster.ranges.x.start, wmdelaysRaster.ranges.x.end]")
    every = (
        "wmdelaysRaster.figures.map((one) => [one.figure.x_range.start, one.figure.x_range.end])"
    )
    assert page.value(every) == [zoomed] * 4
    # Another pattern shows the same stretch.
    choose(page, "beside", "")
    choose(page, "pattern", 1)
    assert page.value(every) == [zoomed] * 2


@needs_chromium
def test_a_spike_tells_its_unit_its_time_and_who_emitted_it(page):
    page.open(page.value("location.href"))
    page.value("document.getElementById('raster').scrollIntoView()")
    page.wait("wmdelaysRaster.ready")
    choose(page, "pattern", 1)
    # In the second panel, of Brian2, one spike is missing that torch has.
    x, y, neuron = place_of(page, 1, 2)
    page.move(x - 2, y)
    page.move(x, y)
    page.wait(f"{SHOWN_TIPS}.includes('missing')")
    tip = page.value(SHOWN_TIPS)
    when = page.comparison.agreements["brian2"][1].first_difference
    assert f"{START + when:.6f}".rstrip("0") + " s in the recording" in tip
    assert re.search(r"emitted by:\s*torch\b", tip)
    name = page.value(f"JSON.parse(document.getElementById('spikes').textContent).units[{neuron}]")
    assert name in tip


@needs_chromium
def test_no_script_comes_from_names_and_nothing_is_fetched(page):
    page.value("wmdelaysRaster.ranges.y.start = -0.5; wmdelaysRaster.ranges.y.end = 3.5; 0")
    for layer in (0, 1):
        x, y, _ = place_of(page, 0, layer)
        page.move(x, y)
    page.value("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    assert page.value("window.hacked === undefined")
    assert page.value("document.querySelectorAll('img[src=x]').length") == 0
    assert {url for url in page.requests if not url.startswith("data:")} == {
        page.value("location.href")
    }


@needs_chromium
def test_print_has_the_pictures_and_the_screen_the_raster(page):
    shown = "['static', 'interactive'].map((name) => document.querySelector('.' + name).checkVisibility())"
    assert page.value(shown) == [False, True]
    page.media("print")
    assert page.value(shown) == [True, False]
    page.media("screen")
