"""Recall: a memory and a cue, simulated in continuous time."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
from brian2 import BrianObjectException, DimensionMismatchError
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import EquationError

from wmdelays.brian_models.devices.cuda import check_cuda, check_network
from wmdelays.brian_models.devices.names import CUDA, DEVICES
from wmdelays.brian_models.memories.network import network_of
from wmdelays.brian_models.memories.script import write_script
from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.machine.compiler import compiler
from wmdelays.machine.free_memory import check_memory
from wmdelays.quantities import whole
from wmdelays.raster import Raster
from wmdelays.recalls import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.brian_models.neurons.model import Brian2Neuron
    from wmdelays.memory import Memory
    from wmdelays.neurons import Variability


# Bytes that Brian2 takes for each synapse while it makes them.
_OF_A_SYNAPSE = 68


def recall(
    memory: Memory,
    cue: Cue | Sequence[Cue],
    dt: float | None = None,
    device: str = "numpy",
    neuron: str | Brian2Neuron | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    variability: Variability | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> Recall | list[Recall]:
    """What a memory makes of cues, simulated by Brian2 in continuous time.

    Several cues are recalled in one simulation, one after another, without traces of one in the
    next. With the device ``cpp_standalone`` programs share them out where that is faster.

    Parameters
    ----------
    memory : Memory
    cue : Cue or sequence of Cue
    dt : float, optional
        Simulation step in seconds; it has to divide the memory's step, or the tick for which its
        neurons were learned. By default a tenth of the step, or that tick.
    device : str
        Where Brian2 runs, see `DEVICES`.
    neuron : str or Brian2Neuron, optional
        The neuron model: a name from `NEURONS`, or a model of one's own. By default the memory's.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).
    variability : Variability, optional
        What differs and what is noisy; by default nothing.
    seed : int
        Of all that `variability` draws.
    workers : int, optional
        How many programs of ``cpp_standalone`` may run side by side, each with a part of the cues. There
        are fewer where there is less to do or memory is short, and there is one where something is
        drawn anew through a recall or the neuron is one's own. The spikes are the same. By default
        what the environment variable ``OMP_NUM_THREADS`` says, or the number of processors.

    Returns
    -------
    Recall or list of Recall
        As many as cues. Spikes on the grid of training steps have the exact time
        ``k * memory.step``; others have the time of the simulation.

    Raises
    ------
    InputError
        If the device or the neuron is unknown, dt does not divide the step, a cue does not
        fit the memory, a neuron cannot have the values that are drawn for it, `workers` is no whole
        number above zero, or Brian2 is in standalone mode already.

    Notes
    -----
    The user's Brian2 session stays as it was: its device, its preferences and its objects.

    Examples
    --------
    >>> from wmdelays import agreement, bernoulli, store
    >>> from wmdelays.brian_models import recall
    >>> from wmdelays.training import recall as recall_in_steps
    >>> memory = store(bernoulli(40, 60, 1, rate=0.02), n_delays=15)
    >>> in_brian2 = recall(memory, memory.cues(), dt=0.0005, device="numpy")
    >>> in_steps = recall_in_steps(memory, memory.cues())
    >>> agreement(in_brian2[0].own, in_steps[0].own, memory.step).exact
    True
    """
    if workers is not None:
        workers = whole("workers", workers, 1)
    say = progress or (lambda stage, part: None)
    single = isinstance(cue, Cue)
    cues = [cue] if single else list(cue)
    if device not in DEVICES:
        raise InputError(f"there is no device {device!r}; there is {', '.join(DEVICES)}")
    if device == "cython" and compiler() is None:
        raise InputError("cython needs a C++ compiler and none was found; take the device numpy")
    if device == CUDA:
        check_cuda()
        check_network(memory, variability)
    network = network_of(memory, dt, neuron, variability, seed)
    memory.check_cues(cues)
    if not isinstance(get_device(), RuntimeDevice):
        raise InputError("Brian2 is in standalone mode; call brian2.set_device('runtime') first")
    pruned = parameter("prune='recall'")
    check_memory(
        _OF_A_SYNAPSE * memory.n_synapses,
        f"{memory.n_synapses} synapses in Brian2",
        f"take a memory with fewer synapses (stored with {parameter('max_synapses')} or {pruned})",
    )
    # A cue counts in ticks where it is for neurons in continuous time.
    per_step = round(memory.step / memory.tick)
    finer = network.n // per_step
    played = [_without(cue, network.dead) for cue in cues]
    script = write_script(played, -(-network.longest_delay // finer), finer)
    simulate = import_module(DEVICES[device]).simulate
    try:
        recorded = simulate(network, script, device, say, workers)
    except (BrianObjectException, DimensionMismatchError, EquationError) as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise InputError(f"Brian2 cannot take the neuron {network.model.name}: {cause}") from error
    period = None
    if memory.neurons is not None:
        period = memory.neurons.refractory_ticks(network.dt)
    recalls = _split(recorded, cues, script, finer, period)
    return recalls[0] if single else recalls


def _without(cue, dead):
    """The cue without the spikes of some neurons."""
    if dead is None or not dead.size:
        return cue
    spikes = cue.spikes
    kept = ~np.isin(spikes.neurons, dead)
    spikes = Raster(spikes.neurons[kept], spikes.times[kept], spikes.n_neurons, spikes.duration)
    return replace(cue, spikes=spikes)


def _split(recorded, cues, script, n, period):
    """The recall of each cue from the record of the whole simulation."""
    neurons, ticks, fires, forced = recorded
    recalls = []
    for cue, start, stop in zip(cues, script.starts, script.stops):
        first, last = np.searchsorted(ticks, [start, stop])
        trial = slice(first, last)
        since = ticks[trial] - start
        # A spike that the cue forces is the network's own as well if its membrane is at threshold.
        own = fires[trial] & (since >= cue.clamp * n)
        by = neurons[trial]
        if period is not None:
            own &= ~_refractory(by, since, period)
        # Others are resets of which nothing is sent.
        emitted = own | forced[trial]
        recalls.append(
            Recall(
                cue,
                emitted=_raster(by[emitted], since[emitted], cue, n),
                own=_raster(by[own], since[own], cue, n),
            )
        )
    return recalls


def _refractory(neurons, ticks, period):
    """Which spikes come within the refractory period of the one before; a cue has forced those."""
    order = np.lexsort((ticks, neurons))
    by, at = neurons[order], ticks[order]
    found = np.zeros(len(order), bool)
    found[order[1:]] = (by[1:] == by[:-1]) & (np.diff(at) < period[by[1:]])
    return found


def _raster(neurons, ticks, cue, n):
    whole, rest = np.divmod(ticks, n)
    # The same product as elsewhere for whole steps, so that equal times are equal floats.
    times = np.where(rest == 0, whole * cue.step, ticks * (cue.step / n))
    return Raster(neurons, times, cue.n_neurons, cue.spikes.duration)
