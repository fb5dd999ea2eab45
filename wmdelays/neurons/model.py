"""What a neuron model is, as data: its name and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.quantities import Bounds

if TYPE_CHECKING:
    from collections.abc import Mapping


# The units in which values are given; each simulator knows them all. They fit each other, so that
# equations hold for the bare numbers: pF mV / ms = nS mV = pA.
UNITS = ("1", "ms", "1/ms", "mV", "nS", "pF", "pA")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a neuron model.

    Parameters
    ----------
    name : str
        As papers and equations have it, such as ``tau_m``.
    unit : str
        One of `UNITS`; "1" for a number without one.
    default : float
        The value where nothing else is said, in that unit.
    help : str
        What it is, in a few words.
    low, high : float, optional
        Bounds of the value; by default there are none.
    inclusive : bool
        Whether the bounds themselves are allowed.

    Raises
    ------
    InputError
        If there is no such unit, or the default is out of bounds.
    """

    name: str
    unit: str
    default: float
    help: str
    low: float | None = None
    high: float | None = None
    inclusive: bool = True

    def __post_init__(self):
        if self.unit not in UNITS:
            raise InputError(f"{self.name} has the unit {self.unit!r}; there is {', '.join(UNITS)}")
        self.check(self.default)

    def check(self, value: float) -> None:
        """Raise an InputError unless a value is a finite number within the bounds."""
        bounds = Bounds(self.low, self.high)
        if not self.inclusive:
            bounds = Bounds(above=self.low, below=self.high)
        if not bounds.hold(value):
            unit = "" if self.unit == "1" else f" {self.unit}"
            raise InputError(f"{self.name} is {value}{unit}; it has to {bounds}{unit}")


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model as data.

    Parameters
    ----------
    name : str
        What users call it.
    help : str
        What it is, in a few words.
    parameters : tuple of Parameter
    held : tuple of str
        Names of the parameters whose values stand in a memory and its file, because learning
        depends on them. The others have their defaults.

    Examples
    --------
    >>> from wmdelays.neurons import LIF
    >>> [(parameter.name, parameter.default) for parameter in LIF.parameters]
    [('beta', 0.7), ('theta', 1.0)]
    """

    name: str
    help: str
    parameters: tuple
    held: tuple = ()

    def check(self, values: Mapping[str, float]) -> None:
        """Raise an InputError unless the values, a mapping by name, are within their bounds."""
        for parameter in self.parameters:
            if parameter.name in values:
                parameter.check(values[parameter.name])

    def values(self, network: object) -> dict[str, float]:
        """The value of each parameter for the neurons of a network.

        Parameters
        ----------
        network : object
            What has the values that are held as attributes, such as a Memory.

        Returns
        -------
        dict of str to float
            In the units of the parameters.
        """
        return {
            one.name: getattr(network, one.name) if one.name in self.held else one.default
            for one in self.parameters
        }
