"""Brian2 as a compiled C++ program: the device `cpp_standalone`.

Brian2 writes the values of a network into the program: its sizes, parameters and spikes. Here it
writes an empty network instead, and the program reads all of that from files when it starts. The
program then depends on the number of neurons and the neuron model alone, so one that was compiled
once serves any memory and any cues of that size.
"""

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from brian2 import Clock, Network, second
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import get_device, reset_device, set_device

from wmdelays.brian_models.expansion import neuron_group, synapse_group, synaptic_delays
from wmdelays.brian_models.programs import Program
from wmdelays.brian_models.runtime import PREFIX, SCHEDULE, record, settings
from wmdelays.brian_models.stimulus import connections, stimulus_objects

_READ = """
auto _read = [](auto *values, size_t n, std::ifstream &file, const char *name) {
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values), n * sizeof(*values));
    if (!file) { std::cerr << "cannot read " << name << std::endl; std::exit(1); }
};
auto _size = [](std::ifstream &file) { file.seekg(0, std::ios::end); return (size_t) file.tellg(); };
double _duration = 0;
"""
_HOT = ("network.cpp",)


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
        _run(program, folder)
        return project.record(memory.step / n)


def is_compiled(n_neurons, model, parameters):
    """Whether the program for a network of that size is in the cache."""
    with tempfile.TemporaryDirectory(prefix="wmdelays-") as folder:
        return _Project(folder, model, n_neurons, parameters).program.is_cached()


def _run(program, folder):
    results = os.path.join(folder, "results", "")
    done = subprocess.run(
        [str(program), "--results_dir", results], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
        raise RuntimeError(f"the compiled simulation stopped: {reason}")


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
        with _device() as device:
            self._build(device, model, n_neurons, parameters)
        _name_alike(self.folder)
        self.program = Program(folder, *_translation_units(self.folder))

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

        def array(owner, variable):
            return device.get_array_name(owner.variables[variable], access_data=False)

        def load(name, target, size):
            # Sizes come from the files, so that they are not part of the program.
            device.insert_code(
                "main",
                f"""{{ std::ifstream file("data/{name}", std::ios::binary);
                size_t n = _size(file) / sizeof({target}[0]);
                {size} _read(&{target}[0], n, file, "{name}"); }}""",
            )

        def load_array(name, owner, variable):
            load(name, array(owner, variable), "")

        def load_vector(name, owner, variable):
            target = array(owner, variable)
            load(name, target, f"{target}.resize(n); if (n)")
            vectors.append(target)

        vectors = []
        device.insert_code("main", _READ)
        device.insert_code(
            "main",
            """{ std::ifstream file("data/duration", std::ios::binary);
            _read(&_duration, 1, file, "duration"); }""",
        )
        load_array("dt", clock, "dt")
        for parameter in parameters:
            load_array(parameter, neurons, parameter)
        load_vector("pre", synapses, "_synaptic_pre")
        load_vector("post", synapses, "_synaptic_post")
        load_vector("weight", synapses, "w")
        load_vector("delay", synapses.pre, "delay")
        for verb, one in stimulus.pathways.items():
            load_vector(f"{verb}_cells", one, "_synaptic_pre")
            load_vector(f"{verb}_neurons", one, "_synaptic_post")
        # Needed once, to fill the queue of spikes; together a third of the memory used.
        for spent in (array(synapses, "_synaptic_pre"), array(synapses.pre, "delay")):
            device.insert_code("before_network_run", f"{spent} = {{}};")
        load_vector("cells", stimulus.generator, "neuron_index")
        load_vector("ticks", stimulus.generator, "_timebins")
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
        yield "duration", np.array([script.n_ticks * dt])
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


@contextmanager
def _device():
    """A standalone device of our own, active for a while.

    Brian2 has one that all users share, and a user may still be reading results from it.
    """
    device = CPPStandaloneDevice()
    with settings({"devices.cpp_standalone.openmp_threads": 0}):
        set_device(device, build_on_run=False)
        try:
            yield device
        finally:
            reset_device()
            assert get_device() is not device


def _name_alike(folder):
    """Take the counters out of the names in a project.

    Brian2 numbers the code objects that are alive in the process, so that the same network would
    become another program each time.
    """
    numbered = re.compile(rf"({PREFIX}\w*_codeobject)_\d+")
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".h")):
        path.write_text(numbered.sub(r"\1", path.read_text()))
        path.rename(path.with_name(numbered.sub(r"\1", path.stem) + path.suffix))


def _translation_units(folder):
    """Gather the project's many files into two translation units.

    Most of the time that a C++ compiler takes for a file goes into the headers, which are
    the same for all of them.

    Returns
    -------
    cold, hot : list of str
        The files that are to be compiled.
    """
    code_objects = sorted((folder / "code_objects").glob("*.cpp"))
    hot = [f"#include <{header}>" for header in _HEADERS]
    hot += ['#include "objects.h"', '#include "brianlib/common_math.h"']
    functions = []
    for k, path in enumerate(code_objects):
        # Each file has helper functions of the same names; namespaces keep them apart.
        hot.append(f'namespace unit_{k} {{\n#include "code_objects/{path.name}"\n}}')
        block = path.stem.startswith(("before_run_", "after_run_"))
        function = f"_{path.stem}" if block else f"_run_{path.stem}"
        functions.append(f"void {function}() {{ unit_{k}::{function}(); }}")
    hot += functions + [f'#include "{name}"' for name in _HOT]
    # Brian2 2.10 keeps the queue of spikes in a file of its own there.
    hot += [
        f'#include "brianlib/{path.name}"' for path in sorted((folder / "brianlib").glob("*.cpp"))
    ]
    (folder / "hot.cpp").write_text("\n".join(hot) + "\n")
    others = sorted(
        path.name for path in folder.glob("*.cpp") if path.name not in (*_HOT, "hot.cpp")
    )
    (folder / "cold.cpp").write_text("\n".join(f'#include "{name}"' for name in others) + "\n")
    return ["cold.cpp"], ["hot.cpp"]


# All standard headers that Brian2's files use: included before the namespaces are opened, they do
# not end up inside one.
_HEADERS = (
    "algorithm", "cassert", "climits", "cmath", "csignal", "cstdint", "cstdlib", "cstring", "ctime",
    "fstream", "iostream", "iterator", "map", "random", "set", "string", "tuple", "utility", "vector",
)  # fmt: skip
