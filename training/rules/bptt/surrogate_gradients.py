"""Surrogate gradients: what stands in for the derivative of a spike in its membrane."""


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
