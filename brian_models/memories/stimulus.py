"""Playing cues to a network, one after another."""

from dataclasses import dataclass

import numpy as np
from brian2 import SpikeGeneratorGroup, Synapses, second

from wmdelays.brian_models.expansion import ARRIVALS
from wmdelays.brian_models.neuron_models import neuron_model
from wmdelays.errors import InputError
from wmdelays.quantities import substeps

# Brian2 keeps the ticks of a SpikeGeneratorGroup in 32 bits.
_MOST_TICKS = 2**31 - 1


@dataclass(frozen=True)
class Script:
    """What is done to the network, and when, in ticks of the simulation.

    One step of silence, then each trial: its steps, and as many silent steps as the longest delay
    has, in which all spikes still on their way arrive. The membranes are put to rest as a
    trial begins and as it ends.

    Attributes
    ----------
    cells, ticks : int arrays, shape (n_events,)
        Cell of the generator and tick at which it fires, in the order of ticks. Cell i < N forces
        a spike of neuron i, cell N holds the network, cell N + 1 releases it, cell N + 2 + i makes
        neuron i mute, and cell 2 N + 2 + i makes it send its spikes again.
    starts, stops : int arrays, shape (n_trials,)
        Tick of the first step of each trial, and the one after its last step.
    n_ticks : int
        Length of the simulation.
    loses : bool
        Whether neurons are mute at times.
    """

    cells: np.ndarray
    ticks: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    n_ticks: int
    loses: bool


def write_script(cues, n_delays, n):
    """The script that plays cues one after another.

    Parameters
    ----------
    cues : sequence of Cue
    n_delays : int
        Longest delay of the network in steps.
    n : int
        Number of ticks in a step.

    Returns
    -------
    Script

    Raises
    ------
    InputError
        If the trials together are too long.
    """
    n_neurons = cues[0].n_neurons
    hold, release = n_neurons, n_neurons + 1
    lengths = np.array([cue.n_steps for cue in cues], dtype=np.int64)
    ends = np.cumsum(lengths + n_delays) + 1
    starts = (ends - lengths - n_delays) * n
    stops = starts + lengths * n
    n_ticks = int(ends[-1]) * n
    if n_ticks > _MOST_TICKS:
        raise InputError(
            f"{n_ticks} ticks are too many for one simulation; take a larger dt or fewer cues"
        )
    cells, ticks = [], []
    for cue, start, stop in zip(cues, starts, stops):
        forced = np.unique(cue.spikes.steps(cue.step) * n_neurons + cue.spikes.neurons)
        cells += [forced % n_neurons, [hold, hold]]
        ticks += [start + forced // n_neurons * n, [start, stop]]
        if cue.clamp < cue.n_steps:
            cells.append([release])
            ticks.append([start + cue.clamp * n])
        if cue.lost is not None:
            lost = np.zeros((cue.n_steps + 2, n_neurons), bool)
            lost[1:-1] = cue.lost.dense(cue.step)
            changes, changed = np.nonzero(lost[1:] != lost[:-1])
            cells.append(
                np.where(lost[1:][changes, changed], 2, 2 + n_neurons) + n_neurons + changed
            )
            ticks.append(start + changes * n)
    cells, ticks = np.concatenate(cells), np.concatenate(ticks)
    order = np.lexsort((cells, ticks))
    # What the generator fires reaches the neurons one tick later.
    loses = any(cue.lost is not None for cue in cues)
    return Script(cells[order], ticks[order] - 1, starts, stops, n_ticks, loses)


@dataclass(frozen=True)
class Stimulus:
    """The Brian2 objects that play a script.

    Attributes
    ----------
    generator : brian2.SpikeGeneratorGroup
        3 N + 2 cells, see `Script`.
    pathways : dict of str to brian2.Synapses
        From the generator to the neurons, by what they do: force, hold, release, mute and
        send.
    """

    generator: SpikeGeneratorGroup
    pathways: dict

    def __iter__(self):
        return iter((self.generator, *self.pathways.values()))


def connections(n_neurons):
    """Which cells of the generator reach which neurons: names of pathways, cells and neurons."""
    neurons = np.arange(n_neurons, dtype=np.int32)
    hold = np.full_like(neurons, n_neurons)
    yield "force", neurons, neurons
    yield "hold", hold, neurons
    yield "release", hold + 1, neurons
    yield "mute", neurons + np.int32(n_neurons + 2), neurons
    yield "send", neurons + np.int32(2 * n_neurons + 2), neurons


def stimulus_objects(model, neurons, name, loses=True):
    """The objects of a Stimulus, without spikes and not yet connected.

    Those that make neurons mute can be left out: each costs time in every tick.
    """
    clock = neurons.clock
    generator = SpikeGeneratorGroup(
        3 * neurons.N + 2, [], [] * second, clock=clock, name=f"{name}_generator"
    )

    def pathway(verb, action, order):
        synapses = Synapses(
            generator,
            neurons,
            on_pre=action,
            delay=0 * second,
            clock=clock,
            name=f"{name}_{verb}",
            namespace={},
        )
        synapses.pre.when, synapses.pre.order = ARRIVALS, order
        return synapses

    pathways = {
        "force": pathway("force", "forced_post = True", order=0),
        "hold": pathway("hold", f"clamped_post = True\n{model.rest}", order=0),
        # A trial that is not clamped is held and released in one tick, in this order.
        "release": pathway("release", "clamped_post = False", order=1),
    }
    if loses:
        pathways["mute"] = pathway("mute", "mute_post = True", order=0)
        pathways["send"] = pathway("send", "mute_post = False", order=0)
    return Stimulus(generator, pathways)


def fill(stimulus, script):
    """Connect a stimulus and give it the events of a script."""
    times = script.ticks * float(stimulus.generator.clock.dt)
    stimulus.generator.set_spikes(script.cells, times * second, sorted=True)
    for verb, cells, neurons in connections((stimulus.generator.N - 2) // 3):
        if verb in stimulus.pathways:
            stimulus.pathways[verb].connect(i=cells, j=neurons)


def play(cue, neurons, neuron="lif", name="cue"):
    """The Brian2 objects that play a cue to neurons made by `expand`.

    The recall begins one training step after the network: Brian2 delivers the spikes of a
    generator one tick late, so the first cannot come at once. It ends with the neurons clamped
    and at rest.

    Parameters
    ----------
    cue : Cue
    neurons : brian2.NeuronGroup
        The neurons of `expand`, for a memory with the cue's step.
    neuron : str
        The neuron model they were expanded with.
    name : str
        Beginning of the names of the Brian2 objects.

    Returns
    -------
    Stimulus
        The objects to be put into the Network.

    Raises
    ------
    InputError
        If the cue is for another number of neurons, or the neurons' dt does not divide its step.

    Examples
    --------
    A chain of three neurons, and a cue that makes the first of them fire at once::

        neurons, synapses = expand(memory)
        monitor = SpikeMonitor(neurons)
        network = Network(neurons, synapses, monitor, *play(cue, neurons))
        network.run((1 + cue.n_steps) * memory.step * second)
        times = monitor.t - memory.step * second
    """
    if cue.n_neurons != neurons.N:
        raise InputError(f"a cue for {cue.n_neurons} neurons cannot be played to {neurons.N}")
    n = substeps(cue.step, float(neurons.clock.dt))
    script = write_script([cue], 1, n)
    stimulus = stimulus_objects(neuron_model(neuron), neurons, name, script.loses)
    fill(stimulus, script)
    return stimulus
