"""What `info` says of a memory for neurons in continuous time."""

import json
from dataclasses import replace

import pytest

from wmdelays import Memory, Raster, describe, write_memory
from wmdelays.neurons import Neurons, mixed


@pytest.fixture
def write(tmp_path):
    def write(neurons):
        pattern = Raster.from_steps([0, 1, 2], [3, 101, 155], neurons.n_neurons, 300, 1e-4)
        memory = Memory(
            n_neurons=neurons.n_neurons,
            n_delays=4,
            step=1e-3,
            beta=None,
            theta=None,
            pre=[0],
            post=[1],
            delay=[2],
            weight=[0.3],
            patterns=[pattern],
            neurons=neurons,
        )
        write_memory(tmp_path / "m.h5", memory)
        return memory

    return write


def test_info_names_the_model_its_classes_the_tick_the_integrator_and_the_unit_of_weights(
    wmdelays, write
):
    memory = write(mixed("izhikevich-exp", 10, {"RS": 0.8, "FS": 0.2}, values={"tau_s": 2.5}))
    done = wmdelays("info", "m.h5", "--json", "-")
    assert done.returncode == 0
    # However wide the table is.
    said = " ".join(done.said.split())
    for words in (
        "izhikevich-exp: Izhikevich's simple model, with synaptic currents that decay",
        "0.1 ms; integrator euler",
        "in mV",
        "RS: 8 neurons",
        "FS: 2 neurons",
        "a 0.1 1/ms, b 0.2, v_r -65 mV, d 2 mV",
        "tau_s 2.5 ms",
    ):
        assert words in said
    # Membranes in continuous time remember more than the delays reach, so nothing is said of contexts.
    assert "cannot be predicted" not in done.said
    found = json.loads(done.stdout)
    assert found == describe(memory) and found["unpredictable"] is None
    assert {
        "neuron": "izhikevich-exp",
        "dt_s": 1e-4,
        "integrator": "euler",
        "weight_unit": "mV",
    }.items() <= found["memory"].items()
    assert found["memory"]["beta"] is None and found["memory"]["theta"] is None
    classes = found["memory"]["classes"]
    assert [(name, one["n_neurons"]) for name, one in classes.items()] == [("RS", 8), ("FS", 2)]
    assert classes["FS"]["parameters"] == {"a": 0.1, "b": 0.2, "v_r": -65, "d": 2, "tau_s": 2.5}


def test_info_gives_the_parameters_of_neurons_that_are_all_alike(wmdelays, write):
    write(Neurons("lif-cond", 3))
    done = wmdelays("info", "m.h5")
    assert "parameters" in done.said and "e_i -80 mV" in done.said and "in nS" in done.said
    write(Neurons("izhikevich", 3))
    assert "without a unit" in wmdelays("info", "m.h5").said


def test_what_a_class_is_called_steers_nothing(wmdelays, write):
    write(Neurons("lif-cond", 3, classes={"\x1b[31mred[/]": {}}))
    done = wmdelays("info", "m.h5")
    assert "\\x1b[31mred[/]: 3 neurons" in done.said and "\x1b" not in done.said


@pytest.mark.parametrize(
    "eased, words",
    [
        ((0, 0, 0), "all neurons learned with whole margins"),
        ((3, 1, 2), "3 of 10 neurons learned with half of their margins, 1 with a quarter, 2 with"),
        ((0, 0, 2), "0 of 10 neurons learned with half of their margins, 0 with a quarter, 2 with"),
        # As former versions wrote it.
        ((3, 1), "3 of 10 neurons learned with half of their margins, 1 with a quarter, 0 with"),
    ],
)
def test_info_says_how_many_neurons_learned_with_a_part_of_their_margins(
    wmdelays, write, tmp_path, eased, words
):
    memory = write(Neurons("lif-exp", 10))
    reached = {f"{p}_margins": n for p, n in zip(("half", "quarter", "eighth"), eased)}
    write_memory(tmp_path / "m.h5", replace(memory, made={"reached": reached}))
    done = wmdelays("info", "m.h5", "--json", "-")
    assert words in " ".join(done.said.split())
    assert json.loads(done.stdout)["made"]["reached"] == reached
