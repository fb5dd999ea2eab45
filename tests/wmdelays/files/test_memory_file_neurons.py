"""Memory files for neurons in continuous time, format version 2."""

import json

import h5py
import numpy as np
import pytest

from wmdelays import InputError, Memory, Raster
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.files.sealed_file import seal
from wmdelays.neurons import NEURONS, Neurons

NODES = "nodes/neurons"
PATTERN = "spikes/pattern_0000"
CLASSES = {"slow": {"t_ref": 5.0, "tau_e": 2.5}, "fast": {}, "nobody": {"t_ref": 0.0}}


def memory_for(model="adex", classes=None, dt=1e-4, n_neurons=5, members=None, **others):
    rng = np.random.default_rng(3)
    n_ticks = round(20e-3 / dt)
    patterns = []
    for _ in range(2):
        entries = np.sort(rng.choice(n_ticks * n_neurons, 30, replace=False))
        patterns.append(
            Raster.from_steps(entries % n_neurons, entries // n_neurons, n_neurons, n_ticks, dt)
        )
    if members is None and classes:
        members = rng.integers(len(classes), size=n_neurons)
    given = dict(
        step=1e-3,
        beta=None,
        theta=None,
        pre=[0, 1, 2, 2],
        post=[1, 2, 0, 4],
        delay=[1, 4, 2, 2],
        weight=[3.0, -2.0, 1e-3, 7.25],
        patterns=patterns,
        made={"rule": "none", "seed": 3},
        neurons=Neurons(model, n_neurons, dt, classes or {"": {}}, members),
    )
    return Memory(n_neurons=n_neurons, n_delays=4, **given | others)


@pytest.fixture
def written(tmp_path):
    """A function that writes a memory, lets its file be changed, and gives the path."""

    def write(work=None, **others):
        path = tmp_path / "m.h5"
        write_memory(path, memory_for(classes=CLASSES, **others))
        if work is not None:
            with h5py.File(path, "r+") as file:
                work(file)
            seal(path)
        return path

    return write


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("dt", [1e-4, 2.5e-4, 1e-3])
def test_what_is_written_is_read_back_equal(tmp_path, same_memory, name, dt):
    presets = NEURONS[name].presets
    for classes in (None, presets or {"a": {"t_ref": 1.0}, "b": {"t_ref": 3.5}}):
        memory = memory_for(name, classes, dt)
        write_memory(tmp_path / "m.h5", memory)
        found = read_memory(tmp_path / "m.h5")
        assert same_memory(found, memory) and found.fingerprint() == memory.fingerprint()
        assert found.neurons.model is memory.neurons.model and found.neurons.dt == dt
        assert found.neurons.classes == memory.neurons.classes
        assert list(found.neurons.classes) == list(memory.neurons.classes)
        assert np.array_equal(found.neurons.members, memory.neurons.members)
        write_memory(tmp_path / "again.h5", found)
        assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "m.h5").read_bytes()


def test_a_memory_in_discrete_time_is_still_of_version_1(tmp_path, make_memory):
    """In the order of before, which shows in the bytes."""
    write_memory(tmp_path / "m.h5", make_memory())
    with h5py.File(tmp_path / "m.h5") as file:
        attributes = file["wmdelays"].attrs
        order = ["format_version", "n_neurons", "n_delays", "step_s", "beta", "theta", "periodic"]
        assert sorted(attributes, key=_creation(file["wmdelays"])) == [*order, "rule", "seed"]
        assert attributes["format_version"] == 1
        assert not file[f"{NODES}/node_type_id"][:].any()


def _creation(group):
    """How attributes follow each other in the file: the place of their names in it."""
    content = open(group.file.filename, "rb").read()
    return lambda name: content.index(name.encode() + b"\0")


def change(name, value):
    def work(file):
        del file["wmdelays"].attrs[name]
        if value is not None:
            file["wmdelays"].attrs[name] = value

    return work


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("neuron", "hh", "is for the neuron hh; this software knows lif-exp, lif-alpha"),
        ("neuron", "lif", "is for the neuron lif; this software knows"),
        ("neuron", "a\nb", r"is for the neuron a\nb; this software knows"),
        ("neuron", None, "has no attribute neuron"),
        ("neuron", 3, "the attribute neuron is not a text"),
        ("integrator", "exact", "was learned with the integrator exact, not euler"),
        ("integrator", None, "has no attribute integrator"),
        ("integrator", 1.5, "the attribute integrator is not a text"),
        ("dt_s", 3e-4, "does not divide"),
        ("dt_s", 0.0, "the tick is 0 ms; it has to be from 0.001 to 1 ms"),
        ("dt_s", -1e-4, "the tick is -0.1 ms"),
        ("dt_s", np.nan, "the tick is nan ms"),
        ("dt_s", np.inf, "the tick is inf ms"),
        ("dt_s", "0.1", "the attribute dt_s is not a number"),
        ("dt_s", None, "has no attribute dt_s"),
        ("classes", None, "has no attribute classes"),
        ("classes", 7, "the attribute classes is not a text"),
        ("classes", "", "the attribute 'classes' is not"),
        ("classes", "[", "the attribute 'classes' is not"),
        ("classes", "{}", "the attribute 'classes' "),
        ("classes", "[]", "there is no class of neurons"),
        ("classes", "[" * 1000, "the attribute 'classes' is not"),
        ("classes", '[{"name": "a"}]', "the attribute 'classes' "),
        ("classes", '[{"name": 1, "parameters": {}}]', "the attribute 'classes' "),
        ("classes", '[{"name": "a", "parameters": {}, "more": 1}]', "the attribute 'classes' "),
        ("classes", '[{"name": "a", "parameters": {"c": "1"}}]', "the attribute 'classes' "),
        ("classes", '[{"name": "a", "parameters": {"c": null}}]', "the attribute 'classes' "),
        ("classes", '[{"name": "a", "parameters": {"c": NaN}}]', "the attribute 'classes' is not"),
        ("classes", '[{"name": "a", "parameters": {"c": 1e999}}]', ""),
        ("classes", '[{"name": "a", "parameters": {"c": -1}}]', "c is -1.0 pF; it has to be"),
        ("classes", '[{"name": "a", "parameters": {"tau": 1}}]', "adex has no parameter 'tau'"),
        ("classes", '[{"name": "a", "parameters": {"e_l": 0}}]', "the resting potential e_l"),
        ("format_version", 1, "has no attribute beta"),
        ("format_version", 7, "has format version 7; this software reads 1 and 2 and 3 and 4 and 5 and 6"),
    ],
)  # fmt: skip
def test_what_is_wrong_about_neurons_is_refused_in_one_line(written, refusal, name, value, words):
    assert words in refusal(written(change(name, value)))


def test_a_class_is_named_once(written, refusal):
    twice = json.dumps([{"name": "a", "parameters": {}}] * 2)
    assert "names a class twice" in refusal(written(change("classes", twice)))


@pytest.mark.parametrize(
    "kinds, words",
    [
        ([0, 1, 2, 3, 0], "members has to name classes from 0 to 2"),
        ([0, 1, 2, -1, 0], "members has to name classes from 0 to 2"),
        ([0, 1, 2, 2**40, 0], "members has to name classes from 0 to 2"),
        ([0.0, 1.0, 2.0, 1.5, 0.0], "members has to name a class for each of 5 neurons"),
        ([0, 1, 2, 1], "has 4 nodes, but n_neurons is 5"),
    ],
)
def test_node_types_that_are_no_classes_are_refused(written, refusal, kinds, words):
    def work(file):
        del file[f"{NODES}/node_type_id"]
        file[f"{NODES}/node_type_id"] = kinds

    assert words in refusal(written(work))


@pytest.mark.parametrize("time", [0.05, 3.14159, -0.1, np.nan, 1e300, 19.96])
def test_times_off_the_grid_of_ticks_or_outside_are_refused(written, refusal, time):
    def work(file):
        file[f"{PATTERN}/timestamps"][3] = time

    line = refusal(written(work))
    assert "pattern_0000" in line and (
        "whole number of steps of 0.1 ms" in line or "outside" in line
    )


def test_a_memory_of_one_tick_is_none_of_another(written, refusal):
    """A tick that divides the step but not the times of spikes."""
    assert "not a whole number of steps of 0.5 ms" in refusal(written(change("dt_s", 5e-4)))


def test_spikes_in_one_step_but_other_ticks_are_two(tmp_path):
    pattern = Raster.from_steps([0, 0], [100, 103], 5, 200, 1e-4)
    memory = memory_for(patterns=[pattern])
    write_memory(tmp_path / "m.h5", memory)
    assert read_memory(tmp_path / "m.h5").patterns == (pattern,)
    with pytest.raises(InputError, match="pattern 0 has spikes between the steps"):
        memory_for(patterns=[Raster([0], [0.01005], 5, 0.02)])


def test_a_memory_has_either_beta_and_theta_or_neurons():
    with pytest.raises(InputError, match="either beta and theta or neurons in continuous time"):
        memory_for(beta=0.5)
    with pytest.raises(InputError, match="a memory needs beta, or neurons in continuous time"):
        memory_for(neurons=None)
    with pytest.raises(
        InputError, match="there are 4 neurons in continuous time, the network has 5"
    ):
        memory_for(neurons=Neurons("adex", 4))
    with pytest.raises(InputError, match="does not divide"):
        memory_for(neurons=Neurons("adex", 5, 0.3e-3), patterns=())
