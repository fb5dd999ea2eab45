"""The command `wmdelays scan`: what is recalled, and what it costs, as parameters change."""

import json
import math
import time
from typing import Annotated

import numpy as np
import typer

from wmdelays.errors import InputError
from wmdelays.patterns import generate
from wmdelays.quantities import checked_seed, whole
from wmdelays.validation.options import (
    JsonFile,
    Report,
    ResultsFile,
    Scheduler,
    Workers,
    check_outputs,
    put_json,
)
from wmdelays.validation.peak_memory import peak_memory
from wmdelays.validation.points import check_number, compute
from wmdelays.validation.result_rows import StoreFigures, StoreSetting
from wmdelays.validation.results import Results
from wmdelays.validation.scan_settings import (
    GENERATOR,
    STEP,
    check_settings,
    common_options,
    parse_over,
    parse_set,
    published_settings,
    rule_options,
    settings,
    specification,
    split_generator,
    text_of,
    try_out,
    varying,
)
from wmdelays.validation.terminal import command_line, console, print_columns, progress_bar
from wmdelays.validation.verdict import share


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
    from wmdelays.training.store import store

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
        See `wmdelays.validation.points.compute`.

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


def command(
    generator: Annotated[
        str,
        typer.Argument(
            metavar="[GENERATOR]", help="The patterns, as in wmdelays store.", show_default=False
        ),
    ] = GENERATOR,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=X,…",
            help="A parameter and its values: a word of the generator, delays, beta, theta, rule"
            " or an option of the rule. Several: all combinations.",
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="The five scans of the paper.")
    ] = False,
    rule: Annotated[
        str, typer.Option(help="Way of finding weights: margin, hebbian, pseudo-inverse or bptt.")
    ] = "margin",
    fixed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=X", help="A parameter that stays as it is."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 3,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    results: ResultsFile = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Recall, time and memory as parameters change.

    Without --over and --published nothing is computed: table and report show what the results
    file has.
    """
    check_outputs(json_file, report, results)
    scanned, options = parse_over(over or ()), parse_set(fixed or ())
    split_generator(generator)
    drawn_only = not (scanned or published)
    if drawn_only and (
        options or generator != GENERATOR or results is None or not results.exists()
    ):
        raise InputError("name what is scanned, as in --over delays=10,20,41, or --published")
    with progress_bar() as say, Results(results, "scan", StoreSetting, StoreFigures) as kept:
        if not drawn_only:
            say("checking the settings", None)
            make = published_settings if published else settings
            scan(
                make(generator, scanned, rule=rule, options=options),
                seeds=seeds,
                seed=seed,
                results=kept,
                workers=workers,
                scheduler=scheduler,
                progress=say,
            )
        rows = kept.rows
    if not rows:
        raise InputError(f"{results}: has no results yet; name what is scanned with --over")
    found = summary(rows)
    put_json(json_file, found)
    print_columns(columns(found))
    if report is not None:
        from wmdelays.validation.scan_report import write_report

        page = write_report(rows, report, command_line())
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
