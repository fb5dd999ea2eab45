"""What one arrival does to a neuron.

The functions of a neuron model, such as `tick`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

import numpy as np


def response(start, c, n_ticks, sign):
    """How the membrane of a neuron follows a small arrival.

    Parameters
    ----------
    start, c : float arrays
        The states that the arrival finds, such as those at rest, and the constants.
    n_ticks : int
    sign : float
        1 for excitation, -1 for inhibition.

    Returns
    -------
    float array, shape (n_ticks,)
        The derivative of the membrane by the weight, in each tick after the arrival.
    """
    small = 1e-6 * sign
    alone, driven = start.copy(), start.copy()
    arrive(driven, max(small, 0.0), min(small, 0.0))
    course = np.empty(n_ticks)
    for k in range(n_ticks):
        tick(alone, c, False)
        tick(driven, c, False)
        course[k] = (driven[MEMBRANE] - alone[MEMBRANE]) / small
    return course
