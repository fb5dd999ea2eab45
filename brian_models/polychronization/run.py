"""Running the polychronization network on Brian2's devices, from one state to the next."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from brian2 import NetworkOperation, second
from brian2.devices.device import RuntimeDevice, get_device

from wmdelays.brian_models.devices.names import IN_STRETCHES
from wmdelays.brian_models.devices.outputs import Outputs
from wmdelays.brian_models.devices.projects import Inputs, private_device, program_of
from wmdelays.brian_models.devices.session import in_python, settings
from wmdelays.brian_models.polychronization.network import PREFIX, build, random_input
from wmdelays.errors import InputError
from wmdelays.machine.compiler import compiler
from wmdelays.machine.temporary import temporary_folder, write_array
from wmdelays.polychrony.network_state import NetworkState, with_excitatory

# Milliseconds count from 0 for users and from 1 in Brian2, see `Parts.clock`.
_MS = 1e-3
_TICKS = 1000
# Brian2 would take sums in another order than they are written.
_AS_WRITTEN = {"codegen.loop_invariant_optimisations": False}
_MEMBRANE = ("v", "u", "depression")
_LEARNING = ("weight", "derivative", "arrived")


class NetworkSimulation:
    """The simulation of a network; a context, since a compiled program needs a folder.

    Parameters
    ----------
    network : DelayNetwork
        Its excitatory neurons come first. Its weights do not count, those of a state do.
    seed : int
        Decides the random input.
    device : str
        Where Brian2 runs: one of `DEVICES` but ``cuda_standalone``.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Raises
    ------
    InputError
        If the device is unknown or cannot be used here.

    Examples
    --------
    >>> from wmdelays.brian_models import wire
    >>> from wmdelays.polychrony.network_state import initial_state
    >>> network = wire(seed=1)
    >>> with NetworkSimulation(network, seed=1, device="numpy") as simulation:
    ...     state, neurons, times_ms = simulation.run(initial_state(network), seconds=1)
    """

    def __init__(self, network, seed=0, device="cpp_standalone", progress=None):
        check_device(device)
        if np.any(np.diff(network.excitatory.astype(int)) > 0):
            raise InputError("the excitatory neurons have to come first")
        self.network, self.seed = network, seed
        if device == "cpp_standalone":
            self._device = _Standalone(network, progress or (lambda stage, part: None))
        else:
            self._device = _Runtime(network, device)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._device.close(*error)

    def run(self, state, seconds):
        """Go on from a state.

        Parameters
        ----------
        state : NetworkState
        seconds : int

        Returns
        -------
        state : NetworkState
        neurons, times_ms : int arrays, shape (n_spikes,)
            The spikes of these seconds, in the order of time and neuron; times in ms from the
            start of the first simulation.
        """
        values = self._device.run(_inputs(state, seconds, self.seed), state.seconds, seconds)
        return _outcome(state, seconds, values)


def check_device(device: str) -> None:
    """Raise an InputError unless the network can be simulated on this device."""
    if device not in IN_STRETCHES:
        raise InputError(f"there is no device {device!r}; there is {', '.join(IN_STRETCHES)}")
    if device != "numpy" and compiler() is None:
        raise InputError(f"{device} needs a C++ compiler and none was found; take numpy")
    if not isinstance(get_device(), RuntimeDevice):
        raise InputError("Brian2 is in standalone mode; call brian2.set_device('runtime') first")


def _parts(network):
    n_excitatory = network.n_excitatory
    return build(n_excitatory, network.n_neurons - n_excitatory, network.max_weight)


def _inputs(state, seconds, seed):
    """What the network is given, by name."""
    network, plastic = state.network, state.excitatory
    excitatory = network.excitatory
    tick = state.seconds * _TICKS
    neurons, times = state.spikes
    targets = [random_input(seed, state.seconds + k, network.n_neurons) for k in range(seconds)]
    values = {
        # Fast spiking interneurons recover sooner and adapt less.
        "a": np.where(excitatory, 0.02, 0.1),
        "d": np.where(excitatory, 8.0, 2.0),
        "v": state.v,
        "u": state.u,
        "depression": state.depression,
        "weight": network.weight[plastic],
        "derivative": state.derivative,
        "arrived": (state.arrived_ms + 1) * _MS,
        "cells": np.concatenate(targets).astype(np.int32),
        "ticks": np.arange(tick + 1, tick + 1 + seconds * _TICKS, dtype=np.int32),
        "replayed": neurons.astype(np.int32),
        "replayed_ticks": (times + 1).astype(np.int32),
        "inhibition_weight": network.weight[~plastic],
    }
    for name, chosen, first in (
        ("excitation", plastic, 0),
        ("inhibition", ~plastic, network.n_excitatory),
    ):
        values[f"{name}_pre"] = (network.pre[chosen]).astype(np.int32)
        values[f"{name}_post"] = network.post[chosen].astype(np.int32)
        # A spike is handed over in the millisecond in which it is emitted, and acts in it.
        values[f"{name}_delay"] = (network.delay_ms[chosen] - 1) * _MS
    return values


def _outcome(state, seconds, values):
    """The new state, and the spikes, from what the network holds now."""
    network = state.network
    neurons, times = np.asarray(values["i"], np.int64), np.rint(values["t"] / _MS).astype(np.int64)
    times -= 1
    new = times >= state.seconds * _TICKS
    neurons, times = neurons[new], times[new]
    end = (state.seconds + seconds) * _TICKS
    late = times >= end - network.max_delay_ms
    now = NetworkState(
        seconds=state.seconds + seconds,
        network=with_excitatory(network, values["weight"]),
        **{name: np.array(values[name]) for name in (*_MEMBRANE, "derivative")},
        arrived_ms=np.rint(np.asarray(values["arrived"]) / _MS).astype(np.int64) - 1,
        spikes=(neurons[late], times[late]),
    )
    return now, neurons, times


# Brian2 cannot save the spikes that are under way in its queues. Here they get there again in the
# way they did at first: before a simulation goes on, the network replays the last spikes, every
# neuron being made to fire when it did. Whatever else that does to the network is undone when the
# state is loaded, which comes after it.


class _Runtime:
    """The devices that run in Python."""

    def __init__(self, network, device):
        self.network, self.device = network, device

    def close(self, *error):
        pass

    def run(self, values, start, seconds):
        n_excitatory = self.network.n_excitatory
        with in_python(self.device, _AS_WRITTEN):
            parts = _parts(self.network)
            parts.neurons.a, parts.neurons.d = values["a"], values["d"]
            for name, first in (("excitation", 0), ("inhibition", n_excitatory)):
                synapses = getattr(parts, name)
                if len(values[f"{name}_pre"]):
                    synapses.connect(i=values[f"{name}_pre"] - first, j=values[f"{name}_post"])
                    synapses.pre.delay = values[f"{name}_delay"] * second
                else:
                    synapses.connect(False)
            parts.inhibition.weight = values["inhibition_weight"]
            parts.stimulation.connect(j="i")
            parts.generator.set_spikes(values["cells"], values["ticks"] * _MS * second, sorted=True)

            def replay():
                now = values["replayed_ticks"] == parts.clock.timestep
                parts.neurons.v = -65
                parts.neurons.v[values["replayed"][now]] = 30

            replay = NetworkOperation(replay, clock=parts.clock, when="start")
            parts.network.add(replay)
            tick = start * _TICKS + 1
            if start:
                n_replayed = self.network.max_delay_ms
                parts.network.t_ = (tick - n_replayed) * _MS
                parts.network.run(n_replayed * _MS * second, namespace={})
            replay.active = False
            for name in _MEMBRANE:
                setattr(parts.neurons, name, values[name])
            parts.neurons.I = 0
            parts.excitation.weight = values["weight"]
            parts.excitation.derivative = values["derivative"]
            parts.excitation.arrived = values["arrived"] * second
            parts.network.t_ = tick * _MS
            parts.network.run(seconds * second, namespace={})
            return {
                **{name: np.array(getattr(parts.neurons, name + "_")[:]) for name in _MEMBRANE},
                **{name: np.array(getattr(parts.excitation, name + "_")[:]) for name in _LEARNING},
                "i": np.array(parts.monitor.i_[:]),
                "t": np.array(parts.monitor.t_[:]),
            }


_REPLAY = """
{{ std::vector<int32_t> neurons, ticks;
auto _read_all = [&](std::vector<int32_t> &values, const char *name) {{
    std::ifstream file(std::string("data/") + name, std::ios::binary);
    values.resize(_size(file) / sizeof(int32_t));
    if (values.size()) _read(&values[0], values.size(), file, name);
}};
_read_all(neurons, "replayed");
_read_all(ticks, "replayed_ticks");
// Brian2 goes on from where its clocks are.
{t}[0] = (_tick - _n_replayed) * {ms};
{learning_t}[0] = _n_replayed ? _tick / 1000 : _tick / 1000 + 1;
for (int32_t tick = _tick - _n_replayed; tick < _tick; tick++) {{
    for (int i = 0; i < {n_neurons}; i++) {v}[i] = -65;
    for (size_t k = 0; k < ticks.size(); k++) if (ticks[k] == tick) {v}[neurons[k]] = 30;
    {network}.t = tick * {ms};
    {network}.run({ms}, NULL, 1e9);
}}
for (int i = 0; i < {n_neurons}; i++) {I}[i] = 0; }}
"""


class _Standalone:
    """The device that compiles: one program for all simulations of networks of this size."""

    def __init__(self, network, progress):
        with ExitStack() as stack:
            self.folder = stack.enter_context(temporary_folder())
            progress("preparing", None)
            with private_device() as device, settings(_AS_WRITTEN):
                self._build(device, network)
            self.program = program_of(self.folder, PREFIX).ready(progress)
            self.n_replayed = network.max_delay_ms
            (self.folder / "data").mkdir()
            self.close = stack.pop_all().__exit__

    def _build(self, device, network):
        parts = _parts(network)
        inputs = Inputs(device)
        spent = []
        for name in ("_tick", "_n_replayed"):
            inputs.number(name, "int32_t")
        inputs.number("_duration")
        for name in ("a", "d"):
            inputs.load(name, parts.neurons, name)
        for name in ("excitation", "inhibition"):
            synapses = getattr(parts, name)
            synapses.connect(False)
            spent += [
                inputs.load_vector(f"{name}_pre", synapses, "_synaptic_pre"),
                inputs.load_vector(f"{name}_post", synapses, "_synaptic_post"),
                inputs.load_vector(f"{name}_delay", synapses.pre, "delay"),
            ]
            inputs.insert(f"{inputs.array(synapses, 'N')}[0] = {spent[-1]}.size();")
        spent.append(inputs.load_vector("inhibition_weight", parts.inhibition, "weight"))
        for name in _LEARNING:
            inputs.load_vector(name, parts.excitation, name)
        parts.stimulation.connect(j="i")
        spent.append(inputs.load_vector("cells", parts.generator, "neuron_index"))
        spent.append(inputs.load_vector("ticks", parts.generator, "_timebins"))

        inputs.slot = "after_network_run"
        inputs.insert(
            _REPLAY.format(
                n_neurons=network.n_neurons,
                t=inputs.array(parts.clock, "t"),
                learning_t=inputs.array(parts.learning_clock, "t"),
                v=inputs.array(parts.neurons, "v"),
                I=inputs.array(parts.neurons, "I"),
                network=parts.network.name,
                ms=_MS,
            )
        )
        for name in _MEMBRANE:
            inputs.load(name, parts.neurons, name)
        for name in _LEARNING:
            inputs.load_vector(name, parts.excitation, name)
        inputs.insert(f"{parts.network.name}.t = _tick * {_MS};")
        inputs.insert(f"{parts.network.name}.run(_duration, NULL, 1e9);")
        self._outputs = Outputs(device)
        self._outputs.arrays(parts.neurons, _MEMBRANE)
        self._outputs.vectors(parts.excitation, _LEARNING)
        self._outputs.vectors(parts.monitor, ("i", "t"))
        self._outputs.end()
        # At its end the program writes all arrays that are left into files.
        for vector in spent:
            device.insert_code("before_end", f"brian::{vector} = {{}};")
        parts.network.run(0 * second, namespace={})
        device.build(directory=str(self.folder), compile=False, run=False, with_output=False)

    def run(self, values, start, seconds):
        numbers = {
            "_tick": np.array([start * _TICKS + 1], np.int32),
            "_n_replayed": np.array([self.n_replayed if start else 0], np.int32),
            "_duration": np.array([float(seconds)]),
        }
        for name, array in (values | numbers).items():
            write_array(self.folder / "data" / name, array)
        (recorded,) = self._outputs.of(self.program, self.folder)
        return recorded
