"""Polychronous groups: time-locked chains of spikes in a network with delays."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from wmdelays.errors import InputError, one_line
from wmdelays.files.json_text import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator


# Excitatory spikes that arrived this long before a spike count as its causes, in ms.
WINDOW = 20
# Whose layer counts at the other end of a link: that of the spike that arrived, or, as in the
# original program, the highest of all earlier spikes of the presynaptic neuron.
ARRIVED, ORIGINAL = LAYERS_OF = ("arrived", "original")
# Bytes of the longest line that can be a group: those of networks that run away have 150,000.
_LONGEST_LINE = 1 << 26
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Time = (
    Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]
    | Annotated[float, msgspec.Meta(ge=-(2.0**31), le=2.0**31)]
)


class _Line(msgspec.Struct):
    """What a line of a file of groups has, see `Group`."""

    mother: _Whole
    anchors: tuple[_Whole, ...]
    spikes: Annotated[tuple[tuple[_Whole, _Time], ...], msgspec.Meta(min_length=1)]
    links: tuple[tuple[_Whole, _Whole, _Time, _Whole], ...]
    n_layers: _Whole
    # Files of earlier versions, which had one kind of layers, do not say it.
    layers_of: Literal[LAYERS_OF] = ARRIVED


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
    layers_of : str
        Which layers these are. `ARRIVED`: a spike is one more than the highest layer among the
        spikes that reached it, and layer 1 if none did; links stand in the order of arrival, each
        with its spike's layer. `ORIGINAL`: what the original program gives. A spike is one more than
        the highest layer that any earlier spike of the neurons has whose spikes reached it, and
        layer 0 if none did; links stand from the last arrival to the first, each with the layer
        that the links up to it make.

    References
    ----------
    E. M. Izhikevich, Polychronization: Computation with Spikes, Neural Computation 18 (2006).
    """

    mother: int
    anchors: tuple
    spikes: tuple
    links: tuple
    n_layers: int
    layers_of: str = ARRIVED

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

    def as_dict(self, links=None):
        """The group as plain JSON values; its links may be given as lists."""
        return {
            "mother": self.mother,
            "anchors": list(self.anchors),
            "spikes": [list(spike) for spike in self.spikes],
            "links": [list(link) for link in self.links] if links is None else links,
            "n_layers": self.n_layers,
            "layers_of": self.layers_of,
            "span_ms": self.span_ms,
        }


def which_layers(layers_of):
    """A sentence for reports: which layers groups have."""
    if layers_of == ORIGINAL:
        return (
            "Layers are those of the original program: a spike is one more than the highest layer of"
            " any earlier spike of the neurons whose spikes reached it, whether it had arrived or not."
        )
    return (
        "Layers are those of arrived spikes: a spike is one more than the highest layer among the"
        " spikes that reached it."
    )


def joined_spikes(group: Group) -> list[tuple[int, int]] | None:
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
    Every spike that arrived over a synapse in the 20 ms up to a spike is a link to it, so a synapse
    (presynaptic neuron, postsynaptic neuron, delay) joins all pairs of spikes with these times,
    and where several synapses are alike, each of them does. An anchor's spike is not sent where it
    would arrive before all anchors' spikes meet; when that is has to fit the layers.
    """
    spikes, links, n_anchors = group.spikes, group.links, len(group.anchors)
    # The original program goes back in time.
    order = -1 if group.layers_of == ORIGINAL else 1
    synapses = Counter(link[:3] for link in links)
    places = defaultdict(list)
    for k, (neuron, _) in enumerate(spikes):
        places[neuron].append(k)

    def pairs(pre, post, delay, meeting):
        found = []
        for k in places[post]:
            time = spikes[k][1]
            for s in places[pre] if k >= n_anchors else ():
                arrival = spikes[s][1] + delay
                if time - WINDOW < arrival <= time and (s >= n_anchors or arrival >= meeting):
                    found.append((k, order * arrival, s))
        return [(s, k) for k, _, s in sorted(found)]

    def joined(meeting):
        following = {}
        for synapse, n in synapses.items():
            found = pairs(*synapse, meeting)
            n_alike, rest = divmod(n, len(found)) if found else (0, n)
            alike = [None] * n if rest else [pair for pair in found for _ in range(n_alike)]
            following[synapse] = iter(alike)
        return [next(following[link[:3]]) for link in links]

    def fits(found):
        if None in found:
            return False
        layers = _layers(group, found)
        return all(link[3] == layer for link, layer in zip(links, layers))

    arrivals = [
        (spikes[k][1] + delay, post == group.mother)
        for pre, post, delay in synapses
        for k in places[pre]
        if k < n_anchors
    ]
    # At the mother the anchors' spikes meet; she may have other synapses from them, or not fire.
    at_mother = Counter(time for time, at in arrivals if at)
    meetings = sorted({time for time, _ in arrivals}, key=lambda time: (-at_mother[time], time))
    found = map(joined, meetings or [0])
    first = next(found)
    return first if fits(first) else next(filter(fits, found), first)


def _layers(group, joined):
    """The layers that a group's links have if they join these spikes, one after another."""
    n_anchors, found, by_spike = len(group.anchors), [0] * len(joined), defaultdict(list)
    for place, (s, k) in enumerate(joined):
        by_spike[k].append((place, s))
    layers, highest = [], {}
    for k, (neuron, _) in enumerate(group.spikes):
        original = group.layers_of == ORIGINAL and k >= n_anchors
        layer = 0 if original else 1
        for place, s in by_spike[k]:
            # In files made by others a spike may lead to an earlier one; then nothing fits.
            before = (
                highest.get(group.spikes[s][0], 0) if original else max(layers[s:k][:1], default=0)
            )
            layer = found[place] = max(layer, before + 1)
        if not original:
            for place, _ in by_spike[k]:
                found[place] = layer
        layers.append(layer)
        highest[neuron] = max(layer, highest.get(neuron, 0))
    return found


def group_line(group, links=None):
    """A group as a line of JSON, with its end; its links may be given as lists."""
    return msgspec.json.encode(group.as_dict(links)).decode() + "\n"


def read_groups(path: str | Path) -> Iterator[Group]:
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
        with open(path, "rb") as file:
            for number in count(1):
                line = file.readline(_LONGEST_LINE)
                if not line:
                    return
                try:
                    if len(line) == _LONGEST_LINE:
                        raise InputError("does not end")
                    found = decoded(line, _Line)
                except InputError as error:
                    raise InputError(
                        f"{path}: line {number} is not a polychronous group: it {error}"
                    ) from None
                yield Group(**msgspec.structs.asdict(found))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None
