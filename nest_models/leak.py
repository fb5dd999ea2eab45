"""The leak of eq. 1 as a time constant of NEST."""

import math


def time_constant(factor: float) -> float:
    """The time constant, in ticks, with which NEST multiplies a membrane by a factor in a tick.

    Of the numbers about -1 / ln(factor), the one for which the exponential that NEST computes is
    nearest to the factor; from one half on it is the factor itself, to the last bit.
    """
    tau = -1 / math.log(factor)
    near = [tau]
    for end in (0.0, math.inf):
        one = tau
        for _ in range(8):
            one = math.nextafter(one, end)
            near.append(one)
    return min(near, key=lambda one: abs(math.exp(-1 / one) - factor))
