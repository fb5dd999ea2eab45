"""The rule `timed-margin`, described."""

from wmdelays.training.rules.checkpoint import checkpoint_options
from wmdelays.training.rules.margin.description import SYNAPSES
from wmdelays.training.rules.rule import Option, Rule
from wmdelays.training.rules.timed_margin.room import needs

TIMED_MARGIN = Rule(
    "timed-margin",
    "wmdelays.training.rules.timed_margin.rule:timed_margin",
    (
        Option(
            "kappa",
            float,
            "Margin below threshold in mV; by default from the neuron's response.",
            above=0,
        ),
        Option(
            "slope",
            float,
            "Least slope at a spike in mV/ms; by default from the neuron's response.",
            above=0,
        ),
        Option(
            "overshoot",
            float,
            "How far beyond threshold a spike leads in mV; by default from the neuron's response.",
            above=0,
        ),
        Option("epochs", int, "Number of epochs at most.", 100, least=1, grows=True),
        *SYNAPSES,
        *checkpoint_options(every=60.0),
    ),
    needs=needs,
    for_neurons=True,
    way_out="longer contexts (--delays) tell more apart; a smaller --slope and --kappa store more;"
    " faster synapses (--set tau_s=2) follow shorter intervals",
)
