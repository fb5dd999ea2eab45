"""A memory as a SONATA circuit: what others read of it, and simulate."""

import json
from dataclasses import replace
from types import SimpleNamespace

import h5py
import libsonata
import numpy as np
import pytest
from exported_memories import ALL, DISCRETE, N, each_its_own, of_few_bits, random_memory
from full_disk import no_file_above

from wmdelays import InputError, export_memory, import_weights, write_memory
from wmdelays.training import recall


@pytest.mark.parametrize("kind", DISCRETE)
def test_it_comes_back_bit_for_bit(tmp_path, kind):
    memory = DISCRETE[kind]()
    export_memory(memory, tmp_path / "circuit", "sonata")
    back = import_weights(tmp_path / "circuit")
    write_memory(tmp_path / "a.h5", memory)
    write_memory(tmp_path / "b.h5", back)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_libsonata_validates_it_and_reads_all_of_it(tmp_path):
    memory = each_its_own()
    export_memory(memory, tmp_path / "circuit", "sonata")
    config = libsonata.CircuitConfig.from_file(str(tmp_path / "circuit/circuit_config.json"))
    assert config.node_populations == {"neurons", "cue"}
    assert config.node_population_properties("neurons").type == "point_neuron"
    assert config.edge_populations == {"neurons_to_neurons", "cue_to_neurons"}
    edges = config.edge_population("neurons_to_neurons")
    every = edges.select_all()
    assert edges.source == edges.target == "neurons"
    assert np.array_equal(edges.source_nodes(every), memory.pre)
    assert np.array_equal(edges.target_nodes(every), memory.post)
    assert np.array_equal(edges.get_attribute("syn_weight", every), memory.weight)
    assert edges.get_attribute("delay", every) == pytest.approx(memory.delay * 0.3)
    nodes = config.node_population("neurons")
    latent = nodes.get_attribute("latent", nodes.select_all())
    assert latent.tolist() == [0] * 10 + [1] * 2
    sets = libsonata.NodeSets.from_file(str(tmp_path / "circuit/node_sets.json"))
    assert sets.materialize("latent", nodes).flatten().tolist() == [10, 11]
    assert sets.materialize("recorded", nodes).flatten().tolist() == [*range(10)]
    stored = libsonata.SpikeReader(str(tmp_path / "circuit/stored_patterns.h5"))
    times = [time for _, time in stored["pattern_0001"].get()]
    assert times == pytest.approx(memory.patterns[1].times * 1e3)


def recalled(memory, pattern):
    one = recall(memory, memory.cues()[pattern]).emitted
    return sorted(zip(one.steps(memory.step).tolist(), one.neurons.tolist()))


def edges_by_h5py(nest):
    """What stands in for NEST's reader of edges where it was built without HDF5."""

    def connect(specs, _):
        for one in specs["edges"]:
            with h5py.File(one["edges_file"]) as file:
                for edges in file["edges"].values():
                    ends = []
                    for name in ("source_node_id", "target_node_id"):
                        population = specs["nodes"][edges[name].attrs["node_population"]]
                        ends.append(np.array(population.tolist())[edges[name][:]])
                    (spec,) = one["syn_specs"].values()
                    weight, delay = (edges[f"0/{name}"][:] for name in ("syn_weight", "delay"))
                    assert not edges["edge_type_id"][:].any()
                    spec = {**spec, "weight": weight.astype(float), "delay": delay.astype(float)}
                    nest.Connect(*ends, "one_to_one", spec)

    return connect


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # NEST's use of pandas
def test_nests_own_sonata_network_builds_and_simulates_it(tmp_path, monkeypatch):
    nest = pytest.importorskip("nest")
    from nest.lib import hl_api_sonata

    if not hl_api_sonata.have_hdf5:
        monkeypatch.setattr(hl_api_sonata, "have_hdf5", True)
        reader = SimpleNamespace(llapi_connect_sonata=edges_by_h5py(nest))
        monkeypatch.setattr(hl_api_sonata, "nestkernel", reader)
    memory = each_its_own()
    shown = export_memory(memory, tmp_path / "circuit", "sonata", [0, 1]).cued
    nest.ResetKernel()
    configs = (tmp_path / f"circuit/{name}_config.json" for name in ("circuit", "simulation"))
    network = nest.SonataNetwork(*configs)
    populations = network.BuildNetwork()
    recorder = nest.Create("spike_recorder")
    nest.Connect(populations["neurons"], recorder)
    network.Simulate()
    events, first = recorder.events, populations["neurons"][0].global_id
    steps = np.rint(events["times"] / 0.3).astype(int) - 2
    wanted = [
        (onset + step, neuron)
        for k, onset in zip(shown.patterns, shown.onsets)
        for step, neuron in recalled(memory, k)
    ]
    # All that come out, and the memory's last step is among them.
    assert sorted(zip(steps.tolist(), (events["senders"] - first).tolist())) == sorted(wanted)
    assert max(wanted)[0] == shown.n_all_steps - 1


def test_a_simulation_ends_with_the_stamp_of_its_last_step(tmp_path):
    memory = random_memory()
    export_memory(memory, tmp_path / "circuit", "sonata")
    run = json.loads((tmp_path / "circuit/simulation_config.json").read_text())["run"]
    # Step t is stamped t + 2 ms, and the last of 40 is step 39.
    assert run["tstop"] == 41.0


def test_a_step_off_the_microseconds_is_called_1_ms_and_said(tmp_path):
    export_memory(of_few_bits(), tmp_path / "circuit", "sonata")
    run = json.loads((tmp_path / "circuit/simulation_config.json").read_text())["run"]
    assert run["dt"] == 1.0
    assert "steps are 33.3333 ms long" in (tmp_path / "circuit/README.md").read_text()


@pytest.mark.parametrize(
    "make, patterns, reason",
    [
        (ALL["continuous"], None, "neurons in discrete time alone; this memory is for lif-exp"),
        (ALL["subtracting"], None, "this memory, imported, has subtract"),
        (lambda: random_memory(density=0), None, "has no synapses"),
        (lambda: replace(random_memory(), patterns=()), None, "has no patterns"),
        (random_memory, [2], "has no pattern 2"),
        (random_memory, [-1], "has no pattern -1"),
        (random_memory, [1.5], "has no pattern 1.5; they are numbered from 0 to 1"),
        (random_memory, [0, 1.0], "has no pattern 1.0"),
        (random_memory, [float("nan")], "has no pattern nan"),
        (random_memory, ["1"], "has no pattern '1'"),
    ],
)
def test_what_cannot_be_a_circuit_is_refused_in_a_line(tmp_path, make, patterns, reason):
    with pytest.raises(InputError, match=reason):
        export_memory(make(), tmp_path / "circuit", "sonata", patterns)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    memory = random_memory()
    for name, reason in {
        "mine": "is there already; name a new folder, or an empty one",
        "file": "is there and no folder",
        "link": "is there and no folder",
        "none/inner": "there is no folder",
    }.items():
        with pytest.raises(InputError, match=f"{name}: {reason}"):
            export_memory(memory, tmp_path / name, "sonata")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    export_memory(memory, tmp_path / "empty", "sonata")
    assert (tmp_path / "empty/circuit_config.json").exists()


@pytest.mark.parametrize("size", [0, 2000, 6000])
def test_nothing_is_left_of_an_export_that_fails(tmp_path, size):
    refused = pytest.raises(InputError, match="circuit: cannot be written: File too large")
    with no_file_above(size), refused:
        export_memory(random_memory(), tmp_path / "circuit", "sonata")
    assert not list(tmp_path.iterdir())


def test_what_is_held_back_is_given_back_a_step_later(tmp_path):
    memory = each_its_own()
    shown = export_memory(memory, tmp_path / "circuit", "sonata", [0, 1]).cued
    source, post, delay, weight = shown.synapses
    assert np.array_equal(post[:10], np.arange(10)) and (weight[:10] > 0).all()
    held, later = weight < 0, delay == 2
    assert np.array_equal(weight[later], -memory.beta[shown.held_neurons] * weight[held])
    assert np.array_equal(source[later], source[held]) and np.array_equal(post[later], post[held])
    assert shown.n_inputs == 10 + len(shown.held_neurons) <= 10 + N
