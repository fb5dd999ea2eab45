"""Learning with the stored spikes as context: the compiled loop of the rule `margin`.

Shown the stored spikes, a neuron's membrane depends on its own weights alone, so every
postsynaptic neuron learns on its own. Neurons are taken in blocks of `BLOCK`, side by side in the
lanes of the processor, with weights of shape (n_neurons * n_delays, BLOCK): the row of a synapse
from neuron i with delay d is i * n_delays + d - 1, as in `wmdelays.training.rules.closed_form.contexts`.
"""

import numpy as np
from numba import njit

from wmdelays.training.discrete import compiled as network
from wmdelays.training.rules.margin.presentations import BLOCK

# What an excitatory weight that helps to make no stored spike counts, beside one that does.
UNUSED = 0.5
# What is left of a spike on a membrane when it does not count any more.
LEAST_LEFT = 0.01

# Columns of what `present` counts.
TOO_LOW, TOO_HIGH, MISSED, FALSE_ALARMS, N_COUNTS = range(5)


def reach(beta):
    """How many steps back a change of a weight still moves a membrane, for an array of beta."""
    return (np.log(LEAST_LEFT) / np.log(beta)).astype(np.int64)


_membrane = njit(inline="always")(network.membrane)
_reach = njit(inline="always")(reach)


def present(
    weights,
    shown,
    order,
    wanted,
    *,
    n_delays,
    beta,
    theta,
    kappa,
    rate,
    compensate=True,
    exact=False,
    allowed=None,
    sign=None,
):
    """Show sequences to a block of neurons, and let it learn from each context in turn.

    Where the membrane of a neuron is on the wrong side of its bound, theta + kappa at a target
    spike, theta - kappa elsewhere, its weights are moved towards that bound at once:

        dV[i,l] = rate * (bound - u(t)) / n    for each of the n spikes (i, t - l) of the context

    V[i,l] = W[i,l] + beta * V[i,l-1] is what a spike of neuron i adds to the membrane l steps later,
    so this is a step along the gradient of u(t) through the leak, and the membrane of the steps
    around t stays as it is (except just after a target spike: its reset leaves nothing to leak). In
    the weights it reads dW[i,l] = dV[i,l], dW[i,l+1] = -beta * dV[i,l]. Without `compensate` the
    second part is left out: half as many synapses change, and the steps after t see what leaks
    through.

    Parameters
    ----------
    weights : float32 array, shape (n_neurons * n_delays, BLOCK)
        Changed in place.
    shown : Presentations
    order : int array
        Which of them are shown, in turn.
    wanted : Targets
    n_delays : int
        Largest delay D in steps.
    beta, theta : float or float array, shape (BLOCK,)
        Leak and threshold, of all neurons or of each.
    kappa : float or float array, shape (BLOCK,)
        Margin.
    rate : float
        Part of the way to the bound, between 0 and 2; 1 is a projection. With 0 nothing is learned.
    compensate : bool
        See above.
    exact : bool
        Whether weights are moved along the gradient of u(t) itself, with all that still leaks from the
        steps before: a projection also where neurons fire again before their membranes forget, with
        many more synapses. `compensate` does not count then.
    allowed : bool array of the shape of `weights`, optional
        Where there may be synapses; by default everywhere.
    sign : int8 array, shape (n_neurons * n_delays,), optional
        1 for excitatory presynaptic neurons, whose weights stay at or above zero; -1 for inhibitory
        ones. By default weights may have any sign.

    Returns
    -------
    counts : int64 array, shape (2, BLOCK, N_COUNTS)
        For undamaged and for damaged sequences, and each neuron: target spikes below
        theta + kappa, other steps above theta - kappa, target spikes below theta, other steps at
        or above theta; each before learning from it.
    margin : float32 array, shape (BLOCK,)
        Smallest distance on the right side of theta over the undamaged sequences (negative: on the
        wrong side), before learning from each step.

    References
    ----------
    S. Agmon (1954) and T. S. Motzkin & I. J. Schoenberg (1954), both "The relaxation method for
    linear inequalities", Canadian Journal of Mathematics 6. W. Krauth & M. Mezard, Learning
    algorithms with optimal stability in neural networks, J. Phys. A 20 (1987). R.-M. Memmesheimer,
    R. Rubin, B. P. Oelveczky & H. Sompolinsky, Learning precisely timed spikes, Neuron 82 (2014).
    """
    counts = np.zeros((2, BLOCK, N_COUNTS), np.int64)
    margin = np.full(BLOCK, np.inf, np.float32)
    _present(
        weights,
        allowed,
        sign,
        shown.row,
        shown.first,
        shown.begin,
        shown.pattern,
        shown.start,
        shown.damaged,
        order,
        wanted.begin,
        wanted.step,
        wanted.lane,
        n_delays,
        np.full(BLOCK, beta, np.float32),
        np.full(BLOCK, theta, np.float32),
        np.full(BLOCK, kappa, np.float32),
        np.float32(rate),
        compensate,
        exact,
        counts,
        margin,
    )
    return counts, margin


@njit(nogil=True, cache=True)
def _present(
    weights,
    allowed,
    sign,
    row,
    first_of_all,
    begin,
    pattern,
    start,
    damaged,
    order,
    target_begin,
    target_step,
    target_lane,
    n_delays,
    beta,
    theta,
    kappa,
    rate,
    compensate,
    exact,
    counts,
    margin,
):
    u = np.zeros(BLOCK, np.float32)
    current = np.zeros(BLOCK, np.float32)
    spikes = np.zeros(BLOCK, np.float32)
    last_reset = np.zeros(BLOCK, np.int64)
    furthest = _reach(beta)
    least, most = theta + kappa, theta - kappa
    gradient = np.zeros(len(weights) if exact else 0, np.float32)
    touched = np.empty(len(gradient), np.int64)
    for k in order:
        first = first_of_all[begin[k] : begin[k + 1]]
        count = counts[int(damaged[k])]
        target, last_target = target_begin[pattern[k]], target_begin[pattern[k] + 1]
        u[:] = 0
        spikes[:] = 0
        last_reset[:] = -1
        for t in range(len(first) - 1):
            oldest, end = first[max(t - n_delays, 0)], first[t]
            _sum(weights, row, oldest, end, t, current)
            high = False
            for b in range(BLOCK):
                if spikes[b] == 1:
                    last_reset[b] = t - 1
                u[b] = _membrane(u[b], spikes[b], current[b], beta[b])
                high |= u[b] > most[b]
                spikes[b] = 0
            any_target = False
            while target < last_target and target_step[target] == t:
                spikes[target_lane[target]] = 1
                target += 1
                any_target = True
            if t < start[k]:
                continue
            if not damaged[k]:
                for b in range(BLOCK):
                    distance = theta[b] - u[b] if spikes[b] == 0 else u[b] - theta[b]
                    margin[b] = min(margin[b], distance)
            if not (high or any_target):
                continue
            # Spikes that have a synapse of the next delay as well.
            younger = first[t - n_delays + 1] if t >= n_delays else oldest
            if not compensate:
                younger = end
            for b in range(BLOCK):
                distance = to_bound(u[b], spikes[b], theta[b], least[b], most[b], count[b])
                if distance == 0:
                    continue
                missing = rate * distance
                if not exact:
                    u[b] += _learn(
                        weights, allowed, sign, row, oldest, younger, end, t, b, missing, beta[b]
                    )
                else:
                    back = min(furthest[b], t - last_reset[b] - 1)
                    u[b] += _project(
                        weights,
                        allowed,
                        sign,
                        row,
                        first,
                        n_delays,
                        t,
                        back,
                        b,
                        missing,
                        beta[b],
                        gradient,
                        touched,
                    )


@njit(inline="always")
def to_bound(u, spike, theta, least, most, count):
    """How far a membrane has to be moved to its bound, 0 on the right side of it; and it is counted."""
    if spike == 1:
        if u < theta:
            count[MISSED] += 1
        if u >= least:
            return np.float32(0)
        count[TOO_LOW] += 1
        return least - u
    if u <= most:
        return np.float32(0)
    if u >= theta:
        count[FALSE_ALARMS] += 1
    count[TOO_HIGH] += 1
    return most - u


@njit(inline="always")
def _sum(weights, row, p, end, t, current):
    """The synaptic current of a context, four spikes at a time."""
    current[:] = 0
    while p + 4 <= end:
        one, two = weights[row[p] + t], weights[row[p + 1] + t]
        three, four = weights[row[p + 2] + t], weights[row[p + 3] + t]
        for b in range(BLOCK):
            current[b] += (one[b] + two[b]) + (three[b] + four[b])
        p += 4
    while p < end:
        one = weights[row[p] + t]
        for b in range(BLOCK):
            current[b] += one[b]
        p += 1


@njit
def _learn(weights, allowed, sign, row, oldest, younger, end, t, b, missing, beta):
    """Move the membrane of neuron b by `missing`, as far as its synapses can; gives how far."""
    n = 0
    for p in range(oldest, end):
        if _can_change(weights, allowed, sign, row[p] + t, b, missing):
            n += 1
    if n == 0:
        return np.float32(0)
    share = missing / np.float32(n)
    moved = np.float32(0)
    for p in range(oldest, end):
        k = row[p] + t
        if not _can_change(weights, allowed, sign, k, b, missing):
            continue
        moved += _change(weights, sign, k, b, share)
        if p >= younger and _can_change(weights, allowed, sign, k + 1, b, -missing):
            _change(weights, sign, k + 1, b, -beta * share)
    return moved


@njit
def _project(
    weights,
    allowed,
    sign,
    row,
    first,
    n_delays,
    t,
    back,
    b,
    missing,
    beta,
    gradient,
    touched,
):
    """Move the membrane of neuron b by `missing` along its gradient; gives how far."""
    n, left = 0, np.float32(1)
    for s in range(t, t - back - 1, -1):
        for p in range(first[max(s - n_delays, 0)], first[s]):
            k = row[p] + s
            if _can_change(weights, allowed, sign, k, b, missing):
                if gradient[k] == 0:
                    touched[n] = k
                    n += 1
                gradient[k] += left
        left *= beta
    squares = np.float32(0)
    for k in touched[:n]:
        squares += gradient[k] * gradient[k]
    moved = np.float32(0)
    for k in touched[:n]:
        moved += gradient[k] * _change(weights, sign, k, b, missing / squares * gradient[k])
        gradient[k] = 0
    return moved


@njit(inline="always")
def _can_change(weights, allowed, sign, k, b, by):
    if allowed is not None and not allowed[k, b]:
        return False
    return sign is None or by * sign[k] > 0 or weights[k, b] != 0


@njit(inline="always")
def _change(weights, sign, k, b, by):
    """Add to a weight, stopping at zero where its sign is given; gives the change."""
    before = weights[k, b]
    after = before + by
    if sign is not None and after * sign[k] < 0:
        after = np.float32(0)
    weights[k, b] = after
    return after - before
