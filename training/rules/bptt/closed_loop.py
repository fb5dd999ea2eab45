"""The network that hears its own spikes, forward and backward through time.

Weights are dense here, in the layout ``weights[i, d - 1, j]`` (pre, delay, post): a spike of
neuron i in step t then adds one contiguous block, ``weights[i]``, to the currents of the steps
t + 1 … t + D of its trial, which are contiguous as well. All three products of learning have
that form:

    forward        I[t+1 … t+D] += W[i]
    to the spike   de           =  sum of W[i] * g[t+1 … t+D]
    to the weights dW[i]        += g[t+1 … t+D]

Where spikes are few, they are done block by block; where they are many, as when a network
that is still learning fires everywhere, as matrix products that cost the same whatever the
number of spikes.
"""

from dataclasses import dataclass

import torch

from wmdelays.training.discrete.equation import membrane
from wmdelays.training.discrete.threads import one_thread

# Part of all neurons and trials from which on a matrix product is faster than single blocks.
_MANY = 0.08


@dataclass(frozen=True)
class Run:
    """What happened in a closed loop.

    Attributes
    ----------
    u : Tensor, shape (n_trials, n_steps, n_neurons)
        Membrane.
    own, emitted, forced : bool Tensors of the same shape
        Spikes of the network itself, all that were emitted, those of the cue.
    delivered : list of (bool Tensor of shape (n_spikes, n_delays)) or None
        For each step and each emitted spike (in the order of trials and neurons) the delays
        whose synapses dropout let pass; None without dropout.
    clamp : int
        Number of steps in which the network emitted the cue alone.
    beta, theta : float
        Leak and threshold.
    dropout : float
        Probability with which a synapse kept a spike back.
    """

    u: torch.Tensor
    own: torch.Tensor
    emitted: torch.Tensor
    forced: torch.Tensor
    delivered: list | None
    clamp: int
    beta: float
    theta: float
    dropout: float

    def gate(self, t):
        """Factor of each spike of step t and each delay, of u's dtype; None without dropout."""
        if self.delivered is None:
            return None
        return self.delivered[t].to(self.u.dtype) / (1 - self.dropout)


def run(weights, forced, clamp, beta, theta, *, dropout=0.0, generator=None, dtype=None):
    """Run the network from its cue.

    Parameters
    ----------
    weights : Tensor, shape (n_neurons, n_delays, n_neurons)
        ``weights[i, d - 1, j]``, see above.
    forced : bool Tensor, shape (n_trials, n_steps, n_neurons)
        The cue's spikes.
    clamp : int
        Number of steps, from the start, in which the network emits the cue alone.
    beta, theta : float
        Leak and threshold.
    dropout : float
        Probability with which each entry (neuron, delay) of a step's context is set to zero;
        the others are divided by 1 - `dropout`, as by torch.nn.Dropout on the flattened
        context. An entry without a spike is zero anyway, so it is drawn for each spike and
        delay only.
    generator : torch.Generator, optional
        Where dropout draws from.
    dtype : torch.dtype, optional
        Of membrane and currents; by default that of the weights. In float64 and where spikes
        are few, sums are those of `wmdelays.training.discrete.compiled.recall`, bit for bit.

    Returns
    -------
    Run
    """
    n_trials, n_steps, n_neurons = forced.shape
    n_delays = weights.shape[1]
    # Currents that have yet to arrive; each step becomes the membrane when its time comes.
    u = torch.zeros(n_trials, n_steps + n_delays, n_neurons, dtype=dtype or weights.dtype)
    own, emitted = torch.zeros_like(forced), torch.zeros_like(forced)
    delivered = [] if dropout else None
    for t in range(n_steps):
        if t:
            u[:, t] = membrane(u[:, t - 1], emitted[:, t - 1].to(u.dtype), u[:, t], beta)
        if t >= clamp:
            own[:, t] = u[:, t] >= theta
        emitted[:, t] = own[:, t] | forced[:, t]
        spikes = emitted[:, t].nonzero()
        gate = None
        if dropout:
            kept = torch.rand(len(spikes), n_delays, generator=generator) >= dropout
            delivered.append(kept)
            gate = kept.to(u.dtype) / (1 - dropout)
        _send(weights, spikes, gate, u[:, t + 1 : t + 1 + n_delays])
    u = u[:, :n_steps]
    return Run(u, own, emitted, forced, delivered, clamp, beta, theta, dropout)


def gradient(weights, made, own_gradient, surrogate, alpha):
    """Back-propagation through time, by hand.

    Parameters
    ----------
    weights : Tensor, shape (n_neurons, n_delays, n_neurons)
        The weights that `made` was made with.
    made : Run
    own_gradient : callable
        ``own_gradient(t)`` is the derivative of the loss in the network's own spikes of step
        t, shape (n_trials, n_neurons).
    surrogate : callable
        ``surrogate(u - theta, alpha)`` stands for the derivative of a spike in its membrane, see
        `wmdelays.training.rules.bptt.surrogate_gradients`.
    alpha : float
        Its steepness.

    Returns
    -------
    Tensor, shape of `weights`
        Derivative of the loss in the weights.

    Notes
    -----
    With g(t) the derivative in u(t), which is that in the current I(t) too (eq. 1):

        de_i(t) = sum over j, d of W[i,d,j] * g_j(t+d)  -  beta * u_i(t) * g_i(t+1)
        ds(t)   = dloss/ds(t) + de(t) * (1 - c(t))       e = s or c;  0 while clamped
        g(t)    = ds(t) * surrogate(u(t) - theta) + beta * (1 - e(t)) * g(t+1)
        dW[i,d,:] = sum over spikes (trial, t, i) of g(t+d)

    de is computed only where the surrogate is not zero. Dropout multiplies the terms of a spike
    and a delay by what they were multiplied by in the forward pass. For an entry without a
    spike nothing was drawn; its terms take the mean of what would have been, 1, which is the
    same gradient on average, with less noise.
    """
    n_trials, n_steps, n_neurons = made.u.shape
    n_delays = weights.shape[1]
    g = weights.new_zeros(n_trials, n_steps + n_delays, n_neurons)
    change = torch.zeros_like(weights)
    for t in range(n_steps - 1, -1, -1):
        later = g[:, t + 1 : t + 1 + n_delays]
        spikes, gate = made.emitted[:, t].nonzero(), made.gate(t)
        _learn(change, spikes, gate, later)
        g[:, t] = made.beta * later[:, 0] * ~made.emitted[:, t]
        if t < made.clamp:
            continue
        slope = surrogate(made.u[:, t] - made.theta, alpha)
        de = _heard(weights, slope != 0, spikes, gate, later)
        de -= made.beta * made.u[:, t] * later[:, 0]
        g[:, t] += (own_gradient(t) + de * ~made.forced[:, t]) * slope
    return change


def _send(weights, spikes, gate, window):
    """Add the blocks of `spikes` (trial, neuron) to their trials' parts of `window`.

    `window` are the next D steps, shape (n_trials, n_delays, n_neurons); `gate` see `Run.gate`.
    """
    if _are_many(spikes, window):
        sent = _spread(spikes, gate, window)
        for d in range(window.shape[1]):
            window[:, d] += sent[d] @ weights[:, d].to(window.dtype)
        return
    with one_thread():
        if gate is None:
            for trial, neuron in spikes.tolist():
                window[trial].add_(weights[neuron])
        else:
            for (trial, neuron), passed in zip(spikes.tolist(), gate[:, :, None]):
                window[trial].addcmul_(weights[neuron], passed)


def _learn(change, spikes, gate, window):
    """Add to the block of each spike's neuron in `change` its trial's part of `window`."""
    if _are_many(spikes, window):
        sent = _spread(spikes, gate, window)
        change += torch.bmm(sent.transpose(1, 2), window.transpose(0, 1)).transpose(0, 1)
        return
    with one_thread():
        if gate is None:
            for trial, neuron in spikes.tolist():
                change[neuron].add_(window[trial])
        else:
            for (trial, neuron), passed in zip(spikes.tolist(), gate[:, :, None]):
                change[neuron].addcmul_(window[trial], passed)


def _heard(weights, wanted, spikes, gate, window):
    """What a spike of each neuron and trial is worth to `window`: its block times its part.

    Valid where `wanted`, bool of shape (n_trials, n_neurons), as the result.
    """
    n_trials, _, n_neurons = window.shape
    if gate is not None:
        wanted = wanted.clone()
        sent = wanted[spikes.unbind(1)]
        spikes, gate = spikes[sent], gate[sent]
        wanted[spikes.unbind(1)] = False
    entries = wanted.nonzero()
    if _are_many(entries, window):
        heard = window.reshape(n_trials, -1) @ weights.view(n_neurons, -1).T
    else:
        heard = window.new_zeros(n_trials, n_neurons)
        heard[entries.unbind(1)] = _heard_by_delay(weights, entries, window).sum(1)
    if gate is not None:
        by_delay = _heard_by_delay(weights, spikes, window)
        heard[spikes.unbind(1)] = (by_delay * gate).sum(1)
    return heard


def _heard_by_delay(weights, entries, window):
    """The same for single entries and each delay, shape (n_entries, n_delays)."""
    if _are_many(entries, window):
        products = torch.bmm(window.transpose(0, 1), weights.permute(1, 2, 0))
        return products[:, entries[:, 0], entries[:, 1]].T
    by_delay = window.new_empty(len(entries), window.shape[1])
    with one_thread():
        for k, (trial, neuron) in enumerate(entries.tolist()):
            torch.linalg.vecdot(window[trial], weights[neuron], out=by_delay[k])
    return by_delay


def _spread(spikes, gate, window):
    """The spikes as a tensor of shape (n_delays, n_trials, n_neurons)."""
    n_trials, n_delays, n_neurons = window.shape
    dense = window.new_zeros(n_trials, n_neurons, n_delays)
    dense[spikes.unbind(1)] = window.new_ones(()) if gate is None else gate
    return dense.permute(2, 0, 1)


def _are_many(entries, window):
    return len(entries) > _MANY * window.shape[0] * window.shape[2]
