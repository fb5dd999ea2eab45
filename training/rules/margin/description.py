"""The rule `margin`, described."""

from pathlib import Path

from wmdelays.training.rules.checkpoint import checkpoint_options
from wmdelays.training.rules.margin.room import needs, on_disk
from wmdelays.training.rules.margin.synapse_limits import PRUNE, SIGNS
from wmdelays.training.rules.rule import Option, Rule

_A_PART = {"least": 0, "most": 1}

MAX_SYNAPSES = Option("max_synapses", int, "Most synapses onto a neuron.", least=1)
# Which synapses there may be, see `wmdelays.training.rules.margin.synapse_limits.SynapseLimits`.
SYNAPSES = (
    MAX_SYNAPSES,
    Option("one_delay_per_pair", bool, "At most one synapse from a neuron to another.", False),
    Option("signs", str, "dale: every neuron excitatory or inhibitory.", "free", choices=SIGNS),
    Option(
        "excitatory",
        float,
        "dale: part of the neurons that are excitatory, the first ones.",
        0.8,
        **_A_PART,
    ),
    Option(
        "cell_types",
        Path,
        "dale: csv with unit,type that says which are excitatory (E) and inhibitory (I); or a column of"
        " the table of units of an NWB recording, or of clusters of Phy's.",
        metavar="FILE|COLUMN",
        scanned=False,
    ),
)

LEARN_ON = Option(
    "learn_on",
    str,
    "Learn by torch's operators on this device: cuda (a GPU), cuda:1, or cpu; by default by compiled"
    " loops, which are the faster ones on a processor.",
    metavar="DEVICE",
    scanned=False,
)

PRUNED = "recall: cut each neuron's weakest synapses while it still recalls."

MARGIN = Rule(
    "margin",
    "wmdelays.training.rules.margin.rule:margin",
    (
        # It lies between 0 and theta, which only the function knows.
        Option("kappa", float, "Margin around theta; by default half of it."),
        Option("epochs", int, "Number of epochs at most.", 100, least=1, grows=True),
        Option(
            "damaged_epochs",
            int,
            "Epochs with damaged contexts; 0 for none.",
            15,
            least=0,
            grows=True,
        ),
        Option(
            "shortest_trigger",
            int,
            "Steps of a pattern after which its recall can go on alone.",
            least=1,
            within_delays=True,
        ),
        Option(
            "lost", float, "Damage: part of the trigger's spikes that are left out.", 0.8, **_A_PART
        ),
        Option(
            "added",
            float,
            "Damage: random spikes in the trigger, as a part of its own.",
            0.8,
            **_A_PART,
        ),
        Option(
            "silenced",
            float,
            "Damage: part of the neurons that are silent in the trigger.",
            0.8,
            **_A_PART,
        ),
        Option(
            "jitter",
            float,
            "Damage: spread in steps by which spikes of the trigger are moved.",
            1.0,
            least=0,
        ),
        Option(
            "noise", float, "Damage: part of all spikes lost, and as many added.", 0.3, **_A_PART
        ),
        Option(
            "presentations",
            int,
            "Damage: damaged triggers for each pattern and epoch.",
            12,
            least=0,
        ),
        Option(
            "prune",
            str,
            "damage: cut synapses that neither recall nor bearing damage needs; none: keep all; "
            + PRUNED,
            "none",
            choices=PRUNE,
        ),
        *SYNAPSES,
        Option(
            "bits",
            int,
            "Weights are whole numbers of so many bits times a scale for each neuron, learned so.",
            least=2,
            most=8,
        ),
        LEARN_ON,
        *checkpoint_options(),
    ),
    needs=needs,
    on_disk=on_disk,
    way_out="longer contexts ({n_delays}) tell more apart; less damage ({damaged_epochs=0}), a smaller"
    " {kappa} and more {epochs} store more",
)
