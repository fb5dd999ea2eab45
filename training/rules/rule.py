"""What a rule is: a way of finding weights, described once.

From its description come the options of `wmdelays store`, the settings that `wmdelays scan` and
`capacity` can change, the checks of all of them, and what is asked about memory before any is taken.
A description imports nothing that learning needs, so that the command line is there at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from numbers import Real
from typing import Any

from wmdelays.contexts import stored_sequence
from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.scratch import check_disk
from wmdelays.patterns import Sizes
from wmdelays.quantities import LARGEST, Bounds, shortened, whole

DEFAULT = "margin"
# For neurons in continuous time.
DEFAULT_FOR_NEURONS = "timed-margin"


@dataclass(frozen=True)
class Option:
    """A setting of a rule.

    Parameters
    ----------
    name : str
        The name by which the rule's function takes it, such as ``"max_synapses"``; on the command line
        it is ``--max-synapses``.
    kind : type
        bool (a switch), int, float, str or Path.
    help : str
        What it is, in a sentence.
    default : optional
        The default of the function. Where it is None, a scan may set it to ``none``.
    choices : sequence of str
        What a str can be.
    least, most : int or float, optional
        The smallest and the largest value.
    above, below : int or float, optional
        Bounds that a float cannot have itself.
    within_delays : bool
        Whether it is a number of steps in the trigger window, which has `n_delays`.
    grows : bool
        Whether learning takes the longer the larger it is. A scan tries a rule out with little of it.
    metavar : str, optional
        What ``--help`` shows for its value.
    writes : str, optional
        Of a Path: the kind of file that is written there, see `wmdelays.files.file_kinds`.
    scanned : bool
        Whether a scan can set it. Not where it changes nothing that is learned, or where all points
        would write to one file.
    """

    name: str
    kind: type
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    within_delays: bool = False
    grows: bool = False
    metavar: str | None = None
    writes: str | None = None
    scanned: bool = True

    def checked(self, value: Any, n_delays: int = LARGEST) -> Any:
        """A value that the option can have.

        Parameters
        ----------
        value
            A whole number may be given as a float.
        n_delays : int
            Largest delay in steps.

        Raises
        ------
        InputError
            If it is of another kind or out of bounds.
        """
        if value is None and self.default is None:
            return None
        if self.choices and value not in self.choices:
            raise InputError(
                f"{self.name} is {shortened(value)}; it has to be {' or '.join(self.choices)}"
            )
        if self.kind is bool and value not in (True, False):
            raise InputError(f"{self.name} is {shortened(value)}; it has to be true or false")
        if self.kind in (int, float) and not isinstance(value, Real):
            raise InputError(f"{self.name} is {shortened(value)}; it has to be a number")
        if self.kind is int:
            least = -LARGEST if self.least is None else self.least
            most = LARGEST if self.most is None else self.most
            return whole(
                self.name, value, least, min(n_delays, most) if self.within_delays else most
            )
        bounds = Bounds(self.least, self.most, self.above, self.below)
        if self.kind is float and not bounds.hold(value):
            raise InputError(f"{self.name} is {shortened(value)}; it has to {bounds}")
        return value


@dataclass(frozen=True)
class Rule:
    """A way of finding weights.

    Parameters
    ----------
    name : str
        What ``--rule`` takes.
    function : callable or str
        What finds the weights: ``function(patterns, *, n_delays, step, beta, theta, periodic,
        **options)`` gives a Memory. A rule that starts from the weights of another one is
        ``function(memory, **options)``. If it has parameters `seed`, `progress` and `scheduler`, it is given
        those too, see `wmdelays.training.store`. As text it is ``"module:function"``, imported when
        the rule is first used.
    options : sequence of Option
    starts_from : Rule, optional
        The rule whose weights it starts from; its options can be given as well.
    needs : callable, optional
        ``needs(sizes, n_delays, options)`` is how many bytes of memory it takes at its peak. `sizes`
        is a `wmdelays.patterns.Sizes`, `options` a dict of every option's value.
    on_disk : callable, optional
        ``on_disk(sizes, n_delays, options)`` is how many bytes of the temporary folder it takes at its
        peak, where they are too many for memory, see `wmdelays.machine.scratch`.
    for_neurons : bool
        Whether it finds weights for neurons in continuous time. Its function then takes `neurons`, a
        `wmdelays.neurons.Neurons`, in place of `beta` and `theta`, and the patterns are at whole
        ticks.
    way_out : str
        What to do where a recall is not complete, in words that go on from "The recall is not
        complete:"; with settings in braces, see `wmdelays.errors.with_settings`.
    """

    name: str
    function: Callable | str
    options: tuple[Option, ...] = ()
    starts_from: Rule | None = None
    needs: Callable | None = None
    on_disk: Callable | None = None
    for_neurons: bool = False
    way_out: str = ""

    def load(self) -> Callable:
        """The function."""
        if not isinstance(self.function, str):
            return self.function
        module, _, name = self.function.partition(":")
        return getattr(import_module(module), name)

    @property
    def all_options(self) -> dict[str, Option]:
        """The options by their names: its own and those of the rule that it starts from."""
        own = {option.name: option for option in self.options}
        return own if self.starts_from is None else own | self.starts_from.all_options

    def checked(self, options: dict[str, Any], n_delays: int = LARGEST) -> dict[str, Any]:
        """Values of options, each of its kind and within its bounds.

        Parameters
        ----------
        options : dict
        n_delays : int
            Largest delay in steps.

        Returns
        -------
        dict
            The same names in the same order.

        Raises
        ------
        InputError
            If there is no such option or its value makes no sense.
        """
        known = self.all_options
        for name in options:
            if name not in known:
                there_are = f"; it has {', '.join(known)}" if known else ""
                raise InputError(f"the rule {self.name} has no setting {name}{there_are}")
        return {name: known[name].checked(value, n_delays) for name, value in options.items()}

    def n_bytes(self, sizes: Sizes, n_delays: int, options: dict[str, Any]) -> float:
        """How much memory it takes at its peak, see `needs`; options that are left out are at their
        defaults.
        """
        return self._most("needs", sizes, n_delays, options)

    def _most(self, of, sizes, n_delays, options):
        """The most that a function of this rule, and of those that it starts from, gives."""
        own = {option.name: options.get(option.name, option.default) for option in self.options}
        asked = getattr(self, of)
        n_bytes = asked(sizes, n_delays, own) if asked else 0
        if self.starts_from is None:
            return n_bytes
        return max(n_bytes, self.starts_from._most(of, sizes, n_delays, options))

    def check_room(self, sizes: Sizes, n_delays: int, options: dict[str, Any]) -> None:
        """Raise an InputError unless there is memory, and a place on the disk, for what it needs.

        Parameters
        ----------
        sizes : wmdelays.patterns.Sizes
            Of the patterns.
        n_delays : int
        options : dict
        """
        another = "" if self.name == DEFAULT else f", or the rule {DEFAULT} ({parameter('rule')})"
        if "max_synapses" in self.all_options and options.get("max_synapses") is None:
            another = f", or few synapses ({parameter('max_synapses=1000')}){another}"
        words = (
            f"storing {sizes.n_patterns} patterns of {sizes.n_steps} steps in {sizes.n_neurons}"
            f" neurons with {n_delays} delays by the rule {self.name}",
            f"take fewer neurons, delays or patterns, or shorter ones{another}",
        )
        check_memory(self.n_bytes(sizes, n_delays, options), *words)
        check_disk(self._most("on_disk", sizes, n_delays, options), *words)


def sizes_of(patterns, n_delays, step, periodic=False):
    """The sizes of patterns, for `Rule.check_room`.

    Parameters
    ----------
    patterns : sequence of Raster
        Equally long.
    n_delays, step, periodic
        As in `wmdelays.training.store`.

    Returns
    -------
    wmdelays.patterns.Sizes
    """
    return Sizes(
        n_neurons=patterns[0].n_neurons,
        n_steps=stored_sequence(patterns[0], n_delays, step, periodic).n_steps(step),
        n_patterns=len(patterns),
        n_spikes=sum(len(pattern) for pattern in patterns),
    )
