"""Spikes as a tensor: step, trial, neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from wmdelays.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.raster import Raster


def spike_tensor(rasters: Sequence[Raster], step: float = 1e-3) -> torch.Tensor:
    """Rasters as a tensor of spikes, such as `RecurrentLIF` takes and gives.

    Parameters
    ----------
    rasters : sequence of Raster
        Equally long, at whole steps.
    step : float
        Length of a step in seconds.

    Returns
    -------
    bool Tensor, shape (n_steps, n_rasters, n_neurons)

    Examples
    --------
    >>> from wmdelays import bernoulli
    >>> from wmdelays.training import spike_tensor
    >>> spike_tensor(bernoulli(n_neurons=20, n_steps=50, n_patterns=3, rate=0.02)).shape
    torch.Size([50, 3, 20])
    """
    dense = [raster.dense(step) for raster in rasters]
    if not dense:
        raise InputError("there is no raster to make a tensor of")
    if len({one.shape for one in dense}) > 1:
        shapes = ", ".join(str(one.shape) for one in dense)
        raise InputError(f"the rasters have the shapes {shapes}; cut them to one length")
    # Trials first in memory, which is how the network runs through them.
    return torch.from_numpy(np.stack(dense)).transpose(0, 1)


def check_spikes(spikes, n_neurons, weight):
    """Raise an InputError unless a network can be forced to emit these spikes.

    Parameters
    ----------
    spikes : Tensor, shape (n_steps, n_trials, n_neurons)
    n_neurons : int
    weight : Tensor
        The weights of the network.
    """
    if not isinstance(spikes, torch.Tensor):
        raise InputError(f"the spikes are a {type(spikes).__name__}; they have to be a Tensor")
    if spikes.ndim != 3 or spikes.shape[2] != n_neurons or not spikes.numel():
        raise InputError(
            f"the spikes have the shape {tuple(spikes.shape)}; it has to be (n_steps, n_trials,"
            f" {n_neurons})"
        )
    if spikes.device != weight.device:
        raise InputError(
            f"the spikes are on {spikes.device}, the network on {weight.device}; move one of them"
        )
    if spikes.dtype not in (torch.bool, weight.dtype):
        raise InputError(
            f"the spikes are {spikes.dtype}, the weights {weight.dtype}; convert them, or take bool"
        )
    if spikes.dtype != torch.bool and not ((spikes == 0) | (spikes == 1)).all():
        raise InputError("the spikes have values other than 0 and 1")
