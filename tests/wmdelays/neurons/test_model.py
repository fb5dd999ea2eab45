"""Neuron models as data."""

import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.neurons import LIF, NeuronModel, Parameter
from wmdelays.patterns import bernoulli
from wmdelays.training import store


@pytest.mark.parametrize(
    "bounds, value, line",
    [
        (dict(), np.nan, "tau is nan ms; it has to be a finite number ms"),
        (dict(low=1), 0.5, "tau is 0.5 ms; it has to be at least 1 ms"),
        (dict(low=1, inclusive=False), 1, "tau is 1 ms; it has to be greater than 1 ms"),
        (dict(high=3), np.inf, "tau is inf ms; it has to be at most 3 ms"),
        (dict(high=3, inclusive=False), 3, "tau is 3 ms; it has to be less than 3 ms"),
        (dict(low=1, high=3), 3.5, "tau is 3.5 ms; it has to lie from 1 to 3 ms"),
        (dict(low=1, high=3, inclusive=False), 1, "tau is 1 ms; it has to lie between 1 and 3 ms"),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_a_line_that_says_them(bounds, value, line):
    tau = Parameter("tau", "ms", 2.0, "time constant", **bounds)
    tau.check(2.5)
    with pytest.raises(InputError) as refused:
        tau.check(value)
    assert str(refused.value) == line
    with pytest.raises(InputError):
        Parameter("tau", "ms", value, "time constant", **bounds)


def test_bounds_are_allowed_where_they_are_inclusive():
    for value in (1.0, 3.0):
        Parameter("tau", "ms", 2.0, "time constant", 1, 3).check(value)


def test_a_unit_is_one_that_every_simulator_knows():
    with pytest.raises(InputError, match="tau has the unit 's'; there is 1, ms"):
        Parameter("tau", "s", 1.0, "time constant")


def test_a_memory_holds_what_learning_depends_on_and_the_rest_has_defaults(make_memory):
    memory = make_memory(beta=0.6, theta=2.0)
    assert LIF.values(memory) == {"beta": 0.6, "theta": 2.0}
    own = NeuronModel(
        "own", "with a pause", (*LIF.parameters, Parameter("t_ref", "ms", 3.0, "pause")), LIF.held
    )
    assert own.values(memory) == {"beta": 0.6, "theta": 2.0, "t_ref": 3.0}


def test_storing_takes_the_defaults_of_the_model():
    for parameter in LIF.parameters:
        memory = store(bernoulli(20, 40, 1, 0.1), "hebbian", n_delays=5)
        assert getattr(memory, parameter.name) == parameter.default
