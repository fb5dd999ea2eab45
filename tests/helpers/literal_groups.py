"""The search for polychronous groups as its definition says it: every neuron, every millisecond.

The judge of the fast search. Plain Python and NumPy; `follow` is written so that numba can
compile it as it stands, for full-size networks and for the benchmark.
"""

from itertools import combinations

import numpy as np

from wmdelays.polychrony.groups import ARRIVED, ORIGINAL, Group


def literal_search(
    network,
    strong=0.95,
    n_anchors=3,
    min_layers=7,
    layers_of=ARRIVED,
    mothers=None,
    follow=None,
    most_arrivals=4096,
):
    """The groups of a network; see `wmdelays.polychrony.search.search.search`."""
    follow, original = follow or globals()["follow"], layers_of == ORIGINAL
    excitatory = network.excitatory
    arguments = literal_arguments(network, strong, most_arrivals)
    for mother in range(network.n_neurons) if mothers is None else mothers:
        for anchors, delays in zip(*literal_sets(network, mother, strong, n_anchors)):
            spikes, layers, links, n_links = follow(anchors, delays, *arguments, original)
            links = links[:n_links]
            if len(spikes) <= 2 * n_anchors:
                continue
            n_layers = layers[n_anchors if original else 0 :].max()
            if n_layers < min_layers:
                continue
            to_excitatory = links[excitatory[links[:, 1]], 0]
            if any((to_excitatory == anchor).sum() == 1 for anchor in anchors):
                continue
            yield Group(
                mother=mother,
                anchors=tuple(anchors.tolist()),
                spikes=tuple(map(tuple, spikes.tolist())),
                links=tuple(map(tuple, links.tolist())),
                n_layers=int(n_layers),
                layers_of=layers_of,
            )


def literal_arguments(network, strong=0.95, most_arrivals=4096):
    """What `follow` takes after the anchors and their delays, before the kind of layers."""
    excitatory = network.excitatory
    sends = (network.weight > strong * network.max_weight) | ~excitatory[network.pre]
    pre, *synapses = (
        a[sends] for a in (network.pre, network.post, network.delay_ms, network.weight)
    )
    outgoing = np.searchsorted(pre, np.arange(network.n_neurons + 1))
    longest = max(20, int(network.delay_ms.max(initial=0)))
    # A synapse brings one spike a millisecond at most, and others when its neuron is several anchors.
    most = (1000 + longest, min(most_arrivals, 11 * len(pre)))
    room = (np.zeros(most[0], np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64))
    return *synapses, outgoing, excitatory, longest, room


def literal_sets(network, mother, strong=0.95, n_anchors=3):
    """The anchors of each set of a mother, and their delays to her, int of shape (n, n_anchors)."""
    is_strong = network.excitatory[network.pre] & (network.weight > strong * network.max_weight)
    inputs = np.flatnonzero(is_strong & (network.post == mother))
    sets = list(combinations(inputs, n_anchors)) if network.excitatory[mother] else []
    sets = np.array(sets, dtype=int).reshape(-1, n_anchors)
    return network.pre[sets], network.delay_ms[sets]


def follow(anchors, delays, post, delay, weight, outgoing, excitatory, longest, room, original):
    """Fire the anchors and simulate all neurons until nothing more can arrive.

    `original`: whether layers and links are those of the original program, which looks for the
    presynaptic neuron of each arrival among all earlier spikes, from the last arrival to the first.

    Returns
    -------
    spikes, layers, links, n_links : int arrays of shapes (n, 2), (n,), (at least n_links, 4), int
    """
    n_neurons, n_anchors = len(excitatory), len(anchors)
    # Of each arrival its millisecond, its synapse and the spike that it brings.
    n_arrivals, synapse_arriving, spike_arriving = room
    n_arrivals[:] = 0
    spikes = np.zeros((1000, 2), np.int64)
    n_spikes = n_anchors
    for k in range(n_anchors):
        spikes[k, 0], spikes[k, 1] = anchors[k], delays.max() - delays[k]
        for synapse in range(outgoing[anchors[k]], outgoing[anchors[k] + 1]):
            if delay[synapse] >= delays[k]:
                t = spikes[k, 1] + delay[synapse]
                synapse_arriving[t, n_arrivals[t]], spike_arriving[t, n_arrivals[t]] = synapse, k
                n_arrivals[t] += 1

    v, u, current = np.full(n_neurons, -70.0), np.full(n_neurons, -14.0), np.zeros(n_neurons)
    a, d = np.where(excitatory, 0.02, 0.1), np.where(excitatory, 8.0, 2.0)
    t, stop = 0, min(2 * longest + 20 + 1, 979)
    while t < stop and n_spikes < 1000:
        for k in range(n_arrivals[t]):
            synapse = synapse_arriving[t, k]
            current[post[synapse]] += weight[synapse]
        for j in range(n_neurons):
            v[j] += 0.5 * ((0.04 * v[j] + 5) * v[j] + 140 - u[j] + current[j])
            v[j] += 0.5 * ((0.04 * v[j] + 5) * v[j] + 140 - u[j] + current[j])
            u[j] += a[j] * (0.2 * v[j] - u[j])
            current[j] = 0
        for j in range(n_neurons):
            if v[j] >= 30:
                v[j] = -65.0
                u[j] += d[j]
                if n_spikes == 1000:
                    continue
                spikes[n_spikes, 0], spikes[n_spikes, 1] = j, t
                for synapse in range(outgoing[j], outgoing[j + 1]):
                    s = t + delay[synapse]
                    synapse_arriving[s, n_arrivals[s]] = synapse
                    spike_arriving[s, n_arrivals[s]] = n_spikes
                    n_arrivals[s] += 1
                    stop = max(stop, min(s + 1, 979))
                n_spikes += 1
        t += 1

    layers = np.ones(n_spikes, np.int64)
    links = np.zeros((64, 4), np.int64)
    n_links = 0
    if n_spikes <= 2 * n_anchors:
        return spikes[:n_spikes], layers, links, n_links
    for k in range(n_anchors, n_spikes if original else n_anchors):
        layers[k] = 0
        for s in range(spikes[k, 1], max(-1, spikes[k, 1] - 20), -1):
            for arrival in range(n_arrivals[s]):
                source, synapse = spike_arriving[s, arrival], synapse_arriving[s, arrival]
                if post[synapse] == spikes[k, 0] and excitatory[spikes[source, 0]]:
                    for earlier in range(k):
                        if spikes[earlier, 0] == spikes[source, 0]:
                            layers[k] = max(layers[k], layers[earlier] + 1)
                    if n_links == len(links):
                        links = np.concatenate((links, links))
                    links[n_links, 0] = spikes[source, 0]
                    links[n_links, 1] = spikes[k, 0]
                    links[n_links, 2] = delay[synapse]
                    links[n_links, 3] = layers[k]
                    n_links += 1
    for k in range(n_spikes if original else n_anchors, n_spikes):
        begin = n_links
        for s in range(max(0, spikes[k, 1] - 19), spikes[k, 1] + 1):
            for arrival in range(n_arrivals[s]):
                source, synapse = spike_arriving[s, arrival], synapse_arriving[s, arrival]
                if post[synapse] == spikes[k, 0] and excitatory[spikes[source, 0]]:
                    layers[k] = max(layers[k], layers[source] + 1)
                    if n_links == len(links):
                        links = np.concatenate((links, links))
                    links[n_links, 0] = spikes[source, 0]
                    links[n_links, 1] = spikes[k, 0]
                    links[n_links, 2] = delay[synapse]
                    n_links += 1
        links[begin:n_links, 3] = layers[k]
    return spikes[:n_spikes], layers, links, n_links
