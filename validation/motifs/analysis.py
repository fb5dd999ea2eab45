"""Which spikes of a stored pattern make which, and by which synapses."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.motifs.motifs import find_motifs, looked_at, parts, shared, stored_spikes
from wmdelays.motifs.use import SynapseUse, synapse_use
from wmdelays.validation.motifs.cut import closest_call, emitted, recalls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class MotifAnalysis:
    """The motifs of stored patterns, and which synapses the recalls of the patterns use.

    Attributes
    ----------
    memory : Memory
    motifs : list of Motifs
        One for each pattern that was looked at.
    recalls : list of Recall
        Their undamaged recalls by the compiled loop; of a periodic pattern, over several cycles.
    exact : list of bool
        Whether each recall has the stored spikes and no others.
    use : SynapseUse
        Which synapses these recalls use.
    in_motif : bool array, shape (n_synapses,)
        The synapses of all links.
    settings : dict
    timing : dict
        Seconds spent in each part.
    """

    memory: Memory
    motifs: list
    recalls: list
    exact: list
    use: SynapseUse
    in_motif: np.ndarray
    settings: dict
    timing: dict

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds, membranes in units of theta."""
        memory = self.memory
        neurons, synapses = shared(self.motifs)
        return {
            "memory": sizes(memory),
            "patterns": [
                pattern_values(memory, [one]) | {"pattern": one.pattern, "exact_recall": exact}
                for one, exact in zip(self.motifs, self.exact)
            ],
            "total": pattern_values(memory, self.motifs),
            "shared_neurons": neurons.tolist(),
            "shared_synapses": synapses.tolist(),
            "synapses": self.synapse_counts(),
            "closest_call": self.closest_call,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(),
        }

    @property
    def closest_call(self):
        """The smallest abs(u - theta) of the recalls, or None."""
        return closest_call(self.recalls)

    def synapse_counts(self):
        """Number of synapses of each sign: all, those used, and those in a motif."""
        counts = self.use.counts()
        counts["excitatory"]["in_a_motif"] = int(self.in_motif.sum())
        for one in counts.values():
            one["unused"] = one["n_synapses"] - one["used"]
        return counts


def analyse_motifs(
    memory: Memory,
    patterns: Sequence[int] | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> MotifAnalysis:
    """Find the motifs of stored patterns and the synapses that their recalls use.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int, optional
        Which patterns; by default all.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    MotifAnalysis

    Raises
    ------
    InputError
        If the memory has no such pattern, or a pattern is named twice.

    Examples
    --------
    >>> import wmdelays
    >>> patterns = wmdelays.bernoulli(n_neurons=20, n_steps=60, n_patterns=1, rate=0.05)
    >>> analysis = wmdelays.analyse_motifs(wmdelays.store(patterns, n_delays=15))
    >>> analysis.exact
    [True]
    """
    say = progress or (lambda stage, part: None)
    chosen = looked_at(memory, patterns)
    start = time.perf_counter()
    say("recalling", None)
    recalls = recalls_of(memory, chosen)
    recalled = time.perf_counter()
    motifs = find_motifs(memory, chosen, say)
    found = time.perf_counter()
    use = synapse_use(memory, emitted(recalls), None, say)
    in_motif = np.zeros(memory.n_synapses, bool)
    in_motif[np.concatenate([one.synapse for one in motifs])] = True
    return MotifAnalysis(
        memory=memory,
        motifs=motifs,
        recalls=recalls,
        exact=[one.emitted == stored_spikes(memory, k) for one, k in zip(recalls, chosen)],
        use=use,
        in_motif=in_motif,
        settings={"patterns": chosen},
        timing={
            "recall": recalled - start,
            "motifs": found - recalled,
            "use": time.perf_counter() - found,
        },
    )


def pattern_values(memory, motifs):
    """What stands in the JSON of one pattern, or of several together; times are in seconds."""
    size = np.concatenate([one.size[one.held] for one in motifs])
    context = np.concatenate([one.context[one.held] for one in motifs]) * memory.step
    divided = [parts(one) for one in motifs]
    return {
        "n_spikes": sum(map(len, motifs)),
        "held": len(size),
        "n_links": int(size.sum()),
        "n_excitatory_contributions": int(sum(one.n_excitatory[one.held].sum() for one in motifs)),
        "motif_size": _spread(size, "most"),
        "context_s": _spread(context, "longest"),
        "hang_on_one_synapse": sum(len(np.unique(one.critical_spike)) for one in motifs),
        "critical_synapses": len(
            np.unique(np.concatenate([one.critical_synapse for one in motifs]))
        ),
        "n_parts": sum(map(len, divided)),
        "largest_part": int(max((one[0] for one in divided if len(one)), default=0)),
    }


def _spread(values, largest):
    """Mean, percentiles and, under the name `largest`, the largest of some values; None of none."""
    if not len(values):
        return None
    low, middle, high = np.percentile(values, [5, 50, 95])
    return {
        "mean": float(np.mean(values)),
        "median": float(middle),
        "p5": float(low),
        "p95": float(high),
        largest: float(np.max(values)),
    }
