"""The gain of analytic weights: how far the threshold is from the membrane."""

import numpy as np
import scipy.sparse as sp

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


def gains(weights, contexts, sequences, *, n_delays, step, beta, theta, block=256, progress=None):
    """The factor for each neuron's weights that puts theta midway.

    Between the membrane at the neuron's target spikes and the membrane elsewhere, see
    `threshold_between`, both with the stored spikes as context and from the end of the trigger
    window on. It does not depend on how many patterns are stored or on the scale of the weights.

    Parameters
    ----------
    weights : sparse or dense matrix, shape (n_neurons * n_delays, n_neurons)
        Columns are postsynaptic neurons; rows as the columns of `contexts`.
    contexts : scipy.sparse.csr_matrix
        See `context_matrix`.
    sequences : sequence of Raster
        What is stored; equally long.
    n_delays : int
        Length of the trigger window, D.
    step : float
        Training time step in seconds.
    beta, theta : float or array_like of float, shape (n_neurons,)
        Leak and threshold, of all neurons or of each.
    block : int
        Number of neurons that are looked at together; bounds the memory used.
    progress : callable, optional
        It is called with what is being done, and the part of the neurons that are done.

    Returns
    -------
    float array, shape (n_neurons,)
        0 for a neuron without a target spike that it could make.
    """
    spikes = np.stack([sequence.dense(step) for sequence in sequences])
    n_sequences, n_steps, n_neurons = spikes.shape
    # The first spikes have a part of a context only, and the cue shows them: they count for
    # neurons that have no others.
    scored = np.broadcast_to(np.arange(n_steps)[:, None] >= n_delays, spikes.shape[1:])
    thresholds, beta = np.full(n_neurons, np.inf), np.broadcast_to(beta, n_neurons)
    # The few synapses of some neurons are soon gone through, all contexts are not.
    back = contexts.T.tocsr() if sp.issparse(weights) else None
    for first in range(0, n_neurons, block):
        if progress is not None:
            progress("gains", first / n_neurons)
        chosen = slice(first, min(first + block, n_neurons))
        if back is None:
            currents = contexts @ weights[:, chosen]
        else:
            currents = (weights[:, chosen].T @ back).T.toarray()
        currents = currents.reshape(n_sequences, n_steps, -1)
        wanted = spikes[:, :, chosen]
        u = teacher_forced_membrane(currents, wanted.astype(float), beta[chosen])
        counted = wanted & scored[:, chosen]
        target = np.where(counted.any((0, 1)), counted, wanted)
        elsewhere = ~wanted & scored[:, chosen]
        # Most neurons have all target spikes above all else.
        lowest = u.min((0, 1), where=target, initial=np.inf)
        highest = u.max((0, 1), where=elsewhere, initial=0.0)
        thresholds[chosen] = (lowest + highest) / 2
        for k in np.flatnonzero(lowest <= highest):
            at_spikes, others = (u[:, :, k][mask[:, :, k]] for mask in (target, elsewhere))
            thresholds[first + k] = threshold_between(at_spikes, others)
    return np.asarray(theta) / thresholds
