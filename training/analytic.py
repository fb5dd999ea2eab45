"""Weights in closed form: the Hebbian rule and the pseudo-inverse."""

import numpy as np
import scipy.sparse as sp
import torch

from wmdelays.training.contexts import context_matrix, stored_sequence, target_matrix
from wmdelays.training.gain import gains
from wmdelays.memory import Memory


def hebbian(patterns, *, n_delays, step, beta, theta, periodic=False, deconvolve=False):
    """Hebbian weights: a synapse grows with each spike that its own spike precedes by its delay.

        W[j,i,d] = gain_j * sum over patterns and t of I*_j(t) * s*_i(t-d)

    Parameters
    ----------
    patterns : sequence of Raster
        The patterns to be stored, at whole steps and equally long.
    n_delays : int
        Largest delay D in steps.
    step, beta, theta : float
        Training time step in seconds, leak and threshold.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    deconvolve : bool
        Whether the target I* is the paper's deconvolved one, see `target_matrix`.

    Returns
    -------
    Memory

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026); the gain is `wmdelays.training.gain.gains`.
    """
    sequences = [stored_sequence(p, n_delays, step, periodic) for p in patterns]
    contexts = context_matrix(sequences, n_delays, step)
    target = target_matrix(sequences, step, beta if deconvolve else None)
    weights = (contexts.T @ target).tocsc()
    return _memory(weights, contexts, sequences, patterns, n_delays, step, beta, theta, periodic)


def pseudo_inverse(
    patterns, *, n_delays, step, beta, theta, periodic=False, deconvolve=False, truncate=0.01
):
    """Weights of least squares and least norm that turn every context into its target current.

        W = C^+ I*,  with C the contexts of all steps and I* the currents asked for

    Parameters
    ----------
    patterns, n_delays, step, beta, theta, periodic, deconvolve
        As in `hebbian`.
    truncate : float
        Weights smaller than this part of the neuron's largest are left out. The exact solution
        gives nearly every pair of neurons a synapse of every delay, most of them far too weak
        to matter.

    Returns
    -------
    Memory

    Notes
    -----
    The Moore-Penrose inverse is taken as the limit of ridge regression: the smaller of the two
    Gram matrices plus a ridge of 1e-9 of its mean diagonal, by Cholesky factorization.
    """
    sequences = [stored_sequence(p, n_delays, step, periodic) for p in patterns]
    contexts = context_matrix(sequences, n_delays, step)
    target = target_matrix(sequences, step, beta if deconvolve else None)
    weights = _least_norm(contexts, target)
    weights[np.abs(weights) < truncate * np.abs(weights).max(axis=0)] = 0
    return _memory(weights, contexts, sequences, patterns, n_delays, step, beta, theta, periodic)


def _least_norm(contexts, target):
    used = np.flatnonzero(contexts.getnnz(axis=0))
    c = contexts[:, used]
    many_contexts = c.shape[0] > c.shape[1]
    gram = torch.from_numpy((c.T @ c if many_contexts else c @ c.T).toarray())
    gram.diagonal().add_(1e-9 * max(float(gram.trace()) / len(gram), 1.0))
    torch.linalg.cholesky(gram, out=gram)
    right = torch.from_numpy((c.T @ target if many_contexts else target).toarray())
    solution = torch.cholesky_solve(right, gram).numpy()
    weights = np.zeros((contexts.shape[1], target.shape[1]))
    weights[used] = solution if many_contexts else c.T @ solution
    return weights


def _memory(weights, contexts, sequences, patterns, n_delays, step, beta, theta, periodic):
    gain = gains(
        weights, contexts, sequences, n_delays=n_delays, step=step, beta=beta, theta=theta
    )
    weights = sp.coo_matrix(weights)
    return Memory(
        n_neurons=patterns[0].n_neurons,
        n_delays=n_delays,
        step=step,
        beta=beta,
        theta=theta,
        pre=weights.row // n_delays,
        post=weights.col,
        delay=weights.row % n_delays + 1,
        weight=weights.data * gain[weights.col],
        patterns=patterns,
        periodic=periodic,
    )
