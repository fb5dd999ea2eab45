"""How far rounding can move a membrane of neurons in continuous time."""

import math

import numpy as np
from mpmath import mp

from wmdelays.neurons.one_tick import one_tick
from wmdelays.rounding import EPS

# Units in those of the SI.
_SI = {
    "1": "1",
    "ms": "1e-3",
    "1/ms": "1e3",
    "mV": "1e-3",
    "nS": "1e-9",
    "pF": "1e-12",
    "pA": "1e-12",
}


def rounding_bound_in_ticks(memory, recalls, dt, formulas):
    """An upper bound on what rounding can change in a membrane of neurons in continuous time.

    The compiled loop and another simulator compute a tick by different formulas for the same map.
    As long as they emit the same spikes, their membranes differ by less than this bound.

    Parameters
    ----------
    memory : Memory
        With `neurons` whose equations are integrated exactly.
    recalls : sequence of Recall
    dt : float
        The tick of the simulations in seconds.
    formulas : mapping of str to (str, str)
        How the other simulator computes each state after a tick: an expression of states, parameters
        and ``dt`` in units of the SI, and the unit of the state in the model.

    Returns
    -------
    float or None
        In millivolts. None where no bound is known: for other integrators, and where a spike or the
        membrane moves another state than the membrane.

    Notes
    -----
    A tick is x' = E x + o, and both simulators take what arrives to x. Their difference D is at most
    \\|E\\| D + r from tick to tick, with r what both add to it in a tick, so it stays below
    (1 - \\|E\\|)^-1 r. What the compiled loop adds is the difference of its E and o from the exact ones
    (the other's formulas, evaluated with fifty digits) and the rounding of a sum of products; what
    the other adds follows from its formulas step by step (N. J. Higham, Accuracy and Stability of
    Numerical Algorithms, 2002, ch. 3). How large the states are is bounded in the same way, from the
    largest weight and the busiest time. Every sum and product counts for twice its rounding, which
    leaves room for another order.
    """
    neurons = memory.neurons
    map = one_tick(neurons.model)
    membrane = map.place(neurons.model.membrane)
    others = [i for i in range(len(map.states)) if i != membrane]
    resets = any(map.at_reset[i] != map.states[i] for i in others)
    set_to = map.at_reset[membrane]
    if neurons.model.method != "exact" or resets or set_to.free_symbols & set(map.states):
        return None
    arrivals = _most_arrivals(memory, recalls, dt)
    into = [map.place(name) for name in (neurons.model.excitatory, neurons.model.inhibitory)]
    bounds = []
    for values in neurons.classes.values():
        values = {one.name: values.get(one.name, one.default) for one in neurons.model.parameters}
        found = _exact_tick(neurons.model, values, dt, formulas)
        if any(found[i][membrane] for i in others):
            return None
        bounds.append(_bound(map, values, dt, formulas, found, membrane, into, arrivals))
    return max(bounds)


def _most_arrivals(memory, recalls, dt):
    """How many weights a neuron gets in a tick at most, and their largest sum."""
    n = round(memory.step / dt)
    longest = (memory.n_delays + 1) * n
    busiest = 0
    for recall in recalls:
        ticks = np.rint(recall.emitted.times / dt).astype(np.int64)
        # The spikes of which any can arrive in a tick: each by one synapse of a neuron at most.
        since = np.searchsorted(ticks, ticks - longest)
        busiest = max(busiest, int((np.arange(len(ticks)) + 1 - since).max(initial=0)))
    if not memory.n_synapses:
        return 0, 0.0
    busiest = min(busiest, int(np.bincount(memory.post).max()))
    return busiest, busiest * float(np.abs(memory.weight).max())


def _exact_tick(model, values, dt, formulas):
    """The coefficients of each state after a tick, and its offset, with fifty digits.

    They are in the units of the model and in milliseconds.

    Returns
    -------
    list of list of mpmath.mpf, of shape (n_states, n_states + 1)
    """
    states = list(model.states)
    with mp.workdps(50):
        known = {
            one.name: mp.mpf(values[one.name]) * mp.mpf(_SI[one.unit]) for one in model.parameters
        }
        known |= {"dt": mp.mpf(dt), "exp": mp.exp}
        none = dict.fromkeys(states, mp.mpf(0))
        units = {one: mp.mpf(_SI[unit]) for one, (_, unit) in formulas.items()}
        rows = []
        for one in states:
            offset = _evaluated(formulas, one, known | none)
            row = [
                (_evaluated(formulas, one, known | none | {s: units[s]}) - offset) / units[one]
                for s in states
            ]
            rows.append([*row, offset / units[one]])
        return rows


def _bound(map, values, dt, formulas, exact, membrane, into, arrivals):
    n_states, (most, total) = len(map.states), arrivals
    size_of = np.abs(np.array([[float(part) for part in row] for row in exact]))
    coefficients, offsets = size_of[:, :-1], size_of[:, -1]
    stays = np.eye(n_states) - coefficients
    # To what values a spike or the beginning sets the membrane.
    set_to = sum(abs(values[one.name]) for one in map.model.parameters if one.unit == "mV")
    arrive = np.zeros(n_states)
    arrive[into] = total
    sizes = np.linalg.solve(stays, offsets + arrive)
    sizes[membrane] += set_to
    made = _compiled_tick(map, values, dt)
    off = np.array([[float(abs(a - b)) for a, b in zip(*rows)] for rows in zip(exact, made)])
    summed = 2 * (n_states + 2) * EPS * (coefficients @ sizes + offsets)
    # The length of the tick and the units are rounded as well.
    compiled = off[:, :-1] @ sizes + off[:, -1] + summed + 16 * EPS * (sizes + offsets)
    other = _error_of_formulas(map.model, values, dt, formulas, sizes)
    added = np.zeros(n_states)
    added[into] = 2 * (most + 8) * EPS * (total + sizes[into])
    difference = np.linalg.solve(stays, compiled + other + added)
    return float(difference[membrane]) + 16 * EPS * set_to


def _compiled_tick(map, values, dt):
    """The coefficients and offsets that the compiled loop takes, as `_exact_tick` has them."""
    constants = map.values_of_constants(values, dt * 1e3)[0].tolist()
    known = dict(zip(map.constants, constants))
    none = dict.fromkeys(map.states, 0)
    return [
        [*(float(part.xreplace(known)) for part in row), float(one.xreplace(none).xreplace(known))]
        for row, one in zip(map.jacobian, map.after)
    ]


def _error_of_formulas(model, values, dt, formulas, sizes):
    """How far a tick by the formulas may be from the exact one, for states of these sizes."""
    known = {
        one.name: _Rounded.of(values[one.name] * float(_SI[one.unit]), 4 * EPS)
        for one in model.parameters
    }
    known |= {"dt": _Rounded.of(dt, 4 * EPS), "exp": _Rounded.exp}
    units = {one: float(_SI[unit]) for one, (_, unit) in formulas.items()}
    for name, size in zip(model.states, sizes):
        known[name] = _Rounded(None, float(size) * units[name], 0.0)
    return np.array([_evaluated(formulas, one, known).error / units[one] for one in model.states])


def _evaluated(formulas, state, known):
    # They are what Brian2 makes of the equations of a model in Python.
    return eval(formulas[state][0], {"__builtins__": {}}, known)


class _Rounded:
    """A number in a formula: how large it can be, and how far from the exact one.

    Attributes
    ----------
    value : float or None
        None where it depends on states.
    size, error : float
    """

    def __init__(self, value, size, error):
        self.value, self.size, self.error = value, size, error

    @classmethod
    def of(cls, value, relative=0.0):
        if isinstance(value, _Rounded):
            return value
        return cls(float(value), abs(float(value)), relative * abs(float(value)))

    def _made(self, value, size, error):
        size = size if value is None else abs(value)
        return _Rounded(value, size, error + 2 * EPS * size)

    def __add__(self, other):
        other = _Rounded.of(other)
        both = self.value is not None and other.value is not None
        value = self.value + other.value if both else None
        return self._made(value, self.size + other.size, self.error + other.error)

    def __neg__(self):
        return _Rounded(None if self.value is None else -self.value, self.size, self.error)

    def __sub__(self, other):
        return self + -_Rounded.of(other)

    def __mul__(self, other):
        other = _Rounded.of(other)
        both = self.value is not None and other.value is not None
        value = self.value * other.value if both else None
        error = self.size * other.error + other.size * self.error + self.error * other.error
        return self._made(value, self.size * other.size, error)

    def __truediv__(self, other):
        if other.value is None or other.error >= other.size:
            raise ArithmeticError("a formula divides by what may be nought")
        value = None if self.value is None else self.value / other.value
        size = self.size / other.size
        return self._made(
            value, size, (self.error + size * other.error) / (other.size - other.error)
        )

    def __pow__(self, power):
        return self * self if power == 2 else NotImplemented

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return -self + other

    def exp(self):
        value = math.exp(self.value)
        return self._made(value, value, value * math.expm1(self.error) + 2 * EPS * value)
