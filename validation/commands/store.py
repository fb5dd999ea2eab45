"""The command `wmdelays store`: patterns in, a memory file out."""

import time
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.file_kinds import CHECKPOINT, MEMORY
from wmdelays.files.memory_file import write_memory
from wmdelays.files.pattern_inputs import read_patterns
from wmdelays.files.recording import binning_lines, remembered
from wmdelays.patterns import is_specification, sizes
from wmdelays.quantities import checked_seed, seconds, whole
from wmdelays.validation.commands.memory import print_memory, print_unpredictable
from wmdelays.validation.commands.options import check_outputs
from wmdelays.validation.commands.terminal import console, progress_bar

_WAYS_OUT = {
    "margin": "longer contexts (--delays) tell more apart; less damage (--damaged-epochs 0),"
    " a smaller --kappa and more --epochs store more",
    **dict.fromkeys(
        ("hebbian", "pseudo-inverse", "bptt"), "--rule margin stores more patterns than this rule"
    ),
}


def _of_margin(help, flag=None):
    return typer.Option(*[flag] * bool(flag), help=help, rich_help_panel="Rule margin")


def _of_bptt(help):
    return typer.Option(help=help, rich_help_panel="Rule bptt")


def check_room_to_learn(inputs, rule, n_delays, damaged=True):
    """Raise an InputError unless there is memory to store what the generators among inputs draw.

    For use before anything is drawn, which may take long; a rule asks once more for all it is given.

    Parameters
    ----------
    inputs : sequence of str
        As of `read_patterns`.
    rule : str
        A rule that is not known is left to `wmdelays.training.store`.
    n_delays : int
    damaged : bool
        Whether the rule margin learns from damaged contexts too.
    """
    from wmdelays.training.room import check_room
    from wmdelays.training.storing import RULES

    whole("delays", n_delays, 1)
    drawn = [sizes(text) for text in inputs if is_specification(text)]
    if drawn and rule in RULES:
        check_room(
            rule,
            n_neurons=max(one.n_neurons for one in drawn),
            n_delays=n_delays,
            n_steps=max(one.n_steps for one in drawn),
            n_patterns=sum(one.n_patterns for one in drawn),
            n_spikes=sum(one.n_spikes for one in drawn),
            damaged=damaged,
        )


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Raster files (.csv with unit,time_s, or .npz), a pattern each; or a generator:"
            " bernoulli, refractory, evidence or periodic, as in"
            " bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The memory file (.h5).")
    ],
    rule: Annotated[
        str, typer.Option(help="Way of finding weights: margin, hebbian, pseudo-inverse or bptt.")
    ] = "margin",
    delays: Annotated[
        int, typer.Option(metavar="D", help="Largest delay in steps; length of the trigger window.")
    ] = 41,
    bin: Annotated[
        str, typer.Option(metavar="TIME", help="Training time step, such as 1ms or 1/30s.")
    ] = "1ms",
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin of the stretch to store, as 10s.")
    ] = None,
    stop: Annotated[
        str | None, typer.Option(metavar="TIME", help="End of the stretch to store, as 20s.")
    ] = None,
    pad: Annotated[
        bool,
        typer.Option("--pad", help="Let silence follow where a recording ends before --stop."),
    ] = False,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Length of the recording, if stated.")
    ] = None,
    neurons: Annotated[
        int | None, typer.Option(metavar="N", help="Number of neurons, silent ones included.")
    ] = None,
    merge_spikes: Annotated[
        bool, typer.Option("--merge-spikes", help="Let two spikes of a unit in one step be one.")
    ] = False,
    beta: Annotated[float, typer.Option(help="What is left of the membrane after a step.")] = 0.7,
    theta: Annotated[float, typer.Option(help="Threshold.")] = 1.0,
    periodic: Annotated[
        bool,
        typer.Option("--periodic", help="The end of each pattern leads back into its beginning."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(help="margin, bptt: number of epochs at most.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="margin, bptt: keep the state here, and go on from it."),
    ] = None,
    kappa: Annotated[
        float | None, _of_margin("Margin around theta; by default half of it.")
    ] = None,
    shortest_trigger: Annotated[
        int | None, _of_margin("Steps of a pattern after which its recall can go on alone.")
    ] = None,
    damaged_epochs: Annotated[
        int | None, _of_margin("Epochs with damaged contexts; 0 for none.")
    ] = None,
    lost: Annotated[
        float | None, _of_margin("Damage: part of the trigger's spikes that are left out.")
    ] = None,
    added: Annotated[
        float | None, _of_margin("Damage: random spikes in the trigger, as a part of its own.")
    ] = None,
    silenced: Annotated[
        float | None, _of_margin("Damage: part of the neurons that are silent in the trigger.")
    ] = None,
    noise: Annotated[
        float | None, _of_margin("Damage: part of all spikes lost, and as many added.")
    ] = None,
    presentations: Annotated[
        int | None, _of_margin("Damage: damaged triggers for each pattern and epoch.")
    ] = None,
    max_synapses: Annotated[int | None, _of_margin("Most synapses onto a neuron.")] = None,
    prune: Annotated[
        bool | None,
        _of_margin("Cut each neuron's weakest synapses while it still recalls.", flag="--prune"),
    ] = None,
    one_delay_per_pair: Annotated[
        bool | None,
        _of_margin("At most one synapse from a neuron to another.", flag="--one-delay-per-pair"),
    ] = None,
    signs: Annotated[
        str | None, _of_margin("free, or dale: every neuron excitatory or inhibitory.")
    ] = None,
    excitatory: Annotated[
        float | None, _of_margin("dale: part of the neurons that are excitatory, the first ones.")
    ] = None,
    warm_up: Annotated[int | None, _of_bptt("Epochs before the learning rate decays.")] = None,
    learning_rate: Annotated[float | None, _of_bptt("Learning rate.")] = None,
    optimizer: Annotated[str | None, _of_bptt("adamw or sgd.")] = None,
    surrogate: Annotated[str | None, _of_bptt("fast_sigmoid or triangle.")] = None,
    dropout: Annotated[float | None, _of_bptt("Part of the context that is dropped.")] = None,
    deconvolve: Annotated[
        bool | None,
        typer.Option("--deconvolve", help="hebbian, pseudo-inverse: the deconvolved target."),
    ] = None,
):
    """Store patterns in the delays and weights of a network."""
    check_outputs(None, None, *inputs, written=[(output, MEMORY), (checkpoint, CHECKPOINT)])
    options = {
        name: value
        for name, value in (
            ("epochs", epochs),
            ("checkpoint", checkpoint),
            ("kappa", kappa),
            ("shortest_trigger", shortest_trigger),
            ("damaged_epochs", damaged_epochs),
            ("lost", lost),
            ("added", added),
            ("silenced", silenced),
            ("noise", noise),
            ("presentations", presentations),
            ("max_synapses", max_synapses),
            ("prune", prune),
            ("one_delay_per_pair", one_delay_per_pair),
            ("signs", signs),
            ("excitatory", excitatory),
            ("warm_up", warm_up),
            ("learning_rate", learning_rate),
            ("optimizer", optimizer),
            ("surrogate", surrogate),
            ("dropout", dropout),
            ("deconvolve", deconvolve),
        )
        if value is not None
    }
    step, seed = seconds(bin, "--bin", above_zero=True), checked_seed(seed)
    if any(map(is_specification, inputs)):
        check_room_to_learn(inputs, rule, delays, damaged_epochs != 0)
    patterns, stretches = read_patterns(
        inputs,
        step,
        start=None if start is None else seconds(start, "--start"),
        stop=None if stop is None else seconds(stop, "--stop", above_zero=True),
        pad=pad,
        duration=None if duration is None else seconds(duration, "--duration", above_zero=True),
        neurons=neurons,
        merge_spikes=merge_spikes,
        seed=seed,
    )
    periodic = periodic or all(text.startswith("periodic:") for text in inputs)
    common = {
        "n_delays": delays,
        "step": step,
        "beta": beta,
        "theta": theta,
        "periodic": periodic,
    }
    began = time.perf_counter()
    with progress_bar() as say:
        say("importing", None)
        from wmdelays.training.storing import store, unlearned

        empty = unlearned(patterns, **common)
        for text, stretch in stretches.values():
            for line in binning_lines(text, stretch, step):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
        print_unpredictable(empty)
        say(f"{rule}: finding weights", None)
        if rule == "bptt":
            options["on_epoch"] = _epoch_line(say, epochs)
        elif rule == "margin":
            options["on_progress"] = lambda text, part: say(f"margin: {text}", part)
        memory = store(patterns, rule, **common, seed=seed, **options)
    memory.made["source"] = {
        "inputs": [str(text) for text in inputs],
        "bin": bin,
        **{
            name: value
            for name, value in (("start", start), ("stop", stop), ("duration", duration))
            if value is not None
        },
        "merge_spikes": merge_spikes,
    }
    if stretches:
        memory.made["binning"] = [
            remembered(k, stretch, step) for k, (_, stretch) in stretches.items()
        ]
    write_memory(output, memory)
    print_memory(memory, output)
    console.print(f"stored in {output} in {time.perf_counter() - began:.1f} s", highlight=False)
    if memory.made["scores"]["f1"] < 1:
        console.print(f"The recall is not complete: {_WAYS_OUT[rule]}.", highlight=False)


def _epoch_line(say, epochs):
    from wmdelays.training.rules.bptt.backpropagation import EPOCHS

    epochs = EPOCHS if epochs is None else epochs

    def on_epoch(epoch, loss, f1):
        shown = "" if loss is None else f", loss {loss:.4f}"
        say(f"bptt: epoch {epoch} of {epochs}{shown}, F1 {f1:.4f}", epoch / max(epochs, 1))

    return on_epoch
