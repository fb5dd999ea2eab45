"""Back over the ticks that a neuron went through: what moves its membrane at a tick, and by how much.

The functions of a neuron model, such as `pull`, are those that `wmdelays.training.continuous.code` puts
in.
"""
# ruff: noqa: F821

# What was done to the membrane in a tick: it was held, the neuron was reset, it was kept from rising
# further.
HELD, RESET, CAPPED = 1, 2, 4


def undo(at, m, history, flags, c, y):
    """Take y, the derivatives by the states after tick `at`, to those by the states before it.

    What was done to the membrane in the tick, then the integration. In the tick that is asked about
    (m = 0) the states are those before a spike.
    """
    if m > 0 and flags[at] & RESET:
        unspike(y, history[at - 1], c)
    if m > 0 and flags[at] & CAPPED:
        y[MEMBRANE] = 0.0
    pull(history[at - 1], c, flags[at] & HELD != 0, y)


def adjoint(k, n, history, flags, c, y, up, down):
    """How arrivals move the membrane at tick k.

    Fills in ``up[m]`` and ``down[m]``, the derivatives by a positive and by a negative weight that
    arrives m ticks before k.
    """
    y[:] = 0.0
    y[MEMBRANE] = 1.0
    for m in range(n):
        up[m], down[m] = kick(y, 1.0), kick(y, -1.0)
        at = k - m
        if at == 0:
            up[m + 1 : n] = 0.0
            down[m + 1 : n] = 0.0
            break
        undo(at, m, history, flags, c, y)
