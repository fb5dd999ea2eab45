"""One synapse for each pair of neurons, whose delay is learned."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrize

from wmdelays.errors import InputError
from wmdelays.quantities import Bounds
from wmdelays.training.module.bounds import nearest_within
from wmdelays.training.module.recurrent_lif import RecurrentLIF


class OneDelay(nn.Module):
    """A parametrisation of the weights of a dense layer: a strength and a delay for each pair.

        W[i,d,j] = w[i,j] * k(d - p[i,j]),    k(x) ~ exp(-x^2 / (2 spread^2)),  sum over d of k = 1

    The delay p need not be a whole number of steps. A wide spread lets its gradient see far; as it
    shrinks, the weight gathers at the whole step next to p.

    Parameters
    ----------
    there : bool Tensor, shape (n_neurons, n_neurons)
        Which pairs (pre, post) have a synapse.
    n_delays : int
    spread : float
        In steps. Change the attribute while training.

    References
    ----------
    I. Hammouamri, I. Khalfaoui-Hassani and T. Masquelier, Learning delays in spiking neural networks
    using dilated convolutions with learnable spacings, ICLR 2024 (a Gaussian whose width shrinks);
    A. Queant, U. Rançon, B. R. Cottereau and T. Masquelier, DelRec: learning delays in recurrent
    spiking neural networks, arXiv 2509.24852 (2025) (recurrent delays, a triangle).
    """

    def __init__(self, there, n_delays, spread):
        super().__init__()
        self.register_buffer("there", there)
        self.n_delays, self.spread = n_delays, spread

    def forward(self, strength, delay):
        """The weights, shape (n_neurons, n_delays, n_neurons)."""
        steps = torch.arange(1, self.n_delays + 1, dtype=delay.dtype, device=delay.device)
        p = nearest_within(delay, 1, self.n_delays)[:, None, :]
        kernel = torch.softmax(-((steps[:, None] - p) ** 2) / (2 * self.spread**2), dim=1)
        return (strength * self.there)[:, None, :] * kernel

    def right_inverse(self, weight):
        """Of weights that are set: the largest of each pair, and where it stands."""
        place = weight.abs().argmax(1, keepdim=True)
        return weight.gather(1, place)[:, 0], (place[:, 0] + 1).to(weight.dtype)


@dataclass(frozen=True)
class RoundedDelays:
    """What is left when delays are rounded to whole steps.

    Attributes
    ----------
    layer : RecurrentLIF
        With one synapse for each pair.
    moved : float
        The part of the weights, by their absolute values, that stood at other delays before.
    """

    layer: RecurrentLIF
    moved: float


def learn_delays(layer: RecurrentLIF, spread: float | None = None) -> OneDelay:
    """Let a dense layer have one synapse for each pair of neurons, and learn its delay.

    Parameters
    ----------
    layer : RecurrentLIF
        Made by `from_dense`. Of each pair the largest weight is kept, at its delay, where learning
        starts. A pair whose weights are all zero has no synapse.
    spread : float, optional
        Over how many steps a weight is spread at first; by default a quarter of the delays. Let it
        shrink to about 0.2 while you train, so that little is left to round.

    Returns
    -------
    OneDelay
        Its `spread` is what you change. The parameters, strengths and delays in steps, of shape
        (n_neurons, n_neurons) as [pre, post], are ``layer.parametrizations.weight.original0`` and
        ``.original1``; delays want a larger learning rate than strengths.

    Raises
    ------
    InputError
        If the layer is sparse, or its delays are learned already.

    Examples
    --------
    >>> import torch
    >>> from wmdelays.training import RecurrentLIF, learn_delays, round_delays
    >>> weights = torch.zeros(2, 2, 9)
    >>> weights[1, 0, 2] = 1.2  # onto neuron 1, from neuron 0, after 3 steps
    >>> layer = RecurrentLIF.from_dense(weights)
    >>> delays = learn_delays(layer)
    >>> cue = torch.zeros(9, 1, 2)
    >>> cue[0, 0, 0] = 1
    >>> optimizer = torch.optim.Adam([layer.parametrizations.weight.original1], lr=0.2)
    >>> for epoch in range(40):  # let it arrive in step 6
    ...     delays.spread = 2.5 * 0.93**epoch
    ...     optimizer.zero_grad()
    ...     (-layer(cue, clamp=9)[1][6, 0, 1]).backward()
    ...     optimizer.step()
    >>> rounded = round_delays(layer)
    >>> rounded.layer.synapses.delay.tolist(), rounded.moved < 0.01
    ([6], True)
    """
    if layer.weight.ndim != 3:
        raise InputError("delays are learned by a layer made with from_dense, not by a sparse one")
    if parametrize.is_parametrized(layer, "weight"):
        raise InputError("the weights of this layer have a parametrisation already")
    spread = layer.n_delays / 4 if spread is None else spread
    bounds = Bounds(above=0)
    if not bounds.hold(spread):
        raise InputError(f"spread is {spread}; it has to {bounds}")
    there = (layer.weight.detach() != 0).any(1)
    one = OneDelay(there, layer.n_delays, float(spread))
    parametrize.register_parametrization(layer, "weight", one, unsafe=True)
    return one


def round_delays(layer: RecurrentLIF) -> RoundedDelays:
    """The layer whose delays were learned, with each at the nearest whole step.

    Parameters
    ----------
    layer : RecurrentLIF
        Given to `learn_delays` before. It stays as it is, so that both can be tried out.

    Returns
    -------
    RoundedDelays

    Raises
    ------
    InputError
        If its delays were not learned.
    """
    kept = layer.parametrizations.weight if parametrize.is_parametrized(layer, "weight") else None
    if kept is None or not isinstance(kept[0], OneDelay):
        raise InputError("this layer has no learned delays; see learn_delays")
    with torch.no_grad():
        strength, delay = kept.original0, kept.original1.round().clamp(1, layer.n_delays).long()
        weight = layer.weight
        pre, post = (kept[0].there & (strength != 0)).nonzero(as_tuple=True)
        strength, delay = strength[pre, post], delay[pre, post]
        elsewhere = weight.abs()
        size = elsewhere.sum()
        elsewhere[pre, delay - 1, post] = 0
        moved = float(elsewhere.sum() / size) if size > 0 else 0.0
    rounded = RecurrentLIF.from_synapses(
        pre,
        post,
        delay,
        strength,
        n_neurons=layer.n_neurons,
        n_delays=layer.n_delays,
        beta=layer.beta,
        theta=layer.theta,
        surrogate=layer.surrogate,
        dropout=layer.dropout,
        dtype=weight.dtype,
        device=weight.device,
    )
    return RoundedDelays(rounded, moved)
