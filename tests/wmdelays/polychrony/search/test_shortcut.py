import numpy as np
import pytest

from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.search.neuron import BEFORE, GAPS
from wmdelays.polychrony.search.search import GroupSearch
from wmdelays.polychrony.search.shortcut import _NONE, _note, _reached, tell

# Two anchors, the mother, and two neurons more of each kind: 3 and 4, and 5 and 6.
MOTHER, N = 2, 7
EVERY_TIME = ~np.uint64(0)


def network(*synapses):
    """Synapses are (pre, post, ms); the anchors reach the mother after 3 and 5 ms."""
    pre, post, delay = np.transpose([(0, MOTHER, 3), (1, MOTHER, 5), *synapses])
    excitatory = np.arange(N) < 5
    return DelayNetwork(pre, post, delay, np.where(excitatory[pre], 10.0, -5.0), excitatory)


def note(made, *later):
    """What is noted after the anchors and other spikes, (neuron, ms after the anchors meet)."""
    search = GroupSearch(made)
    post, delay, _, _, row_end, width, *_ = search._sent
    neuron = np.array([0, 1, N + MOTHER, *(n for n, _ in later)])
    time = np.array([2, 0, 4, *(5 + t for _, t in later)])
    at, inputs = np.full(N, EVERY_TIME), np.full(N, _NONE)
    known, alone = _note(
        MOTHER, 5, len(neuron), neuron, time, np.array([3, 5, 1]), post, delay, row_end, width,
        made.excitatory, *search._told[1], at, inputs,
    )  # fmt: skip
    return known, alone, at, *search._told[1]


def shifted(number, since):
    """Bits for ms after the anchors' meeting instead of ms, less BEFORE, after the first input."""
    bits = [int(number) >> b & 1 for b in range(64)]
    moved = {b - BEFORE + since: bit for b, bit in enumerate(bits)}
    return sum(moved.get(b, 0) << b for b in range(64))


def test_one_input_leaves_all_times_harmless_but_those_at_which_two_fire():
    known, _, at, one, _ = note(network((0, 3, 9), (1, 5, 6)))
    assert known
    assert at[3] == shifted(one[0, 0], since=6) != EVERY_TIME
    assert at[5] == shifted(one[0, 1], since=1)
    assert at[4] == at[6] == EVERY_TIME


def test_two_inputs_count_in_the_order_in_which_they_come():
    made = network((0, 3, 9), (5, 3, 2))
    _, _, at, _, two = note(made, (5, 1))
    assert at[3] == shifted(two[1, 0, 0, 3], since=3)
    _, _, at, _, two = note(made, (5, 7))
    assert at[3] == shifted(two[0, 1, 0, 3], since=6)
    assert two[0, 1, 0, 3] != two[1, 0, 0, 3]


def test_three_inputs_and_two_far_apart_are_never_taken_for_harmless():
    _, _, at, *_ = note(network((0, 3, 9), (1, 3, 7), (4, 3, 2)), (4, 2))
    assert at[3] == 0
    made = network((0, 3, 9), (4, 3, 2))
    assert note(made, (4, GAPS + 4))[2][3] == 0 != note(made, (4, GAPS + 3))[2][3]


def test_times_long_before_an_input_are_not_known():
    made = network((4, 3, 2), (0, 4, 9))
    _, _, at, one, _ = note(made, (4, BEFORE + 5))
    assert int(at[3]) & 0x7F == 0
    assert at[3] == shifted(one[0, 0], since=BEFORE + 7)


@pytest.mark.parametrize("to, alone", [(MOTHER, False), (3, True)])
def test_it_is_told_whether_another_spike_reaches_the_mother(to, alone):
    assert note(network((4, to, 2)), (4, 2))[:2] == (True, alone)
    assert note(network((0, to, 4)))[:2] == (True, alone)


def test_nothing_is_told_when_an_anchor_reaches_the_mother_twice_at_once():
    assert not note(network((0, MOTHER, 3)))[0]


def test_nothing_is_told_when_a_spike_could_come_after_the_end():
    # Groups are followed for 61 ms, or to the last arrival; a third anchor can take 20 ms more.
    made = network((3, 4, 20), (4, 5, 1))
    assert note(made, (4, 40))[0]
    assert not note(made, (4, 41))[0]
    assert note(made, (3, 25), (4, 45))[0]
    assert not note(made, (3, 25), (4, 46))[0]


@pytest.mark.parametrize(
    "synapses, n",
    [
        ([(0, 3, 4), (0, 4, 20)], 2),
        ([(0, 3, 2), (0, 4, 4)], 1),
        ([(0, 3, 4), (0, 3, 6)], -1),
        ([(0, MOTHER, 7)], -1),
        ([(0, 3, 3 + 64)], -1),
        ([(0, 3, 3 + 63)], 1),
    ],
)
def test_an_anchor_is_the_third_if_no_neuron_gets_its_spike_twice_or_late(synapses, n):
    post, delay, _, _, row_end, width, *_ = GroupSearch(network(*synapses))._sent
    receivers, when = np.zeros(9, np.uint32), np.zeros(9, np.uint64)
    found = _reached(
        MOTHER, 0, 3, post, delay, row_end, width, receivers, when, np.full(N, _NONE)
    )  # fmt: skip
    assert found == n
    expected = [(x, d - 3) for _, x, d in synapses if d >= 3]
    assert n < 0 or list(zip(receivers[:n], when[:n])) == expected


def told_sets(made, mother):
    """The sets of a mother's inputs of which `tell` knows that they have no group."""
    search = GroupSearch(made)
    pre, delay, weight, mothers, *_ = search._inputs
    n, own = made.n_neurons, slice(*mothers[mother : mother + 2])
    whole, small = np.zeros((4, 50_000), np.uint32), np.zeros((2, 1200), np.uint32)
    known, state, second = np.full(n, -1), np.zeros((n, 4)), np.zeros(n, np.uint32)
    awake, fired = np.zeros((2, n), np.uint32)
    room = (known, state, second, awake, fired, *small, np.full(1200, -1), *whole)
    lists = (
        np.zeros((9, 20), np.uint32), np.zeros((9, 20), np.uint64), np.zeros(n, np.uint64),
        np.zeros(n, np.int64),
    )  # fmt: skip
    told = np.zeros((9, 9, 9), bool)
    tell(
        0, mother, pre[own], delay[own], weight[own], 9, told, search._told[1], search._sent,
        made.excitatory, room, lists, np.zeros(1000, np.int64), np.zeros(1000, np.int64),
    )  # fmt: skip
    return {tuple(pre[own][list(chosen)].tolist()) for chosen in np.argwhere(told)}


@pytest.mark.parametrize("weight, told", [(9.6, False), (10, True)])
def test_weights_count_where_the_mother_is_reached_again(weight, told):
    # 0 and 1 make 4 fire. In the second network that reaches the mother, 5.
    synapses = [(0, 5, 10), (1, 5, 10), (2, 5, weight), (3, 5, 10), (0, 4, 10), (1, 4, 10)]
    for again in ([], [(4, 5, 10)]):
        pre, post, weights = np.transpose(synapses + again)
        delay = np.where((pre == 4) & (post == 5), 6, 1)
        made = DelayNetwork(pre.astype(int), post.astype(int), delay, weights, np.full(6, True))
        assert ((0, 1, 2) in told_sets(made, 5)) == (told or not again)
        assert (0, 1, 3) in told_sets(made, 5)
