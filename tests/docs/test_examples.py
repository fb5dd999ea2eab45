"""The scripts of the gallery run, fit on a screen, and leave their figure."""

import runpy

import matplotlib
import pytest
from matplotlib import pyplot
from page_blocks import ROOT

SCRIPTS = sorted((ROOT / "examples").rglob("*.py"))
LINES_OF_A_SCREEN = 45


@pytest.fixture(autouse=True)
def no_window(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    backend = matplotlib.get_backend()
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(backend)


def test_there_is_a_gallery():
    assert len(SCRIPTS) >= 6


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_leaves_its_figure(script):
    assert len(script.read_text().splitlines()) <= LINES_OF_A_SCREEN
    figure = runpy.run_path(str(script))["figure"]
    assert any(axes.has_data() for axes in figure.axes)
