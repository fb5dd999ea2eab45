"""What each step of the stored patterns is predicted from."""

import numpy as np
import scipy.sparse as sp


def context_matrix(sequences, n_delays, step):
    """The contexts of all steps of all sequences.

    Parameters
    ----------
    sequences : sequence of Raster
        Equally long.
    n_delays : int
        Length of a context in steps, D.
    step : float
        Training time step in seconds.

    Returns
    -------
    scipy.sparse.csr_matrix of float64, shape (n_sequences * n_steps, n_neurons * n_delays)
        Row m * n_steps + t is the context of step t of sequence m. Column i * n_delays + d - 1 is
        1 where neuron i spikes d steps before.
    """
    n_neurons, n_steps = sequences[0].n_neurons, sequences[0].n_steps(step)
    rows, columns = [], []
    for m, sequence in enumerate(sequences):
        # Every spike stands in the contexts of the D steps after it.
        later = sequence.steps(step)[:, None] + np.arange(1, n_delays + 1)
        column = sequence.neurons[:, None] * n_delays + np.arange(n_delays)
        inside = later < n_steps
        rows.append(later[inside] + m * n_steps)
        columns.append(column[inside])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    shape = (len(sequences) * n_steps, n_neurons * n_delays)
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def spikes_of(sequences, step, chosen):
    """The spikes of some neurons in all sequences.

    Parameters
    ----------
    sequences : sequence of Raster
        Equally long.
    step : float
        Training time step in seconds.
    chosen : slice
        Neurons that stand next to each other.

    Returns
    -------
    bool array, shape (n_sequences, n_steps, n_chosen)
    """
    n_steps = sequences[0].n_steps(step)
    spikes = np.zeros((len(sequences), n_steps, chosen.stop - chosen.start), bool)
    for own, sequence in zip(spikes, sequences):
        inside = (sequence.neurons >= chosen.start) & (sequence.neurons < chosen.stop)
        own[sequence.steps(step)[inside], sequence.neurons[inside] - chosen.start] = True
    return spikes


def target_matrix(spikes, beta=None):
    """The current that each step of the sequences asks for.

    Parameters
    ----------
    spikes : bool array, shape (n_sequences, n_steps, n_neurons)
        Of some neurons, see `spikes_of`.
    beta : float or array_like of float, shape (n_neurons,), optional
        If given, the deconvolved target, I*(t) = s*(t) - beta * s*(t-1) * (1 - s*(t)). By default
        the spikes themselves, I*(t) = s*(t).

    Returns
    -------
    scipy.sparse.csr_matrix of float64, shape (n_sequences * n_steps, n_neurons)

    Notes
    -----
    Under eq. 1 the membrane of a neuron that follows s* exactly, u = s*, is driven by I* = s*: a
    spike resets the membrane, so nothing of it is left to be cancelled in the next step. The
    deconvolved target of the paper, s*(t) - beta * s*(t-1), suits a membrane that keeps its
    charge through the spike. Here its negative part is left out where the neuron spikes twice in
    a row: the second spike starts from a membrane at zero and needs the whole current.

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026).
    """
    target = spikes.astype(np.float64)
    if beta is not None:
        target[:, 1:] -= np.asarray(beta) * (spikes[:, :-1] & ~spikes[:, 1:])
    return sp.csr_matrix(target.reshape(-1, spikes.shape[2]))
