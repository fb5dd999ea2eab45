"""How many patterns a network stores."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, parameter
from wmdelays.quantities import checked_seed, whole
from wmdelays.theory import capacity as theory
from wmdelays.validation.scans.parameters import (
    GENERATOR,
    check_settings,
    settings_of,
    text_of,
    varying,
)
from wmdelays.validation.scans.scanning import store_points, summary
from wmdelays.validation.work.points import check_number, compute
from wmdelays.validation.work.result_rows import CapacitySetting, StoreFigures
from wmdelays.validation.work.results import kept_in
from wmdelays.words import share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wmdelays.validation.work.results import Results


BOUND, PRECISION = 0.999, 0.1
# Where the search starts, as a part of what the theory says.
_START = 1 / 64


def next_number(stored, start, precision):
    """The number of patterns to be tried next.

    It is doubled until it fails, or halved until it does not; then the space between the largest
    number that is stored and the smallest that fails is halved, on a logarithmic scale.

    Parameters
    ----------
    stored : dict of int to bool
        Whether each number tried so far was stored.
    start : int
        The first one.
    precision : float
        The search ends when the smallest number that fails is at most this part above the largest
        one that is stored.

    Returns
    -------
    int or None
        None when the search has ended.
    """
    low, high = bracket(stored)
    if low is None and high is None:
        return start
    if high is None:
        return 2 * low
    if low is None:
        return high // 2 or None
    if high - low <= 1 or high <= low * (1 + precision):
        return None
    return min(max(round(math.sqrt(low * high)), low + 1), high - 1)


def bracket(stored):
    """The largest number that is stored below the smallest that fails, and that one.

    Parameters
    ----------
    stored : dict of int to bool

    Returns
    -------
    low, high : int or None
    """
    high = min((m for m, well in stored.items() if not well), default=None)
    low = max(
        (m for m, well in stored.items() if well and (high is None or m < high)), default=None
    )
    return low, high


def capacity(
    settings: Sequence[dict] | Mapping[str, Sequence],
    *,
    generator: str = GENERATOR,
    rule: str | None = None,
    options: Mapping | None = None,
    bound: float = BOUND,
    precision: float = PRECISION,
    start: int | None = None,
    seeds: int = 3,
    seed: int = 0,
    results: Results | str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[dict]:
    """Search for the largest number of patterns that is recalled, at each setting.

    Parameters
    ----------
    settings : mapping of str to sequence, or sequence of dict
        What changes, and its values: ``{"delays": [10, 20, 41]}``, see `settings`; or settings that
        were made before. Their number of patterns does not count.
    generator, rule, options
        What stays as it is, if a mapping is given; see `settings`.
    bound : float
        A number of patterns is stored if the mean of F1 (within 1 ms for neurons in continuous
        time) over the seeds is at least this.
    precision : float
        See `next_number`.
    start : int, optional
        The first number; by default what the theory says, divided by 64.
    seeds, seed, results, workers, scheduler, progress
        See `wmdelays.validation.scans.scanning.scan`. Points of different settings and seeds are computed
        side by side; one number of patterns after another.

    Returns
    -------
    list of dict
        The `outcomes` at these settings.

    Raises
    ------
    InputError
        If a setting makes no sense, before any work starts; or if a point cannot be computed.
    """
    if not 0 < bound <= 1:
        raise InputError(f"bound is {bound:g}; it has to lie above 0, and be at most 1")
    if not 0 < precision < math.inf:
        raise InputError(f"precision is {precision:g}; it has to be greater than 0")
    seeds, seed = whole("seeds", seeds, 1), checked_seed(seed)
    start = None if start is None else whole("start", start, 1)
    settings = settings_of(settings, generator, rule, options)
    check_number(
        seeds * len(settings),
        f"take fewer seeds ({parameter('seeds')}) or values ({parameter('over')})",
    )
    check_settings([setting | {"patterns": 1} for setting in settings])
    first = [start or max(1, round(_START * _theory(setting))) for setting in settings]
    check_settings([setting | {"patterns": n} for setting, n in zip(settings, first)])
    every = [seed + k for k in range(seeds)]
    with kept_in(results, "capacity", CapacitySetting, StoreFigures) as kept:
        while True:
            points = []
            for setting, one in zip(settings, first):
                n = next_number(_stored(setting, kept, every, bound), one, precision)
                if n is not None:
                    points += [(setting | {"patterns": n}, k) for k in every]
            if not points:
                break
            tried = ", ".join(dict.fromkeys(str(setting["patterns"]) for setting, _ in points))
            compute(
                store_points,
                points,
                kept,
                workers=workers,
                scheduler=scheduler,
                progress=progress
                and (lambda stage, part, tried=tried: progress(f"M = {tried}: {stage}", part)),
            )
        ours = {_key(setting) for setting in settings}
        rows = [row for row in kept.rows if _key(row["setting"]) in ours and row["seed"] in every]
    return outcomes(rows, bound)


def _stored(setting, results, seeds, bound):
    """Whether each number of patterns that was tried with all these seeds is stored."""
    key = _key(setting)
    tried = {row["setting"]["patterns"] for row in results.rows if _key(row["setting"]) == key}
    stored = {}
    for n in tried:
        rows = [results.get(setting | {"patterns": n}, seed) for seed in seeds]
        if None not in rows:
            stored[n] = sum(row["figures"]["f1"] for row in rows) / len(rows) >= bound
    return stored


def _theory(setting):
    return theory(*(setting[name] for name in ("neurons", "delays", "steps", "rate")))


def without_patterns(setting):
    """A setting without its number of patterns."""
    return {name: value for name, value in setting.items() if name != "patterns"}


def _key(setting):
    return json.dumps(without_patterns(setting), sort_keys=True)


def outcomes(rows, bound):
    """What the searches found, from their rows alone.

    Parameters
    ----------
    rows : sequence of dict
    bound : float
        See `capacity`.

    Returns
    -------
    list of dict
        For each `setting` (without the number of patterns): `stored`, the largest number that was
        stored (0 if none was), and `failed`, the smallest that was not (None if none was); the mean
        F1 at both (`f1_stored`, `f1_failed`); at the largest one stored (the smallest one tried, if
        none was) the part of the spikes that some weights could predict (`storable`), `seconds`,
        `peak_bytes` and `synapses`; that part at the smallest that failed
        (`storable_failed`); `theory`, Gardner's capacity, and `ratio`, stored over theory; and `tried`,
        the `summary` of each number that was tried, in ascending order.
    """
    searches = {}
    for one in summary(rows):
        searches.setdefault(_key(one["setting"]), []).append(one)
    found = []
    for tried in searches.values():
        tried = sorted(tried, key=lambda one: one["setting"]["patterns"])
        by_number = {one["setting"]["patterns"]: one["mean"] for one in tried}
        low, high = bracket({n: mean["f1"] >= bound for n, mean in by_number.items()})
        at = by_number[low] if low is not None else tried[0]["mean"]
        setting = without_patterns(tried[0]["setting"])
        most = _theory(setting)
        found.append(
            {
                "setting": setting,
                "seeds": min(one["seeds"] for one in tried),
                "bound": bound,
                "stored": low or 0,
                "failed": high,
                "f1_stored": None if low is None else at["f1"],
                "f1_failed": None if high is None else by_number[high]["f1"],
                "storable_failed": None if high is None else by_number[high]["storable"],
                **{name: at[name] for name in ("storable", "seconds", "peak_bytes", "synapses")},
                "theory": most,
                "ratio": (low or 0) / most,
                "tried": tried,
            }
        )
    return found


def columns(found):
    """Titles of the table and what stands beneath, of each line of `outcomes`."""
    names = varying([one["setting"] for one in found]) or ["rule"]
    return {
        **{name: [text_of(one["setting"].get(name, "")) for one in found] for name in names},
        "M stored": [f"{one['stored']:,}" for one in found],
        "F1": _shares(found, "f1_stored"),
        "storable": _shares(found, "storable"),
        "M failed": ["" if one["failed"] is None else f"{one['failed']:,}" for one in found],
        "its F1": _shares(found, "f1_failed"),
        "theory": [f"{one['theory']:,.0f}" for one in found],
        "ratio": [f"{one['ratio']:.2g}" for one in found],
        "time (s)": [f"{one['seconds']:.3g}" for one in found],
    }


def _shares(found, name):
    return ["" if one[name] is None else share(one[name]) for one in found]
