"""What is recalled, and what it costs, as parameters change."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, parameter, unwarned
from wmdelays.patterns import generate
from wmdelays.quantities import checked_seed, whole
from wmdelays.timing.timed_scores import score_times
from wmdelays.validation.scans.parameters import (
    GENERATOR,
    STEP,
    asked_options,
    check_settings,
    common_options,
    rule_options,
    settings_of,
    specification,
    text_of,
    try_out,
    varying,
)
from wmdelays.validation.work.peak_memory import peak_memory
from wmdelays.validation.work.points import check_number, compute
from wmdelays.validation.work.result_rows import StoreFigures, StoreSetting
from wmdelays.validation.work.results import kept_in
from wmdelays.words import share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wmdelays.validation.work.results import Results


def store_points(points):
    """The figures of some points.

    Parameters
    ----------
    points : sequence of (dict, int)
        Settings, from `settings`, and seeds; a seed makes both the patterns and the learning.

    Returns
    -------
    list of dict
        What was recalled (`f1`, `loss` = 1 - F1, `worst_pattern_f1`; within 1 ms for neurons in
        continuous time, by the compiled loop), the part of the spikes that
        no weights could predict (`unpredictable`) and that some could (`storable`), out of
        `n_spikes`; `seconds` of learning, `peak_bytes` of the process while it learned, and
        `synapses`. Where the rule says so: `epochs`, `open_loop_errors` and `margin`.

    Raises
    ------
    InputError
        If the patterns of a point cannot be stored; it names the point.
    """
    return [_store(setting, seed) for setting, seed in points]


def _store(setting, seed):
    from wmdelays.training.storing import store

    # What is compiled once in a process is no part of a point's time.
    try_out(setting)
    try:
        patterns = generate(specification(setting), step=STEP, seed=seed)
        with peak_memory() as peak, unwarned():
            began = time.perf_counter()
            memory = store(
                patterns,
                setting["rule"],
                **common_options(setting, setting["neurons"]),
                **asked_options(setting),
                seed=seed,
                **rule_options(setting),
            )
            seconds = time.perf_counter() - began
            f1, worst = _recalled(memory)
    except InputError as error:
        point = ", ".join(f"{name} = {text_of(value)}" for name, value in setting.items())
        raise InputError(f"seed {seed} of {point}: {error}") from None
    made = memory.made
    n_spikes = made["unpredictable"]["n_spikes"]
    n_lost = made["unpredictable"]["empty"] + made["unpredictable"]["ambiguous"]
    unpredictable = n_lost / n_spikes if n_spikes else 0.0
    reached = made.get("reached", {})
    said = {name: reached.get(name) for name in ("epochs", "open_loop_errors", "margin")}
    return {
        "f1": f1,
        "loss": 1 - f1,
        "worst_pattern_f1": worst,
        "unpredictable": unpredictable,
        "storable": 1 - unpredictable,
        "n_spikes": n_spikes,
        "seconds": seconds,
        "peak_bytes": peak.n_bytes,
        "synapses": memory.n_synapses,
        **{k: value for k, value in said.items() if value is not None and math.isfinite(value)},
    }


def _recalled(memory):
    """F1 over all patterns and that of the worst."""
    if memory.neurons is None:
        scores = memory.made["scores"]
        return scores["f1"], scores["worst_pattern_f1"]
    from wmdelays.training.continuous.recall import recall

    times = score_times(recall(memory, memory.cues()), memory.patterns)
    return times.within[1].f1, min(one.within[1].f1 for one in times.patterns)


def scan(
    settings: Sequence[dict] | Mapping[str, Sequence],
    *,
    generator: str = GENERATOR,
    rule: str | None = None,
    options: Mapping | None = None,
    seeds: int = 3,
    seed: int = 0,
    results: Results | str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[dict]:
    """Store and recall patterns at each setting, with several seeds.

    Parameters
    ----------
    settings : mapping of str to sequence, or sequence of dict
        What changes, and its values: ``{"delays": [10, 20, 41]}``, see `settings`; or settings that
        were made before.
    generator, rule, options
        What stays as it is, if a mapping is given; see `settings`.
    seeds : int
        Number of seeds.
    seed : int
        The first one; the others follow it.
    results : str, Path or Results, optional
        A file that keeps each row; points that it has are not computed again.
    workers, scheduler, progress
        See `wmdelays.validation.work.points.compute`.

    Returns
    -------
    list of dict
        The rows of all points.

    Raises
    ------
    InputError
        If a setting makes no sense, before any work starts; or if a point cannot be computed.

    Examples
    --------
    >>> import wmdelays
    >>> small = "bernoulli:neurons=20,steps=30,patterns=1,rate=0.05"
    >>> for row in wmdelays.scan({"delays": [3, 9]}, generator=small, rule="hebbian", seeds=1):
    ...     print(row["setting"]["delays"], "delays:", row["figures"]["synapses"], "synapses")
    3 delays: 37 synapses
    9 delays: 114 synapses
    """
    settings = settings_of(settings, generator, rule, options)
    seeds, seed = whole("seeds", seeds, 1), checked_seed(seed)
    check_number(
        seeds * len(settings),
        f"take fewer seeds ({parameter('seeds')}) or values ({parameter('over')})",
    )
    check_settings(settings)
    # One seed after the other: a scan that is interrupted has a bit of everything.
    points = [(setting, seed + k) for k in range(seeds) for setting in settings]
    shared = {"workers": workers, "scheduler": scheduler, "progress": progress}
    with kept_in(results, "scan", StoreSetting, StoreFigures) as kept:
        compute(store_points, points, kept, **shared)
        return [kept.get(*point) for point in points]


def summary(rows):
    """Mean and spread over the seeds, for each setting.

    Parameters
    ----------
    rows : sequence of dict

    Returns
    -------
    list of dict
        `setting`, `seeds` (their number), `mean` and `sd` of each figure that all rows of the
        setting have. `sd` is the standard deviation over the seeds, None for one seed.
    """
    groups = {}
    for row in rows:
        key = json.dumps(row["setting"], sort_keys=True)
        groups.setdefault(key, (row["setting"], []))[1].append(row["figures"])
    found = []
    for setting, figures in groups.values():
        names = [name for name in figures[0] if all(one.get(name) is not None for one in figures)]
        values = {name: [one[name] for one in figures] for name in names}
        found.append(
            {
                "setting": setting,
                "seeds": len(figures),
                "mean": {name: float(np.mean(values[name])) for name in names},
                "sd": {
                    name: float(np.std(values[name], ddof=1)) if len(figures) > 1 else None
                    for name in names
                },
            }
        )
    return found


def columns(found):
    """Titles of the table and what stands beneath, of each line of a `summary`."""
    settings = [one["setting"] for one in found]
    means = [one["mean"] for one in found]
    names = varying(settings) or ["patterns"]
    return {
        **{name: [text_of(one.get(name, "")) for one in settings] for name in names},
        "F1": [share(one["f1"]) for one in means],
        "± sd": ["" if one["sd"]["f1"] is None else f"{one['sd']['f1']:.2g}" for one in found],
        "worst": [share(one["worst_pattern_f1"]) for one in means],
        "storable": [share(one["storable"]) for one in means],
        "time (s)": [f"{one['seconds']:.3g}" for one in means],
        "peak (GB)": [f"{one['peak_bytes'] / 1e9:.3g}" for one in means],
        "synapses": [f"{one['synapses']:,.0f}" for one in means],
        "seeds": [str(one["seeds"]) for one in found],
    }
