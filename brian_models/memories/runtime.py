"""Brian2 inside Python: the devices `numpy` and `cython`."""

import numpy as np
from brian2 import Network, SpikeMonitor, second

from wmdelays.brian_models.devices.session import in_any_order, in_python, seeded
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
    with in_python(device), seeded(network.seed), in_any_order():
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
        return np.array(monitor.i[:]), ticks, *causes(np.asarray(monitor.cause[:]))


def record(neurons):
    """The monitor of all emitted spikes; it looks at the membranes before they are reset."""
    # Numbers: Brian2 2.10 has Cython code for no others.
    return SpikeMonitor(neurons, variables=("cause",), name=f"{PREFIX}_spikes")


def causes(cause):
    """Whether the membrane was at threshold, and whether the cue forced the spike, of each recorded spike."""
    return cause & 1 != 0, cause & 2 != 0
