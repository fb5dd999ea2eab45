"""What follows when the anchors of a polychronous group fire: its spikes and its links."""

import numba
import numpy as np

from wmdelays.polychrony.groups import WINDOW
from wmdelays.polychrony.search.neuron import (
    COURSE,
    JUMP,
    PEAK,
    RECOVERY,
    RESET,
    TWICE,
    is_quiet,
    membrane,
    rest,
)

# Where the original program ends a group: spikes, and milliseconds.
MOST_SPIKES = 1000
LONGEST = 979

# What is known of a neuron in a set of anchors is one number: the set, and one of these or, while
# a neuron follows a tabulated course, the time of its last input, and _FIRST and either the synapse
# of the only input or, behind all synapses, the place of its two inputs in the table.
_LEFT, _AWAKE, _FIRST = 0, 1, 2
_SYNAPSES, _TIMES = 1 << 27, 1 << 11
# So many sets, times and synapses make a number of 63 bits.
MOST_SETS = 1 << 24
_NEVER = 1 << 30
# Of a neuron that got input: its membrane v and recovery u before a step, its input in that step,
# and the step.
_V, _U, _INPUT, _SINCE = 0, 1, 2, 3
# More links to one spike than this are not put in order one by one.
_MANY = 24


@numba.njit(nogil=True, inline="always")
def shortest_run(width):
    """How long a group is followed at least, in ms, in a network with delays below `width`."""
    return min(2 * max(width - 1, WINDOW) + WINDOW + 1, LONGEST)


@numba.njit(nogil=True)
def follow(
    number,
    meeting,
    neuron,
    time,
    least_delay,
    post,
    delay,
    weight,
    course,
    row_end,
    width,
    settles,
    once,
    twice,
    settles_twice,
    excitatory,
    known,
    state,
    second,
    awake,
    fired,
    first,
    last,
    opened,
    receiver,
    by,
    following,
    again,
):
    """Simulate what follows the anchors' spikes.

    A neuron's first input is noted with the neuron; for its other inputs it is put on a list of
    the millisecond in which they come. Only neurons on these lists are looked at: one with a
    single input that keeps quiet is not.

    Parameters
    ----------
    number : int
        The number of this set of anchors, to tell what is left from others.
    meeting : int
        When the anchors' spikes reach the mother, in ms.
    neuron, time : ndarray of int, shape (MOST_SPIKES,)
        The spikes: those of the anchors, to which the others are added.
    least_delay : ndarray of int, shape (n_anchors,)
        The shortest delay over which each anchor's spike is sent.
    post … settles_twice, excitatory
        The network, see `group_search.GroupSearch`, and what inputs do, see `courses_of`.
    known … fired
        Room for the state of its neurons.
    first … again
        Room for the lists.

    Returns
    -------
    int
        Number of spikes.
    """
    n_anchors, n_twice = len(least_delay), len(twice)
    rest_v, rest_u = rest()
    this_set = number * (_TIMES * _SYNAPSES)

    n_fired, n_sent, n_awake, n_inputs, n_waiting = n_anchors, 0, 0, 1, 0
    stop = shortest_run(width)
    t = meeting - 1
    while True:
        # Send the spikes that were fired.
        while n_sent < n_fired:
            row = neuron[n_sent] * width
            begin, end = row_end[row], row_end[row + width - 1]
            if n_sent < n_anchors:
                begin = row_end[row + least_delay[n_sent] - 1]
            elif end > begin:
                stop = max(stop, min(t + delay[end - 1] + 1, LONGEST))
            now, n_again = time[n_sent], 0
            # Without a branch, which a processor would often guess wrong.
            for synapse in range(np.uint64(begin), np.uint64(end)):
                x = post[synapse]
                before = known[x]
                note = this_set + (now + delay[synapse]) * _SYNAPSES + _FIRST + np.int64(synapse)
                is_first = settles & (before < this_set)
                known[x] = note if is_first else before
                again[n_again] = synapse
                n_again += not is_first
            for k in range(n_again):
                synapse = again[k]
                x, at, carried = post[synapse], now + delay[synapse], synapse
                tag = known[x] - this_set
                earlier = False
                if tag < 0:
                    known[x], state[x, _SINCE] = this_set + _LEFT, _NEVER
                    state[x, _V], state[x, _U], state[x, _INPUT] = rest_v, rest_u, 0.0
                elif tag >= (at + 1) * _SYNAPSES:
                    # The first input is this one now. The other comes before all others that are
                    # on the list of its millisecond, for its spike was sent before theirs.
                    known[x] = this_set + at * _SYNAPSES + _FIRST + np.int64(synapse)
                    at, carried = tag // _SYNAPSES, np.uint32(tag % _SYNAPSES - _FIRST)
                    earlier = True
                receiver[n_inputs], by[n_inputs] = x, carried
                if opened[at] != number:
                    opened[at], first[at], last[at] = number, n_inputs, n_inputs
                    following[n_inputs] = 0
                elif earlier:
                    following[n_inputs], first[at] = first[at], n_inputs
                else:
                    following[n_inputs], following[last[at]] = 0, n_inputs
                    last[at] = n_inputs
                n_inputs += 1
                n_waiting += 1
            n_sent += 1

        t += 1
        if t >= stop or n_fired == MOST_SPIKES or not (n_waiting or n_awake):
            return n_fired
        entry = first[t] if opened[t] == number else np.uint32(0)
        while entry:
            x, synapse = receiver[entry], by[entry]
            entry = following[entry]
            n_waiting -= 1
            tag = known[x] - this_set
            if tag >= _FIRST:
                came, code = tag // _SYNAPSES, tag % _SYNAPSES - _FIRST
                gap, kind = t - came, 0 if excitatory[x] else 1
                tabulated = min(gap, COURSE)
                state[x, _SINCE], state[x, _INPUT] = came + tabulated, 0.0
                if code < len(post):
                    one, two = course[code], course[synapse]
                    if gap == 0 or one < 0:
                        state[x, _V], state[x, _U], state[x, _INPUT] = rest_v, rest_u, weight[code]
                        state[x, _SINCE] = came
                    else:
                        if 0 <= two < n_twice and one < n_twice and gap <= COURSE:
                            if settles_twice[one, two, kind, gap - 1]:
                                code = ((one * TWICE + two) * 2 + kind) * COURSE + gap - 1
                                code += len(post)
                                known[x] = this_set + t * _SYNAPSES + _FIRST + code
                                second[x] = synapse
                                continue
                        state[x, _V], state[x, _U] = once[one, kind, tabulated - 1]
                else:
                    code -= len(post)
                    before, one = code % COURSE, code // (COURSE * 2 * TWICE)
                    if gap == 0:
                        state[x, _V], state[x, _U] = once[one, kind, before]
                        state[x, _INPUT] = weight[second[x]]
                    else:
                        two = code // (COURSE * 2) % TWICE
                        state[x, _V], state[x, _U] = twice[one, two, kind, before, tabulated - 1]
                tag = _LEFT
            if tag == _LEFT:
                a = RECOVERY[0] if excitatory[x] else RECOVERY[1]
                since = np.int64(state[x, _SINCE])
                if since < t:
                    v, u = membrane(state[x, _V], state[x, _U], state[x, _INPUT], a)
                    for _ in range(t - since - 1):
                        v, u = membrane(v, u, 0.0, a)
                    state[x, _V], state[x, _U], state[x, _INPUT] = v, u, 0.0
                known[x] = this_set + _AWAKE
                awake[n_awake] = x
                n_awake += 1
            state[x, _INPUT] += weight[synapse]

        n_firing, still = 0, 0
        for k in range(n_awake):
            x = awake[k]
            a = RECOVERY[0] if excitatory[x] else RECOVERY[1]
            v, u = membrane(state[x, _V], state[x, _U], state[x, _INPUT], a)
            if v >= PEAK:
                v, u = RESET, u + (JUMP[0] if excitatory[x] else JUMP[1])
                # In the order of neurons, as a program that goes through all of them.
                place = n_firing
                while place and fired[place - 1] > x:
                    fired[place] = fired[place - 1]
                    place -= 1
                fired[place] = x
                n_firing += 1
            state[x, _V], state[x, _U], state[x, _INPUT] = v, u, 0.0
            if is_quiet(v, u):
                known[x], state[x, _SINCE] = this_set + _LEFT, t + 1
            else:
                awake[still] = x
                still += 1
        n_awake = still
        for k in range(min(n_firing, MOST_SPIKES - n_fired)):
            neuron[n_fired], time[n_fired] = fired[k], t
            n_fired += 1


@numba.njit(nogil=True)
def add_links(
    links, n, n_fired, neuron, time, layer, least_delay, last, before, highest, linked, original
):  # fmt: skip
    """Find the layer of each spike, and append the links to it.

    They stand in the order of arrival with the layer of the spike that they lead to; or, if the
    layers are those of the original program, the last to arrive first, each with the layer that
    the links up to it make; see `wmdelays.polychrony.groups.Group`.

    Neuron x gets the excitatory synapses incoming[x] up to incoming[x + 1] of `linked`.
    """
    pre, delay, incoming = linked
    n_anchors = len(least_delay)
    for k in range(n_fired):
        x, t = neuron[k], time[k]
        begin = n
        for synapse in range(incoming[x], incoming[x + 1]) if k >= n_anchors else range(0):
            i, d = pre[synapse], delay[synapse]
            # What an earlier set left in `last` is no spike of i before k in this one.
            s = last[i]
            if s >= k or neuron[s] != i:
                continue
            while s >= 0:
                arrival = time[s] + d
                if arrival <= t - WINDOW:
                    if s >= n_anchors:
                        # So did all that the neuron sent before.
                        break
                elif arrival <= t and (s >= n_anchors or d >= least_delay[s]):
                    links = with_room(links, n + 1)
                    links[n, 0], links[n, 1], links[n, 2] = i, x, d
                    links[n, 3] = (t - arrival if original else arrival) * MOST_SPIKES + s
                    n += 1
                s = before[s]
        order(links[begin:n])
        now = 0 if original and k >= n_anchors else 1
        for place in range(begin, n):
            if original:
                now = max(now, highest[links[place, 0]] + 1)
                links[place, 3] = now
            else:
                now = max(now, layer[links[place, 3] % MOST_SPIKES] + 1)
        if not original:
            links[begin:n, 3] = now
        layer[k] = now
        known = last[x] < k and neuron[last[x]] == x
        before[k] = last[x] if known else -1
        highest[x] = max(now, highest[x]) if known else now
        last[x] = k
    return links, n


@numba.njit(nogil=True)
def order(links):
    """Put links in the order of their last column."""
    n = len(links)
    if n > _MANY:
        links[:] = links[np.argsort(links[:, 3])]
        return
    for end in range(1, n):
        i, x, d, key = links[end, 0], links[end, 1], links[end, 2], links[end, 3]
        place = end
        while place and links[place - 1, 3] > key:
            links[place] = links[place - 1]
            place -= 1
        links[place] = i, x, d, key


@numba.njit(nogil=True, inline="always")
def with_room(rows, n):
    """The rows, or a copy with room for n of them."""
    if n <= len(rows):
        return rows
    grown = np.empty((max(n, 2 * len(rows)), rows.shape[1]), rows.dtype)
    grown[: len(rows)] = rows
    return grown


@numba.njit(nogil=True)
def uses(anchors, links, excitatory):
    """Whether no anchor has exactly one link to an excitatory neuron."""
    for anchor in anchors:
        n = 0
        for k in range(len(links)):
            n += links[k, 0] == anchor and excitatory[links[k, 1]]
        if n == 1:
            return False
    return True
