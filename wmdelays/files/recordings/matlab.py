"""Recordings in MATLAB files up to version 7; those of 7.3 are HDF5."""

from __future__ import annotations

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.files.recordings.guarded import guarded
from wmdelays.files.recordings.structures import from_structure
from wmdelays.machine.free_memory import check_memory

# Packed numbers may take so many times the file's size.
_UNPACKED = 20


def read_matlab(path, *, variable=None, time_unit=None, sampling_rate=None):
    """The spikes of a MATLAB file, see `wmdelays.files.recordings.structures.from_structure`."""
    return guarded(
        f"{__name__}:read_here",
        path,
        "scipy.io",
        variable=variable,
        time_unit=time_unit,
        sampling_rate=sampling_rate,
    )


def read_here(path, *, variable=None, time_unit=None, sampling_rate=None):
    """See `read_matlab`; in this very process."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    check_memory(
        min(_UNPACKED * path.stat().st_size, 1 << 34),
        "what the file holds",
        "save the spikes alone in a file of their own",
    )
    try:
        names = None if variable is None else [variable]
        found = loadmat(path, simplify_cells=True, variable_names=names)
    except (MatReadError, ValueError, TypeError, KeyError, IndexError, EOFError) as error:
        raise InputError(f"is not a readable MATLAB file ({one_line(error)})") from None
    found = {one: value for one, value in found.items() if not one.startswith("__")}
    if variable is not None and not found:
        raise InputError(f"has no variable {variable!r}")
    # A cell array of equal lengths comes as a table, a row for each unit.
    found = {one: _as_lists(value) for one, value in found.items()}
    return from_structure(found, variable, time_unit, sampling_rate)


def _as_lists(value):
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [_as_lists(one) for one in value.reshape(-1)]
    if isinstance(value, dict):
        return {name: _as_lists(one) for name, one in value.items()}
    return value
