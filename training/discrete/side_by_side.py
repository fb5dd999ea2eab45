"""The recall of several cues at once with torch's operators, on any device."""

from contextlib import contextmanager

import torch

from wmdelays.raster import Raster
from wmdelays.recalls import Recall
from wmdelays.training.discrete.equation import membrane


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


def recall_side_by_side(memory, cues, device):
    """The discrete-time recall of a memory.

    Parameters
    ----------
    memory : Memory
    cues : sequence of Cue
    device : str or torch.device

    Returns
    -------
    list of Recall
        One for each cue; up to the order of sums that of `wmdelays.training.discrete.compiled.recall`.
    """
    n_steps = max(cue.n_steps for cue in cues)
    forced, lost = (
        torch.zeros(n_steps, len(cues), memory.n_neurons, dtype=torch.bool, device=device)
        for _ in range(2)
    )
    for b, cue in enumerate(cues):
        for entries, raster in ((forced, cue.spikes), (lost, cue.lost)):
            if raster is not None:
                steps, neurons = raster.steps(cue.step), raster.neurons
                entries[torch.from_numpy(steps), b, torch.from_numpy(neurons)] = True
    clamp = torch.tensor([[cue.clamp] for cue in cues], device=device)
    end = torch.tensor([[cue.n_steps] for cue in cues], device=device)

    synapses = SparseSynapses(memory, len(cues), device)
    u = torch.zeros(len(cues), memory.n_neurons, dtype=torch.float64, device=device)
    e = torch.zeros_like(forced[0])
    own, emitted = torch.zeros_like(forced), torch.zeros_like(forced)
    closest = torch.full((len(cues),), torch.inf, dtype=torch.float64, device=device)
    with one_thread():
        for t in range(n_steps):
            u = membrane(u, e.double(), synapses.current(t), memory.beta)
            free = (t >= clamp) & (t < end)
            own[t] = (u >= memory.theta) & free
            e = emitted[t] = own[t] | (forced[t] & (t < end))
            distance = (u - memory.theta).abs_().amin(1)
            closest = torch.where(free[:, 0], torch.minimum(closest, distance), closest)
            synapses.send(e & ~lost[t], t)

    def raster(spikes, cue):
        return Raster.from_dense(spikes.cpu().numpy(), cue.step)

    return [
        Recall(
            cue=cue,
            emitted=raster(emitted[: cue.n_steps, b], cue),
            own=raster(own[: cue.n_steps, b], cue),
            closest_call=float(closest[b]) if cue.clamp < cue.n_steps else None,
        )
        for b, cue in enumerate(cues)
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
