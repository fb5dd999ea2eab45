"""Random spikes, drawn without an entry in memory for each neuron and step."""

import hashlib
import json

import numpy as np

from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory

# Random numbers that are drawn at once.
_TOGETHER = 2**20
# Bytes for each place that is found, with room for what is made of it.
_OF_A_PLACE = 64


def drawn_below(probability, shape, rng):
    """Where random numbers of a shape fall below a probability.

    They are the numbers that ``rng.random(shape)`` gives, but only some of them exist at a time.

    Parameters
    ----------
    probability : float
    shape : (int, int)
        Number of steps and of neurons.
    rng : numpy.random.Generator

    Returns
    -------
    int64 array, shape (n_found,)
        Places in the flattened array, ascending.

    Raises
    ------
    InputError
        If so many places are to be expected that there is no memory for them.
    """
    n_steps, n_neurons = shape
    n_entries, what = n_steps * n_neurons, f"{n_steps} steps of {n_neurons} neurons"
    if n_entries >= 2**63:
        raise InputError(f"{what} are more than can be numbered; take fewer")
    check_memory(
        _OF_A_PLACE * probability * n_entries,
        f"drawing random spikes in {what}",
        "take fewer steps or neurons, or a lower rate",
    )
    found = [np.empty(0, np.int64)]
    for first in range(0, n_entries, _TOGETHER):
        drawn = rng.random(min(_TOGETHER, n_entries - first))
        found.append(first + np.flatnonzero(drawn < probability))
    return np.concatenate(found)


def random_numbers(*words):
    """Random numbers that nothing else uses: the words that name them are their seed."""
    digest = hashlib.sha256(json.dumps(words).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def lognormal_factors(normal, part):
    """Factors with a lognormal distribution of mean 1, from numbers of the standard normal one.

    Parameters
    ----------
    normal : float array
    part : float
        Standard deviation of the factors.

    Returns
    -------
    float array of the same shape
    """
    sigma = np.sqrt(np.log1p(part**2))
    return np.exp(sigma * normal - sigma**2 / 2)
