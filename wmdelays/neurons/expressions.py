"""Expressions of Brian2's language as sympy's, read without running them."""

from __future__ import annotations

import ast

import sympy

from wmdelays.errors import InputError

# Brian2's units as bare numbers: those that fit mV, ms, nS, pF and pA, see
# `wmdelays.neurons.model.UNITS`.
_UNITS = {
    prefix + unit: sympy.Integer(10) ** (exponent + power)
    for unit, exponent in (
        ("V", 3),
        ("s", 3),
        ("S", 9),
        ("F", 12),
        ("A", 12),
        ("ohm", -9),
        ("Hz", -3),
    )
    for prefix, power in (("p", -12), ("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9))
} | {
    unit: sympy.Integer(10) ** exponent
    for unit, exponent in (
        *(("volt", 3), ("second", 3), ("siemens", 9), ("farad", 12), ("amp", 12)),
        *(("ohm", -9), ("Hz", -3)),
    )
}
_FUNCTIONS = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
    "clip": lambda x, low, high: sympy.Min(sympy.Max(x, low), high),
}
_OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def symbol(name):
    """The symbol of that name."""
    return sympy.Symbol(name, real=True)


def expression(text, known, what):
    """An expression in sympy's terms.

    Parameters
    ----------
    text : str
        Such as ``"(e_l - v) / tau_m"``.
    known : mapping of str to sympy expression
        What the names stand for. Those of units need not be known.
    what : str
        What it is, for the error.

    Raises
    ------
    InputError
        If it is none, or names what is not known.
    """

    def refuse(part):
        raise InputError(f"{what}: {part!r} cannot be understood")

    def read(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return (
                sympy.Float(node.value)
                if isinstance(node.value, float)
                else sympy.Integer(node.value)
            )
        if isinstance(node, ast.Name):
            if node.id in known:
                return known[node.id]
            if node.id in _UNITS:
                return _UNITS[node.id]
            raise InputError(f"{what}: {node.id!r} is neither a state nor a parameter")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = read(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](read(node.left), read(node.right))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _FUNCTIONS
            and not node.keywords
        ):
            try:
                return _FUNCTIONS[node.func.id](*map(read, node.args))
            except TypeError:
                refuse(ast.unparse(node))
        return refuse(ast.unparse(node))

    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        refuse(text)
    found = read(tree)
    if found.has(sympy.zoo, sympy.nan, sympy.oo):
        raise InputError(f"{what}: {text!r} has no value")
    return found


def statements(text, known, what):
    """The state that each statement sets and the value it gives it, as (str, expression) pairs.

    Parameters
    ----------
    text : str
        A statement a line, such as ``"v = v_r\\nw += b"``; each sees what those before have set.
    known, what
        As in `expression`.
    """
    known, found = dict(known), []
    for line in filter(None, (part.strip() for part in text.replace(";", "\n").splitlines())):
        try:
            (node,) = ast.parse(line).body
        except (SyntaxError, ValueError):
            raise InputError(f"{what}: {line!r} is no statement") from None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, right = node.targets[0], ast.unparse(node.value)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _OPERATORS:
            target = node.target
            symbols = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
            right = f"{ast.unparse(target)} {symbols[type(node.op)]} ({ast.unparse(node.value)})"
        else:
            raise InputError(f"{what}: {line!r} sets no state")
        name = ast.unparse(target)
        if name not in known:
            raise InputError(f"{what}: {line!r} sets {name!r}, which is no state")
        known[name] = expression(right, known, what)
        found.append((name, known[name]))
    return found
