"""What is recalled, and what it costs, as parameters change."""

import json
import math
import time

import numpy as np

from wmdelays.errors import InputError
from wmdelays.patterns import generate
from wmdelays.quantities import checked_seed, whole
from wmdelays.validation.scans.parameters import (
    STEP,
    check_settings,
    common_options,
    rule_options,
    specification,
    text_of,
    try_out,
    varying,
)
from wmdelays.validation.work.peak_memory import peak_memory
from wmdelays.validation.work.points import check_number, compute
from wmdelays.validation.work.results import Results
from wmdelays.words import share


def store_points(points):
    """The figures of some points.

    Parameters
    ----------
    points : sequence of (dict, int)
        Settings, from `settings`, and seeds; a seed makes both the patterns and the learning.

    Returns
    -------
    list of dict
        What was recalled (`f1`, `loss` = 1 - F1, `worst_pattern_f1`), the part of the spikes that
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
        with peak_memory() as peak:
            began = time.perf_counter()
            memory = store(
                patterns,
                setting["rule"],
                **common_options(setting),
                seed=seed,
                **rule_options(setting),
            )
            seconds = time.perf_counter() - began
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
        "f1": made["scores"]["f1"],
        "loss": 1 - made["scores"]["f1"],
        "worst_pattern_f1": made["scores"]["worst_pattern_f1"],
        "unpredictable": unpredictable,
        "storable": 1 - unpredictable,
        "n_spikes": n_spikes,
        "seconds": seconds,
        "peak_bytes": peak.n_bytes,
        "synapses": memory.n_synapses,
        **{k: value for k, value in said.items() if value is not None and math.isfinite(value)},
    }


def scan(
    settings,
    *,
    seeds=3,
    seed=0,
    results=None,
    workers=1,
    scheduler=None,
    progress=None,
):
    """Store and recall patterns at each setting, with several seeds.

    Parameters
    ----------
    settings : sequence of dict
        From `settings` or `published_settings`.
    seeds : int
        Number of seeds.
    seed : int
        The first one; the others follow it.
    results : Results, optional
        Where rows are kept; by default in memory alone.
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
    """
    results = Results(None, "scan") if results is None else results
    seeds, seed = whole("seeds", seeds, 1), checked_seed(seed)
    check_number(seeds * len(settings), "take fewer seeds (--seeds) or values (--over)")
    check_settings(settings)
    # One seed after the other: a scan that is interrupted has a bit of everything.
    points = [(setting, seed + k) for k in range(seeds) for setting in settings]
    compute(store_points, points, results, workers=workers, scheduler=scheduler, progress=progress)
    return [results.get(*point) for point in points]


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
