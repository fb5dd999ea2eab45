"""The map of one tick of a neuron model and its Jacobian, derived from its equations.

A tick of length h takes the states x to x + h f(x) for the method ``euler``; for
``exponential_euler`` each state's equation dx/dt = A x + B is solved with the other states where
they were; for ``exact`` the linear system dx/dt = A x + b is solved by the matrix exponential. That
is what Brian2 does under the same names, so both give the same numbers up to rounding.

References
----------
M. Stimberg, R. Brette & D. F. M. Goodman, Brian 2, an intuitive and efficient neural simulator,
eLife 8 (2019). A. Rotter & M. Diesmann, Exact digital simulation of time-invariant linear systems
with applications to neuronal modeling, Biol. Cybern. 81 (1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import mpmath
import numpy as np
import scipy.linalg
import sympy

from wmdelays.errors import InputError
from wmdelays.neurons.continuous import ContinuousNeuron
from wmdelays.neurons.expressions import expression, statements, symbol

# Names that nobody can give to a state or a parameter.
TICK = symbol("length of a tick")
# What Brian2 or the groups that are made there call so.
_TAKEN = frozenset(
    ("t", "dt", "i", "j", "N", "xi", "lastspike", "not_refractory")
    + ("fires", "forced", "clamped", "mute", "cause", "late", "heard", "slot")
)
# Digits with which constants are computed before they are rounded once.
_DIGITS = 30


@dataclass(frozen=True)
class OneTick:
    """What a tick and a spike do to the states of a neuron.

    Attributes
    ----------
    states : tuple of sympy.Symbol
        In the order of the equations; each has the name of the state with an underscore.
    held : tuple of bool
        Which of them stay as they are while the neuron is refractory.
    after : tuple of sympy expressions
        Each state after a tick of integration, from the states before and the constants.
    jacobian : tuple of tuple of sympy expressions
        ``jacobian[i][j]``: the derivative of state i after the tick by state j before it.
    at_reset : tuple of sympy expressions
        Each state after a spike.
    peak, bound : sympy.Symbol
        The constants that say where the membrane fires, and from where on it cannot but fire; see `ContinuousNeuron`.
    constants : tuple of sympy.Symbol
        Numbers of which all those expressions are made beside the states.
    """

    model: ContinuousNeuron
    states: tuple
    held: tuple
    after: tuple
    jacobian: tuple
    at_reset: tuple
    peak: sympy.Symbol
    bound: sympy.Symbol
    constants: tuple
    _meanings: tuple
    _linear: tuple | None

    def place(self, state):
        """The place of a state among the states, from its name."""
        return list(self.model.states).index(state)

    @property
    def of_threshold(self):
        """The constants that follow the parameter of the threshold.

        Returns
        -------
        dict of int to sympy expression
            By their places, made of the parameters and `TICK`.

        Raises
        ------
        InputError
            If no parameter alone sets the threshold, or the propagators of an exact integration
            depend on it.
        """
        name = self.model.threshold_parameter
        found = {
            place: meaning
            for place, meaning in enumerate(self._meanings)
            if name is not None and symbol(name) in meaning.free_symbols
        }
        parameters = {symbol(one.name) for one in self.model.parameters} | {TICK}
        if not found or any(one.free_symbols - parameters for one in found.values()):
            raise InputError(
                f"{self.model.name} has no parameter that sets its threshold and nothing else"
            )
        if self._linear is not None:
            system, _ = self._linear
            if any(sympy.sympify(one).has(symbol(name)) for one in system):
                raise InputError(f"{self.model.name}: its integration depends on its threshold")
        return found

    def values_of_constants(self, values, dt):
        """The constants for values of the parameters.

        Parameters
        ----------
        values : mapping of str to float or float array, shape (n,)
            Of each parameter, in its unit.
        dt : float
            Length of the tick in ms.

        Returns
        -------
        float array, shape (n, n_constants)
            One row where all values are numbers.
        """
        names = [one.name for one in self.model.parameters]
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values[n], float)) for n in names))
        # Neurons with the same values have the same constants.
        rows, inverse = np.unique(np.stack(columns, 1), axis=0, return_inverse=True)
        found = [self._of_one(row, dt) for row in rows]
        return np.array(found).reshape(len(rows), -1)[inverse.ravel()]

    def _of_one(self, values, dt):
        numbers = [*values, dt]
        with mpmath.workdps(_DIGITS):
            if self._linear is not None:
                numbers += self._propagator(numbers, dt)
            return [float(one) for one in self._meaning(*map(mpmath.mpf, numbers))]

    def _propagator(self, numbers, dt):
        """The matrix exponential of the linear system over a tick, in the order of its symbols."""
        system, symbols = self._linear
        n = len(self.states)
        rows = np.array([float(one) for one in self._system(*map(mpmath.mpf, numbers))])
        whole = np.vstack([rows.reshape(n, n + 1), np.zeros(n + 1)])
        solved = scipy.linalg.expm(whole * dt)
        return [float(solved[i, j]) for i, j in symbols.values()]

    @cached_property
    def _names(self):
        return [*(symbol(one.name) for one in self.model.parameters), TICK]

    @cached_property
    def _meaning(self):
        """The constants as a function of the parameters, the tick and the propagators."""
        propagators = [] if self._linear is None else list(self._linear[1])
        return sympy.lambdify([*self._names, *propagators], list(self._meanings), "mpmath")

    @cached_property
    def _system(self):
        """The rows of the linear system and its offset as a function of parameters and tick."""
        return sympy.lambdify(self._names, self._linear[0], "mpmath")


@lru_cache(maxsize=64)
def one_tick(model: ContinuousNeuron) -> OneTick:
    """Derive the map of one tick of a model.

    Parameters
    ----------
    model : ContinuousNeuron

    Returns
    -------
    OneTick

    Raises
    ------
    InputError
        If an equation cannot be understood, or not be integrated by the model's method.
    """
    states = {name: symbol(f"{name}_") for name in model.states}
    for name in (model.excitatory, model.inhibitory):
        if name in model.held_states:
            raise InputError(
                f"{model.name}: arrivals move {name!r}, which is held while the neuron is refractory;"
                " let it go on then, or give synapses a state of their own"
            )
    known = dict(states) | {one.name: symbol(one.name) for one in model.parameters}
    names = [*states, *model.shorthands, *(one.name for one in model.parameters)]
    taken = sorted(_TAKEN & set(names) | {one for one in names if names.count(one) > 1})
    if taken:
        raise InputError(f"{model.name}: {taken[0]!r} is taken; give it another name")
    # Shorthands may name each other in any order.
    waiting = dict(model.shorthands)
    while waiting:
        ready = {}
        for name, text in waiting.items():
            try:
                ready[name] = expression(text, known | ready, f"{model.name}, {name}")
            except InputError as error:
                problem = error
        if not ready:
            raise problem
        known |= ready
        waiting = {name: text for name, text in waiting.items() if name not in ready}
    slopes = [expression(t, known, f"{model.name}, d{s}/dt") for s, t in model.states.items()]
    x = tuple(states.values())
    after, linear = _integrated(model, x, slopes)
    resets = dict(zip(states, x))
    for name, value in statements(model.reset, known, f"{model.name}, reset"):
        if name not in states:
            raise InputError(f"{model.name}: the reset sets {name!r}, which is no state")
        resets[name] = value
    peak = expression(model.peak, known, f"{model.name}, threshold")
    bound = expression(model.bound, known, f"{model.name}, bound") if model.bound else peak
    for what, one in (("threshold", peak), ("bound", bound)):
        if one.free_symbols & set(x):
            raise InputError(f"{model.name}: the {what} depends on a state")
    jacobian = [[_slope(one, y) for y in x] for one in after]
    parts = [*after, *(one for row in jacobian for one in row), *resets.values()]
    hoisted, (peak, bound), meanings = _hoist(parts, (peak, bound), x)
    n = len(x)
    return OneTick(
        model,
        x,
        tuple(name in model.held_states for name in states),
        tuple(hoisted[:n]),
        tuple(tuple(hoisted[n + n * i : n + n * (i + 1)]) for i in range(n)),
        tuple(hoisted[n + n * n :]),
        peak,
        bound,
        tuple(meanings),
        tuple(meanings.values()),
        linear,
    )


def of_parameters(model: ContinuousNeuron, text: str, values, what: str) -> np.ndarray:
    """The value of an expression of a model's parameters.

    Parameters
    ----------
    model : ContinuousNeuron
    text : str
    values : mapping of str to float or float array, shape (n,)
        Of each parameter, in its unit.
    what : str
        What the expression is, for errors.

    Returns
    -------
    float array, shape (n,)
        One value where all values are numbers.
    """
    names = [one.name for one in model.parameters]
    columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values[n], float)) for n in names))
    known = {name: symbol(name) for name in names}
    value = expression(text, known, f"{model.name}, {what}")
    found = sympy.lambdify([known[n] for n in names], value, "numpy")(*columns)
    return np.broadcast_to(np.asarray(found, float), columns[0].shape)


def rest(model: ContinuousNeuron, values) -> np.ndarray:
    """The states at rest.

    Parameters
    ----------
    model : ContinuousNeuron
    values : mapping of str to float or float array, shape (n,)
        Of each parameter, in its unit.

    Returns
    -------
    float array, shape (n, n_states)
    """
    found = [
        of_parameters(model, model.rest[state], values, f"{state} at rest")
        for state in model.states
    ]
    return np.stack(found, 1)


def check_equations(model: ContinuousNeuron) -> None:
    """Raise an InputError unless all expressions of a model can be understood."""
    one_tick(model)
    rest(model, {one.name: one.default for one in model.parameters})
    known = {one.name: symbol(one.name) for one in model.parameters}
    expression(model.timescale, known, f"{model.name}, timescale")


def _slope(part, state):
    """The derivative; at the kinks of what is clipped, that of the one side."""
    found = sympy.diff(part, state)
    return found.replace(sympy.Heaviside, lambda x, *_: (1 + sympy.sign(x)) / 2)


def _integrated(model, x, slopes):
    """Each state after a tick; and for the method exact the linear system and its symbols."""
    if model.method == "euler":
        return [one + TICK * slope for one, slope in zip(x, slopes)], None
    if model.method == "exponential_euler":
        return [_exponential_euler(model, one, slope) for one, slope in zip(x, slopes)], None
    matrix = sympy.Matrix(len(x), len(x), lambda i, j: sympy.diff(slopes[i], x[j]))
    names = list(model.states)
    for i in range(len(x)):
        for j in range(len(x)):
            follows = matrix[i, j] != 0 and names[i] not in model.held_states
            if follows and names[j] in model.held_states:
                raise InputError(
                    f"{model.name}: {names[i]!r} follows {names[j]!r}, which is held while the neuron"
                    " is refractory; take the method exponential_euler or euler"
                )
    if matrix.free_symbols & set(x):
        raise InputError(
            f"{model.name}: the equations are not linear, so they have no exact integration;"
            " take the method exponential_euler or euler"
        )
    offset = [slope.xreplace(dict.fromkeys(x, sympy.Integer(0))) for slope in slopes]
    # Where the matrix exponential can be other than zero: along any path from state to state.
    n = len(x)
    reached = np.eye(n, dtype=bool) | np.array(
        [[matrix[i, j] != 0 for j in range(n)] for i in range(n)]
    )
    for _ in range(n):
        reached |= (reached.astype(int) @ reached.astype(int)) > 0
    driven = reached @ np.array([one != 0 for one in offset], dtype=int) > 0
    symbols = [
        [symbol(f"propagator {i} {j}") if reached[i, j] else None for j in range(n)]
        + [symbol(f"offset {i}") if driven[i] else None]
        for i in range(n)
    ]
    after = [
        sum((row[j] * x[j] for j in range(n) if row[j] is not None), sympy.Integer(0))
        + (row[n] if row[n] is not None else 0)
        for row in symbols
    ]
    system = [entry for i in range(n) for entry in (*matrix.row(i), offset[i])]
    places = {
        one: (i, j) for i, row in enumerate(symbols) for j, one in enumerate(row) if one is not None
    }
    return after, (system, places)


def _exponential_euler(model, one, slope):
    rate = sympy.expand(sympy.diff(slope, one))
    if rate.has(one):
        name = one.name.removesuffix("_")
        raise InputError(f"{model.name}: d{name}/dt is not linear in {name}; take the method euler")
    rest_of = sympy.expand(slope).xreplace({one: sympy.Integer(0)})
    rate = sympy.together(rate)
    if rate == 0:
        return one + TICK * rest_of
    target = sympy.simplify(-rest_of / rate)
    return target + (one - target) * sympy.exp(rate * TICK)


def _hoist(parts, fixed, states):
    """The expressions with all that does not depend on states replaced by constants.

    Returns
    -------
    list of sympy expressions
        The parts.
    list of sympy.Symbol
        What is fixed, such as the peak: constants also where they are numbers.
    dict of sympy.Symbol to expression
        What each constant means.
    """
    states, meanings, names = set(states), {}, {}

    def constant(meaning):
        if meaning not in names:
            names[meaning] = symbol(f"k{len(names)}")
            meanings[names[meaning]] = meaning
        return names[meaning]

    def hoist(part):
        if part.is_number or part in states:
            return part
        if not part.free_symbols & states:
            return constant(part)
        if isinstance(part, (sympy.Add, sympy.Mul)):
            still = [one for one in part.args if not one.free_symbols & states]
            moving = [hoist(one) for one in part.args if one.free_symbols & states]
            if still:
                together = part.func(*still)
                moving.append(together if together.is_number else constant(together))
            return part.func(*moving)
        return part.func(*map(hoist, part.args))

    return [hoist(one) for one in map(sympy.sympify, parts)], list(map(constant, fixed)), meanings
