"""Brian2 as a compiled C++ program: the device `cpp_standalone`.

The program depends on the number of neurons and the neuron model alone, so one that was compiled
once serves any memory and any cues of that size; see `projects`.
"""

import tempfile
from pathlib import Path

import numpy as np
from brian2 import Clock, Network, second

from wmdelays.brian_models.expansion import neuron_group, synapse_group, synaptic_delays
from wmdelays.brian_models.projects import Inputs, private_device, program_of, run_program
from wmdelays.brian_models.runtime import PREFIX, SCHEDULE, record
from wmdelays.brian_models.stimulus import connections, stimulus_objects


def simulate(memory, model, script, n, device, progress):
    """Play a script to a memory; see `runtime.simulate`."""
    with tempfile.TemporaryDirectory(prefix="wmdelays-") as folder:
        progress("preparing", None)
        project = _Project(folder, model, memory.n_neurons, list(model.parameters(memory)))
        program = project.program.ready(progress)
        data = Path(folder) / "data"
        data.mkdir()
        for name, values in project.inputs(memory, model, script, n):
            values.tofile(data / name)
        progress("simulating", None)
        run_program(program, folder)
        return project.record(memory.step / n)


def is_compiled(n_neurons, model, parameters):
    """Whether the program for a network of that size is in the cache."""
    with tempfile.TemporaryDirectory(prefix="wmdelays-") as folder:
        return _Project(folder, model, n_neurons, parameters).program.is_cached()


class _Project:
    """The C++ project of an empty network of a given size.

    Parameters
    ----------
    folder : str
        Where it is written.
    model : NeuronModel
    n_neurons : int
    parameters : list of str
        Names of the model's shared parameters.
    """

    def __init__(self, folder, model, n_neurons, parameters):
        self.folder = Path(folder)
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
        # At its end the program writes all arrays that are left into files.
        for vector in vectors:
            device.insert_code("before_end", f"brian::{vector} = {{}};")
        network.run(0 * second, namespace={})
        device.build(directory=str(self.folder), compile=False, run=False, with_output=False)
        self._results = {
            name: (device.get_array_filename(variable), variable.dtype)
            for name, variable in monitor.variables.items()
            if name in ("i", "t", "fires")
        }

    def inputs(self, memory, model, script, n):
        """Names and contents of the files that the program reads."""
        dt = memory.step / n
        yield "dt", np.array([dt])
        yield "_duration", np.array([script.n_ticks * dt])
        for name, value in model.parameters(memory).items():
            yield name, np.array([float(value)])
        yield "pre", memory.pre
        yield "post", memory.post
        yield "weight", memory.weight
        yield "delay", synaptic_delays(memory, n)
        for verb, cells, neurons in connections(memory.n_neurons):
            yield f"{verb}_cells", cells
            yield f"{verb}_neurons", neurons
        yield "cells", script.cells.astype(np.int32)
        yield "ticks", script.ticks.astype(np.int32)

    def record(self, dt):
        """What the program recorded; see `runtime.simulate`."""
        i, t, fires = (
            np.fromfile(self.folder / "results" / file, dtype=dtype)
            for file, dtype in (self._results[name] for name in ("i", "t", "fires"))
        )
        return i, np.rint(t / dt).astype(np.int64), fires.astype(bool)
