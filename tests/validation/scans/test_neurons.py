"""Scans and searches for neurons in continuous time."""

import json

import pytest

from wmdelays import InputError, generate, recall, store
from wmdelays.neurons import neurons_of
from wmdelays.timing import score_times
from wmdelays.validation.reports.capacity import capacity_figure
from wmdelays.validation.reports.scan import scans
from wmdelays.validation.scans.limit import outcomes
from wmdelays.validation.scans.neurons import neuron_values, neurons_in
from wmdelays.validation.scans.parameters import (
    check_settings,
    common_options,
    rule_options,
    settings,
    specification,
)
from wmdelays.validation.scans.scanning import store_points

SMALL = "refractory:neurons=16,steps=60,patterns=2,rate=0.03,interval=5"
LIF_ONLY = {"neuron": "lif-exp", "tau_s": "0.5ms"}
LIF = {"neuron": "lif-exp", "tau_s": "0.5ms", "delays": "12"}


def test_a_setting_has_the_neurons_their_tick_and_parameters_beside_options_of_their_rule():
    (found,) = settings(SMALL, options=LIF | {"kappa": "2", "theta": "-52 mV"})
    assert {name: found[name] for name in ("neuron", "dt_ms", "tau_s", "theta", "kappa")} == {
        "neuron": "lif-exp",
        "dt_ms": 0.1,
        "tau_s": 0.5,
        "theta": -52.0,
        "kappa": 2.0,
    }
    assert found["rule"] == "timed-margin" and "beta" not in found
    assert rule_options(found) == {"kappa": 2.0}
    own = common_options(found, 16)["neurons"]
    assert (own.values["tau_s"], own.values["theta"], own.dt) == (0.5, -52.0, 1e-4)
    json.dumps(found)


def test_settings_of_the_grid_stay_as_they_were():
    (found,) = settings(SMALL)
    assert list(found)[-4:] == ["delays", "beta", "theta", "rule"]
    assert (found["rule"], neurons_in(found, 16)) == ("margin", None)


def test_parameters_and_neurons_are_scanned():
    found = settings(
        SMALL, {"tau_s": ["0.5ms", "2"], "kappa": [1, 4]}, options={"neuron": "lif-exp"}
    )
    assert [(one["tau_s"], one["kappa"]) for one in found] == [(0.5, 1), (0.5, 4), (2, 1), (2, 4)]
    found = settings(SMALL, {"neuron": ["lif-exp", "izhikevich:RS=0.8,FS=0.2"]})
    assert [neurons_in(one, 10).model.name for one in found] == ["lif-exp", "izhikevich"]
    assert list(neurons_in(found[1], 10).classes) == ["RS", "FS"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"neuron": "lif"}, "no neuron 'lif' in continuous time"),
        ({"neuron": "lif-exp", "tau_e": 2}, "no parameter 'tau_e'.*tau_s"),
        ({"neuron": "lif-exp", "beta": 0.5}, "no parameter 'beta'"),
        ({"neuron": "lif-exp", "tau_s": "fast"}, "tau_s is 'fast'"),
        ({"neuron": "lif-exp", "tau_s": -1}, "tau_s is -1"),
        ({"neuron": "lif-exp", "dt_ms": 7}, "from 0.001 to 1 ms"),
        ({"dt_ms": 0.1}, "name them"),
        ({"tau_s": 2}, "no parameter 'tau_s'"),
    ],
)
def test_what_is_no_neuron_or_parameter_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        settings(SMALL, options=options)


def test_a_rule_of_the_grid_is_refused_for_neurons_before_any_work():
    with pytest.raises(InputError, match="margin is for the network in discrete time"):
        check_settings(settings(SMALL, rule="margin", options=LIF))
    with pytest.raises(InputError, match="for neurons in continuous time; name them"):
        check_settings(settings(SMALL, rule="timed-margin"))


def test_a_parameter_with_the_name_of_something_else_is_refused():
    with pytest.raises(InputError, match="theta is a parameter of lif-exp and of something else"):
        neuron_values({"neuron": "lif-exp"}, {"delays", "theta"})


def test_a_point_is_judged_by_f1_within_a_millisecond():
    # The refractory period is longer than the intervals, so that not all can be recalled.
    (setting,) = settings(SMALL, options=LIF | {"t_ref": 8, "epochs": 10})
    (figures,) = store_points([(setting, 3)])
    neurons = neurons_of("lif-exp", 16, settings=["tau_s=0.5", "t_ref=8"])
    patterns = generate(specification(setting), seed=3)
    memory = store(patterns, n_delays=12, neurons=neurons, seed=3, epochs=10)
    times = score_times(recall(memory, memory.cues()), memory.patterns)
    assert figures["f1"] == times.within[1].f1 < 1
    assert figures["worst_pattern_f1"] == min(one.within[1].f1 for one in times.patterns)


def test_capacity_searches_for_neurons_and_goes_on_from_its_rows(wmdelays, tmp_path):
    words = "--neurons 12 --steps 40 --rate 0.03 --delays 12 --interval 5 --seeds 1 --precision 0.6"
    words += " --for lif-exp --set tau_s=0.5ms --set epochs=8 --bound 0.9 --start 2 --dt 0.1ms"
    file = tmp_path / "c.jsonl"
    command = ("capacity", *words.split(), "--results", file, "--json", "-")
    done = wmdelays(*command)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["stored"] >= 1 and found["f1_stored"] >= 0.9
    assert found["setting"]["generator"] == "refractory" and found["setting"]["interval"] == 5
    rows = file.read_bytes()
    again = wmdelays(*command)
    assert json.loads(again.stdout) == [found] and file.read_bytes() == rows
    for wrong in (("--rule", "margin"), ("--set", "tau_e=2ms"), ("--set", "neuron=adex")):
        refused = wmdelays(*command, *wrong)
        assert refused.returncode == 2 and len(refused.stderr.splitlines()) == 1


def test_searches_for_the_grid_and_for_neurons_stand_in_one_figure_beside_theory():
    over = {"delays": [8, 16]}
    both = settings(SMALL, over) + settings(SMALL, over, options=LIF_ONLY)
    figures = {"loss": 0.0, "storable": 1.0, "seconds": 1.0, "peak_bytes": 1, "synapses": 1}
    rows = [{"setting": one, "seed": 0, "figures": {"f1": 1.0, **figures}} for one in both]
    found = outcomes(rows, 0.99)
    groups = scans([one["setting"] for one in found])["delays"]
    figure = capacity_figure(found, "delays", groups)
    texts = [" ".join(text.get_text().split()) for text in figure.legends[0].get_texts()]
    assert len(texts) == 4 and sum("neuron lif-" in text for text in texts) == 2
    assert len(figure.axes[0].lines) >= 4
