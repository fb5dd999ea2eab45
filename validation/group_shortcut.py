"""Which sets of anchors make nobody fire but the mother, without simulating each of them."""

import numba
import numpy as np

from wmdelays.validation.izhikevich_neuron import (
    PEAK,
    RECOVERY,
    is_quiet,
    latency_of,
    membrane,
    rest,
)

# In place of when a mother fires.
UNTOLD = -2
# Neurons that have not settled so many ms after an input are taken for ones that fire.
_LONG = 80


@numba.njit(nogil=True)
def meetings(
    mother, pre, delay, n_anchors, post, delays, weight, row_end, width, excitatory, hits, when, by,
    fires,
):  # fmt: skip
    """Which two of a mother's inputs and herself make another neuron fire without a third.

    Most sets of anchors make the mother fire, and nobody else: this tells beforehand which, see
    `is_over`. A spike's list is the neurons that it reaches, with the time since the inputs'
    meeting at the mother; that of the mother supposes that `n_anchors` of her heaviest inputs
    make her fire.

    Parameters
    ----------
    mother : int
    pre, delay : ndarray of int, shape (n_inputs,)
        Her strong inputs.
    n_anchors : int
    post, delays, weight, row_end, width, excitatory
        The network, see `group_search.Search`. One spike alone makes no neuron fire.
    hits : ndarray of uint64, shape (at least n_inputs + 1, n_words)
        Gets a bit for each neuron on a list; the last list is the mother's.
    when, by : ndarray of int, shape (at least n_inputs + 1, n_neurons)
        Room for the times and the synapses.
    fires : ndarray of bool, shape (at least n_inputs + 1, at least n_inputs + 1)
        Gets whether two lists make a neuron fire.

    Returns
    -------
    int
        Number of milliseconds after which the mother fires, or UNTOLD if the lists cannot be used:
        she does not fire, or a spike comes to a neuron twice.
    """
    n = len(pre)
    hits[: n + 1] = 0
    heaviest = 0.0
    for k in range(n + 1):
        source = pre[k] if k < n else mother
        shortest = delay[k] if k < n else 1
        n_own = 0
        for synapse in range(
            row_end[source * width + shortest - 1], row_end[source * width + width - 1]
        ):
            x = np.int64(post[synapse])
            if x == mother:
                n_own += 1
                heaviest = max(heaviest, weight[synapse])
                continue
            bit = np.uint64(1) << np.uint64(x % 64)
            if hits[k, x // 64] & bit:
                return UNTOLD
            hits[k, x // 64] |= bit
            when[k, x] = delays[synapse] - (shortest if k < n else 0)
            by[k, x] = synapse
        if n_own != (k < n):
            return UNTOLD
    current = 0.0
    for k in range(n_anchors):
        current += heaviest
    latency = latency_of(current)
    if latency < 0:
        return UNTOLD
    when[n] += latency
    for k in range(n + 1):
        for other in range(k):
            fires[k, other] = False
            for word in range(hits.shape[1]):
                both = hits[k, word] & hits[other, word]
                x = word * 64
                while both:
                    if both & np.uint64(1) and not fires[k, other]:
                        fires[k, other] = not _settles_after_two(
                            when[k, x],
                            weight[by[k, x]],
                            when[other, x],
                            weight[by[other, x]],
                            excitatory[x],
                        )
                    both >>= np.uint64(1)
                    x += 1
    return latency


@numba.njit(nogil=True)
def _settles_after_two(t, weight, other_t, other_weight, is_excitatory):
    """Whether a neuron at rest settles without a spike after two inputs."""
    (v, u), a, last = rest(), RECOVERY[0] if is_excitatory else RECOVERY[1], max(t, other_t)
    for k in range(min(t, other_t), last + _LONG):
        current = 0.0
        if k == t:
            current += weight
        if k == other_t:
            current += other_weight
        v, u = membrane(v, u, current, a)
        if v >= PEAK:
            return False
        if k >= last and is_quiet(v, u):
            return True
    return False


@numba.njit(nogil=True, inline="always")
def is_over(chosen, n_lists, hits, fires):
    """Whether no two spikes of the anchors and the mother make a neuron fire, and no three meet."""
    n = len(chosen)
    for k in range(n):
        if fires[n_lists, chosen[k]]:
            return False
        for other in range(k):
            if fires[chosen[k], chosen[other]]:
                return False
    for word in range(hits.shape[1]):
        once, twice = hits[n_lists, word], np.uint64(0)
        for k in range(n):
            here = hits[chosen[k], word]
            if twice & here:
                return False
            twice |= once & here
            once |= here
    return True
