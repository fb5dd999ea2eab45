"""Weights in closed form: the Hebbian rule and the pseudo-inverse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from wmdelays.contexts import stored_sequence
from wmdelays.machine.processors import n_processors
from wmdelays.machine.scratch import Scratch
from wmdelays.memory import Memory
from wmdelays.training.rules.closed_form.contexts import context_matrix, spikes_of, target_matrix
from wmdelays.training.rules.closed_form.description import HEBBIAN, PSEUDO_INVERSE
from wmdelays.training.rules.closed_form.gain import gains
from wmdelays.training.rules.closed_form.room import FOUND, TOGETHER, most_found
from wmdelays.training.rules.in_order import Found, in_order, type_of_places
from wmdelays.training.rules.rule import sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from wmdelays.raster import Raster


def hebbian(
    patterns: Sequence[Raster],
    *,
    n_delays: int,
    step: float,
    beta: float | ArrayLike,
    theta: float | ArrayLike,
    periodic: bool = False,
    deconvolve: bool = False,
    max_synapses: int | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """Hebbian weights: a synapse grows with each spike that its own spike precedes by its delay.

        W[j,i,d] = gain_j * sum over patterns and t of I*_j(t) * s*_i(t-d)

    It looks at each stored spike once.

    Parameters
    ----------
    patterns : sequence of Raster
        The patterns to be stored, at whole steps and equally long.
    n_delays : int
        Largest delay D in steps.
    step : float
        Training time step in seconds.
    beta, theta : float or array_like of float, shape (n_neurons,)
        Leak and threshold, of all neurons or of each.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    deconvolve : bool
        Whether the target I* is the paper's deconvolved one, see `target_matrix`.
    max_synapses : int, optional
        Most synapses onto a neuron. Those stay that serve most of its stored spikes, and of the others as
        many as there is room for, evenly from all contexts.
    progress : callable, optional
        ``progress(stage, part)`` is called now and then with what is being done, and the part of it
        that is done.

    Returns
    -------
    Memory

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026); the gain is `wmdelays.training.rules.closed_form.gain.gains`.
    """
    options = HEBBIAN.checked({"max_synapses": max_synapses, "deconvolve": deconvolve}, n_delays)
    sizes = sizes_of(patterns, n_delays, step, periodic)
    HEBBIAN.check_room(sizes, n_delays, options)
    sequences = [stored_sequence(p, n_delays, step, periodic) for p in patterns]
    contexts = context_matrix(sequences, n_delays, step)
    # The few synapses of some neurons are soon gone through, all contexts are not.
    by_synapse = contexts.T.tocsr()

    def weights_of(chosen, spikes):
        target = target_matrix(spikes, _of(beta, chosen) if deconvolve else None)
        # The other way round it would look at all contexts for each few neurons.
        weights = (target.T.tocsr() @ contexts).T
        if max_synapses is not None:
            weights = _within(weights, max_synapses)
        currents = (weights.T @ by_synapse).T.toarray()
        column = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
        return weights.indices, column, weights.data, currents

    n_synapses = most_found(sizes, n_delays, max_synapses)
    neuron = {"beta": beta, "theta": theta}
    return _memory(
        weights_of, n_synapses, sequences, patterns, n_delays, step, neuron, periodic, progress
    )


def _within(weights, most):
    """The largest entries of each column, at most so many, see `largest`."""
    columns = [
        first + largest(np.abs(weights.data[first:end]), most)
        for first, end in zip(weights.indptr[:-1], weights.indptr[1:])
    ]
    kept, ends = np.concatenate(columns), np.cumsum([0, *map(len, columns)])
    return sp.csc_matrix((weights.data[kept], weights.indices[kept], ends), shape=weights.shape)


def largest(size, most):
    """Where the largest of some numbers are, at most so many; of equal ones some from all over them.

    Parameters
    ----------
    size : array, one-dimensional
    most : int

    Returns
    -------
    int array
        Ascending.
    """
    if len(size) <= most:
        return np.arange(len(size))
    # Sorting is faster than a partition where many are equal.
    last = np.sort(size)[-most] if most else np.inf
    kept, equal = np.flatnonzero(size > last), np.flatnonzero(size == last)
    n = most - len(kept)
    return np.sort(np.concatenate([kept, equal[np.arange(n) * len(equal) // n]]))


def pseudo_inverse(
    patterns: Sequence[Raster],
    *,
    n_delays: int,
    step: float,
    beta: float | ArrayLike,
    theta: float | ArrayLike,
    periodic: bool = False,
    deconvolve: bool = False,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """Weights of least squares and least norm that turn every context into its target current.

        W = C^+ I*,  with C the contexts of all steps and I* the currents asked for

    Nearly every pair of neurons gets a synapse of every delay. Most are weak, but together they
    hold down the crosstalk of the patterns; none can be left out.

    Parameters
    ----------
    patterns, n_delays, step, beta, theta, periodic, deconvolve
        As in `hebbian`.
    progress : callable, optional
        ``progress(stage, part)`` is called now and then with what is being done, and the part of it
        that is done.

    Returns
    -------
    Memory

    Notes
    -----
    Where no weights meet all targets, a context of n spikes counts 1/n in the sum of squares.
    """
    PSEUDO_INVERSE.check_room(sizes_of(patterns, n_delays, step, periodic), n_delays, {})
    sequences = [stored_sequence(p, n_delays, step, periodic) for p in patterns]
    contexts = context_matrix(sequences, n_delays, step)

    def done(part):
        if progress is not None:
            progress("least squares", part)

    every = spikes_of(sequences, step, slice(0, sequences[0].n_neurons))
    target = target_matrix(every, beta if deconvolve else None)
    size = np.maximum(contexts.getnnz(axis=1), 1)
    scaling = sp.diags(1 / np.sqrt(size))
    # A membrane that is off by a thousandth is far from the threshold; single precision halves
    # the bytes to be moved, which is what takes the time.
    weights = least_squares(scaling @ contexts, scaling @ target, 1e-4, np.float32, done=done)

    def weights_of(chosen, spikes):
        own = weights[:, chosen]
        row, column = np.nonzero(own)
        return row, column, own[row, column].astype(np.float64), contexts @ own

    neuron = {"beta": beta, "theta": theta}
    return _memory(
        weights_of, weights.size, sequences, patterns, n_delays, step, neuron, periodic, progress
    )


def least_squares(
    matrix, right, tolerance=1e-7, dtype=np.float64, iterations=1000, block=64, done=None
):
    """The solution of least norm of ``min |matrix @ x - right|``, by conjugate gradients (CGLS).

    Parameters
    ----------
    matrix : scipy.sparse matrix, shape (m, n)
    right : scipy.sparse matrix, shape (m, k)
    tolerance : float
        A column is done when the gradient is this much smaller than at the start.
    dtype : dtype
        Precision of the computation and of the solution.
    iterations : int
        Give up improving after this many.
    block : int
        Number of columns solved side by side.
    done : callable, optional
        It is called with the part of the columns that are solved.

    Returns
    -------
    array of `dtype`, shape (n, k)

    References
    ----------
    A. Bjoerck, Numerical Methods for Least Squares Problems, SIAM (1996), algorithm 7.4.1. Started
    at zero it stays in the row space of the matrix, so the norm is the least.
    """
    forth, right = matrix.tocsr().astype(dtype), right.tocsc().astype(dtype)
    back = forth.T.tocsr()
    solution = np.zeros((matrix.shape[1], right.shape[1]), dtype)

    def solve(columns):
        x, r = solution[:, columns], right[:, columns].toarray()
        s = back @ r
        p, gamma = s.copy(), (s * s).sum(axis=0)
        enough = tolerance**2 * gamma
        for _ in range(iterations):
            if np.all(gamma <= enough):
                break
            q = forth @ p
            alpha = _ratio(gamma, (q * q).sum(axis=0))
            x += alpha * p
            r -= alpha * q
            s = back @ r
            gamma, before = (s * s).sum(axis=0), gamma
            p *= _ratio(gamma, before)
            p += s

    blocks = [slice(first, first + block) for first in range(0, right.shape[1], block)]
    with ThreadPoolExecutor(n_processors()) as pool:
        for k, _ in enumerate(pool.map(solve, blocks), 1):
            if done is not None:
                done(k / len(blocks))
    return solution


def _ratio(numerator, denominator):
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _memory(
    weights_of, n_synapses, sequences, patterns, n_delays, step, neuron, periodic, progress
):
    """The memory whose neurons have these weights, each times its gain.

    Parameters
    ----------
    weights_of : callable
        ``weights_of(chosen, spikes)`` gives of some neurons, a slice, and their stored spikes the rows,
        columns and weights of their synapses, and the currents of all steps.
    n_synapses : int
        How many there are at most, about.
    sequences, patterns, n_delays, step, periodic, progress
        As in `hebbian`.
    neuron : dict
        beta and theta.
    """
    n_neurons = patterns[0].n_neurons
    n_rows = n_neurons * n_delays
    scratch, blocks = Scratch(FOUND * n_synapses), []
    for first in range(0, n_neurons, TOGETHER):
        chosen = slice(first, min(first + TOGETHER, n_neurons))
        spikes = spikes_of(sequences, step, chosen)
        row, column, weight, currents = weights_of(chosen, spikes)
        own = {name: _of(value, chosen) for name, value in neuron.items()}
        gain = gains(currents.reshape(spikes.shape), spikes, n_delays=n_delays, **own)
        place = row.astype(np.int64) * TOGETHER + column
        order = np.argsort(place)
        place = place[order].astype(type_of_places(n_rows * TOGETHER))
        blocks.append(Found(scratch.keep(place), scratch.keep((weight * gain[column])[order])))
        if progress is not None:
            progress("weights", chosen.stop / n_neurons)
    return Memory(
        n_neurons=n_neurons,
        n_delays=n_delays,
        step=step,
        **neuron,
        **in_order(blocks, TOGETHER, n_rows, n_delays),
        patterns=patterns,
        periodic=periodic,
    )


def _of(value, chosen):
    """What some neurons have of a value of all or of each."""
    return value if np.ndim(value) == 0 else np.asarray(value)[chosen]
