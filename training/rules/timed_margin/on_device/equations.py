"""What a tick and a spike do to the states of many neurons at once, as operators of torch."""
# ruff: noqa: F821

from functools import reduce

import numpy as np
import sympy
import torch

from wmdelays.neurons.one_tick import one_tick
from wmdelays.training.continuous.code import functions_of, specialised


def _larger(a, b):
    return torch.where(a > b, a, b)


def _smaller(a, b):
    return torch.where(a < b, a, b)


# What the expressions of `wmdelays.neurons.expressions` and their derivatives are made of.
_OPERATORS = {name: getattr(torch, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")}
_OPERATORS |= {
    # Of that name sympy makes a branch.
    "sign_of": torch.sign,
    # Of numbers and tensors.
    "Max": lambda *parts: reduce(_larger, parts),
    "Min": lambda *parts: reduce(_smaller, parts),
}


class Equations:
    """The equations of a model.

    States have the shape (..., n_lanes, n_states); constants are a tensor each, of shape (n_lanes,). A
    matrix has the derivative of state i by state j before in its row i and column j.

    Parameters
    ----------
    model : ContinuousNeuron

    Attributes
    ----------
    has_upswing : bool
    arrivals : two float64 arrays, shape (n_states,)
        See `arrivals_of`.
    """

    def __init__(self, model):
        map = one_tick(model)
        self.has_upswing, self.arrivals = model.has_upswing, arrivals_of(model)
        self.held = [i for i, held in enumerate(map.held) if held]
        by = [[sympy.diff(one, state) for state in map.states] for one in map.at_reset]
        self._after, self._at_reset = _function(map, map.after), _function(map, map.at_reset)
        self._slopes, self._slopes_at_reset = _matrix(map, map.jacobian), _matrix(map, by)

    def tick(self, x, c, held):
        """The states after a tick of integration; `held` says which lanes are."""
        before = x.unbind(-1)
        after = self._after(before, c)
        for i in self.held:
            after[i] = torch.where(held, before[i], after[i])
        return torch.stack(after, -1)

    def slopes(self, x, c, held):
        """The Jacobian of a tick that begins with these states."""
        found = self._slopes(x.unbind(-1), c)
        one = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        for i in self.held:
            found[..., i, :] = torch.where(held[..., None], one[i], found[..., i, :])
        return found

    def spike(self, x, c):
        """The states after a spike."""
        return torch.stack(self._at_reset(x.unbind(-1), c), -1)

    def slopes_at_spike(self, x, c):
        """The Jacobian of a spike that finds these states."""
        return self._slopes_at_reset(x.unbind(-1), c)


def arrivals_of(model):
    """What an arrival of weight 1 adds to each state, where the sum is of weights above and below zero."""
    arrived, none = specialised(_arrive, model), np.zeros(functions_of(model)[1]["N_STATES"])
    return arrived(none, 1.0, 0.0), arrived(none, 0.0, 1.0)


def _arrive(start, e, i):
    x = start.copy()
    arrive(x, e, i)
    return x


def _compiled(map, parts):
    # Operators of torch take no numbers alone, such as the square root of two.
    known = [
        part.replace(lambda x: x.is_number and not x.is_Number, lambda x: x.evalf(17)).replace(
            sympy.sign, sympy.Function("sign_of")
        )
        for part in parts
    ]
    return sympy.lambdify([map.states, map.constants], known, modules=[_OPERATORS], cse=True)


def _function(map, parts):
    """A function of states and constants that gives a list of tensors."""
    compiled = _compiled(map, parts)

    def of(states, c):
        like, found = states[0], compiled(states, c)
        are = (isinstance(one, torch.Tensor) for one in found)
        return [
            one.expand_as(like) if is_tensor else torch.full_like(like, one)
            for one, is_tensor in zip(found, are)
        ]

    return of


def _matrix(map, rows):
    """A function of states and constants that gives matrices."""
    n = len(rows)
    entries = {(i, j): rows[i][j] for i in range(n) for j in range(n) if rows[i][j] != 0}
    compiled = _compiled(map, list(entries.values()))

    def of(states, c):
        found = states[0].new_zeros((*states[0].shape, n, n))
        for (i, j), value in zip(entries, compiled(states, c)):
            found[..., i, j] = value
        return found

    return of
