"""The neurons of a network: a model in continuous time, and the values of its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from wmdelays.errors import InputError
from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.names import NEURONS, neuron_model
from wmdelays.words import counted

# Ticks that one simulation can have in a millisecond.
_MOST_TICKS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Neurons:
    """The neurons for which a memory is learned: a model, parameters, and the tick.

    Parameters
    ----------
    model : ContinuousNeuron or str
        A model, or the name of one.
    n_neurons : int
    dt : float
        The tick in seconds: the time step for which weights are learned.
    classes : mapping of str to mapping of str to float
        Values of parameters for each class of neurons, by the class's name; what is left out has
        its default. By default there is one class, ``""``, with all defaults.
    members : array_like of int, shape (n_neurons,), optional
        The class of each neuron, by its place in `classes`. By default all are of the first.

    Raises
    ------
    InputError
        If there is no such model or parameter, or a value or number makes no sense.

    Examples
    --------
    >>> from wmdelays.neurons import Neurons
    >>> neurons = Neurons("adex", 10, classes={"": {"tau_e": 2.0}})
    >>> neurons.values["tau_e"], neurons.values["c"]
    (2.0, 281.0)
    """

    model: ContinuousNeuron
    n_neurons: int
    dt: float = 1e-4
    classes: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: {"": {}})
    members: np.ndarray | None = None

    def __post_init__(self):
        model = neuron_model(self.model)
        if NEURONS.get(model.name) is not model:
            # sympy takes a while to be imported, and the models by name have been checked.
            from wmdelays.neurons.one_tick import check_equations

            check_equations(model)
        classes = {
            str(name): {key: float(value) for key, value in values.items()}
            for name, values in self.classes.items()
        }
        if not classes:
            raise InputError("there is no class of neurons")
        for values in classes.values():
            model.check(values)
        if not (math.isfinite(self.dt) and 1e-3 / _MOST_TICKS <= self.dt <= 1e-3):
            raise InputError(f"the tick is {self.dt * 1e3:g} ms; it has to be from 0.001 to 1 ms")
        if not (self.n_neurons >= 1 and self.n_neurons % 1 == 0):
            raise InputError(f"there cannot be {self.n_neurons} neurons")
        members = np.zeros(self.n_neurons, np.int32) if self.members is None else self.members
        members = np.asarray(members)
        if members.shape != (self.n_neurons,) or members.dtype.kind not in "iu":
            raise InputError(f"members has to name a class for each of {self.n_neurons} neurons")
        if members.size and not 0 <= members.min() <= members.max() < len(classes):
            raise InputError(f"members has to name classes from 0 to {len(classes) - 1}")
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "members", members.astype(np.int32))
        object.__setattr__(self, "dt", float(self.dt))

    def __repr__(self):
        several = ""
        if len(self.classes) > 1:
            counts = np.bincount(self.members, minlength=len(self.classes))
            several = " (" + ", ".join(f"{n} {name}" for name, n in zip(self.classes, counts)) + ")"
        return (
            f"<Neurons: {counted(self.n_neurons, 'neuron')} {self.model.name}{several},"
            f" ticks of {self.dt * 1e3:g} ms>"
        )

    @cached_property
    def values(self) -> dict:
        """The value of each parameter in its unit: a float, or an array of shape (n_neurons,)."""
        found = {}
        for one in self.model.parameters:
            of_class = np.array([v.get(one.name, one.default) for v in self.classes.values()])
            same = np.all(of_class == of_class[0])
            found[one.name] = float(of_class[0]) if same else of_class[self.members]
        return found

    def refractory_ticks(self, dt: float | None = None) -> np.ndarray:
        """For how many ticks each neuron is refractory, its spike's own among them.

        A period that is no whole number of ticks is cut to one, as in Brian2.

        Parameters
        ----------
        dt : float, optional
            The tick in seconds; by default that of learning.

        Returns
        -------
        int array, shape (n_neurons,)
        """
        name = self.model.refractory
        period = 0.0 if name is None else self.values[name]
        dt = self.dt if dt is None else dt
        # The thousandth of a tick is Brian2's, against rounding.
        ticks = np.floor((np.asarray(period) * 1e-3 + 1e-3 * dt) / dt)
        return np.broadcast_to(np.maximum(ticks, 1).astype(np.int64), self.n_neurons)

    def with_more(self, n: int) -> Neurons:
        """These neurons and `n` others after them, of the same classes in the same parts."""
        counts = np.bincount(self.members, minlength=len(self.classes))
        ends = np.rint(np.cumsum(counts) / self.n_neurons * n)
        more = np.searchsorted(ends, np.arange(n), side="right")
        members = np.concatenate([self.members, more])
        return Neurons(self.model, self.n_neurons + n, self.dt, self.classes, members)

    def with_values(self, values: Mapping[str, float]) -> Neurons:
        """The same neurons with other values of some parameters, in all classes."""
        classes = {name: {**own, **values} for name, own in self.classes.items()}
        return Neurons(self.model, self.n_neurons, self.dt, classes, self.members)


def mixed(
    model: ContinuousNeuron | str,
    n_neurons: int,
    parts: Mapping[str, float],
    dt: float = 1e-4,
    values: Mapping[str, float] | None = None,
) -> Neurons:
    """Neurons of several classes, the presets of a model.

    Parameters
    ----------
    model : ContinuousNeuron or str
    n_neurons : int
    parts : mapping of str to float
        The part of the neurons that has each preset, in the order of neurons; they sum to 1.
    dt : float
        The tick in seconds.
    values : mapping of str to float, optional
        Values of parameters for all classes.

    Returns
    -------
    Neurons

    Examples
    --------
    >>> from wmdelays.neurons import mixed
    >>> mixed("izhikevich", 10, {"RS": 0.8, "FS": 0.2})
    <Neurons: 10 neurons izhikevich (8 RS, 2 FS), ticks of 0.1 ms>
    """
    model = neuron_model(model)
    for name in parts:
        if name not in model.presets:
            there_are = ", ".join(model.presets) or "none"
            raise InputError(f"{model.name} has no preset {name!r}; there is {there_are}")
    if not (abs(sum(parts.values()) - 1) <= 1e-9 and min(parts.values()) >= 0):
        raise InputError("the parts of the classes have to sum to 1")
    bounds = np.rint(np.cumsum(list(parts.values())) * n_neurons).astype(int)
    members = np.searchsorted(bounds, np.arange(n_neurons), side="right").astype(np.int32)
    classes = {name: {**model.presets[name], **(values or {})} for name in parts}
    return Neurons(model, n_neurons, dt, classes, members)
