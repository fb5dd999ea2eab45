"""Neurons as people name them: ``adex``, ``adex:tonic``, ``izhikevich:RS=0.8,FS=0.2``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.neurons.names import neuron_model
from wmdelays.neurons.population import Neurons, mixed
from wmdelays.quantities import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence


def neurons_of(
    text: str, n_neurons: int, dt: float = 1e-4, settings: Sequence[str] = ()
) -> Neurons:
    """The neurons that a text names.

    Parameters
    ----------
    text : str
        A model; a model and one of its presets; or a model and presets with the part of the neurons
        that has each.
    n_neurons : int
    dt : float
        The tick in seconds.
    settings : sequence of str
        Values of parameters for all neurons, such as ``"tau_e=2"`` or ``"tau_e=2ms"``, in the unit
        of the parameter.

    Returns
    -------
    Neurons

    Raises
    ------
    InputError
        If there is no such model, preset or parameter, or a value makes no sense.

    Examples
    --------
    >>> from wmdelays.neurons import neurons_of
    >>> neurons_of("izhikevich:RS=0.8,FS=0.2", 10)
    <Neurons: 10 neurons izhikevich (8 RS, 2 FS), ticks of 0.1 ms>
    >>> neurons_of("lif-exp", 10, settings=["tau_s=2ms"]).values["tau_s"]
    2.0
    """
    name, _, presets = text.partition(":")
    model = neuron_model(name)
    values = dict(parameter_value(model, one) for one in settings)
    if not presets:
        return Neurons(model, n_neurons, dt, {"": values})
    parts = {}
    for one in presets.split(","):
        preset, equals, part = one.partition("=")
        try:
            parts[preset.strip()] = float(part) if equals else 1.0
        except ValueError:
            raise InputError(
                f"{shortened(one)} is no part of the neurons; write {model.name}:RS=0.8,FS=0.2"
            ) from None
    return mixed(model, n_neurons, parts, dt, values)


def parameter_value(model, text):
    """The name and the value of a parameter from a text such as ``tau_e=2ms``; see `neurons_of`."""
    name, equals, value = (part.strip() for part in text.partition("="))
    units = {one.name: one.unit for one in model.parameters}
    if not equals or name not in units:
        raise InputError(
            f"{shortened(text)} sets no parameter of {model.name}; it has {', '.join(units)}, as in"
            f" {next(iter(units))}=2"
        )
    if units[name] != "1":
        value = value.removesuffix(units[name]).strip()
    try:
        return name, float(value)
    except ValueError:
        raise InputError(
            f"{name} is {shortened(value)}; it has to be a number of {units[name]}"
        ) from None
