"""Networks with delays: what is in them, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_csv import read_network_csv

HEAD = "pre,post,delay_ms,weight\n"
GOOD = HEAD + "0,1,20,9.6\n1,2,3,9.5\n2,0,1,-5\n"


@pytest.fixture
def read(tmp_path):
    """A function that reads a network from the text of a csv file."""

    def run(text, **options):
        path = tmp_path / "net.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_network_csv(path, **options)

    return run


def random_network(seed, n_excitatory=12, n_inhibitory=4, n_synapses=200):
    rng = np.random.default_rng(seed)
    n = n_excitatory + n_inhibitory
    shape = (n, n, 20)
    chosen = rng.choice(np.prod(shape), n_synapses, replace=False)
    pre, post, delay = np.unravel_index(chosen, shape)
    weight = np.where(pre < n_excitatory, rng.uniform(0, 10, n_synapses), -5.0)
    return DelayNetwork(pre, post, delay + 1, weight, np.arange(n) < n_excitatory)


def test_a_csv_file_is_read_as_it_stands(read):
    network = read(GOOD)
    assert (network.n_neurons, network.n_excitatory, network.n_synapses) == (3, 2, 3)
    assert network.pre.tolist() == [0, 1, 2] and network.post.tolist() == [1, 2, 0]
    assert network.delay_ms.tolist() == [20, 3, 1] and network.max_delay_ms == 20
    assert network.weight.tolist() == [9.6, 9.5, -5]
    # Strong is above the fraction, not at it.
    assert network.strong(0.95).tolist() == [True, False, False]


def test_a_comma_at_the_end_of_a_line_is_no_value(read):
    assert read(HEAD + "0,1,2,9,\n1,0,2,9, ,\n").pre.tolist() == [0, 1]


def test_columns_may_stand_in_any_order_beside_others(read):
    mixed = "\ufeffnote, weight ,post,delay_ms,pre\nx,-5,0,1,2\n\ny,9.5,2,3,1\nz,9.6,1,20,0.0\n"
    assert read(mixed).fingerprint() == read(GOOD).fingerprint()


def test_neurons_and_signs_can_be_told(read):
    network = read(HEAD + "0,1,2,0\n", n_excitatory=1, n_neurons=5)
    assert network.n_neurons == 5 and network.excitatory.tolist() == [True] + [False] * 4
    assert read(HEAD + "0,1,30,12\n", max_weight=20, max_delay=30).max_weight == 20


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "the first line lacks pre, post, delay_ms, weight"),
        ("pre,post,delay_ms\n0,1,2\n", "lacks weight"),
        (HEAD, "holds no synapses"),
        ("pre,post,delay_ms,weight,weight\n0,1,2,9,1\n", "names weight more than once"),
        (HEAD + "0,1,2,9\n0,1,2,9,5\n", "line 3 has 5 values, the first line 4: '0,1,2,9,5'"),
        (HEAD + "0,1,2,9\n0,one,2,9\n", "line 3 is not three whole numbers and a weight"),
        (HEAD + "0,1,2\n", "line 2 is not"),
        (HEAD + "0,1,2.5,9\n", "line 2 is not"),
        (HEAD + "0,inf,2,9\n", "line 2 is not"),
        (HEAD + "0,1,0,9\n", "line 2 has a delay of 0 ms, outside 1…20 ms"),
        (HEAD + "0,1,2,9\n , , ,\n\n0,1,21,9\n", "line 5 has a delay of 21 ms"),
        (HEAD + "0,1,2,9\n0,1,21,9\n", "line 3 has a delay of 21 ms, outside 1…20 ms"),
        (HEAD + "-1,-1,2,9\n", "line 2 has pre -1, outside the neurons"),
        (HEAD + "0,99999999,2,9\n", "line 2 has post 99999999, outside"),
        (HEAD + "0,1,2,nan\n", "line 2 has the weight nan, not a finite number"),
        (HEAD + "0,1,2,-inf\n", "line 2 has the weight -inf, not a finite number"),
        (HEAD + "0,1,2,10.5\n", "above the ceiling of 10"),
        (HEAD + "0,1,2,-5\n1,0,2,-5\n", "the network has no excitatory neurons"),
        (HEAD + "0,1,2,-5\n0,2,2,5\n1,2,2,3\n", "line 3 has the weight 5, but neuron 0 is inh"),
        (HEAD + "1_0,1,2,9\n", "line 2 is not three whole numbers"),
        (HEAD + "0,1,2,0_9\n", "line 2 is not three whole numbers and a weight"),
        (HEAD + "0,\u0661,2,9\n", "line 2 is not three whole numbers"),
        (HEAD + "0,1,2,\uff19\n", "line 2 is not three whole numbers and a weight"),
        (HEAD + f"{'9' * 400},1,2,9\n", "line 2 is not three whole numbers"),
        (HEAD + "0,1,2,1e400\n", "line 2 has the weight inf, not a finite number"),
        (HEAD + "0,1,2,9\n\0,1,2,9\n", "line 3 is not three whole numbers"),
        (HEAD.encode("utf-16"), "is text in UTF-16; save it in UTF-8"),
        (b"\x89HDF\r\n\x1a\n\x00\x00\xff", "the first line lacks"),
    ],
)
def test_bad_networks_are_refused_in_one_line(read, text, words):
    with pytest.raises(InputError) as error:
        read(text)
    line = str(error.value)
    assert words in line and "net.csv" in line and "\n" not in line


@pytest.mark.parametrize(
    "options, words",
    [
        ({"n_neurons": 2}, "line 4 has pre 2, outside the neurons 0…1"),
        ({"n_neurons": 0}, "neurons is 0"),
        ({"n_excitatory": 0}, "0 excitatory neurons are not possible"),
        ({"n_excitatory": 4}, "4 excitatory neurons are not possible among 3"),
        ({"n_excitatory": 3}, "line 4 has the weight -5, but neuron 2 is excitatory"),
        ({"n_excitatory": 1}, "line 3 has the weight 9.5, but neuron 1 is inhibitory"),
        ({"max_weight": float("nan")}, "the weight ceiling is nan"),
        ({"max_weight": -3}, "the weight ceiling is -3; it has to be positive"),
    ],
)
def test_options_that_do_not_fit_the_network_are_refused(read, options, words):
    with pytest.raises(InputError, match=words):
        read(GOOD, **options)


@pytest.mark.parametrize(
    "name, values, words",
    [
        ("pre", [0, 0.5], "synapse 1 has pre 0.5, not a whole number"),
        ("post", [np.nan, 1], "synapse 0 has post nan, not a whole number"),
        ("post", [1, 2], "synapse 1 has post 2, outside the neurons 0…1"),
        ("delay_ms", [1.5, 1], "synapse 0 has delay_ms 1.5, not a whole number"),
        ("delay_ms", [1, np.inf], "synapse 1 has delay_ms inf, not a whole number"),
        ("delay_ms", [1, 0], "synapse 1 has delay_ms 0; the shortest is 1"),
        ("weight", [1, np.inf], "synapse 1 has the weight inf, not a finite number"),
        ("weight", ["1", "2"], "have to be numbers"),
        ("weight", [1], "equally long"),
        ("excitatory", [False, False], "no excitatory neurons"),
    ],
)
def test_arrays_that_describe_no_network_are_refused(name, values, words):
    good = dict(pre=[0, 1], post=[1, 0], delay_ms=[1.0, 2], weight=[1, 2], excitatory=[1, 1])
    assert DelayNetwork(**good).delay_ms.tolist() == [1, 2]
    with pytest.raises(InputError, match=words):
        DelayNetwork(**good | {name: values})


@given(st.integers(0, 2**32), st.integers(0, 2**31))
def test_shuffling_keeps_the_weights_of_each_kind_of_synapse(seed, shuffle):
    network = random_network(seed)
    shuffled = network.shuffled(shuffle)
    for name in ("pre", "post", "delay_ms"):
        assert np.array_equal(getattr(network, name), getattr(shuffled, name))
    plastic, onto = network.excitatory[network.pre], network.excitatory[network.post]
    assert np.array_equal(network.weight[~plastic], shuffled.weight[~plastic])
    for kind in (plastic & onto, plastic & ~onto):
        assert sorted(network.weight[kind]) == sorted(shuffled.weight[kind])
    assert network.fingerprint() != shuffled.fingerprint()
    assert shuffled.fingerprint() == network.shuffled(shuffle).fingerprint()


def test_fingerprints_tell_networks_apart():
    network = random_network(1)
    names = ("pre", "post", "delay_ms", "weight", "excitatory", "max_weight")
    parts = {name: getattr(network, name) for name in names}
    others = [network.fingerprint()]
    for name in names[:4]:
        changed = parts[name].copy()
        changed[5] += 1e-9 if name == "weight" else 1 if changed[5] < 10 else -1
        others.append(DelayNetwork(**(parts | {name: changed})).fingerprint())
    others.append(DelayNetwork(**(parts | {"max_weight": 11})).fingerprint())
    flipped = np.append(parts["excitatory"][:-1], True)
    others.append(DelayNetwork(**(parts | {"excitatory": flipped})).fingerprint())
    assert len(set(others)) == len(others)
    order = np.random.default_rng(0).permutation(network.n_synapses)
    mixed = {name: parts[name][order] for name in names[:4]}
    assert DelayNetwork(**(parts | mixed)).fingerprint() == others[0]


def test_a_memory_becomes_a_network_with_its_largest_weight_at_the_ceiling(make_memory):
    memory = make_memory(3, n_neurons=6)
    network = DelayNetwork.of_memory(memory, 8)
    assert network.weight.max() == 8 and network.max_weight == 8
    assert np.allclose(network.weight, memory.weight / memory.weight.max() * 8)
    assert np.array_equal(network.delay_ms, memory.delay)
    for neuron in range(6):
        own = memory.weight[memory.pre == neuron]
        assert network.excitatory[neuron] == (not len(own) or (own > 0).any())


def test_a_memory_without_positive_weights_is_no_network(make_memory):
    memory = make_memory(n_patterns=0)
    arrays = (memory.pre, memory.post, memory.delay, -abs(memory.weight))
    names = ("pre", "post", "delay", "weight")
    common = dict(n_neurons=5, n_delays=4, step=1e-3, beta=0.7, theta=1.0, patterns=())
    negative = type(memory)(**dict(zip(names, arrays)), **common)
    with pytest.raises(InputError, match="the memory has no excitatory synapses"):
        DelayNetwork.of_memory(negative)
