"""Equation 1: what a step does to a membrane."""


def membrane(u, e, current, beta):
    """Eq. 1: leak, reset after an emitted spike, synaptic current.

        u_j(t) = beta * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)

    Parameters
    ----------
    u, e : float, array or Tensor, shape (..., n_neurons)
        Membrane and emitted spikes (0 or 1) of the step before.
    current : float, array or Tensor, shape (..., n_neurons)
        The sum over the synapses.
    beta : float, array or Tensor
        What is left of the membrane after a step; of all neurons, or of each.

    Returns
    -------
    float, array or Tensor, shape (..., n_neurons)

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026), eq. 1, with e, the emitted spikes, for s.
    """
    return beta * u * (1 - e) + current
