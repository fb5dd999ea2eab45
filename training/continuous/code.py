"""Compiled functions of a neuron model, and loops compiled with them.

A loop is written once, for any neuron, in terms of the functions below. `specialised` compiles it
with those of one model, made from the equations by `wmdelays.neurons.one_tick`:

    tick(x, c, held)       the states x after a tick of integration, in place
    pull(x, c, held, y)    y becomes J^T y, J the Jacobian of a tick that begins with the states x
    arrive(x, e, i)        the states after arrivals of weights that sum to e > 0 and i < 0
    kick(y, w)             the derivative along y of an arrival by its weight, of the sign of w
    fires(x, c)            whether the membrane is at its peak
    spike(x, c)            the states after a spike, in place
    unspike(y, x, c)       y becomes J^T y, J the Jacobian of a spike that finds the states x
    move(c, p, theta)      the constants with the threshold at theta

c are the constants of the neuron, p its parameters and, behind them, the length of a tick in ms;
`MEMBRANE` is the membrane's place in x, `PEAK` and `BOUND` those of its peak and its bound in c. What
else a loop names in capitals are its switches: where one is off, the compiler leaves out what
depends on it.
"""

import hashlib
from functools import lru_cache
from types import FunctionType

import sympy
from numba import njit

from wmdelays.errors import InputError
from wmdelays.neurons.expressions import symbol
from wmdelays.neurons.one_tick import TICK, one_tick

__all__ = ["specialised"]


@lru_cache(maxsize=64)
def functions_of(model):
    """The source of a model's functions, and what it names beside them.

    Returns
    -------
    str, dict
    """
    map = one_tick(model)
    excitatory, inhibitory = map.place(model.excitatory), map.place(model.inhibitory)
    # A conductance grows by the size of a negative weight, a current by the weight itself.
    sign = 1 if model.is_signed else -1
    source = "\n\n".join(
        (
            _function("tick(x, c, held)", map, _ticks(map)),
            _function("pull(x, c, held, y)", map, _pulls(map)),
            f"def arrive(x, e, i):\n    x[{excitatory}] += e\n    x[{inhibitory}] += {sign} * i",
            f"def kick(y, w):\n    return y[{excitatory}] if w > 0 else {sign} * y[{inhibitory}]",
            "def fires(x, c):\n"
            f"    return x[{map.place(model.membrane)}] >= c[{map.constants.index(map.peak)}]",
            _function("spike(x, c)", map, _resets(map)),
            _function("unspike(y, x, c)", map, _unresets(map)),
            _function("move(c, p, theta)", map, _moves(map)),
        )
    )
    names = {
        "N_STATES": len(map.states),
        "MEMBRANE": map.place(model.membrane),
        "PEAK": map.constants.index(map.peak),
        "BOUND": map.constants.index(map.bound),
        "SIGNED": model.is_signed,
        "NOTHING_FOLLOWS": _nothing_follows(map),
        "HELD": model.membrane in model.held_states,
    }
    return source, names


def _function(head, map, lines):
    return "\n    ".join((f"def {head}:", *lines))


def _named(map, parts):
    """Lines that give the states and constants of expressions their names."""
    used = set().union(*(part.free_symbols for part in parts))
    yield from (f"{s} = x[{i}]" for i, s in enumerate(map.states) if s in used)
    yield from (f"{k} = c[{i}]" for i, k in enumerate(map.constants) if k in used)


def _assigned(map, parts, places):
    """Lines that compute expressions and put them into places; what is common comes first."""
    common, parts = sympy.cse(parts, symbols=sympy.numbered_symbols("common"))
    yield from (f"{name} = {sympy.pycode(value)}" for name, value in common)
    # All are computed before the first is put away.
    yield from (f"new{k} = {sympy.pycode(part)}" for k, part in enumerate(parts))
    yield from (f"{place} = new{k}" for k, place in enumerate(places))


def _ticks(map):
    yield from _named(map, map.after)
    moved = [part for part, state in zip(map.after, map.states)]
    places = [f"x[{i}]" for i in range(len(map.states))]
    lines = list(_assigned(map, moved, places))
    for line in lines:
        state = next((i for i in range(len(places)) if line.startswith(f"x[{i}]")), None)
        yield f"if not held: {line}" if state is not None and map.held[state] else line


def _pulls(map):
    parts = [part for row in map.jacobian for part in row]
    ys = [sympy.Symbol(f"y{i}") for i in range(len(map.states))]
    yield from _named(map, parts)
    for i, held in enumerate(map.held):
        yield f"y{i} = 0.0 if held else y[{i}]" if held else f"y{i} = y[{i}]"
        if held:
            yield f"kept{i} = y[{i}] if held else 0.0"
    sums = [
        sum((map.jacobian[i][j] * ys[i] for i in range(len(ys))), sympy.Integer(0))
        for j in range(len(ys))
    ]
    yield from _assigned(map, sums, [f"y[{j}]" for j in range(len(ys))])
    # What is held stays as it is, and moves the other states.
    yield from (f"y[{i}] += kept{i}" for i, held in enumerate(map.held) if held)


def _resets(map):
    changed = [i for i, (one, new) in enumerate(zip(map.states, map.at_reset)) if one != new]
    parts = [map.at_reset[i] for i in changed]
    yield from _named(map, parts)
    yield from _assigned(map, parts, [f"x[{i}]" for i in changed])
    if not changed:
        yield "pass"


def _unresets(map):
    ys = [sympy.Symbol(f"y{i}") for i in range(len(map.states))]
    slopes = [[sympy.diff(one, state) for state in map.states] for one in map.at_reset]
    sums = [
        sum((slopes[i][j] * ys[i] for i in range(len(ys))), sympy.Integer(0))
        for j in range(len(ys))
    ]
    yield from _named(map, sums)
    yield from (f"y{i} = y[{i}]" for i in range(len(ys)))
    yield from _assigned(map, sums, [f"y[{j}]" for j in range(len(ys))])


def _nothing_follows(map):
    """Whether a spike changes nothing but the membrane, and no other state follows that."""
    membrane = map.place(map.model.membrane)
    return all(
        i == membrane or (map.jacobian[i][membrane] == 0 and map.at_reset[i] == map.states[i])
        for i in range(len(map.states))
    )


def _moves(map):
    try:
        moved = map.of_threshold
    except InputError:
        yield "pass"
        return
    # Parameters may have any name.
    given = [*(symbol(one.name) for one in map.model.parameters), TICK]
    names = {one: sympy.Symbol(f"p{i}") for i, one in enumerate(given)}
    names[symbol(map.model.threshold_parameter)] = sympy.Symbol("theta")
    parts = [meaning.xreplace(names) for meaning in moved.values()]
    used = set().union(*(part.free_symbols for part in parts))
    yield from (f"p{i} = p[{i}]" for i in range(len(given)) if sympy.Symbol(f"p{i}") in used)
    yield from _assigned(map, parts, [f"c[{place}]" for place in moved])


@lru_cache(maxsize=256)
def specialised(loop, model, parts=(), inlined=(), switches=()):
    """A loop, compiled with the functions of a model.

    What is compiled is kept on disk, beside what numba keeps of the file in which the loop stands,
    under a name that says of which equations it is.

    Parameters
    ----------
    loop : function
        Plain Python that names functions of a model, see the top of this file.
    model : ContinuousNeuron
    parts : tuple of functions
        Others of that kind that the loop calls, each before those that call it.
    inlined : tuple of str
        Names of those parts that are short and called in every tick.
    switches : tuple of (str, bool)
        What the loop names besides.

    Returns
    -------
    compiled function
    """
    source, names = functions_of(model)
    names = {**names, **dict(switches)}
    # numba looks at the file of the loop alone.
    codes = [(part.__name__, part.__code__.co_code, part.__code__.co_consts) for part in parts]
    digest = hashlib.sha256(f"{source}{names}{codes}".encode()).hexdigest()[:16]
    # What is run here is what was just made of the equations of a model in Python.
    space = {"math": __import__("math"), **names}
    exec(compile(source, f"<equations of {model.name}>", "exec"), space)
    known = {
        name: njit(inline="always")(space[name])
        for name in ("tick", "pull", "arrive", "kick", "fires", "spike", "unspike", "move")
    }
    for part in parts:
        short = "always" if part.__name__ in inlined else "never"
        known[part.__name__] = njit(nogil=True, inline=short)(
            _copy(part, {**names, **known}, digest)
        )
    return njit(nogil=True, cache=True)(_copy(loop, {**names, **known}, digest))


def _copy(function, names, digest):
    """A function that sees other names as well, under a name of its own."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        f"{function.__name__}_{digest}",
        function.__defaults__,
    )
    copy.__qualname__ = copy.__name__
    copy.__module__ = function.__module__
    return copy
