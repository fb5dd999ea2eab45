"""The gain of analytic weights: how far the threshold is from the membrane."""

import numpy as np

from wmdelays.training.discrete.equation import membrane


def teacher_forced_membrane(currents, spikes, beta):
    """The membrane of a network that is made to emit the stored spikes.

    Parameters
    ----------
    currents : float array, shape (n_sequences, n_steps, n_neurons)
        Synaptic currents with the stored spikes as context.
    spikes : float array of the same shape
        The stored spikes, which reset the membrane.
    beta : float or float array, shape (n_neurons,)
        What is left of the membrane after a step.

    Returns
    -------
    float array, shape (n_sequences, n_steps, n_neurons)
    """
    u = np.empty_like(currents)
    u[:, 0] = currents[:, 0]
    for t in range(1, currents.shape[1]):
        u[:, t] = membrane(u[:, t - 1], spikes[:, t - 1], currents[:, t], beta)
    return u


def threshold_between(at_spikes, elsewhere):
    """The threshold that tells the membrane at target spikes from the membrane elsewhere.

    Parameters
    ----------
    at_spikes, elsewhere : float arrays, one-dimensional
        Membrane of one neuron at its target spikes and at its other steps.

    Returns
    -------
    float
        Midway between the lowest value at a target spike and the highest elsewhere. Where the
        two overlap, midway between the two neighbouring values at the threshold of highest F1.
        Infinite where the neuron has no target spike, or none that a threshold above zero would
        reach.
    """
    at_spikes = np.sort(at_spikes[at_spikes > 0])[::-1]
    if not at_spikes.size:
        return np.inf
    rivals = np.sort(elsewhere[elsewhere > 0])[::-1]
    # With the threshold just below the k-th highest target value: hits and false alarms.
    hits = np.arange(1, len(at_spikes) + 1)
    false_alarms = np.searchsorted(-rivals, -at_spikes, side="right")
    best = np.argmax(2 * hits / (hits + false_alarms + len(at_spikes)))
    below = [0.0]
    if false_alarms[best] < len(rivals):
        below.append(rivals[false_alarms[best]])
    if best + 1 < len(at_spikes):
        below.append(at_spikes[best + 1])
    return (at_spikes[best] + max(below)) / 2


def gains(currents, spikes, *, n_delays, beta, theta):
    """The factor for each neuron's weights that puts theta midway.

    Between the membrane at the neuron's target spikes and the membrane elsewhere, see
    `threshold_between`, both with the stored spikes as context and from the end of the trigger
    window on. It does not depend on how many patterns are stored or on the scale of the weights.

    Parameters
    ----------
    currents : float array, shape (n_sequences, n_steps, n_neurons)
        What the weights of some neurons give in the context of each step.
    spikes : bool array of the same shape
        Their stored spikes.
    n_delays : int
        Length of the trigger window, D.
    beta, theta : float or array_like of float, shape (n_neurons,)
        Leak and threshold, of all these neurons or of each.

    Returns
    -------
    float array, shape (n_neurons,)
        0 for a neuron without a target spike that it could make.
    """
    _, n_steps, n_neurons = spikes.shape
    # The first spikes have a part of a context only, and the cue shows them: they count for
    # neurons that have no others.
    scored = np.arange(n_steps)[:, None] >= n_delays
    u = teacher_forced_membrane(currents, spikes.astype(float), np.broadcast_to(beta, n_neurons))
    counted = spikes & scored
    target = np.where(counted.any((0, 1)), counted, spikes)
    elsewhere = ~spikes & scored
    # Most neurons have all target spikes above all else.
    lowest = u.min((0, 1), where=target, initial=np.inf)
    highest = u.max((0, 1), where=elsewhere, initial=0.0)
    thresholds = (lowest + highest) / 2
    for k in np.flatnonzero(lowest <= highest):
        at_spikes, others = (u[:, :, k][mask[:, :, k]] for mask in (target, elsewhere))
        thresholds[k] = threshold_between(at_spikes, others)
    return np.asarray(theta) / thresholds
