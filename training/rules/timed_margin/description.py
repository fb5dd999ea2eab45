"""The rule `timed-margin`, described."""

from wmdelays.training.rules.checkpoint import checkpoint_options
from wmdelays.training.rules.margin.description import LEARN_ON, PRUNED, SYNAPSES
from wmdelays.training.rules.rule import Option, Rule
from wmdelays.training.rules.timed_margin.room import needs

TIMED_MARGIN = Rule(
    "timed-margin",
    "wmdelays.training.rules.timed_margin.rule:timed_margin",
    (
        Option(
            "kappa",
            float,
            "Margin below threshold in mV; by default from the neuron and the slope.",
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
            "How far beyond threshold a spike leads in mV; by default from the neuron and the slope.",
            above=0,
        ),
        Option("epochs", int, "Number of epochs at most.", 100, least=1, grows=True),
        Option(
            "damaged_epochs",
            int,
            "Epochs in which what is shown is damaged; 0 for none.",
            0,
            least=0,
            grows=True,
        ),
        Option("jitter", float, "Damage: spread in ms by which each spike is moved.", 0.0, least=0),
        Option(
            "release_failures",
            float,
            "Damage: probability with which a spike is lost to a synapse.",
            0.1,
            least=0,
            below=1,
        ),
        Option(
            "background",
            float,
            "Damage: random spikes, as a part of the patterns' own.",
            0.1,
            least=0,
        ),
        Option(
            "membrane_noise",
            float,
            "Damage: standard deviation in mV of the membrane at rest.",
            1.0,
            least=0,
        ),
        Option(
            "prune", str, f"none: keep all synapses; {PRUNED}", "none", choices=("none", "recall")
        ),
        Option(
            "importance",
            str,
            "Which synapses are kept where some are cut: weight: the strongest; slope: a fair part of"
            " those that make each stored spike steep.",
            "weight",
            choices=("weight", "slope"),
        ),
        *SYNAPSES,
        LEARN_ON,
        *checkpoint_options(),
    ),
    needs=needs,
    for_neurons=True,
    way_out="longer contexts ({n_delays}) tell more apart; a smaller {slope} and {kappa} store more; faster"
    " synapses (a smaller tau_s) follow shorter intervals",
)
