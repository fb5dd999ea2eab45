"""Neurons, synapses and spikes in the layout of SONATA."""

import h5py
import libsonata
import numpy as np
import pytest

from wmdelays import Memory
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.files.sonata import most_bytes_of_synapses, write_edges

EDGES = "edges/neurons_to_neurons"
NODES = "nodes/neurons"
PATTERN = "spikes/pattern_0000"


def test_libsonata_reads_the_nodes(tmp_path, make_memory):
    memory = make_memory()
    write_memory(tmp_path / "m.h5", memory)
    nodes = libsonata.NodeStorage(str(tmp_path / "m.h5"))
    assert nodes.population_names == {"neurons"}
    assert nodes.open_population("neurons").size == memory.n_neurons


@pytest.mark.parametrize("step", [1e-3, 1e-4, 1 / 30])
def test_libsonata_reads_the_synapses(tmp_path, make_memory, step):
    memory = make_memory(step=step)
    write_memory(tmp_path / "m.h5", memory)
    edges = libsonata.EdgeStorage(str(tmp_path / "m.h5")).open_population("neurons_to_neurons")
    assert (edges.source, edges.target) == ("neurons", "neurons")
    every = edges.select_all()
    assert memory.n_synapses == edges.size > 0
    assert np.array_equal(edges.source_nodes(every), memory.pre)
    assert np.array_equal(edges.target_nodes(every), memory.post)
    assert np.array_equal(edges.get_attribute("syn_weight", every), memory.weight)
    assert edges.get_attribute("delay", every) == pytest.approx(
        memory.delay * step * 1e3, rel=1e-14
    )


def test_libsonata_reads_the_patterns(tmp_path, make_memory):
    memory = make_memory(n_patterns=3)
    write_memory(tmp_path / "m.h5", memory)
    reader = libsonata.SpikeReader(str(tmp_path / "m.h5"))
    assert reader.get_population_names() == [f"pattern_000{k}" for k in range(3)]
    for k, pattern in enumerate(memory.patterns):
        population = reader[f"pattern_{k:04d}"]
        spikes = population.get()
        assert population.sorting == "by_time"
        assert population.time_units == "ms"
        assert [node for node, _ in spikes] == pattern.neurons.tolist()
        assert [t for _, t in spikes] == pytest.approx(pattern.times * 1e3)


def test_libsonata_reads_a_memory_without_synapses_and_patterns(tmp_path):
    write_memory(tmp_path / "m.h5", Memory(3, 2, 1e-3, 0.5, 1.0, [], [], [], []))
    edges = libsonata.EdgeStorage(str(tmp_path / "m.h5")).open_population("neurons_to_neurons")
    assert edges.size == 0


def many_synapses(weight):
    """A memory of two fifths of all synapses there can be, in the order of learned ones."""
    n, n_delays = 60, 20
    places = np.sort(
        np.random.default_rng(0).permutation(n * n * n_delays)[: 2 * n * n * n_delays // 5]
    )
    post, rest = np.divmod(places, n * n_delays)
    pre, delay = np.divmod(rest, n_delays)
    return Memory(n, n_delays, 1e-3, 0.5, 1.0, pre, post, delay + 1, weight(len(places)))


WEIGHTS = {
    "learned": lambda n: np.random.default_rng(1).normal(size=n).astype(np.float32).astype(float),
    "in double precision": lambda n: np.random.default_rng(1).normal(size=n),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_synapses_take_little_room_and_are_read_here_and_by_libsonata(tmp_path, same_memory, kind):
    memory = many_synapses(WEIGHTS[kind])
    write_memory(tmp_path / "m.h5", memory)
    each = (tmp_path / "m.h5").stat().st_size / memory.n_synapses
    # Ids and delays below 256 take a byte each; beside them are patterns, and what is always there.
    assert each < (13 if kind == "learned" else 17)
    assert same_memory(read_memory(tmp_path / "m.h5"), memory)
    edges = libsonata.EdgeStorage(str(tmp_path / "m.h5")).open_population("neurons_to_neurons")
    every = edges.select_all()
    # libsonata gives the synapses in the file's order.
    assert np.array_equal(edges.source_nodes(every), memory.pre)
    assert np.array_equal(edges.target_nodes(every), memory.post)
    assert np.array_equal(edges.get_attribute("syn_weight", every), memory.weight)
    assert edges.get_attribute("delay", every) == pytest.approx(memory.delay)


@pytest.mark.parametrize("last", [0.5, 0.1])
@pytest.mark.parametrize("step", [1e-3, 1 / 30])
def test_synapses_that_are_written_by_parts_are_the_same(
    tmp_path, monkeypatch, same_memory, step, last
):
    halves = np.full(1003, 0.5)
    # All but the last are halves, which fit single precision.
    halves[-1] = last
    which = np.arange(1003)
    post, rest = which // 100, which % 100
    memory = Memory(11, 10, step, 0.5, 1.0, rest // 10, post, rest % 10 + 1, halves)
    write_memory(tmp_path / "whole.h5", memory)
    monkeypatch.setattr("wmdelays.synapses.AT_ONCE", 50)
    write_memory(tmp_path / "parts.h5", memory)
    assert (tmp_path / "parts.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert same_memory(read_memory(tmp_path / "parts.h5"), memory)
    with h5py.File(tmp_path / "parts.h5") as file:
        assert file[EDGES]["0/syn_weight"].dtype == (np.float32 if last == 0.5 else np.float64)
        assert file[EDGES]["0/delay"].dtype == (np.uint8 if step == 1e-3 else np.float64)


@pytest.mark.parametrize("unit_ms", [1.0, 100 / 3])
@pytest.mark.parametrize("n_neurons", [20, 300, 70_000])
def test_the_most_room_that_synapses_take_is_known_before(tmp_path, n_neurons, unit_ms):
    rng, n = np.random.default_rng(0), 2000
    pre, post = rng.integers(0, n_neurons, (2, n))
    pre[0] = post[0] = n_neurons - 1
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for group, weight in (("double", rng.normal(size=n)), ("single", np.ones(n))):
            columns = pre, post, weight, np.arange(n) % 9 + 1
            write_edges(file.create_group(group), *columns, unit_ms)
        taken = {
            group: sum(
                one.id.get_storage_size()
                for one in (*edges.values(), *edges["0"].values())
                if isinstance(one, h5py.Dataset)
            )
            for group, edges in ((g, file[g]["edges/neurons_to_neurons"]) for g in file)
        }
    assert taken["double"] == most_bytes_of_synapses(n, n_neurons, 9, unit_ms)
    assert taken["single"] == taken["double"] - 4 * n


def test_lengths_that_no_delay_has_do_not_count(tmp_path):
    # Steps of half a millisecond, and all delays whole ones.
    write_memory(tmp_path / "m.h5", Memory(2, 4, 5e-4, 0.5, 1.0, [0, 0], [1, 0], [2, 4], [1, 1]))
    with h5py.File(tmp_path / "m.h5") as file:
        delay = file[EDGES]["0/delay"]
        assert delay.dtype == np.uint8 and list(delay) == [1, 2]


def test_whole_milliseconds_that_are_no_whole_steps_are_refused(changed, refusal):
    def work(file):
        delay = file[f"{EDGES}/0/delay"][:]
        assert delay.dtype == np.uint8
        file[f"{EDGES}/0/delay"][len(delay) // 2] = 3

    line = refusal(changed(work, step=2e-3))
    assert "has delay 3 ms, not a whole number of steps of 2 ms" in line


def replaced(group, name, values, **options):
    attributes = dict(group[name].attrs)
    del group[name]
    dataset = group.create_dataset(name, data=values, **options)
    dataset.attrs.update(attributes)


def test_delays_in_single_precision_are_read(changed, make_memory, same_memory):
    def work(file):
        for group, name in ((file[EDGES], "0/delay"), (file[PATTERN], "timestamps")):
            replaced(group, name, group[name][:].astype(np.float32))

    assert same_memory(read_memory(changed(work, step=1 / 30)), make_memory(step=1 / 30))


@pytest.mark.parametrize(
    "name, value, word",
    [
        ("0/syn_weight", np.nan, "weight"),
        ("0/syn_weight", np.inf, "weight"),
        ("0/syn_weight", -np.inf, "weight"),
        ("0/delay", 0.0, "delay 0"),
        ("0/delay", 5.0, "delay 5"),
        ("0/delay", 1.5, "1.5 ms"),
        ("0/delay", 1.001, "1.001 ms"),
        ("0/delay", -1.0, "delay -1"),
        ("0/delay", np.nan, "delay nan"),
        ("0/delay", np.inf, "delay inf"),
        ("0/delay", 1e300, "delay 1e+300"),
        ("0/delay", 2.0**40, "delay"),
        ("source_node_id", 5, "source_node_id 5"),
        ("target_node_id", 5, "target_node_id 5"),
        ("source_node_id", 2**32, "outside"),
        ("target_node_id", 2**64 - 1, "outside"),
        ("edge_group_index", 0, "count"),
    ],
)
@pytest.mark.parametrize("at_once", [2, 1000])
def test_one_impossible_synapse_is_refused(
    changed, name, value, word, at_once, refusal, monkeypatch
):
    monkeypatch.setattr("wmdelays.synapses.AT_ONCE", at_once)

    def work(file):
        # Another program may write wider types than this one.
        wide = file[f"{EDGES}/{name}"][:].astype(np.float64 if name.startswith("0/") else np.uint64)
        wide[3] = value
        replaced(file[EDGES], name, wide)

    message = refusal(changed(work))
    assert word in message
    assert "synapse 3" in message or name == "edge_group_index"


def test_two_equal_synapses_are_refused(changed, refusal):
    def work(file):
        for name in ("source_node_id", "target_node_id", "0/delay"):
            file[f"{EDGES}/{name}"][1] = file[f"{EDGES}/{name}"][0]

    assert "two synapses from neuron" in refusal(changed(work))


@pytest.mark.parametrize(
    "name, value, word",
    [
        ("timestamps", 0.5, "not a whole number"),
        ("timestamps", -1.0, "outside its 20 steps"),
        ("timestamps", 20.0, "outside its 20 steps"),
        ("timestamps", np.nan, "not a whole number"),
        ("timestamps", np.inf, "not a whole number"),
        ("timestamps", 1e300, "not a whole number"),
        ("node_ids", 5, "node_id 5"),
        ("node_ids", 2**64 - 1, "node_id"),
    ],
)
def test_one_impossible_spike_is_refused(changed, name, value, word, refusal):
    def work(file):
        file[f"{PATTERN}/{name}"][0] = value

    assert word in refusal(changed(work))


def test_half_a_step_is_refused_late_in_a_long_pattern(changed, refusal):
    def work(file):
        file[PATTERN].attrs["n_steps"] = 10**7
        file[f"{PATTERN}/timestamps"][-1] = 5_000_000.5

    assert "not a whole number" in refusal(changed(work, n_patterns=1))


def test_a_spike_twice_is_refused(changed, refusal):
    def work(file):
        for name in ("timestamps", "node_ids"):
            file[f"{PATTERN}/{name}"][1] = file[f"{PATTERN}/{name}"][0]

    assert "twice" in refusal(changed(work))


LISTS = [
    f"{EDGES}/{name}" for name in ("source_node_id", "target_node_id", "0/syn_weight", "0/delay")
]
LISTS += [f"{PATTERN}/timestamps", f"{PATTERN}/node_ids", f"{NODES}/node_type_id"]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "change",
    ["missing", "shorter", "longer", "empty", "two-dimensional", "scalar", "group", "text",
     "fixed text", "complex", "compound", "null", "objects", "boolean", "named type", "references"],
)  # fmt: skip
def test_another_thing_in_place_of_a_list_is_refused(changed, name, change, refusal):
    def work(file):
        values = file[name][:]
        del file[name]
        if change == "group":
            file.create_group(name)
        elif change == "text":
            file.create_dataset(name, data=["1"] * len(values), dtype=h5py.string_dtype())
        elif change == "objects":
            file.create_dataset(name, (len(values),), dtype=h5py.vlen_dtype(np.int64))
        elif change == "null":
            file[name] = h5py.Empty("f8")
        elif change == "named type":
            file[name] = np.dtype("f8")
        elif change == "references":
            file.create_dataset(name, data=[file.ref] * len(values), dtype=h5py.ref_dtype)
        elif change != "missing":
            file[name] = {
                "shorter": values[:-1],
                "longer": np.append(values, values[-1:]),
                "empty": values[:0],
                "two-dimensional": values[:, None],
                "scalar": values[0],
                "fixed text": values.astype("S"),
                "complex": values + 0j,
                "compound": values.astype([("x", values.dtype)]),
                "boolean": values.astype(bool),
            }[change]

    refusal(changed(work))


@pytest.mark.parametrize(
    "name", [f"{EDGES}/source_node_id", f"{EDGES}/target_node_id", f"{PATTERN}/node_ids"]
)
def test_ids_that_are_no_whole_numbers_are_refused(changed, name, refusal):
    def work(file):
        replaced(file, name, file[name][:].astype(float))

    assert "whole numbers" in refusal(changed(work))


@pytest.mark.parametrize(
    "name", ["wmdelays", "nodes", NODES, "edges", EDGES, f"{EDGES}/0", "spikes", PATTERN]
)
@pytest.mark.parametrize("by", ["nothing", "a list", "a text", "an unwritten list", "a type"])
def test_another_thing_in_place_of_a_group_is_refused(changed, name, by, refusal):
    def work(file):
        del file[name]
        if by == "a list":
            file[name] = np.arange(5)
        elif by == "a text":
            file[name] = "text"
        elif by == "a type":
            file[name] = np.dtype("i4")
        elif by == "an unwritten list":
            file.create_dataset(name, (10**12,), chunks=(1024,), dtype="i8")

    refusal(changed(work))


@pytest.mark.parametrize("name", LISTS)
def test_links_are_refused(changed, tmp_path, make_memory, name, refusal):
    write_memory(tmp_path / "other.h5", make_memory())
    for link in (
        h5py.ExternalLink(str(tmp_path / "other.h5"), name),
        h5py.ExternalLink("/dev/zero", name),
        h5py.ExternalLink("a\nb", name),
        h5py.SoftLink("/kept"),
        h5py.SoftLink(f"/{name}"),
    ):

        def work(file):
            file["kept"] = file[name]
            del file[name]
            file[name] = link

        assert "does not itself hold" in refusal(changed(work))


@pytest.mark.parametrize(
    "name", ["wmdelays", "nodes", NODES, "edges", EDGES, f"{EDGES}/0", "spikes", PATTERN]
)
def test_groups_in_other_files_are_refused(changed, tmp_path, make_memory, name, refusal):
    write_memory(tmp_path / "other.h5", make_memory())

    def work(file):
        del file[name]
        file[name] = h5py.ExternalLink(str(tmp_path / "other.h5"), name)

    assert "does not itself hold" in refusal(changed(work))


def test_numbers_that_lie_in_other_files_are_refused(changed, tmp_path, refusal):
    (tmp_path / "numbers").write_bytes(bytes(10_000))
    name = f"{EDGES}/0/syn_weight"

    def external(file):
        n = len(file[name])
        del file[name]
        file.create_dataset(
            name, (n,), dtype="f8", external=[(str(tmp_path / "numbers"), 0, 8 * n)]
        )

    def virtual(file):
        n = len(file[name])
        file.copy(name, "kept")
        del file[name]
        layout = h5py.VirtualLayout((n,), dtype="f8")
        layout[:] = h5py.VirtualSource(".", "kept", shape=(n,))
        file.create_virtual_dataset(name, layout)

    for work in (external, virtual):
        assert "outside it" in refusal(changed(work))


@pytest.mark.parametrize(
    "options", [dict(chunks=(1024,)), dict(chunks=(1024,), compression="gzip"), {}]
)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_was_never_written_takes_no_memory(changed, name, options, refusal):
    def work(file):
        del file[name]
        file.create_dataset(name, (10**12,), dtype="i8", **options)

    assert "larger than the file" in refusal(changed(work))


def test_a_trillion_neurons_are_refused_also_where_all_numbers_say_so(changed, refusal):
    def work(file):
        file["wmdelays"].attrs["n_neurons"] = 10**12
        for name in ("node_type_id", "node_id", "node_group_id", "node_group_index"):
            del file[f"{NODES}/{name}"]
            file.create_dataset(f"{NODES}/{name}", (10**12,), chunks=(1024,), dtype="i8")

    assert "larger than the file" in refusal(changed(work))


def test_nodes_in_another_order_are_refused(changed, refusal):
    def work(file):
        file[f"{NODES}/node_id"][:] = np.arange(5)[::-1]

    assert "count from 0 to 4" in refusal(changed(work))
