"""Which sets of three anchors make nobody fire but those whom two of them make fire.

In most sets one of the anchors only makes the mother fire, and whoever else fires does so without
it. So each two anchors are followed with a third that sends to the mother alone, and then it is
told for which other inputs of the mother, in place of the third, nothing changes: those whose
spikes come to other neurons when they are harmless (`izhikevich_neuron.harmless`).
"""

import numba
import numpy as np

from wmdelays.polychrony.search.following import LONGEST, MOST_SETS, follow, shortest_run
from wmdelays.polychrony.search.neuron import BEFORE, BITS, GAPS

# What is noted of a neuron's inputs: none, several, or the only one, its time and, in the lowest bit,
# its kind.
_NONE, _SEVERAL = -1, -2
# Where so many spikes follow, hardly anything can be told.
_ENOUGH_SPIKES = 200_000


@numba.njit(nogil=True)
def tell(
    number, mother, pre, delays, weights, least_spikes, told, harmless, sent, excitatory, room,
    lists, neuron, time,
):  # fmt: skip
    """Tell which sets of three of a mother's inputs make fewer neurons fire than a group has.

    Parameters
    ----------
    number : int
        The number of the next set of anchors; see `group_following.follow`.
    mother : int
    pre, delays, weights : ndarrays of int, int and float, shape (n_inputs,)
        Her strong inputs.
    least_spikes : int
        Number of spikes that a group has at least, anchors included.
    told : ndarray of bool, shape (at least n_inputs,) * 3
        Gets True for the sets, inputs in ascending order, that are known to have fewer.
    harmless
        See `izhikevich_neuron.harmless`.
    sent, excitatory
        The network, see `group_search.GroupSearch`. One spike alone makes no neuron fire, and three make
        the mother fire after the same time whatever their weights.
    room
        Room for `follow`.
    lists : (ndarray of uint32, ndarray of uint64, ndarray of uint64, ndarray of int)
        Room for the neurons that each input reaches and when, shape (at least n_inputs, n), and for
        what is known of each neuron, shape (n_neurons,).
    neuron, time : ndarray of int
        Room for spikes.

    Returns
    -------
    int
        The number of the next set of anchors.
    """
    post, delay, weight, course, row_end, width, settles, once, twice, settles_twice = sent
    known, state, second, awake, fired, first, last, opened, receiver, by, following, again = room
    receivers, when, harmless_at, inputs = lists
    after_one, after_two = harmless
    n, n_neurons = len(pre), len(excitatory)
    third_weight = weight[row_end[(n_neurons + mother) * width]]
    told[:n, :n, :n] = False
    n_receivers = np.empty(n, np.int64)
    for k in range(n):
        inputs[:] = _NONE
        n_receivers[k] = _reached(
            mother, pre[k] * width, delays[k], post, delay, row_end, width, receivers[k], when[k],
            inputs,
        )  # fmt: skip

    least_delay, n_followed = np.ones(3, np.int64), 0
    for i in range(n):
        for j in range(i + 1, n):
            least_delay[0], least_delay[1] = delays[i], delays[j]
            meeting = max(delays[i], delays[j])
            neuron[0], neuron[1], neuron[2] = pre[i], pre[j], n_neurons + mother
            for k in range(3):
                time[k] = meeting - least_delay[k]
            n_fired = follow(
                number, meeting, neuron, time, least_delay, post, delay, weight, course, row_end,
                width, settles, once, twice, settles_twice, excitatory, known, state, second, awake,
                fired, first, last, opened, receiver, by, following, again,
            )  # fmt: skip
            number += 1
            if number == MOST_SETS:
                number = 0
                known[:], opened[:] = -1, -1
            n_followed += n_fired
            if n_followed >= _ENOUGH_SPIKES:
                return number
            if n_fired >= least_spikes:
                continue
            harmless_at[:], inputs[:] = ~np.uint64(0), _NONE
            known_all, alone = _note(
                mother, meeting, n_fired, neuron, time, least_delay, post, delay, row_end, width,
                excitatory, after_one, after_two, harmless_at, inputs,
            )  # fmt: skip
            if not known_all:
                continue
            current = weights[i] + weights[j] + third_weight
            for k in range(n):
                low, middle, high = min(i, k), max(i, min(j, k)), max(j, k)
                if k == i or k == j or n_receivers[k] < 0 or told[low, middle, high]:
                    continue
                if not alone and weights[low] + weights[middle] + weights[high] != current:
                    continue
                changes_nothing = np.uint64(1)
                for m in range(n_receivers[k]):
                    changes_nothing &= harmless_at[receivers[k, m]] >> when[k, m]
                told[low, middle, high] = changes_nothing
    return number


@numba.njit(nogil=True)
def _reached(mother, row, least, post, delay, row_end, width, receivers, when, seen):
    """List whom an anchor's spike reaches besides the mother, and how long after the mother.

    The number of these neurons is -1 if the anchor cannot be the third: its spike comes to a neuron
    twice, or too late for the tables.
    """
    n, to_mother = 0, 0
    for synapse in range(row_end[row + least - 1], row_end[row + width - 1]):
        x, after = post[synapse], delay[synapse] - least
        if x == mother:
            to_mother += 1
        elif after >= BITS or seen[x] != _NONE:
            return -1
        else:
            receivers[n], when[n], seen[x] = x, after, _SEVERAL
            n += 1
    return n if to_mother == 1 else -1


@numba.njit(nogil=True)
def _note(
    mother, meeting, n_fired, neuron, time, least_delay, post, delay, row_end, width, excitatory,
    after_one, after_two, harmless_at, inputs,
):  # fmt: skip
    """Note when an input more is harmless to the neurons that some spikes reach.

    Times are counted from the anchors' meeting at the mother.

    Returns
    -------
    known, alone : bool, bool
        Whether a third anchor that changes no neuron's spikes changes nothing: not if a spike comes
        so late that a third anchor with a longer delay, by which all comes later, puts it beyond
        the end, nor if an anchor has two synapses that reach the mother together. And whether no
        other spike reaches the mother; else it counts with how much current the anchors make her
        fire.
    """
    last_arrival, n_meeting, alone = -1, 0, True
    for s in range(n_fired):
        row = neuron[s] * width
        begin, end = row_end[row], row_end[row + width - 1]
        now = time[s] - meeting
        if s < 3:
            begin = row_end[row + least_delay[s] - 1]
        else:
            latest = now + width - 1
            if latest >= LONGEST or (latest >= shortest_run(width) and now > last_arrival):
                return False, False
            if end > begin:
                last_arrival = max(last_arrival, now + delay[end - 1])
        kind = 0 if excitatory[min(neuron[s], len(excitatory) - 1)] else 1
        for synapse in range(begin, end):
            x, at = post[synapse], now + delay[synapse]
            if x == mother:
                n_meeting += at == 0
                alone &= at == 0
                continue
            receiver, noted = 0 if excitatory[x] else 1, inputs[x]
            if noted == _NONE:
                inputs[x], of_neuron, since = 2 * at + kind, after_one[kind, receiver], at
            elif noted == _SEVERAL:
                of_neuron, since = np.uint64(0), 0
            else:
                before, one, two = noted // 2, noted % 2, kind
                inputs[x], since, gap = _SEVERAL, min(at, before), abs(at - before)
                if at < before:
                    one, two = two, one
                of_neuron = after_two[one, two, receiver, gap] if gap < GAPS else np.uint64(0)
            # Bit b is for b - BEFORE ms after `since`; it becomes that for b ms.
            shift = np.uint64(abs(BEFORE - since))
            if since <= BEFORE:
                harmless_at[x] = of_neuron >> shift
            else:
                harmless_at[x] = of_neuron << shift if shift < BITS else np.uint64(0)
    return n_meeting == 3, alone
