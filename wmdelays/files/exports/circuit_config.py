"""The configuration of a SONATA circuit from elsewhere: JSON files that name the others."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.csv_rows import csv_rows, plain
from wmdelays.files.exports.new_folder import check_regular
from wmdelays.files.json_text import check_depth, decoded
from wmdelays.words import printable

CIRCUIT = ("circuit_config.json", "config.circuit.json")
SIMULATION = ("simulation_config.json", "config.simulation.json", "config.json")
# How often a path's variables may name others.
_NESTED = 8
# Far more than a configuration or the parameters of a model take.
_MOST_BYTES = 1 << 26
_MOST_FILES = 8
_NONE = ("NULL", "NONE", "")


@dataclass(frozen=True)
class Config:
    """What the files say, with every path checked to lie in their folder.

    Attributes
    ----------
    folder : Path
    nodes, edges : list of (Path, Path)
        A file of a population and the table of its types.
    components : dict of str to callable
        Folders of parameters, by what they are called; each gives its path when it is asked for, or
        raises an InputError where that lies outside.
    dt : float or None
        The time step of the simulation in milliseconds.
    inputs : dict of str to dict
        What the simulation adds from outside.
    """

    folder: Path
    nodes: list
    edges: list
    components: dict
    dt: float | None
    inputs: dict = field(default_factory=dict)


def is_circuit(path: Path) -> bool:
    """Whether a path is that of a circuit: a JSON file, or a folder with its configuration."""
    if path.is_dir():
        return any((path / name).is_file() for name in (*CIRCUIT, *SIMULATION))
    return path.suffix.lower() == ".json"


def read_config(path: Path) -> Config:
    """The configuration of a circuit.

    Parameters
    ----------
    path : Path
        A folder, or one of its JSON files: of the circuit, of a simulation of it, or of both.

    Raises
    ------
    InputError
        If the files are no such configuration, or name what lies outside their folder.
    """
    folder = path if path.is_dir() else path.parent
    said = _files(path, folder)
    circuit = next((one for one in said if one.has("networks")), None)
    if circuit is None and not path.is_dir():
        # A simulation need not name its circuit.
        said += [one for one in _files(folder, folder) if one.has("networks")]
        circuit = next((one for one in said if one.has("networks")), None)
    if circuit is None:
        known = ", ".join((*CIRCUIT, *SIMULATION))
        raise InputError(
            f"names no networks, so it is no circuit; a circuit's folder has one of {known} that does"
        )
    networks = _member(circuit.values, "networks", dict)
    run = next((_member(one.values, "run", dict) for one in said if one.has("run")), {})
    dt = run.get("dt")
    if dt is not None and (type(dt) not in (int, float) or not 0 < dt < 1e6):
        raise InputError(f"has a time step dt of {printable(dt)}, which is none in milliseconds")
    components, inputs = {}, {}
    for one in said:
        parts = _member(one.values, "components", dict) if one.has("components") else {}
        components |= {
            name: partial(one.path, text) for name, text in parts.items() if type(text) is str
        }
        inputs |= _member(one.values, "inputs", dict) if one.has("inputs") else {}
    if not all(isinstance(one, dict) for one in inputs.values()):
        raise InputError("has inputs that are no objects")
    return Config(
        folder,
        circuit.pairs(networks, "nodes", "nodes_file", "node_types_file"),
        circuit.pairs(networks, "edges", "edges_file", "edge_types_file"),
        components,
        None if dt is None else float(dt),
        inputs,
    )


def _files(path, folder):
    """The file that is named, or those of a folder, and those that they name: what each says."""
    names = [path]
    if path.is_dir():
        names = [folder / name for name in (*CIRCUIT, *SIMULATION) if (folder / name).is_file()]
    elif path.name in CIRCUIT:
        # A simulation names its circuit; a circuit knows nothing of simulations.
        names += [folder / name for name in SIMULATION if (folder / name).is_file()]
    said, seen = [], set()
    while names:
        name = names.pop(0)
        place = os.path.realpath(name)
        if place in seen:
            continue
        seen.add(place)
        said.append(_Said(folder, _object(name)))
        for part in ("network", "simulation"):
            named = said[-1].values.get(part)
            if isinstance(named, str):
                names.append(said[-1].path(named))
        if len(seen) > _MOST_FILES:
            raise InputError("names more configurations than a circuit has")
    return said


class _Said:
    """One JSON file, and what the variables of its paths stand for."""

    def __init__(self, folder, values):
        self.folder, self.values = folder, values
        manifest = _member(values, "manifest", dict) if self.has("manifest") else {}
        self.variables = {"${configdir}": ".", "$configdir": "."}
        for name, text in manifest.items():
            if not isinstance(text, str):
                raise InputError(f"has no path as {printable(name[:60])} of its manifest")
            self.variables[name if name.startswith("$") else f"${name}"] = text

    def has(self, name):
        return name in self.values

    def path(self, text):
        """The file or folder that a text names."""
        found = text
        for _ in range(_NESTED):
            if "$" not in found:
                break
            for name in sorted(self.variables, key=len, reverse=True):
                found = found.replace(name, self.variables[name])
            if len(found) > 4096:
                break
        named = printable(text[:80])
        if "$" in found or len(found) > 4096 or "\0" in found:
            raise InputError(f"names {named}, and its manifest does not say where that is")
        # Symbolic links lead elsewhere too.
        place = Path(os.path.realpath(self.folder / found))
        if not place.is_relative_to(os.path.realpath(self.folder)):
            raise InputError(f"names {named}, which lies outside its folder; copy it there")
        return place

    def pairs(self, networks, which, file, types):
        """The files of populations and their types."""
        rows = _member(networks, which, list)
        if not all(isinstance(row, dict) and isinstance(row.get(file), str) for row in rows):
            raise InputError(f"names {which} without a {file}")
        pairs = []
        for row in rows:
            if row.get("enabled") is False:
                continue
            table = row.get(types)
            if not isinstance(table, str) or table in _NONE:
                raise InputError(f"names {which} without a {types}")
            pairs.append((self.path(row[file]), self.path(table)))
        return pairs


def read_types(path: Path, key: str) -> dict[int, dict[str, str]]:
    """A table of types, with spaces between columns: the cells that are not empty, by the type's number."""
    types = {}
    try:
        check_regular(path)
        rows = (row for _, row in csv_rows(path, " ") if row)
        header = next(rows, [])
        if key not in header:
            raise InputError(f"has no column {key}")
        for row in rows:
            cells = {name: cell for name, cell in zip(header, row) if cell not in _NONE}
            try:
                number = int(plain(cells.get(key, "")))
            except ValueError:
                raise InputError(f"has a {key} that is no whole number") from None
            if number in types:
                raise InputError(f"has the {key} {number} twice")
            types[number] = cells
    except OSError as error:
        raise InputError(f"{printable(path.name)}: {error.strerror}") from None
    except InputError as error:
        raise InputError(f"{printable(path.name)}: {error}") from None
    return types


def read_parameters(config: Config, which: str, name: str | None) -> dict:
    """The parameters of a model: a JSON file in one of the folders of components."""
    if name is None:
        return {}
    folder = config.components.get(which)
    if folder is None:
        raise InputError(f"names no {which} among its components")
    place = os.path.relpath(folder() / name, os.path.realpath(config.folder))
    return _object(_Said(config.folder, {}).path(place))


def _object(path):
    """The object in a JSON file."""
    try:
        check_regular(path)
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("is larger than any configuration")
        values = decoded(path.read_bytes(), dict)
        check_depth(values)
    except OSError as error:
        raise InputError(f"{printable(path.name)}: {error.strerror}") from None
    except InputError as error:
        raise InputError(f"{printable(path.name)}: {error}") from None
    return values


def _member(values, name, kind):
    found = values.get(name)
    if not isinstance(found, kind):
        raise InputError(f"has no {'list' if kind is list else 'object'} {name}")
    return found
