"""What the commands print, whatever files are called."""

import json
import os
import shutil

import h5py
import pytest

from wmdelays.files.sealed_file import seal
from wmdelays.validation.commands.shared import terminal
from wmdelays.validation.commands.shared.terminal import notes, print_columns, print_note

UGLY = os.fsdecode(b"[b]x[red] :smile: $a_{$ \x1b[31m\xff.h5")
SHOWN = "[b]x[red] :smile: $a_{$ \\x1b[31m\\udcff.h5"


def test_text_is_printed_letter_by_letter(capsys):
    print_note(UGLY)
    print_columns({UGLY: [UGLY], "n": ["1"]})
    said = capsys.readouterr()
    lines = [line.strip() for line in (said.err + said.out).splitlines()]
    assert lines[0] == SHOWN and lines[1].startswith(SHOWN) and lines[2].startswith(SHOWN)


def test_text_of_several_lines_stays_in_lines(capsys):
    notes.print("first\nsecond")
    assert capsys.readouterr().err == "first\nsecond\n"


@pytest.mark.parametrize("name", [UGLY, "n" * 250 + ".h5"])
def test_a_memory_of_any_name_goes_through_a_command(
    wmdelays, refused, small_memory, tmp_path, name
):
    shutil.copy(small_memory, tmp_path / name)
    done = wmdelays("robustness", name, "--damage", "lost", "--values", "0", "--draws", 1,
                    "--report", f"{name[:-3]}r", "--json", f"{name[:-3]}.json",
                    "--results", f"{name[:-3]}.l")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.said
    page = (tmp_path / f"{name[:-3]}r" / "report.html").read_bytes()
    assert b"\x1b" not in page and page.decode()
    line = refused("info", f"no{name}")
    assert "\x1b" not in line


def test_text_in_a_memory_steers_nothing(wmdelays, small_memory, tmp_path):
    shutil.copy(small_memory, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file["wmdelays"].attrs["rule"] = json.dumps("\x1b]0;mine\x07\x1b[2J\x9b31m\u202e[b]")
    seal(tmp_path / "m.h5")
    done = wmdelays("info", "m.h5", "--json", "-")
    assert done.returncode == 0
    assert "\\x1b]0;mine\\x07\\x1b[2J\\x9b31m\\u202e[b], seed " in done.said
    shown = (done.stdout + done.stderr).replace("\n", "")
    assert shown.isprintable()


def test_rows_of_one_name_are_numbered_where_a_table_is_in_parts(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "results", lambda: _Terminal(width=14))
    content = {
        "piece": ["a", "a", "b"],
        "spikes": ["10", "20", "30"],
        "p": ["0.11", "0.22", "0.33"],
    }
    print_columns(content)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["2:", "a", "20"] in lines and ["2:", "a", "0.22"] in lines
    print_columns(content | {"piece": ["a", "c", "b"]})
    assert ["c", "20"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def _Terminal(width):
    return terminal._Console(width=width, force_terminal=True, color_system=None)
