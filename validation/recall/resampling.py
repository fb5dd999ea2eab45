"""How sure a score over trials is: other trials drawn from those that there are, signs turned."""

from __future__ import annotations

import numpy as np

from wmdelays.draws import random_numbers

# Draws of other trials; the ends of an interval are then known to a tenth of its length or so.
_RESAMPLES = 2000
# Up to so many trials every combination of signs is looked at, for more of them so many at random.
_ALL_SIGNS, _SIGNS = 12, 10_000
# The part of the resampled scores that an interval holds.
COVERED = 0.95


def pooled_f1(counts):
    """F1 over several trials at once.

    Parameters
    ----------
    counts : array, shape (..., n_trials, 3)
        Matched, recalled and stored spikes of each.

    Returns
    -------
    float array, shape (...)
        1 where both are silent.
    """
    matched, recalled, stored = np.moveaxis(np.sum(counts, axis=-2), -1, 0)
    spikes = recalled + stored
    return np.where(spikes > 0, 2 * matched / np.maximum(spikes, 1), 1.0)


def resampled(n_trials, seed):
    """Trials drawn with replacement, int array of shape (n_resamples, n_trials)."""
    rng = random_numbers(seed, "resampled trials", n_trials)
    return rng.integers(n_trials, size=(_RESAMPLES, n_trials))


def interval(values):
    """The ends between which `COVERED` of the values lie."""
    low, high = np.quantile(values, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    return float(low), float(high)


def p_of_signs(differences, seed):
    """How often chance makes a mean difference as large, if its sign in each trial were chance.

    Parameters
    ----------
    differences : float array, shape (n_trials,)
    seed : int
        Of the signs, where there are too many combinations to look at all.

    Returns
    -------
    float
        One-sided: small where the differences are above zero. With n trials no less than 2 ** -n.

    Notes
    -----
    The sign-flip test (Fisher's randomisation test for pairs): under the null hypothesis the two
    members of each pair can be exchanged.

    References
    ----------
    R. A. Fisher, The Design of Experiments (1935), section 21.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n = len(differences)
    if n <= _ALL_SIGNS:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = random_numbers(seed, "signs", n).choice([-1, 1], size=(_SIGNS, n))
    # What differs by rounding alone counts as equal.
    as_large = signs @ differences >= differences.sum() - 1e-12 * np.abs(differences).sum()
    if n <= _ALL_SIGNS:
        return float(as_large.mean())
    return float((1 + as_large.sum()) / (1 + _SIGNS))
