"""How far rounding can move a membrane."""

import numpy as np

EPS = float(np.finfo(np.float64).eps)


def rounding_bound(memory, recalls, n_substeps=1):
    """An upper bound on what the order of floating-point operations can change in a membrane.

    Two simulators that follow eq. 1 in double precision add the same currents in another order
    and leak in one multiplication or in several. As long as they emit the same spikes, their
    membranes differ by less than this bound. So where every membrane stays further than this from
    the threshold, the spikes are the same in every order.

    Parameters
    ----------
    memory : Memory
    recalls : sequence of Recall
    n_substeps : int
        Number of simulation steps in a training step.

    Returns
    -------
    float
        In the unit of theta.

    Notes
    -----
    A neuron gets at most K currents in a step, as many as spikes were emitted in the D steps
    before, none larger than the largest weight w. So its membrane stays below K w / (1 - beta).
    A sum of K terms and n multiplications is off by at most (K + n) eps of that (N. J. Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, ch. 3 and 4), the leak's factor itself
    by a few eps; what is left of the errors of earlier steps is a geometric series in beta. The
    difference of two simulators is at most twice as much.

    A reset that takes r off a membrane lets it be as far as r / (1 - beta) farther from zero. Brian2 takes
    r / beta at the spike, which the leak makes r; three operations more, on a number that is larger by r
    at most where it counts, in the next step. The closest call of such a recall is that of all its steps,
    those in which the cue clamps the network too, since a membrane resets itself there as well.
    """
    if not memory.n_synapses:
        return 0.0
    busiest = 0
    for recall in recalls:
        spikes = np.bincount(recall.emitted.steps(memory.step), minlength=1)
        window = np.convolve(spikes, np.ones(memory.n_delays, dtype=np.int64))
        busiest = max(busiest, int(window.max()))
    # No neuron has more synapses than this, whatever is emitted.
    busiest = min(busiest, int(np.bincount(memory.post).max()))
    # Of neurons that differ, that which forgets the slowest.
    slowest = 1 - float(np.max(memory.beta))
    taken = float(np.max(memory.each("reset_by")))
    largest = (busiest * float(np.abs(memory.weight).max()) + 2 * taken) / slowest
    operations = busiest + 4 * n_substeps + (8 if memory.own_reset is None else 14)
    return 2 * operations * EPS * largest / slowest
