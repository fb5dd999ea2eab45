"""How many polychronous groups there are, and how large: counted as they come."""

import hashlib
from collections import Counter

# A picture of a group with more spikes than this cannot be read.
MOST_DRAWN = 150
QUANTITIES = ("spikes", "layers", "span_ms")


class GroupStatistics:
    """Numbers, sizes, layers and spans of groups, which are added one by one.

    Of a group only a hash of its spikes is kept, to know it again when it is found from other
    anchors or another mother.

    Attributes
    ----------
    counted : dict of str to Counter
        For `spikes`, `layers` and `span_ms` how many groups have each value. A group counts
        each time it is found, as in the original program.
    distinct : dict of str to Counter
        The same for distinct groups: those with the same spikes at the same relative times count
        once, as they were found first.
    """

    def __init__(self, groups=()):
        self.counted = {name: Counter() for name in QUANTITIES}
        self.distinct = {name: Counter() for name in QUANTITIES}
        self._mothers, self._known = set(), set()
        # Numbers of the first drawable group of each size and of each layer count.
        self._of_size, self._of_layers = {}, {}
        for group in groups:
            self.add(group)

    def add(self, group):
        """Count a group.

        Parameters
        ----------
        group : Group
            Its links are not looked at.

        Returns
        -------
        bool
            Whether it may be one of those that `chosen` names.
        """
        values = dict(zip(QUANTITIES, (len(group.spikes), group.n_layers, group.span_ms)))
        spikes = repr(sorted(group.spike_set)).encode()
        digest = hashlib.blake2b(spikes, digest_size=16).digest()
        new = digest not in self._known
        self._known.add(digest)
        self._mothers.add(group.mother)
        for name, value in values.items():
            self.counted[name][value] += 1
            if new:
                self.distinct[name][value] += 1
        if values["spikes"] > MOST_DRAWN:
            return False
        number = self.n_groups - 1
        of_size = self._of_size.setdefault(values["spikes"], number)
        return number in (of_size, self._of_layers.setdefault(values["layers"], number))

    @property
    def n_groups(self):
        """Number of groups as the original program counts them."""
        return self.counted["spikes"].total()

    @property
    def n_distinct(self):
        """Number of groups that differ in their spikes."""
        return len(self._known)

    @property
    def n_mothers(self):
        """Number of mothers that have a group."""
        return len(self._mothers)

    def chosen(self):
        """Groups worth a picture, of those that can be drawn.

        Returns
        -------
        dict of int to str
            Number, from 0 on as they were added, of the first group with most layers, of the first with the median
            number of spikes, and of the first with most spikes; and what it is.
        """
        if not self._of_size:
            return {}
        middle = summary(self.counted["spikes"])[0]
        typical = min(self._of_size, key=lambda size: abs(size - middle))
        numbers = (
            (self._of_layers[max(self._of_layers)], "most layers"),
            (self._of_size[typical], "median number of spikes"),
            (self._of_size[max(self._of_size)], "most spikes"),
        )
        words = {}
        for number, word in numbers:
            words[number] = f"{words[number]}, {word}" if number in words else word
        return words


def summary(counts):
    """Median, smallest and largest of values.

    Parameters
    ----------
    counts : Counter
        How often each value is there; at least one is.

    Returns
    -------
    tuple
        Of an even number of values the lower median: one that is there.
    """
    half, below = (counts.total() + 1) // 2, 0
    for value in sorted(counts):
        below += counts[value]
        if below >= half:
            return value, min(counts), max(counts)
    raise ValueError("there are no values")
