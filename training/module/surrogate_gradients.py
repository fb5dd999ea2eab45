"""Surrogate gradients: what stands in for the derivative of a spike in its membrane."""

from functools import partial

from wmdelays.errors import InputError
from wmdelays.quantities import Bounds


def fast_sigmoid(distance, alpha):
    """1 / (1 + alpha * abs(u - theta))^2: nowhere zero.

    Parameters
    ----------
    distance : Tensor
        Membrane above threshold, u - theta.
    alpha : float
        Steepness, in 1 / the unit of theta.

    Returns
    -------
    Tensor of the same shape

    References
    ----------
    F. Zenke and S. Ganguli, SuperSpike: supervised learning in multilayer spiking neural
    networks, Neural Computation 30 (2018).
    """
    return 1 / (1 + alpha * distance.abs()).square_()


def triangle(distance, alpha):
    """max(0, 1 - alpha / 2 * abs(u - theta)): zero from a distance of 2 / alpha on.

    It has the peak and the area of the fast sigmoid of the same alpha. As it vanishes for most
    neurons and steps, most of the backward pass need not be computed.

    Parameters
    ----------
    distance, alpha
        As in `fast_sigmoid`.

    Returns
    -------
    Tensor of the same shape

    References
    ----------
    S. K. Esser et al., Convolutional networks for fast, energy-efficient neuromorphic computing,
    PNAS 113 (2016). On what a derivative of bounded support saves: N. Perez-Nieves and D. F. M.
    Goodman, Sparse spiking gradient descent, NeurIPS 2021.
    """
    return (1 - alpha / 2 * distance.abs()).clamp_(min=0)


SURROGATE_GRADIENTS = {f.__name__: f for f in (fast_sigmoid, triangle)}
# Default steepness. That of the fast sigmoid is the paper's; the triangle's support would otherwise
# be too narrow to learn from.
ALPHA = {"fast_sigmoid": 15.0, "triangle": 5.0}


def surrogate_gradient(surrogate, alpha=None):
    """A surrogate gradient as a function of the distance to threshold alone.

    Parameters
    ----------
    surrogate : str or callable
        A name from `SURROGATE_GRADIENTS`, or a function of u - theta, a Tensor of any shape, that
        gives a Tensor of that shape.
    alpha : float, optional
        Steepness of one with a name, by default `ALPHA`.

    Returns
    -------
    callable

    Raises
    ------
    InputError
        If there is none of that name, or alpha makes no sense.
    """
    if callable(surrogate):
        if alpha is not None:
            raise InputError(
                f"alpha is {alpha}, but a surrogate gradient of one's own has none; leave it out"
            )
        return surrogate
    if not isinstance(surrogate, str) or surrogate not in SURROGATE_GRADIENTS:
        raise InputError(
            f"surrogate is {surrogate!r}; it has to be {' or '.join(SURROGATE_GRADIENTS)}, or a"
            " function of u - theta"
        )
    alpha = ALPHA[surrogate] if alpha is None else alpha
    bounds = Bounds(above=0)
    if not bounds.hold(alpha):
        raise InputError(f"alpha is {alpha}; it has to {bounds}")
    return partial(SURROGATE_GRADIENTS[surrogate], alpha=alpha)
