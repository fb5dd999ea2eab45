"""Checkpoints: the state of a long computation in a file, for going on after an interruption."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import h5py
import numpy as np

from wmdelays.errors import InputError

_FORMAT = "wmdelays checkpoint 1"


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
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(suffix=".tmp", prefix=path.name, dir=path.parent)
    os.close(handle)
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = _FORMAT
            file.attrs["owner"] = owner
            file.attrs["state"] = json.dumps(state)
            for name, array in arrays.items():
                file[name] = array
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_checkpoint(path, owner):
    """Read a checkpoint.

    Parameters
    ----------
    path : str or Path
    owner : str
        What the checkpoint has to belong to.

    Returns
    -------
    state : dict
    arrays : dict of array

    Raises
    ------
    InputError
        If the file is no checkpoint, or one that belongs to something else.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != _FORMAT:
                raise InputError(f"{path} is not a checkpoint")
            if file.attrs["owner"] != owner:
                raise InputError(
                    f"the checkpoint {path} belongs to other settings or another memory;"
                    " repeat those, or remove it to start afresh"
                )
            state = json.loads(file.attrs["state"])
            return state, {name: file[name][()] for name in file}
    except (OSError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a readable checkpoint") from error


def check_checkpoint_path(path):
    """Raise an InputError unless a checkpoint could be written there."""
    path = Path(path)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(f"a checkpoint cannot be written to {path}: it needs a file in an existing folder")


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
    digest = hashlib.sha256()
    parameters = [memory.n_neurons, memory.n_delays, memory.step, memory.beta, memory.theta]
    parameters += [memory.periodic, memory.n_steps, memory.n_patterns, memory.n_synapses]
    digest.update(json.dumps([parameters, settings], sort_keys=True).encode())
    for array in (memory.pre, memory.post, memory.delay, memory.weight):
        digest.update(np.ascontiguousarray(array))
    for pattern in memory.patterns:
        digest.update(json.dumps(len(pattern)).encode())
        digest.update(pattern.neurons)
        digest.update(pattern.times)
    return digest.hexdigest()
