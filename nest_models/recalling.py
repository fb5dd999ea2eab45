"""Recall: a memory and a cue, simulated by NEST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.processors import n_of_machine, n_processors, said_threads
from wmdelays.nest_models.installation import check_installed
from wmdelays.nest_models.neurons import check_ticks, nest_neuron
from wmdelays.nest_models.process import play
from wmdelays.recalls import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.memory import Memory

# Bytes that NEST takes for each synapse, and we for having them there; and of each neuron, whose
# connections with its generator and the recorder have blocks of memory of their own.
_OF_A_SYNAPSE, _OF_A_NEURON = 80, 70_000
# Threads are worth their while from so many synapses on.
_SYNAPSES_OF_A_THREAD = 2_000_000
# A network of more synapses is not kept for the next cues.
_MOST_KEPT = 20_000_000


def recall(
    memory: Memory,
    cue: Cue | Sequence[Cue],
    dt: float | None = None,
    threads: int | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Recall | list[Recall]:
    """What a memory makes of cues, simulated by NEST.

    Several cues are recalled in one simulation, one after another, without traces of one in the
    next. NEST runs in a process of its own, which is kept for the cues that come later; a network in the
    NEST of this process stays as it is.

    Parameters
    ----------
    memory : Memory
        In discrete time with the reset of eq. 1, or for neurons that NEST has: lif-exp, lif-alpha,
        lif-cond, adex, adex-exp.
    cue : Cue or sequence of Cue
    dt : float, optional
        NEST's tick for neurons in continuous time, in seconds. It has to divide the tick for which they
        were learned, which is what it is by default. In discrete time it has no effect.
    threads : int, optional
        Threads of NEST, at most as many as the machine has processors. By default what the environment
        variable OMP_NUM_THREADS says; where it says nothing, one for each 2,000,000 synapses; up to the
        number of processors that this process may use.
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
        If NEST is not installed, a cue does not fit the memory, the memory is for other neurons or has
        another reset, dt does not divide the tick or is no whole number of microseconds, or there are
        fewer processors than threads.

    Notes
    -----
    With one thread NEST adds what arrives in the order of the compiled loop, and where it can leak by
    beta itself, its membranes are those of the compiled loop, bit for bit. More threads add in
    another order; see `wmdelays.rounding`.

    Examples
    --------
    >>> from wmdelays import bernoulli, store
    >>> from wmdelays.nest_models import recall
    >>> from wmdelays.training import recall as recall_in_steps
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> recall(memory, memory.cues())[0].own == recall_in_steps(memory, memory.cues())[0].own
    True
    """
    check_installed()
    memory.check_reset("NEST knows")
    single = isinstance(cue, Cue)
    cues = [cue] if single else list(cue)
    memory.check_cues(cues)
    n = None if memory.neurons is None else memory.substeps(dt)
    if n is not None:
        nest_neuron(memory)
        check_ticks(memory, n)
    check_room(memory.n_synapses, memory.n_neurons)
    say = progress or (lambda stage, part: None)
    say("building the network", None)
    played = play(
        memory,
        cues,
        n,
        _threads(memory) if threads is None else checked_threads(threads),
        lambda part: say("simulating", part),
        keep=memory.n_synapses <= _MOST_KEPT,
    )
    recalls = [Recall(cue, emitted, own) for cue, (own, emitted) in zip(cues, played)]
    return recalls[0] if single else recalls


def check_room(n_synapses, n_neurons):
    """Raise an InputError unless there is memory for so many synapses and neurons in NEST."""
    check_memory(
        _OF_A_SYNAPSE * n_synapses + _OF_A_NEURON * n_neurons,
        f"{n_synapses} synapses in NEST",
        f"take a memory with fewer synapses (stored with {parameter('max_synapses')})",
    )


def checked_threads(threads):
    """A number of threads that is asked for, as an int; an InputError where the machine has fewer processors."""
    # What starts ranks may bind each to a few of them.
    most = n_of_machine()
    if not (1 <= threads <= most and threads % 1 == 0):
        raise InputError(
            f"NEST cannot run in {threads} threads; take 1 to {most}, the number of processors"
            f" ({parameter('threads')})"
        )
    return int(threads)


def _threads(memory):
    """How many threads NEST gets where nobody says it."""
    worth = max(1, memory.n_synapses // _SYNAPSES_OF_A_THREAD)
    return min(said_threads() or worth, n_processors())
