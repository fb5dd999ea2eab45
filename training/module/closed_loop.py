"""The network that hears its own spikes, forward and backward through time."""

from dataclasses import dataclass

import torch
from torch.autograd.function import once_differentiable

from wmdelays.training.discrete.equation import membrane


@dataclass(frozen=True)
class Loop:
    """What a run takes beside tensors with a derivative.

    Attributes
    ----------
    synapses : DenseSynapses or SparseSynapses
    clamp : int
        Number of steps, from the start, in which the network emits the cue alone.
    surrogate : callable
        ``surrogate(u - theta)`` stands for the derivative of a spike in its membrane.
    dropout : float
        Probability with which each entry (neuron, delay) of a step's context is set to zero; the
        others are divided by 1 - `dropout`, as by torch.nn.Dropout on the flattened context. An
        entry without a spike is zero anyway, so it is drawn for each spike and delay only.
    generator : torch.Generator or None
        Where dropout draws from.
    """

    synapses: torch.nn.Module
    clamp: int
    surrogate: object
    dropout: float = 0.0
    generator: torch.Generator | None = None

    def drawn(self, n_spikes, device):
        """Which delays each spike passes at, bool of shape (n_spikes, n_delays); None: at all."""
        if not self.dropout:
            return None
        shape = n_spikes, self.synapses.n_delays
        where = device if self.generator is None else self.generator.device
        return (torch.rand(shape, generator=self.generator, device=where) >= self.dropout).to(
            device
        )

    def gate(self, passed, dtype):
        """The factor of each spike and delay."""
        return None if passed is None else passed.to(dtype) / (1 - self.dropout)


class ClosedLoop(torch.autograd.Function):
    """Eq. 1 from the first step to the last, and back-propagation through it, by hand.

    ``ClosedLoop.apply(weight, beta, theta, forced, loop)``, with `weight` as `loop.synapses` has it,
    `beta` and `theta` of shape () or (n_neurons,), `forced` the cue's spikes, shape (n_steps, n_trials,
    n_neurons), gives the emitted spikes and the membrane, of the same shape.

    Notes
    -----
    With L the loss and g(t) = dL/du(t), the derivative in u(t), which is that in the current I(t)
    too (eq. 1):

        de_i(t) = dL/de_i(t)  +  sum over j, d of W[i,d,j] * g_j(t+d)  -  beta * u_i(t) * g_i(t+1)
        ds(t)   = de(t) * (1 - c(t))           e = s or c;  0 while clamped
        g(t)    = dL/du(t) + ds(t) * surrogate(u(t) - theta) + beta * (1 - e(t)) * g(t+1)

        dW[i,d,:] = sum over spikes (trial, t, i) of g(t+d)
        dtheta    = - sum over t of ds(t) * surrogate(u(t) - theta)
        dbeta     = sum over t of u(t) * (1 - e(t)) * g(t+1)
        dc(t)     = de(t) * (1 - s(t))         s = 0 while clamped

    where dL/de and dL/du on the right are those of the outputs. de is computed only where it is
    needed, which is where the surrogate is not zero, unless the cue has a derivative. Dropout
    multiplies the terms of a spike and a delay by what they were multiplied by in the forward pass.
    For an entry without a spike nothing was drawn; its terms take the mean of what would have been,
    1, which is the same gradient on average, with less noise.
    """

    @staticmethod
    def forward(ctx, weight, beta, theta, forced, loop):
        """Run the network from its cue."""
        c = forced.detach().transpose(0, 1).bool()
        n_trials, n_steps, n_neurons = c.shape
        # Currents that have yet to arrive; each step becomes the membrane when its time comes.
        rows = n_steps + loop.synapses.n_delays
        u = weight.new_zeros(n_trials, rows, n_neurons)
        emitted, delivered = torch.empty_like(c), []
        for t in range(n_steps):
            if t:
                u[:, t] = membrane(u[:, t - 1], emitted[:, t - 1].to(u.dtype), u[:, t], beta)
            emitted[:, t] = c[:, t]
            if t >= loop.clamp:
                emitted[:, t] |= u[:, t] >= theta
            spikes = emitted[:, t].nonzero()
            delivered.append(loop.drawn(len(spikes), u.device))
            gate = loop.gate(delivered[-1], u.dtype)
            loop.synapses.send(weight, spikes, gate, u, t + 1)
        out = u[:, :n_steps].transpose(0, 1)
        ctx.save_for_backward(weight, beta, theta, c, emitted, out)
        ctx.loop, ctx.delivered = loop, delivered
        ctx.set_materialize_grads(False)
        return emitted.to(u.dtype).transpose(0, 1), out

    @staticmethod
    @once_differentiable
    def backward(ctx, of_spikes, of_membrane):
        """The derivatives in weights, leak, threshold and cue."""
        weight, beta, theta, forced, emitted, u = ctx.saved_tensors
        loop, wants = ctx.loop, ctx.needs_input_grad
        synapses, u = loop.synapses, u.transpose(0, 1)
        n_trials, n_steps, n_neurons = u.shape
        g = _Later(n_trials, synapses.n_delays, n_neurons, u)
        d_weight = torch.zeros_like(weight) if wants[0] else None
        d_beta, d_theta = (u.new_zeros(n_trials, n_neurons) if w else None for w in wants[1:3])
        d_cue = torch.empty_like(u) if wants[3] else None
        for t in range(n_steps - 1, -1, -1):
            now, next_u, later = g.step_back()
            e, c = emitted[:, t], forced[:, t]
            spikes, gate = e.nonzero(), loop.gate(ctx.delivered[t], u.dtype)
            if wants[0]:
                synapses.learn(d_weight, spikes, gate, *later)
            now.copy_(beta * next_u * ~e)
            if wants[1]:
                d_beta += u[:, t] * ~e * next_u
            if of_membrane is not None:
                now += of_membrane[t]
            is_free = t >= loop.clamp
            if not (is_free or wants[3]):
                continue
            distance = u[:, t] - theta
            slope = loop.surrogate(distance) if is_free else None
            wanted = torch.ones_like(e) if wants[3] else slope != 0
            de = _worth(synapses, weight, wanted, spikes, gate, *later)
            de -= beta * u[:, t] * next_u
            if of_spikes is not None:
                de += of_spikes[t]
            if wants[3]:
                d_cue[:, t] = de * ~(distance >= 0) if is_free else de
            if is_free:
                through = de * ~c * slope
                now += through
                if wants[2]:
                    d_theta -= through
        return (
            d_weight,
            _in_shape_of(beta, d_beta) if wants[1] else None,
            _in_shape_of(theta, d_theta) if wants[2] else None,
            d_cue.transpose(0, 1) if wants[3] else None,
            None,
        )


class _Later:
    """g of a step and of the D steps after it, in one block, from the last step to the first.

    No more than that is ever asked for, so there is no need to keep g of all steps.
    """

    def __init__(self, n_trials, n_delays, n_neurons, like):
        self.n_delays = n_delays
        # They move to the end every so many steps.
        self.n_new = max(2 * n_delays, 32)
        self.rows = like.new_zeros(n_trials, self.n_new + n_delays, n_neurons)
        self.row = self.n_new

    def step_back(self):
        """g of the step before, to be written; g of the step after that; all rows, and which."""
        if self.row == 0:
            self.rows[:, self.n_new :] = self.rows[:, : self.n_delays].clone()
            self.row = self.n_new
        self.row -= 1
        row = self.row
        return self.rows[:, row], self.rows[:, row + 1], (self.rows, row + 1)


def _worth(synapses, weight, wanted, spikes, gate, later, row):
    """What a spike of each neuron and trial is worth to the steps after it, where `wanted`."""
    if gate is None:
        return synapses.worth(weight, wanted, later, row)
    wanted = wanted.clone()
    sent = wanted[spikes.unbind(1)]
    spikes, gate = spikes[sent], gate[sent]
    wanted[spikes.unbind(1)] = False
    worth = synapses.worth(weight, wanted, later, row)
    worth[spikes.unbind(1)] = synapses.worth_of(weight, spikes, gate, later, row)
    return worth


def _in_shape_of(parameter, change):
    """A derivative of each trial and neuron, added up to the shape of a parameter."""
    return change.sum(0) if parameter.ndim else change.sum()
