"""What a memory is beyond its synapses and spikes, as a JSON file beside an export.

Formats of other programs have no place for it: the step in seconds, the length of the trigger window, the
names of units, how the memory was made. With it, what was exported comes back as the same memory.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.json_text import Whole, decoded
from wmdelays.files.made import texts_of
from wmdelays.memory import Memory
from wmdelays.neurons import NEURONS, Neurons
from wmdelays.raster import Raster
from wmdelays.synapses import LARGEST
from wmdelays.words import printable

NAME = "memory.json"
_FORMAT, _VERSION = "wmdelays export", 1
# Far more than any memory says of itself.
_MOST_BYTES = 1 << 28
_Size = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
_Length = Annotated[float, msgspec.Meta(gt=0)]


class _Class(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, float]


class _Continuous(msgspec.Struct, forbid_unknown_fields=True):
    neuron: str
    dt_s: _Length
    integrator: str
    classes: list[_Class]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: Literal["wmdelays export"]
    version: Literal[1]
    kind: Literal["csv", "sonata"]
    n_neurons: _Size
    n_latent: Whole
    n_delays: _Size
    step_s: _Length
    n_patterns: Whole
    n_ticks: Whole
    periodic: bool
    reset: str
    fingerprint: str
    units: list[str] | None
    neurons: _Continuous | None
    made: dict[str, Any]


@dataclass(frozen=True)
class Description:
    """What the file says; see `wmdelays.Memory`.

    Attributes
    ----------
    kind : str
        Of which export it is: "csv" or "sonata".
    n_neurons, n_latent, n_delays : int
    step_s : float
    n_patterns, n_ticks : int
        Number of patterns, and how many steps (or ticks, in continuous time) each is long.
    periodic : bool
    reset : str
    fingerprint : str
        Of the memory that was exported.
    units : list of str or None
    neurons : dict or None
        Of neurons in continuous time: model, tick, integrator and classes.
    made : dict
    """

    kind: str
    n_neurons: int
    n_latent: int
    n_delays: int
    step_s: float
    n_patterns: int
    n_ticks: int
    periodic: bool
    reset: str
    fingerprint: str
    units: list | None
    neurons: dict | None
    made: dict = field(default_factory=dict)

    @property
    def tick(self):
        """What times of spikes are multiples of, in seconds."""
        return self.step_s if self.neurons is None else self.neurons["dt_s"]

    def pattern(self, neurons, times):
        """A stored pattern from the neurons and times of its spikes, in seconds."""
        return Raster(
            np.asarray(neurons, np.int64),
            times,
            self.n_neurons,
            self.n_ticks * self.tick,
            units=self.units,
            n_latent=self.n_latent,
        )

    def continuous_neurons(self, members):
        """The neurons in continuous time, from the class of each; None in discrete time."""
        if self.neurons is None:
            return None
        name = self.neurons["neuron"]
        if name not in NEURONS:
            raise InputError(f"is for the neuron {printable(name)}; known are {', '.join(NEURONS)}")
        if self.neurons["integrator"] != NEURONS[name].method:
            raise InputError(
                f"was learned with the integrator {printable(self.neurons['integrator'])}, not"
                f" {NEURONS[name].method}"
            )
        classes = {one["name"]: one["parameters"] for one in self.neurons["classes"]}
        if len(classes) < len(self.neurons["classes"]):
            raise InputError("names a class of neurons twice")
        return Neurons(NEURONS[name], self.n_neurons, self.neurons["dt_s"], classes, members)


def check_held(memory: Memory) -> None:
    """Raise an InputError unless the file can hold what a memory is."""
    neurons = memory.neurons
    if neurons is not None and NEURONS.get(neurons.model.name) is not neurons.model:
        raise InputError(
            f"the neurons are {printable(neurons.model.name)}, a model of one's own, which no file"
            f" can hold; it holds {', '.join(NEURONS)}"
        )
    texts_of(memory.made, "how the memory was made")


def write_description(folder: Path, memory: Memory, kind: str) -> None:
    """Write what a memory is into a folder."""
    check_held(memory)
    neurons = memory.neurons
    tick = memory.tick
    said = Description(
        kind,
        memory.n_neurons,
        memory.n_latent,
        memory.n_delays,
        memory.step,
        memory.n_patterns,
        memory.patterns[0].n_steps(tick) if memory.patterns else 0,
        memory.periodic,
        memory.reset,
        memory.fingerprint(),
        None if memory.units is None else list(memory.units),
        None if neurons is None else _of_neurons(neurons),
        memory.made,
    )
    values = {"format": _FORMAT, "version": _VERSION, **asdict(said)}
    text = json.dumps(values, indent=1, sort_keys=False, allow_nan=False)
    (folder / NAME).write_text(text + "\n")


def _of_neurons(neurons):
    return {
        "neuron": neurons.model.name,
        "dt_s": neurons.dt,
        "integrator": neurons.model.method,
        "classes": [{"name": name, "parameters": v} for name, v in neurons.classes.items()],
    }


def read_description(folder: Path) -> Description | None:
    """What a folder says of the memory in it, checked; None if it does not say anything.

    Raises
    ------
    InputError
        If the file is not what it has to be. The line does not name the folder.
    """
    path = Path(folder, NAME)
    if not path.is_file():
        return None
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{NAME} is larger than any memory needs")
    try:
        found = decoded(path.read_bytes(), _File)
    except InputError as error:
        raise InputError(f"{NAME} {error}") from None
    texts_of(found.made, f"{NAME}: how the memory was made")
    if found.units is not None and len(found.units) != found.n_neurons - found.n_latent:
        raise InputError(
            f"{NAME} names {len(found.units)} units of {found.n_neurons - found.n_latent}"
        )
    values = msgspec.to_builtins(found)
    return Description(**{k: v for k, v in values.items() if k not in ("format", "version")})
