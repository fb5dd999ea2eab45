"""How jitter runs from spike to spike: the matrix that carries it, and what becomes of jitter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import LinearOperator, eigs, splu

from wmdelays.errors import InputError
from wmdelays.words import counted

if TYPE_CHECKING:
    from wmdelays.neurons.drawn_network import DrawnNetwork

# Up to so many spikes all eigenvalues are found, beyond it so many of the largest.
_DENSE, _LARGEST = 1500, 8


@dataclass(frozen=True, repr=False, eq=False)
class JitterMatrix:
    """The matrix that carries small shifts from spike to spike.

    With delta_j how late spike j is, to first order::

        delta_j = sum_k a_jk delta_k + eta_j,    a_jk = w_jk K'(t_j - t_k - d_jk) / V'(t_j)

    K is what an arrival does to the membrane along the course that the neuron takes, V' the slope
    with which the membrane crosses. A neuron's own earlier spikes belong to the sum: what a shifted
    reset does to the membrane at t_j. If all spikes come late by the same, so does the next: every
    row sums to 1, up to the length of a tick; where jitter is followed they are made to.

    Attributes
    ----------
    times : float array, shape (n_spikes,)
        Of each spike in seconds, ascending. Beside what is emitted there are those with which
        neurons reset themselves while the cue clamps them, which no one hears.
    neurons : int array, shape (n_spikes,)
    given : bool array, shape (n_spikes,)
        Those that the cue forces; their rows are empty.
    own : bool array, shape (n_spikes,)
        The network's own, after the clamp.
    matrix : scipy.sparse.csr_array, shape (n_spikes, n_spikes)
        The a_jk. No spike depends on a later one.
    slopes : float array, shape (n_spikes,)
        V' in mV/ms; where there is an upswing, V' at the crossing as its foot would have it.
    lost, lost_squared : float arrays, shape (n_spikes,)
        By how many ms a spike is late for each part of the arrivals that is lost, and the sum over
        arrivals of that squared.
    noise : float array, shape (n_spikes,)
        Standard deviation of its time in ms, for noise of 1 in each tick on the membrane.
    background : float array, shape (n_spikes,)
        By how many ms a spike is early if every neuron is heard once in each tick.
    tick : float
        Length of a tick in seconds.
    """

    times: np.ndarray
    neurons: np.ndarray
    given: np.ndarray
    own: np.ndarray
    matrix: scipy.sparse.csr_array
    slopes: np.ndarray
    lost: np.ndarray
    lost_squared: np.ndarray
    noise: np.ndarray
    background: np.ndarray
    tick: float

    def __repr__(self):
        n = counted(int(self.own.sum()), "spike")
        return (
            f"<JitterMatrix: {n} of the network's own after {self.given.sum():,} of the cue,"
            f" {self.matrix.nnz:,} influences>"
        )

    @cached_property
    def row_sums(self) -> np.ndarray:
        """The sum of each row of the network's own spikes; 1 for ticks of no length."""
        return np.asarray(self.matrix.sum(axis=1)).ravel()[self.own]

    @cached_property
    def ages(self) -> np.ndarray:
        """The mean age in ms of what carries each of the network's own spikes, sum_k a_jk (t_j - t_k)."""
        t = self.times * 1e3
        return (self.matrix.sum(axis=1) * t - self.matrix @ t)[self.own]

    @cached_property
    def _carrier(self):
        """The matrix with rows that sum to 1: what they lack would take a shift of all back in the end."""
        sums = np.asarray(self.matrix.sum(axis=1)).ravel()
        # Those that the cue forces depend on nothing.
        sums[sums == 0] = 1.0
        return (scipy.sparse.diags_array(1 / sums) @ self.matrix).tocsr()

    @cached_property
    def _factors(self):
        n = len(self.times)
        whole = scipy.sparse.eye_array(n, format="csc") - self._carrier.tocsc()
        # It is triangular as it stands.
        options = {"SymmetricMode": False, "Equil": False}
        return splu(whole.tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0, options=options)

    def spread(self, late: np.ndarray) -> np.ndarray:
        """How late every spike is, those before it and what each adds of its own.

        Parameters
        ----------
        late : float array, shape (n_spikes,) or (n_spikes, n)
            What each spike adds of its own.

        Returns
        -------
        float array of the same shape
        """
        return self._factors.solve(np.ascontiguousarray(late, dtype=float))

    def influences(self, sums: np.ndarray) -> np.ndarray:
        """How much each spike's own error counts in sums over how late spikes are.

        Parameters
        ----------
        sums : float array, shape (n_spikes, n)
            The part of each spike in each sum.

        Returns
        -------
        float array, shape (n_spikes, n)
        """
        return self._factors.solve(np.ascontiguousarray(sums, dtype=float), trans="T")

    def late(self, drawn: DrawnNetwork) -> tuple[np.ndarray, np.ndarray]:
        """How late an untidy network makes each spike by itself: mean and standard deviation.

        Lost arrivals, spikes in the background (their mean alone) and noise of the membrane count,
        and that spikes come at whole ticks.

        Parameters
        ----------
        drawn : DrawnNetwork

        Returns
        -------
        mean, sd : float arrays, shape (n_spikes,)
            In ms.
        """
        f = drawn.variability.release_failures
        mean = f * self.lost - drawn.background * self.background
        variance = f * (1 - f) * self.lost_squared
        variance = variance + (drawn.noise[self.neurons] * self.noise) ** 2
        # Once the phases of spikes in their ticks are mixed, rounding to ticks is jitter as well.
        rounding = (1e3 * self.tick) ** 2 / 12
        return mean, np.sqrt(np.where(variance > 0, variance + rounding, 0))

    def cue_jitter(self) -> np.ndarray:
        """What the jitter of each spike of the cue does to each of the network's own.

        Returns
        -------
        float array, shape (n_own, n_given)
            How late it is for each spike of the cue that is late by 1.
        """
        at = np.flatnonzero(self.given)
        shifted = np.zeros((len(self.times), len(at)))
        shifted[at, np.arange(len(at))] = 1
        return self.spread(shifted)[self.own]

    def multipliers(self, period: float) -> np.ndarray:
        """The eigenvalues of the map that takes jitter from one cycle to the next.

        Parameters
        ----------
        period : float
                Of the pattern in seconds; the last of its cycles is looked at.

        Returns
        -------
        complex array
            The largest first, all if there are not many.

        Raises
        ------
        InputError
            If there are fewer than two whole cycles, or one is not like the one before.

        Notes
        -----
        With A_0 what a cycle does to itself and A_1, A_2 … what those before it do, the map is that
        of delta = A_0 delta + A_1 delta_1 + A_2 delta_2 + … . One eigenvalue is that of the shift of
        all spikes, 1. A recall is stable if all others are smaller (H. Aguettaz & H.-A. Loeliger,
        arXiv 2408.01166).
        """
        blocks = self._cycles(period)
        n, n_back = blocks[0].shape[0], len(blocks) - 1
        within = splu(
            (scipy.sparse.eye_array(n, format="csc") - blocks[0]).tocsc(), permc_spec="NATURAL"
        )
        earlier = scipy.sparse.hstack(blocks[1:]).tocsr()

        def carried(shifts):
            shifts = np.asarray(shifts).reshape(n * n_back, -1)
            new = within.solve(np.ascontiguousarray(earlier @ shifts))
            return np.concatenate([new, shifts[: n * (n_back - 1)]])

        if n * n_back <= _DENSE:
            found = np.linalg.eigvals(carried(np.eye(n * n_back)))
        else:
            shape = n * n_back, n * n_back
            first = np.ones(n * n_back)
            map = LinearOperator(shape, matvec=lambda x: carried(x).ravel(), dtype=float)
            found = eigs(map, k=_LARGEST, v0=first, return_eigenvectors=False)
        return found[np.argsort(-np.abs(found), kind="stable")]

    def _cycles(self, period):
        """What the last whole cycle takes from itself, from the one before it, and so on."""
        # A part of a cycle more, against rounding.
        cycle = np.floor(self.times / period + 1e-9).astype(np.int64)
        last = int(np.floor((self.times[-1] + self.tick) / period + 1e-9)) - 1
        blocks, rows = [], np.flatnonzero(self.own & (cycle == last))
        for k in range(last + 1):
            columns = np.flatnonzero((self.own | self.given) & (cycle == last - k))
            block = self._carrier[rows][:, columns]
            if k and not block.nnz:
                break
            same = len(columns) == len(rows) and np.all(
                (self.neurons[columns] == self.neurons[rows])
                & (np.abs(self.times[columns] + k * period - self.times[rows]) < self.tick / 2)
            )
            if not same:
                raise InputError("no cycle of this recall is like the one before")
            blocks.append(block)
        if len(blocks) < 2:
            raise InputError("a recall has to go on for two cycles to tell how one follows another")
        return blocks
