"""A memory for other programs, and whether it recalls there as it does here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.files.exports.formats import format_named
from wmdelays.files.exports.stimulus import steps_of_decay, stimulus
from wmdelays.raster import Raster
from wmdelays.rounding import rounding_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.files.exports.formats import Format
    from wmdelays.files.exports.stimulus import Stimulus
    from wmdelays.memory import Memory


@dataclass(frozen=True)
class Differs:
    """How the recall of a pattern as it was exported differs from that of the memory.

    Attributes
    ----------
    pattern : int
    n_spikes : int
        Emitted by the memory.
    n_missing, n_too_many : int
        Spikes that the memory alone emits, and the export alone.
    first : int or None
        The first step of the pattern in which they differ; None where they do not.
    """

    pattern: int
    n_spikes: int
    n_missing: int = 0
    n_too_many: int = 0
    first: int | None = None


@dataclass(frozen=True)
class Exported:
    """What was exported, and what the other program recalls with it.

    Attributes
    ----------
    form : Format
        Its `lacks` says what it cannot hold.
    path : Path
    cued : Stimulus or None
        The inputs that cue the network, where the format has any.
    differences : tuple of Differs
        For each pattern that is cued.
    closest_call : float or None
        The smallest abs(u - theta) of the exported network's recall.
    bound : float or None
        Up to which another order of sums can change a spike.
    """

    form: Format
    path: Path
    cued: Stimulus | None = None
    differences: tuple[Differs, ...] = ()
    closest_call: float | None = None
    bound: float | None = None

    @property
    def same(self) -> bool:
        """Whether all recalls are those of the memory."""
        return all(one.first is None for one in self.differences)

    @property
    def exact(self) -> bool:
        """Whether they are, and no rounding can change a spike."""
        return self.same and (self.bound is None or self.closest_call > self.bound)


def export_memory(
    memory: Memory, path: str | Path, form: str, patterns: Sequence[int] | None = None
) -> Exported:
    """Write a memory in a format of other programs.

    Parameters
    ----------
    memory : Memory
    path : str or Path
        A folder that is not there yet, or is empty; of nir a file.
    form : {"sonata", "pynn", "nir", "csv"}
        See the page on exports.
    patterns : sequence of int, optional
        Which patterns are cued, where the format has a simulation; by default the first. They are
        cued one after another.

    Returns
    -------
    Exported
        Among others whether the network recalls with the inputs that stand for cue and clamp what the
        memory recalls: both were computed.

    Raises
    ------
    InputError
        If the format cannot hold the memory, there is no such pattern, or the place is taken.

    Examples
    --------
    >>> from wmdelays import bernoulli, export_memory, store
    >>> memory = store(bernoulli(40, 60, 2, rate=0.02), n_delays=15)
    >>> exported = export_memory(memory, "circuit", "sonata")
    >>> exported.exact, exported.form.name
    (True, 'sonata')
    """
    form, path = format_named(form), Path(path)
    if patterns is not None and not form.cued:
        raise InputError(f"{form.shown} cues no patterns; {parameter('patterns')} chooses none")
    form.check_place(path)
    form.check(memory)
    if not form.cued:
        form.write(path, memory)
        return Exported(form, path)
    shown = stimulus(memory, (0,) if patterns is None else patterns)
    recalls = _recalls(shown)
    shown = _held(shown, recalls)
    exported = Exported(form, path, shown, *_compared(shown, recalls))
    form.write(path, shown, [one.emitted for one in recalls])
    return exported


def _recalls(shown):
    from wmdelays.training.discrete.compiled import recall

    return recall(shown.memory, shown.cues)


def _held(shown, recalls):
    """The same with what keeps the network from firing on its own where it is clamped.

    It is clamped while it is cued, and before the next cue to silence, until nothing is on its way.
    """
    memory, held = shown.memory, []
    for k, one in enumerate(recalls):
        when, which = _fires(memory, one.emitted, 0, one.cue.clamp)
        free = ~np.isin(_numbered(when, which, one.cue), _entries(one.cue.spikes, one.cue))
        when, which = when[free], which[free]
        parts, end = [(when, which)], shown.n_steps
        # Behind the last arrival membranes only decay: who does not fire then never will.
        while k < len(shown.cues) - 1 and (end == shown.n_steps or end - 1 in parts[-1][0]):
            parts.append(_fires(memory, one.emitted, end, memory.n_delays))
            end += memory.n_delays
        held.append(tuple(map(np.concatenate, zip(*parts))))
    return replace(shown, held=tuple(held))


def _fires(memory, emitted, first, n):
    """At which of `n` steps from `first` on neurons would fire that emitted just what is given before."""
    from wmdelays.training.discrete.compiled import recall

    # What was emitted and forgotten long ago need not be simulated again.
    begin = max(0, first - 2 * memory.n_delays - steps_of_decay(memory))
    steps, neurons = emitted.steps(memory.step), emitted.neurons
    kept = (steps >= begin) & (steps < first + n)
    steps, neurons = steps[kept] - begin, neurons[kept]
    clamped = []
    for t in range(first - begin, first - begin + n):
        before = steps < t
        spikes = Raster.from_steps(
            neurons[before], steps[before], memory.n_neurons, t + 1, memory.step
        )
        clamped.append(Cue(spikes, memory.step, clamp=t))
    own = [one.own for one in recall(memory, clamped)]
    when = np.repeat(np.arange(first, first + n), [len(one) for one in own])
    return when, np.concatenate([one.neurons for one in own])


def _compared(shown, recalls):
    """How recalls of the exported network differ, its closest call, and what rounding can move."""
    from wmdelays.training.discrete.compiled import recall

    memory = shown.memory
    network, cue = shown.as_network()
    exported = recall(network, cue)
    # An input acts a step later.
    steps, neurons = exported.emitted.steps(memory.step) - 1, exported.emitted.neurons
    found = []
    for k, onset, one in zip(shown.patterns, shown.onsets, recalls):
        inside = (steps >= onset) & (steps < onset + shown.n_steps) & (neurons < memory.n_neurons)
        got = _numbered(steps[inside] - onset, neurons[inside], one.cue)
        wanted = _entries(one.emitted, one.cue)
        differ = np.setxor1d(got, wanted, assume_unique=True)
        n_too_many = int(np.isin(differ, got).sum())
        first = int(differ.min()) // memory.n_neurons if differ.size else None
        n_missing = int(differ.size) - n_too_many
        found.append(Differs(k, len(wanted), n_missing, n_too_many, first))
    return tuple(found), exported.closest_call, rounding_bound(network, [exported])


def _entries(raster, cue):
    return _numbered(raster.steps(cue.step), raster.neurons, cue)


def _numbered(steps, neurons, cue):
    return steps * cue.n_neurons + neurons
