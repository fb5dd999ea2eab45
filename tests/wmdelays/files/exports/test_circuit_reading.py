"""SONATA circuits from elsewhere: what is mapped exactly, and the reason why others are not."""

import json
import math
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from exported_memories import N, each_its_own, random_memory

from wmdelays import InputError, InputWarning, Raster, export_memory, import_weights, read_memory

CUE = Raster([0, 3, 5, 7], [0.0, 0.0, 0.001, 0.002], N, 0.03)
CELL = "components/cell_models/lif.json"
NODE_TYPES, EDGE_TYPES = "network/neurons_node_types.csv", "network/neurons_edge_types.csv"
EDGES = "edges/neurons_to_neurons"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "circuit"
    export_memory(random_memory(), folder, "sonata")
    for name in ("memory.json", "stored_patterns.h5", "README.md"):
        (folder / name).unlink()
    return folder


@pytest.fixture
def circuit(made, tmp_path):
    """A circuit that nobody says is an export."""
    return Path(shutil.copytree(made, tmp_path / "circuit"))


def told(folder, **how):
    with pytest.raises(InputError) as error:
        import_weights(folder, **({"cues": [CUE]} | how))
    line = str(error.value)
    assert line.startswith(str(folder)) and "\n" not in line
    return line.removeprefix(str(folder))


def changed(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def replaced(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_it_is_mapped_and_says_what_is_left_out(circuit):
    with pytest.warns(InputWarning, match="the virtual population cue is left out"):
        found = import_weights(circuit, cues=[CUE])
    memory = random_memory()
    for name in ("pre", "post", "delay", "weight"):
        assert np.array_equal(getattr(found, name), getattr(memory, name))
    assert (found.beta, found.theta, found.step) == (0.8, 1.0, 1e-3)
    assert found.made["rule"] == "imported" and found.made["settings"]["kind"] == "SONATA circuit"


@pytest.mark.filterwarnings("ignore::wmdelays.errors.InputWarning")
def test_neurons_in_millivolts_and_without_a_rounded_beta(circuit):
    values = {"E_L": -70.0, "V_reset": -70.0, "V_m": -70.0, "V_th": -50.0, "tau_m": 8.0}
    changed(circuit / CELL, **values, V_min=-1.7976931348623157e308)
    (circuit / NODE_TYPES).write_text(
        "node_type_id model_type model_template dynamics_params\n0 point_process iaf_psc_delta lif.json\n"
    )
    found = import_weights(circuit, cues=[CUE])
    assert found.theta == 20.0 and found.beta == math.exp(-1 / 8)


@pytest.mark.filterwarnings("ignore::wmdelays.errors.InputWarning")
def test_synapses_that_are_alike_are_added_and_orders_do_not_matter(circuit):
    memory = random_memory()
    with h5py.File(circuit / "network/neurons_edges.h5", "a") as file:
        group = file[EDGES]
        turned = {}
        for name in ("source_node_id", "target_node_id", "edge_type_id", "0/syn_weight", "0/delay"):
            values = group[name][:][::-1]
            turned[name] = np.append(values, values[:2])
            attributes = dict(group[name].attrs)
            del group[name]
            group[name] = turned[name]
            group[name].attrs.update(attributes)
        for name in ("edge_group_id", "edge_group_index"):
            del group[name]
    with pytest.warns(InputWarning, match="2 synapses beside one of the same neurons and delay"):
        found = import_weights(circuit, cues=[CUE])
    weight = memory.weight.copy()
    weight[-2:] *= 2
    assert np.array_equal(found.weight, weight) and np.array_equal(found.post, memory.post)


@pytest.mark.filterwarnings("ignore::wmdelays.errors.InputWarning")
def test_nodes_may_stand_in_any_order(tmp_path):
    memory = each_its_own()
    export_memory(memory, tmp_path / "circuit", "sonata")
    (tmp_path / "circuit/memory.json").unlink()
    with h5py.File(tmp_path / "circuit/network/neurons_nodes.h5", "a") as file:
        file["nodes/neurons/node_id"][:] = np.arange(N)[::-1]
    cue = Raster([0], [0.0], N, 0.03)
    found = import_weights(tmp_path / "circuit", cues=[cue], n_steps=40)
    assert np.array_equal(found.beta, memory.beta[::-1]) and found.step == 3e-4
    assert np.array_equal(found.theta, memory.theta[::-1])


@pytest.mark.parametrize(
    "values, reason",
    [
        ({"t_ref": 2.0}, "has neurons with t_ref 2: a pause after each spike"),
        ({"t_ref": 1e-9}, "has neurons with t_ref 1e-09: a pause"),
        ({"I_e": 3.0}, "has neurons with I_e 3: a current"),
        ({"V_reset": -1.0}, "has neurons with V_reset -1: a reset to another value than E_L"),
        ({"E_L": -5.0}, "has neurons with V_reset 0: a reset to another value than E_L"),
        ({"V_m": -70.0}, "has neurons with V_m -70: a membrane that does not begin at E_L"),
        ({"V_min": -5.0}, "has neurons with the parameter V_min"),
        ({"asc_decay": [1.0]}, "has neurons with the parameter asc_decay"),
        ({"tau_m": 0.0}, "has neurons with tau_m 0 ms"),
        ({"tau_m": 20.0}, "has neurons with beta 0.8 in the table of types, and tau_m 20 ms"),
        ({"V_th": "1"}, "has neurons with V_th 1, not a number"),
        ({"V_th": -1.0}, "theta is -1"),
    ],
)
def test_neurons_that_are_not_those_of_eq_1_are_refused(circuit, values, reason):
    changed(circuit / CELL, **values)
    assert reason in told(circuit)


def test_what_nest_takes_by_default_is_named(circuit):
    path = circuit / CELL
    path.write_text(json.dumps({"V_th": 1.0}))
    assert "has neurons with t_ref 2 (by default): a pause" in told(circuit)


@pytest.mark.parametrize(
    "name, old, new, reason",
    [
        (NODE_TYPES, "nest:iaf_psc_delta", "nest:iaf_psc_exp", "has neurons iaf_psc_exp; iaf_psc_d"),
        (NODE_TYPES, "point_neuron", "biophysical", "nodes of the type biophysical; point neurons"),
        (NODE_TYPES, "node_type_id", "kind", "neurons_node_types.csv: has no column node_type_id"),
        (NODE_TYPES, "\n0 ", "\n7 ", "neurons_node_types.csv: has no node_type_id 0"),
        (NODE_TYPES, "\n0 ", "\nzero ", "has a node_type_id that is no whole number"),
        (NODE_TYPES, "lif.json", "../../../../etc/passwd", "which lies outside its folder"),
        (NODE_TYPES, "lif.json", "none.json", "none.json: there is no such file"),
        (EDGE_TYPES, "static_synapse", "stdp_synapse", "has synapses stdp_synapse; static_synapse"),
        (EDGE_TYPES, "dynamics_params", "weight_function", "whose weights a program computes"),
        ("components/synaptic_models/static.json", "{}", '{"tau_plus": 1}', "parameter tau_plus"),
        ("simulation_config.json", '"spikes",', '"current_clamp",', "neurons of eq. 1 know spikes"),
        ("simulation_config.json", '"dt": 1.0', '"dt": "import os"', "dt of import os, which is none"),
        ("simulation_config.json", '"dt": 1.0', '"dt": 0.7', "which makes 0.855388"),
        ("simulation_config.json", '"dt": 1.0', '"dt": 1e999', "simulation_config.json: is not what"),
        ("circuit_config.json", "$BASE_DIR/network", "../network", "which lies outside its folder"),
        ("circuit_config.json", "$BASE_DIR/network", "/etc", "which lies outside its folder"),
        ("circuit_config.json", '".",', '"$BASE_DIR$BASE_DIR",', "manifest does not say where that is"),
        ("circuit_config.json", "$BASE_DIR/network/n", "\\u0000", "manifest does not say where"),
        ("circuit_config.json", '"networks"', '"nets"', "names no networks, so it is no circuit"),
        ("circuit_config.json", '"edges": [', '"edges": [7, ', "names edges without a edges_file"),
        ("circuit_config.json", "{", '{"deep": ' + "[" * 9000, "circuit_config.json: is not JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_or_was_spoilt_is_refused(circuit, name, old, new, reason):
    path = circuit / name
    text = path.read_text()
    if name == "circuit_config.json" and old.startswith('".'):
        old, new = old.rstrip(","), new.rstrip(",")
    assert old in text
    # Only in a manifest or a list does the first of a kind stand alone.
    path.write_text(
        text.replace(old, new, 1 if old in ("{", '"edges": [', "$BASE_DIR/network/n") else -1)
    )
    assert reason in told(circuit)


@pytest.mark.filterwarnings("ignore::wmdelays.errors.InputWarning")
def test_edges_that_are_not_enabled_are_left_out_and_any_name_of_a_folder_is_read(circuit):
    config = json.loads((circuit / "circuit_config.json").read_text())
    rows = config["networks"]["edges"]
    rows.append({"edges_file": "$BASE_DIR/none.h5", "edge_types_file": "none", "enabled": False})
    changed(circuit / "circuit_config.json", **config)
    odd = circuit.rename(circuit.with_name("a $odd name"))
    link = circuit.with_name("link")
    link.symlink_to(odd)
    found = {import_weights(one, cues=[CUE]).fingerprint() for one in (odd, link)}
    assert len(found) == 1


def test_a_link_that_leaves_the_folder_is_not_followed(circuit, tmp_path):
    inner = circuit / "network/neurons_edges.h5"
    os.rename(inner, tmp_path / "edges.h5")
    inner.symlink_to(tmp_path / "edges.h5")
    assert "which lies outside its folder" in told(circuit)


@pytest.mark.parametrize(
    "name", ["circuit_config.json", CELL, NODE_TYPES, "network/neurons_edges.h5"]
)
def test_a_file_that_is_missing_or_a_pipe_is_named(circuit, name):
    path = circuit / name
    path.unlink()
    assert f"{path.name}: there is no such file" in told(circuit)
    os.mkfifo(path)
    assert f"{path.name}: there is no such file" in told(circuit)


def spoilt_edges(name, values):
    def spoil(file):
        group = file[EDGES]
        attributes = dict(group[name].attrs) if name in group else {}
        if name in group:
            del group[name]
        if values is not None:
            group[name] = values(
                len(group["target_node_id" if name[0] == "s" else "source_node_id"])
            )
            group[name].attrs.update(attributes)

    return spoil


@pytest.mark.parametrize(
    "name, values, reason",
    [
        ("source_node_id", lambda n: np.full(n, N), "outside 0…11"),
        ("source_node_id", lambda n: np.full(n, 2**63 - 1), "source_node_id"),
        ("source_node_id", lambda n: np.zeros(n - 1, int), "differ in length"),
        ("source_node_id", lambda n: np.zeros(n), "does not hold whole numbers"),
        ("edge_type_id", lambda n: np.full(n, 5), "has no edge_type_id 5"),
        ("edge_type_id", None, "does not itself hold edge_type_id"),
        ("edge_group_index", lambda n: np.full(n, n), "outside the syn_weight of group 0"),
        ("edge_group_id", lambda n: np.full(n, 3), "edges without a syn_weight"),
        ("0/syn_weight", lambda n: np.full(n, np.nan), "edges without a syn_weight"),
        ("0/syn_weight", lambda n: np.full(n, 1e300), "more than 1e+09 times theta"),
        ("0/syn_weight", None, "edges without a syn_weight"),
        ("0/delay", lambda n: np.full(n, 0.5), "not a whole number of steps"),
        ("0/delay", lambda n: np.zeros(n), "has the delay 0 ms; the shortest is a step, 1 ms"),
        ("0/delay", lambda n: np.full(n, 1e15), "delay"),
        ("0/nsyns", lambda n: np.full(n, np.inf), "edges without a nsyns"),
    ],
)
def test_edges_that_make_no_sense_are_refused(circuit, name, values, reason):
    with h5py.File(circuit / "network/neurons_edges.h5", "a") as file:
        spoilt_edges(name, values)(file)
    assert reason in told(circuit)


def test_a_trillion_edges_or_nodes_take_no_memory(circuit):
    with h5py.File(circuit / "network/neurons_edges.h5", "a") as file:
        for name in ("source_node_id", "target_node_id"):
            attributes = dict(file[EDGES][name].attrs)
            del file[EDGES][name]
            file[EDGES].create_dataset(name, (10**12,), dtype="i8", chunks=(1024,))
            file[EDGES][name].attrs.update(attributes)
    assert "larger than the file" in told(circuit)
    with h5py.File(circuit / "network/neurons_nodes.h5", "a") as file:
        for name in ("node_type_id", "node_id"):
            del file[f"nodes/neurons/{name}"]
            file["nodes/neurons"].create_dataset(name, (10**12,), dtype="i8", chunks=(1024,))
    assert "larger than the file" in told(circuit)


def test_a_circuit_without_edges_is_refused(circuit):
    path = circuit / "circuit_config.json"
    config = json.loads(path.read_text())
    edges = config["networks"]["edges"]
    # None at all, and those of the inputs alone.
    for left in ([], edges[1:]):
        path.write_text(json.dumps(config | {"networks": config["networks"] | {"edges": left}}))
        assert "names no edges among its neurons, so it has no synapses" in told(circuit)


def test_edges_that_are_none_are_no_synapses(circuit):
    with h5py.File(circuit / "network/neurons_edges.h5", "a") as file:
        group = file[EDGES]
        for name in (*[n for n in group if n != "0"], *[f"0/{n}" for n in group["0"]]):
            if isinstance(group[name], h5py.Dataset):
                attributes, kind = dict(group[name].attrs), group[name].dtype
                del group[name]
                group[name] = np.empty(0, kind)
                group[name].attrs.update(attributes)
    assert told(circuit).endswith("has no synapses")


def test_two_populations_of_neurons_are_refused(circuit):
    with h5py.File(circuit / "network/neurons_nodes.h5", "a") as file:
        file.copy("nodes/neurons", "nodes/others")
    assert "has 2 populations of neurons (neurons, others), not one" in told(circuit)


def test_a_circuit_alone_needs_a_step_and_takes_no_other(circuit):
    (circuit / "simulation_config.json").unlink()
    assert "name it (step=)" in told(circuit)
    with pytest.warns(InputWarning):
        assert import_weights(circuit, cues=[CUE], step=1e-3).step == 1e-3


def test_another_step_than_the_circuits_is_refused(circuit):
    assert "step= is 2 ms, but its steps are 1 ms long" in told(circuit, step=2e-3)


def test_a_changed_export_is_an_imported_one(tmp_path):
    folder = tmp_path / "circuit"
    export_memory(each_its_own(), folder, "sonata")
    with h5py.File(folder / "network/neurons_edges.h5", "a") as file:
        file[f"{EDGES}/0/syn_weight"][0] = 0.5
    with pytest.warns(InputWarning, match="was changed or cut since it was exported"):
        found = import_weights(folder)
    assert found.made["rule"] == "imported" and found.weight[0] == 0.5
    assert found.n_patterns == 2 and found.n_latent == 2


@pytest.mark.parametrize("reason, spoil", [
    ("stored_patterns.h5: is not there", lambda folder: (folder / "stored_patterns.h5").unlink()),
    ("memory.json is not what it", lambda folder: replaced(folder / "memory.json", '"sonata"', '"os"')),
    ("memory.json says 13", lambda folder: changed(folder / "memory.json", n_neurons=13, units=None)),
])  # fmt: skip
def test_an_export_that_was_spoilt_is_refused(tmp_path, reason, spoil):
    folder = tmp_path / "circuit"
    export_memory(each_its_own(), folder, "sonata")
    spoil(folder)
    with pytest.raises(InputError, match=reason):
        import_weights(folder)


def test_the_command_imports_it_with_a_cue(wmdelays, circuit):
    words = ["import", "sonata", circuit / "circuit_config.json", "-o", "m.h5"]
    done = wmdelays(*words, "--cue", f"bernoulli:neurons={N},steps=40,patterns=1,rate=0.1")
    assert done.returncode == 0, done.said
    assert done.stdout.startswith("Imported: SONATA circuit, mapped exactly.")
    assert "the virtual population cue is left out" in done.stderr
    assert read_memory(wmdelays.folder / "m.h5").n_patterns == 1
    none = wmdelays(*words[:-1], "n.h5")
    assert none.returncode == 2 and "holds no patterns; say what is to be recalled" in none.stderr
