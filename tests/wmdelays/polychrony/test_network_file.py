"""Files of simulated networks, and what is kept of a simulation."""

from dataclasses import fields, replace

import h5py
import libsonata
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.files.sealed_file import kind_of, seal
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_file import read_network, read_run, write_run
from wmdelays.polychrony.network_state import NetworkState, extended, new_run

N_EXCITATORY, N_NEURONS = 6, 8


def random_network(rng):
    pre, post = np.nonzero(rng.random((N_NEURONS, N_NEURONS)) < 0.4)
    excitatory = np.arange(N_NEURONS) < N_EXCITATORY
    delay = np.where(excitatory[pre], rng.integers(1, 20, len(pre)), 1)
    weight = np.where(excitatory[pre], rng.random(len(pre)) * 10, -5)
    return DelayNetwork(pre, post, delay, weight, excitatory)


def random_spikes(rng, seconds):
    """Spikes of so many seconds in the order of time and neuron: neurons and times in ms."""
    times, neurons = np.nonzero(rng.random((1000 * seconds, N_NEURONS)) < 0.01)
    return neurons, times


def later(run, neurons, times, seconds, rng):
    """The run, and up to that second these spikes and some weights."""
    network, n = run.state.network, len(run.state.derivative)
    weight = network.weight.copy()
    weight[run.state.excitatory] = rng.random(n) * 10
    arrays = (network.pre, network.post, network.delay_ms, weight, network.excitatory)
    new = (times >= 1000 * run.state.seconds) & (times < 1000 * seconds)
    late = new & (times >= 1000 * seconds - network.max_delay_ms)
    state = NetworkState(
        seconds,
        DelayNetwork(*arrays),
        *rng.normal(size=(3, N_NEURONS)),
        derivative=rng.normal(size=n),
        arrived_ms=rng.integers(-5, 1000 * seconds, n),
        spikes=(neurons[late], times[late]),
    )
    return extended(run, state, neurons[new], times[new])


def random_run(seed, stops=(2, 3), snapshot_s=2):
    """A run that was stopped at these seconds; weights at a second depend on it alone."""
    rng = np.random.default_rng(seed)
    run = new_run(random_network(rng), seed, snapshot_s, {"versions": {"numpy": "2"}})
    neurons, times = random_spikes(rng, max(stops))
    for stop in stops:
        run = later(run, neurons, times, stop, np.random.default_rng([seed, stop]))
    return run


def equal(one, other):
    """Whether two runs, states, networks or arrays hold the same."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other) and one.dtype == other.dtype
    if hasattr(one, "__dataclass_fields__"):
        names = [field.name for field in fields(one)]
        return all(equal(getattr(one, name), getattr(other, name)) for name in names)
    return one == other


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**31 - 1),
    seconds=st.integers(0, 4),
    snapshot_s=st.integers(1, 3),
)
def test_what_is_written_is_read_back_equal(tmp_path, seed, seconds, snapshot_s):
    stops = [k for k in range(1, seconds + 1) if k % snapshot_s == 0 or k == seconds]
    run = random_run(seed, stops, snapshot_s) if stops else random_run(seed, (1,), snapshot_s)
    path = tmp_path / "net.h5"
    write_run(path, run)
    assert equal(read_run(path), run)
    content = path.read_bytes()
    write_run(path, read_run(path))
    assert path.read_bytes() == content


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), stops=st.sets(st.integers(1, 6)), snapshot_s=st.just(2))
def test_what_is_kept_does_not_depend_on_where_a_run_was_stopped(seed, stops, snapshot_s):
    whole = random_run(seed, (2, 4, 6))
    parts = random_run(seed, sorted(stops | {2, 4, 6}))
    assert equal(whole, parts)
    assert whole.snapshot_times.tolist() == [0, 2, 4, 6]
    assert (whole.spikes[1] >= 4000).all() and len(whole.spikes[1]) > 50


def test_the_last_spikes_are_a_raster(tmp_path):
    rng = np.random.default_rng(3)
    run = new_run(random_network(rng), 0, 60, {})
    neurons, times = random_spikes(rng, 9)
    for stop in (2, 5, 9):
        since = (times >= 1000 * run.state.seconds) & (times < 1000 * stop)
        state = later(run, neurons, times, stop, np.random.default_rng(stop)).state
        run = extended(run, state, neurons[since], times[since], kept_s=4)
    write_run(tmp_path / "net.h5", run)
    run = read_run(tmp_path / "net.h5")
    assert run.spikes_from_s == 5 and run.raster.duration == 4
    late = times >= 5000
    assert np.array_equal(run.raster.neurons, neurons[late])
    assert np.allclose(run.raster.times, times[late] / 1000 - 5)


def test_counts_are_those_of_the_spikes():
    rng = np.random.default_rng(1)
    network = random_network(rng)
    neurons, times = random_spikes(rng, 2)
    run = later(new_run(network, 0, 60, {}), neurons, times, 2, rng)
    for k, group in enumerate((neurons < N_EXCITATORY, neurons >= N_EXCITATORY)):
        assert np.array_equal(run.counts[k], np.bincount(times[group], minlength=2000))


def test_networks_are_read_with_the_weights_of_each_snapshot(tmp_path):
    run = random_run(4, (2, 3))
    write_run(tmp_path / "net.h5", run)
    plastic = run.state.excitatory
    for at, weights in ((0, run.snapshots[0]), (2, run.snapshots[1]), (3, None), (None, None)):
        network = read_network(tmp_path / "net.h5", at)
        expected = run.state.network.weight[plastic] if weights is None else weights
        assert np.array_equal(network.weight[plastic], expected)
        assert (network.weight[~plastic] == -5).all()
    for at in (1, 4, -2):
        with pytest.raises(InputError, match=f"no snapshot at {at} s, but every 2 s up to 2 s"):
            read_network(tmp_path / "net.h5", at)


def test_libsonata_reads_the_synapses_and_the_last_spikes(tmp_path):
    run = random_run(5)
    path = str(tmp_path / "net.h5")
    write_run(path, run)
    edges = libsonata.EdgeStorage(path).open_population("neurons_to_neurons")
    every = edges.select_all()
    network = run.state.network
    assert np.array_equal(edges.source_nodes(every), network.pre)
    assert np.array_equal(edges.get_attribute("delay", every), network.delay_ms)
    assert np.array_equal(edges.get_attribute("syn_weight", every), network.weight)
    spikes = libsonata.SpikeReader(path)["last"].get()
    assert [(neuron, time) for neuron, time in spikes] == list(zip(*run.spikes))


@pytest.fixture
def refusal(tmp_path):
    """Change a file, renew its checksum, and give the one line with which it is refused."""

    def refusal(change, stops=(2, 3)):
        path = tmp_path / "net.h5"
        write_run(path, random_run(7, stops))
        with h5py.File(path, "r+") as file:
            change(file)
        seal(path)
        with pytest.raises(InputError) as refused:
            read_run(path)
        assert str(refused.value).startswith(f"{path}: ") and "\n" not in str(refused.value)
        return str(refused.value)

    return refusal


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("seconds", 4, "snapshots are"),
        ("seconds", -1, "seconds is -1"),
        ("seed", -1, "seed is -1"),
        ("snapshot_s", 0, "snapshot_s is 0"),
        ("snapshot_s", 1, "snapshots are"),
        ("spikes_from_s", -1, "spikes_from_s is -1"),
        ("spikes_from_s", 2, "spikes_from_s is 2"),
        ("spikes_from_s", 0, "not those counted from 0 s on"),
        ("n_excitatory", 0, "n_excitatory is 0"),
        ("n_excitatory", 9, "n_excitatory is 9"),
        ("n_neurons", 9, "8 nodes"),
        ("max_weight", np.nan, "ceiling is nan"),
        ("max_weight", 3.0, "outside 0…3"),
        ("seconds", "3", "seconds is not a whole number"),
        ("format_version", 2, "format version"),
        ("versions", "{", "'versions' is not JSON"),
    ],
)
def test_attributes_that_make_no_sense_are_refused(refusal, name, value, words):
    def change(file):
        file["wmdelays"].attrs[name] = value

    assert words in refusal(change)


@pytest.mark.parametrize(
    "name, place, value, words",
    [
        ("wmdelays/state/v", 0, np.nan, "not finite"),
        ("wmdelays/state/derivative", -1, np.inf, "not finite"),
        ("wmdelays/state/arrived_ms", 0, 3000, "after the end at 3000 ms"),
        ("wmdelays/snapshots", (0, 0), np.nan, "a snapshot has an excitatory weight outside 0…10"),
        ("wmdelays/snapshots", (1, 1), 10.5, "a snapshot has an excitatory weight outside 0…10"),
        ("edges/neurons_to_neurons/0/syn_weight", 0, -1.0, "a synapse has an excitatory weight"),
        ("edges/neurons_to_neurons/0/delay", 0, 2.5, "not a whole number of steps"),
        ("edges/neurons_to_neurons/0/delay", 0, 5000.0, "not in the order"),
        ("edges/neurons_to_neurons/target_node_id", 0, 77, "outside 0…7"),
        ("wmdelays/spikes_per_ms/excitatory", 2500, 9, "not those counted"),
        ("spikes/last/timestamps", 0, 2.0, "not those counted"),
        ("spikes/last/timestamps", -1, 3000.0, "not those counted"),
        ("spikes/last/node_ids", 0, 8, "outside 0…7"),
    ],
)
def test_values_that_make_no_sense_are_refused(refusal, name, place, value, words):
    def change(file):
        values = file[name][:]
        if name.endswith("delay"):
            # Another program may write a wider type than this one.
            values = values.astype(float)
        values[place] = value
        if values.dtype == file[name].dtype:
            file[name][...] = values
        else:
            del file[name]
            file[name] = values

    assert words in refusal(change)


@pytest.mark.parametrize(
    "name", ["wmdelays/state/u", "wmdelays/state/arrived_ms", "wmdelays/spikes_per_ms/inhibitory"]
)
def test_lists_of_another_length_are_refused(refusal, name):
    def change(file):
        values = file[name][:-1]
        del file[name]
        file[name] = values

    assert f"{name.removeprefix('wmdelays/')} has" in refusal(change)


@pytest.mark.parametrize("name", ["wmdelays/state/v", "wmdelays/snapshots", "spikes/last", "edges"])
def test_missing_parts_are_refused(refusal, name):
    def change(file):
        del file[name]

    refusal(change)


def test_spikes_in_another_order_are_refused(refusal):
    def change(file):
        for name in ("timestamps", "node_ids"):
            values = file[f"spikes/last/{name}"]
            values[:] = values[:][::-1]

    assert "not those counted" in refusal(change)


def test_cut_changed_and_other_files_are_refused(tmp_path):
    path = tmp_path / "net.h5"
    write_run(path, random_run(7))
    content = path.read_bytes()
    assert kind_of(path) == "network" and kind_of(tmp_path / "none") is None
    for broken, words in (
        (content[:-1], "damaged"),
        (content[:2000] + bytes([content[2000] ^ 1]) + content[2001:], "damaged"),
        (b"", "not a network file"),
        (b"pre,post,delay_ms,weight\n", "not a network file"),
    ):
        path.write_bytes(broken)
        with pytest.raises(InputError, match=words):
            read_run(path)
    assert kind_of(path) is None
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a memory file"):
        read_memory(path)


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    run = random_run(1)
    with pytest.raises(InputError, match="how the network was made"):
        write_run(tmp_path / "net.h5", replace(run, made={"versions": object()}))
    assert not list(tmp_path.iterdir())
