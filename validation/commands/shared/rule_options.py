"""The options that a command has for the rules there are, from their descriptions."""

import inspect
from typing import Annotated

import typer

from wmdelays.training.rules.registry import RULES

# Under this title the options that several rules have stand in the help.
LEARNING = "Learning"


class OfRules:
    """A command that takes `rule` and, if it has ``**options``, every option of every rule.

    Typer reads its signature when the program starts, so a rule that is registered before that is among
    the others.

    Parameters
    ----------
    function : callable
        The command; it gets the options that were given.
    """

    def __init__(self, function):
        self.function = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__annotations__ = {}

    def __call__(self, **values):
        names = options() if self._takes_options else ()
        given = {k: v for k, v in values.items() if k not in names or v is not None}
        return self.function(**given)

    @property
    def _takes_options(self):
        kinds = [p.kind for p in inspect.signature(self.function).parameters.values()]
        return inspect.Parameter.VAR_KEYWORD in kinds

    @property
    def __signature__(self):
        """Of the function, with the rules that there are now."""
        parameters = []
        for parameter in inspect.signature(self.function, eval_str=True).parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                parameters += options().values()
            elif parameter.name == "rule":
                parameters.append(
                    _parameter(
                        "rule", str, parameter.default, help=_ways(), rich_help_panel=LEARNING
                    )
                )
            else:
                parameters.append(parameter.replace(kind=parameter.KEYWORD_ONLY))
        return inspect.Signature(parameters)


def options():
    """A parameter for each option of the rules, by its name: first those that several rules have."""
    users = {}
    for rule in RULES.values():
        for option in rule.all_options.values():
            users.setdefault(option.name, []).append((rule.name, option))
    shared = {name: _shared(users[name]) for name in users if len(users[name]) > 1}
    own = {name: _own(*users[name][0]) for name in users if name not in shared}
    return shared | own


def _own(rule, option):
    shown = _default(option) or False
    return _option(option, option.help, show_default=shown, rich_help_panel=f"Rule {rule}")


def _shared(users):
    """An option that stands for the same of several rules, which its help names."""
    helps, defaults = {}, {}
    for rule, option in users:
        helps.setdefault(option.help, []).append(rule)
        defaults[rule] = _default(option)
    texts = [f"{', '.join(rules)}: {text[0].lower()}{text[1:]}" for text, rules in helps.items()]
    shown = ", ".join(f"{rule} {default}" for rule, default in defaults.items() if default)
    return _option(
        users[0][1], " ".join(texts), show_default=shown or False, rich_help_panel=LEARNING
    )


def _default(option):
    """What the help shows of it; a switch is off by default."""
    return "" if option.default is None or option.kind is bool else str(option.default)


def _option(option, help, **shown):
    flags = (f"--{option.name.replace('_', '-')}",) if option.kind is bool else ()
    shown["metavar"] = option.metavar or "|".join(option.choices) or None
    return _parameter(option.name, option.kind | None, None, *flags, help=help, **shown)


def _parameter(name, kind, default, *flags, **shown):
    annotation = Annotated[kind, typer.Option(*flags, **shown)]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _ways():
    *names, last = RULES
    return f"Way of finding weights: {', '.join(names)} or {last}."
