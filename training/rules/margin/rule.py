"""The rule `margin`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.memory import Memory
from wmdelays.quantities import checked_seed
from wmdelays.training.rules.checkpoint import EVERY, advances, fingerprint
from wmdelays.training.rules.margin.block_learner import BlockLearner
from wmdelays.training.rules.margin.description import MARGIN
from wmdelays.training.rules.margin.large.block_learner import LargeBlockLearner
from wmdelays.training.rules.margin.large.learner import LargeLearner
from wmdelays.training.rules.margin.large.room import is_large
from wmdelays.training.rules.margin.learner import Learner
from wmdelays.training.rules.margin.on_grid import relearned
from wmdelays.training.rules.margin.synapse_limits import with_cell_types
from wmdelays.training.rules.rule import sizes_of
from wmdelays.training.rules.side_by_side import cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike

    from wmdelays.raster import Raster


def margin(
    patterns: Sequence[Raster],
    *,
    n_delays: int,
    step: float,
    beta: float | ArrayLike,
    theta: float | ArrayLike,
    periodic: bool = False,
    kappa: float | None = None,
    epochs: int = 100,
    damaged_epochs: int = 15,
    shortest_trigger: int | None = None,
    lost: float = 0.8,
    added: float = 0.8,
    silenced: float = 0.8,
    jitter: float = 1.0,
    noise: float = 0.3,
    presentations: int = 12,
    max_synapses: int | None = None,
    prune: str = "none",
    one_delay_per_pair: bool = False,
    signs: str = "free",
    excitatory: float = 0.8,
    cell_types: str | PathLike | Mapping[str, str] | None = None,
    bits: int | None = None,
    learn_on: str | None = None,
    seed: int = 0,
    checkpoint: str | PathLike | None = None,
    checkpoint_every: float = EVERY,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """Weights that keep every membrane away from the threshold, on the right side of it.

    With the stored spikes as context, each neuron is to reach theta + kappa at its spikes and to
    stay below theta - kappa elsewhere; leak and reset included. Neurons learn by relaxation, see
    `wmdelays.training.rules.margin.teacher_forcing.present`: first from damaged contexts, at a rate that falls,
    then from the undamaged ones until all bounds are met.

    Parameters
    ----------
    patterns : sequence of Raster
        The patterns to be stored, at whole steps and equally long.
    n_delays : int
        Largest delay D in steps.
    step : float
        Training time step in seconds.
    beta, theta : float or array_like of float, shape (n_neurons,)
        Leak and threshold, of all neurons or of each.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    kappa : float, optional
        Margin, between 0 and theta; by default half of theta. Where thresholds differ it is that at their
        mean, and each neuron's is in proportion to its own.
    epochs : int
        Most epochs with undamaged contexts, in each stage.
    damaged_epochs : int
        Number of epochs with damaged contexts; 0 for none.
    shortest_trigger : int, optional
        Steps of a pattern after which the network is to go on alone; by default a quarter of
        `n_delays` as long as contexts are damaged, and `n_delays` in the end: a context that has
        just begun may be empty.
    lost, added, silenced, jitter, noise : float
    presentations : int
        How much the contexts are damaged, see `wmdelays.training.rules.margin.damage.Damage`.
    max_synapses : int, optional
    prune : {"none", "damage", "recall"}
    one_delay_per_pair : bool
    signs : {"free", "dale"}
    excitatory : float
    cell_types : str, Path or mapping of str to str, optional
        Which synapses there may be, see `wmdelays.training.rules.margin.synapse_limits.SynapseLimits`. Where
        more than 200,000 synapses of a neuron are possible and `prune` is not "recall", its
        `max_synapses` are chosen before it learns.
    bits : int, optional
        Weights are put on a grid in the end, and learn there: whole numbers of so many bits, 2 to 8,
        times a scale for each postsynaptic neuron.
    learn_on : str, optional
        The device on which torch's operators learn, many blocks of neurons at once: cuda, cuda:1, or cpu.
        The memory is the same up to the order in which float32 numbers are added. By default compiled
        loops learn, on all processors. Not for `bits`, a `scheduler`, or large networks.
    seed : int
        Seed of the random numbers.
    checkpoint : str or Path, optional
        File of the checkpoint. If it exists, learning goes on from there; the result is that of
        an uninterrupted one. A finished learning leaves it.
    checkpoint_every : float
        Seconds from one checkpoint to the next.
    scheduler : str, optional
        Address of a running dask scheduler, whose workers learn in place of the threads of this process.
        The result is the same, bit for bit.
    progress : callable, optional
        ``progress(stage, part)`` is called now and then with what is being done, and the part of it
        that is done.

    Returns
    -------
    Memory
        Its `made` has the settings and what was reached.

    Raises
    ------
    InputError
        If a setting makes no sense, the checkpoint belongs to something else, no scheduler answers, or
        there is no such device or too little memory on it.
    """
    mean = float(np.mean(theta))
    settings = {
        "kappa": mean / 2 if kappa is None else kappa,
        "epochs": epochs,
        "damaged_epochs": damaged_epochs,
        "shortest_trigger": shortest_trigger,
        "lost": lost,
        "added": added,
        "silenced": silenced,
        "jitter": jitter,
        "noise": noise,
        "presentations": presentations,
        "max_synapses": max_synapses,
        "prune": prune,
        "one_delay_per_pair": one_delay_per_pair,
        "signs": signs,
        "excitatory": excitatory,
        "cell_types": cell_types,
    }
    bits = MARGIN.checked({"bits": bits})["bits"]
    settings, seed = MARGIN.checked(settings, n_delays), checked_seed(seed)
    settings = with_cell_types(settings, patterns)
    if not 0 < settings["kappa"] < mean:
        raise InputError(f"kappa is {kappa}; it has to lie between 0 and theta, {mean}")
    empty = Memory.unlearned(
        patterns, n_delays=n_delays, step=step, beta=beta, theta=theta, periodic=periodic
    )
    sizes = sizes_of(patterns, n_delays, step, periodic)
    MARGIN.check_room(sizes, n_delays, settings | {"bits": bits})
    large = is_large(empty.n_neurons, n_delays, settings)
    learner_there = None if learn_on is None else _learner_on(learn_on, bits, scheduler, large)
    with cluster(scheduler, progress) as workers:
        if learner_there is not None:
            learner = learner_there(empty, settings, seed, progress)
        elif large:
            learner = LargeLearner(LargeBlockLearner(empty, settings, seed), progress, workers)
        else:
            learner = Learner(BlockLearner(empty, settings, seed), progress, workers)
        # A learning that went by other stages cannot go on by these.
        plan = [asdict(stage) for stage in learner.stages]
        owner = fingerprint(empty, {"rule": "margin", "seed": seed, "stages": plan, **settings})
        for _ in advances(learner, owner, checkpoint, checkpoint_every):
            pass
        memory = learner.result()
        if bits is not None:
            memory = relearned(memory, bits, settings, seed, progress, workers)
            memory.made["settings"] = settings | {"bits": bits}
    if learn_on is not None:
        memory.made["settings"] = settings | {"learn_on": learn_on}
    return memory


def _learner_on(learn_on, bits, scheduler, large):
    """What makes a learner on a device, if that can learn what is asked for."""
    # Torch takes a second to import.
    from wmdelays.training.discrete.devices import device_to_learn_on
    from wmdelays.training.rules.margin.on_device.learner import DeviceBlockLearner, DeviceLearner

    refused = (
        (bits is not None, f"weights of few bits ({parameter('bits')})"),
        (scheduler is not None, f"a cluster ({parameter('scheduler')})"),
        (large, "a large network whose synapses are chosen first"),
    )
    device = device_to_learn_on(learn_on, refused)

    def made(empty, settings, seed, progress):
        return DeviceLearner(DeviceBlockLearner(empty, settings, seed, device), progress)

    return made
