"""What is looked for, from files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.memory_file import read_memory
from wmdelays.files.raster_files import read_raster
from wmdelays.find.templates import Template, group_templates, pattern_templates
from wmdelays.polychrony.groups import read_groups
from wmdelays.words import printable

if TYPE_CHECKING:
    from wmdelays.raster import Raster

_GROUP_FILES = (".jsonl", ".json")
_SPIKE_FILES = (".csv", ".tsv", ".txt")
# So many units are named in an error.
_NAMED = 5


@dataclass(frozen=True)
class Sought:
    """What is looked for in a raster.

    Attributes
    ----------
    templates : list of Template
    step : float
        The step that suits them, in seconds.
    names : tuple of str or None
        What the memory's neurons are called; None for groups, which number them.
    binning : list of dict
        How the recordings became steps from which the memory was made, see `wmdelays.files.made`.
    among : bool
        Whether the recording may have other units too; they are left out.
    """

    templates: list
    step: float
    names: tuple | None = None
    binning: list = field(default_factory=list)
    among: bool = False

    def phase(self):
        """When in the recording a step of the memory begins; None if nothing is known of it."""
        starts = {one["start_s"] for one in self.binning}
        return starts.pop() if len(starts) == 1 else None

    def in_units(self, raster, name):
        """The recording as spikes of the memory's neurons; units go by their names.

        Parameters
        ----------
        raster : Raster
        name : str or Path
            Of the recording, for the error.
        """
        if self.names is None:
            return raster
        if self.among:
            wanted = set(self.names)
            inside = np.array([one in wanted for one in raster.names()])[raster.neurons]
            if not inside.any():
                raise InputError(
                    f"{name}: has no spikes of the template's units {_some(self.names)}; its own units"
                    f" are {_some(raster.names())}"
                )
            kept = {"neurons": raster.neurons[inside], "times": raster.times[inside]}
            raster = replace(raster, **kept, clock=raster.recording)
        try:
            return raster.with_units(self.names)
        except InputError as error:
            raise InputError(
                f"{name}: {error} of the memory; the units have to be those of the memory"
            ) from None


def _some(names):
    shown = ", ".join(map(printable, names[:_NAMED]))
    return f"{shown}, …" if len(names) > _NAMED else shown


def spike_template(path: str | Path) -> Sought:
    """A template of the spikes in a csv file (unit,time_s)."""
    spikes = read_raster(path)
    made = Template(Path(path).stem, spikes.neurons, spikes.times)
    return Sought([made], 1e-3, spikes.names(), among=True)


def order_template(text: str, raster: Raster) -> Template:
    """A template of units in an order, each a second after the one before.

    Parameters
    ----------
    text : str
        Names of units of the raster, with commas between.
    raster : Raster

    Raises
    ------
    InputError
        If a unit is named twice, or the raster does not have it.
    """
    names = [word.strip() for word in text.split(",")]
    place = {name: k for k, name in enumerate(raster.names())}
    for name in names:
        if name not in place:
            raise InputError(
                f"the order has the unit {printable(name)}, which the recording does not have; its"
                f" units are {_some(raster.names())}"
            )
        if names.count(name) > 1:
            raise InputError(f"the order has the unit {printable(name)} twice")
    return Template("order", np.array([place[name] for name in names]), np.arange(len(names)) * 1.0)


def read_templates(path: str | Path, window: float | None = None) -> Sought:
    """The templates of a memory, of groups or of a csv file of spikes, and the step that suits them.

    Parameters
    ----------
    path : Path
        A name that ends in .jsonl or .json is one of groups, see
        `wmdelays.polychrony.groups.read_groups`; one that ends in .csv has the spikes of a template.
    window : float, optional
        See `wmdelays.find.templates.pattern_templates`.

    Returns
    -------
    Sought
    """
    if path.suffix in _GROUP_FILES:
        if window is not None:
            raise InputError(f"{parameter('window')} cuts stored patterns; groups stay whole")
        templates = group_templates(read_groups(path))
        if not templates:
            raise InputError(f"{path}: holds no groups")
        return Sought(templates, 1e-3)
    if path.suffix in _SPIKE_FILES:
        if window is not None:
            raise InputError(
                f"{parameter('window')} cuts stored patterns; a template of spikes stays whole"
            )
        return spike_template(path)
    memory = read_memory(path)
    templates = pattern_templates(memory, window)
    return Sought(
        templates, memory.step, memory.names()[: memory.n_recorded], memory.made.get("binning", [])
    )
