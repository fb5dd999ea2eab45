"""The settings of scans: which values each parameter takes, and whether they make sense."""

from __future__ import annotations

import inspect
import itertools
import json
import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, parameter, unwarned
from wmdelays.memory import Memory
from wmdelays.patterns import GENERATORS, Sizes, bernoulli, generate
from wmdelays.raster import Raster
from wmdelays.training.heterogeneity import Leaks
from wmdelays.training.latent import AUTO, latent_of
from wmdelays.training.rules.registry import rule_named
from wmdelays.training.rules.rule import DEFAULT, DEFAULT_FOR_NEURONS
from wmdelays.validation.published import PUBLISHED
from wmdelays.validation.scans.neurons import NEURON, names_of_neurons, neuron_values, neurons_in
from wmdelays.validation.work.points import check_number

if TYPE_CHECKING:
    from collections.abc import Sequence


GENERATOR = "bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001"
STEP = 1e-3
# Most delays, and most of what takes the longer the larger it is, where a rule is tried out.
_TINY_DELAYS, _TINY_EFFORT = 64, 4
# What every setting has beside the generator's words and the rule's own options; those for neurons in
# continuous time have their parameters instead of the last two.
_COMMON = {"delays": 41, "beta": 0.7, "theta": 1.0}
_OF_THE_GRID = ("beta", "theta")
# What a setting has where it is asked for: of latent neurons, and of neurons that differ.
_ASKED = {"latent": 0, "latent_rate": 0.0, "beta_spread": 0.0}


def settings(
    generator: str = GENERATOR,
    over: Mapping[str, Sequence] | None = None,
    *,
    rule: str | None = None,
    options: Mapping | None = None,
) -> list[dict]:
    """The settings of a scan: all combinations of the scanned values.

    Parameters
    ----------
    generator : str
        Specification of the patterns, see `wmdelays.patterns.generate`.
    over : dict of str to sequence, optional
        Scanned values of each parameter: a word of the generator, `delays`, `beta`, `theta`,
        `rule`, an option of the rule, `latent`, `latent_rate` or `beta_spread`, see
        `wmdelays.training.store`, `neuron` (neurons in continuous time, as
        `wmdelays.neurons.neurons_of` takes them), or a parameter of these.
    rule : str, optional
        The rule, where it is not scanned; by default margin, or timed-margin for neurons in
        continuous time.
    options : dict, optional
        Values of parameters that stay as they are. Values may be text. `neuron` and `dt_ms`, their
        tick, may be among them.

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
    name, rest = split_generator(generator)
    given = dict(_assignment(part, "a parameter") for part in filter(None, rest.split(",")))
    for word in given:
        if word not in _words(name):
            raise InputError(f"{name} has no parameter {word!r}; it has {', '.join(_words(name))}")
    n_settings = math.prod(len(values) for values in over.values())
    check_number(n_settings, f"name fewer values ({parameter('over')})")
    found = {}
    for values in itertools.product(*over.values()):
        setting = _setting(name, given | fixed | {"rule": rule} | dict(zip(over, values)))
        found[json.dumps(setting, sort_keys=True)] = setting
    return list(found.values())


def settings_of(given, generator, rule, options):
    """Settings from what is scanned, a mapping, or those that are given as a sequence."""
    if not isinstance(given, Mapping):
        return list(given)
    return settings(generator, given, rule=rule, options=options)


def published_settings(
    generator: str = GENERATOR,
    over: Mapping[str, Sequence] | None = None,
    *,
    rule: str | None = None,
    options: Mapping | None = None,
) -> list[dict]:
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
        raise InputError(f"the published scan changes {name} itself; leave it out")
    found = {}
    for name, losses in PUBLISHED.items():
        scanned = {name: list(losses), **(over or {})}
        for one in settings(generator, scanned, rule=rule, options=options):
            found[json.dumps(one, sort_keys=True)] = one
    return list(found.values())


def parse_over(texts):
    """The scanned values from texts such as ``delays=10,20``.

    Raises
    ------
    InputError
        If a text is of another form, or names a parameter again.
    """
    over = {}
    for text in texts:
        name, values = _assignment(text, parameter("over"))
        if name in over:
            raise InputError(f"{parameter('over')} {name} is given twice; name all values at once")
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
        name, value = _assignment(text, parameter("set"))
        if name == "rule":
            raise InputError(f"the rule is set with {parameter('rule')}")
        if name in fixed:
            raise InputError(f"{parameter('set')} {name} is given twice")
        fixed[name] = value.strip()
    return fixed


def _assignment(text, where):
    name, sign, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not sign or not name or not value.strip():
        raise InputError(f"{where} is a name and what it is, such as delays=41, not {text!r}")
    if name == "seed":
        raise InputError(f"seeds are chosen with {parameter('seeds')} and {parameter('seed')}")
    return name, value


def split_generator(specification):
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
    """The options of a rule that a scan can set, by their names."""
    options = rule_named(rule).all_options
    return {name: option for name, option in options.items() if option.scanned}


def _setting(generator, given):
    rule = given.get("rule") or (DEFAULT if NEURON not in given else DEFAULT_FOR_NEURONS)
    words, options = _words(generator), _options(str(rule))
    own = neuron_values(given, {*words, "delays", "rule", *options})
    common = {k: v for k, v in _COMMON.items() if not (own and k in _OF_THE_GRID)}
    setting = {"generator": generator}
    for word, default in words.items():
        if word not in given and isinstance(default, type):
            raise InputError(f"{generator} needs {word}=…")
        kind = default if isinstance(default, type) else type(default)
        setting[word] = _value(word, given.get(word, default), kind)
    for name, default in common.items():
        setting[name] = _value(name, given.get(name, default), type(default))
    setting["rule"] = str(rule)
    setting |= own
    for name, default in _ASKED.items():
        if name in given and not (own and name == "beta_spread"):
            auto = name == "latent" and given[name] == AUTO
            setting[name] = AUTO if auto else _value(name, given[name], type(default))
    for name in sorted(given.keys() - setting.keys()):
        if name not in options:
            known = ", ".join(
                [*words, *common, "rule", *_ASKED, *options, *names_of_neurons(setting)]
            )
            raise InputError(
                f"there is no parameter {name!r} with {generator} and the rule {setting['rule']};"
                f" there are {known}"
            )
        option = options[name]
        setting[name] = _value(name, given[name], option.kind, optional=option.default is None)
    return setting


def _value(name, given, kind, optional=False):
    """A value of a kind, maybe given as text; where it is optional it may be none."""
    text = str(given).strip()
    if optional and text.lower() == "none":
        return None
    if kind is bool:
        kinds, choices = "true or false", {"true": True, "false": False}
        if text.lower() in choices:
            return choices[text.lower()]
    elif kind is str:
        return text
    elif kind is int:
        kinds = "a whole number"
        try:
            return int(text)
        except ValueError:
            pass
    else:
        kinds = "a number"
        try:
            number = float(text)
            if math.isfinite(number):
                # So they stand in the rows of earlier scans, which are not computed again.
                return int(text) if optional and text.isdecimal() else number
        except ValueError:
            pass
    raise InputError(f"{name} has to be {kinds}, not {text!r}")


def check_settings(settings):
    """Raise an InputError if a setting makes no sense. No patterns are drawn or learned.

    What can be wrong with the generator, the sizes and the rule's options is tried out on a tiny
    memory.
    """
    for setting in settings:
        try:
            tiny = {"neurons": 2, "steps": 8, "patterns": 1}
            generate(specification(setting | {k: min(n, setting[k]) for k, n in tiny.items()}))
            Leaks(spread=setting.get("beta_spread", 0.0))
            silent = Raster.from_steps([], [], setting["neurons"], setting["steps"], STEP)
            Memory.unlearned([silent], **common_options(setting, setting["neurons"]))
            _check_room(setting)
            try_out(setting)
        except InputError as error:
            where = f"{shown(setting, settings)}: " if len(settings) > 1 else ""
            raise InputError(f"{where}{error}") from None


def _check_room(setting):
    options = rule_options(setting)
    n_neurons, n_steps, n_patterns = (setting[name] for name in ("neurons", "steps", "patterns"))
    latent = latent_of(setting.get("latent", 0), setting.get("latent_rate"), setting["delays"])
    sizes = Sizes(
        n_neurons=n_neurons + (latent.n if latent else 0),
        n_steps=n_steps,
        n_patterns=n_patterns,
        n_spikes=setting["rate"] * n_neurons * n_steps * n_patterns,
    )
    rule = rule_named(setting["rule"])
    rule.check_room(sizes, setting["delays"], rule.checked(options, setting["delays"]))


def try_out(setting):
    """Store something tiny: the rule checks its options, and its loops are compiled.

    Raises
    ------
    InputError
        If the rule refuses its options.
    """
    # Text can be told from other text, so that each is tried once.
    common = {name: setting[name] for name in ("delays", *_OF_THE_GRID) if name in setting}
    common |= {name: setting[name] for name in names_of_neurons(setting) if name in setting}
    common |= {"periodic": setting["generator"] == "periodic"}
    _store_tiny(json.dumps(common), setting["rule"], json.dumps(rule_options(setting)))


@cache
def _store_tiny(common, rule, options):
    from wmdelays.training.storing import store

    setting, options = json.loads(common), json.loads(options)
    described = rule_named(rule).all_options
    # Long enough for every option that is bounded by the delays.
    longest = _TINY_DELAYS
    for name, value in options.items():
        if described[name].grows:
            options[name] = min(value, _TINY_EFFORT)
        if described[name].within_delays:
            longest = max(longest, value or 0)
    n_neurons, n_delays = 8, min(setting["delays"], longest)
    common = _common(setting, n_neurons) | {"n_delays": n_delays, "periodic": setting["periodic"]}
    patterns = bernoulli(n_neurons, n_delays + 8, 1, 0.2)
    with unwarned():
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


def specification(setting):
    """The patterns of a setting as `wmdelays.patterns.generate` takes them."""
    words = _words(setting["generator"])
    return f"{setting['generator']}:" + ",".join(f"{word}={setting[word]!r}" for word in words)


def common_options(setting, n_neurons):
    """What every rule takes, by the names of `wmdelays.training.storing.store`."""
    periodic = setting["generator"] == "periodic"
    return _common(setting, n_neurons) | {"periodic": periodic}


def _common(setting, n_neurons):
    common = {"n_delays": setting["delays"], "step": STEP, "beta": None, "theta": None}
    neurons = neurons_in(setting, n_neurons)
    if neurons is None:
        return common | {name: setting[name] for name in _OF_THE_GRID}
    return common | {"neurons": neurons}


def asked_options(setting):
    """What `wmdelays.training.storing.store` takes of latent neurons, and of neurons that differ."""
    return {name: setting[name] for name in _ASKED if name in setting}


def rule_options(setting):
    """The options of a setting's own rule."""
    others = {"generator", "rule", *_words(setting["generator"]), *_COMMON, *_ASKED}
    others |= names_of_neurons(setting)
    return {name: value for name, value in setting.items() if name not in others}
