"""The options of the commands that learn from a recording: which network, and how spikes get into it."""

from typing import Annotated

import typer

from wmdelays.neurons import NEURONS
from wmdelays.validation.commands.shared.options import NETWORK, OF_NEURONS, RECORDING

LearnFor = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="NEURON",
        help=f"Learn for neurons in continuous time: {', '.join(NEURONS)}; with a preset as in"
        " adex:tonic, or several as in izhikevich:RS=0.8,FS=0.2. By default the network in"
        " discrete time.",
        rich_help_panel=OF_NEURONS,
    ),
]
ParametersOfNeurons = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PARAMETER=VALUE",
        help="Value of a parameter of these neurons, as tau_e=2ms; as often as needed.",
        rich_help_panel=OF_NEURONS,
    ),
]
Tick = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Tick of these neurons, to which spikes are put.",
        rich_help_panel=OF_NEURONS,
    ),
]
Beta = Annotated[
    float | None,
    typer.Option(
        help="What is left of the membrane after a step; by default 0.7.", rich_help_panel=NETWORK
    ),
]
Theta = Annotated[
    float | None, typer.Option(help="Threshold; by default 1.", rich_help_panel=NETWORK)
]
_OF_EACH = "a file with one for each neuron (csv with unit,{name}; npy; or a number a line)"
BetaOrFile = Annotated[
    str | None,
    typer.Option(
        metavar="X|FILE",
        help="What is left of the membrane after a step, by default 0.7: a number, or"
        f" {_OF_EACH.format(name='beta')}.",
        rich_help_panel=NETWORK,
    ),
]
ThetaOrFile = Annotated[
    str | None,
    typer.Option(
        metavar="X|FILE",
        help=f"Threshold, by default 1: a number, or {_OF_EACH.format(name='theta')}.",
        rich_help_panel=NETWORK,
    ),
]
BetaSpread = Annotated[
    float,
    typer.Option(
        metavar="PART",
        help="Standard deviation of the membranes' time constants from neuron to neuron, as a part of"
        " their mean: drawn from a lognormal distribution.",
        rich_help_panel=NETWORK,
    ),
]
Pad = Annotated[
    bool,
    typer.Option(
        "--pad",
        help="Let silence follow where a recording ends before the stretch or a trial does.",
        rich_help_panel=RECORDING,
    ),
]
MergeSpikes = Annotated[
    bool,
    typer.Option(
        "--merge-spikes",
        help="Let two spikes of a unit in one step be one.",
        rich_help_panel=RECORDING,
    ),
]
