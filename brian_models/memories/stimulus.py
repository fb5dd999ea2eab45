"""Playing cues to a network, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import SpikeGeneratorGroup, Synapses, second

from wmdelays.brian_models.memories.expansion import ARRIVALS
from wmdelays.brian_models.memories.script import connections, write_script
from wmdelays.brian_models.neurons.names import neuron_model
from wmdelays.errors import InputError
from wmdelays.quantities import substeps

if TYPE_CHECKING:
    from brian2 import NeuronGroup

    from wmdelays.brian_models.neurons.model import Brian2Neuron
    from wmdelays.cue import Cue


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


def stimulus_objects(model, neurons, name, loses=True):
    """The objects of a Stimulus, without spikes and not yet connected.

    Those that make neurons mute can be left out: each costs time in every tick.
    """
    clock = neurons.clock
    # Nothing is to be on its way as the first trial begins.
    neurons.clamped = True
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

    # Brian2 lets a state of a refractory neuron be, so it is made free first.
    free = "\nnot_refractory_post = True" if model.refractory else ""
    long_ago = f"{free.strip()}\nlastspike_post = -1e4 * second" if model.refractory else ""
    pathways = {
        "force": pathway("force", f"forced_post = True{free}", order=0),
        "hold": pathway("hold", f"clamped_post = True\n{long_ago or model.to_rest}", order=0),
        # A trial that is not clamped is held and released in one tick, in this order.
        "release": pathway("release", "clamped_post = False", order=1),
    }
    if model.refractory:
        pathways["rest"] = pathway("rest", model.to_rest, order=1)
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


def play(
    cue: Cue, neurons: NeuronGroup, neuron: str | Brian2Neuron = "lif", name: str = "cue"
) -> Stimulus:
    """The Brian2 objects that play a cue to neurons made by `expand`.

    The recall begins one training step after the network: Brian2 delivers the spikes of a
    generator one tick late, so the first cannot come at once. It ends with the neurons clamped
    and at rest.

    Parameters
    ----------
    cue : Cue
    neurons : brian2.NeuronGroup
        The neurons of `expand`, for a memory with the cue's step.
    neuron : str or Brian2Neuron
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
