"""Which format a recording has, and who reads it."""

from __future__ import annotations

import os

from wmdelays.errors import InputError, parameter
from wmdelays.files.file_kinds import HDF5
from wmdelays.files.recordings.arrays import is_sorting, read_arrays, read_sorting
from wmdelays.files.recordings.by_neo import read_by_neo
from wmdelays.files.recordings.hdf5 import read_hdf5
from wmdelays.files.recordings.matlab import read_matlab
from wmdelays.files.recordings.phy import is_phy, read_phy
from wmdelays.files.recordings.tables import SUFFIXES, read_table
from wmdelays.words import printable

# Readers, and what can be said to each of how to read.
_READERS = {
    "a table": (read_table, ("columns", "time_unit", "sampling_rate", "decimal_comma")),
    "an npz or npy file": (read_arrays, ("time_unit", "sampling_rate")),
    "a folder of Phy": (read_phy, ("where", "sampling_rate")),
    "a folder of SpikeInterface": (read_sorting, ()),
    "an HDF5 file": (read_hdf5, ("where", "variable", "time_unit", "sampling_rate")),
    "a MATLAB file": (read_matlab, ("variable", "time_unit", "sampling_rate")),
    "a file of neo's": (read_by_neo, ()),
}
CONVERT = """\
import numpy as np
trains = {"unit": times_in_seconds}  # for each unit the times of its spikes
units = np.repeat(list(trains), [len(times) for times in trains.values()])
times = np.concatenate(list(trains.values()))
np.savez("cells.npz", unit=units, time_s=times)"""


def read_spikes(path, *, start=None, stop=None, **options):
    """The spikes of a recording in any of the formats that are read.

    Parameters
    ----------
    path : Path
        What the file is counts, and for tables its name.
    start, stop : float, optional
        A stretch in seconds: of long HDF5 files alone it is read.
    **options
        How to read it: `columns`, `where`, `variable`, `time_unit`, `sampling_rate`,
        `decimal_comma`, see the readers; those that are None or empty are not said.

    Returns
    -------
    Spikes

    Raises
    ------
    InputError
        If the format is not known, or what is said does not belong to it.
    """
    if (is_phy(path.parent) or is_sorting(path.parent)) and path.is_file():
        if path.suffix in (".npy", ".py", ".json") or path.name.startswith("cluster_"):
            raise InputError(
                f"is a part of a recording that is a folder: name the folder, {printable(path.parent)}"
            )
    kind = _kind(path)
    if kind is None:
        raise _unknown(path)
    reader, known = _READERS[kind]
    said = {name: value for name, value in options.items() if value}
    for name in said:
        if name not in known:
            raise InputError(f"is {kind}, to which {parameter(name)} does not apply")
    if reader is read_hdf5:
        said |= {"start": start, "stop": stop, "name": said.pop("variable", None)}
    found = reader(path, **said)
    if found is None:
        raise _unknown(path)
    return found


def _kind(path):
    if os.path.isdir(path):
        if is_phy(path):
            return "a folder of Phy"
        return "a folder of SpikeInterface" if is_sorting(path) else None
    if path.name.lower().endswith(SUFFIXES):
        return "a table"
    if path.suffix in (".npz", ".npy"):
        return "an npz or npy file"
    with open(path, "rb") as file:
        beginning = file.read(1024)
    # MATLAB leaves room for its own header before that of HDF5.
    if beginning.startswith(HDF5) or beginning[512:].startswith(HDF5):
        return "an HDF5 file"
    if path.suffix == ".mat":
        return "a MATLAB file"
    return "a file of neo's"


def _unknown(path):
    what = (
        "a folder that is none of Phy's or SpikeInterface's"
        if os.path.isdir(path)
        else "of no format that is read"
    )
    return InputError(
        f"is {what} (csv, tsv, npz, npy, NWB, MATLAB, SONATA, SHD, folders of Phy and of SpikeInterface, and what neo"
        " reads); five lines of Python make a file that is",
        CONVERT,
    )
