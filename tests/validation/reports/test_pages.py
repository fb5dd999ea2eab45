"""Folders of reports: what they take the place of, and which names they stand."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from wmdelays import InputError
from wmdelays.validation.reports.pages import check_folder, drawn, write_page, write_results


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr("wmdelays.plots.figures.figure_bytes", lambda _, kind: kind.encode())


def report(folder, *names, title="A title", settings=None, command="wmdelays"):
    figures = [drawn(None, name, "A figure", "It shows.") for name in names or ("curve",)]
    rows = [{"setting": settings or {}, "versions": {}}]
    return write_results(folder, title, ["Text."], figures, [], rows, command)


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_report_takes_the_place_of_a_report(tmp_path):
    report(tmp_path, title="First")
    (tmp_path / "figures" / "mine.png").write_text("mine")
    check_folder(tmp_path)
    assert "Second" in report(tmp_path, title="Second").read_text()
    assert (tmp_path / "figures" / "mine.png").read_text() == "mine"


@pytest.mark.parametrize("name", ["report.html", "figures/curve.png", "figures/other.svg"])
def test_pages_and_pictures_of_others_are_left_alone(tmp_path, name):
    (tmp_path / "figures").mkdir()
    (tmp_path / name).write_text("<!DOCTYPE html>\n<html>\n<title>Mine</title>\n")
    before = tree(tmp_path)
    for attempt in (check_folder, report):
        with pytest.raises(InputError, match="name another folder for the report") as refused:
            attempt(tmp_path)
        assert "\n" not in str(refused.value)
    assert tree(tmp_path) == before


def test_what_is_replaced_keeps_its_permissions(tmp_path):
    page = report(tmp_path)
    picture = tmp_path / "figures" / "curve.png"
    for path in (page, picture):
        path.chmod(0o600)
    report(tmp_path, title="Second")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (page, picture)] == [0o600] * 2


@pytest.mark.parametrize("name", ["report.html", "figures/curve.svg"])
def test_a_read_only_report_is_not_replaced(tmp_path, name):
    report(tmp_path)
    (tmp_path / name).chmod(0o444)
    before = tree(tmp_path)
    with pytest.raises(InputError, match=f"{name}: is read-only"):
        check_folder(tmp_path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "name", ["../../escaped", "/escaped", "a/b", ".", "..", "$x$", "\udcff", "n" * 300]
)
def test_a_setting_names_a_picture_in_the_folder_whatever_it_is_called(tmp_path, name):
    folder = tmp_path / "deep" / "er" / "report"
    report(folder, f"scan_{name}", name)
    pictures = list((folder / "figures").iterdir())
    assert len(pictures) == 4
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [
        path for path in folder.rglob("*") if path.is_file()
    ]


def test_two_settings_with_names_alike_have_two_pictures(tmp_path):
    report(tmp_path, "scan_a/b", "scan_a_b", "scan_a$b")
    assert len(list((tmp_path / "figures").glob("*.png"))) == 3


def test_what_is_no_text_is_shown_on_the_page(tmp_path):
    ugly = "\udcff\x1b[31m<b>$x$[b]\x00"
    page = report(tmp_path, title=ugly, settings={ugly: ugly}, command=ugly).read_bytes()
    assert b"\x1b" not in page and b"\x00" not in page and b"<b>" not in page
    assert page.decode().count("\\udcff\\x1b[31m&lt;b&gt;$x$[b]\\x00") >= 4
    check_folder(tmp_path)


@pytest.mark.parametrize("name", ["n" * 256, "loop"])
def test_a_folder_that_cannot_be_is_refused_before_any_work(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError) as refused:
        check_folder(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_folder_in_which_nothing_can_be_made_is_refused_before_any_work(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("wmdelays.validation.reports.pages.unfinished_folder", refuse)
    with pytest.raises(InputError, match="cannot be written: Read-only file system"):
        check_folder(tmp_path / "new")


KILLED = """
import os, signal, sys
from wmdelays.validation.reports import pages

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

pages._install = kill
pages.write_page(sys.argv[1], [], "")
"""


def test_what_a_killed_report_left_goes_with_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path])
    assert killed.returncode == -signal.SIGKILL and len(os.listdir(tmp_path)) == 1
    write_page(tmp_path, [], "")
    assert sorted(os.listdir(tmp_path)) == ["figures", "report.html"]
