"""A memory without the synapses that its recalls do not need, and its recalls beside the whole one's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory
from wmdelays.motifs.motifs import n_cycles
from wmdelays.motifs.use import synapse_use, without_unused

if TYPE_CHECKING:
    from collections.abc import Callable

    from wmdelays.validation.motifs.analysis import MotifAnalysis


KEPT = ("used", "motifs")


def recalls_of(memory, patterns):
    """The undamaged recalls of stored patterns; of a periodic one over several cycles."""
    from wmdelays.training.discrete.compiled import recall

    n_steps = n_cycles(memory) * memory.n_steps
    return recall(
        memory,
        [
            Cue.from_pattern(memory.patterns[k], memory.n_delays, memory.step, n_steps)
            for k in patterns
        ],
    )


def emitted(recalls):
    """The recalls as `wmdelays.motifs.use.synapse_use` takes them."""
    return [(one.emitted, one.cue.clamp) for one in recalls]


@dataclass(frozen=True)
class Cut:
    """A memory without the synapses that its recalls do not need, and its own recalls.

    Attributes
    ----------
    memory : Memory
    keep : {"used", "motifs"}
        Which excitatory synapses were kept.
    different : list of int
        The patterns whose recalls differ from those of the whole memory in any spike.
    closest_call : float or None
        The smallest abs(u - theta) of the recalls.
    """

    memory: Memory
    keep: str
    different: list
    closest_call: float | None

    def as_dict(self):
        """What was cut, as plain JSON values."""
        return {
            "keep": self.keep,
            "n_synapses": self.memory.n_synapses,
            "excitatory": int((self.memory.weight > 0).sum()),
            "inhibitory": int((self.memory.weight < 0).sum()),
            "different_patterns": self.different,
            "closest_call": self.closest_call,
        }


def cut(
    analysis: MotifAnalysis,
    keep: str = "used",
    progress: Callable[[str, float | None], None] | None = None,
) -> Cut:
    """Leave out the synapses that are not needed, and recall all patterns without them.

    Parameters
    ----------
    analysis : MotifAnalysis
        Of all patterns.
    keep : {"used", "motifs"}
        "used" keeps every excitatory synapse that contributes to a membrane which makes a spike,
        "motifs" those alone that stand in a motif. Of the inhibitory ones those are kept that hold
        back what these would make.
    progress : callable, optional
        As for `analyse_motifs`.

    Returns
    -------
    Cut

    Raises
    ------
    InputError
        If not all patterns were looked at, or `keep` is neither.
    """
    say = progress or (lambda stage, part: None)
    memory = analysis.memory
    check_keep(keep)
    chosen = analysis.settings["patterns"]
    if len(chosen) < memory.n_patterns:
        raise InputError("a memory is cut for all its patterns; leave out {parameter('patterns')}")
    use = analysis.use
    if keep == "motifs":
        use = synapse_use(
            memory,
            emitted(analysis.recalls),
            analysis.in_motif,
            lambda stage, part: say("inhibition still needed", part),
        )
    smaller = without_unused(memory, use, {"keep": keep, "versions": versions()})
    say("recalling without the unused synapses", None)
    recalls = recalls_of(smaller, chosen)
    different = [
        k
        for k, before, after in zip(chosen, analysis.recalls, recalls)
        if before.emitted != after.emitted
    ]
    return Cut(smaller, keep, different, closest_call(recalls))


def check_keep(keep):
    if keep not in KEPT:
        raise InputError(f"{parameter('keep')} is {' or '.join(KEPT)}, not {keep!r}")


def closest_call(recalls):
    """The smallest abs(u - theta) of recalls, or None."""
    return min((one.closest_call for one in recalls if one.closest_call is not None), default=None)
