"""Learning: the network in discrete time and the rules that find its weights (torch)."""

from wmdelays.training.analytic import hebbian, pseudo_inverse
from wmdelays.training.bptt import bptt
from wmdelays.training.margin import margin
from wmdelays.training.network import recall
from wmdelays.training.store import RULES, store

__all__ = ["RULES", "bptt", "hebbian", "margin", "pseudo_inverse", "recall", "store"]
