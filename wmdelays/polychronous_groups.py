"""Polychronous groups: time-locked chains of spikes in a network with delays."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from wmdelays.errors import InputError, one_line

# Excitatory spikes that arrived this long before a spike count as its causes, in ms.
WINDOW = 20


@dataclass(frozen=True)
class Group:
    """A polychronous group.

    Attributes
    ----------
    mother : int
        The neuron at which the anchors' spikes meet.
    anchors : tuple of int
        The neurons whose spikes start the group, in the order of the mother's synapses.
    spikes : tuple of (int, int)
        Neuron and time in ms of each spike, the anchors first, then in the order of time.
    links : tuple of (int, int, int, int)
        Presynaptic neuron, postsynaptic neuron, delay in ms, and layer of the postsynaptic spike,
        for each excitatory spike that reached a neuron within the 20 ms up to its spike.
    n_layers : int
        The longest path in layers; the anchors are layer 1.

    References
    ----------
    E. M. Izhikevich, Polychronization: Computation with Spikes, Neural Computation 18 (2006).
    """

    mother: int
    anchors: tuple
    spikes: tuple
    links: tuple
    n_layers: int

    @property
    def span_ms(self):
        """Time from the first to the last spike in ms."""
        times = [time for _, time in self.spikes]
        return max(times) - min(times)

    @property
    def spike_set(self):
        """The spikes whatever their order, with the first at 0 ms: equal for the same group."""
        first = min(time for _, time in self.spikes)
        return frozenset((neuron, time - first) for neuron, time in self.spikes)

    def as_dict(self):
        """The group as plain JSON values."""
        return {
            "mother": self.mother,
            "anchors": list(self.anchors),
            "spikes": [list(spike) for spike in self.spikes],
            "links": [list(link) for link in self.links],
            "n_layers": self.n_layers,
            "span_ms": self.span_ms,
        }


def joined_spikes(group):
    """Which spikes the links of a group join.

    Parameters
    ----------
    group : Group

    Returns
    -------
    list of (int, int) or None
        For each link the places of its presynaptic and its postsynaptic spike in `group.spikes`;
        None if there are no such spikes.

    Notes
    -----
    The links stand in the order of the spikes that they lead to, and those to one spike in the order
    of arrival. Spikes of an anchor that would arrive before all anchors' spikes meet are not sent.
    """
    spikes, n_anchors = group.spikes, len(group.anchors)
    places = defaultdict(list)
    for k, (neuron, _) in enumerate(spikes):
        places[neuron].append(k)
    meeting = min(
        (
            spikes[k][1] + delay
            for pre, post, delay, _ in group.links
            for k in places[pre]
            if post == group.mother and k < n_anchors
        ),
        default=0,
    )

    def source(pre, delay, k, after):
        time = spikes[k][1]
        arrivals = [(spikes[s][1] + delay, s) for s in places[pre]]
        return min(
            (
                (arrival, s)
                for arrival, s in arrivals
                if time - WINDOW < arrival <= time
                and (s >= n_anchors or arrival >= meeting)
                and (arrival, s) > after
            ),
            default=None,
        )

    joined, k, last = [], n_anchors - 1, (-1, -1)
    for pre, post, delay, _ in group.links:
        stays = k >= n_anchors and spikes[k][0] == post
        found = source(pre, delay, k, last) if stays else None
        if found is None:
            later = [j for j in places[post] if j > k]
            options = ((j, source(pre, delay, j, (-1, -1))) for j in later)
            j, found = next(((j, one) for j, one in options if one is not None), (k, None))
            if found is None and stays:
                # A second synapse with the same delay brought the same spike again.
                found = source(pre, delay, k, (-1, -1))
            k = j
        last = last if found is None else found
        joined.append(None if found is None else (found[1], k))
    return joined


def group_line(group):
    """A group as a line of JSON, with its end."""
    return json.dumps(group.as_dict(), separators=(",", ":")) + "\n"


def read_groups(path):
    """Groups from a file of JSON lines, one after another.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    Group

    Raises
    ------
    InputError
        If the file cannot be read, or a line is no group.
    """
    path = Path(path)
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _group(json.loads(line))
                except (ValueError, TypeError, LookupError, RecursionError):
                    raise InputError(f"{path}: line {number} is not a polychronous group") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a file of JSON lines") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None


def _group(values):
    spikes = tuple((_neuron(n), _time(t)) for n, t in values["spikes"])
    if not spikes:
        raise ValueError
    return Group(
        mother=_neuron(values["mother"]),
        anchors=tuple(map(_neuron, values["anchors"])),
        spikes=spikes,
        links=tuple(
            (_neuron(pre), _neuron(post), _time(delay), _neuron(layer))
            for pre, post, delay, layer in values["links"]
        ),
        n_layers=_neuron(values["n_layers"]),
    )


def _neuron(value):
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _time(value):
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError
    return value
