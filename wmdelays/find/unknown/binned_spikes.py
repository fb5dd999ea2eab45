"""A raster in bins, as the cells that hold spikes, and the sums over them that PPSeq's model needs."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy.sparse import csr_array

# The variance of a time within its bin.
_WITHIN_BIN = 1 / 12
# Cells whose rates are computed at once: so few stay where the processor has them at hand.
_AT_ONCE = 4_000
# With so many bins to a cell, sums go over cells and not over bins.
_SPARSE = 3
_TINY = 1e-12


class BinnedSpikes:
    """The cells of a raster, unit by bin, that hold spikes.

    Parameters
    ----------
    raster : Raster
    step : float
        Length of a bin in seconds.
    window : int
        Bins of a sequence.
    """

    def __init__(self, raster, step, window):
        self.n_bins, self.n_units, self.window = raster.n_steps(step), raster.n_neurons, window
        cells = raster.neurons * self.n_bins + raster.steps(step)
        cells, counts = np.unique(cells, return_counts=True)
        self.unit, self.bin = np.divmod(cells, self.n_bins)
        self.count = counts.astype(float)
        self._first = np.searchsorted(self.unit, np.arange(self.n_units + 1))
        self._days = np.arange(window)
        self._in_time = np.argsort(self.bin, kind="stable")
        self._bins = self.bin[self._in_time]
        # Bins by cells; with so many bins more that every bin begins a whole window.
        padded = self.n_bins + window - 1, len(self.bin)
        self._counts = csr_array((self.count, (self.bin, np.arange(len(self.bin)))), padded)
        self._begins = None
        if _SPARSE * len(self.bin) < self.n_bins:
            # Where a window begins of whose days a cell is each, counted from a window earlier on.
            self._begins = (self.bin[:, None] - self._days + window - 1).reshape(-1)

    def of_units(self, values):
        """The sums of values of cells, for each unit."""
        return np.bincount(self.unit, values, self.n_units)

    def within(self, start, n_bins):
        """The cells of so many bins from one on."""
        return self._in_time[slice(*np.searchsorted(self._bins, [start, start + n_bins]))]

    def gaussians(self, offsets, widths):
        """The parts of a unit's spikes in each bin of the window, shape (..., window)."""
        shape = np.exp(-0.5 * ((self._days - offsets[:, None]) / widths[:, None]) ** 2)
        return shape / (shape.sum(1, keepdims=True) + _TINY)

    def template(self, parts, offsets, widths):
        """The spikes of units in each bin of the window, as parts of all."""
        return parts[:, None] * self.gaussians(offsets, widths)

    def matched(self, target):
        """Part, offset and width of each unit, by the moments of their spikes in the window."""
        total = target.sum(1) + _TINY
        offsets = (target @ self._days) / total
        variance = (target * (self._days - offsets[:, None]) ** 2).sum(1) / total
        return total / total.sum(), offsets, np.sqrt(variance + _WITHIN_BIN)

    def windows(self, amplitudes):
        """The amplitudes of the bins before each bin, shape (n_bins, window)."""
        padded = np.concatenate([np.zeros(self.window - 1), amplitudes])
        return sliding_window_view(padded, self.window)[:, ::-1]

    def added(self, amplitudes, template):
        """The rate that occurrences add at each cell."""
        windows, rates = self.windows(amplitudes), np.empty(len(self.bin))
        for first in range(0, len(rates), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            rates[some] = np.einsum("cd,cd->c", windows[self.bin[some]], template[self.unit[some]])
        return rates

    def before(self, values, amplitudes):
        """For each unit the sums of values of cells times the amplitudes of the bins before them.

        Of shape (n_units, window), as a template.
        """
        cells = csr_array(
            (values, np.arange(len(values)), self._first), (self.n_units, len(values))
        )
        return cells @ self.windows(amplitudes)[self.bin]

    def gains(self, values, template):
        """For each bin the sum of values of cells times the template that begins there."""
        if self._begins is not None:
            return self._scattered(values[:, None] * template[self.unit])
        spread = csr_array((values, self.bin, self._first), (self.n_units, self._counts.shape[0]))
        return self._summed(spread.T @ template)

    def log_ratios(self, added, before):
        """For each bin the logarithm of how much likelier the spikes are if an occurrence begins."""
        ratios = added[self.unit]
        ratios /= before[:, None]
        np.log1p(ratios, out=ratios)
        if self._begins is not None:
            ratios *= self.count[:, None]
            return self._scattered(ratios)
        return self._summed(self._counts @ ratios)

    def _scattered(self, of_cells):
        """The sums over the days of windows, of values for each cell and day."""
        n_bins = self.n_bins + self.window - 1
        return np.bincount(self._begins, of_cells.reshape(-1), n_bins)[self.window - 1 :]

    def _summed(self, of_days):
        """The sums over the days of windows, ``of_days[t + d, d]``, for each bin t."""
        bin_, day = of_days.strides
        diagonals = as_strided(of_days, (self.n_bins, self.window), (bin_, bin_ + day))
        return diagonals @ np.ones(self.window)
