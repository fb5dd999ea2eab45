"""What a rule's description says, and what is checked and asked by it."""

import inspect
import math
import tracemalloc
from types import SimpleNamespace

import pytest

import wmdelays.machine.free_memory
from wmdelays import InputError
from wmdelays.machine import scratch
from wmdelays.neurons import Neurons
from wmdelays.patterns import GENERATORS, Sizes, bernoulli
from wmdelays.training import RULES, Option, Rule, register, store
from wmdelays.training.rules.registry import TAKEN, rule_named
from wmdelays.training.rules.rule import sizes_of
from wmdelays.validation.commands.store import command

PUBLISHED = {"n_steps": 1000, "n_patterns": 16}


@pytest.mark.parametrize("rule", RULES)
def test_a_description_says_what_its_function_takes(rule):
    described = {one.name: one.default for one in RULES[rule].options}
    parameters = inspect.signature(RULES[rule].load()).parameters
    taken = {name: p.default for name, p in parameters.items() if name not in TAKEN}
    assert described == taken


@pytest.mark.parametrize("rule", RULES)
def test_every_default_is_a_value_that_is_taken(rule):
    for option in RULES[rule].options:
        assert option.checked(option.default) == option.default
        if option.default is not None:
            assert type(option.default) is option.kind


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        (Option("n", int, "", 3, least=2), 1, "n is 1; it has to be a whole number of at least 2"),
        (Option("n", int, "", 3, least=2), 2.5, "n is 2.5; it has to be a whole number"),
        (Option("n", int, "", 3, least=2), "3", "n is '3'; it has to be a number"),
        (Option("n", int, "", 3, least=2, most=9), 10, "whole number from 2 to 9"),
        (Option("n", int, "", 3, least=2), None, "n is None"),
        (Option("n", int, least=2, within_delays=True, help=""), 6, "whole number from 2 to 5"),
        (Option("p", float, "", 0.5, least=0, most=1), 1.5, "p is 1.5; it has to lie from 0 to 1"),
        (Option("p", float, "", 0.5, least=0, most=1), math.nan, "p is nan"),
        (
            Option("p", float, "", 0.5, least=0, below=1),
            1,
            "p is 1; it has to lie from 0 to below 1",
        ),
        (Option("p", float, "", 0.5, above=0), 0, "p is 0; it has to be greater than 0"),
        (Option("p", float, "", 0.5, above=0), math.inf, "p is inf"),
        (Option("p", float, "", 0.5, least=0), -1, "p is -1; it has to be at least 0"),
        (Option("p", float, "", 0.5, above=0, most=1), 0, "to lie from above 0 to 1"),
        (Option("p", float, "", 0.5, most=1), 2, "p is 2; it has to be at most 1"),
        (Option("p", float, "", 0.5, below=1), 1, "p is 1; it has to be less than 1"),
        (Option("b", bool, "", False), "no", "b is 'no'; it has to be true or false"),
        (Option("p", float, ""), math.nan, "p is nan; it has to be a finite number"),
        (Option("p", float, "", 0.5), "much", "p is 'much'; it has to be a number"),
        (Option("w", str, "", "a", choices=("a", "b")), "c", "w is 'c'; it has to be a or b"),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_one_line(option, value, complaint):
    with pytest.raises(InputError, match=complaint) as refusal:
        option.checked(value, n_delays=5)
    assert "\n" not in str(refusal.value)


def test_a_value_within_its_bounds_stays_as_it_is():
    whole = Option("n", int, "", least=2, within_delays=True)
    found = [whole.checked(value, n_delays=5) for value in (None, 2, 5.0)]
    assert found == [None, 2, 5] and type(found[2]) is int
    assert Option("p", float, "", 0.5, least=0, most=1).checked(1) == 1
    assert Option("w", str, "", "a", choices=("a", "b")).checked("b") == "b"


def test_a_setting_that_a_rule_has_not_is_refused_with_those_it_has():
    with pytest.raises(InputError, match="rule hebbian has no setting epochs; it has deconvolve"):
        rule_named("hebbian").checked({"epochs": 3})
    # It starts from Hebbian weights.
    with pytest.raises(InputError, match="no setting magic; it has epochs, .*, max_synapses$"):
        rule_named("bptt").checked({"magic": 3})


def test_no_option_has_a_name_that_is_taken():
    words = {"help", "generator"}
    for function in (store, command.function, *GENERATORS.values()):
        parameters = inspect.signature(function).parameters.values()
        words |= {p.name.removeprefix("n_") for p in parameters if p.kind is not p.VAR_KEYWORD}
        words |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    assert words - TAKEN <= {"n_neurons", "n_steps", "n_patterns"}
    for name in ("rate", "delays", "two words"):
        with pytest.raises(ValueError, match="cannot be called"):
            register(Rule("mine", print, (Option(name, int, ""),)))


def test_options_of_one_name_are_of_one_kind():
    with pytest.raises(ValueError, match="epochs is int with the rule margin, not float"):
        register(Rule("mine", print, (Option("epochs", float, ""),)))
    assert "mine" not in RULES


def asked(rule, n_neurons, n_spikes, **options):
    """Ask for the memory of the published size with other neurons."""
    sizes = Sizes(n_neurons=n_neurons, n_spikes=n_spikes, **PUBLISHED)
    rule_named(rule).check_room(sizes, 41, options)


@pytest.mark.parametrize("rule", RULES)
def test_a_network_of_a_million_neurons_is_refused(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 4e9)
    with pytest.raises(InputError, match=f"1000000 neurons .* by the rule {rule} needs about"):
        asked(rule, 10**6, 16e6)


@pytest.mark.parametrize("rule", RULES)
def test_the_published_size_fits_into_the_memory_of_a_laptop(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 8e9)
    asked(rule, 1024, 16_384)


@pytest.mark.parametrize("rule", ["margin", "hebbian"])
def test_a_hundred_million_synapses_wait_on_the_disk(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 2e9)
    disk = SimpleNamespace(free=4e9)
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda folder: disk)
    sizes = Sizes(n_neurons=100_000, n_patterns=4, n_steps=1000, n_spikes=400_000)
    few = {"max_synapses": 1000}
    rule_named(rule).check_room(sizes, 41, few)
    disk.free = 2e9
    with pytest.raises(InputError, match=r"needs about [23]\.. GB in the temporary folder"):
        rule_named(rule).check_room(sizes, 41, few)
    # As many as there could be.
    disk.free = 20e9
    with pytest.raises(InputError, match=r"take fewer .*, or few synapses \(max_synapses=1000\)"):
        rule_named(rule).check_room(sizes, 41, {})


@pytest.mark.parametrize("undamaged", [{"damaged_epochs": 0}, {"presentations": 0, "noise": 0}])
def test_margin_asks_for_less_where_no_contexts_are_damaged(undamaged):
    sizes = Sizes(n_neurons=1024, n_spikes=16_384, **PUBLISHED)
    margin = rule_named("margin")
    assert margin.n_bytes(sizes, 41, undamaged) < 0.9 * margin.n_bytes(sizes, 41, {})


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_asks_before_it_takes(rule, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 1e5)
    refused = f"by the rule {rule} needs .* are free; take fewer neurons"
    patterns = bernoulli(1000, 60, 2, 0.01)
    described = rule_named(rule)
    own = {"neurons": Neurons("lif-exp", 1000)} if described.for_neurons else {}
    with pytest.raises(InputError, match=refused):
        store(patterns, rule, n_delays=41, **own)
    if described.starts_from is None:
        own = own or {"beta": 0.7, "theta": 1.0}
        if described.for_neurons:
            patterns = [pattern.bin(1e-4) for pattern in patterns]
        with pytest.raises(InputError, match=refused):
            described.load()(patterns, n_delays=41, step=1e-3, **own)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_what_is_asked_for_is_what_is_taken_within_a_factor_of_two(rule):
    patterns = bernoulli(400, 400, 4, 0.006, seed=1)
    told = rule_named(rule).n_bytes(sizes_of(patterns, 41, 1e-3), 41, {})
    store(bernoulli(20, 60, 1, 0.1), rule, n_delays=5)
    tracemalloc.start()
    try:
        store(patterns, rule, n_delays=41)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told / 2 < peak < 2 * told
