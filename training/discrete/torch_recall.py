"""The network in discrete time with torch's operators, several recalls side by side."""

from dataclasses import dataclass

import numpy as np
import torch

from wmdelays.cue import Cue
from wmdelays.machine.free_memory import how_many
from wmdelays.raster import Raster
from wmdelays.recalls import Recall, check_room
from wmdelays.training.discrete.devices import torch_device
from wmdelays.training.discrete.threads import one_thread

# Recalls that run side by side at most: more of them gain little, and progress is told between.
_TOGETHER = 16
# From so many synapses of a neuron on, each spike is delivered by itself: adding a block of weights
# takes longer than calling torch. Below, the spikes of a step are delivered at once.
_LARGE_BLOCK = 300
# Steps between two calls of progress.
_TELL = 50


def recall(memory, cue, device="cpu", progress=None):
    """The discrete-time recall of a memory with torch's operators.

    Parameters
    ----------
    memory : Memory
    cue : Cue or sequence of Cue
        Several cues are independent recalls, computed side by side.
    device : str
        Where torch computes: cpu, cuda, cuda:1. On the CPU the spikes and closest calls are those of
        `wmdelays.training.discrete.compiled.recall`, bit for bit; on a GPU weights are added in
        another order.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If a cue does not belong to this memory, there is no memory for so long a recall, or torch
        has no such device here.
    """
    if isinstance(cue, Cue):
        return recall(memory, [cue], device, progress)[0]
    device = torch_device(device)
    memory.check_cues(cue)
    cues, say = list(cue), progress or (lambda stage, part: None)
    check_room(memory, max(one.n_steps for one in cues))
    synapses = _Synapses(memory, device)
    together = how_many(synapses.bytes_of_a_trial, min(_TOGETHER, len(cues)))
    recalls = []
    with one_thread(), torch.inference_mode():
        for first in range(0, len(cues), together):
            some = cues[first : first + together]

            def tell(part, done=first, n=len(some)):
                say("recalling", (done + part * n) / len(cues))

            recalls += _recall(memory, synapses, some, device, tell)
    return recalls


def _recall(memory, synapses, cues, device, tell):
    """The recalls of some cues, side by side.

    Neuron j of trial b is the place b * n_neurons + j of a flat tensor.
    """
    forced = _Events([cue.spikes for cue in cues], memory.step, device)
    lost = _Events([cue.lost for cue in cues], memory.step, device)
    held = _Held(cues, device)
    arriving = _Arriving(synapses, len(cues), device)
    shape = len(cues), memory.n_neurons
    u = torch.zeros(shape, dtype=torch.float64, device=device)
    beta, theta = (
        torch.from_numpy(memory.each(name)).to(device)
        if memory.is_heterogeneous
        else getattr(memory, name)
        for name in ("beta", "theta")
    )
    distance, closest = torch.empty_like(u), torch.full_like(u, torch.inf)
    spikes = torch.empty(shape, dtype=torch.bool, device=device)
    places = torch.arange(u.numel(), device=device)
    e, own, emitted = places[:0], [], []
    reset = _OwnReset(memory, cues, device) if memory.own_reset else None
    for t in range(max(cue.n_steps for cue in cues)):
        # Eq. 1 in place: the leak, the reset of neurons that spiked, the synaptic current.
        u.mul_(beta)
        if reset is None:
            u.view(-1).index_fill_(0, e, 0)
            u.add_(arriving.now())
        else:
            reset.advance(u, arriving.now())
            reset.fired = torch.masked_select(places, (u >= theta).view(-1))
            # A clamped neuron's membrane resets itself as well.
            torch.sub(u, theta, out=distance).abs_()
            distance[reset.n_steps <= t] = torch.inf
            torch.minimum(closest, distance, out=closest)

        s = places[:0]
        if not held.all_at(t):
            torch.ge(u, theta, out=spikes)
            torch.sub(u, theta, out=distance).abs_()
            if held.trials is not None:
                spikes.index_fill_(0, held.trials, False)
                distance.index_fill_(0, held.trials, torch.inf)
            torch.minimum(closest, distance, out=closest)
            s = torch.masked_select(places, spikes.view(-1))
        c = forced.at(t)
        if not len(c):
            e = s
        elif not len(s):
            e = c
        else:
            spikes.view(-1).index_fill_(0, c, True)
            e = torch.masked_select(places, spikes.view(-1))
        own.append(s)
        emitted.append(e)
        unheard = lost.at(t)
        arriving.send(e[~torch.isin(e, unheard)] if len(unheard) else e)
        if t % _TELL == 0:
            tell(t / len(forced))
    closest = closest.amin(1).tolist()
    return [
        Recall(cue, one, two, call if cue.clamp < cue.n_steps else None)
        for cue, one, two, call in zip(cues, _rasters(emitted, cues), _rasters(own, cues), closest)
    ]


class _OwnReset:
    """Resets by the neurons' own spikes, see `wmdelays.training.discrete.equation`.

    `fired` are the places whose membranes were at threshold in the step before.
    """

    def __init__(self, memory, cues, device):
        self.kind = memory.own_reset
        self.n_steps = torch.tensor([cue.n_steps for cue in cues], device=device)
        by = torch.from_numpy(memory.each("reset_by")).to(device)
        self.by = by.repeat(len(cues))
        self.fired = torch.arange(0, device=device)

    def advance(self, u, current):
        """From membranes that have leaked to those of this step, in place."""
        if self.kind.forgets:
            u.view(-1).index_fill_(0, self.fired, 0)
        if self.kind.deaf:
            current = current.reshape(-1).index_fill(0, self.fired, 0).view_as(u)
        u.add_(current)
        u.view(-1).index_add_(0, self.fired, self.by[self.fired], alpha=-1)


class _Held:
    """Which trials emit nothing of their own: the cue clamps them, or their recall has ended."""

    def __init__(self, cues, device):
        self.cues, self.device = cues, device
        self.changes = {0, *(cue.clamp for cue in cues), *(cue.n_steps for cue in cues)}
        self.trials, self.are_all = None, False

    def all_at(self, t):
        """Whether all trials are held at step t; `trials` has those that are, if only some."""
        if t in self.changes:
            held = [b for b, cue in enumerate(self.cues) if not cue.clamp <= t < cue.n_steps]
            self.are_all = len(held) == len(self.cues)
            self.trials = torch.tensor(held, device=self.device) if held else None
        return self.are_all


class _Events:
    """The spikes of the trials' rasters (each may be None) by step, as places in ascending order."""

    def __init__(self, rasters, step, device):
        n_neurons = max((one.n_neurons for one in rasters if one is not None), default=0)
        n_steps = max((one.n_steps(step) for one in rasters if one is not None), default=0)
        size = len(rasters) * n_neurons
        keys = [
            one.steps(step) * size + b * n_neurons + one.neurons
            for b, one in enumerate(rasters)
            if one is not None
        ]
        steps, places = np.divmod(
            np.unique(np.concatenate([np.empty(0, np.int64), *keys])), size or 1
        )
        self.first = np.searchsorted(steps, np.arange(n_steps + 1)).tolist()
        self.places = torch.from_numpy(places).to(device)

    def __len__(self):
        """Number of steps."""
        return len(self.first) - 1

    def at(self, t):
        """The places that spike at step t."""
        if t >= len(self):
            return self.places[:0]
        return self.places[self.first[t] : self.first[t + 1]]


@dataclass
class _Block:
    """What a spike of a neuron does: where it adds which weights, from the spike's own row on."""

    target: torch.Tensor
    weight: torch.Tensor


class _Synapses:
    """The synapses of a memory by presynaptic neuron.

    A spike finds what it adds where its own step and trial begin: the synapse onto neuron j with
    delay d at the place d * n_neurons + j from there.
    """

    def __init__(self, memory, device):
        self.n_neurons, self.n_delays = memory.n_neurons, memory.n_delays
        # Currents of so many steps are kept at once; they move to the front every `n_new` steps.
        self.n_new = max(memory.n_delays, 32)
        self.n_rows = self.n_new + memory.n_delays
        self.bytes_of_a_trial = 8 * memory.n_neurons * (self.n_rows + 6)
        fits = (memory.n_delays + 1) * memory.n_neurons < 2**31
        # Torch takes no array that cannot be changed, as those of a large memory that was just stored.
        delay, post, self.weight = (
            torch.from_numpy(np.require(one, requirements="W")).to(device)
            for one in (memory.delay, memory.post, memory.weight)
        )
        delay = delay.to(torch.int32 if fits else torch.int64)
        self.target = delay * memory.n_neurons + post
        count = np.bincount(memory.pre, minlength=memory.n_neurons)
        self.count = torch.from_numpy(count).to(device)
        self.first = self.count.cumsum(0) - self.count
        self.blocks = None
        if device.type == "cpu" and memory.n_synapses >= _LARGE_BLOCK * memory.n_neurons:
            parts = (one.split(count.tolist()) for one in (self.target, self.weight))
            self.blocks = [_Block(*both) for both in zip(*parts)]


class _Arriving:
    """What is on its way to the neurons: the currents of the next steps, a row for each."""

    def __init__(self, synapses, n_trials, device):
        self.synapses, self.row = synapses, -1
        shape = n_trials, synapses.n_rows, synapses.n_neurons
        self.currents = torch.zeros(shape, dtype=torch.float64, device=device)

    def now(self):
        """Go on to the next step; what arrives in it, shape (n_trials, n_neurons)."""
        self.row += 1
        if self.row == self.synapses.n_new:
            n = self.synapses.n_delays
            self.currents[:, :n] = self.currents[:, self.row :]
            self.currents[:, n:] = 0
            self.row = 0
        return self.currents[:, self.row]

    def send(self, spikes):
        """Let the spikes of this step, as places in ascending order, arrive after their delays."""
        synapses, currents = self.synapses, self.currents.view(-1)
        n_neurons, n_rows = synapses.n_neurons, synapses.n_rows
        if synapses.blocks is not None:
            for place in spikes.tolist():
                trial, neuron = divmod(place, n_neurons)
                block = synapses.blocks[neuron]
                own_row = (trial * n_rows + self.row) * n_neurons
                currents[own_row:].index_add_(0, block.target, block.weight)
        elif len(spikes):
            neuron = spikes % n_neurons
            own_row = (spikes - neuron) * n_rows + self.row * n_neurons
            count = synapses.count[neuron]
            end = count.cumsum(0)
            synapse = (synapses.first[neuron] - end + count).repeat_interleave(count)
            synapse += torch.arange(len(synapse), device=synapse.device)
            target = synapses.target[synapse] + own_row.repeat_interleave(count)
            weight = synapses.weight[synapse]
            if currents.is_cuda:
                # On a GPU this one adds in the same order every time.
                currents.index_put_((target,), weight, accumulate=True)
            else:
                currents.index_add_(0, target, weight)


def _rasters(spikes, cues):
    """The spikes of each trial from the places that spiked at each step."""
    n_neurons = cues[0].n_neurons
    steps = np.repeat(np.arange(len(spikes)), [len(one) for one in spikes])
    trial, neuron = np.divmod(torch.cat(spikes).cpu().numpy(), n_neurons)
    order = np.argsort(trial, kind="stable")
    ends = np.searchsorted(trial[order], np.arange(len(cues) + 1))
    for b, cue in enumerate(cues):
        mine = order[ends[b] : ends[b + 1]]
        yield Raster.from_steps(neuron[mine], steps[mine], n_neurons, cue.n_steps, cue.step)
