"""The search for polychronous groups in a network, activity-triggered.

For each excitatory neuron, the mother, and each set of anchors among its strong excitatory inputs,
the anchors fire so that their spikes reach the mother together, and the network, at rest until
then, is followed until nothing more can arrive. The neuron is Izhikevich's, in steps of 1 ms:

    v' = 0.04 v^2 + 5 v + 140 - u + I    (two half steps),    u' = a (0.2 v - u)

and at v >= 30 mV: v = -65 mV, u += d.

A program that does what the definition says simulates every neuron in every millisecond. This one
gives the same groups, spike for spike, from a small part of the work:

- Rest is a fixed point, so a neuron is simulated from its first input on. Every anchor's first
  spike that counts arrives when the mother's inputs do, so time begins there.
- A neuron whose state lies in a region that it cannot leave without input (`_is_quiet`) is left
  alone until its next input, and the steps between are then made up for: the same steps, so the
  same numbers.

References
----------
E. M. Izhikevich, Polychronization: Computation with Spikes, Neural Computation 18 (2006).
R. Pauli, P. Weidel, S. Kunkel, A. Morrison, Reproducing polychronization, Front. Neuroinform.
12:46 (2018).
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb

import numba
import numpy as np

from wmdelays.errors import InputError
from wmdelays.polychronous_groups import Group

# Recovery a and after-spike jump d of excitatory and of inhibitory neurons.
_A = (0.02, 0.1)
_D = (8.0, 2.0)
_RESET, _PEAK = -65.0, 30.0
_STRONG = 0.95
# Excitatory spikes that arrived this long before a spike count as its causes, in ms.
WINDOW = 20
# Where the original program ends a group: spikes, and milliseconds.
MOST_SPIKES = 1000
LONGEST = 979
# About as many sets of anchors are searched in one go, and so many goes wait for their turn.
_BATCH = 20_000
_AHEAD = 4


@dataclass(frozen=True)
class Search:
    """A search for polychronous groups, ready to run.

    Parameters
    ----------
    network : DelayNetwork
    strong : float
        A weight is strong above this fraction of the ceiling.
    n_anchors : int
        Number of anchors.
    least_layers : int
        Number of layers that a group has at least.

    Raises
    ------
    InputError
        If a value makes no sense.
    """

    network: object
    strong: float = _STRONG
    n_anchors: int = 3
    least_layers: int = 7

    def __post_init__(self):
        if not 0 <= self.strong < 1:
            raise InputError(f"the strong fraction is {self.strong:g}; it lies from 0 to below 1")
        if not 1 <= self.n_anchors <= 10:
            raise InputError(f"{self.n_anchors} anchors are not possible; take 1 to 10")
        if self.least_layers < 1:
            raise InputError(f"{self.least_layers} layers are not possible; take 1 or more")
        network = self.network
        strong = network.strong(self.strong)
        sends = strong | ~network.excitatory[network.pre]
        inputs = np.flatnonzero(strong & network.excitatory[network.post])
        inputs = inputs[np.argsort(network.post[inputs], kind="stable")]
        mothers = np.searchsorted(network.post[inputs], np.arange(network.n_neurons + 1))
        put = object.__setattr__
        put(self, "_inputs", (network.pre[inputs], network.delay_ms[inputs], mothers))
        linked = np.flatnonzero(strong)
        linked = linked[np.argsort(network.post[linked], kind="stable")]
        bounds = np.searchsorted(network.post[linked], np.arange(network.n_neurons + 1))
        put(self, "_linked", (network.pre[linked], network.delay_ms[linked], bounds))
        # A spike of neuron n goes through the synapses row_end[n * width + d - 1] up to
        # row_end[n * width + d] after d ms.
        width = network.max_delay_ms + 1
        pre, delay, weight = (a[sends] for a in (network.pre, network.delay_ms, network.weight))
        row_end = np.searchsorted(pre * width + delay, np.arange(network.n_neurons * width) + 1)
        ways = (network.post[sends].astype(np.uint32), delay.astype(np.int32), weight)
        settles, course, *courses = _courses(weight)
        put(self, "_sent", (*ways, settles, course, row_end, width, *courses))

    @property
    def n_sets(self):
        """Number of sets of anchors, of all mothers."""
        return sum(comb(int(n), self.n_anchors) for n in np.diff(self._inputs[2]))

    def units(self, mother):
        """The units of work of a mother: the first, and the one after the last."""
        return tuple(self._inputs[2][mother : mother + 2].tolist())

    def batches(self, start=0, stop=None):
        """The work in pieces of about the same size, in order.

        Parameters
        ----------
        start, stop : int
            The first unit of work, and the one before which to stop, by default after the last. A
            unit is a mother and her first anchor.

        Yields
        ------
        units, n_sets : (int, int), int
            The units from the first up to, not including, the last; and their sets of anchors.
        """
        first, n_sets, unit = start, 0, 0
        stop = len(self._inputs[0]) if stop is None else stop
        for n in np.diff(self._inputs[2]).tolist():
            for k in range(n):
                if start <= unit < stop:
                    n_sets += comb(n - k - 1, self.n_anchors - 1)
                unit += 1
                if n_sets >= _BATCH:
                    yield (first, unit), n_sets
                    first, n_sets = unit, 0
        if stop > max(first, start):
            yield (first, stop), n_sets

    def run(self, start=0, stop=None, threads=None):
        """Search, from a unit of work on.

        Parameters
        ----------
        start, stop : int
            The first unit, and the one before which to stop; see `batches`.
        threads : int, optional
            By default the number of cores.

        Yields
        ------
        groups, next_unit, n_sets : list of Group, int, int
            The groups of a batch in the order of mothers and anchors, the unit that comes after
            it, and the sets of anchors that it held.
        """
        threads = threads or len(os.sched_getaffinity(0))
        waiting = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for units, n_sets in self.batches(start, stop):
                    waiting.append((pool.submit(self._found, *units), units[1], n_sets))
                    if len(waiting) > _AHEAD * threads:
                        found, following, done = waiting.popleft()
                        yield found.result(), following, done
                while waiting:
                    found, following, done = waiting.popleft()
                    yield found.result(), following, done
            finally:
                for found, *_ in waiting:
                    found.cancel()

    def _found(self, first, last):
        kept = _search(
            first,
            last,
            self._inputs,
            self._sent,
            self._linked,
            self.network.excitatory,
            self.n_anchors,
            self.least_layers,
        )
        return list(_groups(self.n_anchors, *kept))


def search(network, strong=_STRONG, n_anchors=3, least_layers=7, threads=None):
    """The polychronous groups of a network.

    Parameters
    ----------
    network : DelayNetwork
    strong : float
        A weight is strong above this fraction of the ceiling.
    n_anchors : int
        Number of anchors.
    least_layers : int
        Number of layers that a group has at least.
    threads : int, optional
        By default the number of cores.

    Yields
    ------
    Group
        In the order of mothers and anchors.

    Raises
    ------
    InputError
        If a value makes no sense.
    """
    for groups, *_ in Search(network, strong, n_anchors, least_layers).run(threads=threads):
        yield from groups


def _groups(n_anchors, heads, spikes, links):
    spike, link = 0, 0
    for mother, n_spikes, n_links, n_layers in heads.tolist():
        fired = tuple(map(tuple, spikes[spike : spike + n_spikes].tolist()))
        yield Group(
            mother=mother,
            anchors=tuple(neuron for neuron, _ in fired[:n_anchors]),
            spikes=fired,
            links=tuple(map(tuple, links[link : link + n_links].tolist())),
            n_layers=n_layers,
        )
        spike, link = spike + n_spikes, link + n_links


@numba.njit(nogil=True, inline="always")
def _membrane(v, u, current, a):
    """One millisecond of Izhikevich's neuron, up to the threshold."""
    v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
    v += 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
    u += a * (0.2 * v - u)
    return v, u


@numba.njit(nogil=True, inline="always")
def _is_quiet(v, u):
    """Whether a neuron can never fire without input.

    Let -79.5 <= v <= -60 and -15.9 <= u <= -4.7. The half step v + f(v, u) / 2 without input rises
    with v there, for 1 + f_v / 2 = 1 + (0.08 v + 5) / 2 > 0. At v = -60 f is -16 - u < 0 and at
    v = -79.5 it is -4.69 - u > 0, so v stays in its interval. And u moves towards 0.2 v, which lies
    from -15.9 to -12, so u stays in its own. The margins are far above a rounding error.
    """
    return -79.5 <= v <= -60.0 and -15.9 <= u <= -4.7


@numba.njit
def _rest():
    """The state at rest: v = -70 and u = -14 but for the rounding of the first step."""
    return _membrane(-70.0, -14.0, 0.0, _A[0])


@numba.njit(cache=True)
def _after(v, u, current, kind, n):
    """What becomes of a neuron 1 to `n` ms after an input.

    Returns
    -------
    states : ndarray of float, shape (n, 2)
        v and u.
    settles : bool
        Whether `_is_quiet` holds before it fires, and until the end.
    """
    states, settles = np.empty((n, 2)), False
    for k in range(n):
        v, u = _membrane(v, u, current, _A[kind])
        current = 0.0
        states[k] = v, u
        if v >= _PEAK:
            return states, False
        settles = settles or _is_quiet(v, u)
    return states, settles


def _courses(weights, most=10_000, most_twice=2, n=32):
    """What one input does to a neuron at rest, and a second one after it.

    Parameters
    ----------
    weights : ndarray of float, shape (n_synapses,)
    most, most_twice : int
        Number of weights that are tabulated alone and in pairs, the most common first.
    n : int
        Number of milliseconds.

    Returns
    -------
    settles : ndarray of bool, shape (n_synapses,)
        Whether a neuron of either kind settles without a spike after one input of this weight.
    course : ndarray of int, shape (n_synapses,)
        The weight's row in what follows, or -1.
    once : ndarray of float, shape (n_weights, 2, n, 2)
        v and u of an excitatory and of an inhibitory neuron after each millisecond.
    twice : ndarray of float, shape (n_twice, n_twice, 2, n, n, 2)
        The same after a second input that comes so many ms after the first, from 1 on.
    settles_twice : ndarray of bool, shape (n_twice, n_twice, 2, n)
    """
    values, places, counts = np.unique(weights, return_inverse=True, return_counts=True)
    alone = [[_after(*_rest(), value, kind, n) for kind in range(2)] for value in values]
    settles = np.array([a[1] and b[1] for a, b in alone], dtype=bool)
    common = [k for k in np.argsort(-counts, kind="stable") if settles[k]][:most]
    course = np.full(len(values), -1)
    course[common] = np.arange(len(common))
    once = np.array([[states for states, _ in alone[k]] for k in common]).reshape(-1, 2, n, 2)
    n_twice = min(most_twice, len(common))
    twice = np.empty((n_twice, n_twice, 2, n, n, 2))
    settles_twice = np.empty(twice.shape[:4], dtype=bool)
    for place in np.ndindex(settles_twice.shape):
        first, second, kind, gap = place
        found = _after(*once[first, kind, gap], values[common[second]], kind, n)
        twice[place], settles_twice[place] = found
    return settles[places], course[places].astype(np.int32), once, twice, settles_twice


# What is known of a neuron in a set of anchors is one number: the set, and one of these or, while
# a neuron follows a tabulated course, the time of its last input, and _FIRST and either the synapse
# of the only input or, behind all synapses, the place of its two inputs in the table.
_LEFT, _AWAKE, _FIRST = 0, 1, 2
_SYNAPSES, _TIMES = 1 << 27, 1 << 11
_NEVER = 1 << 30


@numba.njit(nogil=True, cache=True)
def _search(first_unit, last_unit, inputs, sent, linked, excitatory, n_anchors, least_layers):
    """Groups of some units of work; see `Search.batches`."""
    input_pre, input_delay, mothers = inputs
    n_neurons = len(excitatory)
    cells = (
        np.full(n_neurons, -1),
        np.empty(n_neurons, np.int64),
        np.empty(n_neurons),
        np.empty(n_neurons),
        np.empty(n_neurons),
        np.empty(n_neurons, np.uint32),
        np.empty(n_neurons, np.uint32),
        np.empty(n_neurons, np.uint32),
    )
    neuron, time = np.empty(MOST_SPIKES, np.int64), np.empty(MOST_SPIKES, np.int64)
    layer, before = np.empty(MOST_SPIKES, np.int64), np.empty(MOST_SPIKES, np.int64)
    last = np.full(n_neurons, MOST_SPIKES)
    most_sent = 0
    for n in range(n_neurons):
        most_sent = max(most_sent, sent[5][(n + 1) * sent[6] - 1] - sent[5][n * sent[6]])
    n_inputs, n_times = most_sent * MOST_SPIKES, LONGEST + sent[6]
    inbox = (
        np.empty(n_times, np.uint32),
        np.empty(n_times, np.uint32),
        np.full(n_times, -1),
        np.empty(n_inputs + 1, np.uint32),
        np.empty(n_inputs + 1, np.uint32),
        np.empty(n_inputs + 1, np.uint32),
    )
    least_delay, chosen = np.empty(n_anchors, np.int64), np.empty(n_anchors, np.int64)
    heads = np.empty((16, 4), np.int64)
    spikes, links = np.empty((256, 2), np.int64), np.empty((1024, 4), np.int64)
    n_heads = n_spikes = n_links = 0

    number = 0
    mother = np.searchsorted(mothers, first_unit, side="right") - 1
    for unit in range(first_unit, last_unit):
        while mothers[mother + 1] <= unit:
            mother += 1
        end = mothers[mother + 1]
        if unit + n_anchors > end:
            continue
        for k in range(n_anchors):
            chosen[k] = unit + k
        while True:
            meeting = 0
            for k in range(n_anchors):
                least_delay[k] = input_delay[chosen[k]]
                meeting = max(meeting, least_delay[k])
            for k in range(n_anchors):
                neuron[k] = input_pre[chosen[k]]
                time[k] = meeting - least_delay[k]
            n_fired = _follow(
                number, meeting, neuron, time, least_delay, sent, excitatory, cells, inbox
            )
            number += 1

            # No path is longer than one spike of each layer.
            if n_fired > 2 * n_anchors and n_fired - n_anchors + 1 >= least_layers:
                links, end_links = _add_links(
                    links, n_links, n_fired, neuron, time, layer, least_delay, last, before, linked
                )
                new = links[n_links:end_links]
                n_layers = max(layer[:n_fired])
                if n_layers >= least_layers and _uses(neuron[:n_anchors], new, excitatory):
                    heads = _with_room(heads, n_heads + 1)
                    heads[n_heads] = mother, n_fired, len(new), n_layers
                    n_heads += 1
                    spikes = _with_room(spikes, n_spikes + n_fired)
                    spikes[n_spikes : n_spikes + n_fired, 0] = neuron[:n_fired]
                    spikes[n_spikes : n_spikes + n_fired, 1] = time[:n_fired]
                    n_spikes += n_fired
                    n_links = end_links

            # The next set, the first anchor staying.
            k = n_anchors - 1
            while k and chosen[k] == end - n_anchors + k:
                k -= 1
            if not k:
                break
            chosen[k] += 1
            for following in range(k + 1, n_anchors):
                chosen[following] = chosen[following - 1] + 1
    return heads[:n_heads], spikes[:n_spikes], links[:n_links]


@numba.njit(nogil=True, cache=True)
def _follow(number, meeting, neuron, time, least_delay, sent, excitatory, cells, inbox):
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
    sent, excitatory, cells, inbox
        The network, and room for the state of its neurons and for the lists.

    Returns
    -------
    int
        Number of spikes.
    """
    post, delay, weight, settles, course, row_end, width, once, twice, settles_twice = sent
    known, since, v, u, current, second, awake, fired = cells
    first, last, opened, receiver, by, following = inbox
    n_anchors, n_twice, longest_course = len(least_delay), len(twice), once.shape[2]
    rest_v, rest_u = _rest()
    this_set = number * (_TIMES * _SYNAPSES)

    n_fired, n_sent, n_awake, n_inputs, n_waiting = n_anchors, 0, 0, 1, 0
    stop = min(2 * max(width - 1, WINDOW) + WINDOW + 1, LONGEST)
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
            now = time[n_sent]
            for synapse in range(np.uint64(begin), np.uint64(end)):
                x, at, carried = post[synapse], now + delay[synapse], synapse
                tag = known[x] - this_set
                earlier = False
                if tag < 0:
                    if settles[synapse]:
                        known[x] = this_set + at * _SYNAPSES + _FIRST + np.int64(synapse)
                        continue
                    known[x], since[x] = this_set + _LEFT, _NEVER
                    v[x], u[x], current[x] = rest_v, rest_u, 0.0
                elif tag >= (at + 1) * _SYNAPSES:
                    # The first input is this one now. The other comes before all others that are
                    # on the list of its millisecond, for its spike was sent before theirs.
                    known[x] = this_set + at * _SYNAPSES + _FIRST + np.int64(synapse)
                    at, carried = tag // _SYNAPSES, np.uint64(tag % _SYNAPSES - _FIRST)
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
                tabulated = min(gap, longest_course)
                since[x], current[x] = came + tabulated, 0.0
                if code < len(post):
                    one, two = course[code], course[synapse]
                    if gap == 0:
                        v[x], u[x], current[x] = rest_v, rest_u, weight[code]
                    elif one < 0:
                        v[x], u[x], current[x], since[x] = rest_v, rest_u, weight[code], came
                    else:
                        if 0 <= two < n_twice and one < n_twice and gap <= longest_course:
                            if settles_twice[one, two, kind, gap - 1]:
                                code = ((one * n_twice + two) * 2 + kind) * longest_course + gap - 1
                                code += len(post)
                                known[x] = this_set + t * _SYNAPSES + _FIRST + code
                                second[x] = synapse
                                continue
                        v[x], u[x] = once[one, kind, tabulated - 1]
                else:
                    code -= len(post)
                    before, one = code % longest_course, code // longest_course // 2 // n_twice
                    if gap == 0:
                        v[x], u[x] = once[one, kind, before]
                        current[x] = weight[second[x]]
                    else:
                        two = code // longest_course // 2 % n_twice
                        v[x], u[x] = twice[one, two, kind, before, tabulated - 1]
                tag = _LEFT
            if tag == _LEFT:
                a = _A[0] if excitatory[x] else _A[1]
                if since[x] == _NEVER:
                    since[x] = t
                while since[x] < t:
                    v[x], u[x] = _membrane(v[x], u[x], current[x], a)
                    current[x] = 0.0
                    since[x] += 1
                known[x] = this_set + _AWAKE
                awake[n_awake] = x
                n_awake += 1
            current[x] += weight[synapse]

        n_firing, still = 0, 0
        for k in range(n_awake):
            x = awake[k]
            a = _A[0] if excitatory[x] else _A[1]
            v[x], u[x] = _membrane(v[x], u[x], current[x], a)
            current[x] = 0.0
            if v[x] >= _PEAK:
                v[x] = _RESET
                u[x] += _D[0] if excitatory[x] else _D[1]
                # In the order of neurons, as a program that goes through all of them.
                place = n_firing
                while place and fired[place - 1] > x:
                    fired[place] = fired[place - 1]
                    place -= 1
                fired[place] = x
                n_firing += 1
            if _is_quiet(v[x], u[x]):
                known[x], since[x] = this_set + _LEFT, t + 1
            else:
                awake[still] = x
                still += 1
        n_awake = still
        for k in range(min(n_firing, MOST_SPIKES - n_fired)):
            neuron[n_fired], time[n_fired] = fired[k], t
            n_fired += 1


@numba.njit(nogil=True, cache=True)
def _add_links(links, n, n_fired, neuron, time, layer, least_delay, last, before, linked):
    """Find the layer of each spike, and append the links to it in the order of arrival.

    Neuron x gets the excitatory synapses incoming[x] up to incoming[x + 1] of `linked`.
    """
    pre, delay, incoming = linked
    n_anchors = len(least_delay)
    for k in range(n_fired):
        x, t = neuron[k], time[k]
        layer[k] = 1
        begin = n
        for synapse in range(incoming[x], incoming[x + 1]) if k >= n_anchors else range(0):
            i, d = pre[synapse], delay[synapse]
            # What an earlier set left in `last` is no spike of i before k in this one.
            s = last[i]
            if s >= k or neuron[s] != i:
                continue
            while s >= 0:
                arrival = time[s] + d
                if t - WINDOW < arrival <= t and (s >= n_anchors or d >= least_delay[s]):
                    layer[k] = max(layer[k], layer[s] + 1)
                    links = _with_room(links, n + 1)
                    key, place = arrival * MOST_SPIKES + s, n
                    while place > begin and links[place - 1, 3] > key:
                        links[place] = links[place - 1]
                        place -= 1
                    links[place] = i, x, d, key
                    n += 1
                s = before[s]
        links[begin:n, 3] = layer[k]
        before[k] = last[x] if last[x] < k and neuron[last[x]] == x else -1
        last[x] = k
    return links, n


@numba.njit(nogil=True, inline="always")
def _with_room(rows, n):
    """The rows, or a copy with room for n of them."""
    if n <= len(rows):
        return rows
    grown = np.empty((max(n, 2 * len(rows)), rows.shape[1]), rows.dtype)
    grown[: len(rows)] = rows
    return grown


@numba.njit(nogil=True, cache=True)
def _uses(anchors, links, excitatory):
    """Whether no anchor has exactly one link to an excitatory neuron."""
    for anchor in anchors:
        n = 0
        for k in range(len(links)):
            n += links[k, 0] == anchor and excitatory[links[k, 1]]
        if n == 1:
            return False
    return True
