"""A rule that is described is everywhere: on the command line, in scans and in the file."""

import re

import pytest
from page_blocks import ROOT, blocks

from wmdelays.files.memory_file import read_memory
from wmdelays.training import RULES

PAGE = ROOT / "docs/developers/add_a_rule.md"
SPARSE = "bernoulli:neurons=60,steps=100,patterns=2,rate=0.01"


@pytest.fixture
def nearest(own_rules):
    """The rule `nearest` of the page for developers."""
    (code,) = (block for block in blocks(PAGE) if block.language == "python")
    exec(code.compiled(), {"__name__": "nearest"})
    return RULES["nearest"]


def words(text):
    """The words of a help, without its frames and line breaks."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


def test_a_registered_rule_has_its_options_in_the_help_of_store(nearest, wmdelays):
    shown = words(wmdelays("store", "--help").stdout)
    assert "margin, hebbian, pseudo-inverse, bptt, timed-margin or nearest." in shown
    for option in nearest.options:
        assert f"--{option.name}" in shown and option.help in shown
    assert "Rule nearest" in shown and "[default: (1.2)]" in shown
    for command in ("scan", "capacity"):
        assert "timed-margin or nearest." in words(wmdelays(command, "--help").stdout)


def test_its_options_are_in_the_memorys_file(nearest, wmdelays, tmp_path):
    stored = wmdelays("store", SPARSE, "-o", "m.h5", "--rule", "nearest", "--parents", 4)
    assert stored.returncode == 0, stored.stderr
    made = read_memory(tmp_path / "m.h5").made
    assert made["rule"] == "nearest" and made["settings"] == {"parents": 4}
    assert made["scores"]["f1"] > 0.9


def test_its_options_can_be_scanned(nearest, wmdelays, tmp_path, load_json):
    scanned = ("--over", "parents=1,3", "--set", "strength=1.1", "--over", "delays=20")
    done = wmdelays("scan", SPARSE, "--rule", "nearest", *scanned, "--seeds", 1, "--json", "s.json")
    assert done.returncode == 0, done.stderr
    found = [one["setting"] for one in load_json(tmp_path / "s.json")]
    assert [(one["parents"], one["strength"]) for one in found] == [(1, 1.1), (3, 1.1)]


def test_its_capacity_can_be_searched_for(nearest, wmdelays, tmp_path, load_json):
    sizes = ("--neurons", 60, "--steps", 60, "--delays", 20, "--rate", 0.01, "--bound", 0.5)
    done = wmdelays(
        *("capacity", "--rule", "nearest", *sizes, "--set", "parents=2", "--seeds", 1),
        *("--precision", 1, "--json", "c.json"),
    )
    assert done.returncode == 0, done.stderr
    (found,) = load_json(tmp_path / "c.json")
    assert found["setting"]["rule"] == "nearest" and found["setting"]["parents"] == 2


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("--parents", 0), "parents is 0; it has to be a whole number of at least 1"),
        (("--strength", "-1"), "strength is -1.0; it has to be greater than 0"),
        (("--kappa", 0.2), "the rule nearest has no setting kappa; it has parents, strength"),
    ],
)
def test_its_options_are_checked(nearest, refused, given, complaint):
    assert complaint in refused("store", SPARSE, "-o", "m.h5", "--rule", "nearest", *given)


def test_the_memory_it_needs_is_asked_for(nearest, refused, monkeypatch):
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 1e8)
    large = "bernoulli:neurons=1000,steps=1000,patterns=100,rate=0.001"
    line = refused("store", large, "-o", "m.h5", "--rule", "nearest", "--parents", 40)
    assert "by the rule nearest needs about 1.2 GB" in line


def test_what_to_do_about_an_incomplete_recall_is_what_it_says(nearest, wmdelays):
    many = "bernoulli:neurons=20,steps=100,patterns=4,rate=0.05"
    done = wmdelays("store", many, "-o", "m.h5", "--rule", "nearest", "--delays", 10)
    assert "not complete: more --parents tell more contexts apart." in done.said


def test_an_option_that_several_rules_have_is_there_once_and_names_them(wmdelays):
    shown = words(wmdelays("store", "--help").stdout)
    assert len(re.findall(r"--epochs\b", shown)) == 1
    text = "margin, bptt, timed-margin: number of epochs at most. [default: (margin 100, bptt 16,"
    assert text in shown
    assert "hebbian, pseudo-inverse, bptt: the deconvolved target." in shown
    for rule in RULES.values():
        for option in rule.options:
            assert f"--{option.name.replace('_', '-')} " in shown


def test_help_of_a_command_with_rules_waits_for_no_rule(wmdelays):
    check = (
        "import sys; from wmdelays.validation.cli import main; main(['store', '--help']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numba', 'brian2')))"
    )
    assert wmdelays.in_a_process("-c", check).returncode == 0
