"""A memory and its cue as a complete SONATA circuit, which NEST and BMTK simulate as it is.

References
----------
SONATA, the file format for networks and spikes: github.com/AllenInstitute/sonata. K. Dai et al., The SONATA
data format for efficient description of large-scale network models, PLoS Comput. Biol. 16, 2020.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.exports.description import Description, write_description
from wmdelays.files.exports.new_folder import new_folder
from wmdelays.files.exports.stimulus import (
    check_mapped,
    step_in_ms,
)
from wmdelays.files.hdf5_tree import member_group, read_tree
from wmdelays.files.output import hdf5_written
from wmdelays.files.sonata import (
    read_spikes,
    write_edges,
    write_magic,
    write_nodes,
    write_spikes,
)
from wmdelays.neurons.lif import time_constant

if TYPE_CHECKING:
    from wmdelays.files.exports.stimulus import Stimulus
    from wmdelays.memory import Memory
    from wmdelays.raster import Raster

CIRCUIT, SIMULATION = "circuit_config.json", "simulation_config.json"
PATTERNS = "stored_patterns.h5"
# Steps after which a neuron that is forced in a step sends its spike: one from the generator, one more
# since NEST stamps a spike with the end of its step.
LATE = 2
_BASE = "$BASE_DIR"
_SEED = 1


def write_sonata(folder: str | Path, shown: Stimulus) -> None:
    """Write a memory and inputs that cue some of its patterns as a SONATA circuit into a new folder.

    Parameters
    ----------
    folder : str or Path
    shown : Stimulus
        The memory, of neurons in discrete time that reset to zero by emitted spikes, and its inputs.

    Raises
    ------
    InputError
        If the folder is there already or cannot be written, or the memory cannot be mapped.
    """
    memory = shown.memory
    check_sonata(memory)
    step_ms = step_in_ms(memory)
    with new_folder(folder) as place:
        for name in ("network", "components/cell_models", "components/synaptic_models", "inputs"):
            (place / name).mkdir(parents=True)
        _write_neurons(place, memory, step_ms)
        _write_inputs(place, shown, step_ms)
        _write_configs(place, shown, step_ms)
        _write_patterns(place / PATTERNS, memory, step_ms)
        write_description(place, memory, "sonata")
        (place / "README.md").write_text(_readme(shown, step_ms))


def check_sonata(memory: Memory) -> None:
    """Raise an InputError unless a memory can be a circuit of NEST's neurons."""
    check_mapped(memory, "SONATA with NEST's iaf_psc_delta")


def read_stored_patterns(folder: Path, said: Description, step: float) -> tuple[Raster, ...]:
    """The patterns that were stored beside a circuit, checked.

    Parameters
    ----------
    folder : Path
    said : Description
        What the memory is.
    step : float
        How long the circuit calls a step, in seconds.
    """
    path = folder / PATTERNS
    if not said.n_patterns:
        return ()
    try:
        if not path.is_file():
            raise InputError("is not there")
        tree = read_tree(path, tuple(f"spikes/*/{name}" for name in ("timestamps", "node_ids")))
        spikes = member_group(tree, "spikes")
        if len(spikes.members) != said.n_patterns:
            raise InputError(f"has {len(spikes.members)} patterns of {said.n_patterns}")
        patterns = []
        for k in range(said.n_patterns):
            name = f"pattern_{k:04d}"
            neurons, steps = read_spikes(member_group(spikes, name), name, said.n_neurons, step)
            patterns.append(said.pattern(neurons, steps * said.step_s))
    except InputError as error:
        raise InputError(f"{PATTERNS}: {error}") from None
    return tuple(patterns)


def _write_neurons(place, memory, step_ms):
    values = np.stack([memory.each("beta"), memory.each("theta")], 1)
    kinds, kind_of = np.unique(values, axis=0, return_inverse=True)
    rows = []
    for k, (beta, theta) in enumerate(kinds.tolist()):
        name = "lif.json" if len(kinds) == 1 else f"lif_{k}.json"
        parameters = {
            "V_th": theta,
            "tau_m": float(time_constant(beta, step_ms)),
            # The rest is what makes iaf_psc_delta eq. 1: 0 at rest, no pause, no current.
            **{"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": 0.0, "C_m": 1.0, "I_e": 0.0},
        }
        _write_json(place / "components/cell_models" / name, parameters)
        # tau_m is rounded; beta says exactly what it was.
        rows.append((k, "point_neuron", "nest:iaf_psc_delta", name, "neurons", repr(beta)))
    header = "node_type_id model_type model_template dynamics_params pop_name beta"
    _write_table(place / "network/neurons_node_types.csv", header, rows)
    latent = (np.arange(memory.n_neurons) >= memory.n_recorded).astype(np.uint8)
    with hdf5_written(place / "network/neurons_nodes.h5") as file:
        own = {"latent": latent} if memory.n_latent else {}
        write_nodes(file, memory.n_neurons, kind_of.reshape(-1).astype(np.int64), own)
    synapses = memory.pre, memory.post, memory.weight, memory.delay
    _write_synapses(place, "neurons", *synapses, step_ms)
    _write_json(place / "components/synaptic_models/static.json", {})


def _write_inputs(place, shown, step_ms):
    rows = [(0, "virtual", "cue")]
    _write_table(place / "network/cue_node_types.csv", "node_type_id model_type pop_name", rows)
    with hdf5_written(place / "network/cue_nodes.h5") as file:
        write_nodes(file, shown.n_inputs, population="cue")
    source, post, delay, weight = shown.synapses
    _write_synapses(place, "cue", source, post, weight, delay, step_ms)
    steps, inputs = shown.spikes
    with hdf5_written(place / "inputs/cue.h5") as file:
        write_magic(file)
        # NEST takes no spike at 0. It puts one to the first step k of which k * step_ms, rounded as this
        # product is, is not below its time; so that is its time.
        write_spikes(file.create_group("spikes/cue"), inputs, (steps + 1) * step_ms)


def _write_synapses(place, source, pre, post, weight, delay, step_ms):
    header = "edge_type_id target_query source_query model_template dynamics_params"
    rows = [(0, "NULL", "NULL", "static_synapse", "static.json")]
    _write_table(place / f"network/{source}_edge_types.csv", header, rows)
    with hdf5_written(place / f"network/{source}_edges.h5") as file:
        write_magic(file)
        write_edges(file, pre, post, weight, delay, step_ms, source)


def _write_patterns(path, memory, step_ms):
    with hdf5_written(path) as file:
        write_magic(file)
        file.create_group("spikes")
        for k, pattern in enumerate(memory.patterns):
            group = file.create_group(f"spikes/pattern_{k:04d}")
            write_spikes(group, pattern.neurons, pattern.steps(memory.step) * step_ms)


def _write_configs(place, shown, step_ms):
    memory = shown.memory
    nodes = [
        _of_nodes("neurons", "point_neuron"),
        _of_nodes("cue", "virtual"),
    ]
    edges = [_of_edges("neurons", "chemical"), _of_edges("cue", "chemical")]
    _write_json(
        place / CIRCUIT,
        {
            "version": 2,
            "manifest": {_BASE: "."},
            "node_sets_file": f"{_BASE}/node_sets.json",
            "components": {
                "point_neuron_models_dir": f"{_BASE}/components/cell_models",
                "synaptic_models_dir": f"{_BASE}/components/synaptic_models",
            },
            "networks": {"nodes": nodes, "edges": edges},
        },
    )
    _write_json(
        place / SIMULATION,
        {
            "manifest": {_BASE: ".", "$OUTPUT_DIR": f"{_BASE}/output"},
            "target_simulator": "NEST",
            "network": f"{_BASE}/{CIRCUIT}",
            "node_sets_file": f"{_BASE}/node_sets.json",
            "run": {
                # The stamp of the last step, n_all_steps - 1: NEST simulates up to tstop and with it,
                # so a spike stamped just then is emitted, and none of the step behind.
                "tstop": (shown.n_all_steps - 1 + LATE) * step_ms,
                "dt": step_ms,
                "random_seed": _SEED,
            },
            "inputs": {
                "cue": {
                    "input_type": "spikes",
                    "module": "sonata",
                    "input_file": f"{_BASE}/inputs/cue.h5",
                    "node_set": "cue",
                }
            },
            "output": {
                "output_dir": "$OUTPUT_DIR",
                "log_file": "log.txt",
                "spikes_file": "spikes.h5",
                "spikes_sort_order": "time",
            },
        },
    )
    recorded = list(range(memory.n_recorded))
    sets = {
        "neurons": {"population": "neurons"},
        "cue": {"population": "cue"},
        "recorded": {"population": "neurons", "node_id": recorded},
    }
    if memory.n_latent:
        latent = list(range(memory.n_recorded, memory.n_neurons))
        sets["latent"] = {"population": "neurons", "node_id": latent}
    _write_json(place / "node_sets.json", sets)


def _of_nodes(population, kind):
    return {
        "nodes_file": f"{_BASE}/network/{population}_nodes.h5",
        "node_types_file": f"{_BASE}/network/{population}_node_types.csv",
        "populations": {population: {"type": kind}},
    }


def _of_edges(source, kind):
    return {
        "edges_file": f"{_BASE}/network/{source}_edges.h5",
        "edge_types_file": f"{_BASE}/network/{source}_edge_types.csv",
        "populations": {f"{source}_to_neurons": {"type": kind}},
    }


def _write_json(path, values):
    path.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")


def _write_table(path, header, rows):
    """A table as SONATA has it: with a space between columns."""
    lines = [header, *(" ".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def _readme(shown, step_ms):
    memory = shown.memory
    called = ""
    if not math.isclose(step_ms, memory.step * 1e3):
        called = f"""
The memory's steps are {memory.step * 1e3:.6g} ms long, which is no whole number of microseconds; here one is
called 1 ms, which changes no spike."""
    held = ""
    if shown.n_held:
        held = f"""
Spikes that it would emit on its own meanwhile ({shown.n_held}) are held back by further nodes of `cue`: by a
large negative weight, of which a second synapse gives back a step later what is left."""
    onsets = "\n".join(
        f"- pattern {k}: its step t is at t * {step_ms:g} ms + {(onset + LATE) * step_ms:g} ms"
        for k, onset in zip(shown.patterns, shown.onsets)
    )
    return f"""# A memory of wmdelays as a SONATA circuit

{memory.n_neurons} neurons (NEST's iaf_psc_delta), {memory.n_synapses} synapses with delays of 1 to
{memory.n_delays} steps of {step_ms:g} ms.{called}

The virtual population `cue` makes neurons fire, as its spikes in `inputs/cue.h5` say.{held}
What the network emits has these times in NEST and BMTK:

{onsets}

`stored_patterns.h5` has the spikes of all stored patterns, in ms from their beginning. Weights are in
units of the threshold's scale, which NEST calls mV.

BMTK (pip install bmtk nest-simulator):

    from bmtk.simulator import pointnet
    config = pointnet.Config.from_json("simulation_config.json")
    config.build_env()
    network = pointnet.PointNetwork.from_config(config)
    pointnet.PointSimulator.from_config(config, network).run()  # output/spikes.h5

NEST that was built with HDF5:

    import nest
    network = nest.SonataNetwork("circuit_config.json", "simulation_config.json")
    populations = network.BuildNetwork()
    recorder = nest.Create("spike_recorder")
    nest.Connect(populations["neurons"], recorder)
    network.Simulate()
"""
