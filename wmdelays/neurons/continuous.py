"""A neuron model in continuous time: its equations, threshold and reset, as its paper has them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wmdelays.errors import InputError
from wmdelays.neurons.model import UNITS, NeuronModel

METHODS = ("exact", "exponential_euler", "euler")
_EQUATION = re.compile(r"d(?P<state>\w+)/dt\s*=(?P<right>[^:]*):(?P<unit>[^(]*)(?P<flags>\(.*\))?")
_SHORTHAND = re.compile(r"(?P<name>\w+)\s*=(?P<right>[^:]*):(?P<unit>.*)")
_HELD = "unless refractory"


@dataclass(frozen=True, eq=False)
class ContinuousNeuron(NeuronModel):
    """A neuron model in continuous time.

    In every tick a neuron integrates its equations, takes what arrives at its synapses, and then
    fires if its membrane is at threshold. The equations are in Brian2's language and stand here
    once: Brian2 takes them as they are, and learning and the compiled loop derive the map of one
    tick and its Jacobian from them, see `wmdelays.neurons.one_tick`.

    Parameters
    ----------
    name, help, parameters, held
        As in `NeuronModel`; `held` is not used: a memory holds all values, see `Neurons`.
    equations : str
        A line for each state, ``dv/dt = ... : volt``, and for each shorthand, ``i_syn = ... : amp``.
        States marked ``(unless refractory)`` stay as they are while the neuron is refractory, and
        arrivals do not move them. Units of Brian2, as in ``-70*mV``, are understood.
    threshold : str
        ``v >= ...`` with parameters on the right: where the neuron fires.
    reset : str
        What a spike does to the neuron that emits it, a statement a line.
    rest : mapping of str to str
        The value of each state at rest, which may name parameters.
    excitatory, inhibitory : str
        The states to which an arrival adds the size of a positive and of a negative weight.
        If they are the same state, a weight is added to it with its sign.
    weight_unit : str
        The unit of weights, one of `wmdelays.neurons.model.UNITS`.
    method : {"exact", "exponential_euler", "euler"}
        How the equations are integrated, in the terms of Brian2.
    refractory : str, optional
        The parameter that says for how long a neuron does not fire after a spike.
    bound : str, optional
        The membrane potential, as an expression of parameters, from which on the neuron cannot but
        fire; where learning sets its bounds. By default the threshold. Models with an upswing have
        it far below, such as ``v_t``.
    lead : float
        How long before its tick a spike is under way, in ms; there learning looks at the slope.
    timescale : str
        The time constant of the membrane near threshold, as an expression of parameters; noise on
        the membrane has it.
    presets : mapping of str to mapping of str to float
        Named sets of values of parameters.
    requires : tuple of (callable, str)
        Relations between values: a function of the values (dict) that is true where they hold, and
        what it says in words.
    source : str
        The paper that the equations are from.

    Raises
    ------
    InputError
        If the parts do not fit each other.
    """

    equations: str = ""
    threshold: str = ""
    reset: str = ""
    rest: Mapping[str, str] = field(default_factory=dict)
    excitatory: str = ""
    inhibitory: str = ""
    weight_unit: str = "1"
    method: str = "euler"
    refractory: str | None = None
    bound: str | None = None
    lead: float = 1.5
    timescale: str = ""
    presets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    requires: tuple = ()
    source: str = ""

    # A model is itself alone.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __post_init__(self):
        states = self.states
        if not states:
            raise InputError(f"{self.name} has no equations of the form dv/dt = ... : volt")
        if len(states) + len(self.shorthands) < len(self._lines):
            raise InputError(f"{self.name}: the equations define a name twice")
        for name, known in (
            ("membrane", self.membrane),
            ("excitatory", self.excitatory),
            ("inhibitory", self.inhibitory),
        ):
            if known not in states:
                raise InputError(
                    f"{self.name}: {name} is {known!r}, not one of {', '.join(states)}"
                )
        if set(self.rest) != set(states):
            raise InputError(f"{self.name}: rest needs a value for each of {', '.join(states)}")
        if self.method not in METHODS:
            raise InputError(
                f"{self.name}: the method is {self.method!r}; it has to be {', '.join(METHODS)}"
            )
        if self.weight_unit not in UNITS:
            raise InputError(f"{self.name}: there is no unit {self.weight_unit!r} for weights")
        names = {one.name for one in self.parameters}
        if self.refractory is not None and self.refractory not in names:
            raise InputError(f"{self.name}: there is no parameter {self.refractory!r}")

    @cached_property
    def _lines(self):
        lines = (line.partition("#")[0].strip() for line in self.equations.splitlines())
        return [line for line in lines if line]

    @cached_property
    def states(self) -> dict[str, str]:
        """The right side of each state's equation, by its name."""
        found = (_EQUATION.fullmatch(line) for line in self._lines)
        return {one["state"]: one["right"].strip() for one in found if one}

    @cached_property
    def held_states(self) -> frozenset[str]:
        """The states that stay as they are while the neuron is refractory."""
        found = (_EQUATION.fullmatch(line) for line in self._lines)
        return frozenset(one["state"] for one in found if one and _HELD in (one["flags"] or ""))

    @cached_property
    def shorthands(self) -> dict[str, str]:
        """What each shorthand of the equations stands for, by its name."""
        lines = (line for line in self._lines if not _EQUATION.fullmatch(line))
        found = {line: _SHORTHAND.fullmatch(line) for line in lines}
        for line, one in found.items():
            if one is None:
                raise InputError(f"{self.name}: {line!r} is no equation")
        return {one["name"]: one["right"].strip() for one in found.values()}

    @cached_property
    def _threshold(self):
        try:
            tree = ast.parse(self.threshold.strip(), mode="eval").body
        except SyntaxError:
            tree = None
        is_bound = (
            isinstance(tree, ast.Compare)
            and isinstance(tree.left, ast.Name)
            and len(tree.ops) == 1
            and isinstance(tree.ops[0], (ast.GtE, ast.Gt))
        )
        if not is_bound:
            raise InputError(
                f"{self.name}: the threshold is {self.threshold!r}; it has to be of the form"
                " v >= v_peak, with a state on the left and parameters on the right"
            )
        return tree.left.id, ast.unparse(tree.comparators[0])

    @property
    def membrane(self) -> str:
        """The state that the threshold is about."""
        return self._threshold[0]

    @property
    def peak(self) -> str:
        """The value at which the neuron fires, as an expression of parameters."""
        return self._threshold[1]

    @property
    def has_upswing(self) -> bool:
        """Whether a spike begins below the value at which the neuron fires."""
        return self.bound is not None

    @cached_property
    def membrane_unit(self) -> str:
        """The unit of the membrane, one of `wmdelays.neurons.model.UNITS`: ``mV`` or ``1``."""
        found = (_EQUATION.fullmatch(line) for line in self._lines)
        units = {one["state"]: one["unit"].strip() for one in found if one}
        return "1" if units[self.membrane] == "1" else "mV"

    @cached_property
    def threshold_parameter(self) -> str | None:
        """The parameter that sets the threshold; None if none does alone.

        That is the bound where equations name it, as they do v_t of AdEx, else the peak.
        """
        names = {one.name for one in self.parameters}
        words = set(re.findall(r"\w+", self.equations))
        for one in (self.bound, self.peak):
            if one in names and (one == self.peak or one in words):
                return one
        return None

    @property
    def is_signed(self) -> bool:
        """Whether a weight of either sign moves the same state."""
        return self.excitatory == self.inhibitory

    def values(self, network: object) -> dict:
        """The value of each parameter for a memory; see `NeuronModel.values`.

        Parameters
        ----------
        network : Memory

        Returns
        -------
        dict of str to float or float array, shape (n_neurons,)
            Those of the memory if it was learned for this model, else the defaults.
        """
        neurons = network.neurons
        if neurons is not None and neurons.model is self:
            return neurons.values
        return {one.name: one.default for one in self.parameters}

    def check(self, values: Mapping[str, float]) -> None:
        """Raise an InputError unless the values are within their bounds and fit each other.

        Parameters
        ----------
        values : mapping of str to float
            Of all parameters, or of some, whose names have to be known.
        """
        known = {one.name: one.default for one in self.parameters}
        for name in values:
            if name not in known:
                raise InputError(
                    f"{self.name} has no parameter {name!r}; it has {', '.join(known)}"
                )
        super().check(values)
        known |= values
        for holds, words in self.requires:
            if not holds(known):
                raise InputError(f"{self.name}: {words}")
