"""What a network makes of a cue."""

from dataclasses import dataclass
from importlib import import_module

from wmdelays.cue import Cue
from wmdelays.machine.free_memory import check_memory
from wmdelays.raster import Raster
from wmdelays.words import counted

# Bytes for each entry (neuron, step) of a recall while it is made: forced, lost, own and emitted
# spikes.
_OF_AN_ENTRY = 4
# Bytes for what is on its way to a neuron after a delay, and for a synapse's and a row's place.
_ARRIVING, _OF_A_SYNAPSE, _OF_A_ROW = 8, 24, 16


@dataclass(frozen=True, repr=False)
class Recall:
    """What a network makes of a cue.

    Attributes
    ----------
    cue : Cue
        What started the recall.
    emitted : Raster
        Every emitted spike e: the cue's while it clamps the network, then the network's own and
        those the cue forces. This is what a recording sees.
    own : Raster
        The spikes s that the network makes itself, from the end of the clamp on. Scores look at
        these.
    closest_call : float or None
        The smallest abs(u - theta) over all neurons and all steps after the clamp; how near a
        rounding error is to changing a spike. None where the simulator does not record it.
    """

    cue: Cue
    emitted: Raster
    own: Raster
    closest_call: float | None = None

    def __repr__(self):
        parts = [
            f"{counted(len(self.own), 'spike')} of its own among {len(self.emitted):,}",
            counted(self.emitted.n_neurons, "neuron"),
            f"{self.emitted.duration:g} s",
        ]
        if self.closest_call is not None:
            parts.append(f"closest call {self.closest_call:.3g}")
        return f"<Recall: {', '.join(parts)}>"

    def _repr_html_(self):
        # Figures are above this room, so they are asked for by name, and by a notebook alone.
        return import_module("wmdelays.plots.notebook").as_html(self)


def bytes_of_recall(n_neurons, n_delays, n_steps):
    """What one recall takes while it is made, in bytes, beside the network itself."""
    return n_neurons * (_OF_AN_ENTRY * n_steps + _ARRIVING * (n_delays + 1))


def check_room(memory, n_steps, instead="take fewer neurons, fewer delays or shorter patterns"):
    """Raise an InputError unless there is memory for one recall.

    Parameters
    ----------
    memory : Memory
    n_steps : int
        Length of the recall.
    instead : str
        What the user can change.
    """
    n_rows = memory.n_neurons * memory.n_delays
    check_memory(
        bytes_of_recall(memory.n_neurons, memory.n_delays, n_steps)
        + _OF_A_ROW * n_rows
        + _OF_A_SYNAPSE * memory.n_synapses,
        f"a recall of {n_steps} steps of {memory.n_neurons} neurons with {memory.n_delays} delays",
        instead,
    )
