"""Which of SPADE's signatures are significant: numbers of spikes and of occurrences of a pattern.

For each number of spikes, a raster is told by the most occurrences of a pattern with so many or
more. Compared with all surrogates and the raster together, this gives a p-value for each number of
spikes, and the lowest of them is what the raster has to show for itself. It is significant where
it is among the lowest of all, alpha of them at most (the minimal p-value of P. H. Westfall and
S. S. Young, Resampling-Based Multiple Testing, 1993). So the level holds for all numbers of spikes
together, however many surrogates there are; elephant divides it by those numbers, and compares it
with k / n, which makes more false patterns than the level says where surrogates are few.
"""

import numpy as np


class Signatures:
    """What is significant in a raster and would be in each surrogate.

    Parameters
    ----------
    found : int array, shape (n_signatures, 3)
        Of the raster: numbers of spikes, of occurrences, and of patterns with both.
    spectra : list of int arrays
        The same of each surrogate.
    least : int
        Fewest occurrences of a pattern.
    alpha : float
        Significance level.
    """

    def __init__(self, found, spectra, least, alpha):
        self._all, self._least = [*spectra, found], least
        sizes = [z for one in self._all for z in one[:, 0]]
        self._sizes = range(min(sizes, default=0), max(sizes, default=-1) + 1)
        # The most occurrences of a pattern with so many spikes or more, for each raster.
        self._most = {
            z: np.array([one[one[:, 0] >= z, 1].max(initial=0) for one in self._all])
            for z in self._sizes
        }
        lowest = np.ones(len(self._all))
        for z, most in self._most.items():
            p = np.array([np.mean(most >= one) if one else 1.0 for one in most])
            lowest = np.minimum(lowest, p)
        # The highest p-value that no more than alpha of all reach.
        self._level = max(
            (t for t in np.unique(lowest) if np.mean(lowest <= t) <= alpha + 1e-12), default=0.0
        )

    def p_value(self, size, occurrences):
        """``(1 + k) / (1 + n)`` for a signature of the raster, k of n surrogates reaching it."""
        return float(np.mean(self._most[size] >= occurrences))

    def significant(self, size, occurrences):
        """Whether a signature is significant."""
        return self.p_value(size, occurrences) <= self._level + 1e-12

    def not_significant(self):
        """All signatures that are not, a list of pairs."""
        return [
            (z, c)
            for z in self._sizes
            for c in range(self._least, int(self._most[z].max()) + 1)
            if not self.significant(z, c)
        ]

    def in_each(self):
        """How many patterns of each surrogate would be significant."""
        return [
            sum(n for z, c, n in one.tolist() if self.significant(z, c)) for one in self._all[:-1]
        ]
