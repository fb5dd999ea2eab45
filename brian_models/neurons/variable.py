"""Neurons that differ and noise, in the terms of Brian2.

What happens in a tick and where is as in `wmdelays.training.continuous.closed_loop`: integration,
drive and noise, arrivals, threshold, reset.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.brian_models.neurons.continuous import arrival, brian2_neuron
from wmdelays.brian_models.neurons.model import dimension, in_unit, with_units
from wmdelays.errors import InputError
from wmdelays.neurons.one_tick import one_tick

if TYPE_CHECKING:
    from wmdelays.brian_models.neurons.model import Brian2Neuron
    from wmdelays.neurons.drawn_network import DrawnNetwork

# Ticks that a spike can wait at a neuron for its jitter: each is a variable of the neuron.
_MOST_WAITING = 1000


def variable_neuron(drawn: DrawnNetwork) -> Brian2Neuron:
    """The neurons of a network with `Variability` in the terms of Brian2.

    Parameters
    ----------
    drawn : DrawnNetwork

    Returns
    -------
    Brian2Neuron
        Its parameters are those of this network, whatever the memory.

    Raises
    ------
    InputError
        If the jitter of delays has more ticks than a neuron can keep, or no parameter sets the
        threshold.
    """
    model, wanted = drawn.model, drawn.variability
    unit = model.membrane_unit
    moving = model.threshold_parameter if wanted.threshold_noise else None
    if wanted.threshold_noise:
        # Whoever has no such parameter is told so.
        _ = one_tick(model).of_threshold
    differing = frozenset(name for name, value in drawn.values.items() if np.ndim(value))
    plain = brian2_neuron(model, differing, moving)
    lines, extras, parts = [], {}, {}

    def parameter(name, value, of="1"):
        kind = "constant" if np.ndim(value) else "shared, constant"
        lines.append(f"untidy_{name} : {dimension(of)} ({kind})")
        extras[f"untidy_{name}"] = in_unit(value, of)

    equations, arriving = plain.equations, plain.arrival
    if wanted.dead:
        parameter("alive", drawn.alive.astype(float))
        fires = f"fires = {model.threshold}"
        equations = equations.replace(fires, f"fires = ({model.threshold}) and untidy_alive > 0")
    if wanted.drive or wanted.membrane_noise:
        parameter("drive", drawn.kick, unit)
        kick = "untidy_drive"
        if wanted.membrane_noise:
            parameter("noise", drawn.noise, unit)
            kick = "(untidy_drive + untidy_noise * randn())"
        if model.membrane in model.held_states:
            kick += " * int(not_refractory)"
        parts["after_integration"] = f"{model.membrane} += {kick}"
    if moving:
        parameter("mean", np.full(len(drawn.alive), drawn.values[moving]), unit)
        parameter("threshold", drawn.threshold_noise, unit)
        redrawn = "untidy_mean + untidy_threshold * randn()"
        parts["rest"] = {**plain.rest, moving: redrawn}
        parts["reset"] = f"{plain.reset}\n{moving} = {redrawn}"
    if wanted.background:
        parameter("background", drawn.background)
        parts["also_sent"] = "rand() < untidy_background"
    before = ""
    if wanted.release_failures:
        parameter("failures", wanted.release_failures)
        before = "heard = w * int(rand() >= untidy_failures)\n"
        arriving = before + arrival(model, "heard")
    if wanted.delay_jitter:
        parameter("jitter", drawn.jitter)
        waiting, statements, shifted = _delay_line(model, drawn, "heard" if before else "w")
        lines += waiting
        arriving, parts["after_arrivals"] = before + statements, shifted
        parts["synapse_variables"] = "late : 1 (constant)"

    def quantities(_model, _values, _step):
        return {**with_units(model, drawn.values, None), **extras}

    return replace(
        plain,
        equations="\n".join((equations, *lines)) + "\n",
        arrival=arriving,
        quantities=quantities,
        resets_while_clamped=drawn.memory.neurons is not None,
        **parts,
    )


def _delay_line(model, drawn, weight):
    """What a spike waits in for the jitter of its delay: a variable of the neuron for each tick.

    Returns
    -------
    lines : list of str
        Equations of the neuron.
    statements : str
        What an arrival at the earliest tick does: it draws the tick at which it counts.
    shifted : str
        What a neuron does in each tick after the arrivals.
    """
    most = drawn.most_jitter
    n = 2 * most + 1
    if n > _MOST_WAITING:
        raise InputError(
            f"a delay jitter of {drawn.variability.delay_jitter:g} ms spreads over {n} ticks, in Brian2"
            f" at most {_MOST_WAITING}; take a longer dt or less of it"
        )
    kind = dimension(model.weight_unit)
    lines, shifted = [], []
    targets = dict.fromkeys((model.excitatory, model.inhibitory))
    statements = [
        f"slot = clip(late + clip(floor(untidy_jitter * randn() + 0.5), -{most}, {most}), 0, {n - 1})"
    ]
    for state in targets:
        names = [f"untidy_{state}_{k}" for k in range(n)]
        lines += [f"{name} : {kind}" for name in names]
        shifted.append(f"{state} += {names[0]}")
        shifted += [f"{one} = {later}" for one, later in zip(names, names[1:])]
        shifted.append(f"{names[-1]} = {'0' if kind == '1' else f'0 * {kind}'}")
    for k in range(n):
        here = {state: f"untidy_{state}_{k}" for state in targets}
        # Half a tick around the number, whatever floats do.
        statements.append(arrival(model, f"({weight} * int(abs(slot - {k}) < 0.5))", here))
    return lines, "\n".join(statements), "\n".join(shifted)
