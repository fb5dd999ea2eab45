"""The command `wmdelays scan`: what is recalled, and what it costs, as parameters change."""

import inspect
import itertools
import json
import math
import time
from functools import cache
from typing import Annotated

import numpy as np
import typer

from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.patterns import GENERATORS, bernoulli, generate
from wmdelays.quantities import whole
from wmdelays.raster import Raster
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
from wmdelays.validation.points import compute
from wmdelays.validation.published import PUBLISHED
from wmdelays.validation.results import Results
from wmdelays.validation.terminal import command_line, console, print_columns, progress_bar
from wmdelays.validation.verdict import share

GENERATOR = "bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001"
_STEP = 1e-3
# What every setting has beside the generator's words and the rule's own options.
_COMMON = {"delays": 41, "beta": 0.7, "theta": 1.0}
# What a rule's function takes that is no option of a scan.
_NO_OPTION = {"patterns", "memory", "n_delays", "step", "beta", "theta", "periodic", "seed"} | {
    *("checkpoint", "checkpoint_every", "on_progress", "on_epoch")
}


def settings(generator=GENERATOR, over=None, *, rule="margin", options=None):
    """The settings of a scan: all combinations of the scanned values.

    Parameters
    ----------
    generator : str
        Specification of the patterns, see `wmdelays.patterns.generate`.
    over : dict of str to sequence, optional
        Scanned values of each parameter: a word of the generator, `delays`, `beta`, `theta`,
        `rule`, or an option of the rule.
    rule : str
        The rule, where it is not scanned.
    options : dict, optional
        Values of parameters that stay as they are. Values may be text.

    Returns
    -------
    list of dict
        Each with `generator`, its words, `delays`, `beta`, `theta`, `rule` and the options.

    Raises
    ------
    InputError
        If a parameter is unknown or a value is not of its kind.
    """
    over, fixed = dict(over or {}), dict(options or {})
    for name in over:
        if name in fixed:
            raise InputError(f"{name} is scanned; it cannot be set as well")
    name, rest = _generator(generator)
    given = dict(_assignment(part, "a parameter") for part in filter(None, rest.split(",")))
    for word in given:
        if word not in _words(name):
            raise InputError(f"{name} has no parameter {word!r}; it has {', '.join(_words(name))}")
    found = {}
    for values in itertools.product(*over.values()):
        setting = _setting(name, {"rule": rule} | given | fixed | dict(zip(over, values)))
        found[json.dumps(setting, sort_keys=True)] = setting
    return list(found.values())


def published_settings(generator=GENERATOR, over=None, *, rule="margin", options=None):
    """The settings of the reference's five scans, in each of which one parameter moves.

    Parameters
    ----------
    generator, over, rule, options
        See `settings`; `over` is scanned together with each of the five.

    Returns
    -------
    list of dict

    Raises
    ------
    InputError
        As `settings`.
    """
    for name in {*(over or {}), *(options or {})} & PUBLISHED.keys():
        raise InputError(f"--published scans {name} itself; leave it out")
    found = {}
    for name, losses in PUBLISHED.items():
        scanned = {name: list(losses), **(over or {})}
        for one in settings(generator, scanned, rule=rule, options=options):
            found[json.dumps(one, sort_keys=True)] = one
    return list(found.values())


def _generator(specification):
    """The name of a specification's generator, and its words and values as text."""
    name, _, rest = specification.partition(":")
    if name not in GENERATORS:
        own = "" if name.isidentifier() else "; patterns are drawn anew for each seed, not read"
        raise InputError(f"there is no generator {name!r}; there are {', '.join(GENERATORS)}{own}")
    return name, rest


def _words(generator):
    """The parameters of a generator as a specification names them, and their defaults.

    Where there is none stands the kind of the parameter, int or float.
    """
    words = {}
    for p in inspect.signature(GENERATORS[generator]).parameters.values():
        if p.name not in ("step", "seed"):
            kind = int if p.name.startswith("n_") else float
            words[p.name.removeprefix("n_")] = kind if p.default is p.empty else p.default
    return words


def _options(rule):
    """The options of a rule and their defaults."""
    from wmdelays.training.store import rule_function

    # `bptt` starts from Hebbian weights and takes the options of both.
    functions = [rule_function(one) for one in (["hebbian", rule] if rule == "bptt" else [rule])]
    return {
        name: parameter.default
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in _NO_OPTION
    }


def _setting(generator, given):
    words, options = _words(generator), _options(str(given["rule"]))
    setting = {"generator": generator}
    for word, default in words.items():
        if word not in given and isinstance(default, type):
            raise InputError(f"{generator} needs {word}=…")
        setting[word] = _value(word, given.get(word, default), default)
    for name, default in _COMMON.items():
        setting[name] = _value(name, given.get(name, default), default)
    setting["rule"] = str(given["rule"])
    for name in sorted(given.keys() - setting.keys()):
        if name not in options:
            known = ", ".join([*words, *_COMMON, "rule", *options])
            raise InputError(
                f"there is no parameter {name!r} with {generator} and the rule {setting['rule']};"
                f" there are {known}"
            )
        setting[name] = _value(name, given[name], options[name])
    return setting


def _value(name, given, default):
    """A value, maybe given as text, of the kind of the default (or the kind itself)."""
    text = str(given).strip()
    if isinstance(default, bool):
        kind, choices = "true or false", {"true": True, "false": False}
        if text.lower() in choices:
            return choices[text.lower()]
    elif isinstance(default, str):
        return text
    elif default is int or isinstance(default, int):
        kind = "a whole number"
        try:
            return int(text)
        except ValueError:
            pass
    else:
        kind = "a number"
        if default is None and text.lower() == "none":
            return None
        try:
            number = float(text)
            if math.isfinite(number):
                # Without a default, whole numbers (of synapses, of steps) stay whole.
                return int(text) if default is None and text.isdecimal() else number
        except ValueError:
            pass
    raise InputError(f"{name} has to be {kind}, not {text!r}")


def check_settings(settings):
    """Raise an InputError if a setting makes no sense. No patterns are drawn or learned.

    What can be wrong with the generator, the sizes and the rule's options is tried out on a tiny
    memory.
    """
    for setting in settings:
        try:
            tiny = {"neurons": 2, "steps": 8, "patterns": 1}
            generate(_specification(setting | {k: min(n, setting[k]) for k, n in tiny.items()}))
            silent = Raster.from_steps([], [], setting["neurons"], setting["steps"], _STEP)
            common = _common(setting)
            Memory.unlearned([silent], **common)
            _try(json.dumps(common), setting["rule"], json.dumps(_rule_options(setting)))
        except InputError as error:
            where = f"{shown(setting, settings)}: " if len(settings) > 1 else ""
            raise InputError(f"{where}{error}") from None


@cache
def _try(common, rule, options):
    """Store something tiny: the rule checks its options, and its loops are compiled."""
    from wmdelays.training.store import store

    common, options = json.loads(common), json.loads(options)
    most = max(4, options.get("warm_up", 0))
    for name in ("epochs", "damaged_epochs"):
        if name in options:
            options[name] = min(options[name], most)
    # Long enough for every other option that is bounded by the delays.
    longest = max(64, options.get("shortest_trigger") or 0)
    common["n_delays"] = min(common["n_delays"], longest)
    patterns = bernoulli(8, common["n_delays"] + 8, 1, 0.2)
    store(patterns, rule, **common, **options)


def shown(setting, others):
    """What tells a setting from the others, in words."""
    names = varying([*others, setting])
    return ", ".join(f"{name} = {text_of(setting[name])}" for name in names if name in setting)


def varying(settings):
    """The names of the parameters that are not the same in all settings."""
    names = dict.fromkeys(name for setting in settings for name in setting)
    return [name for name in names if len({json.dumps(one.get(name, "–")) for one in settings}) > 1]


def text_of(value):
    """A value of a setting as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _specification(setting):
    words = _words(setting["generator"])
    return f"{setting['generator']}:" + ",".join(f"{word}={setting[word]!r}" for word in words)


def _common(setting):
    return {
        "n_delays": setting["delays"],
        "step": _STEP,
        "beta": setting["beta"],
        "theta": setting["theta"],
        "periodic": setting["generator"] == "periodic",
    }


def _rule_options(setting):
    others = {"generator", "rule", *_words(setting["generator"]), *_COMMON}
    return {name: value for name, value in setting.items() if name not in others}


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

    common, rule, options = _common(setting), setting["rule"], _rule_options(setting)
    # What is compiled once in a process is no part of a point's time.
    _try(json.dumps(common), rule, json.dumps(options))
    try:
        patterns = generate(_specification(setting), step=_STEP, seed=seed)
        with peak_memory() as peak:
            began = time.perf_counter()
            memory = store(patterns, rule, **common, seed=seed, **options)
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
    seeds, seed = whole("seeds", seeds, 1), whole("seed", seed, 0)
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
        names = [name for name in figures[0] if all(name in one for one in figures)]
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


def parse_over(texts):
    """The scanned values from texts such as ``delays=10,20``.

    Raises
    ------
    InputError
        If a text is of another form, or names a parameter again.
    """
    over = {}
    for text in texts:
        name, values = _assignment(text, "--over")
        if name in over:
            raise InputError(f"--over {name} is given twice; name all values at once")
        over[name] = [value.strip() for value in values.split(",")]
    return over


def parse_set(texts):
    """The fixed values from texts such as ``kappa=0.2``.

    Raises
    ------
    InputError
        If a text is of another form, or names a parameter again.
    """
    fixed = {}
    for text in texts:
        name, value = _assignment(text, "--set")
        if name == "rule":
            raise InputError("the rule is set with --rule")
        if name in fixed:
            raise InputError(f"--set {name} is given twice")
        fixed[name] = value.strip()
    return fixed


def _assignment(text, where):
    name, sign, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not sign or not name or not value.strip():
        raise InputError(f"{where} is a name and what it is, such as delays=41, not {text!r}")
    if name == "seed":
        raise InputError("seeds are chosen with --seeds and --seed")
    return name, value


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
    check_outputs(json_file, report)
    scanned, options = parse_over(over or ()), parse_set(fixed or ())
    _generator(generator)
    drawn_only = not (scanned or published)
    if drawn_only and (
        options or generator != GENERATOR or results is None or not results.exists()
    ):
        raise InputError("name what is scanned, as in --over delays=10,20,41, or --published")
    with progress_bar() as say, Results(results, "scan") as kept:
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
