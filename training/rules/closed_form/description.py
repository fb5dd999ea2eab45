"""The rules `hebbian` and `pseudo-inverse`, described."""

from wmdelays.training.rules.closed_form.room import (
    hebbian_needs,
    hebbian_on_disk,
    pseudo_inverse_needs,
    pseudo_inverse_on_disk,
)
from wmdelays.training.rules.margin.description import MAX_SYNAPSES
from wmdelays.training.rules.rule import Option, Rule

_OPTIONS = (Option("deconvolve", bool, "The deconvolved target.", False),)
_WAY_OUT = "{rule='margin'} stores more patterns than this rule"

HEBBIAN = Rule(
    "hebbian",
    "wmdelays.training.rules.closed_form.analytic:hebbian",
    (*_OPTIONS, MAX_SYNAPSES),
    needs=hebbian_needs,
    on_disk=hebbian_on_disk,
    way_out=_WAY_OUT,
)
PSEUDO_INVERSE = Rule(
    "pseudo-inverse",
    "wmdelays.training.rules.closed_form.analytic:pseudo_inverse",
    _OPTIONS,
    needs=pseudo_inverse_needs,
    on_disk=pseudo_inverse_on_disk,
    way_out=_WAY_OUT,
)
