import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays.polychrony.search.neuron import (
    BEFORE,
    BITS,
    GAPS,
    JUMP,
    PEAK,
    RECOVERY,
    RESET,
    UNSURE,
    harmless,
    membrane,
    spike_time,
)

LOW, HIGH = np.array([9.5, -6.0]), np.array([10.0, -5.0])
AFTER_ONE, AFTER_TWO = harmless(LOW, HIGH)


def spikes(inputs, kind):
    """When a neuron fires, simulated for 400 ms from rest; inputs are (ms, weight)."""
    v, u, fired = -70.0, -14.0, []
    for t in range(-BEFORE, 400):
        v, u = membrane(v, u, sum(weight for at, weight in inputs if at == t), RECOVERY[kind])
        if v >= PEAK:
            v, u = RESET, u + JUMP[kind]
            fired.append(t)
    return fired


def is_set(number, bit):
    return bool(int(number) >> bit & 1)


@settings(max_examples=400, deadline=None)
@given(
    kind=st.integers(0, 1),
    kinds=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    gap=st.integers(0, GAPS - 1),
    bit=st.integers(0, BITS - 1),
    parts=st.tuples(*[st.floats(0, 1)] * 3),
    n_inputs=st.integers(1, 2),
)
def test_a_harmless_input_leaves_the_spikes_as_they_are(kind, kinds, gap, bit, parts, n_inputs):
    weights = [LOW[k] + part * (HIGH[k] - LOW[k]) for k, part in zip((*kinds, 0), parts)]
    inputs = list(zip((0, gap), weights))[:n_inputs]
    table = AFTER_ONE[kinds[0]] if n_inputs == 1 else AFTER_TWO[kinds]
    table = table[kind] if n_inputs == 1 else table[kind, gap]
    if is_set(table, bit):
        more = [*inputs, (bit - BEFORE, weights[2])]
        assert spikes(more, kind) == spikes(inputs, kind)


@pytest.mark.parametrize("kind", [0, 1])
def test_what_fires_a_neuron_is_not_harmless_and_most_else_is(kind):
    meets = [is_set(AFTER_ONE[0, kind], BEFORE + d) for d in range(-10, 11)]
    fires = [len(spikes([(0, 10.0), (d, 10.0)], kind)) > 0 for d in range(-10, 11)]
    assert not any(meet and fire for meet, fire in zip(meets, fires))
    assert sum(meets) + sum(fires) >= 19
    assert AFTER_ONE[1, kind] == ~np.uint64(0)


def test_a_spike_time_holds_for_all_weights_or_is_unsure():
    three = np.zeros(3, np.int64)
    assert spike_time(three, np.full(3, 9.5), np.full(3, 10.0), 0) == spikes([(0, 30.0)], 0)[0]
    assert spike_time(three, np.full(3, 6.0), np.full(3, 10.0), 0) == UNSURE
    assert spike_time(three[:1], np.full(1, 1.0), np.full(1, 10.0), 0) == -1
