"""How much can be stored at all: the capacity of a perceptron."""

import math

import numpy as np

from wmdelays.errors import InputError
from wmdelays.synapses import is_single

# Spikes for each synapse that single neurons learn to time, over the settings of Memmesheimer et al.
MEMMESHEIMER = (0.1, 0.3)


def gardner(f):
    """Contexts per weight that a perceptron can answer, a part f of them with a spike.

        1 / alpha = min over c of  f * int Dt (c - t)+^2 + (1 - f) * int Dt (t - c)+^2

    Dt is the standard normal measure and (x)+ is x where it is positive, else 0.

    Parameters
    ----------
    f : float
        Part of the contexts that are answered with a spike, between 0 and 1 (both excluded).

    Returns
    -------
    float
        alpha; 2 at f = 1/2, more for sparser answers.

    Raises
    ------
    InputError
        If f does not lie between 0 and 1.

    Notes
    -----
    This holds for many weights, independent contexts and no margin.

    References
    ----------
    E. Gardner, The space of interactions in neural network models, J. Phys. A 21 (1988).

    Examples
    --------
    >>> round(gardner(0.5), 6)
    2.0
    """
    from scipy.optimize import minimize_scalar

    if not 0 < f < 1:
        raise InputError(f"the rate is {f}; for the theory it has to lie between 0 and 1")

    def above(c):
        # int Dt (c - t)+^2, with the distribution and the density of the standard normal.
        phi = math.exp(-c * c / 2) / math.sqrt(2 * math.pi)
        return (1 + c * c) * math.erfc(-c / math.sqrt(2)) / 2 + c * phi

    return float(1 / minimize_scalar(lambda c: f * above(c) + (1 - f) * above(-c)).fun)


def capacity(n_neurons, n_delays, n_steps, rate):
    """Most patterns that a network could store, by Gardner's theory.

        M = alpha(p_A) * N * D / (T - D)

    Each neuron is a perceptron with N * D weights, and each of the T - D steps after the trigger
    window is a context. Leak, reset and the closed loop are left out.

    Parameters
    ----------
    n_neurons : int
        Number of neurons N.
    n_delays : int
        Longest delay D in steps, also the length of the trigger window.
    n_steps : int
        Length of a pattern T in steps, more than D.
    rate : float
        Probability of a spike for each neuron and step, p_A.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If the patterns are not longer than the trigger window, or the rate does not lie between
        0 and 1.
    """
    if n_steps <= n_delays:
        raise InputError(
            f"patterns of {n_steps} steps leave nothing to recall after a trigger of {n_delays}"
            " steps"
        )
    return gardner(rate) * n_neurons * n_delays / (n_steps - n_delays)


def spikes_for_parameters(weights, n_spikes, bits=None):
    """How many spikes are recalled for each parameter that was learned.

    Parameters
    ----------
    weights : float array, shape (n_synapses,)
    n_spikes : float
        Stored spikes that are recalled, those of the trigger windows not counted.
    bits : int, optional
        Bits of a weight, where they were learned on a grid.

    Returns
    -------
    dict or None
        `spikes_recalled`, `spikes_per_synapse`, `bits_per_weight` (if not given, 32 where every weight is
        a number in single precision, else 64) and `spikes_per_weight_bit`; None without synapses. Delays are not
        counted: a synapse of another delay is another synapse.

    References
    ----------
    R.-M. Memmesheimer, R. Rubin, B. P. Oelveczky & H. Sompolinsky, Learning precisely timed spikes,
    Neuron 82 (2014): 0.1 to 0.3 spikes for each synapse of a neuron.

    Examples
    --------
    >>> import numpy as np
    >>> spikes_for_parameters(np.array([0.5, -0.25]), 1)["spikes_per_weight_bit"]
    0.015625
    """
    weights = np.asarray(weights, dtype=np.float64)
    if not len(weights):
        return None
    if bits is None:
        bits = 32 if is_single(weights) else 64
    return {
        "spikes_recalled": round(float(n_spikes)),
        "spikes_per_synapse": float(n_spikes) / len(weights),
        "bits_per_weight": bits,
        "spikes_per_weight_bit": float(n_spikes) / len(weights) / bits,
    }
