"""Rasters in the formats of other programs, and as their objects."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import h5py
import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.file_kinds import RASTER
from wmdelays.files.output import check_writable, replacing
from wmdelays.files.raster_files import write_raster
from wmdelays.files.sonata import write_spikes

if TYPE_CHECKING:
    from wmdelays.files.trials import Trials
    from wmdelays.raster import Raster

_POPULATION = "neurons"
# Archives want a species: this one is that of what was made, not born.
_SYNTHETIC = "http://purl.obolibrary.org/obo/NCBITaxon_32630"
_SIMULATED = "Spikes of a simulated network that recalls patterns stored in its synaptic delays"


def check_spike_file(path: str | Path, form: str | None = None) -> None:
    """Raise an InputError unless spikes can be written to a new file of that name and format.

    Parameters
    ----------
    path : str or Path
    form : str, optional
        One of `FORMATS`; by default what the name ends in.
    """
    _writer(Path(path), form)
    if os.path.lexists(path):
        raise InputError(f"{path}: is there already; name another file")
    check_writable(path, RASTER)


def write_spikes_as(
    path: str | Path,
    raster: Raster,
    trials: Trials | None = None,
    form: str | None = None,
    description: str = _SIMULATED,
    resolution: float | None = None,
) -> None:
    """Write a raster to a new file, in the format of another program.

    Parameters
    ----------
    path : str or Path
        Where no format is named its ending says it: .csv, .npz, .nwb, .h5 (SONATA spikes), .nix
        (neo).
    raster : Raster
        Its times are written as those of its recording, `start` and on.
    trials : Trials, optional
        Stretches of the recording; an NWB file has them as its table of trials.
    form : str, optional
        csv, npz, nwb, sonata, neo or pynapple.
    description : str
        What an NWB file says of the session.
    resolution : float, optional
        The least difference between two times in seconds, for NWB: the step or the tick.

    Raises
    ------
    InputError
        If there is such a file, no such format, or no package for it.
    """
    path = Path(path)
    check_spike_file(path, form)
    write = _writer(path, form)
    if write is None:
        write_raster(path, raster.in_recording())
        return
    with replacing(path, RASTER) as temporary:
        # Libraries tell formats by the ending, and want files of their own.
        named = temporary.with_name(f"{temporary.name}{path.suffix}")
        try:
            write(named, raster, trials, description, resolution)
            os.replace(named, temporary)
        finally:
            named.unlink(missing_ok=True)


def to_neo(raster: Raster) -> list[Any]:
    """A list of neo's SpikeTrains, one for each neuron, in seconds of the recording.

    Raises
    ------
    InputError
        If neo is not there.
    """
    neo, quantities = _package("neo", "neo"), _package("quantities", "neo")
    raster = raster.in_recording()
    return [
        neo.SpikeTrain(
            times * quantities.s, t_stop=raster.duration * quantities.s, name=raster.unit(k)
        )
        for k, times in enumerate(_trains(raster))
    ]


def to_pynapple(raster: Raster, trials: Trials | None = None) -> Any:
    """A TsGroup of pynapple; its keys are the units where these are numbers, else the neurons.

    Names that are no numbers are its column ``unit``. With trials they are its time support.

    Raises
    ------
    InputError
        If pynapple is not there.
    """
    nap = _package("pynapple", "pynapple")
    start, raster = raster.start, raster.in_recording()
    support = nap.IntervalSet(*np.transpose(_observed(raster, start, trials)))
    keys = _numbers(raster)
    trains = {key: nap.Ts(times, time_support=support) for key, times in zip(keys, _trains(raster))}
    names = None if _are_numbers(raster) else {"unit": np.array(raster.names())}
    return nap.TsGroup(trains, time_support=support, metadata=names)


def _package(name, extra):
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            f"needs {name}, which is not there: pip install 'wmdelays[{extra}]'"
        ) from None


def _trains(raster):
    order = np.lexsort((raster.times, raster.neurons))
    edges = np.searchsorted(raster.neurons[order], np.arange(1, raster.n_neurons))
    return np.split(raster.times[order], edges)


def _are_numbers(raster):
    return all(name.isascii() and name.isdecimal() for name in raster.names())


def _observed(raster, start, trials):
    """The stretches of the trials, those that touch as one; all of it where spikes lie outside."""
    whole = [[start, raster.duration]]
    if trials is None:
        return whole
    joined = []
    for begin, end in sorted(zip(trials.starts.tolist(), trials.stops.tolist())):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([begin, end])
    edges = np.array(joined)
    last = np.searchsorted(edges[:, 0], raster.times, side="right") - 1
    inside = (last >= 0) & (raster.times <= edges[last, 1])
    return joined if inside.all() else whole


def _numbers(raster):
    """The numbers of the units, where all are numbers, else those of the neurons."""
    names = raster.names() if _are_numbers(raster) else range(raster.n_neurons)
    return [int(name) for name in names]


def _nwb(path, raster, trials, description, resolution):
    start, raster = raster.start, raster.in_recording()
    pynwb = _package("pynwb", "nwb")
    file = pynwb.NWBFile(
        session_description=description,
        identifier=str(uuid4()),
        session_start_time=datetime.now(UTC),
        keywords=["spiking network", "synaptic delays", "working memory"],
        experiment_description="Recall of spike patterns stored in synaptic delays (wmdelays)",
        subject=pynwb.file.Subject(
            subject_id="simulated-network",
            description="A network in a computer",
            species=_SYNTHETIC,
            sex="U",
            age="P0D",
        ),
    )
    if resolution is not None:
        file.units = pynwb.misc.Units(
            name="units", description="Neurons of the network", resolution=resolution
        )
    observed = _observed(raster, start, trials)
    named = not _are_numbers(raster)
    if named:
        file.add_unit_column("unit_name", "Name of the unit in the recording that was stored")
    for key, name, times in zip(_numbers(raster), raster.names(), _trains(raster)):
        columns = {"unit_name": name} if named else {}
        file.add_unit(id=key, spike_times=times, obs_intervals=observed, **columns)
    if trials is not None:
        file.add_trial_column("pattern", "Name of the stored pattern")
        for name, start, stop in zip(trials.names, trials.starts, trials.stops):
            file.add_trial(start_time=float(start), stop_time=float(stop), pattern=name)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


def _sonata(path, raster, trials, description, resolution):
    if not _are_numbers(raster):
        raise InputError("SONATA numbers neurons, and these units have names; take another format")
    raster = raster.in_recording()
    with h5py.File(path, "w") as file:
        group = file.create_group(f"spikes/{_POPULATION}")
        ids = np.array(_numbers(raster))[raster.neurons]
        write_spikes(group, ids, raster.times * 1e3)


def _neo(path, raster, trials, description, resolution):
    neo = _package("neo", "neo")
    _package("nixio", "neo")
    block, segment = neo.Block(), neo.Segment(name=description[:80])
    block.segments.append(segment)
    segment.spiketrains.extend(to_neo(raster))
    with neo.NixIO(str(path), "ow") as io:
        io.write_block(block)


def _pynapple(path, raster, trials, description, resolution):
    to_pynapple(raster, trials).save(str(path))


# A format that this software reads and writes itself has no function here.
FORMATS = {
    "csv": None,
    "npz": None,
    "nwb": _nwb,
    "sonata": _sonata,
    "neo": _neo,
    "pynapple": _pynapple,
}
_ENDS = {"pynapple": ".npz", "neo": ".nix", "sonata": ".h5"}
_ENDINGS = {".csv": "csv", ".npz": "npz", ".nwb": "nwb", ".h5": "sonata", ".nix": "neo"}


def _writer(path, form):
    """The function that writes a format; None for those of `write_raster`."""
    if form is None:
        form = _ENDINGS.get(path.suffix)
        if form is None:
            endings = ", ".join(_ENDINGS)
            raise InputError(
                f"{path}: spikes are written to {endings}; or name a format"
                f" ({parameter('form', '--format')})"
            )
    if form not in FORMATS:
        raise InputError(f"there is no format {form!r}; there are {', '.join(FORMATS)}")
    ending = _ENDS.get(form, f".{form}")
    if path.suffix != ending:
        raise InputError(f"{path}: a file of the format {form} ends in {ending}")
    return FORMATS[form]
