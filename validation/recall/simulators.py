"""What recalls a memory: every simulator by its name, behind one door.

All mean the dynamics of `wmdelays.Memory` and give the same spikes. Another one becomes known with
`register`; then every command and function that takes the name of a simulator takes it too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wmdelays.brian_models.devices.cuda import check_installed_device
from wmdelays.brian_models.devices.names import DEVICES
from wmdelays.cue import Cue
from wmdelays.errors import InputError, parameter
from wmdelays.genn_models.installation import check_installed as check_genn
from wmdelays.nest_models.installation import check_installed as check_nest
from wmdelays.nest_models.neurons import NEURONS as NEST_NEURONS
from wmdelays.nest_models.neurons import OTHERWISE_INTEGRATED
from wmdelays.neurons import LIF, NEURONS, ContinuousNeuron
from wmdelays.quantities import checked_seed, shortened, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.brian_models import Brian2Neuron
    from wmdelays.memory import Memory
    from wmdelays.neurons import Variability
    from wmdelays.recalls import Recall

# The fastest.
DEFAULT = "compiled"
# What stands beside simulators in the results of a comparison.
_TAKEN = frozenset(
    "memory agreement agreements halved_dt closest_call patterns settings versions".split()
)


@dataclass(frozen=True)
class Simulator:
    """A simulator, as commands and reports know it.

    Attributes
    ----------
    name : str
        Its name on the command line and in results.
    load : callable
        Takes nothing, imports what is needed and gives the function that recalls:
        ``recall(memory, cues, *, dt, device, neuron, progress)``, whose result is a list with a
        `wmdelays.Recall` for each cue. `dt` is its time step in seconds (None in discrete time),
        `device` one of `devices`, `neuron` one of `neurons` (None: the memory's), `progress` a function that takes what
        is being done (str) and the part of it that is done (float or None).
    shown : str
        Its name in sentences.
    continuous : bool
        Whether it runs in continuous time, with a time step of its own.
    devices : tuple of str
        Where it can run; the first is what "auto" means.
    neurons : tuple of str
        The neuron models it knows.
    own_neurons : bool
        Whether a neuron model of one's own may be given instead of a name.
    choose_device : callable, optional
        ``choose_device(memory, cues, dt, neuron)`` is the device that "auto" means instead; of
        one that varies it takes `variability` too, by its name.
    varies : bool
        Whether it knows `wmdelays.neurons.Variability`. Then the function that recalls takes
        `variability` (None: none) and `seed` too, by their names.
    own_resets : bool
        Whether it knows memories with another reset than eq. 1, see `wmdelays.neurons.resets`.
    otherwise_integrated : tuple of str
        Those of `neurons` whose equations it integrates by a method of its own. Its spikes are not
        promised to be those of others then, and are judged by F1 with the lag followed.
    check : callable, optional
        Takes nothing and raises an InputError where a package that it needs is not installed. It is called
        as soon as the simulator is named.
    check_device : callable, optional
        Takes the name of a device and raises an InputError where that cannot be used here.
    shares_cues : bool
        Whether programs of its own share cues out. Then the function that recalls takes `workers` (the
        most of them; None: as many as it finds right) too, by its name.
    library : str, optional
        The library that `load` imports, if that takes longer than most recalls.
    """

    name: str
    load: Callable
    shown: str
    continuous: bool = False
    devices: tuple = ("cpu",)
    neurons: tuple = (LIF.name,)
    own_neurons: bool = False
    choose_device: Callable | None = None
    varies: bool = False
    own_resets: bool = False
    otherwise_integrated: tuple = ()
    check: Callable | None = None
    check_device: Callable | None = None
    shares_cues: bool = False
    library: str | None = None

    @property
    def is_loaded(self):
        """Whether `load` has nothing left to import that takes long."""
        return self.library is None or self.library in sys.modules


@dataclass(frozen=True)
class Setup:
    """A simulator and the settings with which it recalls, checked; see `set_up`.

    Attributes
    ----------
    simulator : Simulator
    n_substeps : int or None
        Steps of the simulator in a step of the memory; None in discrete time.
    dt : float or None
        The simulator's time step in seconds; None in discrete time.
    device : str
    neuron : str or object
        None: that of the memory.
    variability : Variability or None
    seed : int
        Of what is drawn for it.
    """

    simulator: Simulator
    n_substeps: int | None
    dt: float | None
    device: str
    neuron: object = None
    variability: Variability | None = None
    seed: int = 0

    def __str__(self):
        # Where there is no choice of devices, it needs no words.
        several = len(self.simulator.devices) > 1 and self.device != "auto"
        return f"{self.simulator.shown} ({self.device})" if several else self.simulator.shown

    def for_cues(self, memory, cues):
        """This setup with the device that "auto" means for some cues of a memory."""
        if self.device != "auto":
            return self
        choose = self.simulator.choose_device
        if choose is None:
            return replace(self, device=self.simulator.devices[0])
        varied = {"variability": self.variability} if self.variability else {}
        return replace(self, device=choose(memory, cues, self.dt, self.neuron, **varied))

    def recall(self, memory, cues, progress=None, workers=None):
        """The recalls of cues of a memory, a list of Recall.

        `progress` is called now and then with what is being done (str) and the part of it that is
        done (float, or None where that is not known). `workers` is the most programs that may share
        the cues, where the simulator has any.
        """
        made = self.for_cues(memory, cues)
        say = progress or (lambda stage, part: None)
        say(f"{made}: recalling", None)
        varied = {"variability": self.variability, "seed": self.seed} if self.variability else {}
        shared = {"workers": workers} if made.simulator.shares_cues else {}
        return made.simulator.load()(
            memory,
            cues,
            dt=made.dt,
            device=made.device,
            neuron=made.neuron,
            progress=lambda stage, part: say(f"{made}: {stage}", part),
            **varied,
            **shared,
        )


def _torch():
    from wmdelays.training.discrete.torch_recall import recall

    def recall_in_torch(memory, cues, *, dt, device, neuron, progress):
        return recall(memory, cues, device, progress)

    return recall_in_torch


def _compiled():
    from wmdelays.training.discrete.compiled import recall

    def recall_compiled(memory, cues, *, dt, device, neuron, progress, variability=None, seed=0):
        if memory.neurons is None and not variability:
            return recall(memory, cues)
        from wmdelays.training.continuous.recall import recall as recall_in_ticks

        return recall_in_ticks(memory, cues, dt, variability, seed)

    return recall_compiled


def _brian2():
    from wmdelays.brian_models import recall

    return recall


def _choose_brian2_device(memory, cues, dt, neuron, variability=None):
    from wmdelays.brian_models import choose_device

    return choose_device(memory, cues, dt, neuron, variability)


def _nest():
    from wmdelays.nest_models import recall
    from wmdelays.nest_models.process import start

    # While others recall, its process imports NEST.
    start()

    def recall_in_nest(memory, cues, *, dt, device, neuron, progress):
        return recall(memory, cues, dt, progress=progress)

    return recall_in_nest


def _genn():
    from wmdelays.genn_models import recall

    def recall_in_genn(memory, cues, *, dt, device, neuron, progress):
        return recall(memory, cues, progress)

    return recall_in_genn


_ALL_NEURONS = (LIF.name, *NEURONS)
SIMULATORS = {
    one.name: one
    for one in (
        Simulator(
            "torch", _torch, "torch", devices=("cpu", "cuda"), own_resets=True, library="torch"
        ),
        Simulator(
            "compiled", _compiled, "compiled", neurons=_ALL_NEURONS, varies=True, own_resets=True
        ),
        Simulator(
            "brian2",
            _brian2,
            "Brian2",
            continuous=True,
            devices=tuple(DEVICES),
            neurons=_ALL_NEURONS,
            own_neurons=True,
            choose_device=_choose_brian2_device,
            check_device=check_installed_device,
            varies=True,
            own_resets=True,
            shares_cues=True,
            library="brian2",
        ),
        Simulator(
            "nest",
            _nest,
            "NEST",
            neurons=(LIF.name, *NEST_NEURONS),
            otherwise_integrated=OTHERWISE_INTEGRATED,
            check=check_nest,
        ),
        Simulator("genn", _genn, "GeNN", check=check_genn),
    )
}


def register(simulator: Simulator) -> None:
    """Make a simulator known by its name, in this process.

    Parameters
    ----------
    simulator : Simulator
        It takes the place of one of the same name.

    Raises
    ------
    ValueError
        If the name could not stand on a command line beside others, or in results beside what else
        they have.

    Examples
    --------
    >>> from wmdelays.validation.recall.simulators import SIMULATORS, Simulator, register
    >>> def silent(memory, cues, *, dt, device, neuron, progress):
    ...     from wmdelays import Raster, Recall
    ...     none = Raster([], [], memory.n_neurons, memory.n_steps * memory.step)
    ...     return [Recall(cue, cue.spikes, none) for cue in cues]
    >>> register(Simulator("silent", lambda: silent, "a silent network"))
    >>> list(SIMULATORS)
    ['torch', 'compiled', 'brian2', 'nest', 'genn', 'silent']
    >>> del SIMULATORS["silent"]
    """
    if not re.fullmatch("[a-z][a-z0-9_-]*", simulator.name) or simulator.name in _TAKEN:
        raise ValueError(f"a simulator cannot be called {simulator.name!r}")
    SIMULATORS[simulator.name] = simulator


def simulator(name):
    """The simulator of that name.

    Raises
    ------
    InputError
        If there is none, or it needs a package that is not installed.
    """
    if name not in SIMULATORS:
        known = ", ".join(SIMULATORS)
        raise InputError(f"there is no simulator {shortened(name)}; there are {known}")
    found = SIMULATORS[name]
    if found.check is not None:
        found.check()
    return found


def set_up(name, memory, *, dt=None, device="auto", neuron=None, variability=None, seed=0):
    """A simulator and its settings for a memory, checked before any work.

    Parameters
    ----------
    name : str
        A name from `SIMULATORS`.
    memory : Memory
    dt : float, optional
        Time step in seconds of a simulator in continuous time; by default a tenth of the memory's
        step, or the tick of its neurons. In discrete time it has no effect, but has to divide the
        memory's step all the same.
    device : str
        Where the simulator runs, or "auto".
    neuron : str or object, optional
        The neuron model: a name, or with Brian2 a model of one's own. By default the memory's.
    variability : Variability, optional
        What differs and what is noisy in the recalls; by default nothing.
    seed : int
        Of what is drawn for it.

    Returns
    -------
    Setup

    Raises
    ------
    InputError
        If there is no such simulator, device or neuron model, dt does not divide the step, or the
        simulator knows no variability.
    """
    chosen = simulator(name)
    if variability and not chosen.varies:
        raise InputError(
            f"{chosen.shown} knows no neurons that differ and no noise in continuous time; take"
            f" {' or '.join(n for n, one in SIMULATORS.items() if one.varies)}"
        )
    if not chosen.own_resets:
        memory.check_reset(f"{chosen.shown} knows")
    n_substeps = memory.substeps(dt)
    _check_known("device", device, ("auto", *chosen.devices), chosen)
    if chosen.check_device is not None:
        chosen.check_device(device)
    own = LIF if memory.neurons is None else memory.neurons.model
    if neuron is None and own.name not in chosen.neurons and not chosen.own_neurons:
        raise InputError(
            f"the memory was learned for {own.name}, which {chosen.shown} does not know; take"
            f" {' or '.join(n for n, one in SIMULATORS.items() if own.name in one.neurons)}"
        )
    if isinstance(neuron, str) or not chosen.own_neurons:
        _check_known("neuron", own.name if neuron is None else neuron, chosen.neurons, chosen)
    if isinstance(neuron, str | ContinuousNeuron):
        named = neuron if isinstance(neuron, str) else neuron.name
        if named != own.name:
            instead = ""
            if own is LIF and named in NEURONS:
                carried = parameter(
                    f"wmdelays.map_memory(memory, {named!r})", f"wmdelays map FILE --neuron {named}"
                )
                instead = f"; {carried} carries its weights over"
            raise InputError(f"the memory was learned for {own.name}, not for {named}{instead}")
    noise = variability or None, checked_seed(seed)
    if not chosen.continuous and memory.neurons is None and not variability:
        return Setup(chosen, None, None, device, neuron, *noise)
    return Setup(chosen, n_substeps, memory.step / n_substeps, device, neuron, *noise)


def _check_known(what, value, known, chosen):
    if value not in known:
        named = getattr(value, "name", value)
        raise InputError(
            f"there is no {what} {shortened(named)} in {chosen.shown}; there is {', '.join(known)}"
        )


def recall(
    memory: Memory,
    cues: Cue | Sequence[Cue],
    simulator: str = DEFAULT,
    *,
    dt: float | None = None,
    device: str = "auto",
    neuron: str | Brian2Neuron | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    variability: Variability | None = None,
    seed: int = 0,
    workers: int | None = None,
) -> Recall | list[Recall]:
    """What a memory makes of cues, by any simulator.

    Parameters
    ----------
    memory : Memory
    cues : Cue or sequence of Cue
        Several cues are independent recalls.
    simulator : str
        A name from `SIMULATORS`: "compiled" (a compiled loop in discrete time, the fastest),
        "torch" (torch's operators, in discrete time), "brian2" (continuous time), "nest" and "genn"
        (NEST and GeNN, where they are installed).
    dt : float, optional
        Time step in seconds of a simulator in continuous time; it has to divide the memory's step.
        By default a tenth of it, or the tick of the memory's neurons.
    device : str
        Where the simulator runs: "cpu" or "cuda" for torch; "numpy", "cython" or
        "cpp_standalone" or "cuda_standalone" for Brian2; "auto" takes the one that is expected to be done first.
    neuron : str or Brian2Neuron, optional
        The neuron model: a name, or with Brian2 a model of one's own. By default the memory's.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).
    variability : Variability, optional
        What differs and what is noisy, see `wmdelays.neurons.Variability`; by default nothing. The
        network in discrete time is then simulated in continuous time by "compiled" as well.
    seed : int
        Of all that `variability` draws. What differs and stays is the same in all simulators.
    workers : int, optional
        The most programs of "cpp_standalone" that share the cues, see `wmdelays.brian_models.recall`.

    Returns
    -------
    Recall or list of Recall
        One for each cue.

    Raises
    ------
    InputError
        If there is no such simulator, device or neuron model, it is not installed, dt does not divide
        the step, a cue does not belong to this memory, the simulator knows no variability, or `workers`
        are no whole number from 1 on or for another simulator.
    """
    setup = set_up(
        simulator,
        memory,
        dt=dt,
        device=device,
        neuron=neuron,
        variability=variability,
        seed=seed,
    )
    if workers is not None:
        workers = whole("workers", workers, 1)
        if not setup.simulator.shares_cues:
            raise InputError(f"workers are for brian2, not for {simulator}")
    single = isinstance(cues, Cue)
    recalls = setup.recall(memory, [cues] if single else list(cues), progress, workers)
    return recalls[0] if single else recalls
