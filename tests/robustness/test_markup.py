"""No report lets names, settings or rules of the user become markup.

Nine of the ten kinds of reports are made of plain values by `write_results`; the tenth, of `compare`,
has a page of its own.
"""

from html.parser import HTMLParser
from pathlib import Path
from runpy import run_path

import pytest

from wmdelays.validation.reports.pages import drawn, write_results

NASTY = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "'><svg/onload=alert(1)>",
    "</style></title><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}<b onclick=a>",
)
# What our own pages have none of.
TAGS = {"script", "iframe", "object", "embed", "form", "base", "link", "b", "svg"}


class Page(HTMLParser):
    """Collects what in a page could act."""

    def __init__(self, text):
        super().__init__()
        self.acting, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in TAGS:
            self.acting.append(tag)
        for name, value in attributes:
            is_picture = tag == "img" and name == "src" and value.startswith("data:image/")
            if name.startswith("on") or (name in ("src", "href") and not is_picture):
                if not (value or "").startswith("#"):
                    self.acting.append((tag, name, value))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr("wmdelays.plots.figures.figure_bytes", lambda _, kind: b"picture")


@pytest.mark.parametrize("text", NASTY)
def test_what_a_report_is_made_of_is_text(tmp_path, text):
    folder = tmp_path / "a report"
    pictures = [drawn(None, text, text, text)]
    tables = [(text, [text, "other"], [(text, "1.5"), (text, text)])]
    rows = [
        {"setting": {text: text, "list": [text]}, "versions": {text: text}},
        {"setting": {text: text + "2", "list": [text]}, "versions": {text: text}},
    ]
    page = Page(write_results(folder, text, [text], pictures, tables, rows, text).read_text())
    assert page.acting == []
    assert page.text.count(text) >= 6


@pytest.mark.parametrize("text", NASTY)
def test_what_a_comparison_is_made_of_is_text(tmp_path, text):
    of_compare = run_path(
        str(Path(__file__).parents[1] / "validation" / "reports" / "test_compare.py")
    )

    def page_of(name):
        made = {"rule": name, "settings": {name: name}}
        comparison = of_compare["build"](n_patterns=1, made=made, settings={"memory_file": name})
        return of_compare["page"](comparison, tmp_path / "r", name)

    # The raster's scripts are the page's own, the same whatever is called how.
    page, plain = page_of(text), Page(page_of("plain"))
    assert text not in page
    assert Page(page).acting == plain.acting
    assert {one for one in plain.acting if isinstance(one, tuple)} == set()
    assert Page(page).text.count(text) >= 4
