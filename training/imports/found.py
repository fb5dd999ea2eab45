"""What a source of weights says of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.neurons.resets import BY_EMITTED
from wmdelays.quantities import shortened


@dataclass(frozen=True, eq=False)
class Found:
    """A network as its source has it; what it does not say is None.

    Attributes
    ----------
    kind : str
        What the source is, in words.
    pre, post, delay, weight : arrays, shape (n_synapses,)
        Delays in steps, from 1 on.
    n_neurons, n_delays : int, optional
    beta, theta, reset_by : float or array of shape (n_neurons,), optional
    reset : str, optional
        One of `wmdelays.neurons.resets.RESETS`.
    strict : bool, optional
        Whether a neuron fires above threshold alone, and not at it.
    step : float, optional
        Length of a step in seconds.
    neurons : Neurons, optional
        Neurons in continuous time, which have no beta and theta.
    patterns : tuple of Raster
    periodic : bool
    made : dict, optional
        How the memory was made, where the source is a memory of this software that was exported.
    fingerprint : str, optional
        Of the memory that was exported.
    notes : tuple of str
        What the source has besides, which is left out.
    instead : tuple of str
        In place of what it says, the user says otherwise.
    """

    kind: str
    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    n_neurons: int | None = None
    n_delays: int | None = None
    beta: object = None
    theta: object = None
    reset_by: object = None
    reset: str | None = None
    strict: bool | None = None
    step: float | None = None
    neurons: object = None
    patterns: tuple = ()
    periodic: bool = False
    made: dict | None = None
    fingerprint: str | None = None
    notes: tuple = ()
    instead: tuple = ()

    def said_otherwise(self, **said):
        """The same with what the user says of it; that takes the place of what the source says."""
        said = {name: value for name, value in said.items() if value is not None}
        if said and self.neurons is not None:
            raise InputError(
                f"has neurons {self.neurons.model.name}, which have no {next(iter(said))}"
            )
        others = [name for name, value in said.items() if not self._says(name, value)]
        instead = tuple(name for name in others if getattr(self, name) is not None)
        if "reset" in others:
            # What the source takes off belongs to the reset that it says.
            said.setdefault("reset_by", None)
        return replace(self, **said, instead=instead)

    def _says(self, name, value):
        """Whether the source itself says the same."""
        own = getattr(self, name)
        if own is None:
            return False
        try:
            own, value = np.asarray(own), np.asarray(value)
        except ValueError:  # rows of different lengths, which are refused later
            return False
        shapes = (), own.shape, (self.n_neurons,)
        return value.shape in shapes and bool(np.all(own == value))

    def parameters(self):
        """Beta, theta and the reset as a Memory takes them.

        Raises
        ------
        InputError
            If the source does not say beta or theta, and the user neither.
        """
        if self.neurons is not None:
            return {"beta": None, "theta": None, "neurons": self.neurons}
        missing = [name for name in ("beta", "theta") if getattr(self, name) is None]
        if missing:
            give = " and ".join(map(parameter, missing))
            raise InputError(f"does not say {' and '.join(missing)} of its neurons; give {give}")
        reset = self.reset or BY_EMITTED
        reset_by = self.reset_by
        theta = np.asarray(self.theta, dtype=np.float64)
        if reset == "subtract" and reset_by is None:
            reset_by = theta
        if self.strict:
            # u > theta is u >= the next larger number.
            theta = np.nextafter(theta, np.inf)
        return {"beta": self.beta, "theta": theta, "reset": reset, "reset_by": reset_by}


def from_tensor(weights, kind, axes=("post", "pre", "delay"), **others):
    """The network of a tensor of weights.

    Parameters
    ----------
    weights : array of floats with three axes
    kind : str
    axes : tuple of str
        What the axes are: post, pre and delay, the delay of one step first, in any order.
    """
    weights = weights.transpose([axes.index(name) for name in ("post", "pre", "delay")])
    if weights.shape[0] != weights.shape[1] or not weights.size:
        raise InputError(
            f"has weights of the shape {weights.shape} as (post, pre, delay); there have to be as many"
            " post as pre"
        )
    post, pre, delay = np.nonzero(weights)
    values = weights[post, pre, delay].astype(np.float64)
    sizes = {"n_neurons": weights.shape[0], "n_delays": weights.shape[2]}
    return Found(kind, pre, post, delay + 1, values, **sizes, **others)


def checked_axes(text):
    """The axes of a tensor from a text such as post,pre,delay."""
    axes = tuple(part.strip() for part in text.split(","))
    if sorted(axes) != ["delay", "post", "pre"]:
        raise InputError(f"the axes are post, pre and delay in some order, not {shortened(text)}")
    return axes


def of_each(values, name, n_neurons=None):
    """A parameter as a float, or as an array of a value for each neuron."""
    values = np.asarray(values, dtype=np.float64)
    if values.size == 1:
        return float(values.reshape(-1)[0])
    if values.ndim != 1 or n_neurons is not None and len(values) != n_neurons:
        of = "" if n_neurons is None else f", and there are {n_neurons} neurons"
        raise InputError(f"has {name} of the shape {values.shape}{of}")
    return values
