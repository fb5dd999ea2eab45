"""Brian2 as a compiled C++ program: the device `cpp_standalone`.

The program depends on the number of neurons and the neuron model alone, so one that was compiled
once serves any memory and any cues of that size; see `projects`.
"""

import numpy as np
from brian2 import Clock, Network, second

from wmdelays.brian_models.devices.outputs import Outputs
from wmdelays.brian_models.devices.projects import Inputs, private_device, program_of
from wmdelays.brian_models.devices.session import in_any_order
from wmdelays.brian_models.memories.expansion import neuron_group, synapse_group
from wmdelays.brian_models.memories.runtime import PREFIX, SCHEDULE, causes, record
from wmdelays.brian_models.memories.script import connections
from wmdelays.brian_models.memories.stimulus import stimulus_objects
from wmdelays.brian_models.neurons.model import put_to_rest
from wmdelays.machine.free_memory import how_many
from wmdelays.machine.processors import n_processors, said_threads
from wmdelays.machine.temporary import temporary_folder, write_array

# Bytes that a program takes for each synapse, and itself.
_OF_A_SYNAPSE, _OF_A_PROGRAM = 48, 20_000_000
# Ticks of a neuron that a program should have to simulate, or its start is not worth it: at least so many,
# and so many for each synapse that it reads.
_LEAST, _LEAST_OF_A_SYNAPSE = 50_000_000, 10


def simulate(network, script, device, progress, workers=None):
    """Play a script to a network; see `runtime.simulate`."""
    with temporary_folder() as folder:
        progress("preparing", None)
        project = _Project(folder, network)
        program = project.program.ready(progress)
        shared = folder / "data"
        shared.mkdir()
        for name, values in _inputs(network, project.sizes):
            write_array(shared / name, values)
        folders, shifts = [], []
        for part, shift in script.parts(_n_programs(network, script, workers)):
            folders.append(folder / f"part_{len(shifts)}")
            shifts.append(shift)
            data = folders[-1] / "data"
            data.mkdir(parents=True)
            (folders[-1] / "results").mkdir()
            for path in shared.iterdir():
                (data / path.name).symlink_to(path)
            for name, values in _inputs_of(part, network.dt):
                write_array(data / name, values)
        progress("simulating" + f" in {len(folders)} programs" * (len(folders) > 1), None)
        return project.record(program, folders, shifts, network.dt)


def _n_programs(network, script, workers):
    """How many programs are to share the trials of a script."""
    if network.one_by_one:
        return 1
    n_synapses = network.memory.n_synapses
    least = max(_LEAST, _LEAST_OF_A_SYNAPSE * n_synapses)
    worth = script.n_ticks * network.memory.n_neurons // least
    most = workers or said_threads() or n_processors()
    most = max(1, min(most, len(script.starts), worth))
    return how_many(_OF_A_PROGRAM + _OF_A_SYNAPSE * n_synapses, most)


def is_compiled(network):
    """Whether the program for networks of that size and kind is in the cache."""
    with temporary_folder() as folder:
        return _Project(folder, network).program.is_cached()


class _Project:
    """The C++ project of an empty network of a given size.

    Parameters
    ----------
    folder : Path
        Where it is written.
    network : Brian2Network
        One of that size and kind.
    """

    def __init__(self, folder, network):
        self.folder = folder
        with private_device() as device, in_any_order():
            self._build(device, network)
        self.program = program_of(folder, PREFIX)

    def _build(self, device, kind):
        model, n_neurons = kind.model, kind.memory.n_neurons
        clock = Clock(dt=1e-3 * second, name=f"{PREFIX}_clock")
        neurons = neuron_group(model, n_neurons, clock, PREFIX)
        synapses = synapse_group(model, neurons, PREFIX)
        stimulus = stimulus_objects(model, neurons, PREFIX)
        monitor = record(neurons)
        synapses.connect(False)
        for one in stimulus.pathways.values():
            one.connect(False)
        network = Network(neurons, synapses, *stimulus, monitor, name=f"{PREFIX}_network")
        network.schedule = SCHEDULE

        inputs = Inputs(device)
        inputs.number("_duration")
        inputs.load("dt", clock, "dt")
        if kind.seed is not None:
            inputs.number("_seed", "long")
            inputs.insert("brian::_random_generators[0].seed(_seed);")
        self.sizes = {}
        for parameter in model.parameters(kind.memory):
            inputs.load(parameter, neurons, parameter)
            self.sizes[parameter] = neurons.variables[parameter].size
        put_to_rest(neurons, model)
        vectors = [
            inputs.load_vector("pre", synapses, "_synaptic_pre"),
            inputs.load_vector("post", synapses, "_synaptic_post"),
            inputs.load_vector("weight", synapses, "w"),
            inputs.load_vector("delay", synapses.pre, "delay"),
        ]
        if kind.late is not None:
            vectors.append(inputs.load_vector("late", synapses, "late"))
        # Needed once, to fill the queue of spikes; together a third of the memory used.
        for spent in (vectors[0], vectors[3]):
            device.insert_code("before_network_run", f"{spent} = {{}};")
        for verb, one in stimulus.pathways.items():
            vectors.append(inputs.load_vector(f"{verb}_cells", one, "_synaptic_pre"))
            vectors.append(inputs.load_vector(f"{verb}_neurons", one, "_synaptic_post"))
        vectors.append(inputs.load_vector("cells", stimulus.generator, "neuron_index"))
        vectors.append(inputs.load_vector("ticks", stimulus.generator, "_timebins"))
        # Brian2 writes the duration of a run into the program. It writes zero here, and the
        # program then runs for as long as it was told to.
        device.insert_code("after_network_run", f"{network.name}.run(_duration, NULL, 1e9);")
        self.outputs = Outputs(device)
        self.outputs.vectors(monitor, ("i", "t", "cause"))
        self.outputs.end()
        # At its end the program writes all arrays that are left into files.
        for vector in vectors:
            device.insert_code("before_end", f"brian::{vector} = {{}};")
        network.run(0 * second, namespace={})
        device.build(directory=str(self.folder), compile=False, run=False, with_output=False)

    def record(self, program, folders, shifts, dt):
        """Run the program in each folder; what all recorded, see `runtime.simulate`."""
        parts = self.outputs.of(program, *folders)
        ticks = [np.rint(one["t"] / dt).astype(np.int64) + by for one, by in zip(parts, shifts)]
        neurons, cause = (np.concatenate([one[name] for one in parts]) for name in ("i", "cause"))
        return neurons, np.concatenate(ticks), *causes(cause)


def _inputs(network, sizes):
    """Names and contents of files that the program reads; `sizes` are those of parameters."""
    memory, model = network.memory, network.model
    yield "dt", np.array([network.dt])
    if network.seed is not None:
        yield "_seed", np.array([network.seed], np.int64)
    for name, value in model.parameters(memory).items():
        # One value may be that of all neurons.
        yield name, np.broadcast_to(np.asarray(value, dtype=np.float64), sizes[name])
    yield "pre", memory.pre
    yield "post", memory.post
    yield "weight", memory.weight * float(model.unit_of_weights)
    yield "delay", network.seconds
    if network.late is not None:
        yield "late", network.late.astype(np.float64)
    for verb, cells, neurons in connections(memory.n_neurons):
        yield f"{verb}_cells", cells
        yield f"{verb}_neurons", neurons


def _inputs_of(script, dt):
    """The same of those files that differ with the script."""
    yield "_duration", np.array([script.n_ticks * dt])
    yield "cells", script.cells.astype(np.int32)
    yield "ticks", script.ticks.astype(np.int32)
