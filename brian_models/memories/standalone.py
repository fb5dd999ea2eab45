"""Brian2 as a compiled C++ program: the device `cpp_standalone`.

The program depends on the number of neurons and the neuron model alone, so one that was compiled
once serves any memory and any cues of that size; see `projects`.
"""

import numpy as np
from brian2 import Clock, Network, second

from wmdelays.brian_models.devices.outputs import Outputs
from wmdelays.brian_models.devices.projects import Inputs, private_device, program_of
from wmdelays.brian_models.memories.expansion import neuron_group, synapse_group, synaptic_delays
from wmdelays.brian_models.memories.runtime import PREFIX, SCHEDULE, record
from wmdelays.brian_models.memories.script import connections
from wmdelays.brian_models.memories.stimulus import stimulus_objects
from wmdelays.brian_models.neurons.model import put_to_rest
from wmdelays.machine.temporary import temporary_folder, write_array


def simulate(memory, model, script, n, device, progress):
    """Play a script to a memory; see `runtime.simulate`."""
    with temporary_folder() as folder:
        progress("preparing", None)
        project = _Project(folder, model, memory.n_neurons, list(model.parameters(memory)))
        program = project.program.ready(progress)
        data = folder / "data"
        data.mkdir()
        for name, values in project.inputs(memory, model, script, n):
            write_array(data / name, values)
        progress("simulating", None)
        return project.record(program, memory.step / n)


def is_compiled(n_neurons, model, parameters):
    """Whether the program for a network of that size is in the cache."""
    with temporary_folder() as folder:
        return _Project(folder, model, n_neurons, parameters).program.is_cached()


class _Project:
    """The C++ project of an empty network of a given size.

    Parameters
    ----------
    folder : Path
        Where it is written.
    model : Brian2Neuron
    n_neurons : int
    parameters : list of str
        Names of the model's shared parameters.
    """

    def __init__(self, folder, model, n_neurons, parameters):
        self.folder = folder
        with private_device() as device:
            self._build(device, model, n_neurons, parameters)
        self.program = program_of(folder, PREFIX)

    def _build(self, device, model, n_neurons, parameters):
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
        for parameter in parameters:
            inputs.load(parameter, neurons, parameter)
        put_to_rest(neurons, model)
        vectors = [
            inputs.load_vector("pre", synapses, "_synaptic_pre"),
            inputs.load_vector("post", synapses, "_synaptic_post"),
            inputs.load_vector("weight", synapses, "w"),
            inputs.load_vector("delay", synapses.pre, "delay"),
        ]
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
        self.outputs.vectors(monitor, ("i", "t", "fires", "forced"))
        self.outputs.end()
        # At its end the program writes all arrays that are left into files.
        for vector in vectors:
            device.insert_code("before_end", f"brian::{vector} = {{}};")
        network.run(0 * second, namespace={})
        device.build(directory=str(self.folder), compile=False, run=False, with_output=False)

    def inputs(self, memory, model, script, n):
        """Names and contents of the files that the program reads."""
        dt = memory.step / n
        yield "dt", np.array([dt])
        yield "_duration", np.array([script.n_ticks * dt])
        for name, value in model.parameters(memory).items():
            yield name, np.atleast_1d(np.asarray(value, dtype=np.float64))
        yield "pre", memory.pre
        yield "post", memory.post
        yield "weight", memory.weight * float(model.unit_of_weights)
        yield "delay", synaptic_delays(memory, n)
        for verb, cells, neurons in connections(memory.n_neurons):
            yield f"{verb}_cells", cells
            yield f"{verb}_neurons", neurons
        yield "cells", script.cells.astype(np.int32)
        yield "ticks", script.ticks.astype(np.int32)

    def record(self, program, dt):
        """Run the program; what it recorded, see `runtime.simulate`."""
        recorded = self.outputs.of(program, self.folder)
        ticks = np.rint(recorded["t"] / dt).astype(np.int64)
        flags = (recorded[name].astype(bool) for name in ("fires", "forced"))
        return recorded["i"], ticks, *flags
