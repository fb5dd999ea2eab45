"""The rules `hebbian` and `pseudo-inverse`, described."""

from wmdelays.training.rules.closed_form.room import hebbian_needs, pseudo_inverse_needs
from wmdelays.training.rules.margin.description import MAX_SYNAPSES
from wmdelays.training.rules.rule import Option, Rule

_OPTIONS = (Option("deconvolve", bool, "The deconvolved target.", False),)
_WAY_OUT = "{rule='margin'} stores more patterns than this rule"

HEBBIAN = Rule(
    "hebbian",
    "wmdelays.training.rules.closed_form.analytic:hebbian",
    (*_OPTIONS, MAX_SYNAPSES),
    needs=hebbian_needs,
    way_out=_WAY_OUT,
)
PSEUDO_INVERSE = Rule(
    "pseudo-inverse",
    "wmdelays.training.rules.closed_form.analytic:pseudo_inverse",
    _OPTIONS,
    needs=pseudo_inverse_needs,
    way_out=_WAY_OUT,
)
