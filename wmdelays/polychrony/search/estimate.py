"""How much a search for polychronous groups will find, told from a sample of its sets."""

from dataclasses import dataclass

import numpy as np

from wmdelays.errors import parameter
from wmdelays.machine.free_memory import in_words

# So many pieces of so many sets of anchors, spread over all. Where everything is a group, a piece
# ends after a few.
_PIECES, _SETS = 16, 500
# From so many bytes on it is worth a warning.
_MUCH = 10**9


@dataclass(frozen=True)
class Estimate:
    """What a whole search will find, about.

    Attributes
    ----------
    n_groups : float
        Number of groups.
    n_spikes : float
        Spikes of all of them.
    n_bytes : float
        Size of their lines.
    """

    n_groups: float
    n_spikes: float
    n_bytes: float

    @property
    def warning(self):
        """A line for the user, or None if there is nothing to warn of."""
        if self.n_bytes < _MUCH:
            return None
        return (
            f"groups of {self.n_spikes / self.n_groups:.0f} spikes on average, about"
            f" {self.n_groups:,.0f} of them; {parameter('path', '--json')} would take about"
            f" {in_words(self.n_bytes)}: without it they are counted and drawn all the same"
            f"{parameter('', ', and --json - | gzip takes a part')}"
        )


def estimate(search):
    """What a search will find, from pieces spread over its sets of anchors.

    Parameters
    ----------
    search : wmdelays.polychrony.search.search.GroupSearch

    Returns
    -------
    Estimate
    """
    bounds = np.linspace(0, search.n_sets, _PIECES + 1).astype(int).tolist()
    totals = np.zeros(3)
    for begin, end in zip(bounds, bounds[1:]):
        if begin == end:
            continue
        groups, next_set = search.piece(begin, min(begin + _SETS, end))
        found = len(groups), groups.n_spikes, len(groups.lines())
        totals += np.array(found) * ((end - begin) / (next_set - begin))
    return Estimate(*totals.tolist())
