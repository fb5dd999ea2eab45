"""Networks in folders: SONATA circuits, and what this software exported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.exports.circuit_config import is_circuit
from wmdelays.files.exports.circuit_reading import read_circuit, step_of_circuit
from wmdelays.files.exports.csv_folder import read_csv
from wmdelays.files.exports.description import read_description
from wmdelays.files.exports.sonata_circuit import read_stored_patterns
from wmdelays.neurons.resets import BY_EMITTED
from wmdelays.training.imports.found import Found, of_each


def is_folder(path: Path) -> bool:
    """Whether a network is a folder, or a JSON file that names the files of one."""
    return path.is_dir() or is_circuit(path)


def kind_of_folder(path: Path) -> str | None:
    """What a folder holds: "csv" (files of an export), "sonata" (a circuit), or neither, None."""
    said = read_description(path)
    if said is not None and said.kind == "csv":
        return "csv"
    return "sonata" if is_circuit(path) else None


def step_of_folder(path: Path) -> float | None:
    """The length of a step in seconds, as the folder says it; None if it does not."""
    said = read_description(_folder(path))
    return step_of_circuit(path) if said is None else said.step_s


def read_folder(path: Path, step: float | None = None) -> Found:
    """The network of a folder, with the patterns that an export holds.

    Parameters
    ----------
    path : Path
    step : float, optional
        Length of a step in seconds, for a circuit without a simulation that says it.
    """
    said = read_description(_folder(path))
    if path.is_dir() and kind_of_folder(path) == "csv":
        return _of_csv(path)
    if said is None or said.kind != "sonata":
        return _of_circuit(read_circuit(path, step))
    # What was exported says how long a step is, and its circuit may call it 1 ms.
    circuit = read_circuit(path)
    found = _of_circuit(circuit)
    if found.n_neurons != said.n_neurons:
        raise InputError(f"has {found.n_neurons} neurons, and memory.json says {said.n_neurons}")
    patterns = read_stored_patterns(_folder(path), said, circuit.step)
    return _as_exported(found, said, patterns)


def _folder(path):
    return path if path.is_dir() else path.parent


def _of_circuit(circuit):
    return Found(
        "SONATA circuit",
        circuit.pre,
        circuit.post,
        circuit.delay,
        circuit.weight,
        n_neurons=len(circuit.beta),
        beta=circuit.beta,
        theta=circuit.theta,
        reset=BY_EMITTED,
        strict=False,
        step=circuit.step,
        notes=circuit.notes,
    )


def _of_csv(path):
    held = read_csv(path)
    said, own = held.description, dict(held.own)
    members = own.pop("class", None)
    found = Found(
        "csv files",
        *held.columns,
        n_neurons=said.n_neurons,
        neurons=said.continuous_neurons(members),
        reset=None if said.neurons is not None else said.reset,
        strict=False,
        **{name: of_each(values, name, said.n_neurons) for name, values in own.items()},
    )
    return _as_exported(found, said, held.patterns)


def _as_exported(found, said, patterns):
    """The same with all that an export says of the memory."""
    return replace(
        found,
        n_delays=said.n_delays,
        step=said.step_s,
        patterns=patterns,
        periodic=said.periodic,
        made=said.made,
        fingerprint=said.fingerprint,
        notes=(),
    )
