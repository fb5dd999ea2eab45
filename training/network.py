"""The network in discrete time."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from numba import njit

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
        Several cues are independent recalls.
    device : str or torch.device
        Where to compute. On the CPU a compiled loop takes one cue after another, on other devices
        torch takes them side by side; the spikes are the same, up to the order of sums.

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
    if torch.device(device).type != "cpu":
        return recall_side_by_side(memory, cue, device)
    row = memory.pre.astype(np.int64) * memory.n_delays + memory.delay - 1
    first = np.searchsorted(row, np.arange(memory.n_neurons * memory.n_delays + 1))

    def one(cue):
        own, emitted = np.zeros((2, cue.n_steps, memory.n_neurons), bool)
        forced, lost = cue.spikes.dense(cue.step), None
        if cue.lost is not None:
            lost = cue.lost.dense(cue.step)
        closest = _recall(
            first,
            memory.post,
            memory.weight,
            memory.n_delays,
            memory.beta,
            memory.theta,
            forced,
            lost,
            cue.clamp,
            own,
            emitted,
        )
        own, emitted = (Raster.from_dense(spikes, cue.step) for spikes in (own, emitted))
        return Recall(cue, emitted, own, closest if cue.clamp < cue.n_steps else None)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, cue))


_membrane = njit(inline="always")(membrane)


@njit(nogil=True, cache=True)
def _recall(first, post, weight, n_delays, beta, theta, forced, lost, clamp, own, emitted):
    """One recall; fills in own and emitted spikes and gives the closest call.

    The synapses of neuron i with delay d stand from ``first[i * n_delays + d - 1]`` on.
    """
    n_steps, n_neurons = forced.shape
    arriving = np.zeros((n_delays + 1, n_neurons))
    u = np.zeros(n_neurons)
    e = np.zeros(n_neurons)
    closest = np.inf
    for t in range(n_steps):
        current = arriving[t % (n_delays + 1)]
        for j in range(n_neurons):
            u[j] = _membrane(u[j], e[j], current[j], beta)
            e[j] = forced[t, j]
            current[j] = 0
        if t >= clamp:
            for j in range(n_neurons):
                closest = min(closest, abs(u[j] - theta))
                if u[j] >= theta:
                    own[t, j] = True
                    e[j] = 1
        for i in range(n_neurons):
            if e[i] == 0:
                continue
            emitted[t, i] = True
            if lost is not None and lost[t, i]:
                continue
            for d in range(1, n_delays + 1):
                current = arriving[(t + d) % (n_delays + 1)]
                row = i * n_delays + d - 1
                for k in range(first[row], first[row + 1]):
                    current[post[k]] += weight[k]
    return closest


def recall_side_by_side(memory, cues, device):
    """The same with torch's operators, for all cues at once, on any device.

    Parameters, returns: see `recall`.
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
