"""The network in discrete time as a module of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.utils import parametrize

from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory
from wmdelays.memory import Memory
from wmdelays.neurons.lif import LIF, RANGE
from wmdelays.quantities import Bounds, whole
from wmdelays.synapses import Synapses
from wmdelays.training.module.bounds import Bounded
from wmdelays.training.module.closed_loop import ClosedLoop, Loop
from wmdelays.training.module.dense_synapses import DenseSynapses
from wmdelays.training.module.sparse_synapses import SparseSynapses
from wmdelays.training.module.spikes import check_spikes
from wmdelays.training.module.surrogate_gradients import surrogate_gradient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from wmdelays.raster import Raster

_FLOATS = (torch.float32, torch.float64)


class RecurrentLIF(nn.Module):
    """Leaky integrate-and-fire neurons that hear each other through synapses with delays: eq. 1.

        u_j(t) = beta_j * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)
        s_j(t) = u_j(t) >= theta_j
        e(t) = c(t) while the cue clamps the network, then s(t) or c(t)

    c are the spikes that are given, e those that are emitted. Gradients go through the closed loop,
    to weights, beta, theta and c, with a surrogate for the derivative of s in u.

    Make one by `from_synapses`, `from_dense` or `from_memory`; `to_memory` makes it a Memory, which
    every simulator of the package takes.

    Parameters
    ----------
    synapses : SparseSynapses or DenseSynapses
        Who sends to whom after which delay.
    weight : array_like or Tensor
        Of the shape that `synapses` takes, in the unit of theta. Learning changes it in place.
    beta : float or array_like, shape (n_neurons,)
        What is left of a membrane after a step, between 0 and 1 (both excluded); one for all neurons
        or one for each.
    theta : float or array_like, shape (n_neurons,)
        Threshold, greater than zero.
    learn_beta, learn_theta : bool
        Whether they are parameters, as the weights are, or fixed.
    beta_bounds, theta_bounds : (float, float)
        Within these they stay while they are learned.
    surrogate : str or callable
        ``"triangle"``, ``"fast_sigmoid"``, or a function of u - theta, a Tensor of any shape, that
        gives a Tensor of that shape. What is zero for most neurons is much faster.
    alpha : float, optional
        Steepness of a surrogate gradient with a name, in 1 / the unit of theta; by default 5 for the
        triangle, 15 for the fast sigmoid.
    dropout : float
        While the module is in training mode: the probability with which each entry (neuron, delay)
        of a step's context is left out.
    dtype : torch.dtype, optional
        float32 or float64; by default torch's own default. In float64 on the CPU spikes are those of
        `wmdelays.training.recall`.
    device : torch.device or str, optional

    Attributes
    ----------
    weight : Parameter
        Shape (n_synapses,), in the order of `synapses`: by pre, delay and post. Made by `from_dense`:
        shape (n_neurons, n_delays, n_neurons), as [pre, delay - 1, post].
    beta, theta : Parameter or Tensor, shape () or (n_neurons,)
        A learned one is parametrised: what the optimizer steps is
        ``layer.parametrizations.beta.original``, and ``layer.parameters()`` has it.

    Raises
    ------
    InputError
        If a value makes no sense or sizes do not agree.

    References
    ----------
    L. U. Perrinet, Working Memory in a Recurrent Spiking Neural Network With Heterogeneous Synaptic
    Delays, arXiv 2604.14096 (2026), eq. 1. On time constants that differ and are learned:
    N. Perez-Nieves et al., Neural heterogeneity promotes robust learning, Nature Communications 12
    (2021).

    Examples
    --------
    >>> import torch
    >>> from wmdelays.training import RecurrentLIF
    >>> layer = RecurrentLIF.from_synapses([0, 1], [1, 2], [1, 2], [1.1, 0.9], n_neurons=3, n_delays=2)
    >>> cue = torch.zeros(5, 1, 3)
    >>> cue[0, 0, 0] = 1
    >>> spikes, membrane = layer(cue, clamp=1)
    >>> spikes[:, 0].nonzero().tolist()
    [[0, 0], [1, 1]]
    >>> membrane[3, 0, 2].backward()
    >>> layer.weight.grad
    tensor([0.6750, 1.0000])
    """

    def __init__(
        self,
        synapses: SparseSynapses | DenseSynapses,
        weight: ArrayLike | torch.Tensor,
        *,
        beta: float | ArrayLike = 0.7,
        theta: float | ArrayLike = 1.0,
        learn_beta: bool = False,
        learn_theta: bool = False,
        beta_bounds: tuple[float, float] = (0.01, 0.999),
        theta_bounds: tuple[float, float] = (1 / RANGE, RANGE),
        surrogate: str | Callable = "triangle",
        alpha: float | None = None,
        dropout: float = 0.0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if dtype not in _FLOATS:
            raise InputError(f"dtype is {dtype}; it has to be torch.float32 or torch.float64")
        bounds = Bounds(least=0, below=1)
        if not bounds.hold(dropout):
            raise InputError(f"dropout is {dropout}; it has to {bounds}")
        self.dropout = float(dropout)
        self.surrogate = surrogate_gradient(surrogate, alpha)
        self.synapses = synapses
        weight = torch.as_tensor(weight, dtype=dtype).detach()
        if not weight.isfinite().all():
            raise InputError("there is a weight that is no finite number")
        self.weight = nn.Parameter(weight)
        for name, value, learned, bounds in (
            ("beta", beta, learn_beta, beta_bounds),
            ("theta", theta, learn_theta, theta_bounds),
        ):
            value = _of_each_neuron(name, value, self.n_neurons)
            if learned:
                self.register_parameter(name, nn.Parameter(value.to(dtype)))
                parametrize.register_parametrization(self, name, Bounded(name, *bounds))
            else:
                self.register_buffer(name, value)
        if device is not None:
            self.to(device)

    @classmethod
    def from_synapses(
        cls,
        pre: ArrayLike,
        post: ArrayLike,
        delay: ArrayLike,
        weight: ArrayLike,
        *,
        n_neurons: int,
        n_delays: int,
        **options,
    ) -> RecurrentLIF:
        """A layer of the synapses of a list, and no others.

        Parameters
        ----------
        pre, post, delay : array_like of int, shape (n_synapses,)
            Presynaptic and postsynaptic neuron, and delay in steps (1 to `n_delays`).
        weight : array_like of float, shape (n_synapses,)
            Where learning starts.
        n_neurons, n_delays : int
        **options
            As for `RecurrentLIF`: beta, theta and all that follows.
        """
        n_neurons = whole("n_neurons", n_neurons, 1)
        n_delays = whole("n_delays", n_delays, 1)
        columns = [_array(one) for one in (pre, post, delay, weight)]
        table = Synapses(*columns, n_neurons, longest=n_delays)
        k = table.repeated()
        if k is not None:
            raise InputError(
                f"there are two synapses from neuron {table.pre[k]} to {table.post[k]} with delay"
                f" {table.delay[k]}"
            )
        synapses = SparseSynapses(table.pre, table.post, table.delay, n_neurons, n_delays)
        # The layer learns on weights of its own.
        return cls(synapses, table.weight.copy(), **options)

    @classmethod
    def from_dense(cls, weights: ArrayLike | torch.Tensor, **options) -> RecurrentLIF:
        """A layer with a synapse for each pair and delay, N x N x D of them.

        Parameters
        ----------
        weights : array_like or Tensor, shape (n_neurons, n_neurons, n_delays)
            ``W[j, i, d - 1]``: onto j, from i, with delay d, as in `Memory.from_dense`.
        **options
            As for `RecurrentLIF`: beta, theta and all that follows.
        """
        weights = torch.as_tensor(weights)
        if weights.ndim != 3 or weights.shape[0] != weights.shape[1] or not weights.numel():
            raise InputError(
                f"weights have the shape (post, pre, delay), not {tuple(weights.shape)}"
            )
        synapses = DenseSynapses(weights.shape[0], weights.shape[2])
        weights = weights.detach().permute(1, 2, 0).clone(memory_format=torch.contiguous_format)
        return cls(synapses, weights, **options)

    @classmethod
    def from_memory(cls, memory: Memory, *, dense: bool = False, **options) -> RecurrentLIF:
        """A layer with the synapses, leak and threshold of a memory.

        Parameters
        ----------
        memory : Memory
            Of neurons in discrete time.
        dense : bool
            Whether there is a weight for each pair and delay, or only the memory's synapses.
        **options
            As for `RecurrentLIF`; dtype is float64 unless given.
        """
        if memory.neurons is not None:
            raise InputError(
                f"this memory is for {memory.neurons.model.name} neurons in continuous time; a"
                " RecurrentLIF is in discrete time"
            )
        memory.check_reset("a RecurrentLIF has")
        options = {"dtype": torch.float64, "beta": memory.beta, "theta": memory.theta} | options
        sizes = memory.n_neurons, memory.n_delays
        if not dense:
            synapses = SparseSynapses(memory.pre, memory.post, memory.delay, *sizes)
            return cls(synapses, memory.weight.copy(), **options)
        check_memory(
            options["dtype"].itemsize * sizes[0] ** 2 * sizes[1],
            f"a weight for each pair of {sizes[0]} neurons and each of {sizes[1]} delays",
            "leave dense out",
        )
        weights = torch.zeros(sizes[0], sizes[1], sizes[0], dtype=options["dtype"])
        weights.numpy()[memory.pre, memory.delay - 1, memory.post] = memory.weight
        return cls(DenseSynapses(*sizes), weights, **options)

    @property
    def n_neurons(self) -> int:
        """Number of neurons N."""
        return self.synapses.n_neurons

    @property
    def n_delays(self) -> int:
        """Largest delay D in steps."""
        return self.synapses.n_delays

    def forward(
        self, spikes: torch.Tensor, clamp: int = 0, *, generator: torch.Generator | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the network, several trials side by side.

        Parameters
        ----------
        spikes : Tensor, shape (n_steps, n_trials, n_neurons)
            The spikes c that are forced: 0 or 1, or bool. A recall's are those of the trigger window,
            then none. If they come from a layer in front, the gradient goes on to that.
        clamp : int
            Number of steps, from the start, in which nothing but the given spikes is emitted.
        generator : torch.Generator, optional
            Where dropout draws from.

        Returns
        -------
        spikes : Tensor, shape (n_steps, n_trials, n_neurons)
            The emitted spikes e, 0 or 1, of the weights' dtype.
        membrane : Tensor of the same shape
            u, before the reset.

        Raises
        ------
        InputError
            If a shape, value or device does not fit.
        """
        check_spikes(spikes, self.n_neurons, self.weight)
        clamp = whole("clamp", clamp, 0, len(spikes))
        loop = Loop(
            self.synapses, clamp, self.surrogate, self.dropout if self.training else 0.0, generator
        )
        weight = self.weight
        beta, theta = (one.to(weight.dtype) for one in (self.beta, self.theta))
        return ClosedLoop.apply(weight, beta, theta, spikes, loop)

    def to_memory(
        self,
        patterns: Sequence[Raster] = (),
        *,
        step: float = 1e-3,
        periodic: bool = False,
        made: dict | None = None,
    ) -> Memory:
        """The network as a memory, which Brian2 runs and a file keeps.

        Parameters
        ----------
        patterns : sequence of Raster
            What the network is meant to recall, at whole steps.
        step : float
            Length of a step in seconds.
        periodic : bool
            Whether the end of each pattern leads back into its beginning.
        made : dict, optional
            How the network was trained, as plain JSON values.

        Returns
        -------
        Memory
            With the same weights, leak and threshold, in double precision, without those of zero.

        Raises
        ------
        InputError
            If the patterns do not fit the network, or a weight is no finite number.
        """
        with torch.no_grad():
            weight, beta, theta = (
                one.detach().cpu() for one in (self.weight, self.beta, self.theta)
            )
        if weight.ndim == 1:
            ids = [one.cpu().numpy() for one in self._columns()]
        else:
            pre, delay, post = weight.nonzero(as_tuple=True)
            weight, ids = weight[pre, delay, post], [pre.numpy(), post.numpy(), delay.numpy() + 1]
        return Memory(
            n_neurons=self.n_neurons,
            n_delays=self.n_delays,
            step=step,
            beta=beta.double().numpy(),
            theta=theta.double().numpy(),
            pre=ids[0],
            post=ids[1],
            delay=ids[2],
            weight=weight.double().numpy(),
            patterns=patterns,
            periodic=periodic,
            made={"rule": "RecurrentLIF"} if made is None else made,
        )

    def extra_repr(self) -> str:
        """Sizes, for a module that is printed."""
        return f"n_neurons={self.n_neurons}, n_delays={self.n_delays}, n_synapses={self.weight.numel()}"

    def _columns(self):
        return self.synapses.pre, self.synapses.post, self.synapses.delay


def _array(values):
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values


def _of_each_neuron(name, value, n_neurons):
    """A parameter of the neurons as a Tensor of float64, shape () or (n_neurons,)."""
    # A copy, since learning changes it.
    value = torch.tensor(_array(value), dtype=torch.float64)
    if value.shape not in ((), (n_neurons,)):
        raise InputError(
            f"{name} has the shape {tuple(value.shape)}; it has to be one number, or one for each of"
            f" the {n_neurons} neurons"
        )
    for one in value.flatten().tolist():
        LIF.check({name: one})
    return value
