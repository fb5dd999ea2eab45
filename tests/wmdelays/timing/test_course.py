"""From when on a recall is lost."""

import math

import numpy as np
import pytest

from wmdelays.timing.course import lost_from

TIMES = np.arange(100) / 100


@pytest.mark.parametrize("isolated", [[], [3], [3, 30, 48]])
def test_a_recall_that_ends_is_lost_where_it_ends(isolated):
    matched = TIMES < 0.5
    matched[isolated] = False
    # A neighbour of the end belongs to it.
    expected = 0.5
    assert lost_from(TIMES, matched, [], 1.0, 0.1) == expected


def test_a_recall_that_is_drowned_is_lost_where_the_wrong_spikes_begin():
    extra = np.repeat(TIMES[60:] + 0.001, 3)
    assert lost_from(TIMES, TIMES < 2, extra, 1.0, 0.1) == extra[0]


def test_what_is_there_at_the_end_is_not_lost():
    gap = (TIMES < 0.3) | (TIMES > 0.7)
    last = TIMES < 0.99
    for matched in (TIMES < 2, gap, last):
        assert math.isnan(lost_from(TIMES, matched, [], 1.0, 0.1))
    assert math.isnan(lost_from([], [], [0.5], 1.0, 0.1))


def test_what_never_begins_is_lost_from_the_first_spike_on():
    assert lost_from(TIMES + 0.05, TIMES < 0, [], 1.05, 0.1) == 0.05
