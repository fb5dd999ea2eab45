"""Which synapses a neuron may have: how many, of which sign, how many delays for a pair."""

from dataclasses import dataclass, fields

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.files.recordings.cell_types import inhibitory_units

SIGNS = ("free", "dale")
PRUNE = ("damage", "recall", "none")


@dataclass(frozen=True)
class SynapseLimits:
    """What is asked of the synapses, beside that they recall.

    Parameters
    ----------
    max_synapses : int, optional
        Largest number of synapses onto a neuron.
    prune : {"none", "recall", "damage"}
        With "recall" each neuron's weakest synapses are cut for as long as the others can take over. With
        "damage", where there is no other limit, those are cut that neither recall nor bearing damage needs,
        see `wmdelays.training.rules.margin.enough`; it counts as no limit, since no recall suffers.
    one_delay_per_pair : bool
        Whether there is at most one synapse for each ordered pair of neurons.
    signs : {"free", "dale"}
        With "dale" every neuron is excitatory or inhibitory: all weights of its outgoing synapses
        are positive, or all are negative.
    excitatory : float
        Part of the neurons that are excitatory, with "dale": the first ones.
    inhibitory : sequence of int, optional
        With "dale": the inhibitory neurons, where it is known which they are.

    References
    ----------
    N. Brunel, Is cortical connectivity optimized for storing information?, Nature Neuroscience 19
    (2016): at capacity, weights of one sign are sparse.
    """

    max_synapses: int | None = None
    prune: str = "none"
    one_delay_per_pair: bool = False
    signs: str = "free"
    excitatory: float = 0.8
    inhibitory: tuple | None = None

    @classmethod
    def of(cls, settings):
        """What settings ask for, among others."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: settings[name] for name in names if name in settings})

    def __bool__(self):
        """Whether anything is limited."""
        limited = self.prune == "recall" or self.one_delay_per_pair or self.signs != "free"
        return limited or self.max_synapses is not None

    def sign(self, n_neurons, n_delays):
        """The sign of each row of a block's weights, int8; None if it is free."""
        if self.signs == "free":
            return None
        if self.inhibitory is None:
            n_excitatory = round(self.excitatory * n_neurons)
            sign = np.where(np.arange(n_neurons) < n_excitatory, 1, -1).astype(np.int8)
        else:
            sign = np.ones(n_neurons, np.int8)
            sign[list(self.inhibitory)] = -1
        return np.repeat(sign, n_delays)

    def cuts(self, n_neurons, n_delays, factor=2):
        """The limits of each cut, from wide to narrow: a list of (per_pair, per_neuron).

        Each cut leaves about one in `factor` of the synapses that the one before left, so that those
        that remain can learn to do without the others.
        """
        goals = [1 if self.one_delay_per_pair else None, self.max_synapses]
        most = [n_delays, n_neurons * n_delays]
        n_cuts = max(
            (
                int(np.ceil(np.log2(all_ / goal) / np.log2(factor)))
                for goal, all_ in zip(goals, most)
                if goal
            ),
            default=0,
        )
        return [
            tuple(None if goal is None else int(goal * factor**k) for goal in goals)
            for k in range(max(n_cuts, 1) - 1, -1, -1)
            if any(goals)
        ]

    def early_cuts(self, left):
        """The limits of a few cuts, each a multiple of those there are to be: (per_pair, per_neuron)."""
        goals = [1 if self.one_delay_per_pair else None, self.max_synapses]
        return [tuple(goal and factor * goal for goal in goals) for factor in left if any(goals)]


def most_important(importance, n_delays, per_pair=None, per_neuron=None):
    """The most important synapses of each neuron.

    Parameters
    ----------
    importance : float array, shape (n_neurons * n_delays, n_post)
        See `wmdelays.training.rules.margin.importance.importance`; zero where there is no synapse.
    n_delays : int
    per_pair : int, optional
        Most synapses for a pair of neurons.
    per_neuron : int or int array of shape (n_post,), optional
        Most synapses onto a neuron.

    Returns
    -------
    bool array, shape of `importance`
        Never true where there is no synapse.
    """
    size = importance
    if per_pair is not None and per_pair < n_delays:
        by_pair = size.reshape(-1, n_delays, importance.shape[1])
        order = np.argsort(-by_pair, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(n_delays)[None, :, None], axis=1)
        size = np.where(rank < per_pair, by_pair, 0).reshape(importance.shape)
    kept = size > 0
    if per_neuron is not None:
        limits = np.broadcast_to(per_neuron, importance.shape[1])
        for b in np.flatnonzero(kept.sum(0) > limits):
            rows = np.flatnonzero(kept[:, b])
            weakest = np.argsort(-size[rows, b], kind="stable")[limits[b] :]
            kept[rows[weakest], b] = False
    return kept


def within(present, n_delays, per_pair=None, per_neuron=None):
    """Whether the synapses that are present keep to the limits.

    Parameters
    ----------
    present : bool array, shape (n_neurons * n_delays, n_post)
    n_delays, per_pair, per_neuron
        See `most_important`.

    Returns
    -------
    bool
    """
    if per_neuron is not None and np.any(present.sum(0) > per_neuron):
        return False
    if per_pair is None or per_pair >= n_delays:
        return True
    return present.reshape(-1, n_delays, present.shape[1]).sum(1).max() <= per_pair


def with_cell_types(settings, patterns):
    """Settings in which `inhibitory` says which neurons are, where the first ones are not all the others.

    It does if `cell_types` is given, or if there are latent neurons: of these the last fifth is, or what
    `excitatory` leaves.

    Raises
    ------
    InputError
        If the file cannot be read or says nothing of a unit, or signs are free.
    """
    types, pattern = settings.pop("cell_types"), patterns[0]
    dale = settings["signs"] == "dale"
    if types is not None and not dale:
        wanted = parameter("signs='dale'")
        raise InputError(
            f"{parameter('cell_types')} says whose weights have which sign; it is for {wanted}"
        )
    if not dale or types is None and not pattern.n_latent:
        return settings
    part, n, n_latent = settings["excitatory"], pattern.n_recorded, pattern.n_latent
    if types is None:
        inhibitory = list(range(round(part * n), n))
    else:
        inhibitory = inhibitory_units(types, pattern.names()[:n])
    latent = range(n + round(part * n_latent), n + n_latent)
    return settings | {"inhibitory": [*inhibitory, *latent]}
