"""What goes to standard output, and what to standard error."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager, redirect_stdout

import numpy as np
import pytest
from rich.console import Console

from wmdelays.files.raster_files import write_raster
from wmdelays.patterns import bernoulli
from wmdelays.validation.cli import main
from wmdelays.validation.commands.shared import terminal

PROGRAM = [sys.executable, "-m", "wmdelays"]
# Every command that has a result and takes a moment, with what its result says.
COMMANDS = {
    "info MEMORY": "synapses",
    "compare MEMORY --device numpy --patterns 0": "Recalled whole.",
    "robustness MEMORY --damage lost --values 0 --draws 1": "worst pattern",
    "retrieve MEMORY": "cues recalled the pattern they cued",
    "motifs MEMORY --patterns 0": "never used",
    "scan bernoulli:neurons=20,steps=40,patterns=1,rate=0.05 --over delays=3 --seeds 1": "storable",
    "capacity --neurons 20 --steps 40 --delays 3 --rate 0.05 --seeds 1": "theory",
    "find MEMORY a.csv --draws 20": "occurrences above chance",
    "groups MEMORY": "groups",
}


@pytest.fixture
def words(small_memory, tmp_path):
    write_raster(tmp_path / "a.csv", bernoulli(60, 400, 1, 0.02, seed=1)[0])
    return lambda command: [str(small_memory) if w == "MEMORY" else w for w in command.split()]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split()[0])
def test_a_result_is_on_standard_output_and_json_there_is_alone(wmdelays, words, command):
    done = wmdelays(*words(command))
    assert done.returncode == 0, done.stderr
    assert COMMANDS[command] in done.stdout and COMMANDS[command] not in done.stderr
    alone = wmdelays(*words(command), "--json", "-")
    # Groups are a line each.
    each = alone.stdout.splitlines() if command.startswith("groups") else [alone.stdout]
    assert all(json.loads(text) for text in each)
    assert COMMANDS[command] in alone.stderr
    # What comes after is printed where it belongs again.
    assert COMMANDS[command] in wmdelays(*words(command)).stdout


def test_what_nobody_read_is_not_printed_by_the_next_command(wmdelays, words):
    with unread():
        main(words("retrieve MEMORY"))
    assert wmdelays(*words("retrieve MEMORY")).stdout.count("cues recalled") == 1


def test_store_tells_what_is_in_the_memory_apart_from_what_it_did(wmdelays):
    spec = "bernoulli:neurons=20,steps=40,patterns=1,rate=0.05"
    done = wmdelays("store", spec, "--delays", 5, "-o", "m.h5")
    assert "synapses" in done.stdout and "stored in m.h5" not in done.stdout
    assert "stored in m.h5" in done.stderr and "synapses" not in done.stderr


@contextmanager
def unread():
    """Standard output into a pipe that nobody reads, a line at a time."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "w", buffering=1) as stream, redirect_stdout(stream):
        yield


@pytest.mark.parametrize("command", [*COMMANDS, "--help", "info MEMORY --json -"])
def test_a_reader_who_has_seen_enough_hears_no_complaint(
    words, capsys, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terminal, "_json_alone", False)
    with unread():
        assert main(words(command)) == 141
    assert "wmdelays:" not in capsys.readouterr().err


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("words, status", [(["--version"], 141), (["info", "none.csv"], 2)])
def test_a_program_whose_output_nobody_reads_ends_quietly(words, status, both):
    errors = subprocess.STDOUT if both else subprocess.PIPE
    with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=errors) as program:
        program.stdout.close()
        said = b"" if both else program.stderr.read()
        assert program.wait() == status
    assert b"Traceback" not in said and bool(said) == (status == 2 and not both)


def test_a_long_table_is_whole_in_a_pipe(capsys):
    terminal.print_first({"n": [str(k) for k in range(100)], "words " * 40: ["x" * 200] * 100})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 101 and all("x" * 200 in line for line in lines[1:])
    assert lines == [line.rstrip() for line in lines]


def test_a_table_fits_the_terminal(monkeypatch):
    made = Console(
        width=60, force_terminal=True, no_color=True, record=True, file=open(os.devnull, "w")
    )
    monkeypatch.setattr(terminal, "results", lambda: made)
    values = np.arange(1000, 1012).astype(str).tolist()
    content = {"pattern": values[:2], **{f"a title of words {v}": [v, v] for v in values}}
    terminal.print_columns(content)
    lines = made.export_text().splitlines()
    assert max(map(len, lines)) <= 60
    text = " ".join(lines)
    assert all(text.count(v) >= 2 for v in values) and text.count("pattern") > 1
    terminal.print_first({"n": [str(k) for k in range(100)]})
    assert len(made.export_text().splitlines()) == 41


@pytest.mark.parametrize("command", [[], ["store"], ["compare"]], ids=" ".join)
def test_h_is_help_and_options_stand_in_groups_with_their_defaults(wmdelays, command):
    done = wmdelays(*command, "-h")
    assert done.returncode == 0 and done.stdout == wmdelays(*command, "--help").stdout
    panels = {"store": ("Recording", "Network", "Output"), "compare": ("Simulation", "Output")}
    for title in panels.get(*command, ()) if command else ():
        assert f"─ {title} ─" in done.stdout
    if command == ["store"]:
        assert "[default: 1ms]" in done.stdout


def test_the_shell_can_complete_a_command():
    asked = {"_WMDELAYS_COMPLETE": "complete_bash", "COMP_WORDS": "wmdelays sto", "COMP_CWORD": "1"}
    done = subprocess.run(PROGRAM, capture_output=True, text=True, env=os.environ | asked)
    assert done.stdout.split() == ["store"] and done.stderr == ""
