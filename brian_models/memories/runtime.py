"""Brian2 inside Python: the devices `numpy` and `cython`."""

import numpy as np
from brian2 import Network, SpikeMonitor, second

from wmdelays.brian_models.devices.session import cython_settings, in_any_order, seeded, settings
from wmdelays.brian_models.memories.expansion import network_objects
from wmdelays.brian_models.memories.stimulus import fill, stimulus_objects

SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]

# Beginning of the names of all objects. A user's own objects have other names, and with them other
# generated code: Brian2 finds compiled Cython code by its text alone, whatever flags it was
# compiled with.
PREFIX = "wmdelays_recall"


def simulate(network, script, device, progress, workers=None):
    """Play a script to a network.

    Parameters
    ----------
    network : Brian2Network
    script : Script
    device : {"numpy", "cython"}
    progress : callable
    workers : int, optional
        See `recall`; here it has no effect.

    Returns
    -------
    neurons, ticks : int arrays, shape (n_spikes,)
        Every emitted spike, in the order of ticks.
    fires, forced : bool arrays, shape (n_spikes,)
        Whether the membrane was at threshold, and whether the cue forced the spike.
    """
    chosen = {"codegen.target": device, **cython_settings(device)}
    with settings(chosen), seeded(network.seed), in_any_order():
        neurons, synapses = network_objects(network, PREFIX)
        stimulus = stimulus_objects(network.model, neurons, PREFIX, script.loses)
        fill(stimulus, script)
        monitor = record(neurons)
        objects = Network(neurons, synapses, *stimulus, monitor, name=f"{PREFIX}_network")
        objects.schedule = SCHEDULE
        dt = float(neurons.clock.dt)
        progress("preparing", None)
        objects.run(
            script.n_ticks * dt * second,
            report=lambda elapsed, part, start, duration: progress("simulating", part),
            report_period=0.2 * second,
            namespace={},
        )
        ticks = np.rint(np.asarray(monitor.t_[:]) / dt).astype(np.int64)
        flags = (np.array(one[:], dtype=bool) for one in (monitor.fires, monitor.forced))
        return np.array(monitor.i[:]), ticks, *flags


def record(neurons):
    """The monitor of all emitted spikes; it looks at the membranes before they are reset."""
    return SpikeMonitor(neurons, variables=("fires", "forced"), name=f"{PREFIX}_spikes")
