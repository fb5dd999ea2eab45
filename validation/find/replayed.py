"""In which candidate events of a raster units fire in the order of a template, beyond chance."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.find.itself import Itself
from wmdelays.find.replay import Replay, candidate_events, replay
from wmdelays.machine.versions import versions
from wmdelays.quantities import checked_seed, whole
from wmdelays.validation.find.stored import raster_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wmdelays.find.templates import Template
    from wmdelays.raster import Raster

# An event keeps the order, and the answer is yes, where p is no more.
LEVEL = 0.05
# Fewer shuffles can show nothing at this level.
_LEAST_SHUFFLES = 19


@dataclass(frozen=True, eq=False)
class FoundReplay:
    """Events that keep the order of templates.

    Attributes
    ----------
    raster : Raster
    start : float
        When the raster begins in the recording, in seconds.
    templates : list of Template
    replays : dict
        The Replay of each template that could be looked for, by its number.
    n_events : int
        Candidate events.
    n_itself : int
        How many of them lie in a stretch that was stored, and are not counted for its template.
    settings, timing : dict
    """

    raster: Raster
    start: float
    templates: list
    replays: dict
    n_events: int
    n_itself: int
    settings: dict
    timing: dict

    @property
    def best(self) -> tuple[int, Replay]:
        """Number and outcome of the template with the lowest p-value."""
        return min(self.replays.items(), key=lambda one: (one[1].p_value, -len(one[1].counted)))

    @property
    def summary(self):
        """The answer, in one line."""
        number, best = self.best
        n, of = len(best.counted), len(best.events)
        if not any(len(one.events) for one in self.replays.values()):
            whose = "the template" if len(self.templates) == 1 else "a template"
            return (
                f"It cannot be told: none of {self.n_events} candidate events has"
                f" {self.settings['min_spikes']} units or more of {whose}; with fewer"
                f" ({parameter('min_spikes')}, 3 at least) more events are compared."
            )
        p = min(1.0, best.p_value * len(self.replays))
        chance = best.chance.sum(axis=1)
        forwards = sum(one.correlation > 0 for one in best.counted)
        which = "the template" if len(self.templates) == 1 else self.templates[number].name
        among = (
            "" if len(self.replays) == 1 else f", for all {len(self.replays)} templates together"
        )
        return (
            f"{'Yes' if n and p <= LEVEL else 'No'}: {n} of {of} candidate events keep the order of"
            f" {which} ({forwards} forwards, {n - forwards} backwards); with its units shuffled"
            f" {chance.mean():.3g} do on average, {chance.max()} at most. p = {p:.2g}{among}."
        )

    @property
    def tested(self):
        """What was tested, in one sentence."""
        one = self.settings
        least, left = one["min_spikes"], len(self.templates) - len(self.replays)
        said = (
            f"{self.n_events} candidate events in {self.raster.duration:.6g} s with"
            f" {len(self.raster)} spikes of {self.raster.n_neurons} units: the population's rate"
            f" peaks {one['threshold_sd']:g} standard deviations above its mean. Those with at least"
            f" {least} units of a template were compared with it and {one['n_shuffles']} shuffled ones."
        )
        if left:
            said += f" {left} templates have fewer than {least} units that spike."
        if self.n_itself:
            said += (
                f" Events in a stretch that was stored are not counted for its own template:"
                f" {self.n_itself} ({parameter('with_itself=True')})."
            )
        return said

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        return {
            "raster": raster_sizes(self.raster, self.start),
            "events": [
                {
                    "template": number,
                    "name": self.templates[number].name,
                    "start_s": self.start + one.start,
                    "stop_s": self.start + one.stop,
                    "n_units": one.n_units,
                    "correlation": one.correlation,
                    "p_value": one.p_value,
                }
                for number, made in self.replays.items()
                for one in made.events
            ],
            "templates": [
                {
                    "name": template.name,
                    "units": [self.raster.unit(k) for k in first_spikes(template)[0]],
                    "tested": number in self.replays,
                    **_outcome(self.replays.get(number)),
                }
                for number, template in enumerate(self.templates)
            ],
            "n_events": self.n_events,
            "n_itself": self.n_itself,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(),
        }


def _outcome(made):
    if made is None:
        return {}
    return {
        "events": len(made.events),
        "kept_order": len(made.counted),
        "kept_order_shuffled": made.chance.sum(axis=1).tolist(),
        "p_value": made.p_value,
    }


def first_spikes(template: Template) -> tuple[np.ndarray, np.ndarray]:
    """The units of a template in the order of their first spikes, and when those are, in seconds."""
    units, first = np.unique(template.neurons, return_index=True)
    order = np.argsort(first)
    return units[order], template.times[first[order]]


def find_replay(
    templates: Sequence[Template],
    raster: Raster,
    *,
    step: float = 1e-3,
    min_spikes: int = 5,
    smoothing: float = 0.015,
    threshold: float = 3.0,
    longest: float = 0.5,
    shuffles: int = 1000,
    seed: int = 0,
    with_itself: bool = False,
    progress: Callable[[str, float | None], None] | None = None,
) -> FoundReplay:
    """In which candidate events units fire in the order of a template, forwards or backwards.

    Parameters
    ----------
    templates : sequence of Template
        The order is that of the units' first spikes; those of one step share a rank.
    raster : Raster
        Its population's bursts are the candidate events.
    step : float
        Of the templates, in seconds.
    min_spikes : int
        Fewest units of a template in an event.
    smoothing, threshold, longest
        See `wmdelays.find.replay.candidate_events`.
    shuffles : int
        Number of shuffled templates, at least 19.
    seed : int
    with_itself : bool
        Whether events count for a template that was cut from their stretch.
    progress : callable, optional
        See `wmdelays.find_patterns`.

    Returns
    -------
    FoundReplay

    Raises
    ------
    InputError
        If a setting makes no sense, or no template has enough units that spike.

    Examples
    --------
    Whether units 3, 7, 1, 9 and 4 fire in this order::

        order = wmdelays.find.Template("order", [3, 7, 1, 9, 4], [0, 1, 2, 3, 4])
        print(wmdelays.find_replay([order], raster).summary)
    """
    say = progress or (lambda stage, part: None)
    seed = checked_seed(seed)
    whole("min-spikes", min_spikes, 3)
    whole("draws", shuffles, _LEAST_SHUFFLES)
    began = time.perf_counter()
    spiking = np.unique(raster.neurons)
    sought = {}
    for number, template in enumerate(templates):
        units, times = first_spikes(template)
        there = np.isin(units, spiking)
        if np.count_nonzero(there) >= min_spikes:
            sought[number] = units[there], np.floor(times[there] / step + 0.5)
    if not sought:
        raise InputError(
            f"no template has {min_spikes} units or more that spike in the raster"
            f" ({parameter('min_spikes')})"
        )
    say("candidate events", None)
    events = candidate_events(raster, smoothing=smoothing, threshold=threshold, longest=longest)
    itself = Itself(templates, raster, step, raster.start, 0)
    replays, n_itself = {}, 0
    for number, (units, ranks) in sought.items():
        name = templates[number].name
        say(f"the order of {name}", number / len(templates))
        stored = [itself.covers(name, a / step, b / step) for a, b in events]
        kept = np.array([with_itself or not one for one in stored], bool)
        replays[number] = replay(
            units,
            raster,
            events[kept],
            ranks=ranks,
            min_units=min_spikes,
            shuffles=shuffles,
            level=LEVEL,
            seed=seed,
            name=f"{number} {name}",
        )
        n_itself += int(np.count_nonzero(~kept))
    settings = {
        "min_spikes": min_spikes,
        "smoothing_s": smoothing,
        "threshold_sd": threshold,
        "longest_s": longest,
        "n_shuffles": shuffles,
        "level": LEVEL,
        "with_itself": with_itself,
        "seed": seed,
    }
    timing = {"search": time.perf_counter() - began}
    shown = list(templates)
    return FoundReplay(
        raster, raster.start, shown, replays, len(events), n_itself, settings, timing
    )


def event_columns(found: FoundReplay) -> dict:
    """Titles of the table of events that keep an order and what stands beneath."""
    shown = [(k, one) for k, made in found.replays.items() for one in made.counted]
    shown.sort(key=lambda pair: (pair[1].start, pair[0]))
    return {
        "template": [found.templates[k].name for k, _ in shown],
        "from (s)": [f"{found.start + one.start:.3f}" for _, one in shown],
        "to (s)": [f"{found.start + one.stop:.3f}" for _, one in shown],
        "units": [str(one.n_units) for _, one in shown],
        "correlation": [f"{one.correlation:.2f}" for _, one in shown],
        "p": [f"{one.p_value:.3g}" for _, one in shown],
    }
