"""Do several simulators recall the same spikes?"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.recording import pattern_label
from wmdelays.hardware.grid import bits_of
from wmdelays.machine.processors import n_processors, said_threads
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.quantities import shortened, whole
from wmdelays.rounding import rounding_bound
from wmdelays.scores import Agreement, Scores, agreement, score
from wmdelays.theory import spikes_for_parameters
from wmdelays.timing.timed_scores import TimedScores, score_times
from wmdelays.validation.recall.extent import extents, overall
from wmdelays.validation.recall.simulators import Setup, set_up, simulator
from wmdelays.words import counted, share, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.brian_models import Brian2Neuron
    from wmdelays.validation.work.aside import Aside

COMPARED = ("torch", "brian2")
COMPARED_IN_CONTINUOUS_TIME = ("compiled", "brian2")
# By how much F1 may fall and the tempo change (in percent) at the halved dt, for a verdict to stand.
LESS_F1, OTHER_TEMPO = 0.001, 0.25
# Copies of the synapses that another process has while it recalls.
_COPIES = 4


@dataclass(frozen=True)
class Simulation:
    """What one simulator made of the cues of a comparison.

    Attributes
    ----------
    setup : Setup
        The simulator, and the device and time step with which it ran.
    recalls : list of Recall
        One for each pattern that was cued.
    scores : Scores
        Against the stored patterns.
    seconds : float
        The time it took.
    times : TimedScores or None
        The same where spikes may come a little early or late, for neurons in continuous time.
    """

    setup: Setup
    recalls: list
    scores: Scores
    seconds: float
    times: TimedScores | None = None

    @property
    def shown(self):
        """The simulator's name in sentences."""
        return self.setup.simulator.shown

    @property
    def n_spikes(self):
        """Number of the network's own spikes."""
        return sum(len(recall.own) for recall in self.recalls)

    @property
    def f1(self):
        """How much is recalled, over all patterns: F1, in continuous time that within 1 ms."""
        return self.scores.total.f1 if self.times is None else self.times.within[1].f1

    @property
    def pattern_f1(self):
        """The same of each pattern, a list."""
        if self.times is None:
            return [one.f1 for one in self.scores.patterns]
        return [one.within[1].f1 for one in self.times.patterns]


@dataclass(frozen=True, repr=False)
class Comparison:
    """What came out of recalling a memory in several simulators.

    Attributes
    ----------
    memory : Memory
    patterns : list of int
        The patterns that were cued.
    simulations : dict of str to Simulation
        What each simulator made of them, by its name; two or more. The first is the reference,
        with which the others are compared.
    settings : dict
        dt_s, device, neuron, seed and what else decided the result.
    timing : dict
        Seconds spent in each part, one after another; those of what was done ``meanwhile`` in another
        process stand apart, by name.
    versions : dict
        Versions of the software that took part.
    halved : Simulation or None
        What a simulator in continuous time makes of the cues at half of dt, for neurons in
        continuous time: their equations have to mean the same there.
    """

    memory: Memory
    patterns: list
    simulations: dict
    settings: dict
    timing: dict
    versions: dict
    halved: Simulation | None = None

    def __repr__(self):
        f1 = (f"{one.shown} F1 {share(one.f1)}" for one in self.simulations.values())
        n = sum(
            one.only_first + one.only_second for ones in self.agreements.values() for one in ones
        )
        differ = "the same spikes" if self.exact else f"{counted(n, 'spike')} in one alone"
        return f"<Comparison: {counted(len(self.patterns), 'pattern')}, {', '.join(f1)}; {differ}>"

    def _repr_html_(self):
        from wmdelays.plots.notebook import page
        from wmdelays.plots.rasters import overlay_figure

        # What is worth a look: where two differ, if any do.
        name, place = next(
            (
                (name, place)
                for name, ones in self.agreements.items()
                for place, one in enumerate(ones)
                if not one.exact
            ),
            (list(self.simulations)[-1], 0),
        )
        k, drawn = self.patterns[place], (self.simulations[n] for n in (self.reference, name))
        recalls = {one.shown: one.recalls[place] for one in drawn}
        figure = overlay_figure(
            self.memory.patterns[k],
            recalls,
            title=f"pattern {k}",
            zoom_steps=100 * round(self.memory.step / self.memory.tick),
        )
        columns = pattern_columns(self)
        return page(self, figure, list(zip(*columns.values())), list(columns))

    @property
    def reference(self):
        """The name of the simulator with which the others are compared."""
        return next(iter(self.simulations))

    @cached_property
    def agreements(self):
        """How far each other simulator agrees with the reference, by its name.

        Returns
        -------
        dict of str to list of Agreement
            For each pattern, the reference (first) with the other one (second), over the network's
            own spikes from the end of the clamp on.
        """
        recalls = {name: one.recalls for name, one in self.simulations.items()}
        first = recalls.pop(self.reference)
        return {
            name: [agreement(a.own, b.own, self.memory.tick) for a, b in zip(first, others)]
            for name, others in recalls.items()
        }

    def agreement(self, name=None):
        """Agreement of the reference with another simulator over all patterns.

        Parameters
        ----------
        name : str, optional
            The other one; by default the last.

        Returns
        -------
        Agreement
            Its first difference is the earliest in its pattern.
        """
        ones = self.agreements[list(self.simulations)[-1] if name is None else name]
        return Agreement(
            sum(one.matched for one in ones),
            sum(one.only_first for one in ones),
            sum(one.only_second for one in ones),
            min((one.first_difference for one in ones if not one.exact), default=None),
        )

    @cached_property
    def extents(self):
        """How much of each pattern each simulator recalls, and how far: lists of Extent, by name."""
        return {
            name: extents(one, self.memory, self.patterns) for name, one in self.simulations.items()
        }

    @property
    def exact(self):
        """Whether all simulators emit the same spikes."""
        return all(one.exact for ones in self.agreements.values() for one in ones)

    def is_promised(self, name):
        """Whether a simulator is promised to emit the spikes of the reference.

        It is not where one of the two integrates the neurons by a method of its own.
        """
        if self.memory.neurons is None:
            return True
        both = (self.simulations[one].setup.simulator for one in (self.reference, name))
        return all(self.memory.neurons.model.name not in one.otherwise_integrated for one in both)

    def is_alike(self, name):
        """Whether a simulator recalls as much as the reference does, at the same tempo.

        For neurons in continuous time. Of two integrators one may be exact and the other of first
        order in dt, whose error is twice as large as what half of dt takes off it; see `stands`.
        """
        one, other = (self.simulations[k].times for k in (self.reference, name))
        faster = abs(np.nan_to_num(one.tempo_percent) - np.nan_to_num(other.tempo_percent))
        less = abs(one.f1_lag_followed - other.f1_lag_followed)
        return bool(less <= 2 * LESS_F1 and faster <= 2 * OTHER_TEMPO)

    @cached_property
    def agrees(self):
        """Whether all simulators emit the spikes that they are promised to emit.

        Where none are promised, whether they recall as much, at the same tempo.
        """
        return all(
            all(one.exact for one in ones) or (not self.is_promised(name) and self.is_alike(name))
            for name, ones in self.agreements.items()
        )

    @property
    def dt(self):
        """Time step in seconds of the simulators in continuous time; None if there is none."""
        return next((one.setup.dt for one in self.simulations.values() if one.setup.dt), None)

    @property
    def worst_f1(self):
        """F1 over all patterns of the simulator that recalls worst."""
        return min(one.f1 for one in self.simulations.values())

    @property
    def stands(self):
        """Whether as much is recalled at the halved dt, at the same tempo; None without one."""
        if self.halved is None:
            return None
        fine, coarse = (
            one.times for one in (self.halved, self.simulations[self.halved.setup.simulator.name])
        )
        faster = abs(np.nan_to_num(fine.tempo_percent) - np.nan_to_num(coarse.tempo_percent))
        return bool(
            fine.f1_lag_followed >= coarse.f1_lag_followed - LESS_F1 and faster <= OTHER_TEMPO
        )

    @property
    def closest_calls(self):
        """The closest call of each pattern, of the first simulator that records them.

        Returns
        -------
        name : str or None
            That simulator; None if there is none.
        calls : list of float or None
        """
        for name, one in self.simulations.items():
            calls = [recall.closest_call for recall in one.recalls]
            if any(call is not None for call in calls):
                return name, calls
        return None, [None] * len(self.patterns)

    @property
    def closest_call(self):
        """The smallest abs(u - theta) of all recalls; None if no simulator records it."""
        return min((call for call in self.closest_calls[1] if call is not None), default=None)

    @cached_property
    def rounding_bound(self):
        """How far float order can move a membrane of these recalls, in the unit of theta.

        See `wmdelays.rounding.rounding_bound`. For neurons in continuous time in millivolts, beside
        Brian2 and NEST, and None where no bound is known; see `wmdelays.neurons.rounding`.
        """
        if self.memory.neurons is not None:
            return self._rounding_in_ticks()
        n_substeps = max(one.setup.n_substeps or 1 for one in self.simulations.values())
        return rounding_bound(self.memory, self.simulations[self.reference].recalls, n_substeps)

    def _rounding_in_ticks(self):
        model = self.memory.neurons.model
        formulas = []
        if model.method == "exact" and "brian2" in self.simulations:
            from wmdelays.brian_models.neurons.formulas import tick_formulas

            formulas.append(tick_formulas(model))
        if model.method == "exact" and "nest" in self.simulations:
            from wmdelays.nest_models.neurons import nest_neuron

            formulas.append(nest_neuron(self.memory).formulas)
        if not formulas:
            return None
        from wmdelays.neurons.rounding import rounding_bound_in_ticks

        recalls = self.simulations[self.reference].recalls
        bounds = [rounding_bound_in_ticks(self.memory, recalls, self.dt, one) for one in formulas]
        return None if None in bounds else max(bounds)

    def as_dict(self):
        """The comparison as plain JSON values.

        With two simulators ``agreement`` stands for itself, with more of them ``agreements`` has
        one by the name of each that is compared with the first; so it is in each of the
        ``patterns``.
        """
        names = list(self.simulations)
        return {
            "memory": sizes(self.memory),
            **{
                name: _score_values(one) | {"recalled": overall(self.extents[name])}
                for name, one in self.simulations.items()
            },
            **self._said({name: self.agreement(name) for name in names[1:]}, "agreement"),
            **self._at_halved_dt(),
            **self._alike(),
            "closest_call": self.closest_call,
            "rounding_bound": self.rounding_bound,
            "parameters": self._for_parameters(),
            "patterns": [
                {
                    "pattern": k,
                    **{
                        f"{name}_{key}": value
                        for name, one in self.simulations.items()
                        for key, value in (
                            _pattern_values(one, place) | self.extents[name][place].as_dict()
                        ).items()
                    },
                    **self._said({name: ones[place] for name, ones in self.agreements.items()}),
                }
                for place, k in enumerate(self.patterns)
            ],
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": self.versions,
        }

    def _for_parameters(self):
        """Spikes recalled for each synapse and weight bit; None in continuous time, or of some patterns."""
        if self.memory.neurons is not None or len(self.patterns) < self.memory.n_patterns:
            return None
        matched = self.simulations[self.reference].scores.total.matched
        return spikes_for_parameters(self.memory.weight, matched, bits_of(self.memory))

    def _alike(self):
        alike = {
            name: self.is_alike(name) for name in self.agreements if not self.is_promised(name)
        }
        return {"alike": alike} if alike else {}

    def _at_halved_dt(self):
        if self.halved is None:
            return {}
        one = self.halved
        values = {"simulator": one.setup.simulator.name, "dt_s": one.setup.dt}
        return {"halved_dt": {**values, **_score_values(one), "stands": self.stands}}

    def _said(self, agreements, alone=None):
        """Agreements by name as JSON values; a single one under the name `alone`, if there is one."""
        values = {
            name: {
                "matched": same.matched,
                f"only_{self.reference}": same.only_first,
                f"only_{name}": same.only_second,
                "first_difference_s": same.first_difference,
            }
            for name, same in agreements.items()
        }
        if len(values) > 1:
            return {"agreements": values}
        (value,) = values.values()
        return value if alone is None else {alone: value}


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
        aside.give(_loaded_and_simulated, setups[0], memory, cues, stored, n_bytes=size)
    beside = workers
    if meanwhile and workers is None:
        beside = max(1, (said_threads() or n_processors()) - 1)
    simulations, timing = dict.fromkeys(names), {"import": 0.0}
    for name, setup in list(zip(names, setups))[meanwhile:]:
        start = time.perf_counter()
        say(f"importing {setup.simulator.shown}", None)
        setup.simulator.load()
        timing["import"] += time.perf_counter() - start
        simulations[name] = _simulated(setup, memory, cues, stored, say, beside)
        timing[name] = simulations[name].seconds
    if meanwhile:
        start = time.perf_counter()
        say(f"{setups[0]}: recalling", None)
        simulations[names[0]] = _with_cues(aside.answer(), cues)
        timing[f"waiting_for_{names[0]}"] = time.perf_counter() - start
        timing["meanwhile"] = {names[0]: simulations[names[0]].seconds}
    halved = None
    fine = [one for one in simulations.values() if one.setup.simulator.continuous]
    if memory.neurons is not None and fine:
        setup = fine[-1].setup
        setup = replace(setup, n_substeps=2 * setup.n_substeps, dt=setup.dt / 2)
        halved = _simulated(setup, memory, cues, stored, say, workers)
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


def _simulated(setup, memory, cues, stored, say=None, workers=None):
    """What a simulator makes of cues, scored against the stored patterns."""
    start = time.perf_counter()
    setup = setup.for_cues(memory, cues)
    recalls = setup.recall(memory, cues, say, workers)
    seconds = time.perf_counter() - start
    if memory.neurons is None:
        return Simulation(setup, recalls, score(recalls, stored), seconds)
    times = score_times(recalls, stored)
    exact = Scores(times.exact, tuple(one.exact for one in times.patterns))
    return Simulation(setup, recalls, exact, seconds, times)


def _loaded_and_simulated(setup, memory, cues, stored):
    """The same with the simulator imported before, which is no part of its seconds."""
    setup.simulator.load()
    return _simulated(setup, memory, cues, stored)


def _with_cues(simulation, cues):
    """A simulation by another process, whose cues are copies of these."""
    recalls = [replace(recall, cue=cue) for recall, cue in zip(simulation.recalls, cues)]
    return replace(simulation, recalls=recalls)


def _model_of(memory):
    return "lif" if memory.neurons is None else memory.neurons.model.name


def pattern_columns(comparison):
    """Titles of the table of patterns and what stands beneath."""
    shown = {name: one.shown for name, one in comparison.simulations.items()}
    columns = {"pattern": [pattern_label(comparison.memory, k) for k in comparison.patterns]}
    for name, one in comparison.simulations.items():
        columns[f"F1 {shown[name]}"] = [share(f1) for f1 in one.pattern_f1]
    times = comparison.simulations[comparison.reference].times
    if times is not None:
        columns["lag followed"] = [share(one.f1_lag_followed) for one in times.patterns]
        columns["tempo (%)"] = [signed(one.tempo_percent) for one in times.patterns]
        columns["lag at the end (ms)"] = [signed(one.lag_end_ms) for one in times.patterns]
        columns["lost"] = [f"{one.n_lost}" for one in times.patterns]
        columns["too many"] = [f"{one.n_too_many}" for one in times.patterns]
    for name, ones in comparison.agreements.items():
        # Which two are compared needs words where there are more of them.
        of = f" {shown[name]}" if len(shown) > 2 else ""
        columns[f"same{of}"] = [str(one.matched) for one in ones]
        if not of:
            columns[f"only {shown[comparison.reference]}"] = [str(one.only_first) for one in ones]
            columns[f"only {shown[name]}"] = [str(one.only_second) for one in ones]
        else:
            columns[f"differ{of}"] = [str(one.only_first + one.only_second) for one in ones]
    return columns


def _score_values(simulation):
    scores, times = simulation.scores, simulation.times
    return {
        **scores.total.as_dict(),
        "worst_pattern_f1": scores.worst_pattern_f1,
        "n_spikes": simulation.n_spikes,
        **({} if times is None else times.as_dict()),
    }


def _pattern_values(simulation, place):
    times = simulation.times
    return {
        "f1": simulation.scores.patterns[place].f1,
        **({} if times is None else times.patterns[place].as_dict()),
    }
