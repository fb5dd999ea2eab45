"""The stages in which the rule `margin` learns."""

from dataclasses import dataclass, replace

# Epochs that are learned between two looks at the whole network.
ROUND = 5
# What pruning leaves of the synapses in each cut.
KEPT = 0.8
# One in so many synapses is left by each cut, where cuts are small.
GENTLY = 1.25
# On the way to fewer synapses: the part of the damaged epochs before each cut, and how many times as many
# synapses as there are to be it leaves. Cut early, they are not missed: the others learn on.
PART, LEFT = 3, (4, 2, 1)
# So few that not all bounds are met after these epochs are too few.
_TRIED = 20


@dataclass(frozen=True)
class Stage:
    """A stretch of learning.

    Attributes
    ----------
    name : str
    epochs : int
        Number of epochs at most.
    damaged : bool
        Whether contexts are damaged.
    cut : tuple, optional
        Limits of a cut before it, see `SynapseLimits.cuts`.
    early : bool
        Whether there is another cut to come: blocks that are within this one may still gain synapses.
    optional : bool
        Whether it is left out where its cut leaves all.
    leaves : int, optional
        How many times as many synapses as are enough a cut before it leaves.
    prunes, judges : bool
        Whether each neuron's weakest synapses are cut before it, and whether they are given back
        after it to the neurons that need them.
    """

    name: str
    epochs: int
    damaged: bool = False
    cut: tuple | None = None
    early: bool = False
    optional: bool = False
    leaves: int | None = None
    prunes: bool = False
    judges: bool = False

    @property
    def is_pruning(self):
        """Whether it is a part of pruning."""
        return self.prunes or self.judges


class Plan:
    """Which stages there are: learning, relearning after each cut of synapses, pruning.

    Parameters
    ----------
    limits : SynapseLimits
    n_neurons, n_delays : int
    settings : dict
        Of `margin`: `epochs` and `damaged_epochs` count.
    damages : bool
        Whether the contexts of `damaged_epochs` are damaged at all.
    gently : bool
        Whether cuts are small, and many.
    fewer : bool
        Whether, while contexts are damaged, synapses are cut to as many as are enough.
    """

    def __init__(self, limits, n_neurons, n_delays, settings, damages, gently=False, fewer=False):
        self.epochs, self.damaged_epochs = settings["epochs"], settings["damaged_epochs"]
        self.damages = damages and self.damaged_epochs > 0
        self.prunes = limits.prune == "recall"
        self.fewer = fewer
        early = bool(limits) and self.damages and self.damaged_epochs >= PART and not gently
        self.early_cuts = limits.early_cuts(LEFT) if early else []
        factor = GENTLY if gently else 2
        self.cuts = [None, *limits.cuts(n_neurons, n_delays, factor)]
        self.most_synapses = n_neurons * n_delays

    def stages(self):
        """The stages from the start on, a list of Stage."""
        if self.fewer:
            return self._to_fewer()
        last_ones = self.pruning() if self.prunes else []
        if self.early_cuts:
            return self._cut_early() + last_ones
        stages = []
        for k, cut in enumerate(self.cuts):
            name = "relearning" if k else "learning"
            last = k == len(self.cuts) - 1
            if self.damages:
                # After all but the first and the last cut a few epochs are enough.
                n = self.damaged_epochs if k == 0 or last else min(ROUND, self.damaged_epochs)
                stages.append(Stage(name, n, True, cut, optional=True))
                cut = None
            if last or not self.damages:
                stages.append(Stage(name, self.epochs, cut=cut, optional=True))
        return stages + last_ones

    def _cut_early(self):
        """The stages with cuts to the limits while contexts are damaged."""
        n = self.damaged_epochs // PART
        cuts = [
            Stage("relearning", n, damaged=True, cut=cut, early=True) for cut in self.early_cuts
        ]
        cuts[-1] = replace(cuts[-1], epochs=self.damaged_epochs, early=False)
        return [Stage("learning", n, damaged=True), *cuts, Stage("relearning", self.epochs)]

    def _to_fewer(self):
        """The stages that lead to as few synapses as are enough."""
        n = self.damaged_epochs // PART
        damaged = [Stage("learning", n, damaged=True, leaves=leaves) for leaves in (None, *LEFT)]
        # After the last cut what is left has to learn it all.
        damaged[-1] = replace(damaged[-1], epochs=self.damaged_epochs - n)
        return [*damaged, Stage("learning", min(self.epochs, _TRIED))]

    def n_before_pruning(self):
        """How many of the stages come before the first one that prunes."""
        return sum(not stage.is_pruning for stage in self.stages())

    def pruning(self):
        """The stages of one more cut of the weakest synapses."""
        if self.damages:
            n = min(ROUND, self.damaged_epochs)
            damaged = Stage("pruning", n, damaged=True, prunes=True)
            return [damaged, Stage("pruning", self.epochs, judges=True)]
        return [Stage("pruning", self.epochs, prunes=True, judges=True)]

    def most_stages(self):
        """How many stages there are at most, with as many cuts as pruning can need."""
        most = len(self.stages())
        if self.prunes:
            # Each time the neurons that may keep less, and in the end nothing.
            n_times, left = 1, self.most_synapses
            while left:
                n_times, left = n_times + 1, int(KEPT * left)
            most += n_times * len(self.pruning())
        return most
