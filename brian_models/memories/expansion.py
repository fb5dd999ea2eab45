"""The expansion of a Memory into a NeuronGroup and its Synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brian2 import Clock, NeuronGroup, Synapses, second

from wmdelays.brian_models.memories.network import network_of
from wmdelays.brian_models.neurons.model import dimension, put_to_rest

if TYPE_CHECKING:
    from wmdelays.brian_models.neurons.model import Brian2Neuron
    from wmdelays.memory import Memory
    from wmdelays.neurons import Variability


# The spikes of a cue are emitted by the neurons themselves: `forced` makes a neuron fire whatever
# its membrane is, `clamped` lets it fire no other spikes, and with `mute` a spike is lost to all its
# synapses. These listen to the event `sent`, not to the spike. `cause` is what a monitor records of a
# spike: 1 if the membrane was at threshold, 2 if it was forced, 3 if both; see `causes`.
_FLAGS = """
forced : boolean
clamped : boolean
mute : boolean
cause = int(fires) + 2 * int(forced) : integer
"""
_THRESHOLD = "forced or (fires and not clamped)"
_SENT = f"({_THRESHOLD}) and not mute"

# Spikes arrive after the leak and before the threshold, which is the order of the equation. Brian2's
# default schedule has its own slot for synapses after the thresholds; a pathway need not use it.
ARRIVALS = "after_groups"


def expand(
    memory: Memory,
    dt: float | None = None,
    neuron: str | Brian2Neuron | None = None,
    name: str = "memory",
    variability: Variability | None = None,
    seed: int = 0,
) -> tuple[NeuronGroup, Synapses]:
    """The neurons and synapses of a memory, for a Brian2 Network of one's own.

    They run under Brian2's default schedule, in which a tick is: leak, arrivals, threshold, reset.
    The parts work in every Brian2 device.

    Parameters
    ----------
    memory : Memory
    dt : float, optional
        Simulation step in seconds; it has to divide the memory's step. By default a tenth of it.
    neuron : str or Brian2Neuron, optional
        The neuron model: a name from `NEURONS`, or a model of one's own. By default the memory's.
    name : str
        Beginning of the names of the Brian2 objects.
    variability : Variability, optional
        What differs and what is noisy; by default nothing. A cue forces dead neurons all the same.
    seed : int
        Of what differs and stays; what is drawn while the network runs follows ``brian2.seed``.

    Returns
    -------
    neurons : brian2.NeuronGroup
        At rest, with the parameters of the model; the flags ``forced`` (the neuron fires in this tick),
        ``clamped`` (it fires only when forced) and ``mute`` (its spikes do not reach its
        synapses), all false; and ``fires``, which says whether the membrane is at threshold.
        ``neurons.clock`` is the clock for other objects of the network.
    synapses : brian2.Synapses
        One for each synapse of the memory, in its order, with weight ``w`` and ``delay``.

    Raises
    ------
    InputError
        If dt does not divide the step or the model is unknown.

    Notes
    -----
    Brian2 hands a spike to the synapses one tick after the neuron fired. The delay of d training
    steps is therefore ``d * step - dt`` in Brian2. For the same reason ``dt`` is fixed here.

    Input of one's own that is to count in the tick in which it arrives goes into the same slot:
    ``input.pre.when = "after_groups"``.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import Network, SpikeMonitor, ms
    >>> from wmdelays import Memory
    >>> chain = np.zeros((3, 3, 4))
    >>> chain[1, 0, 3] = chain[2, 1, 1] = 1.0  # neuron 0 -> 1 in 4 steps, 1 -> 2 in 2 steps
    >>> memory = Memory.from_dense(chain, step=1e-3, beta=0.9, theta=1.0)
    >>> neurons, synapses = expand(memory)
    >>> neurons.v[0] = 2
    >>> monitor = SpikeMonitor(neurons)
    >>> Network(neurons, synapses, monitor).run(10 * ms)
    >>> monitor.t / ms
    array([0., 4., 6.])
    """
    return network_objects(network_of(memory, dt, neuron, variability, seed), name)


def network_objects(network, name):
    """The NeuronGroup and the Synapses of a network; see `expand`."""
    model, memory = network.model, network.memory
    clock = Clock(dt=network.dt * second, name=f"{name}_clock")
    neurons = neuron_group(model, memory.n_neurons, clock, name)
    synapses = synapse_group(model, neurons, name)
    for parameter, value in model.parameters(memory).items():
        setattr(neurons, parameter, value)
    put_to_rest(neurons, model)
    if memory.n_synapses:
        synapses.connect(i=memory.pre, j=memory.post)
        synapses.w = memory.weight * model.unit_of_weights
        synapses.delay = network.seconds * second
        if network.late is not None:
            synapses.late = network.late
    else:
        synapses.connect(False)
    return neurons, synapses


def neuron_group(model, n_neurons, clock, name):
    """The NeuronGroup of a model, its parameters not yet set."""
    sent = f"{_SENT} and not_refractory" if model.refractory else _SENT
    if model.also_sent:
        sent = f"({sent}) or {model.also_sent}"
    group = NeuronGroup(
        n_neurons,
        model.equations + _FLAGS,
        threshold="forced or fires" if model.resets_while_clamped else _THRESHOLD,
        events={"sent": sent},
        reset=f"{model.reset}\nforced = False",
        refractory=model.refractory or False,
        method=model.method,
        clock=clock,
        name=f"{name}_neurons",
        namespace={},
    )
    # A spike makes its neuron refractory at once, so what is sent is decided before.
    group.set_event_schedule("sent", when="before_thresholds")
    for code, when, order, what in (
        (model.after_integration, "groups", 1, "noise"),
        (model.after_arrivals, ARRIVALS, 2, "line"),
    ):
        if code:
            group.run_regularly(code, when=when, order=order, name=f"{name}_{what}")
    return group


def synapse_group(model, neurons, name):
    """The Synapses of the neurons among themselves, not yet connected."""
    synapses = Synapses(
        neurons,
        neurons,
        f"w : {dimension(model.weight_unit)} (constant)\n{model.synapse_variables}",
        on_pre=model.arrival,
        on_event="sent",
        clock=neurons.clock,
        name=f"{name}_synapses",
        namespace={},
    )
    synapses.pre.when = ARRIVALS
    return synapses
