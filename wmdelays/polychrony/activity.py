"""What a simulated network did: rates, rhythms, and weights at the ceiling, over time."""

from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import STRONG

# Where the rhythms of the paper lie, in Hz.
DELTA, GAMMA = (2.0, 4.0), (30.0, 100.0)
# The peak of gamma may begin below it.
_PEAK = (25.0, 100.0)
# A spectrum is the mean of those of stretches of 2 s, so that delta has several frequencies.
SPECTRUM_S = 2


@dataclass(frozen=True)
class Activity:
    """Rates and rhythms in windows that follow one another.

    Attributes
    ----------
    window_s : int
        Length of a window in seconds.
    times : int array, shape (n_windows,)
        End of each window in seconds.
    rates : float array, shape (2, n_windows)
        Mean rate in Hz of the excitatory neurons, and of the inhibitory ones; NaN without any.
    frequencies : float array, shape (n_frequencies,)
        In Hz.
    spectra : float array, shape (n_frequencies, n_windows)
        Power spectral density of the excitatory neurons' mean rate, in Hz² / Hz.
    """

    window_s: int
    times: np.ndarray
    rates: np.ndarray
    frequencies: np.ndarray
    spectra: np.ndarray

    def strength(self, band):
        """How much the mean rate goes up and down in a band of frequencies: its r.m.s. in Hz."""
        inside = (self.frequencies >= band[0]) & (self.frequencies <= band[1])
        return np.sqrt(self.spectra[inside].sum(axis=0) * self.frequencies[1])

    def gamma_peak(self):
        """The frequency from 25 to 100 Hz with most power in each window, in Hz."""
        inside = (self.frequencies >= _PEAK[0]) & (self.frequencies <= _PEAK[1])
        return self.frequencies[inside][self.spectra[inside].argmax(axis=0)]


def activity(counts, n_excitatory, n_inhibitory, window_s=None):
    """Rates and rhythms from numbers of spikes.

    Parameters
    ----------
    counts : int array, shape (2, n_ms)
        Spikes of excitatory and of inhibitory neurons in each millisecond, see `NetworkRun`.
    n_excitatory, n_inhibitory : int
        Number of neurons.
    window_s : int, optional
        Length of a window in seconds, at least `SPECTRUM_S`; by default a 60th of the whole. What
        is left at the end, shorter than a window, does not count.

    Returns
    -------
    Activity

    Raises
    ------
    InputError
        If a window is too short for a spectrum.
    """
    # It takes long to import, and the command line is to answer at once.
    from scipy.signal import welch

    seconds = counts.shape[1] // 1000
    window_s = max(SPECTRUM_S, -(-seconds // 60)) if window_s is None else window_s
    if window_s < SPECTRUM_S:
        raise InputError(f"a window of {window_s} s is too short; take at least {SPECTRUM_S} s")
    n_windows = seconds // window_s
    used = counts[:, : n_windows * window_s * 1000].reshape(2, n_windows, window_s * 1000)
    sizes = np.array([[n_excitatory or np.nan], [n_inhibitory or np.nan]])
    rate = used[0] * (1000 / max(n_excitatory, 1))
    frequencies = np.arange(SPECTRUM_S * 500 + 1) / SPECTRUM_S
    spectra = np.zeros((0, len(frequencies)))
    if n_windows:
        _, spectra = welch(rate, fs=1000, nperseg=SPECTRUM_S * 1000, axis=1)
    return Activity(
        window_s=window_s,
        times=np.arange(1, n_windows + 1) * window_s,
        rates=used.sum(axis=2) / sizes / window_s,
        frequencies=frequencies,
        spectra=spectra.T,
    )


@dataclass(frozen=True)
class Ceiling:
    """How many excitatory weights are strong, at each snapshot.

    Attributes
    ----------
    to_excitatory, to_inhibitory : float arrays, shape (2, n_snapshots)
        Share of the synapses onto excitatory and onto inhibitory neurons whose weight is above
        0.95 of the maximum (first row), and exactly at it (second).
    all : float array, shape (2, n_snapshots)
        The same of both together.
    """

    to_excitatory: np.ndarray
    to_inhibitory: np.ndarray
    all: np.ndarray


def ceiling(run):
    """The shares of strong weights at the snapshots of a NetworkRun."""
    network = run.state.network
    inhibitory = ~network.excitatory[network.post[run.state.excitatory]]
    levels = np.stack(
        [run.snapshots > STRONG * network.max_weight, run.snapshots >= network.max_weight]
    )

    def share(chosen):
        if not chosen.any():
            return np.full(levels.shape[:2], np.nan)
        return levels[..., chosen].mean(axis=2)

    return Ceiling(share(~inhibitory), share(inhibitory), share(np.ones_like(inhibitory)))
