"""The rule `timed-margin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.errors import parameter
from wmdelays.memory import Memory
from wmdelays.quantities import checked_seed
from wmdelays.training.rules.checkpoint import EVERY, advances, fingerprint
from wmdelays.training.rules.margin.synapse_limits import with_cell_types
from wmdelays.training.rules.rule import sizes_of
from wmdelays.training.rules.side_by_side import cluster
from wmdelays.training.rules.timed_margin.description import TIMED_MARGIN
from wmdelays.training.rules.timed_margin.learner import Learner
from wmdelays.training.rules.timed_margin.neuron_learner import NeuronLearner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from wmdelays.neurons import Neurons
    from wmdelays.raster import Raster


def timed_margin(
    patterns: Sequence[Raster],
    *,
    n_delays: int,
    step: float,
    neurons: Neurons,
    periodic: bool = False,
    kappa: float | None = None,
    slope: float | None = None,
    overshoot: float | None = None,
    epochs: int = 100,
    damaged_epochs: int = 0,
    jitter: float = 0.0,
    release_failures: float = 0.1,
    background: float = 0.1,
    membrane_noise: float = 1.0,
    max_synapses: int | None = None,
    prune: str = "none",
    importance: str = "weight",
    one_delay_per_pair: bool = False,
    signs: str = "free",
    excitatory: float = 0.8,
    cell_types: str | PathLike | Mapping[str, str] | None = None,
    learn_on: str | None = None,
    seed: int = 0,
    checkpoint: str | PathLike | None = None,
    checkpoint_every: float = EVERY,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """Weights with which neurons in continuous time fire at the stored times and at no others.

    With the stored spikes as context, the membrane of each neuron crosses its threshold half a tick
    before each of its spikes, with a least slope, and stays below it by a margin elsewhere. In the end
    every tick is checked: where each neuron, shown the stored spikes, fires at its own and at no
    other tick, the closed loop is exact, by induction over the ticks.

    Parameters
    ----------
    patterns : sequence of Raster
        The patterns to be stored, at whole ticks of the neurons and equally long.
    n_delays : int
        Largest delay D in steps, also the length of the trigger window.
    step : float
        Unit of the delays in seconds.
    neurons : Neurons
        What is learned for.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    kappa, slope, overshoot : float, optional
        Margin in mV, least slope in mV/ms and overshoot in mV, see
        `wmdelays.training.rules.timed_margin.without_upswing.show_threshold`. By default the
        slope follows from the response of a neuron to one arrival, and margin and overshoot from the slope.
    epochs : int
        Most epochs of each neuron, after each cut of its synapses.
    damaged_epochs : int
        Epochs in which what a neuron is shown is damaged, anew each time, once all bounds are met and
        after each cut of its synapses. All bounds are met once more after them, so that the closed
        loop stays exact without noise.
    jitter, release_failures, background, membrane_noise : float
        How much, see `wmdelays.training.rules.timed_margin.damage.Damage`.
    max_synapses : int, optional
    prune : {"none", "recall"}
    importance : {"weight", "slope"}
        Which synapses are kept where some are cut: the strongest, or those that make each stored spike
        steep, see `wmdelays.training.rules.timed_margin.importance.importance`.
    one_delay_per_pair : bool
    signs : {"free", "dale"}
    excitatory : float
    cell_types : str, Path or mapping of str to str, optional
        Which synapses there may be, see `wmdelays.training.rules.margin.synapse_limits.SynapseLimits`.
    learn_on : str, optional
        The device on which torch's operators learn, many neurons at once: cuda, cuda:1, or cpu; without
        damage. The memory is the same up to rounding. By default compiled loops learn, on all
        processors.
    seed : int
        Seed of the order in which patterns are shown, and of damage.
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
        Its `made` has the settings, what was reached and which spikes were left out and why:
        "refractory", as they fall into the refractory period of their neuron, or "not learned".

    Raises
    ------
    InputError
        If a setting makes no sense, the checkpoint belongs to something else, or no scheduler
        answers.
    """
    settings = {
        "kappa": kappa,
        "slope": slope,
        "overshoot": overshoot,
        "epochs": epochs,
        "damaged_epochs": damaged_epochs,
        "jitter": jitter,
        "release_failures": release_failures,
        "background": background,
        "membrane_noise": membrane_noise,
        "max_synapses": max_synapses,
        "prune": prune,
        "importance": importance,
        "one_delay_per_pair": one_delay_per_pair,
        "signs": signs,
        "excitatory": excitatory,
        "cell_types": cell_types,
    }
    settings, seed = TIMED_MARGIN.checked(settings, n_delays), checked_seed(seed)
    settings = with_cell_types(settings, patterns)
    empty = Memory.unlearned(
        patterns,
        n_delays=n_delays,
        step=step,
        beta=None,
        theta=None,
        periodic=periodic,
        neurons=neurons,
    )
    TIMED_MARGIN.check_room(sizes_of(patterns, n_delays, step, periodic), n_delays, settings)
    learner_there = None
    if learn_on is not None:
        learner_there = _learner_on(learn_on, settings, scheduler)
    owner = fingerprint(empty, {"rule": TIMED_MARGIN.name, "seed": seed, **settings})
    with cluster(scheduler, progress) as workers:
        if learner_there is not None:
            learner = learner_there(empty, settings, seed, progress)
        else:
            learner = Learner(NeuronLearner(empty, settings, seed), progress, workers)
        for _ in advances(learner, owner, checkpoint, checkpoint_every):
            pass
        memory = learner.result()
    if learn_on is not None:
        memory.made["settings"] = settings | {"learn_on": learn_on}
    return memory


def _learner_on(learn_on, settings, scheduler):
    """What makes a learner on a device, if that can learn what is asked for."""
    # Torch takes a second to import.
    from wmdelays.training.discrete.devices import device_to_learn_on
    from wmdelays.training.rules.timed_margin.on_device import learner

    refused = (
        (scheduler is not None, f"a cluster ({parameter('scheduler')})"),
        (settings["damaged_epochs"] > 0, f"damaged epochs ({parameter('damaged_epochs')})"),
    )
    device = device_to_learn_on(learn_on, refused)

    def made(empty, settings, seed, progress):
        of_neurons = learner.DeviceNeuronLearner(empty, settings, seed, device)
        return learner.DeviceLearner(of_neurons, progress)

    return made
