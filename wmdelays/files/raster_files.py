"""Rasters in files: read in any format that is known, written as csv and npz."""

from __future__ import annotations

import csv
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, InputWarning, one_line
from wmdelays.files.file_kinds import RASTER
from wmdelays.files.output import check_writable, replacing
from wmdelays.files.recordings.reading import read_spikes
from wmdelays.files.recordings.spikes import SAMPLES, TIME_UNITS, raster_of
from wmdelays.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster

_HEADER = ["unit", "time_s"]


def read_raster(
    path: str | Path,
    n_neurons: int | None = None,
    duration: float | None = None,
    *,
    keep_ids: bool = False,
    start: float | None = None,
    stop: float | None = None,
    columns: tuple[str, str] | None = None,
    where: Sequence[str] = (),
    variable: str | None = None,
    time_unit: str | None = None,
    sampling_rate: float | None = None,
    decimal_comma: bool = False,
) -> Raster:
    """Read a raster from a file, in any of the formats that are read.

    Parameters
    ----------
    path : str or Path
        A table (csv, tsv), npz, npy, NWB, MATLAB, SONATA, SHD, a folder of Phy, or what neo reads; see
        the page on recordings.
    n_neurons : int, optional
        Number of neurons, silent ones included; then units are numbers of neurons. By default what
        the file says.
    duration : float, optional
        Length in seconds; by default what the file says, else the time of the last spike.
    keep_ids : bool
        Whether units are numbers of neurons, so that the numbers between them are silent neurons. By
        default the units that the file holds are the neurons, and keep their names.
    start, stop : float, optional
        What is going to be looked at, in seconds: of NWB and SHD files no more is read than is needed
        for it. Nothing is cut.
    columns : (str, str), optional
        Of a table, the columns of units and of times; by default known by their names.
    where : sequence of str
        Which units, by columns of an NWB file or of Phy's tables, as ``quality=good``.
    variable : str, optional
        Of a MATLAB file, what holds the spikes; of a SONATA file, the population.
    time_unit : {"s", "ms", "us", "samples"}, optional
        Of the times; by default what the file says, else seconds.
    sampling_rate : float, optional
        Samples in a second, where times are in samples.
    decimal_comma : bool
        Whether the numbers of a table are written with a comma.

    Returns
    -------
    Raster

    Raises
    ------
    InputError
        If there is no such file, it holds no spikes, or it cannot be understood.

    Warns
    -----
    InputWarning
        Of units that never spike, or are left out, and of times that are likely in another unit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from wmdelays import read_raster
    >>> _ = Path("cells.csv").write_text("unit,time_s\\n17,0.002\\n3,0.0105\\n")
    >>> recording = read_raster("cells.csv")
    >>> recording.n_neurons, recording.units, recording.times
    (2, ('3', '17'), array([0.002 , 0.0105]))
    """
    path = Path(path)
    if not os.path.exists(path):
        raise InputError(f"{path}: there is no such file")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            spikes = read_spikes(
                path,
                start=start,
                stop=stop,
                columns=columns,
                where=tuple(where),
                variable=variable,
                time_unit=_checked(time_unit),
                sampling_rate=sampling_rate,
                decimal_comma=decimal_comma,
            )
            raster = raster_of(
                spikes,
                n_neurons=n_neurons,
                duration=duration,
                keep_ids=keep_ids,
                in_seconds=time_unit is not None,
                # A stretch begins at 0 or later.
                from_0=start is not None,
            )
        except OSError as error:
            words = one_line(error.strerror or error)
            raise InputError(f"{path}: cannot be read: {words}") from None
        except InputError as error:
            raise InputError(f"{path}: {error}", error.more) from None
    for one in told:
        own = issubclass(one.category, InputWarning)
        text = f"{path}: {one.message}" if own else one.message
        warnings.warn(text, one.category, stacklevel=2)
    return raster


def _checked(time_unit):
    known = (*TIME_UNITS, SAMPLES)
    if time_unit not in (None, *known):
        raise InputError(f"times are in {', '.join(known)}, not in {printable(time_unit)}")
    return time_unit


def check_raster(path):
    """Raise an InputError unless a raster can be written there."""
    path = Path(path)
    if path.suffix not in (".csv", ".npz"):
        raise InputError(f"{path}: a raster file ends in .csv or .npz")
    check_writable(path, RASTER)


def write_raster(path: str | Path, raster: Raster) -> None:
    """Write a raster to a ``.csv`` or ``.npz`` file, which `read_raster` reads back.

    A csv file does not hold silent neurons and the duration; an npz file does. Units keep their names.

    Examples
    --------
    >>> from wmdelays import Raster, read_raster, write_raster
    >>> write_raster("two.npz", Raster([0, 1], [0.001, 0.002], n_neurons=3, duration=0.01))
    >>> read_raster("two.npz").n_neurons
    3
    """
    path = Path(path)
    check_raster(path)
    with replacing(path, RASTER) as temporary:
        named = raster.units is not None or raster.n_latent
        if path.suffix == ".csv":
            with open(temporary, "w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(_HEADER)
                neurons = raster.neurons.tolist()
                units = (raster.unit(k) for k in neurons) if named else neurons
                writer.writerows(zip(units, map(repr, raster.times.tolist())))
        else:
            with open(temporary, "wb") as file:
                units = {"units": np.array(raster.names())} if named else {}
                np.savez_compressed(
                    file,
                    unit=raster.neurons,
                    time_s=raster.times,
                    n_neurons=raster.n_neurons,
                    duration_s=raster.duration,
                    **units,
                )
