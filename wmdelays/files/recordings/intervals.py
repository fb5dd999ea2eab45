"""The trials of a recording: from a file of their own, or from a table that the recording brings."""

from __future__ import annotations

import os
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import is_hdf5
from wmdelays.files.hdf5_tree import read_recording
from wmdelays.files.trials import Trials, read_trials
from wmdelays.words import printable


def trials_of(named: str | Path, recording: str | Path) -> Trials:
    """The trials that a name stands for.

    Parameters
    ----------
    named : str or Path
        A csv file, see `read_trials`; or the name of a table of intervals within the recording, an
        NWB file (``trials``, ``epochs`` or any other) or one of SHD (``samples``).
    recording : str or Path

    Returns
    -------
    Trials

    Raises
    ------
    InputError
        If there is neither such a file nor such a table.
    """
    if not os.path.isfile(named) and is_hdf5(recording):
        return read_intervals(recording, str(named))
    return read_trials(named)


def read_intervals(path: str | Path, name: str) -> Trials:
    """A table of intervals of an NWB or SHD file.

    Parameters
    ----------
    path : str or Path
    name : str
        Such as trials; of SHD files samples.

    Returns
    -------
    Trials
        Rows are named by their ids.

    Raises
    ------
    InputError
        If there is no such table.
    """
    try:
        values, arrays = read_recording(path, what="intervals", name=name)
        if "names" not in values:
            tables = ", ".join(map(printable, values.get("tables", ()))) or "none"
            raise InputError(
                f"has no table of intervals {printable(name)}; it has {tables[:100]}, and there is no"
                " such file of trials"
            )
        return Trials(arrays["starts"], arrays["stops"], values["names"], values["columns"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
