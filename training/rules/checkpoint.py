"""Checkpoints: the state of a long computation in a file, for going on after an interruption."""

import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import CHECKPOINT
from wmdelays.files.hdf5_tree import Group, read_tree
from wmdelays.files.json_text import decoded
from wmdelays.files.output import check_writable, hdf5_written, replacing
from wmdelays.training.rules.rule import Option
from wmdelays.words import printable

_FORMAT = "wmdelays checkpoint 1"
# Seconds from one checkpoint to the next. The first comes in half of that: most of what is learned is
# learned in a minute. Where writing takes long it takes no more than this part of the time.
EVERY = 10.0
_FIRST, _MOST = 0.5, 0.05


def checkpoint_options():
    """The options of a rule that keeps checkpoints.

    Returns
    -------
    tuple of Option
    """
    return (
        Option(
            "checkpoint",
            Path,
            "Keep the state here, and go on from it; by default beside the memory until that is"
            " written.",
            metavar="FILE",
            writes=CHECKPOINT,
            scanned=False,
        ),
        Option(
            "checkpoint_every",
            float,
            "Seconds from one checkpoint to the next.",
            EVERY,
            least=0,
            scanned=False,
        ),
    )


def advances(learner, owner, checkpoint, every):
    """Let a learner advance until it is done, from its checkpoint on if there is one.

    Parameters
    ----------
    learner : object
        It has `done`, `advance()`, `state()` (JSON values and arrays, as `write_checkpoint` takes
        them), `restore(state, arrays)` and `State`, the kind of its state; see `resume`.
    owner : str
        What the checkpoint belongs to, see `fingerprint`.
    checkpoint : str, Path or None
        Its file. A learner that is done leaves it.
    every : float
        Seconds from one checkpoint to the next; more where writing one takes a large part of that.

    Yields
    ------
    None
        After each advance, when its checkpoint is written if it was time for one.

    Raises
    ------
    InputError
        If the file cannot be written, is no checkpoint or belongs to something else.
    """
    if checkpoint is not None:
        check_writable(checkpoint, CHECKPOINT)
        if Path(checkpoint).exists():
            resume(checkpoint, owner, learner.State, learner.restore)
    due = time.monotonic() + _FIRST * every
    while not learner.done:
        learner.advance()
        if checkpoint is not None and (learner.done or time.monotonic() >= due):
            began = time.monotonic()
            write_checkpoint(checkpoint, owner, *learner.state())
            written = time.monotonic()
            due = written + (max(every, (written - began) / _MOST) if every else 0)
        yield


def numbered(checkpoint: str | Path, n: int) -> Path:
    """Where the n-th of several states is kept, beside the checkpoint that was asked for."""
    checkpoint = Path(checkpoint)
    return checkpoint.with_name(f"{checkpoint.name}.{n}")


def files_of(checkpoint: str | Path) -> list[Path]:
    """The files that there are of a checkpoint: itself, and those that `numbered` names."""
    checkpoint = Path(checkpoint)
    begin = f"{checkpoint.name}."
    found = [checkpoint] if checkpoint.exists() else []
    others = checkpoint.parent.iterdir() if checkpoint.parent.is_dir() else ()
    return found + sorted(
        one
        for one in others
        if one.name.startswith(begin) and one.name.removeprefix(begin).isdecimal()
    )


def write_checkpoint(path, owner, state, arrays):
    """Write a checkpoint; an interruption leaves the one before.

    Parameters
    ----------
    path : str or Path
        The HDF5 file.
    owner : str
        What the checkpoint belongs to, see `fingerprint`.
    state : dict
        JSON values.
    arrays : dict of array
        Named arrays.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path, CHECKPOINT) as temporary:
        with hdf5_written(temporary) as file:
            file.attrs["format"] = _FORMAT
            file.attrs["owner"] = owner
            file["state"] = json.dumps(state)
            file.attrs["digest"] = _digest(json.dumps(state), arrays)
            file.create_group("arrays")
            for name, array in arrays.items():
                file[f"arrays/{name}"] = array


def resume(path, owner, kind, restore):
    """Go on from a checkpoint.

    Parameters
    ----------
    path : str or Path
    owner : str
        What the checkpoint has to belong to.
    kind : type
        What the state has to be, a `msgspec.Struct`.
    restore : callable
        Takes the state, of this kind, and the arrays by their names. It raises an InputError if they
        do not fit, with a line that goes on from the checkpoint's name.

    Raises
    ------
    InputError
        If the file is no checkpoint, one that belongs to something else, or does not fit.
    """
    try:
        if not os.path.isfile(path):
            raise InputError("is no file")
        file = read_tree(path, ("state", "arrays/*"))
        if file.attributes.get("format") != _FORMAT:
            raise InputError("is none")
        if file.attributes.get("owner") != owner:
            raise InputError(
                "belongs to other settings or another memory; repeat those, or remove it to start"
                " afresh"
            )
        restore(*_content(file, kind))
    except InputError as error:
        reason = str(error)
        if not os.path.exists(path):
            reason = "is gone: another run may have taken it away; run the command again"
        raise InputError(f"the checkpoint {path} {reason}") from None


def _content(file, kind):
    state, arrays = file.members.get("state"), file.members.get("arrays")
    if not isinstance(state, str) or not isinstance(arrays, Group):
        raise InputError("has no state and no arrays")
    arrays = arrays.members
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"has {printable(name)} among its arrays, which is none")
    if file.attributes.get("digest") != _digest(state, arrays):
        raise InputError("is damaged; remove it to start afresh")
    return decoded(state, kind), arrays


def array_of(arrays, name, dtype, shape, finite=True):
    """An array of a checkpoint.

    Parameters
    ----------
    arrays : dict of array
    name : str
    dtype : dtype
    shape : tuple of int
        The shape that it has to have; None for any length of a dimension.
    finite : bool
        Whether all values have to be finite.

    Raises
    ------
    InputError
        If it is missing, of another type or shape, or has values that are not finite.
    """
    array = arrays.get(name)
    if array is None:
        raise InputError(f"has no array {name}")
    fits = len(shape) == array.ndim and all(n in (None, own) for n, own in zip(shape, array.shape))
    if array.dtype != dtype or not fits:
        wanted = " x ".join("n" if n is None else str(n) for n in shape) or "one"
        raise InputError(
            f"has {array.shape} values of {array.dtype} in {name}, not {wanted} of {np.dtype(dtype)}"
        )
    if finite and not np.isfinite(array).all():
        raise InputError(f"has values in {name} that are not finite")
    return array


def _digest(state, arrays):
    digest = hashlib.sha256(_bytes(state))
    for name, array in sorted(arrays.items()):
        digest.update(_bytes(f"{name} {array.dtype} {array.shape}"))
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _bytes(text):
    # A name that is no UTF-8 is read as half characters.
    return text.encode("utf-8", "surrogateescape")


def fingerprint(memory, settings):
    """A text that tells apart memories and settings.

    Parameters
    ----------
    memory : Memory
        Neuron parameters, synapses and patterns count; how it was made does not.
    settings : dict
        JSON values.

    Returns
    -------
    str
    """
    content = json.dumps([memory.fingerprint(), settings], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
