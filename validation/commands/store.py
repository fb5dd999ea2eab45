"""The command `wmdelays store`: patterns in, a memory file out."""

import time
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import MEMORY
from wmdelays.files.memory_file import write_memory
from wmdelays.files.pattern_inputs import read_patterns, read_trial_patterns
from wmdelays.files.recording import binning_lines, remembered
from wmdelays.files.recordings.cell_types import types_of
from wmdelays.files.recordings.intervals import trials_of
from wmdelays.files.sonata import most_bytes_of_synapses
from wmdelays.machine.dask_scheduler import WAITING
from wmdelays.machine.free_memory import in_words
from wmdelays.neurons import neurons_of
from wmdelays.patterns import Sizes, is_specification, sizes
from wmdelays.quantities import checked_seed, seconds, whole
from wmdelays.training.heterogeneity import Leaks
from wmdelays.training.latent import latent_of
from wmdelays.training.rules.checkpoint import files_of
from wmdelays.training.rules.registry import rule_named
from wmdelays.training.rules.rule import DEFAULT, DEFAULT_FOR_NEURONS
from wmdelays.validation.commands.shared.learning_options import (
    BetaOrFile,
    BetaSpread,
    LearnFor,
    MergeSpikes,
    Pad,
    ParametersOfNeurons,
    ThetaOrFile,
    Tick,
)
from wmdelays.validation.commands.shared.memory import print_memory, print_unpredictable
from wmdelays.validation.commands.shared.options import (
    COMPUTING,
    NETWORK,
    OUTPUT,
    RECORDING,
    Align,
    Before,
    Force,
    TrialLength,
    TrialsFile,
    Warp,
    check_outputs,
    time_given,
    ways_of_trials,
)
from wmdelays.validation.commands.shared.recording_options import with_reading
from wmdelays.validation.commands.shared.rule_options import OfRules
from wmdelays.validation.commands.shared.terminal import (
    print_note,
    progress_bar,
    told_how_to_go_on,
)
from wmdelays.validation.commands.shared.values import number_or_file, values_of
from wmdelays.validation.recordings.automatic import choose_step
from wmdelays.validation.recordings.grid import step_text, why_best
from wmdelays.validation.recordings.starts import check_starts
from wmdelays.validation.reports.memory import why_incomplete

_DELAYS = 41


@OfRules
@with_reading
def command(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Recordings (csv, tsv, npz, NWB, MATLAB, Phy and others), a pattern each; or a"
            " generator: bernoulli, refractory, evidence or periodic, as in"
            " bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The memory file (.h5).", rich_help_panel=OUTPUT
        ),
    ],
    rule: str | None = None,
    neuron: LearnFor = None,
    settings: ParametersOfNeurons = None,
    dt: Tick = "0.1ms",
    delays: Annotated[
        int | None,
        typer.Option(
            metavar="D",
            help="Largest delay in steps, by default 41; length of the trigger window.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    step: Annotated[
        str,
        typer.Option(
            metavar="TIME|auto",
            help="Training time step, such as 1ms or 1/30s; auto takes what suits the recording best,"
            " as wmdelays info tells it, and so many delays, unless --delays says how many.",
            rich_help_panel=RECORDING,
        ),
    ] = "1ms",
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Begin of the stretch to store, as 10s.", rich_help_panel=RECORDING
        ),
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="End of the stretch to store, as 20s.", rich_help_panel=RECORDING
        ),
    ] = None,
    trials: TrialsFile = None,
    trial_length: TrialLength = None,
    align: Align = None,
    before: Before = None,
    warp: Warp = False,
    pad: Pad = False,
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Length of the recording, if stated.", rich_help_panel=RECORDING
        ),
    ] = None,
    neurons: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of neurons, silent ones included.", rich_help_panel=RECORDING
        ),
    ] = None,
    merge_spikes: MergeSpikes = False,
    beta: BetaOrFile = None,
    theta: ThetaOrFile = None,
    beta_spread: BetaSpread = 0.0,
    periodic: Annotated[
        bool,
        typer.Option(
            "--periodic",
            help="The end of each pattern leads back into its beginning.",
            rich_help_panel=NETWORK,
        ),
    ] = False,
    latent: Annotated[
        str,
        typer.Option(
            metavar="K|auto",
            help="Latent neurons to add: never cued, never scored, their random spikes make contexts"
            " differ that are empty or alike; auto adds as few as it takes.",
            rich_help_panel=NETWORK,
        ),
    ] = "0",
    latent_rate: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Probability of a spike for each of them and step; by default such that they spike"
            " eight times within the delays.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A dask scheduler, whose workers learn by the rules margin and timed-margin.",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    force: Force = False,
    reading: dict = None,
    **options,
):
    """Store patterns in the delays and weights of a network."""
    rule = rule or (DEFAULT if neuron is None else DEFAULT_FOR_NEURONS)
    described = rule_named(rule)
    dt_s = None
    if neuron is not None:
        dt_s = seconds(dt, "--dt", above_zero=True)
        # Mistakes are told before anything is read.
        neurons_of(neuron, 1, dt_s, settings or ())
    elif settings:
        raise InputError("--set is for neurons in continuous time; name them with --for")
    own_values = {"beta": number_or_file(beta, "beta"), "theta": number_or_file(theta, "theta")}
    Leaks(spread=beta_spread)
    resumes = "checkpoint" in described.all_options
    own = None
    if resumes and "checkpoint" not in options:
        own = options["checkpoint"] = output.with_name(f"{output.name}.checkpoint")
    files = {name: one.writes for name, one in described.all_options.items() if one.writes}
    written = [(options[name], kind) for name, kind in files.items() if name in options]
    of_each = [one for one in own_values.values() if isinstance(one, Path)]
    check_outputs(
        None, None, *inputs, trials, *of_each, written=[(output, MEMORY), *written], force=force
    )
    seed = checked_seed(seed)
    if "cell_types" in options:
        options["cell_types"] = types_of(options["cell_types"], *inputs)
    ends = {
        "start": time_given(start, "--start"),
        "stop": time_given(stop, "--stop", above_zero=True),
    }
    cut = None if trials is None else trials_of(trials, inputs[0])
    if step == "auto":
        with progress_bar() as say:
            chosen = choose_step(
                inputs,
                cut,
                **ends,
                n_delays=None if delays is None else whole("delays", delays, 1),
                neurons=neurons,
                reading=reading,
                progress=say,
            )
        print_note(f"taken: {why_best(chosen)}")
        step, delays = step_text(chosen.step), chosen.n_delays
    delays = _DELAYS if delays is None else delays
    step_s = seconds(step, "--step", above_zero=True)
    n_latent = int(latent) if latent.isdecimal() else latent
    asked = latent_of(n_latent, latent_rate, delays)
    options = described.checked(options, whole("delays", delays, 1))
    _check_room(inputs, described, delays, options)
    how = {
        "pad": pad,
        "duration": time_given(duration, "--duration", above_zero=True),
        "neurons": neurons,
        "merge_spikes": merge_spikes,
        "tick": dt_s,
        **reading,
    }
    ways = ways_of_trials(trial_length, align, before, warp)
    if trials is None:
        _refuse_ways(ways)
        patterns, stretches = read_patterns(inputs, step_s, seed=seed, **ends, **how)
        names = {}
    else:
        _check_one_recording(inputs, ends)
        patterns, pieces = read_trial_patterns(inputs[0], cut, step_s, **ways, **how)
        stretches = {k: (inputs[0], piece) for k, piece in enumerate(pieces)}
        names = dict(enumerate(cut.names))
    periodic = periodic or all(text.startswith("periodic:") for text in inputs)
    common = {
        "n_delays": delays,
        "step": step_s,
        "periodic": periodic,
    }
    if neuron is not None:
        common["neurons"] = neurons_of(neuron, patterns[0].n_neurons, dt_s, settings or ())
    n_neurons = patterns[0].n_neurons + (asked.n if asked else 0)
    most = most_synapses(n_neurons, delays, options.get("max_synapses"))
    began = time.perf_counter()
    checkpoint = options.get("checkpoint")
    resumed = checkpoint is not None and bool(files_of(checkpoint))
    with progress_bar() as say, told_how_to_go_on(checkpoint):
        say("importing", None)
        from wmdelays.training.storing import store, unlearned

        names_of_all = patterns[0].names()
        common |= {name: values_of(one, name, names_of_all) for name, one in own_values.items()}
        # What cannot be predicted is said before it is learned.
        empty = unlearned(patterns, **common)
        binning = [
            remembered(k, stretch, dt_s or step_s, names.get(k))
            for k, (_, stretch) in stretches.items()
        ]
        empty.made["binning"] = binning
        said = {
            line: None
            for text, stretch in stretches.values()
            for line in binning_lines(text, stretch, dt_s or step_s)
        }
        for line in said:
            print_note(line)
        # Neurons in continuous time hear for longer than the delays; what they cannot follow is said
        # in the end.
        if neuron is None and n_latent == 0:
            print_unpredictable(empty, print_note)
        if n_latent != 0:
            check_starts(empty, {k: text for k, (text, _) in stretches.items()}, **reading)
        n_bytes = most_bytes_of_synapses(most, n_neurons, delays, step_s * 1e3)
        learning = _telling(say, output, n_bytes, scheduler)
        memory = store(
            patterns,
            rule,
            **common,
            beta_spread=beta_spread,
            latent=n_latent,
            latent_rate=latent_rate,
            seed=seed,
            scheduler=scheduler,
            progress=learning,
            **options,
        )
    memory.made["source"] = {
        "inputs": [str(text) for text in inputs],
        "bin": step,
        **{
            name: value
            for name, value in (("start", start), ("stop", stop), ("duration", duration))
            if value is not None
        },
        "merge_spikes": merge_spikes,
        **({} if trials is None else {"trials": str(trials), **ways}),
        **({"reading": reading} if reading else {}),
        **{name: str(one) for name, one in own_values.items() if isinstance(one, Path)},
    }
    if stretches:
        memory.made["binning"] = binning
    if resumed:
        print_note(f"went on from the checkpoint {checkpoint}")
    write_memory(output, memory)
    if own is not None:
        for file in files_of(own):
            file.unlink()
    print_memory(memory, output)
    size = in_words(output.stat().st_size)
    print_note(f"stored in {output} ({size}) in {time.perf_counter() - began:.1f} s")
    if memory.made["scores"]["f1"] < 1:
        print_note(why_incomplete(memory, described.way_out))


# From this size on what a file will take is told before it is made.
_LARGE = 20e6


def most_synapses(n_neurons, n_delays, most_each=None):
    """How many synapses a memory has at most; `most_each` is the most onto a neuron."""
    each = n_neurons * n_delays
    return n_neurons * (each if most_each is None else min(each, most_each))


def _telling(say, output, n_bytes, scheduler):
    """`say`, which tells first what the file will take, once all is checked and learning begins.

    It also tells where nothing goes on as long as a scheduler has no worker.
    """
    told, waits = n_bytes <= _LARGE, False

    def saying(stage, part):
        nonlocal told, waits
        if stage.endswith(WAITING) and not waits:
            waits = True
            print_note(f"{WAITING}: start one with dask worker {scheduler}")
        if not told:
            told = True
            print_note(
                f"{output} will take {in_words(n_bytes)} at most; --max-synapses and --prune make it"
                " smaller"
            )
        say(stage, part)

    return saying


def _refuse_ways(ways):
    """Raise an InputError where it is said how trials come to one length, and there are none."""
    if any(value not in (None, False) for value in ways.values()):
        raise InputError(
            "--trial-length, --align, --before and --warp are for trials; name them with --trials"
        )


def _check_one_recording(inputs, ends):
    """Raise an InputError unless there is one recording for the trials, and no other stretch of it."""
    if len(inputs) != 1 or is_specification(inputs[0]):
        raise InputError("--trials are those of one recording; name one file as INPUT")
    if any(value is not None for value in ends.values()):
        raise InputError("--trials says which stretches are stored; leave out --start and --stop")


def _check_room(inputs, rule, n_delays, options):
    """Raise an InputError unless there is memory to store what the generators among inputs draw.

    For use before anything is drawn, which may take long; `store` asks once more for all it is given.
    """
    drawn = [sizes(text) for text in inputs if is_specification(text)]
    if drawn:
        together = Sizes(
            n_neurons=max(one.n_neurons for one in drawn),
            n_steps=max(one.n_steps for one in drawn),
            n_patterns=sum(one.n_patterns for one in drawn),
            n_spikes=sum(one.n_spikes for one in drawn),
        )
        rule.check_room(together, n_delays, options)
