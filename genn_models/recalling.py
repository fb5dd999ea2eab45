"""Recall: a memory and a cue, simulated by GeNN."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.genn_models.installation import check_imported
from wmdelays.machine.free_memory import check_memory
from wmdelays.recalls import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.memory import Memory

# Bytes: of a synapse's room, of a synapse while they are sorted, of a neuron and delay, and of a neuron and step.
_OF_A_PLACE, _OF_A_SYNAPSE, _OF_AN_ARRIVAL, _OF_AN_ENTRY = 16, 48, 8, 4


def recall(
    memory: Memory,
    cue: Cue | Sequence[Cue],
    progress: Callable[[str, float | None], None] | None = None,
) -> Recall | list[Recall]:
    """What a memory makes of cues, simulated by GeNN on one processor.

    GeNN generates C++ for the network, which is compiled once for all memories with as many neurons,
    delays and, roughly, synapses, and kept in the user's cache folder. Several cues are recalled one after
    another, without traces of one in the next.

    Parameters
    ----------
    memory : Memory
        In discrete time, with the reset of eq. 1.
    cue : Cue or sequence of Cue
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Recall or list of Recall
        As many as cues.

    Raises
    ------
    InputError
        If PyGeNN, make or a C++ compiler is missing, a cue does not fit the memory, or the memory is for
        other neurons or has another reset.

    Notes
    -----
    What arrives is added in the order of the compiled loop, so membranes are those of the compiled loop,
    bit for bit.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.genn_models import recall
    >>> from wmdelays.training import recall as recall_in_steps
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> recall(memory, memory.cues())[0].own == recall_in_steps(memory, memory.cues())[0].own
    True
    """
    check_imported()
    memory.check_reset("GeNN knows")
    if memory.neurons is not None:
        raise InputError(f"GeNN knows lif neurons, not {memory.neurons.model.name}")
    single = isinstance(cue, Cue)
    cues = [cue] if single else list(cue)
    memory.check_cues(cues)
    from wmdelays.genn_models.building import build
    from wmdelays.genn_models.network import Network, Sizes

    n_steps, sizes = max(one.n_steps for one in cues), Sizes.of(memory)
    check_memory(
        _OF_A_PLACE * sizes.of_row * memory.n_neurons
        + _OF_A_SYNAPSE * memory.n_synapses
        + memory.n_neurons * (_OF_AN_ARRIVAL * memory.n_delays + _OF_AN_ENTRY * n_steps),
        f"{memory.n_synapses} synapses in GeNN",
        f"take a memory with fewer synapses (stored with {parameter('max_synapses')})",
    )
    say = progress or (lambda stage, part: None)
    say("building the network", None)
    compiling = lambda: say("compiling", None)  # noqa: E731
    network = Network(memory, sizes, n_steps, lambda model: build(model, sizes, compiling))
    recalls = []
    with closing(network):
        for k, one in enumerate(cues):
            part = lambda done: say("simulating", (k + done) / len(cues))  # noqa: E731
            emitted, own, closest_call = network.play(one, part)
            recalls.append(Recall(one, emitted, own, closest_call))
    return recalls[0] if single else recalls
