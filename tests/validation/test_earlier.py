"""What commands and options were called before is understood, and a line says what to use."""

import json

import pytest
from small_groups import as_csv, network

from wmdelays import Raster
from wmdelays.files.raster_files import write_raster
from wmdelays.patterns import bernoulli
from wmdelays.validation.commands.app import app
from wmdelays.validation.earlier import COMMANDS, OPTIONS, todays


@pytest.mark.parametrize(
    "before, now, notes",
    [
        ("find m.h5 r.csv --bin 1ms", "find m.h5 r.csv --step 1ms", ["--bin is called --step now"]),
        ("store r.csv --bin=1ms", "store r.csv --step=1ms", ["--bin is called --step now"]),
        (
            "find --unknown cad r.csv --bin 5ms",
            "find-unknown --method cad r.csv --step 5ms",
            [
                "find --unknown is a command now: find-unknown --method",
                "--bin is called --step now",
            ],
        ),
        (
            "find r.csv --unknown=spade",
            "find-unknown r.csv --method=spade",
            ["find --unknown is a command now: find-unknown --method"],
        ),
        (
            "groups net.h5 --over-time --layers 4 --shuffle 3",
            "groups-over-time net.h5 --min-layers 4 --seed 3",
            [
                "groups --over-time is a command now: groups-over-time",
                "--layers is called --min-layers now",
                "--shuffle is called --seed now",
            ],
        ),
        ("groups net.h5 --shuffle 3", "groups net.h5 --shuffle 3", []),
        (
            "store --prune r.csv -o m.h5",
            "store --prune=recall r.csv -o m.h5",
            ["--prune takes a value now: --prune recall"],
        ),
        (
            "store r.csv --prune",
            "store r.csv --prune=recall",
            ["--prune takes a value now: --prune recall"],
        ),
        ("store r.csv --prune none -o m.h5", "store r.csv --prune none -o m.h5", []),
        ("store r.csv --prune=damage", "store r.csv --prune=damage", []),
        ("groups -- --layers", "groups -- --layers", []),
        ("", "", []),
    ],
)
def test_a_command_line_of_an_earlier_version_is_put_into_todays_words(before, now, notes):
    assert todays(before.split()) == (now.split(), notes)


def test_what_is_called_otherwise_now_is_an_option_of_its_command_and_the_old_name_is_not():
    from typer.main import get_command

    commands = get_command(app).commands
    named = {
        command: {o for p in made.params for o in p.opts} for command, made in commands.items()
    }
    for command, renamed in OPTIONS.items():
        for before, now in renamed.items():
            assert now in named[command] and before not in named[command]
    for (former, sign), (command, option) in COMMANDS.items():
        assert sign not in named[former]
        assert option is None or option in named[command]


def test_an_earlier_spelling_gives_what_todays_gives_and_says_so_on_standard_error(wmdelays):
    (wmdelays.folder / "net.csv").write_text(as_csv(network()))
    before = wmdelays("groups", "net.csv", "--layers", 4, "--json", "-")
    now = wmdelays("groups", "net.csv", "--min-layers", 4, "--json", "-")
    assert before.returncode == now.returncode == 0
    assert before.stdout == now.stdout != ""
    assert before.stderr.splitlines()[0] == "wmdelays: --layers is called --min-layers now"
    assert "called" not in now.stderr


def test_what_was_an_option_of_find_is_found_by_a_command(wmdelays):
    pytest.importorskip("elephant")
    (raster,) = bernoulli(6, 400, 1, 0.05, seed=1)
    write_raster("r.csv", Raster(raster.neurons, raster.times, 6, 0.4))
    common = ("--draws", 19, "--json", "-")
    before = wmdelays("find", "--unknown", "spade", "r.csv", "--bin", "5ms", *common)
    now = wmdelays("find-unknown", "r.csv", "--step", "5ms", *common)
    assert before.returncode == 0, before.stderr
    values = [json.loads(done.stdout) for done in (before, now)]
    assert values[0]["patterns"] == values[1]["patterns"]
    assert values[0]["settings"] == values[1]["settings"]
