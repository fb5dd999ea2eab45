"""What came out of recalling a memory in several simulators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wmdelays.hardware.grid import bits_of
from wmdelays.memory import Memory, sizes
from wmdelays.rounding import rounding_bound
from wmdelays.scores import Agreement, agreement
from wmdelays.theory import spikes_for_parameters
from wmdelays.validation.recall.comparison.columns import pattern_columns
from wmdelays.validation.recall.comparison.simulation import (
    Simulation,
    pattern_values,
    score_values,
)
from wmdelays.validation.recall.extent import extents, overall
from wmdelays.words import counted, share

# By how much F1 may fall and the tempo change (in percent) at the halved dt, for a verdict to stand.
LESS_F1, OTHER_TEMPO = 0.001, 0.25


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
                name: score_values(one) | {"recalled": overall(self.extents[name])}
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
                            pattern_values(one, place) | self.extents[name][place].as_dict()
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
        return {"halved_dt": {**values, **score_values(one), "stands": self.stands}}

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
