"""Recordings in HDF5 files as Spikes; see `wmdelays.files.recordings.hdf5_reading`."""

from __future__ import annotations

import warnings

import numpy as np

from wmdelays.binning import Clock
from wmdelays.errors import InputError, InputWarning, parameter
from wmdelays.files.hdf5_tree import read_recording
from wmdelays.files.recordings.by_neo import read_by_neo
from wmdelays.files.recordings.filters import chosen
from wmdelays.files.recordings.spikes import Spikes, natural, of_keys
from wmdelays.files.recordings.structures import from_structure
from wmdelays.words import counted, printable

_SHOWN = 5
_PLAIN = ".h5", ".hdf5", ".hdf"
_UNKNOWN = {
    "wmdelays": "is a memory, a network or a checkpoint of this software, not a recording; see"
    " wmdelays info",
    "nwb without units": "is an NWB file without a table of units: its spikes have to be sorted"
    " first, or stand in another file",
}


def read_hdf5(
    path, *, start=None, stop=None, where=(), name=None, time_unit=None, sampling_rate=None
):
    """The spikes of an NWB, MATLAB 7.3, SHD or SONATA file.

    Parameters
    ----------
    path : Path
    start, stop : float, optional
        A stretch in seconds, of which alone NWB and SHD files are read, with no promise that
        nothing of what is beside it comes too.
    where : sequence of str
        Which units of an NWB file, see `wmdelays.files.recordings.filters.chosen`.
    name : str, optional
        A variable of a MATLAB file, or a population of SONATA's.
    time_unit, sampling_rate : optional
        Of a MATLAB file, see `wmdelays.files.recordings.tables.read_table`.

    Returns
    -------
    Spikes
    """
    values, arrays = read_recording(path, start=start, stop=stop, name=name)
    kind = values["kind"]
    if where and kind != "nwb":
        raise InputError(f"has no columns of units that {parameter('where')} could choose by")
    if name is not None and kind in ("nwb", "shd"):
        raise InputError(f"has no variables that {parameter('variable')} could choose from")
    if kind == "nwb":
        return _nwb(values, arrays, where)
    if kind == "shd":
        return Spikes(
            tuple(map(str, range(values["n_neurons"]))),
            arrays["labels"],
            arrays["times"],
            values["length"],
            values["n_neurons"],
            clock=Clock(arrays["clock_times"], arrays["clock_units"]),
        )
    if kind == "sonata":
        populations = values["populations"]
        if name is not None and name not in populations:
            raise InputError(
                f"has no population {printable(name)}; it has {', '.join(map(printable, populations))}"
            )
        return of_keys(np.array(values["names"]), np.array(values["names"])[arrays["labels"]],
                       arrays["times"])  # fmt: skip
    if kind == "matlab":
        return from_structure(
            _with_arrays(values["variables"], arrays), name, time_unit, sampling_rate
        )
    if kind == "unknown" and path.suffix not in _PLAIN:
        # Neo's own format, and those of some machines, are HDF5 too.
        found = read_by_neo(path)
        if found is not None:
            return found
    members = ", ".join(map(printable, values.get("members", ())))
    raise InputError(
        _UNKNOWN.get(kind, f"is an HDF5 file of no kind that is known; it holds {members[:80]}")
    )


def unit_column(path, column):
    """A column of the table of units of an NWB file.

    Parameters
    ----------
    path : Path
    column : str

    Returns
    -------
    dict of str to str
        What stands there, by the names of the units.

    Raises
    ------
    InputError
        If it is no NWB file, or has no such column.
    """
    values, _ = read_recording(path, start=0.0, stop=0.0)
    if values["kind"] != "nwb":
        raise InputError(f"is no NWB file, so it has no column {printable(column)} of units")
    if column not in values["columns"]:
        there_are = ", ".join(map(printable, values["columns"])) or "none"
        raise InputError(
            f"has no column {printable(column)} of units; it has {there_are[:120]}, and there is no"
            " such file"
        )
    return dict(zip(_names(values), values["columns"][column]))


def _names(values):
    """What the units of an NWB file are called."""
    # This software writes names that are no numbers into a column of their own.
    return values["columns"].get("unit_name", values["names"])


def _with_arrays(tree, arrays):
    if isinstance(tree, list):
        return [_with_arrays(one, arrays) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"array"}:
        return arrays[tree["array"]]
    if tree.keys() == {"text"}:
        return tree["text"]
    # HDF5 keeps members by the alphabet.
    return {name: _with_arrays(tree[name], arrays) for name in sorted(tree, key=natural)}


def _nwb(values, arrays, where):
    names = _names(values)
    if not names:
        raise InputError("its table of units has no spike times")
    kept = np.flatnonzero(chosen(where, values["columns"], len(names)))
    counts, ends = arrays["counts"], np.cumsum(arrays["counts"])
    unsorted = [names[k] for k in values["unsorted"] if k in set(kept.tolist())]
    if unsorted:
        shown = ", ".join(map(printable, unsorted[:_SHOWN]))
        warnings.warn(
            f"the times of {counted(len(unsorted), 'unit')} do not increase ({shown}); they are"
            " sorted",
            InputWarning,
            stacklevel=2,
        )
    inside = np.concatenate([np.arange(ends[k] - counts[k], ends[k]) for k in kept])
    units = np.repeat(np.arange(len(kept)), counts[kept])
    times = arrays["times"][inside.astype(np.int64)]
    if len(set(names)) < len(names):
        raise InputError("two of its units have the same name")
    clock = None
    if "clock_times" in arrays:
        looked_at, of_units = arrays["clock_times"], arrays["clock_units"]
        some = np.flatnonzero(np.isin(of_units, kept) & (looked_at >= 0))
        some = some[np.argsort(looked_at[some], kind="stable")]
        if len(some):
            clock = Clock(looked_at[some], np.searchsorted(kept, of_units[some]))
    names = tuple(names[k] for k in kept)
    return Spikes(names, units, times, values["length"] or None, clock=clock)
