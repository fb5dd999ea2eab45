"""The network in discrete time."""

from contextlib import contextmanager

import torch

from wmdelays.cue import Cue
from wmdelays.raster import Raster
from wmdelays.recall import Recall


def membrane(u, e, current, beta):
    """Eq. 1: leak, reset after an emitted spike, synaptic current.

        u_j(t) = beta * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)

    Parameters
    ----------
    u, e : Tensor, shape (..., n_neurons)
        Membrane and emitted spikes (0 or 1) of the step before.
    current : Tensor, shape (..., n_neurons)
        The sum over the synapses.
    beta : float
        What is left of the membrane after a step.

    Returns
    -------
    Tensor, shape (..., n_neurons)

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026), eq. 1, with e, the emitted spikes, for s.
    """
    return beta * u * (1 - e) + current


class SparseSynapses:
    """The synapses of a memory, delivered spike by spike: only spikes touch weights.

    Parameters
    ----------
    memory : Memory
    n_trials : int
        Number of recalls that run side by side.
    """

    def __init__(self, memory, n_trials, device):
        self.n_slots = memory.n_delays + 1
        self.shape = (n_trials, memory.n_neurons)
        size = n_trials * memory.n_neurons
        counts = torch.bincount(torch.from_numpy(memory.pre).long(), minlength=memory.n_neurons)
        self.count = counts.to(device)
        self.first = (counts.cumsum(0) - counts).to(device)
        self.weight = torch.from_numpy(memory.weight).to(device)
        # Where a synapse adds its weight, counted from the slot of the spike's own step and trial.
        self.target = torch.from_numpy(memory.delay).long().mul_(size).to(device)
        self.target += torch.from_numpy(memory.post).to(device)
        self.arriving = torch.zeros(self.n_slots * size, dtype=torch.float64, device=device)

    def current(self, t):
        """What arrives at step t, float64 of shape (n_trials, n_neurons)."""
        return self.arriving.view(self.n_slots, *self.shape)[t % self.n_slots]

    def send(self, e, t):
        """Let the spikes e of step t, bool of shape (n_trials, n_neurons), arrive after their delays."""
        self.current(t).zero_()
        spikes = e.view(-1).nonzero().squeeze(1)
        if not len(spikes):
            return
        n_neurons = self.shape[1]
        neuron = spikes % n_neurons
        start = spikes - neuron + (t % self.n_slots) * e.numel()
        count = self.count[neuron]
        end = count.cumsum(0)
        synapse = (self.first[neuron] - end + count).repeat_interleave(count)
        synapse += torch.arange(len(synapse), device=synapse.device)
        slot = self.target[synapse] + start.repeat_interleave(count)
        slot = torch.where(slot >= len(self.arriving), slot - len(self.arriving), slot)
        self.arriving.index_add_(0, slot, self.weight[synapse])


def recall(memory, cue, device="cpu"):
    """The discrete-time recall of a memory.

    Parameters
    ----------
    memory : Memory
    cue : Cue or sequence of Cue
        Several cues run side by side.
    device : str or torch.device
        Where torch computes.

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If a cue does not belong to this memory.
    """
    if isinstance(cue, Cue):
        return recall(memory, [cue], device)[0]
    memory.check_cues(cue)
    n_steps = max(one.n_steps for one in cue)
    forced = torch.zeros(n_steps, len(cue), memory.n_neurons, dtype=torch.bool, device=device)
    for b, one in enumerate(cue):
        steps, neurons = one.spikes.steps(one.step), one.spikes.neurons
        forced[torch.from_numpy(steps), b, torch.from_numpy(neurons)] = True
    clamp = torch.tensor([[one.clamp] for one in cue], device=device)
    end = torch.tensor([[one.n_steps] for one in cue], device=device)

    synapses = SparseSynapses(memory, len(cue), device)
    u = torch.zeros(len(cue), memory.n_neurons, dtype=torch.float64, device=device)
    e = torch.zeros_like(forced[0])
    own, emitted = torch.zeros_like(forced), torch.zeros_like(forced)
    closest = torch.full((len(cue),), torch.inf, dtype=torch.float64, device=device)
    with one_thread():
        for t in range(n_steps):
            u = membrane(u, e.double(), synapses.current(t), memory.beta)
            free = (t >= clamp) & (t < end)
            own[t] = (u >= memory.theta) & free
            e = emitted[t] = own[t] | (forced[t] & (t < end))
            distance = (u - memory.theta).abs_().amin(1)
            closest = torch.where(free[:, 0], torch.minimum(closest, distance), closest)
            synapses.send(e, t)

    return [
        Recall(
            cue=one,
            emitted=_raster(emitted[: one.n_steps, b], one),
            own=_raster(own[: one.n_steps, b], one),
            closest_call=float(closest[b]) if one.clamp < one.n_steps else None,
        )
        for b, one in enumerate(cue)
    ]


@contextmanager
def one_thread():
    """Let torch compute in one thread.

    The work of a step is too short to be worth a second one, and waiting for it on a busy
    machine costs many times the work.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _raster(spikes, cue):
    steps, neurons = spikes.nonzero(as_tuple=True)
    return Raster.from_steps(
        neurons.cpu().numpy(), steps.cpu().numpy(), cue.n_neurons, cue.n_steps, cue.step
    )
