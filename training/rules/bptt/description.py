"""The rule `bptt`, described."""

from wmdelays.training.module.surrogate_gradients import SURROGATE_GRADIENTS
from wmdelays.training.rules.checkpoint import checkpoint_options
from wmdelays.training.rules.closed_form.description import HEBBIAN
from wmdelays.training.rules.rule import Option, Rule

# The optimizers and their default learning rates, in units of the median size of the start weights.
# Plain gradients are as small as a spike's share of the loss, those of AdamW are normalized.
LEARNING_RATE = {"adamw": 0.05, "sgd": 10.0}
# Bytes of each synapse that there could be: the weights, their best, their change and what the
# optimizer knows of them. And membranes, currents and spikes of each entry of all patterns.
_DENSE, _CLOSED_LOOP = 24, 14


def _needs(sizes, n_delays, options):
    entries = sizes.n_patterns * (sizes.n_steps + n_delays) * sizes.n_neurons
    return _DENSE * sizes.n_neurons**2 * n_delays + _CLOSED_LOOP * entries


BPTT = Rule(
    "bptt",
    "wmdelays.training.rules.bptt.backpropagation:bptt",
    (
        Option("epochs", int, "Number of epochs at most.", 16, least=1, grows=True),
        Option("warm_up", int, "Epochs before the learning rate decays.", 4, least=0),
        Option(
            "learning_rate",
            float,
            "Learning rate; by default it follows the size of the start weights.",
            above=0,
        ),
        Option("optimizer", str, "Optimizer.", "adamw", choices=tuple(LEARNING_RATE)),
        Option(
            "surrogate",
            str,
            "Surrogate gradient: what stands for the derivative of a spike.",
            "triangle",
            choices=tuple(SURROGATE_GRADIENTS),
        ),
        Option(
            "alpha",
            float,
            "Steepness of the surrogate gradient; by default 15 for fast_sigmoid, 5 for triangle.",
            above=0,
        ),
        Option("dropout", float, "Part of the context that is dropped.", 0.0, least=0, below=1),
        *checkpoint_options(),
    ),
    starts_from=HEBBIAN,
    needs=_needs,
    way_out=HEBBIAN.way_out,
)
