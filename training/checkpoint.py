"""Checkpoints: the state of a long computation in a file, for going on after an interruption."""

import hashlib
import json

import h5py
import numpy as np

from wmdelays.errors import InputError
from wmdelays.file_kinds import CHECKPOINT
from wmdelays.output import hdf5_image, hdf5_in_memory, replacing

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

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path, CHECKPOINT) as temporary:
        with hdf5_in_memory() as file:
            file.attrs["format"] = _FORMAT
            file.attrs["owner"] = owner
            file["state"] = json.dumps(state)
            file.attrs["digest"] = _digest(json.dumps(state), arrays)
            file.create_group("arrays")
            for name, array in arrays.items():
                file[f"arrays/{name}"] = array
            image = hdf5_image(file)
        temporary.write_bytes(image)


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
            state = file["state"].asstr()[()]
            arrays = {name: array[()] for name, array in file["arrays"].items()}
            if file.attrs["digest"] != _digest(state, arrays):
                raise InputError(f"the checkpoint {path} is damaged; remove it to start afresh")
            return json.loads(state), arrays
    except InputError:
        raise
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError):
        raise InputError(f"{path} is not a readable checkpoint") from None


def _digest(state, arrays):
    digest = hashlib.sha256(state.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


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
