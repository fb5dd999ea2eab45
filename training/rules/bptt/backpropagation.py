"""The rule `bptt`: surrogate gradients through the closed loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import torch

from wmdelays.contexts import stored_sequence
from wmdelays.errors import InputError
from wmdelays.quantities import checked_seed
from wmdelays.training.module.recurrent_lif import RecurrentLIF
from wmdelays.training.module.spikes import spike_tensor
from wmdelays.training.module.surrogate_gradients import ALPHA
from wmdelays.training.rules.bptt.description import BPTT, LEARNING_RATE
from wmdelays.training.rules.checkpoint import EVERY, advances, array_of, fingerprint
from wmdelays.training.rules.rule import sizes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from wmdelays.memory import Memory

_KEPT_BY_OPTIMIZER = {"adamw": ("step", "exp_avg", "exp_avg_sq"), "sgd": ("momentum_buffer",)}
# AdamW's epsilon, in units of what one wrong spike adds to the loss. Through the leak a spike also
# leaves faint gradients at the steps before it; the usual epsilon of 1e-8 would make a full step
# of each of those.
_EPSILON = 0.1


def bptt(
    memory: Memory,
    *,
    epochs: int = 16,
    warm_up: int = 4,
    learning_rate: float | None = None,
    optimizer: str = "adamw",
    surrogate: str = "triangle",
    alpha: float | None = None,
    dropout: float = 0.0,
    seed: int = 0,
    checkpoint: str | PathLike | None = None,
    checkpoint_every: float = EVERY,
    progress: Callable[[str, float | None], None] | None = None,
) -> Memory:
    """Train the weights of a memory by back-propagation through time in closed loop.

    Each epoch runs all patterns from their cues, side by side, with dropout of the contexts;
    the derivative of 1 - F1 in the weights makes one step of the optimizer. Then an undamaged
    recall without dropout gives the epoch's F1. It ends early when that is 1.

    Parameters
    ----------
    memory : Memory
        Start weights (of another rule) and the patterns to be stored.
    epochs : int
        Number of epochs at most.
    warm_up : int
        Number of epochs at the full learning rate, before it falls as a cosine to zero.
    learning_rate : float, optional
        By default `LEARNING_RATE` of the optimizer times the median size of the start weights, and
        a fifth of that for the fast sigmoid, whose gradient reaches many more neurons.
    optimizer : {"adamw", "sgd"}
        SGD has a momentum of 0.9. AdamW's epsilon follows the derivative of the loss, see
        `_EPSILON`.
    surrogate : {"fast_sigmoid", "triangle"}
        See `wmdelays.training.module.surrogate_gradients`; the triangle makes an epoch much shorter.
    alpha : float, optional
        Steepness of the surrogate gradient; by default 15 for the fast sigmoid as in the paper
        and 5 for the triangle, whose support would otherwise be too narrow to learn from.
    dropout : float
        Probability with which each entry (neuron, delay) of each context is left out; 0.37 in the
        paper. With few spikes in a context it costs more recall than it gains.
    seed : int
        Seed of the random numbers (dropout).
    checkpoint : str or Path, optional
        File of the checkpoint. If it exists, training goes on from there; the result is that
        of an uninterrupted training. A finished training leaves it.
    checkpoint_every : float
        Seconds from one checkpoint to the next, at the end of an epoch. Writing that of a large
        network takes seconds itself.
    progress : callable, optional
        ``progress(stage, part)`` is called after each epoch, and for epoch 0, the start, with the
        epoch, its loss and F1 in words, and the part of the epochs that is done.

    Returns
    -------
    Memory
        With the weights of the epoch of highest F1, which may be the start. Its `made` has the
        settings and the history of loss and F1.

    Raises
    ------
    InputError
        If a setting makes no sense, or the checkpoint belongs to something else.

    Notes
    -----
    The network is a dense `wmdelays.training.RecurrentLIF`, whose weights and membranes are float32
    here. Without dropout the undamaged recall that gives an epoch's F1
    is the forward pass of the next. A periodic pattern is trained, and its F1 taken, on the pattern followed by
    its first D steps.

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous
    Synaptic Delays, arXiv 2604.14096 (2026).
    """
    if not memory.patterns:
        raise InputError("bptt needs a memory with patterns")
    settings = {
        "epochs": epochs,
        "warm_up": warm_up,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "surrogate": surrogate,
        "alpha": alpha,
        "dropout": dropout,
    }
    settings = BPTT.checked(settings) | {"seed": checked_seed(seed)}
    if learning_rate is None:
        settings["learning_rate"] = _learning_rate(memory, optimizer, surrogate)
    if alpha is None:
        settings["alpha"] = ALPHA[surrogate]
    sizes = sizes_of(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    BPTT.check_room(sizes, memory.n_delays, settings)
    training = _Training(memory, settings)
    owner = fingerprint(memory, settings)
    for _ in advances(training, owner, checkpoint, checkpoint_every):
        if progress is not None:
            progress(*training.shown())
    return training.result()


def cosine_decay(epoch, epochs, warm_up):
    """The part of the learning rate that an epoch has: 1 through the warm-up, then a cosine to 0.

        (1 + cos(pi * (epoch - warm_up) / (epochs - warm_up))) / 2    for epoch >= warm_up

    Parameters
    ----------
    epoch : int
        Counted from 0.
    epochs, warm_up : int
        Number of epochs, and of those with the full rate.

    Returns
    -------
    float
    """
    if epoch < warm_up:
        return 1.0
    return (1 + math.cos(math.pi * (epoch - warm_up) / (epochs - warm_up))) / 2


def f1_loss(own, wanted):
    """1 - F1 over all patterns, neurons and steps at once, and its derivative in the spikes.

        F1 = 2 * sum(s * s*) / (sum(s) + sum(s*))

    Parameters
    ----------
    own, wanted : bool Tensors of the same shape
        The network's own spikes s and the stored ones s*, where they are scored.

    Returns
    -------
    loss : float
    at_wanted, elsewhere : float
        dloss/ds for a spike that is stored, and for one that is not.
    """
    matched, spikes = int((own & wanted).sum()), int(own.sum()) + int(wanted.sum())
    if not spikes:
        return 0.0, 0.0, 0.0
    return 1 - 2 * matched / spikes, -2 * (spikes - matched) / spikes**2, 2 * matched / spikes**2


class _Loss(NamedTuple):
    """What `f1_loss` gives, and its value as a Tensor with a gradient."""

    tensor: torch.Tensor
    value: float
    at_wanted: float
    elsewhere: float


class _F1Loss(torch.autograd.Function):
    """The loss as a Tensor. It keeps no spikes: its derivative has two values."""

    @staticmethod
    def forward(ctx, spikes, wanted, value, at_wanted, elsewhere):
        ctx.wanted, ctx.derivatives = wanted, (at_wanted, elsewhere)
        return spikes.new_tensor(value)

    @staticmethod
    def backward(ctx, change):
        at_wanted, elsewhere = change * change.new_tensor(ctx.derivatives)
        return torch.where(ctx.wanted, at_wanted, elsewhere), None, None, None, None


class _Epoch(msgspec.Struct):
    loss: float | None
    f1: float


class _State(msgspec.Struct):
    """What a checkpoint keeps beside the arrays."""

    history: list[_Epoch]


class _Training:
    """What changes from epoch to epoch.

    Attributes
    ----------
    layer : RecurrentLIF
        The network with its present weights.
    best : Tensor, shape (n_neurons, n_delays, n_neurons)
        The weights of the epoch of highest F1.
    history : list of dict
        Loss (None for the start) and F1 of each epoch, from the start, epoch 0, on.
    """

    State = _State

    def __init__(self, memory, settings):
        self.memory, self.settings = memory, settings
        sequences = [
            stored_sequence(p, memory.n_delays, memory.step, memory.periodic)
            for p in memory.patterns
        ]
        self.wanted = spike_tensor(sequences, memory.step)
        self.forced = self.wanted.clone()
        self.forced[memory.n_delays :] = False
        chosen = {name: settings[name] for name in ("surrogate", "alpha", "dropout")}
        self.layer = RecurrentLIF.from_memory(memory, dense=True, dtype=torch.float32, **chosen)
        self.best = self.weights.detach().clone()
        self.optimizer = _optimizer(settings["optimizer"], self.weights)
        self.generator = torch.Generator().manual_seed(settings["seed"])
        self.history = []
        # The loss of the undamaged recall of the present weights, if it is known.
        self.recalled = None

    @property
    def weights(self):
        """The present weights, a Parameter of shape (n_neurons, n_delays, n_neurons)."""
        return self.layer.weight

    @property
    def epoch(self):
        """Number of epochs that are done."""
        return len(self.history) - 1

    @property
    def best_f1(self):
        """Highest F1 so far."""
        return max(one["f1"] for one in self.history)

    @property
    def done(self):
        """Whether there is nothing left to do; what is judged first is the start."""
        return bool(self.history) and (self.epoch >= self.settings["epochs"] or self.best_f1 == 1)

    def advance(self):
        """Learn for an epoch, or take the start as epoch 0."""
        self._judge(self._learn() if self.history else None)

    def shown(self):
        """The last epoch in words, and the part of the epochs that is done."""
        epochs, last = self.settings["epochs"], self.history[-1]
        loss = "" if last["loss"] is None else f", loss {last['loss']:.4f}"
        return f"epoch {self.epoch} of {epochs}{loss}, F1 {last['f1']:.4f}", self.epoch / epochs

    def _learn(self):
        """One step of the optimizer; gives the loss before it."""
        settings = self.settings
        # Without dropout the undamaged recall of these weights is the forward pass.
        loss, self.recalled = self.recalled or self._run(self.layer.train()), None
        options = self.optimizer.param_groups[0]
        decay = cosine_decay(self.epoch, settings["epochs"], settings["warm_up"])
        options["lr"] = settings["learning_rate"] * decay
        if "eps" in options:
            options["eps"] = max(_EPSILON * loss.elsewhere, 1e-8)
        loss.tensor.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.value

    def _judge(self, loss):
        """Take F1 of an undamaged recall, and keep the weights if they are the best so far."""
        with torch.set_grad_enabled(not self.settings["dropout"]):
            recalled = self._run(self.layer.eval())
        f1 = 1 - recalled.value
        if not self.history or f1 > self.best_f1:
            self.best.copy_(self.weights.detach())
        self.history.append({"loss": loss, "f1": f1})
        self.recalled = recalled if recalled.tensor.requires_grad else None

    def _run(self, layer):
        """The loss of a run, from the end of the trigger window on."""
        n_delays = self.memory.n_delays
        spikes, _ = layer(self.forced, n_delays, generator=self.generator)
        found = f1_loss(spikes[n_delays:].bool(), self.wanted[n_delays:])
        return _Loss(_F1Loss.apply(spikes, self.wanted, *found), *found)

    def state(self):
        """All of it, as JSON values and arrays."""
        arrays = {
            "weights": self.weights.detach(),
            "best": self.best,
            "random": self.generator.get_state(),
        }
        for name, value in self.optimizer.state[self.weights].items():
            if value is not None:
                arrays[f"optimizer.{name}"] = value
        return {"history": self.history}, {name: a.numpy() for name, a in arrays.items()}

    def restore(self, state, arrays):
        """Go on from what `state` gave, if it fits these settings."""
        if not state.history:
            raise InputError("has no history")
        shape = tuple(self.weights.shape)
        optimizer = {
            name: (np.float32, () if name == "step" else shape)
            for name in _KEPT_BY_OPTIMIZER[self.settings["optimizer"]]
        }
        wanted = {"weights": (np.float32, shape), "best": (np.float32, shape)}
        wanted |= {f"optimizer.{name}": one for name, one in optimizer.items()}
        found = {
            name: torch.from_numpy(array_of(arrays, name, *one)) for name, one in wanted.items()
        }
        random = self.generator.get_state()
        random = torch.from_numpy(array_of(arrays, "random", np.uint8, tuple(random.shape)))
        try:
            self.generator.set_state(random)
        except RuntimeError:
            raise InputError("has no state of random numbers") from None
        self.history = [msgspec.structs.asdict(one) for one in state.history]
        self.weights.detach().copy_(found["weights"])
        self.best.copy_(found["best"])
        for name in optimizer:
            self.optimizer.state[self.weights][name] = found[f"optimizer.{name}"]

    def result(self):
        """The memory with the best weights."""
        self.weights.detach().copy_(self.best)
        made = {"rule": "bptt", "start": self.memory.made, "settings": self.settings}
        made |= {"history": self.history, "f1": self.best_f1}
        memory = self.memory
        return self.layer.to_memory(
            memory.patterns, step=memory.step, periodic=memory.periodic, made=made
        )


def _optimizer(name, weights):
    if name == "adamw":
        return torch.optim.AdamW([weights], fused=True)
    return torch.optim.SGD([weights], momentum=0.9, fused=True)


def _learning_rate(memory, optimizer, surrogate):
    """A rate that fits the size of the start weights: a larger one would undo what they recall."""
    size = float(np.median(np.abs(memory.weight))) if memory.n_synapses else np.mean(memory.theta)
    return LEARNING_RATE[optimizer] * size * (0.2 if surrogate == "fast_sigmoid" else 1.0)
