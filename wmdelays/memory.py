"""What training hands to simulation."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.cue import Cue
from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory
from wmdelays.neurons.lif import LIF, RANGE
from wmdelays.neurons.resets import BY_EMITTED, OWN_RESETS, RESETS, OwnReset
from wmdelays.quantities import Bounds, shortened, substeps
from wmdelays.raster import Raster
from wmdelays.synapses import COLUMNS, LARGEST, Synapses, refuse_parts, whole_numbers
from wmdelays.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wmdelays.neurons import Neurons


_KINDS = {
    "n_neurons": int,
    "n_delays": int,
    "step": float,
    "periodic": bool,
}
# Ticks of a simulation in a step where nothing else is said.
_SUBSTEPS = 10


@dataclass(frozen=True, eq=False, repr=False)
class Memory:
    """A trained network: neuron parameters, synapses, the stored patterns, how it was made.

    Its dynamics, for neuron j and step t, with the cue's spikes c and D = `n_delays`:

        u_j(t) = beta_j * u_j(t-1) * (1 - e_j(t-1)) + sum over i, d of W[j,i,d] * e_i(t-d)
        s_j(t) = u_j(t) >= theta_j
        e(t) = c(t) while the cue clamps the network, then s(t) or c(t)

    A memory for neurons in continuous time has `neurons` instead of beta and theta: their equations
    take the place of the first two lines, and spikes are at whole ticks, ``neurons.dt``, instead of
    whole steps.

    Parameters
    ----------
    n_neurons : int
        Number of neurons N.
    n_delays : int
        Largest delay D in steps; also the length of the trigger window.
    step : float
        Training time step in seconds; the unit of delays.
    beta : float or array_like of float, shape (n_neurons,), optional
        What is left of the membrane after a step, between 0 and 1 (both excluded): of all neurons,
        or of each.
    theta : float or array_like of float, shape (n_neurons,), optional
        Threshold, greater than zero: of all neurons, or of each.
    pre, post, delay : array_like of int, shape (n_synapses,)
        Presynaptic neuron, postsynaptic neuron, and delay in steps (1 to `n_delays`).
    weight : array_like of float, shape (n_synapses,)
        Weight, in the unit of theta, or that of the neurons' model. Zero weights are left out.
    patterns : sequence of Raster
        The stored patterns, at whole steps or ticks, all of the same length.
    periodic : bool
        Whether the end of each pattern leads back into its beginning.
    made : dict
        How the memory was made: rule, seed, settings, scores, versions. Plain JSON values.
    neurons : Neurons, optional
        The neurons in continuous time for which it was learned.
    reset : {"zero", "subtract", "zero-own", "zero-late"}
        What a spike does to its membrane. "zero" is the equation above, and what is learned here; the
        others are those of networks trained elsewhere, see `wmdelays.neurons.resets`.
    reset_by : float or array_like of float, shape (n_neurons,), optional
        What "subtract" takes off the membrane in the step after a spike, by default theta.

    Raises
    ------
    InputError
        If a value makes no sense or the sizes do not agree.

    Notes
    -----
    `beta` and `theta` are floats where all neurons have the same, else arrays of one value for each
    (a Memory keeps no array whose values are all equal); `each` gives an array in both cases.

    `synapses` is the table of all synapses, a `wmdelays.synapses.Synapses`; `pre`, `post`, `delay`
    and `weight` are its columns. It is sorted by pre, delay and post, and has at most one synapse
    for each (post, pre, delay).
    """

    n_neurons: int
    n_delays: int
    step: float
    beta: float | np.ndarray | None
    theta: float | np.ndarray | None
    pre: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    patterns: tuple = ()
    periodic: bool = False
    made: dict = field(default_factory=dict)
    neurons: Neurons | None = None
    reset: str = BY_EMITTED
    reset_by: float | np.ndarray | None = None
    synapses: Synapses = field(init=False)

    def __post_init__(self):
        _check_parameters(self)
        for name, kind in _KINDS.items():
            object.__setattr__(self, name, kind(getattr(self, name)))
        if self.neurons is None:
            for name in LIF.held:
                object.__setattr__(self, name, _of_all_or_each(getattr(self, name)))
            if self.reset_by is None and self.reset == "subtract":
                object.__setattr__(self, "reset_by", self.theta)
            elif self.reset_by is not None:
                object.__setattr__(self, "reset_by", _of_all_or_each(self.reset_by))
        object.__setattr__(self, "synapses", _checked_synapses(self))
        for name, column in zip(COLUMNS, self.synapses.columns):
            object.__setattr__(self, name, column)
        object.__setattr__(self, "patterns", tuple(self.patterns))
        _check_patterns(self)
        whole = [_of_whole_ticks(pattern, self.tick) for pattern in self.patterns]
        object.__setattr__(self, "patterns", tuple(whole))

    def __repr__(self):
        patterns = f"{counted(self.n_patterns, 'pattern')} of {counted(self.n_steps, 'step')}"
        parts = [
            counted(self.n_neurons, "neuron"),
            f"{counted(self.n_synapses, 'synapse')} with delays up to"
            f" {counted(self.n_delays, 'step')} of {self.step * 1e3:g} ms",
            f"{'periodic ' if self.periodic else ''}{patterns}" if self.patterns else "no patterns",
        ]
        if self.neurons is not None:
            parts[0] += f" {self.neurons.model.name}"
        if isinstance(self.made.get("rule"), str):
            parts.append(f"rule {printable(self.made['rule'][:40])}")
        return f"<Memory: {', '.join(parts)}>"

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return len(self.weight)

    @property
    def n_patterns(self) -> int:
        """Number of stored patterns M."""
        return len(self.patterns)

    @property
    def is_heterogeneous(self) -> bool:
        """Whether neurons in discrete time differ in beta or theta."""
        return self.neurons is None and bool(np.ndim(self.beta) or np.ndim(self.theta))

    @property
    def own_reset(self) -> OwnReset | None:
        """The reset by the neurons' own spikes; None where it is that of the equation above."""
        return OWN_RESETS.get(self.reset)

    def check_reset(self, doing: str) -> None:
        """Raise an InputError unless the reset is that of the equation above.

        Parameters
        ----------
        doing : str
            Who needs it, as the beginning of a sentence.
        """
        if self.own_reset is not None:
            raise InputError(
                f"{doing} a reset to zero by emitted spikes; this memory, imported, has {self.reset}"
            )

    def each(self, name: str) -> np.ndarray:
        """``"beta"``, ``"theta"`` or ``"reset_by"`` of each neuron, float64 of shape (n_neurons,).

        A reset that subtracts nothing has zero for the last.
        """
        value = getattr(self, name)
        return np.full(self.n_neurons, 0.0 if value is None else value)

    @property
    def units(self) -> tuple[str, ...] | None:
        """What the neurons are called where the patterns were recorded; None if they are numbered."""
        return self.patterns[0].units if self.patterns else None

    def unit(self, neuron: int) -> str:
        """What a neuron is called: the name of its unit, else its number."""
        return self.patterns[0].unit(neuron) if self.patterns else str(int(neuron))

    def names(self) -> tuple[str, ...]:
        """What all neurons are called: the names of the units, else their numbers."""
        return self.patterns[0].names() if self.patterns else tuple(map(str, range(self.n_neurons)))

    @property
    def n_latent(self) -> int:
        """How many neurons, the last ones, are latent: in no recording, never cued nor scored."""
        return self.patterns[0].n_latent if self.patterns else 0

    @property
    def n_recorded(self) -> int:
        """Number of neurons that are not latent."""
        return self.n_neurons - self.n_latent

    @property
    def tick(self) -> float:
        """What the times of spikes are multiples of, in seconds: the step, or the neurons' tick."""
        return self.step if self.neurons is None else self.neurons.dt

    @property
    def n_steps(self) -> int:
        """Length of the stored patterns in steps, T; 0 without patterns."""
        return self.patterns[0].n_steps(self.step) if self.patterns else 0

    @property
    def rate(self) -> float:
        """Probability of a spike for each neuron and step of the stored patterns; 0 without any.

        Of the recorded neurons: latent ones do not count.
        """
        n_entries = self.n_patterns * self.n_steps * self.n_recorded
        return sum(len(one.recorded()) for one in self.patterns) / max(1, n_entries)

    @classmethod
    def from_dense(
        cls,
        weights: ArrayLike,
        *,
        step: float,
        beta: float | ArrayLike,
        theta: float | ArrayLike,
        **others,
    ) -> Memory:
        """A memory from the dense tensor ``W[j, i, d - 1]``, shape (n_neurons, n_neurons, n_delays)."""
        weights = np.asarray(weights)
        if weights.ndim != 3 or weights.shape[0] != weights.shape[1]:
            raise InputError(f"weights have the shape (post, pre, delay), not {weights.shape}")
        pre, delay, post = np.nonzero(weights.transpose(1, 2, 0))
        return cls(
            n_neurons=weights.shape[0],
            n_delays=weights.shape[2],
            step=step,
            beta=beta,
            theta=theta,
            pre=pre,
            post=post,
            delay=delay + 1,
            weight=weights[post, pre, delay],
            **others,
        )

    @classmethod
    def unlearned(cls, patterns: Sequence[Raster], **parameters) -> Memory:
        """A memory with the patterns and parameters given, and no synapses yet."""
        none = np.empty(0, dtype=np.int64)
        return cls(
            n_neurons=patterns[0].n_neurons,
            pre=none,
            post=none,
            delay=none,
            weight=none,
            patterns=patterns,
            **parameters,
        )

    def dense(self) -> np.ndarray:
        """The dense tensor ``W[j, i, d - 1]``, float64 of shape (n_neurons, n_neurons, n_delays)."""
        shape = self.n_neurons, self.n_neurons, self.n_delays
        check_memory(
            8 * math.prod(shape),
            f"the dense tensor of {self.n_neurons} neurons and {self.n_delays} delays",
            "take the synapses as they are: pre, post, delay and weight",
        )
        weights = np.zeros(shape)
        weights[self.post, self.pre, self.delay - 1] = self.weight
        return weights

    def fingerprint(self) -> str:
        """A text that tells memories apart; how they were made does not count."""
        digest = hashlib.sha256()
        parameters = [self.n_neurons, self.n_delays, self.step, *_as_json(self)]
        parameters += [self.periodic, self.n_steps, self.n_patterns, self.n_synapses]
        parameters += list(_resetting(self).values())
        if self.neurons is not None:
            own = self.neurons
            parameters += [own.model.name, own.dt, list(own.classes.values()), own.members.tolist()]
        if self.n_latent:
            parameters.append(["latent", self.n_latent])
        digest.update(json.dumps(parameters, sort_keys=True).encode())
        for array in (self.pre, self.post, self.delay, self.weight):
            digest.update(np.ascontiguousarray(array))
        for pattern in self.patterns:
            digest.update(json.dumps(len(pattern)).encode())
            digest.update(pattern.neurons)
            digest.update(pattern.times)
        return digest.hexdigest()

    def cues(self, patterns: Sequence[int] | None = None) -> list[Cue]:
        """The undamaged cue of each stored pattern.

        Parameters
        ----------
        patterns : sequence of int, optional
            Which patterns; by default all.

        Returns
        -------
        list of Cue
        """
        chosen = range(self.n_patterns) if patterns is None else patterns
        window = self.n_delays * round(self.step / self.tick)
        return [Cue.from_pattern(self.patterns[k], window, self.tick) for k in chosen]

    def substeps(self, dt: float | None = None) -> int:
        """How many ticks of a simulation make one step.

        Parameters
        ----------
        dt : float, optional
            The tick in seconds. By default a tenth of the step, or the neurons' own.

        Raises
        ------
        InputError
            If dt does not divide the step or the neurons' tick.
        """
        if self.neurons is None:
            return _SUBSTEPS if dt is None else substeps(self.step, dt)
        n = round(self.step / self.tick)
        return n if dt is None else n * substeps(self.tick, dt)

    def delay_ticks(self, n: int) -> np.ndarray:
        """The delay of each synapse in ticks of a simulation.

        Parameters
        ----------
        n : int
            Number of ticks in a step.

        Returns
        -------
        int32 array, shape (n_synapses,)

        Notes
        -----
        A membrane that was learned with ticks of length h crosses its threshold half a tick before
        the tick of its spike. In a simulation with shorter ticks h' the spike is recorded (h - h') /
        2 earlier in the mean. So delays are longer by as much in the mean, which leaves the tempo as
        it was: each by one of the two numbers of ticks next to it, spread evenly over the synapses.
        """
        ticks = self.delay * np.int32(n)
        if self.neurons is None:
            return ticks
        late = (n / round(self.step / self.tick) - 1) / 2
        if late <= 0:
            return ticks
        return ticks + whole_numbers(late, self.n_synapses)

    def check_cues(self, cues: Sequence[Cue]) -> None:
        """Raise an InputError unless every cue belongs to a network of this size and step."""
        if not len(cues):
            raise InputError("there is no cue to recall from")
        for k, cue in enumerate(cues):
            if cue.n_neurons != self.n_neurons:
                raise InputError(
                    f"cue {k} has {cue.n_neurons} neurons, the network {self.n_neurons}"
                )
            if cue.step != self.tick:
                raise InputError(
                    f"cue {k} has steps of {cue.step * 1e3:g} ms, the network of {self.tick * 1e3:g} ms"
                )


def _check_parameters(memory):
    if memory.n_neurons < 1 or memory.n_delays < 1:
        raise InputError("a memory needs at least one neuron and one delay")
    if memory.n_neurons % 1 or memory.n_delays % 1:
        raise InputError(
            f"{memory.n_neurons} neurons and {memory.n_delays} delays: both are whole numbers"
        )
    sizes = int(memory.n_neurons), int(memory.n_delays)
    if max(sizes) > LARGEST or sizes[0] ** 2 * sizes[1] >= 2**63:
        raise InputError(f"{sizes[0]} neurons with {sizes[1]} delays are more than can be numbered")
    if not (np.isfinite(memory.step) and memory.step > 0):
        raise InputError(f"the step is {memory.step} s; it has to be greater than zero")
    _check_reset(memory, sizes[0])
    if memory.neurons is None:
        for name in LIF.held:
            _check_of_neurons(name, getattr(memory, name), sizes[0])
        return
    if memory.beta is not None or memory.theta is not None:
        raise InputError("a memory has either beta and theta or neurons in continuous time")
    if memory.neurons.n_neurons != memory.n_neurons:
        raise InputError(
            f"there are {memory.neurons.n_neurons} neurons in continuous time, the network has"
            f" {memory.n_neurons}"
        )
    substeps(memory.step, memory.neurons.dt)


def _check_reset(memory, n_neurons):
    if memory.reset not in RESETS:
        raise InputError(
            f"there is no reset {shortened(memory.reset)}; there is {', '.join(RESETS)}"
        )
    if memory.neurons is not None and memory.reset != BY_EMITTED:
        raise InputError("neurons in continuous time reset as their model says, not otherwise")
    if memory.reset_by is None:
        return
    if memory.reset != "subtract":
        raise InputError(f"reset_by is what the reset subtract takes off, not {memory.reset}")
    _check_shape("reset_by", memory.reset_by, n_neurons)
    bounds = Bounds(0, RANGE)
    for one in np.unique(memory.reset_by):
        if not bounds.hold(one):
            raise InputError(f"reset_by is {one}; it has to {bounds}")


def _check_of_neurons(name, value, n_neurons):
    """Raise an InputError unless a parameter of all neurons, or of each, makes sense."""
    if value is None:
        raise InputError(f"a memory needs {name}, or neurons in continuous time")
    _check_shape(name, value, n_neurons)
    for one in np.unique(value):
        LIF.check({name: one})


def _check_shape(name, value, n_neurons):
    if np.shape(value) not in ((), (n_neurons,)):
        raise InputError(
            f"{name} has the shape {np.shape(value)}; it has to be one number, or one for each of the"
            f" {n_neurons} neurons"
        )


def _of_all_or_each(value):
    """A float where all neurons have the same, else an array that nobody can change."""
    value = np.array(value, dtype=np.float64)
    if (value == value.flat[0]).all():
        return float(value.flat[0])
    value.flags.writeable = False
    return value


def _resetting(memory):
    """What a reset other than that of eq. 1 is, as plain values; nothing for all other memories."""
    if memory.own_reset is None:
        return {}
    by = memory.reset_by
    return {"reset": memory.reset, "reset_by": None if by is None else np.asarray(by).tolist()}


def _as_json(memory):
    """beta and theta as numbers, or as lists of one for each neuron."""
    return [np.asarray(one).tolist() for one in (memory.beta, memory.theta)]


def _checked_synapses(memory):
    """The synapses of a memory as a table, those of weight zero left out."""
    given = memory.pre, memory.post, memory.delay, memory.weight
    table = Synapses(*given, memory.n_neurons, longest=memory.n_delays)
    weight = table.weight
    unit = memory.each("theta") if memory.neurons is None else np.ones(memory.n_neurons)
    if max(weight.max(initial=0), -weight.min(initial=0)) > RANGE * unit.min():
        refuse_parts(
            len(weight),
            lambda part: np.abs(weight[part]) > RANGE * unit[table.post[part]],
            lambda k: f"has the weight {weight[k]}, more than {RANGE:g} times theta",
        )
    if not weight.all():
        table = table.where(weight != 0)
    k = table.repeated()
    if k is not None:
        raise InputError(
            f"there are two synapses from neuron {table.pre[k]} to {table.post[k]} with delay"
            f" {table.delay[k]}"
        )
    return table


def _check_patterns(memory):
    lengths = {pattern.n_steps(memory.step) for pattern in memory.patterns}
    if len(lengths) > 1:
        raise InputError(
            f"the patterns have {min(lengths)} to {max(lengths)} steps; cut them to one length"
        )
    if lengths and max(lengths) > LARGEST:
        raise InputError(f"patterns of {max(lengths)} steps are longer than can be numbered")
    for k, pattern in enumerate(memory.patterns):
        if pattern.n_neurons != memory.n_neurons:
            raise InputError(
                f"pattern {k} has {pattern.n_neurons} neurons, the network {memory.n_neurons}"
            )
        if pattern.units != memory.patterns[0].units:
            raise InputError(f"the units of pattern {k} have other names than those of pattern 0")
        if pattern.n_latent != memory.n_latent:
            raise InputError(
                f"{pattern.n_latent} neurons are latent in pattern {k}, {memory.n_latent} in pattern 0"
            )
        _check_latent_silent(k, pattern, memory)
        if not np.array_equal(pattern.times, pattern.steps(memory.tick) * memory.tick):
            raise InputError(f"pattern {k} has spikes between the steps; bin it first")
        if np.any((np.diff(pattern.times) == 0) & (np.diff(pattern.neurons) == 0)):
            raise InputError(f"pattern {k} has a spike twice; bin it first")
    if lengths and min(lengths) <= memory.n_delays:
        raise InputError(
            f"patterns of {min(lengths)} steps leave nothing to recall after a trigger of {memory.n_delays} steps"
        )


def _check_latent_silent(k, pattern, memory):
    """Raise an InputError where a cue would have to force a latent neuron to fire."""
    if not pattern.n_latent:
        return
    window = memory.n_delays * round(memory.step / memory.tick)
    early = pattern.steps(memory.tick) < window
    if (pattern.neurons[early] >= pattern.n_recorded).any():
        raise InputError(
            f"a latent neuron spikes in the trigger window of pattern {k}, where none can be cued"
        )


def _of_whole_ticks(pattern, tick):
    n_ticks = pattern.n_steps(tick)
    if pattern.duration == n_ticks * tick:
        return pattern
    steps = pattern.steps(tick)
    return Raster.from_steps(
        pattern.neurons,
        steps,
        pattern.n_neurons,
        n_ticks,
        tick,
        units=pattern.units,
        n_latent=pattern.n_latent,
    )


def sizes(memory):
    """Sizes and neuron parameters of a memory, under the names that results use."""
    return {
        "n_neurons": memory.n_neurons,
        "n_latent": memory.n_latent,
        "n_delays": memory.n_delays,
        "n_synapses": memory.n_synapses,
        "n_patterns": memory.n_patterns,
        "n_steps": memory.n_steps,
        "step_s": memory.step,
        **dict(zip(LIF.held, _as_json(memory))),
        **_resetting(memory),
        **({} if memory.neurons is None else _of_neurons(memory.neurons)),
    }


def _of_neurons(neurons):
    return {
        "neuron": neurons.model.name,
        "dt_s": neurons.dt,
        "integrator": neurons.model.method,
        "weight_unit": neurons.model.weight_unit,
        "classes": {
            name: {"n_neurons": int(n), "parameters": values}
            for (name, values), n in zip(
                neurons.classes.items(),
                np.bincount(neurons.members, minlength=len(neurons.classes)),
            )
        },
    }
