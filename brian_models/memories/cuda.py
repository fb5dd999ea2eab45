"""Brian2 as a compiled CUDA program on a GPU: the device `cuda_standalone`, by Brian2CUDA.

Sizes and values are part of the program, but in a few of its files only; see
`wmdelays.brian_models.devices.cuda_programs`. Synapses and cues are read from files.
"""

import numpy as np
from brian2 import Network, second

from wmdelays.brian_models.devices.cuda import check_cuda
from wmdelays.brian_models.devices.cuda_programs import CudaProgram, private_device
from wmdelays.brian_models.devices.outputs import why_stopped
from wmdelays.brian_models.devices.session import in_any_order
from wmdelays.brian_models.memories.expansion import neuron_group, synapse_group
from wmdelays.brian_models.memories.runtime import PREFIX, SCHEDULE, causes, record
from wmdelays.brian_models.memories.stimulus import fill, stimulus_objects
from wmdelays.brian_models.neurons.model import put_to_rest
from wmdelays.errors import InputError
from wmdelays.machine.processes import Job
from wmdelays.machine.temporary import full_disk, is_full, temporary_folder


def simulate(network, script, device, progress, workers=None):
    """Play a script to a network; see `runtime.simulate`."""
    cuda = check_cuda()
    with temporary_folder() as folder:
        progress("preparing", None)
        project = Project(folder, network, script, cuda)
        program = project.program.ready(progress)
        progress("simulating", None)
        return project.record(program)


class Project:
    """The CUDA project of a network and a script.

    Parameters
    ----------
    folder : Path
        Where it is written.
    network : Brian2Network
    script : Script
    cuda : Cuda
        What it is compiled with.
    """

    def __init__(self, folder, network, script, cuda):
        self.folder, self.dt = folder, network.dt
        with private_device(cuda) as device, in_any_order():
            self._build(device, network, script)
        self.program = CudaProgram(folder, PREFIX, cuda)

    def _build(self, device, network, script):
        model, memory = network.model, network.memory
        # Generated code names the default clock, which is written only if something runs on it.
        clock = device.defaultclock
        clock.dt = network.dt * second
        neurons = neuron_group(model, memory.n_neurons, clock, PREFIX)
        synapses = synapse_group(model, neurons, PREFIX)
        for parameter, value in model.parameters(memory).items():
            setattr(neurons, parameter, value)
        put_to_rest(neurons, model)
        pre, post, weight, ticks = wiring(network)
        synapses.connect(i=pre, j=post)
        synapses.w = weight * model.unit_of_weights
        synapses.delay = (ticks - 1) * network.dt * second
        stimulus = stimulus_objects(model, neurons, PREFIX, script.loses)
        fill(stimulus, script)
        monitor = _in_order(record(neurons))
        objects = Network(neurons, synapses, *stimulus, monitor, name=f"{PREFIX}_network")
        objects.schedule = SCHEDULE
        objects.run(script.n_ticks * network.dt * second, namespace={})
        self._files = {
            name: (
                device.get_array_filename(monitor.variables[name]),
                monitor.variables[name].dtype,
            )
            for name in ("N", "i", "t", "cause")
        }
        device.build(directory=str(self.folder), compile=False, run=False, with_output=False)

    def record(self, program):
        """Run the program; what it recorded, see `runtime.simulate`."""
        results = self.folder / "results"
        # nvidia-smi, which was asked for the GPU, numbers them in that order.
        order = "CUDA_DEVICE_ORDER=PCI_BUS_ID"
        command = ["env", order, program, "--results_dir", f"{results}/"]
        status, said, errors = Job(command, self.folder).finish()
        # What a kernel misses is said, and the program goes on.
        faults = [line for line in said.splitlines() if line.startswith("ERROR")]
        if status or faults:
            stopped = why_stopped(status, "\n".join((*faults, errors.strip())).strip(), self.folder)
            if isinstance(stopped, InputError):
                raise stopped
            # A driver that is too old, a GPU that is too small.
            raise InputError(f"{stopped}; the device cpp_standalone needs no GPU")
        return self.read(results)

    def read(self, results):
        """What the program has recorded, in the order of ticks and neurons.

        Raises
        ------
        InputError
            If it is not whole.
        """
        recorded = {}
        try:
            for name, (file, dtype) in self._files.items():
                recorded[name] = np.frombuffer((results / file).read_bytes(), dtype)
            (n,) = recorded.pop("N")
        except (OSError, ValueError):
            n = -1
        if any(len(one) != n for one in recorded.values()):
            if is_full(self.folder):
                raise full_disk(self.folder)
            raise InputError(
                f"what the compiled simulation wrote to {results} is not whole; was anything removed"
                " from there? Try again"
            )
        ticks = np.rint(recorded["t"] / self.dt).astype(np.int64)
        # Within a tick spikes come in any order.
        order = np.lexsort((recorded["i"], ticks))
        return recorded["i"][order], ticks[order], *causes(recorded["cause"][order])


def wiring(network):
    """The synapses of a network as Brian2CUDA needs them.

    Where all delays are the same it takes a shorter way on which spikes arrive a tick early, and
    where there are no synapses it reads the delay of the first. One or two synapses of weight zero, with other
    delays, keep it from both.

    Parameters
    ----------
    network : Brian2Network

    Returns
    -------
    pre, post : int arrays, shape (n,)
    weight : float array, shape (n,)
        Without a unit.
    ticks : int array, shape (n,)
        Delays.
    """
    memory, ticks = network.memory, network.delays
    spare = []
    if not ticks.size:
        spare = [1, 2]
    elif np.all(ticks == ticks[0]):
        spare = [ticks[0] + 1]
    none = np.zeros(len(spare), np.int32)
    return (
        np.concatenate((memory.pre, none)),
        np.concatenate((memory.post, none)),
        np.concatenate((memory.weight, none)),
        np.concatenate((ticks, np.array(spare, ticks.dtype))),
    )


def _in_order(monitor):
    """The monitor, whose variables Brian2 keeps in a set: the files would differ from process to process."""
    variables = monitor.template_kwds["record_variables"]
    monitor.template_kwds["record_variables"] = dict(sorted(variables.items()))
    return monitor
