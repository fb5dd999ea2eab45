"""The neurons of a network: values by class, mixtures of presets, and what is refused."""

import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.neurons import NEURONS, Neurons, mixed


def line(work, *arguments, **others):
    with pytest.raises(InputError) as refused:
        work(*arguments, **others)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", NEURONS)
def test_every_model_has_neurons_with_its_defaults_and_with_each_preset(name):
    model = NEURONS[name]
    assert Neurons(name, 3).values == {one.name: one.default for one in model.parameters}
    for preset, values in model.presets.items():
        neurons = mixed(name, 3, {preset: 1})
        assert {key: neurons.values[key] for key in values} == values


def test_values_that_differ_between_classes_are_arrays():
    neurons = mixed("izhikevich", 10, {"RS": 0.8, "FS": 0.2}, values={"t_ref": 3})
    assert neurons.values["a"].tolist() == [0.02] * 8 + [0.1] * 2
    assert neurons.values["t_ref"] == 3.0 and neurons.values["v_r"] == -65.0
    assert neurons.with_values({"t_ref": 1.0}).values["t_ref"] == 1.0
    classes = {"slow": {"t_ref": 5.0}, "fast": {"t_ref": 1.0}}
    own = Neurons("lif-exp", 4, classes=classes, members=[1, 0, 0, 1])
    assert own.values["t_ref"].tolist() == [1, 5, 5, 1]
    assert own.refractory_ticks().tolist() == [10, 50, 50, 10]


@pytest.mark.parametrize("parts", [{"RS": 1 / 3, "FS": 1 / 3, "CH": 1 / 3}, {"RS": 0, "FS": 1}])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_every_neuron_of_a_mixture_has_a_class(parts, n):
    members = mixed("izhikevich-exp", n, parts).members
    assert np.all(np.diff(members) >= 0)
    counts = np.bincount(members, minlength=len(parts))
    assert np.all(np.abs(counts - n * np.array(list(parts.values()))) <= 1)


@pytest.mark.parametrize(
    "values, wanted",
    [
        ({"tau": 1.0}, "lif-exp has no parameter 'tau'; it has c, g_l, e_l"),
        ({"c": 0.0}, "c is 0.0 pF; it has to be greater than 0 pF"),
        ({"c": float("nan")}, "c is nan pF; it has to be"),
        ({"t_ref": -1.0}, "t_ref is -1.0 ms; it has to be at least 0 ms"),
        ({"e_l": -40.0}, "lif-exp: the resting potential e_l has to lie below theta"),
        ({"v_r": -50.0}, "lif-exp: the potential after a spike v_r has to lie below theta"),
        ({"tau_s": 20.0}, "lif-exp: tau_s is the membrane's time constant c / g_l, where"),
        ({"c": 50.0}, "lif-exp: tau_s is the membrane's time constant c / g_l, where"),
    ],
)
def test_values_that_make_no_sense_are_refused(values, wanted):
    assert line(Neurons, "lif-exp", 3, classes={"": values}).startswith(wanted)


@pytest.mark.parametrize(
    "name, values, wanted",
    [
        ("lif-alpha", {"tau_s": 20.0}, "where the exact integration has no value"),
        ("lif-cond", {"e_e": -60.0}, "excitation needs a reversal potential above theta"),
        ("lif-cond", {"e_i": -40.0}, "inhibition needs a reversal potential below theta"),
        ("adex", {"e_l": -50.4}, "the resting potential e_l has to lie below v_t"),
        ("adex", {"v_r": -40.4}, "v_r has to lie below v_t + upswing"),
        ("adex", {"a": -30.0}, "without input the neuron does not rest: a is too far below zero"),
        ("adex-exp", {"e_l": -51.0}, "without input the neuron does not rest"),
        ("adex", {"delta_t": 0.0}, "delta_t is 0.0 mV; it has to be greater than 0 mV"),
        ("izhikevich", {"b": 0.27}, "b has to be less than 0.267"),
        ("izhikevich", {"b": 20.0}, "b has to be less than 0.267"),
        ("izhikevich", {"b": 0.265}, "a is too small for this b"),
        ("izhikevich-exp", {"v_r": 30.0}, "v_r has to lie below v_peak"),
    ],
)
def test_values_that_do_not_fit_each_other_are_refused(name, values, wanted):
    assert wanted in line(Neurons, name, 3, classes={"": values})


def test_currents_as_slow_as_the_membrane_are_taken_a_little_beside_it():
    """The exact integration is told for distinct time constants alone."""
    for tau in (19.9, 20.1):
        Neurons("lif-exp", 1, classes={"": {"tau_s": tau}})


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        (("hh", 3), "there is no neuron 'hh' in continuous time; there is lif-exp, lif-alpha"),
        (("lif", 3), "there is no neuron 'lif' in continuous time"),
        ((None, 3), "there is no neuron None in continuous time"),
        (("adex", 0), "there cannot be 0 neurons"),
        (("adex", 2.5), "there cannot be 2.5 neurons"),
        (("adex", 3, 0.0), "the tick is 0 ms; it has to be from 0.001 to 1 ms"),
        (("adex", 3, float("nan")), "the tick is nan ms"),
        (("adex", 3, 2e-3), "the tick is 2 ms"),
        (("adex", 3, 1e-4, {}), "there is no class of neurons"),
        (("adex", 3, 1e-4, {"": {}}, [0, 0]), "a class for each of 3 neurons"),
        (("adex", 3, 1e-4, {"": {}}, [0.0, 0, 0]), "a class for each of 3 neurons"),
        (("adex", 3, 1e-4, {"": {}}, [0, 0, 1]), "classes from 0 to 0"),
        (("adex", 3, 1e-4, {"": {}}, [0, -1, 0]), "classes from 0 to 0"),
    ],
)
def test_neurons_that_there_cannot_be_are_refused(arguments, wanted):
    assert wanted in line(Neurons, *arguments)


@pytest.mark.parametrize(
    "parts, wanted",
    [
        ({"RS": 0.8, "fast": 0.2}, "izhikevich has no preset 'fast'; there is RS, IB, CH"),
        ({"RS": 0.8, "FS": 0.3}, "the parts of the classes have to sum to 1"),
        ({"RS": 1.2, "FS": -0.2}, "the parts of the classes have to sum to 1"),
        ({"RS": float("nan")}, "the parts of the classes have to sum to 1"),
        ({}, "the parts of the classes have to sum to 1"),
    ],
)
def test_mixtures_that_there_cannot_be_are_refused(parts, wanted):
    assert wanted in line(mixed, "izhikevich", 10, parts)


def test_a_model_without_presets_says_so():
    assert line(mixed, "lif-exp", 3, {"RS": 1}) == "lif-exp has no preset 'RS'; there is none"


def test_neurons_say_what_they_are():
    assert repr(Neurons("adex", 1)) == "<Neurons: 1 neuron adex, ticks of 0.1 ms>"
