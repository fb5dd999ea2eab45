"""A SONATA circuit from elsewhere, as far as it is a network of eq. 1; else the reason why it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.exports.circuit_config import read_config, read_parameters, read_types
from wmdelays.files.exports.nest_neuron import beta_and_theta
from wmdelays.files.exports.new_folder import check_regular
from wmdelays.files.hdf5_tree import Group, attribute, dataset, member_group, read_tree
from wmdelays.files.sonata import refuse_ids, whole_steps
from wmdelays.synapses import refuse
from wmdelays.words import counted, printable

_NEST = "nest:"
_NEURON, _SYNAPSE = "iaf_psc_delta", "static_synapse"
_POINT, _VIRTUAL = ("point_neuron", "point_process"), "virtual"
_ENDS = ("source_node_id", "target_node_id")
_OF_NODES = tuple(f"nodes/*/*/{name}" for name in ("dynamics_params", "model_template"))
_OF_EDGES = tuple(
    f"edges/*/*/{name}"
    for name in ("syn_weight", "delay", "nsyns", "weight_function", "dynamics_params")
)


@dataclass(frozen=True, eq=False)
class Circuit:
    """A network of eq. 1 as the circuit has it.

    Attributes
    ----------
    step : float
        In seconds.
    beta, theta : float64 arrays, shape (n_neurons,)
    pre, post, delay, weight : arrays, shape (n_synapses,)
        Delays in steps.
    notes : tuple of str
        What the circuit has besides, which is left out.
    """

    step: float
    beta: np.ndarray
    theta: np.ndarray
    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    notes: tuple


def step_of_circuit(path: Path) -> float | None:
    """The time step of the circuit's simulation in seconds; None if there is none."""
    dt = read_config(path).dt
    return None if dt is None else dt / 1e3


def read_circuit(path: Path, step: float | None = None) -> Circuit:
    """The network of a circuit.

    Parameters
    ----------
    path : Path
        Its folder, or a JSON file of its configuration.
    step : float, optional
        The time step in seconds, where no simulation says it.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the network is none of eq. 1; the line says why.
    """
    config = read_config(path)
    if config.dt is None and step is None:
        raise InputError(
            f"has no simulation that says its time step; name it ({parameter('step')})"
        )
    dt = config.dt if config.dt is not None else step * 1e3
    for name, given in config.inputs.items():
        kind = given.get("input_type", given.get("module"))
        if kind not in ("spikes", "sonata"):
            raise InputError(
                f"has the input {printable(name[:60])} of the kind {printable(kind)}; neurons of eq. 1"
                " know spikes alone, and no currents"
            )
    populations = {}
    for file, table in config.nodes:
        for name, group in _populations(file, "nodes", _OF_NODES):
            if name in populations:
                raise InputError(f"has two populations {printable(name)}")
            populations[name] = _nodes(group, read_types(table, "node_type_id"), table)
    own = [name for name, one in populations.items() if one is not None]
    if len(own) != 1:
        shown = ", ".join(printable(name) for name in own) or "none"
        raise InputError(f"has {counted(len(own), 'population')} of neurons ({shown}), not one")
    beta, theta = _parameters(config, populations[own[0]], dt)
    found, notes = [], []
    for file, table in config.edges:
        wanted = tuple(f"edges/*/{name}/@" for name in _ENDS)
        between = {
            name: tuple(_population_at(group, end) for end in _ENDS)
            for name, group in _populations(file, "edges", wanted)
        }
        for name, group in _populations(file, "edges", _OF_EDGES):
            source, target = between[name]
            if {source, target} - populations.keys():
                raise InputError(f"has edges {printable(name)} of a population that is not there")
            if target != own[0]:
                raise InputError(f"has edges {printable(name)} onto {printable(target)}")
            if source != own[0]:
                notes.append(
                    f"the virtual population {printable(source)} is left out: a memory is cued"
                )
                continue
            types = read_types(table, "edge_type_id")
            found.append(_synapses(config, group, types, table, len(beta), dt))
    if not found:
        raise InputError("names no edges among its neurons, so it has no synapses")
    columns = [np.concatenate(one) for one in zip(*found)]
    columns, n_added = _added(columns, len(beta))
    if n_added:
        notes.append(
            f"{counted(n_added, 'synapse')} beside one of the same neurons and delay:"
            " their weights are added"
        )
    return Circuit(dt / 1e3, beta, theta, *columns, tuple(notes))


def _populations(file, which, wanted):
    """The populations of a file, by name."""
    try:
        check_regular(file)
        root = read_tree(file, wanted)
        groups = member_group(root, which).members
        if not groups or not all(isinstance(one, Group) for one in groups.values()):
            raise InputError(f"has no populations of {which}")
    except InputError as error:
        raise InputError(f"{printable(file.name)}: {error}") from None
    return list(groups.items())


def _population_at(group, end):
    return attribute(member_group(group, end).attributes, "node_population", str)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Neurons: the type of each, in the order of their numbers, and what types say."""

    kinds: np.ndarray
    types: dict


def _nodes(group, types, table):
    """The neurons of a population; None if they are virtual."""
    kinds = _whole(dataset(group, "node_type_id"), "node_type_id")
    if not len(kinds):
        raise InputError(f"has no neurons in {printable(group.name)}")
    if "node_id" in group.members:
        numbers = _whole(dataset(group, "node_id"), "node_id")
        order = np.argsort(numbers, kind="stable")
        if not np.array_equal(numbers[order], np.arange(len(kinds))):
            raise InputError(f"has nodes in {printable(group.name)} that do not count from 0")
        kinds = kinds[order]
    used = _used(types, kinds, "node_type_id", table)
    models = {one.get("model_type") for one in used.values()}
    if models == {_VIRTUAL}:
        return None
    if not models <= set(_POINT):
        shown = ", ".join(sorted(printable(one) for one in models - set(_POINT)))
        raise InputError(f"has nodes of the type {shown}; point neurons alone are mapped")
    for member in group.members.values():
        if isinstance(member, Group) and member.members:
            raise InputError(
                f"has {printable(next(iter(member.members)))} of each node apart; those of node types"
                " alone are read"
            )
    return _Nodes(kinds, used)


def _used(types, kinds, key, table):
    numbers = np.unique(kinds).tolist()
    missing = [one for one in numbers if one not in types]
    if missing:
        raise InputError(f"{printable(table.name)}: has no {key} {missing[0]}")
    return {one: types[one] for one in numbers}


def _parameters(config, nodes, dt):
    """beta and theta of each neuron."""
    numbers, which = np.unique(nodes.kinds, return_inverse=True)
    values = []
    for number in numbers.tolist():
        cells = nodes.types[number]
        model = cells.get("model_template", "none").removeprefix(_NEST)
        if model != _NEURON:
            raise InputError(
                f"has neurons {printable(model)}; {_NEURON} alone is eq. 1 and can be mapped"
            )
        given = read_parameters(config, "point_neuron_models_dir", cells.get("dynamics_params"))
        values.append(beta_and_theta(given, dt, cells.get("beta")))
    return tuple(np.array(values).T[:, which.reshape(-1)])


def _synapses(config, group, types, table, n_neurons, dt):
    pre, post = (_whole(dataset(group, name), name) for name in _ENDS)
    kinds = _whole(dataset(group, "edge_type_id"), "edge_type_id")
    if len({len(pre), len(post), len(kinds)}) > 1:
        raise InputError(f"has edges in {printable(group.name)} whose lists differ in length")
    for name, ids in zip(_ENDS, (pre, post)):
        refuse_ids(ids, n_neurons, "synapse", name)
    used = _used(types, kinds, "edge_type_id", table)
    for cells in used.values():
        model = cells.get("model_template", _SYNAPSE).removeprefix(_NEST)
        if model != _SYNAPSE:
            raise InputError(f"has synapses {printable(model)}; {_SYNAPSE} alone can be mapped")
        if "weight_function" in cells:
            raise InputError("has synapses whose weights a program computes (weight_function)")
        others = read_parameters(config, "synaptic_models_dir", cells.get("dynamics_params"))
        if others:
            name = printable(next(iter(others)))
            raise InputError(f"has synapses with the parameter {name}, which eq. 1 has not")
    place = _places(group, len(pre))
    weight, delay, number = (
        _of_edges(group, name, used, kinds, place, default)
        for name, default in (("syn_weight", None), ("delay", None), ("nsyns", 1.0))
    )
    steps = whole_steps(delay, dt / 1e3, "synapse", "delay")
    refuse(steps < 1, lambda k: f"has the delay {delay[k]:g} ms; the shortest is a step, {dt:g} ms")
    return pre, post, steps, weight * number


def _places(group, n):
    """In which group each edge is, and where."""
    groups = {name: one for name, one in group.members.items() if name.isdigit()}
    for name, one in groups.items():
        for other in ("weight_function", "dynamics_params"):
            if isinstance(one, Group) and other in one.members:
                raise InputError(f"has {other} of each edge in group {name}, which is not read")
    if len(groups) > 1 or "edge_group_id" in group.members:
        which = _whole(dataset(group, "edge_group_id"), "edge_group_id")
        where = _whole(dataset(group, "edge_group_index"), "edge_group_index")
    else:
        which, where = np.full(n, int(next(iter(groups), 0))), np.arange(n)
    if len(which) != n or len(where) != n:
        raise InputError(f"has edges in {printable(group.name)} whose lists differ in length")
    return which, where


def _of_edges(group, name, types, kinds, place, default):
    """What each edge has, in its group or by its type."""
    which, where = place
    values = np.full(len(kinds), np.nan if default is None else default)
    for number, cells in types.items():
        if name in cells:
            try:
                values[kinds == number] = float(cells[name])
            except ValueError:
                raise InputError(f"has edges of the {name} {printable(cells[name])}") from None
    for number in np.unique(which).tolist():
        one = group.members.get(str(number))
        if isinstance(one, Group) and name in one.members:
            given, mine = dataset(one, name), which == number
            if where[mine].max(initial=0) >= len(given) or where[mine].min(initial=0) < 0:
                raise InputError(f"has edges outside the {name} of group {number}")
            values[mine] = given[where[mine]]
    if not np.all(np.isfinite(values)):
        raise InputError(f"has edges without a {name} that is a number")
    return values


def _added(columns, n_neurons):
    """Synapses, with the weights added of those that are alike in neurons and delay."""
    pre, post, delay, weight = columns
    longest = int(delay.max(initial=0)) + 1
    if n_neurons**2 * longest >= 2**63:
        raise InputError(f"has {n_neurons} neurons with delays of {longest - 1} steps, too many")
    number = (pre * n_neurons + post) * longest + delay
    ordered = np.sort(number)
    if not np.any(ordered[1:] == ordered[:-1]):
        return columns, 0
    kept, place = np.unique(number, return_inverse=True)
    total = np.zeros(len(kept))
    np.add.at(total, place, weight)
    pair, delay = np.divmod(kept, longest)
    return [*np.divmod(pair, n_neurons), delay, total], len(number) - len(kept)


def _whole(values, name):
    if values.dtype.kind not in "iu":
        raise InputError(f"has a {name} that does not hold whole numbers")
    if values.size and int(values.max()) >= 2**62:
        raise InputError(f"has a {name} of {values.max()}")
    return values.astype(np.int64)
