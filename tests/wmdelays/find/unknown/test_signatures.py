"""Patterns are significant at the level that was asked for, whatever their sizes."""

import numpy as np
import pytest

from wmdelays.find.unknown.signatures import Signatures

USUAL = np.array([[3, 4, 20], [3, 5, 6]])
NOTHING = np.zeros((0, 3), int)


def test_what_no_surrogate_has_is_significant():
    found = np.array([[3, 4, 20], [3, 9, 2], [4, 4, 1]])
    made = Signatures(found, [USUAL] * 19, 4, 0.05)
    assert made.p_value(3, 9) == made.p_value(4, 4) == 1 / 20 and made.p_value(3, 4) == 1
    assert made.significant(3, 9) and made.significant(4, 4) and not made.significant(3, 5)
    assert made.not_significant() == [(3, 4), (3, 5)]
    assert made.in_each() == [0] * 19
    # A larger pattern is one of its spikes too.
    assert Signatures(np.array([[5, 6, 1]]), [USUAL] * 19, 4, 0.05).significant(3, 6)


def test_patterns_of_surrogates_that_would_be_significant_are_counted():
    rare = np.array([[3, 4, 20], [3, 9, 2], [4, 4, 1]])
    assert Signatures(USUAL, [USUAL] * 9 + [rare], 4, 0.1).in_each() == [0] * 9 + [3]
    assert Signatures(USUAL, [USUAL] * 9 + [rare], 4, 0.05).in_each() == [0] * 10
    assert Signatures(USUAL, [USUAL] * 8 + [rare] * 2, 4, 0.2).in_each() == [0] * 8 + [3, 3]


@pytest.mark.parametrize("draws, alpha", [(19, 0.05), (39, 0.05), (19, 0.2)])
def test_the_level_holds_for_many_sizes_together(draws, alpha):
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(200):
        made = []
        for _ in range(draws + 1):
            sizes = np.flatnonzero(rng.random(8) < 0.7) + 3
            made.append(np.stack([sizes, rng.integers(4, 40, len(sizes)), sizes], axis=1))
        one = Signatures(made[-1], made[:-1], 4, alpha)
        false += any(one.significant(z, c) for z, c, _ in made[-1].tolist())
    # Three standard deviations above the level.
    assert false / 200 < alpha + 3 * np.sqrt(alpha * (1 - alpha) / 200)


def test_where_nothing_recurs_nothing_is_significant():
    assert Signatures(NOTHING, [NOTHING] * 19, 4, 0.05).in_each() == [0] * 19
    assert not Signatures(USUAL, [USUAL] * 19, 4, 0.05).significant(3, 5)
