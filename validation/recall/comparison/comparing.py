"""Do several simulators recall the same spikes?"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.machine.processors import n_processors, said_threads
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory
from wmdelays.quantities import shortened, whole
from wmdelays.validation.recall.comparison.result import Comparison
from wmdelays.validation.recall.comparison.simulation import (
    loaded_and_simulated,
    simulated,
    with_cues,
)
from wmdelays.validation.recall.simulators import set_up, simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.brian_models import Brian2Neuron
    from wmdelays.validation.work.aside import Aside

COMPARED = ("torch", "brian2")
COMPARED_IN_CONTINUOUS_TIME = ("compiled", "brian2")
# Copies of the synapses that another process has while it recalls.
_COPIES = 4


def compare(
    memory: Memory,
    simulators: Sequence[str] | None = None,
    *,
    patterns: Sequence[int] | None = None,
    dt: float | None = None,
    device: str = "auto",
    torch_device: str = "auto",
    neuron: str | Brian2Neuron | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    aside: Aside | None = None,
    workers: int | None = None,
) -> Comparison:
    """Recall stored patterns in several simulators and compare the spikes.

    Parameters
    ----------
    memory : Memory
    simulators : sequence of str, optional
        Two or more names from `wmdelays.validation.recall.simulators.SIMULATORS`. The first is the
        reference, with which the others are compared. By default torch and brian2, or compiled and
        brian2 for a memory for neurons in continuous time.
    patterns : sequence of int, optional
        Which patterns to cue; by default all.
    dt : float, optional
        Time step in seconds of simulators in continuous time; it has to divide the training step.
        By default a tenth of the training step, or the tick for which neurons in continuous time
        were learned.
    device : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        Where Brian2 runs; "auto" takes the one that is expected to be done first.
    torch_device : {"auto", "cpu", "cuda"}
        Where torch runs; "auto" is the CPU.
    neuron : str or Brian2Neuron, optional
        The neuron model of simulators in continuous time: a name, or a model of one's own. By default
        that of the memory.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).
    aside : Aside, optional
        Another process, see `wmdelays.validation.work.aside`. The reference recalls there, while the
        others recall here, where its library is not imported yet: that takes longer than a recall.
    workers : int, optional
        The most programs of Brian2 on "cpp_standalone" that share the cues, see
        `wmdelays.brian_models.recall`. By default a processor is left for the other process while that
        recalls.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the memory has no such pattern, dt does not divide the step, fewer than two simulators
        are named or one twice, a simulator, device or neuron is unknown, or `workers` is no whole
        number above zero or for no simulator.

    Examples
    --------
    >>> import wmdelays
    >>> patterns = wmdelays.bernoulli(n_neurons=40, n_steps=60, n_patterns=2, rate=0.03)
    >>> memory = wmdelays.store(patterns, n_delays=20)
    >>> wmdelays.compare(memory, ["compiled", "brian2"], device="numpy")
    <Comparison: 2 patterns, compiled F1 1.0000, Brian2 F1 1.0000; the same spikes>
    """
    say = progress or (lambda stage, part: None)
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    if len(set(chosen)) < len(chosen):
        raise InputError("a pattern is named twice")
    if simulators is None:
        simulators = COMPARED if memory.neurons is None else COMPARED_IN_CONTINUOUS_TIME
    names = list(simulators)
    if len(names) < 2:
        raise InputError("a comparison takes two simulators or more, such as torch,brian2")
    if len(set(names)) < len(names):
        raise InputError("a simulator is named twice")
    devices = {"brian2": device, "torch": torch_device}
    for name, where in devices.items():
        if where != "auto" and name not in names:
            raise InputError(f"the device {shortened(where)} is for {name}, which is not compared")
    if workers is not None:
        workers = whole("workers", workers, 1)
        if not any(simulator(name).shares_cues for name in names):
            raise InputError("workers are for brian2, which is not compared")
    if neuron not in (None, "lif") and not any(simulator(name).continuous for name in names):
        raise InputError("another neuron than lif takes a simulator in continuous time: brian2")
    setups = [
        set_up(
            name,
            memory,
            dt=dt,
            device=devices.get(name, "auto"),
            neuron=neuron if simulator(name).continuous else None,
        )
        for name in names
    ]
    cues, stored = memory.cues(chosen), [memory.patterns[k] for k in chosen]
    meanwhile = aside is not None and not setups[0].simulator.is_loaded
    if meanwhile:
        arrays = (memory.pre, memory.post, memory.delay, memory.weight)
        size = _COPIES * sum(one.nbytes for one in arrays)
        aside.give(loaded_and_simulated, setups[0], memory, cues, stored, n_bytes=size)
    beside = workers
    if meanwhile and workers is None:
        beside = max(1, (said_threads() or n_processors()) - 1)
    simulations, timing = dict.fromkeys(names), {"import": 0.0}
    for name, setup in list(zip(names, setups))[meanwhile:]:
        start = time.perf_counter()
        say(f"importing {setup.simulator.shown}", None)
        setup.simulator.load()
        timing["import"] += time.perf_counter() - start
        simulations[name] = simulated(setup, memory, cues, stored, say, beside)
        timing[name] = simulations[name].seconds
    if meanwhile:
        start = time.perf_counter()
        say(f"{setups[0]}: recalling", None)
        simulations[names[0]] = with_cues(aside.answer(), cues)
        timing[f"waiting_for_{names[0]}"] = time.perf_counter() - start
        timing["meanwhile"] = {names[0]: simulations[names[0]].seconds}
    halved = None
    fine = [one for one in simulations.values() if one.setup.simulator.continuous]
    if memory.neurons is not None and fine:
        setup = fine[-1].setup
        setup = replace(setup, n_substeps=2 * setup.n_substeps, dt=setup.dt / 2)
        halved = simulated(setup, memory, cues, stored, say, workers)
        timing["halved_dt"] = halved.seconds
    used = {name: one.setup.device for name, one in simulations.items()}
    settings = {
        "simulators": names,
        "dt_s": next((one.dt for one in setups if one.dt), None),
        "device": used.get("brian2"),
        "torch_device": used.get("torch"),
        "neuron": getattr(neuron, "name", neuron) or _model_of(memory),
    }
    return Comparison(memory, chosen, simulations, settings, timing, versions(*names), halved)


def _model_of(memory):
    return "lif" if memory.neurons is None else memory.neurons.model.name
