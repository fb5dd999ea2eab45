"""What is looked for, from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.find.templates import group_templates, pattern_templates
from wmdelays.polychrony.groups import read_groups

if TYPE_CHECKING:
    from pathlib import Path


_GROUP_FILES = (".jsonl", ".json")


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
    """

    templates: list
    step: float
    names: tuple | None = None
    binning: list = field(default_factory=list)

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
        try:
            return raster.with_units(self.names)
        except InputError as error:
            raise InputError(
                f"{name}: {error} of the memory; the units have to be those of the memory"
            ) from None


def read_templates(path: str | Path, window: float | None = None) -> Sought:
    """The templates of a memory file or a file of groups, and the step that suits them.

    Parameters
    ----------
    path : Path
        A name that ends in .jsonl or .json is one of groups, see
        `wmdelays.polychrony.groups.read_groups`.
    window : float, optional
        See `wmdelays.find.templates.pattern_templates`.

    Returns
    -------
    Sought
    """
    if path.suffix in _GROUP_FILES:
        if window is not None:
            raise InputError("--window cuts stored patterns; groups stay whole")
        templates = group_templates(read_groups(path))
        if not templates:
            raise InputError(f"{path}: holds no groups")
        return Sought(templates, 1e-3)
    memory = read_memory(path)
    templates = pattern_templates(memory, window)
    return Sought(templates, memory.step, memory.names(), memory.made.get("binning", []))
