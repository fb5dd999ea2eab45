"""The rule `margin`."""

import time
from dataclasses import asdict
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import CHECKPOINT
from wmdelays.files.output import check_writable
from wmdelays.memory import Memory
from wmdelays.quantities import checked_seed, whole
from wmdelays.training.checkpoint import fingerprint, resume, write_checkpoint
from wmdelays.training.room import check_room_for
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.learner import (
    ADDED,
    CHECKPOINT_EVERY,
    DAMAGED_EPOCHS,
    EPOCHS,
    LOST,
    NOISE,
    PRESENTATIONS,
    SILENCED,
    _Learner,
    _State,
)
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits


def margin(
    patterns,
    *,
    n_delays,
    step,
    beta,
    theta,
    periodic=False,
    kappa=None,
    epochs=EPOCHS,
    damaged_epochs=DAMAGED_EPOCHS,
    shortest_trigger=None,
    lost=LOST,
    added=ADDED,
    silenced=SILENCED,
    noise=NOISE,
    presentations=PRESENTATIONS,
    max_synapses=None,
    prune=False,
    one_delay_per_pair=False,
    signs="free",
    excitatory=0.8,
    seed=0,
    checkpoint=None,
    checkpoint_every=CHECKPOINT_EVERY,
    on_progress=None,
):
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
    step, beta, theta : float
        Training time step in seconds, leak and threshold.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    kappa : float, optional
        Margin, between 0 and theta; by default half of theta.
    epochs : int
        Most epochs with undamaged contexts, in each stage.
    damaged_epochs : int
        Number of epochs with damaged contexts; 0 for none.
    shortest_trigger : int, optional
        Steps of a pattern after which the network is to go on alone; by default a quarter of
        `n_delays` as long as contexts are damaged, and `n_delays` in the end: a context that has
        just begun may be empty.
    lost, added, silenced, noise : float
    presentations : int
        How much the contexts are damaged, see `wmdelays.training.rules.margin.damage.Damage`.
    max_synapses : int, optional
    prune, one_delay_per_pair : bool
    signs : {"free", "dale"}
    excitatory : float
        Which synapses there may be, see `wmdelays.training.rules.margin.synapse_limits.SynapseLimits`.
    seed : int
        Seed of the random numbers.
    checkpoint : str or Path, optional
        File of the checkpoint. If it exists, learning goes on from there; the result is that of
        an uninterrupted one. A finished learning leaves it.
    checkpoint_every : float
        Seconds from one checkpoint to the next.
    on_progress : callable, optional
        ``on_progress(text, part)`` is called now and then, with the part of the stage that is done.

    Returns
    -------
    Memory
        Its `made` has the settings and what was reached.

    Raises
    ------
    InputError
        If a setting makes no sense, or the checkpoint belongs to something else.
    """
    kappa = theta / 2 if kappa is None else kappa
    damage = Damage(lost, added, silenced, noise, presentations)
    limits = SynapseLimits(max_synapses, prune, one_delay_per_pair, signs, excitatory)
    if not 0 < kappa < theta:
        raise InputError(f"kappa is {kappa}; it has to lie between 0 and theta, {theta}")
    epochs = whole("epochs", epochs, 1)
    damaged_epochs = whole("damaged_epochs", damaged_epochs, 0)
    if shortest_trigger is not None:
        shortest_trigger = whole("shortest_trigger", shortest_trigger, 1, n_delays)
    seed = checked_seed(seed)
    settings = {
        "kappa": kappa,
        "epochs": epochs,
        "damaged_epochs": damaged_epochs,
        "shortest_trigger": shortest_trigger,
        **asdict(damage),
        **asdict(limits),
    }
    empty = Memory.unlearned(
        patterns, n_delays=n_delays, step=step, beta=beta, theta=theta, periodic=periodic
    )
    damages = bool(damage) and damaged_epochs > 0
    check_room_for("margin", patterns, n_delays, step, periodic, damaged=damages)
    learner = _Learner(empty, damage, limits, settings, seed, on_progress)
    owner = fingerprint(empty, {"rule": "margin", "seed": seed, **settings})
    if checkpoint is not None:
        check_writable(checkpoint, CHECKPOINT)
        if Path(checkpoint).exists():
            resume(checkpoint, owner, _State, learner.restore)
    written = time.monotonic()
    while not learner.done:
        learner.advance()
        if checkpoint is not None and (
            learner.done or time.monotonic() - written >= checkpoint_every
        ):
            write_checkpoint(checkpoint, owner, *learner.state())
            written = time.monotonic()
    return learner.result()
