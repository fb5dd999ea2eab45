"""Memory files."""

import functools
import json
import os
import pickle
import random
import resource
import shutil
import subprocess
import sys
import time

import h5py
import libsonata
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError, Memory, memory_file
from wmdelays.memory_file import read_memory, seal, write_memory

EDGES = "edges/neurons_to_neurons"
NODES = "nodes/neurons"
PATTERN = "spikes/pattern_0000"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
PARAMETERS = {"n_neurons", "n_delays", "step_s", "beta", "theta", "periodic", "format_version"}


def refusal(path):
    """The message with which a file is refused; it names the file and is one line."""
    begin = time.perf_counter()
    with pytest.raises(InputError) as refused:
        read_memory(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert time.perf_counter() - begin < 5
    return message


# Writing and reading


@settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_what_is_written_is_read_back_equal(tmp_path, make_memory, same_memory, data):
    n_delays = data.draw(st.integers(1, 6))
    memory = make_memory(
        seed=data.draw(st.integers(0, 1000)),
        n_neurons=data.draw(st.integers(1, 7)),
        n_delays=n_delays,
        n_patterns=data.draw(st.integers(0, 3)),
        n_steps=n_delays + data.draw(st.integers(1, 30)),
        step=data.draw(st.sampled_from([1e-3, 1e-4, 1 / 30, 0.37e-3])),
        beta=data.draw(st.floats(0.01, 0.99)),
        theta=data.draw(st.floats(1e-3, 1e3)),
        periodic=data.draw(st.booleans()),
        made=data.draw(
            st.dictionaries(NAMES.filter(lambda n: n not in PARAMETERS), JSON, max_size=3)
        ),
    )
    if data.draw(st.booleans()):
        memory = Memory(
            *(getattr(memory, n) for n in ("n_neurons", "n_delays", "step", "beta", "theta")),
            [], [], [], [], memory.patterns, memory.periodic, memory.made,
        )  # fmt: skip
    write_memory(tmp_path / "a.h5", memory)
    write_memory(tmp_path / "b.h5", memory)
    assert same_memory(read_memory(tmp_path / "a.h5"), memory)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_memory_made_in_another_order_gives_the_same_bytes(tmp_path, make_memory):
    m = make_memory(made={"a": 1, "b": {"c": 2, "d": 3}})
    order = np.random.default_rng(1).permutation(m.n_synapses)
    turned = Memory(
        m.n_neurons, m.n_delays, m.step, m.beta, m.theta,
        m.pre[order], m.post[order], m.delay[order], m.weight[order],
        m.patterns, m.periodic, {"b": {"d": 3, "c": 2}, "a": 1},
    )  # fmt: skip
    write_memory(tmp_path / "a.h5", m)
    time.sleep(1.1)  # were the time of writing in the file, it would be another
    write_memory(tmp_path / "b.h5", turned)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_file_that_is_read_and_written_again_keeps_its_bytes(tmp_path, make_memory):
    write_memory(tmp_path / "a.h5", make_memory(periodic=True))
    write_memory(tmp_path / "b.h5", read_memory(tmp_path / "a.h5"))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize(
    "made",
    [{"beta": 1}, {"format_version": 2}, {"step_s": 1}, {"": 1}, {1: 1},
     {"x": np.nan}, {"x": {"y": np.int64(1)}}, {"x": [object()]}, {"x": b"1"}],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path, make_memory, made):
    with pytest.raises(InputError, match="how the memory was made"):
        write_memory(tmp_path / "m.h5", make_memory(made=made))
    assert list(tmp_path.iterdir()) == []


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


# Interrupted

WRITER = """
import os, random, signal, sys, time
import wmdelays.memory_file as memory_file
import wmdelays.output as output
import wmdelays.sealed_file as sealed_file
import wmdelays.sonata as sonata

folder, how = sys.argv[1:]
path = f"{folder}/m.h5"
new = memory_file.read_memory(f"{folder}/new.h5")

def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return child

def check():
    with open(path, "rb") as file:
        content = file.read()
    contents = [open(f"{folder}/{name}.h5", "rb").read() for name in ("old", "new")]
    memory_file.read_memory(path)
    print(contents.index(content), *sorted(set(os.listdir(folder)) - {"old.h5", "new.h5", "m.h5"}))
    for name in os.listdir(folder):
        if name.startswith(".m.h5."):
            os.unlink(f"{folder}/{name}")
    with open(path, "wb") as file:
        file.write(contents[0])

if how == "random":
    def work():
        old = memory_file.read_memory(f"{folder}/old.h5")
        while True:
            memory_file.write_memory(path, new)
            memory_file.write_memory(path, old)
    rng = random.Random(1)
    begin = time.perf_counter()
    for _ in range(5):
        memory_file.write_memory(path, new)
    one_write = (time.perf_counter() - begin) / 5
    for _ in range(100):
        child = in_child(work)
        time.sleep(rng.uniform(0, 4 * one_write))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        check()
else:
    files = {one.__file__ for one in (memory_file, output, sealed_file, sonata)}
    def killed_at(n):
        left = [n]
        def trace(frame, event, argument):
            if frame.f_code.co_filename not in files:
                return None
            if event == "line":
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace
        def work():
            sys.settrace(trace)
            memory_file.write_memory(path, new)
        return work
    n, killed = 0, True
    while killed:
        killed = os.waitpid(in_child(killed_at(n)), 0)[1] == signal.SIGKILL
        check()
        n += 1
"""


def killed_writes(folder, make_memory, how):
    write_memory(folder / "old.h5", make_memory(seed=1, n_patterns=1))
    write_memory(folder / "new.h5", make_memory(seed=2, n_patterns=1))
    shutil.copy(folder / "old.h5", folder / "m.h5")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), how],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split(" ") for line in done.stdout.splitlines()]
    for _, *left in found:
        assert len(left) <= 1
        assert all(name.startswith(".m.h5.") and name.endswith(".tmp") for name in left)
    return [which for which, *_ in found], [left for _, *left in found]


def test_a_write_killed_at_any_line_leaves_the_old_file_or_the_new_one(tmp_path, make_memory):
    which, left = killed_writes(tmp_path, make_memory, "every line")
    first_new = which.index("1")
    assert len(which) > 50
    assert set(which[:first_new]) == {"0"} and set(which[first_new:]) == {"1"}
    assert any(left) and not left[-1]


def test_writes_killed_at_random_moments_leave_the_old_file_or_the_new_one(tmp_path, make_memory):
    which, left = killed_writes(tmp_path, make_memory, "random")
    assert len(which) == 100 and {"0"} < set(which)
    assert any(left)


@pytest.mark.parametrize(
    "where", ["os.fsync", "os.replace", "h5py.Group.create_group", "tempfile.mkstemp"]
)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path, make_memory, monkeypatch, where, error
):
    write_memory(tmp_path / "m.h5", make_memory(seed=1))
    old = (tmp_path / "m.h5").read_bytes()

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(where, fail)
    wanted = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as refused:
        write_memory(tmp_path / "m.h5", make_memory(seed=2))
    if wanted is InputError:
        assert str(refused.value) == f"{tmp_path}/m.h5: cannot be written: No space left on device"
    assert [f.name for f in tmp_path.iterdir()] == ["m.h5"]
    assert (tmp_path / "m.h5").read_bytes() == old


FULL_DISK = """
import resource, sys
from wmdelays import InputError
from wmdelays.memory_file import read_memory, write_memory

memory = read_memory(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit in range(0, int(sys.argv[3]), 1000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        write_memory(sys.argv[2], memory)
    except InputError as error:
        assert str(error) == f"{sys.argv[2]}: cannot be written: File too large", error
    else:
        sys.exit("was written")
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on file sizes here")
def test_a_disk_that_is_full_anywhere_in_the_file_is_one_line(tmp_path, make_memory):
    write_memory(tmp_path / "m.h5", make_memory())
    size = (tmp_path / "m.h5").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "m.h5", tmp_path / "n.h5", str(size)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [f.name for f in tmp_path.iterdir()] == ["m.h5"]


# Places that cannot be written


def test_places_that_cannot_be_written_are_refused_and_nothing_is_left(tmp_path, make_memory):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    for name in ("missing/m.h5", "folder", "file/m.h5", "pipe", "x" * 300 + ".h5"):
        with pytest.raises(InputError) as refused:
            write_memory(tmp_path / name, make_memory())
        assert "\n" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path, make_memory):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        write_memory(tmp_path / "m.h5", make_memory())
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


# Damage


def test_a_file_cut_at_any_length_is_refused(tmp_path, make_memory):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory(n_patterns=1))
    size = path.stat().st_size
    for length in sorted({*range(1025), *range(0, size, 7), size - 1}, reverse=True):
        os.truncate(path, length)
        refusal(path)


def test_a_longer_file_is_refused(tmp_path, make_memory):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory())
    with open(path, "ab") as file:
        file.write(b"\0")
    assert "checksum" in refusal(path)


def test_a_change_of_any_byte_is_refused(tmp_path, make_memory):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory())
    size = path.stat().st_size
    rng = random.Random(1)
    positions = {*range(0, 512, 4), *range(512, 640), *rng.sample(range(size), 300)}
    with open(path, "r+b", buffering=0) as file:
        for position in positions:
            byte = os.pread(file.fileno(), 1, position)
            os.pwrite(file.fileno(), bytes([byte[0] ^ rng.randrange(1, 256)]), position)
            refusal(path)
            os.pwrite(file.fileno(), byte, position)
    read_memory(path)


# Changed on purpose, with a new seal


@pytest.fixture
def changed(tmp_path, make_memory):
    """A function that changes a memory file with h5py, seals it and gives its path."""

    def change(work, **others):
        path = tmp_path / "m.h5"
        write_memory(path, make_memory(**others))
        with h5py.File(path, "r+") as file:
            work(file)
        seal(path)
        return path

    return change


def replaced(group, name, values, **options):
    attributes = dict(group[name].attrs)
    del group[name]
    dataset = group.create_dataset(name, data=values, **options)
    dataset.attrs.update(attributes)


def test_a_changed_and_sealed_file_is_read(changed, make_memory):
    def work(file):
        file[f"{EDGES}/0/syn_weight"][2] = 7.5

    memory, before = read_memory(changed(work)), make_memory()
    assert memory.weight[2] == 7.5
    assert np.flatnonzero(memory.weight != before.weight).tolist() == [2]


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
def test_one_impossible_synapse_is_refused(changed, name, value, word):
    def work(file):
        file[f"{EDGES}/{name}"][3] = value

    message = refusal(changed(work))
    assert word in message
    assert "synapse 3" in message or name == "edge_group_index"


def test_two_equal_synapses_are_refused(changed):
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
def test_one_impossible_spike_is_refused(changed, name, value, word):
    def work(file):
        file[f"{PATTERN}/{name}"][0] = value

    assert word in refusal(changed(work))


def test_half_a_step_is_refused_late_in_a_long_pattern(changed):
    def work(file):
        file[PATTERN].attrs["n_steps"] = 10**7
        file[f"{PATTERN}/timestamps"][-1] = 5_000_000.5

    assert "not a whole number" in refusal(changed(work, n_patterns=1))


def test_a_spike_twice_is_refused(changed):
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
def test_another_thing_in_place_of_a_list_is_refused(changed, name, change):
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
def test_ids_that_are_no_whole_numbers_are_refused(changed, name):
    def work(file):
        replaced(file, name, file[name][:].astype(float))

    assert "whole numbers" in refusal(changed(work))


@pytest.mark.parametrize(
    "name", ["wmdelays", "nodes", NODES, "edges", EDGES, f"{EDGES}/0", "spikes", PATTERN]
)
@pytest.mark.parametrize("by", ["nothing", "a list", "a text", "an unwritten list", "a type"])
def test_another_thing_in_place_of_a_group_is_refused(changed, name, by):
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
def test_links_are_refused(changed, tmp_path, make_memory, name):
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
def test_groups_in_other_files_are_refused(changed, tmp_path, make_memory, name):
    write_memory(tmp_path / "other.h5", make_memory())

    def work(file):
        del file[name]
        file[name] = h5py.ExternalLink(str(tmp_path / "other.h5"), name)

    assert "does not itself hold" in refusal(changed(work))


def test_numbers_that_lie_in_other_files_are_refused(changed, tmp_path):
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
def test_a_list_that_was_never_written_takes_no_memory(changed, name, options):
    def work(file):
        del file[name]
        file.create_dataset(name, (10**12,), dtype="i8", **options)

    assert "larger than the file" in refusal(changed(work))


def test_a_trillion_neurons_are_refused_also_where_all_numbers_say_so(changed):
    def work(file):
        file["wmdelays"].attrs["n_neurons"] = 10**12
        for name in ("node_type_id", "node_id", "node_group_id", "node_group_index"):
            del file[f"{NODES}/{name}"]
            file.create_dataset(f"{NODES}/{name}", (10**12,), chunks=(1024,), dtype="i8")

    assert "larger than the file" in refusal(changed(work))


SENSELESS = [None, "1", "text", b"1", [1], [1, 2], [0.5], h5py.Empty("f8"), 1j]
SENSELESS += [0, -1, 2.5, 10**12, 2**63, 2**64 - 1, np.nan, np.inf, -np.inf, 1e-320, 1e308]
SENSIBLE = [("theta", v) for v in (2.5, 10**12, 2**63, 2**64 - 1, 1e-320, 1e308)]
SENSIBLE += [("beta", 1e-320)]


@pytest.mark.parametrize(
    "name, value",
    [(n, v) for n in sorted(PARAMETERS) for v in SENSELESS if (n, v) not in SENSIBLE],
    ids=repr,
)
def test_parameters_that_make_no_sense_are_refused(changed, name, value):
    def work(file):
        attributes = file["wmdelays"].attrs
        del attributes[name]
        if value is not None:
            attributes[name] = (
                np.uint64(value) if isinstance(value, int) and value >= 2**63 else value
            )

    refusal(changed(work))


@pytest.mark.parametrize("value", [4, 6])
def test_a_number_of_neurons_that_disagrees_with_the_nodes_is_refused(changed, value):
    def work(file):
        file["wmdelays"].attrs["n_neurons"] = value

    assert f"has 5 nodes, but n_neurons is {value}" in refusal(changed(work))


def test_nodes_in_another_order_are_refused(changed):
    def work(file):
        file[f"{NODES}/node_id"][:] = np.arange(5)[::-1]

    assert "count from 0 to 4" in refusal(changed(work))


@pytest.mark.parametrize("version", [0, 2, "1", 1.0, [1], "1\n2"])
def test_another_format_version_is_refused(changed, version):
    def work(file):
        file["wmdelays"].attrs["format_version"] = version

    assert "format version" in refusal(changed(work))


@pytest.mark.parametrize("value", [0, -1, 4, 5, 10**12, 2**63, "20", 20.0, [20], np.nan, None])
def test_impossible_numbers_of_steps_are_refused(changed, value):
    def work(file):
        for k in range(2):
            attributes = file[f"spikes/pattern_000{k}"].attrs
            del attributes["n_steps"]
            if value is not None:
                attributes["n_steps"] = np.uint64(value) if value == 2**63 else value

    assert "steps" in refusal(changed(work))


def test_a_pattern_shorter_than_its_last_spike_is_refused(changed):
    def work(file):
        file[PATTERN].attrs["n_steps"] = round(file[f"{PATTERN}/timestamps"][-1])

    assert "pattern_0000 has spikes outside" in refusal(changed(work))


def test_patterns_of_different_lengths_are_refused(changed):
    def work(file):
        file[PATTERN].attrs["n_steps"] = 30

    assert "20 to 30 steps" in refusal(changed(work))


def test_ten_thousand_and_one_patterns_keep_their_order(changed, make_memory, monkeypatch):
    read_pattern = functools.cache(
        memory_file._read_pattern
    )  # to be quick: all but the last are one

    def quick(group, name, *sizes):
        return read_pattern(group, name if name == "pattern_10000" else "pattern_0000", *sizes)

    monkeypatch.setattr(memory_file, "_read_pattern", quick)

    def work(file):
        file.move("spikes/pattern_0001", "spikes/pattern_10000")
        for k in range(1, 10_000):
            file[f"spikes/pattern_{k:04d}"] = file[PATTERN]

    one, two = make_memory().patterns
    patterns = read_memory(changed(work)).patterns
    assert one != two and patterns == (one,) * 10_000 + (two,)


def test_a_gap_in_the_patterns_is_refused(changed):
    def gap(file):
        file.move("spikes/pattern_0001", "spikes/pattern_0002")

    def other(file):
        file.create_group("spikes/more")

    for work in (gap, other):
        assert "numbered from pattern_0000 on" in refusal(changed(work))


@pytest.mark.parametrize(
    "value",
    ["not JSON", "", "NaN", "Infinity", "{'a': 1}", "__import__('os').getcwd()", "[" * 100_000, np.bytes_(b"1"), 1, [1, 2],
     pickle.dumps({"a": 1}, protocol=0).decode(), h5py.Empty("S1"), "1" * 5000],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_not_json_is_refused(changed, value):
    def work(file):
        file["wmdelays"].attrs["rule"] = value

    assert "'rule' is not JSON" in refusal(changed(work))


def test_nothing_in_a_file_is_executed(changed, tmp_path):
    target = tmp_path / "executed"
    code = f"__import__('pathlib').Path({str(target)!r}).touch()"

    def work(file):
        file["wmdelays"].attrs["code"] = json.dumps(code)
        file["wmdelays"].attrs["model"] = json.dumps({"__reduce__": code})
        file["code"] = np.void(pickle.dumps(Payload(str(target))))
        file.create_dataset("objects", data=[code], dtype=h5py.string_dtype())

    made = read_memory(changed(work)).made
    assert made["code"] == code and made["model"] == {"__reduce__": code}
    assert not target.exists()


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


# Other files


def test_other_files_are_refused(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("unit,time_s\n0,0.1\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1.0]
    with h5py.File(tmp_path / "title.h5", "w", userblock_size=512) as file:
        file["x"] = [1.0]
    seal(tmp_path / "title.h5")
    (tmp_path / "no hdf5").write_bytes(bytes(5000))
    seal(tmp_path / "no hdf5")
    (tmp_path / "title alone").write_bytes(b"wmdelays memory\nsha256 ")
    names = [
        "empty",
        "text",
        "folder",
        "pipe",
        "loop",
        "other.h5",
        "title.h5",
        "no hdf5",
        "title alone",
    ]
    for name in (*names, "missing", "missing/m.h5", "text/m.h5", "x" * 300):
        refusal(tmp_path / name)
    refusal("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path, make_memory):
    write_memory(tmp_path / "m.h5", make_memory())
    (tmp_path / "m.h5").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "m.h5")
