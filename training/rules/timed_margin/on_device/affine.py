"""Neurons whose states follow linear equations: what a tick, an arrival and a spike do, as matrices."""
# ruff: noqa: F821

from dataclasses import dataclass

import numpy as np
import sympy

from wmdelays.neurons.one_tick import one_tick
from wmdelays.training.continuous.code import functions_of, specialised
from wmdelays.training.rules.timed_margin.on_device.equations import arrivals_of


@dataclass(frozen=True)
class Affine:
    """What happens to the states of a neuron and, behind them, a one.

    Attributes
    ----------
    free, held, reset : float64 arrays, shape (n_states + 1, n_states + 1)
        What a tick does to a neuron that is not held and to one that is, and what a spike does.
    up, down : float64 arrays, shape (n_states + 1,)
        What an arrival of weight 1 adds, where the sum is of weights above and below zero.
    """

    free: np.ndarray
    held: np.ndarray
    reset: np.ndarray
    up: np.ndarray
    down: np.ndarray


def is_affine(model):
    """Whether a tick and a spike do the same to the states wherever they are, and there is no upswing."""
    map = one_tick(model)
    slopes = [part for row in map.jacobian for part in row]
    slopes += [sympy.diff(one, state) for one in map.at_reset for state in map.states]
    return not model.has_upswing and not any(one.free_symbols & {*map.states} for one in slopes)


def affine(model, constants):
    """The matrices of a neuron of a model, for which `is_affine` holds, with these constants."""
    n = functions_of(model)[1]["N_STATES"]
    integrated, fired = (specialised(one, model) for one in (_tick, _spike))
    none = np.zeros(n)

    def matrix(changed):
        found = np.eye(n + 1)
        found[:n, n] = changed(none)
        for i, one in enumerate(np.eye(n)):
            found[:n, i] = changed(one) - found[:n, n]
        return found

    return Affine(
        matrix(lambda x: integrated(x, constants, False)),
        matrix(lambda x: integrated(x, constants, True)),
        matrix(lambda x: fired(x, constants)),
        *(np.append(one, 0.0) for one in arrivals_of(model)),
    )


def _tick(start, c, held):
    x = start.copy()
    tick(x, c, held)
    return x


def _spike(start, c):
    x = start.copy()
    spike(x, c)
    return x
