"""The rules that there are, by their names."""

from __future__ import annotations

from wmdelays.errors import InputError
from wmdelays.training.rules.bptt.description import BPTT
from wmdelays.training.rules.closed_form.description import HEBBIAN, PSEUDO_INVERSE
from wmdelays.training.rules.margin.description import MARGIN
from wmdelays.training.rules.rule import Rule
from wmdelays.training.rules.timed_margin.description import TIMED_MARGIN

RULES: dict[str, Rule] = {}
# What an option would be taken for that had one of these names: the parameters of
# `wmdelays.training.store`, what `wmdelays store` has beside the options of the rules, and what a
# scan can change beside them.
TAKEN = frozenset(
    "patterns memory rule n_delays step beta theta periodic seed progress"
    " inputs output delays bin start stop pad duration neurons merge_spikes help"
    " generator steps rate interval spread kept dt for set neuron settings"
    " trials trial_length align before warp columns decimal_comma force keep_ids sampling_rate"
    " time_unit variable where latent latent_rate beta_spread scheduler".split()
)


def register(rule: Rule) -> None:
    """Add a rule: from then on it can be named wherever rules are.

    Parameters
    ----------
    rule : Rule
        It takes the place of one of the same name.

    Raises
    ------
    ValueError
        If an option has a name that is taken, or is of another kind than the option of the same
        name of another rule, with which it shares its place on the command line.
    """
    for option in rule.options:
        if not option.name.isidentifier() or option.name in TAKEN:
            raise ValueError(f"an option cannot be called {option.name!r}")
        for other in RULES.values():
            same = other.all_options.get(option.name)
            if same is not None and other.name != rule.name and same.kind is not option.kind:
                raise ValueError(
                    f"{option.name} is {same.kind.__name__} with the rule {other.name}, not"
                    f" {option.kind.__name__}"
                )
    RULES[rule.name] = rule


def rule_named(name: str) -> Rule:
    """A rule by its name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in RULES:
        raise InputError(f"there is no rule {name!r}; there are {', '.join(RULES)}")
    return RULES[name]


for _rule in (MARGIN, HEBBIAN, PSEUDO_INVERSE, BPTT, TIMED_MARGIN):
    register(_rule)
