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


def membrane_of_own_resets(u, s, current, beta, forgets, deaf, reset_by):
    """A membrane that is reset by its own spikes alone, as networks trained elsewhere are.

        u_j(t) = beta * u_j(t-1) * (1 - a s_j(t-1)) + I_j(t) * (1 - b s_j(t-1)) - r_j s_j(t-1)

    Parameters
    ----------
    u, s : float or array, shape (..., n_neurons)
        Membrane of the step before, and whether it was at its threshold (0 or 1).
    current : float or array, shape (..., n_neurons)
        The sum over the synapses, I.
    beta : float or array
        What is left of the membrane after a step.
    forgets, deaf : bool
        Whether the spike sets the membrane to zero (a), and whether what arrives in the step after it
        is lost (b); see `wmdelays.neurons.resets.OwnReset`.
    reset_by : float or array
        What it takes off the membrane of the next step, r.

    Returns
    -------
    float or array, shape (..., n_neurons)

    References
    ----------
    With r = theta, and a = b = 0, this is the Leaky of snnTorch with reset by subtraction, and the
    network of L. U. Perrinet's published code; J. K. Eshraghian et al., Training spiking neural
    networks using lessons from deep learning, Proceedings of the IEEE 111 (2023).
    """
    return beta * u * (1 - forgets * s) + current * (1 - deaf * s) - reset_by * s
