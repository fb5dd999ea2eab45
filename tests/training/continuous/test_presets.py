"""Presets rest without input, and fire under a step of current as the figures of their papers have it."""

import math

import numpy as np
import pytest

from wmdelays.neurons import NEURONS, Neurons
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous.code import functions_of

DT = 0.1
SETS = [(name, preset) for name, model in NEURONS.items() for preset in (None, *model.presets)]


def spikes(name, preset, current, duration, t_ref=0.0):
    """Times of spikes in ms under a current into the membrane that is there from the start."""
    model = NEURONS[name]
    chosen = {**model.presets.get(preset, {}), "t_ref": t_ref}
    values = Neurons(model, 1, classes={"": chosen}).values
    space = {"math": math}
    exec(functions_of(model)[0], space)
    (constants,) = one_tick(model).values_of_constants(values, DT)
    (x,) = rest(model, values)
    found = []
    for k in range(1, round(duration / DT)):
        if current:
            x[-1] = current
        space["tick"](x, constants, False)
        if space["fires"](x, constants):
            space["spike"](x, constants)
            found.append(k * DT)
    return np.array(found)


@pytest.mark.parametrize("name, preset", SETS)
def test_a_neuron_rests_without_input(name, preset):
    assert len(spikes(name, preset, 0, 2000)) == 0


def intervals(name, preset, current, duration=500):
    return np.diff(spikes(name, preset, current, duration))


def test_adex_fires_as_its_papers_have_it():
    def found(preset, current):
        return intervals("adex-exp", preset, current)

    regular = found("regular", 1000)
    assert regular[-1] > 2 * regular[0]
    assert np.ptp(found("fast-spiking", 1000)) < 1.5
    bursting = found("bursting", 800)
    assert np.all(bursting[::2] < 5) and np.all(bursting[1::2] > 50)
    assert np.ptp(found("tonic", 500)) < 2
    adapting = found("adapting", 500)
    assert np.all(np.diff(adapting) > -0.5) and adapting[-1] > 5 * adapting[0]
    burst = found("initial-burst", 400)
    assert np.all(burst[:2] < 10) and np.all(burst[2:] > 50)
    again = found("regular-bursting", 210)
    assert np.all(again[2::2] > 100) and np.all(again[3::2] < 10)
    accelerating = found("delayed-accelerating", 300)
    assert np.all(np.diff(accelerating) < 0.5) and accelerating[0] > 1.4 * accelerating[-1]
    assert spikes("adex-exp", "delayed-accelerating", 300, 500)[0] > 30
    assert len(spikes("adex-exp", "transient", 180, 500)) == 1
    irregular = found("irregular", 160)
    assert irregular.std() > 0.3 * irregular.mean()


def test_izhikevichs_neuron_fires_as_its_paper_has_it():
    def found(preset, current=10):
        return intervals("izhikevich-exp", preset, current)

    regular, fast = found("RS"), found("FS")
    assert regular[-1] > 2 * regular[0] and np.ptp(fast[3:]) < 0.5 and fast[-1] < 10
    bursting = found("IB")
    assert np.all(bursting[:2] < 10) and np.all(bursting[2:] > 20)
    chattering = found("CH")
    assert np.sum(chattering < 5) > 20 and np.sum(chattering > 30) > 5
    low_threshold = found("LTS")
    assert 5 < low_threshold[-1] < 20 and low_threshold[-1] > 2 * low_threshold[0]
    # A current that is too small for a regular spiking neuron.
    for preset in ("LTS", "TC", "RZ"):
        assert len(spikes("izhikevich-exp", preset, 2, 500)) > 5
    assert len(spikes("izhikevich-exp", "RS", 2, 500)) == 0


def test_a_thalamocortical_neuron_fires_a_burst_when_inhibition_ends():
    assert len(_rebound("TC")) >= 2 and len(_rebound("RS")) == 0


def _rebound(preset):
    model = NEURONS["izhikevich-exp"]
    values = Neurons(model, 1, classes={"": model.presets[preset]}).values
    space = {"math": math}
    exec(functions_of(model)[0], space)
    (constants,) = one_tick(model).values_of_constants(values, DT)
    (x,) = rest(model, values)
    found = []
    for k in range(3000):
        x[-1] = -10 if k < 2000 else 0
        space["tick"](x, constants, False)
        if space["fires"](x, constants):
            space["spike"](x, constants)
            found.append(k)
    return found
