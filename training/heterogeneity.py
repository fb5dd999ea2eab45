"""Neurons that differ: beta and theta of each, given or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.draws import lognormal_factors, random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.neurons import LIF
from wmdelays.quantities import Bounds, shortened

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_SPREAD = Bounds(least=0, most=1)


@dataclass(frozen=True)
class Leaks:
    """Beta and theta of the neurons of a network in discrete time, as they are asked for.

    Parameters
    ----------
    beta, theta : float or array_like of float, shape (n_neurons,), optional
        By default 0.7 and 1.
    spread : float
        Standard deviation of the membranes' time constants from neuron to neuron, as a part of their
        mean, at most 1.
    seed : int
        Of what is drawn.

    Raises
    ------
    InputError
        If the spread makes no sense, or there is one beside a beta of each neuron.

    Notes
    -----
    Time constants have a lognormal distribution, which is above zero and has a tail of slow neurons.
    Their mean is that of beta: with factors f of mean 1

        tau_j = f_j * tau,    beta_j = exp(-step / tau_j) = beta^(1 / f_j)

    There is no such spread of theta. A threshold only sets the unit of what arrives at its neuron: one
    that is twice as high, with weights twice as strong, gives the same spikes.

    References
    ----------
    R. Duarte & A. Morrison, Leveraging heterogeneity for neural computation with fading memory in layer
    2/3 cortical microcircuits, PLoS Comput. Biol. 15, e1006781 (2019), table 1, for lognormal membrane
    time constants. N. Perez-Nieves, V. C. H. Leung, P. L. Dragotti & D. F. M. Goodman, Neural
    heterogeneity promotes robust learning, Nat. Commun. 12, 5791 (2021), for what it is good for.
    """

    beta: float | ArrayLike | None = None
    theta: float | ArrayLike | None = None
    spread: float = 0.0
    seed: int = 0

    def __post_init__(self):
        for name, value in (("beta", self.beta), ("theta", self.theta)):
            object.__setattr__(self, name, _numbers(name, value))
        spread, name = self.spread, parameter("beta_spread")
        if isinstance(spread, bool) or not isinstance(spread, (int, float, np.number)):
            raise InputError(f"{name} is {shortened(spread)}; it has to be a number")
        if not _SPREAD.hold(spread):
            raise InputError(f"{name} is {shortened(spread)}; it has to {_SPREAD}")
        if spread and np.ndim(self.beta):
            raise InputError(
                f"{name} draws the time constant of each neuron; {parameter('beta')} has to be one"
                " number then"
            )

    def of(self, n_recorded: int, n_neurons: int) -> dict:
        """Beta and theta of all neurons or of each, as a memory takes them.

        Parameters
        ----------
        n_recorded : int
            Of how many neurons values are given, where each has its own.
        n_neurons : int
            How many there are with the latent ones. These have the values of recorded neurons, drawn
            at random; or time constants of their own, drawn as all others are.
        """
        found = {"beta": self.beta, "theta": self.theta}
        if self.spread:
            normal = random_numbers("beta", self.seed).standard_normal(n_neurons)
            found["beta"] = self.beta ** (1 / lognormal_factors(normal, float(self.spread)))
        if n_neurons > n_recorded:
            like = random_numbers("latent beta", self.seed).integers(
                n_recorded, size=n_neurons - n_recorded
            )
            for name, value in found.items():
                if np.shape(value) not in ((), (n_neurons,)):
                    own = value[:n_recorded]
                    found[name] = np.concatenate([own, own[like]])
        return found


def _numbers(name, value):
    """The values of a parameter, a float or a float64 array; the default where there are none."""
    if value is None:
        return next(one.default for one in LIF.parameters if one.name == name)
    try:
        value = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{parameter(name)} is {shortened(value)}; it has to be a number, or one for each neuron"
        ) from None
    return value if value.ndim else float(value)
