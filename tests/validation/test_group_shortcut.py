import numpy as np
import pytest

from wmdelays.delay_network import DelayNetwork
from wmdelays.validation.group_search import Search
from wmdelays.validation.group_shortcut import _NONE, _note, _reached
from wmdelays.validation.izhikevich_neuron import BEFORE, GAPS

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
    search = Search(made)
    post, delay, _, _, row_end, width, *_ = search._sent
    neuron = np.array([0, 1, N + MOTHER, *(n for n, _ in later)])
    time = np.array([2, 0, 4, *(5 + t for _, t in later)])
    at, inputs = np.full(N, EVERY_TIME), np.full(N, _NONE)
    known = _note(
        MOTHER, 5, len(neuron), neuron, time, np.array([3, 5, 1]), post, delay, row_end, width,
        made.excitatory, *search._told[1], at, inputs,
    )  # fmt: skip
    return known, at, *search._told[1]


def shifted(number, since):
    """Bits for ms after the anchors' meeting instead of ms, less BEFORE, after the first input."""
    bits = [int(number) >> b & 1 for b in range(64)]
    moved = {b - BEFORE + since: bit for b, bit in enumerate(bits)}
    return sum(moved.get(b, 0) << b for b in range(64))


def test_one_input_leaves_all_times_harmless_but_those_at_which_two_fire():
    known, at, one, _ = note(network((0, 3, 9), (1, 5, 6)))
    assert known
    assert at[3] == shifted(one[0, 0], since=6) != EVERY_TIME
    assert at[5] == shifted(one[0, 1], since=1)
    assert at[4] == at[6] == EVERY_TIME


def test_two_inputs_count_in_the_order_in_which_they_come():
    made = network((0, 3, 9), (5, 3, 2))
    _, at, _, two = note(made, (5, 1))
    assert at[3] == shifted(two[1, 0, 0, 3], since=3)
    _, at, _, two = note(made, (5, 7))
    assert at[3] == shifted(two[0, 1, 0, 3], since=6)
    assert two[0, 1, 0, 3] != two[1, 0, 0, 3]


def test_three_inputs_and_two_far_apart_are_never_taken_for_harmless():
    _, at, *_ = note(network((0, 3, 9), (1, 3, 7), (4, 3, 2)), (4, 2))
    assert at[3] == 0
    made = network((0, 3, 9), (4, 3, 2))
    assert note(made, (4, GAPS + 4))[1][3] == 0 != note(made, (4, GAPS + 3))[1][3]


def test_times_long_before_an_input_are_not_known():
    made = network((4, 3, 2), (0, 4, 9))
    _, at, one, _ = note(made, (4, BEFORE + 5))
    assert int(at[3]) & 0x7F == 0
    assert at[3] == shifted(one[0, 0], since=BEFORE + 7)


@pytest.mark.parametrize("to, known", [(MOTHER, False), (3, True)])
def test_nothing_is_told_when_another_spike_reaches_the_mother(to, known):
    assert note(network((4, to, 2)), (4, 2))[0] == known


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
    post, delay, _, _, row_end, width, *_ = Search(network(*synapses))._sent
    receivers, when = np.zeros(9, np.uint32), np.zeros(9, np.uint64)
    found = _reached(
        MOTHER, 0, 3, post, delay, row_end, width, receivers, when, np.full(N, _NONE)
    )  # fmt: skip
    assert found == n
    expected = [(x, d - 3) for _, x, d in synapses if d >= 3]
    assert n < 0 or list(zip(receivers[:n], when[:n])) == expected
