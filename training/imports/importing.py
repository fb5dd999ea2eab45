"""Weights that were trained elsewhere, as a memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError, InputWarning, parameter
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory
from wmdelays.neurons.resets import BY_EMITTED
from wmdelays.quantities import whole
from wmdelays.synapses import LARGEST
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.imports.folders import is_folder, read_folder, step_of_folder
from wmdelays.training.imports.found import checked_axes
from wmdelays.training.imports.sources import check_source
from wmdelays.training.imports.tables import ARRAYS, TABLES, of_array, read_array, read_table
from wmdelays.training.storing import scores_of
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wmdelays.raster import Raster

__all__ = ["import_weights", "stated_step"]

_AXES = "post,pre,delay"
# Floats that a neuron takes while a memory is made.
_OF_A_NEURON = 64


def import_weights(
    source: str | Path | Mapping | ArrayLike,
    *,
    beta: float | ArrayLike | None = None,
    theta: float | ArrayLike | None = None,
    reset: str | None = None,
    reset_by: float | ArrayLike | None = None,
    strict: bool | None = None,
    axes: str = _AXES,
    layer: str | None = None,
    window: int | None = None,
    n_neurons: int | None = None,
    n_delays: int | None = None,
    step: float | None = None,
    patterns: Sequence[Raster] = (),
    cues: Sequence[Raster] = (),
    n_steps: int | None = None,
) -> Memory:
    """A memory of weights that were trained elsewhere, if its neurons can be mapped exactly.

    Parameters
    ----------
    source : str, Path, mapping or array_like
        A csv or tsv file with the columns pre, post, delay and weight; an npy or npz file; a state
        dict that ``torch.save`` wrote (.pt, .pth, .ckpt), which is read as weights alone; the state dict
        itself; an array, a tensor of weights or rows of pre, post, delay and weight; a SONATA circuit
        (its folder, or a JSON file of its configuration); or a folder of csv files that
        `export_memory` wrote.
    beta, theta : float or array_like of float, shape (n_neurons,), optional
        What is left of a membrane after a step, and threshold, where the source does not say them; if it
        does, these count, and ``made["settings"]["instead"]`` names them.
    reset : {"zero", "subtract", "zero-own", "zero-late"}, optional
        What a spike does to its membrane, see `wmdelays.neurons.resets`. By default what the source
        says, else "zero".
    reset_by : float or array_like of float, shape (n_neurons,), optional
        What "subtract" takes off the membrane of the next step, by default theta. A network that
        subtracts theta at once, before the leak, has beta times theta.
    strict : bool, optional
        Whether a neuron fires above theta alone, and not at it. By default as the source has it, else
        not.
    axes : str
        What the axes of a tensor are, in which order.
    layer : str, optional
        Which module of a state dict.
    window : int, optional
        Length of the kernel of a DCLS layer in steps.
    n_neurons, n_delays : int, optional
        Numbers of neurons and delays, where there are more than have synapses.
    step : float, optional
        Length of a step in seconds; by default what the source says, else 1 ms.
    patterns : sequence of Raster
        What the network is meant to recall, at whole steps; by default what the source holds, which
        exports of `export_memory` do.
    cues : sequence of Raster
        Instead of patterns: what the network makes of the first `n_delays` steps of each of these is a
        pattern.
    n_steps : int, optional
        How long these patterns are, in steps; by default as long as their cues.

    Returns
    -------
    Memory

    Raises
    ------
    InputError
        If the source cannot be read, does not say what is needed, or is of neurons that cannot be mapped
        exactly; it says which.

    Warns
    -----
    InputWarning
        Of what the source has besides, and is left out; and if it is an export that is no longer what
        was exported.

    Examples
    --------
    A tensor from any tool, and what it recalls of a cue:

    >>> import numpy as np
    >>> from wmdelays import Raster, import_weights
    >>> chain = np.zeros((3, 3, 4))
    >>> chain[1, 0, 3] = chain[2, 1, 1] = 1.0  # 0 -> 1 in 4 steps, 1 -> 2 in 2 steps
    >>> cue = Raster([0], [0.0], n_neurons=3, duration=0.01)
    >>> memory = import_weights(chain, beta=0.9, theta=1.0, reset="subtract", cues=[cue])
    >>> memory.patterns[0].neurons, memory.patterns[0].steps(1e-3)
    (array([0, 1, 2]), array([0, 4, 6]))
    """
    named, axes = isinstance(source, str | Path), checked_axes(axes)
    try:
        found = _found(source, axes, layer, window, step)
        mine = found.said_otherwise(
            beta=beta, theta=theta, reset=reset, reset_by=reset_by, strict=strict
        )
        step = _step(found.step, step)
        given = len(patterns) or len(cues)
        memory = _memory(mine, n_neurons, n_delays, step, patterns if given else found.patterns)
        exported = found.made is not None
        as_it_is = exported and not given and not mine.instead
        if as_it_is and memory.fingerprint() == found.fingerprint:
            # It is what was exported, with all that it knew of itself.
            return replace(memory, made=found.made)
        if not memory.n_synapses:
            raise InputError("has no synapses")
        changed = exported and _is_changed(found, step)
    except InputError as error:
        if not named:
            raise
        raise InputError(f"{printable(str(source))}: {error}") from None
    settings = memory.made["settings"]
    if mine.instead:
        settings["instead"] = list(mine.instead)
    notes = found.notes
    if changed:
        settings["changed"] = True
        notes = (*notes, "was changed or cut since it was exported, and is another memory now")
    for note in notes:
        warnings.warn(f"{printable(str(source))}: {note}", InputWarning, stacklevel=2)
    memory.made["source"] = {"file": str(source)} if named else {}
    if cues:
        memory = _with_recalls(memory, cues, n_steps, patterns)
    if memory.n_patterns:
        memory.made["scores"] = scores_of(memory)
    return memory


def stated_step(source: str | Path) -> float | None:
    """The length of a step in seconds that a source says; None where it says nothing of time."""
    path = Path(source)
    try:
        return step_of_folder(path) if is_folder(path) else None
    except InputError as error:
        raise InputError(f"{printable(str(source))}: {error}") from None


def _step(said, given):
    """The length of a step: what the source says, or the user, else 1 ms."""
    if said is None:
        return 1e-3 if given is None else given
    if given is not None and abs(given - said) > 1e-9 * said:
        raise InputError(
            f"{parameter('step')} is {given * 1e3:.6g} ms, but its steps are {said * 1e3:.6g} ms long"
        )
    return said


def _found(source, axes, layer, window, step):
    """What a source says."""
    if isinstance(source, Mapping):
        # torch is a second to import, which tables need not.
        from wmdelays.training.imports.layers import found_in
        from wmdelays.training.imports.state_dicts import arrays_of

        return found_in(arrays_of(source), layer, window)
    if not isinstance(source, str | Path):
        return of_array(np.asarray(source), axes)
    path = Path(source)
    check_source(path)
    ending = path.suffix.lower()
    if is_folder(path):
        return read_folder(path, step)
    try:
        if ending in TABLES:
            return read_table(path)
        if ending in ARRAYS:
            return read_array(path, axes)
        # Torch takes seconds to import: not for a file that cannot be read.
        with open(path, "rb"):
            from wmdelays.training.imports.layers import found_in
            from wmdelays.training.imports.state_dicts import read_state_dict
        return found_in(read_state_dict(path), layer, window)
    except OSError as error:
        raise InputError(error.strerror or str(error)) from None


def _is_changed(found, step):
    """Whether the files of an export no longer hold the memory that was exported."""
    try:
        held = _memory(found, None, None, step, found.patterns)
    except InputError:
        return True
    return held.fingerprint() != found.fingerprint


def _memory(found, n_neurons, n_delays, step, patterns):
    n_neurons = _largest(found.n_neurons, n_neurons, "n_neurons", (found.pre, found.post), 1)
    n_delays = _largest(found.n_delays, n_delays, "n_delays", (found.delay,), 0)
    check_memory(
        _OF_A_NEURON * n_neurons, f"{n_neurons:,} neurons", "number the neurons from 0 without gaps"
    )
    parameters = found.parameters()
    reset = parameters.get("reset", BY_EMITTED)
    settings = {"kind": found.kind, "reset": reset, "strict": bool(found.strict)}
    return Memory(
        n_neurons=n_neurons,
        n_delays=n_delays,
        step=step,
        pre=found.pre,
        post=found.post,
        delay=found.delay,
        weight=found.weight,
        patterns=patterns,
        periodic=found.periodic,
        made={"rule": "imported", "settings": settings, "versions": versions()},
        **parameters,
    )


def _largest(said, given, name, columns, more):
    """A size: what the source says, or the user, or the largest number and `more`."""
    used = max((int(one.max()) + more for one in columns if one.size), default=1)
    if not 0 < used <= LARGEST:
        raise InputError(f"has synapses of neurons or delays up to {used}, which cannot be")
    size = used if said is None else said
    if given is None:
        return size
    given = whole(name, given, 1)
    if given < used or said is not None and name == "n_neurons" and given != said:
        raise InputError(f"{parameter(name)} is {given}, but the weights need {size}")
    return given


def _with_recalls(memory, cues, n_steps, patterns):
    """The memory whose patterns are its own recalls of the beginnings of some rasters."""
    if len(patterns):
        raise InputError("give patterns, or cues whose recalls become patterns, not both")
    made = [
        Cue.from_pattern(
            raster,
            memory.n_delays,
            memory.step,
            None if n_steps is None else whole("n_steps", n_steps, 1),
        )
        for raster in cues
    ]
    memory.made["settings"]["patterns"] = "its own recalls of the cues"
    recalled = [one.emitted for one in recall(memory, made)]
    return replace(memory, patterns=recalled)
