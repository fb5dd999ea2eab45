"""Settings of scans: which there are, of which kind, and what is refused."""

import json
from types import SimpleNamespace

import pytest

import wmdelays.machine.free_memory
from wmdelays.errors import InputError
from wmdelays.machine import scratch
from wmdelays.validation.published import PUBLISHED, SETTING
from wmdelays.validation.scans.parameters import check_settings, published_settings, settings
from wmdelays.validation.scans.scanning import scan

SMALL = "bernoulli:neurons=30,steps=80,patterns=2,rate=0.03"


def test_several_parameters_make_all_combinations():
    found = settings(SMALL, {"delays": [5, "10"], "rule": ["hebbian", "margin"]})
    assert [(one["delays"], one["rule"]) for one in found] == [
        *((5, "hebbian"), (5, "margin"), (10, "hebbian"), (10, "margin"))
    ]
    assert all(one["neurons"] == 30 and one["rate"] == 0.03 for one in found)
    assert all(one["beta"] == 0.7 and one["theta"] == 1.0 for one in found)


def test_values_get_the_kind_of_their_parameter():
    options = {"kappa": "0.2", "max_synapses": "40", "prune": "recall", "signs": "dale"}
    options |= {"epochs": "7", "lost": "1", "shortest_trigger": "none"}
    (found,) = settings(SMALL, {"theta": ["2"]}, options=options)
    kinds = {name: (found[name], type(found[name])) for name in (*options, "theta")}
    assert kinds == {
        "kappa": (0.2, float),
        "max_synapses": (40, int),
        "prune": ("recall", str),
        "signs": ("dale", str),
        "epochs": (7, int),
        "lost": (1.0, float),
        "shortest_trigger": (None, type(None)),
        "theta": (2.0, float),
    }


def test_rows_of_earlier_scans_are_found_again():
    """A whole number for an option that follows others by default stands there as such."""
    (found,) = settings(SMALL, {"rule": ["bptt"]}, options={"alpha": "15", "learning_rate": "0.5"})
    assert json.dumps([found["alpha"], found["learning_rate"]]) == "[15, 0.5]"


def test_a_value_that_is_named_twice_is_one_point():
    assert len(settings(SMALL, {"delays": [5, 5, " 5"]})) == 1


def test_a_parameter_of_the_generator_may_be_scanned_without_a_first_value():
    found = settings("refractory:neurons=30,steps=80,patterns=2", {"rate": [0.01, 0.02]})
    assert [(one["rate"], one["interval"]) for one in found] == [(0.01, 4), (0.02, 4)]


def test_the_published_scans_move_one_parameter_each():
    found = published_settings()
    assert len(found) == sum(map(len, PUBLISHED.values()))
    for one in found:
        moved = [name for name, value in SETTING.items() if one[name] != value]
        assert len(moved) == 1
    rules = published_settings(over={"rule": ["hebbian", "margin"]})
    assert len(rules) == 2 * len(found)
    with pytest.raises(InputError, match="changes delays itself"):
        published_settings(over={"delays": [3]})


@pytest.mark.parametrize(
    ("over", "options", "message"),
    [
        ({"delay": [3]}, {}, "there is no parameter 'delay'.*there are neurons, .*delays"),
        ({"delays": ["three"]}, {}, "delays has to be a whole number, not 'three'"),
        ({"delays": [2.5]}, {}, "delays has to be a whole number"),
        ({"beta": ["nan"]}, {}, "beta has to be a number, not 'nan'"),
        ({"one_delay_per_pair": ["maybe"]}, {}, "one_delay_per_pair has to be true or false"),
        ({"kappa": ["small"]}, {}, "kappa has to be a number"),
        ({"rule": ["hebbian"]}, {"kappa": 0.1}, "'kappa' with bernoulli and the rule hebbian"),
        ({"beta_spread": ["wide"]}, {}, "beta_spread has to be a number"),
        ({"beta_spread": [0.1]}, {"neuron": "lif-exp"}, "there is no parameter 'beta_spread'"),
        ({"rule": ["none"]}, {}, "there is no rule 'none'"),
        ({"checkpoint": ["x"]}, {}, "there is no parameter 'checkpoint'"),
        ({"delays": [3]}, {"delays": 3}, "delays is scanned; it cannot be set as well"),
    ],
)
def test_unknown_parameters_and_values_are_refused(over, options, message):
    with pytest.raises(InputError, match=message):
        settings(SMALL, over, options=options)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"delays": [10, 0]}, "^delays = 0: .*at least one neuron and one delay"),
        ({"delays": [10, 80]}, "^delays = 80: patterns of 80 steps leave nothing to recall"),
        ({"rate": [0.01, 1.5]}, "^rate = 1.5: rate is 1.5"),
        ({"patterns": [2, -1]}, "^patterns = -1: patterns is -1"),
        ({"beta": [0.5, 1.0]}, "^beta = 1: beta is 1.0"),
        ({"kappa": [0.5, 1.5]}, "^kappa = 1.5: kappa is 1.5"),
        ({"epochs": [3, 0]}, "^epochs = 0: epochs is 0"),
        ({"damaged_epochs": [3, -2]}, "^damaged_epochs = -2"),
        ({"beta_spread": [0.1, 2]}, "^beta_spread = 2: .*it has to lie from 0 to 1"),
        ({"lost": [0.5, 2]}, "^lost = 2: lost is 2.0"),
        (
            {"prune": ["none", "true"]},
            "^prune = true: prune is 'true'; it has to be damage or recall",
        ),
        ({"signs": ["free", "both"]}, "^signs = both: signs is 'both'; it has to be free or dale"),
        ({"shortest_trigger": [5, 42]}, "^shortest_trigger = 42: shortest_trigger is 42"),
    ],
)
def test_values_that_make_no_sense_are_refused_before_anything_is_stored(
    over, message, monkeypatch
):
    monkeypatch.setattr("wmdelays.validation.scans.scanning.store_points", lambda points: 1 / 0)
    with pytest.raises(InputError, match=message):
        scan(settings(SMALL, over))


def test_checks_of_a_large_setting_take_no_time_of_its_size(monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 1e18)
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e18))
    large = "bernoulli:neurons=100000,steps=100000,patterns=10000,rate=0.5"
    check_settings(settings(large, options={"delays": 5000, "epochs": 10**6}))
