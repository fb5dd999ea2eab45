"""Tables of synapses: their order, and what is refused."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmdelays import InputError, Memory
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.synapses import Synapses, is_single

GIVEN = dict(pre=[0, 1, 1], post=[1, 2, 0], delay=[1, 4, 2], weight=[0.5, -0.25, 2.0], n_neurons=3)


@given(
    rows=st.lists(st.tuples(*[st.integers(0, 3)] * 2, st.integers(1, 3)), max_size=30),
    in_order=st.booleans(),
    at_once=st.sampled_from([1, 2, 5, 1000]),
)
def test_synapses_are_sorted_by_pre_delay_and_post_and_equals_stay_in_order(
    rows, in_order, at_once
):
    if in_order:
        # But for the last one.
        rows = sorted(rows[:-1], key=lambda row: (row[0], row[2], row[1])) + rows[-1:]
    pre, post, delay = np.array(rows, np.int64).reshape(-1, 3).T
    place = np.arange(len(rows), dtype=float)
    with mock.patch("wmdelays.synapses.AT_ONCE", at_once):
        table = Synapses(pre, post, delay, place, n_neurons=4)
    wanted = sorted(range(len(rows)), key=lambda k: (rows[k][0], rows[k][2], rows[k][1]))
    assert table.weight.tolist() == wanted
    assert np.array_equal(np.c_[table.columns[:3]], np.array(rows).reshape(-1, 3)[wanted])
    triples = list(zip(table.pre, table.delay, table.post))
    again = [k for k in range(1, len(rows)) if triples[k] == triples[k - 1]]
    assert table.repeated() == (again[0] if again else None)


def test_more_neurons_and_delays_than_keys_have_numbers_are_sorted_all_the_same():
    most = 2**31 - 1
    table = Synapses([5, 5, 0], [1, 1, most - 1], [most, 7, 1], [1, 2, 3], n_neurons=most)
    assert table.weight.tolist() == [3, 2, 1] and table.delay.tolist() == [1, 7, most]


def test_a_network_holds_its_synapses_once():
    order = np.lexsort((GIVEN["post"], GIVEN["delay"], GIVEN["pre"]))
    columns = {name: np.array(GIVEN[name])[order] for name in ("pre", "post", "delay", "weight")}
    columns |= {name: columns[name].astype(np.int32) for name in ("pre", "post", "delay")}
    memory = Memory(3, 4, 1e-3, 0.7, 1.0, **columns)
    network = DelayNetwork.of_memory(memory)
    for name, given_column in columns.items():
        assert np.shares_memory(getattr(memory, name), given_column)
        assert getattr(memory, name) is getattr(memory.synapses, name)
    for name in ("pre", "post", "delay"):
        own = "delay_ms" if name == "delay" else name
        assert getattr(network, own) is getattr(network.synapses, name)
        assert np.shares_memory(getattr(network, own), columns[name])


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_single_precision_is_told_wherever_a_number_needs_more(at_once):
    with mock.patch("wmdelays.synapses.AT_ONCE", at_once):
        assert is_single(np.array([])) and is_single(np.array([0.5, -3.0, 2.0**100]))
        for place in range(5):
            values = np.full(5, 0.25)
            values[place] = 0.1
            assert not is_single(values)


def test_chosen_synapses_stay_in_order():
    table = Synapses(**GIVEN)
    kept = table.where(table.weight > 0)
    assert len(kept) == 2 and kept.n_neurons == 3
    assert kept.pre.tolist() == [0, 1] and kept.weight.tolist() == [0.5, 2.0]


@pytest.mark.parametrize(
    "change, line",
    [
        (dict(pre=[0, 1]), "pre, post, delay and weight have to be equally long, not (2,), (3,)"),
        (dict(post=["1", "2", "0"]), "pre, post, delay and weight have to be numbers"),
        (dict(weight=[True, True, True]), "pre, post, delay and weight have to be numbers"),
        (dict(pre=[0, 0.5, 1]), "synapse 1 has pre 0.5, not a whole number"),
        (dict(delay=[1, 2, np.nan]), "synapse 2 has delay nan, not a whole number"),
        (dict(post=[0, 3, 1]), "synapse 1 has post 3, outside the neurons 0…2"),
        (dict(pre=[-1, 0, 1]), "synapse 0 has pre -1, outside the neurons 0…2"),
        (dict(delay=[1, 0, 1]), "synapse 1 has delay 0; the shortest is 1"),
        (dict(delay=[1, 2**31, 1]), "synapse 1 has delay 2147483648; the longest is 2147483647"),
        (dict(delay=[1, 9, 1], longest=8), "synapse 1 has delay 9, outside 1…8"),
        (dict(weight=[1, 1, -np.inf]), "synapse 2 has the weight -inf, not a finite number"),
        (dict(delay=[1, 9, 0], names=("pre", "post", "delay_ms", "weight")), "delay_ms 0; the"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(change, line):
    with pytest.raises(InputError) as refused:
        Synapses(**(GIVEN | change))
    assert line in str(refused.value) and "\n" not in str(refused.value)


def test_delays_may_be_whole_floats():
    assert Synapses(**(GIVEN | dict(delay=[1.0, 4.0, 2.0]))).delay.dtype == np.int32
