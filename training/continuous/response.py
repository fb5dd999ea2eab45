"""What one arrival does to a neuron at rest.

The functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

import numpy as np


def response(rest, c, n_ticks):
    """How the membrane of a neuron at rest follows a small excitatory arrival.

    Parameters
    ----------
    rest, c : float arrays
        The states at rest and the constants.
    n_ticks : int

    Returns
    -------
    float array, shape (n_ticks,)
        The derivative of the membrane by the weight, in each tick after the arrival.
    """
    small = 1e-6
    alone, driven = rest.copy(), rest.copy()
    arrive(driven, small, 0.0)
    course = np.empty(n_ticks)
    for k in range(n_ticks):
        tick(alone, c, False)
        tick(driven, c, False)
        course[k] = (driven[MEMBRANE] - alone[MEMBRANE]) / small
    return course
