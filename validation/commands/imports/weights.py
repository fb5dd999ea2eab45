"""The command `wmdelays import`: weights that were trained elsewhere as a memory file."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import MEMORY
from wmdelays.files.memory_file import write_memory
from wmdelays.files.pattern_inputs import read_patterns
from wmdelays.memory import sizes
from wmdelays.neurons.resets import RESETS
from wmdelays.quantities import checked_seed, seconds, shortened
from wmdelays.training.imports.sources import KINDS, check_source
from wmdelays.validation.commands.shared.learning_options import MergeSpikes, Pad
from wmdelays.validation.commands.shared.memory import print_memory
from wmdelays.validation.commands.shared.options import (
    NETWORK,
    OUTPUT,
    Force,
    JsonFile,
    Start,
    Stop,
    check_outputs,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.recording_options import with_reading
from wmdelays.validation.commands.shared.terminal import print_line, print_note, progress_bar
from wmdelays.validation.commands.shared.values import number_or_file, values_of
from wmdelays.validation.recall.comparison.comparing import (
    COMPARED,
    COMPARED_IN_CONTINUOUS_TIME,
)
from wmdelays.validation.recall.simulators import SIMULATORS
from wmdelays.validation.reports.memory import reset_in_words
from wmdelays.words import printable

_RECALLED = "What is to be recalled"
_RECALLS = (
    "say what is to be recalled: either --patterns RECORDING, or --cue RECORDING, of whose"
    " beginning the network makes a pattern itself"
)
# The step where nothing says it.
_STEP = 1e-3


def _network(help, *flags, metavar=None):
    return typer.Option(*flags, metavar=metavar, help=help, rich_help_panel=NETWORK)


def _recalled(help, *flags, metavar=None):
    return typer.Option(*flags, metavar=metavar, help=help, rich_help_panel=_RECALLED)


_Value = str | None


@with_reading
def command(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="[sonata|csv] FILE",
            help="csv or tsv (pre, post, delay, weight), npy or npz (these, or a tensor), or a state"
            " dict that torch.save wrote (pt, pth, ckpt): of snnTorch's RLeaky, of Leaky behind a"
            " window of past steps, or of layers with one delay for each synapse. Or a folder: a SONATA"
            " circuit of iaf_psc_delta neurons (or its circuit_config.json), or what export csv wrote.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The memory file (.h5).", rich_help_panel=OUTPUT
        ),
    ],
    patterns: Annotated[
        list[str] | None,
        _recalled(
            "Recording or generator; as often as needed, a pattern each.", metavar="RECORDING"
        ),
    ] = None,
    cue: Annotated[
        list[str] | None,
        _recalled(
            "Instead: what the network itself makes of the beginning of this recording or generator"
            " becomes a pattern.",
            metavar="RECORDING",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        _recalled("How many steps of a recall become the pattern of a --cue.", metavar="T"),
    ] = None,
    beta: Annotated[
        _Value,
        _network(
            "What is left of the membrane after a step: a number, or a file with one for each neuron"
            " (npy, or a number a line).",
            metavar="X|FILE",
        ),
    ] = None,
    theta: Annotated[_Value, _network("Threshold, likewise.", metavar="X|FILE")] = None,
    reset: Annotated[
        _Value,
        _network(
            "What a spike does to its membrane; by default what FILE says, else zero.",
            metavar="|".join(RESETS),
        ),
    ] = None,
    reset_by: Annotated[
        _Value,
        _network("What subtract takes off, one step late; by default theta.", metavar="X|FILE"),
    ] = None,
    strict: Annotated[
        bool, _network("Neurons fire above theta alone, and not at it.", "--strict")
    ] = False,
    axes: Annotated[
        str, _network("The axes of a tensor, in their order.", metavar="A,B,C")
    ] = "post,pre,delay",
    layer: Annotated[_Value, _network("Which module of a state dict.", metavar="NAME")] = None,
    window: Annotated[
        int | None, _network("Length of the kernel of a DCLS layer in steps.", metavar="L")
    ] = None,
    neurons: Annotated[
        int | None, _network("Number of neurons, where some have no synapses.", metavar="N")
    ] = None,
    delays: Annotated[
        int | None,
        _network(
            "Length of the trigger window in steps; by default the longest delay.", metavar="D"
        ),
    ] = None,
    step: Annotated[
        str | None,
        _network(
            "Length of a step, such as 1ms; by default what FILE says, else 1ms.", metavar="TIME"
        ),
    ] = None,
    start: Start = None,
    stop: Stop = None,
    pad: Pad = False,
    merge_spikes: MergeSpikes = False,
    seed: Annotated[int, typer.Option(help="Seed of generators.")] = 0,
    json_file: JsonFile = None,
    force: Force = False,
    reading: dict = None,
):
    """Bring weights that were trained elsewhere into a memory file, spike for spike."""
    weights, named = _file(source)
    try:
        check_source(weights, named)
    except InputError as error:
        raise InputError(f"{printable(str(weights))}: {error}") from None
    in_a_folder = weights.is_dir() or weights.suffix.lower() == ".json"
    if patterns and cue or not (patterns or cue or in_a_folder):
        raise InputError(_RECALLS)
    if steps is not None and not cue:
        raise InputError("--steps says how long the recall of a --cue is; --patterns have a length")
    files = [text for text in (*(patterns or ()), *(cue or ())) if Path(text).exists()]
    check_outputs(json_file, None, weights, *files, written=[(output, MEMORY)], force=force)
    step_s = None if step is None else seconds(step, "--step", above_zero=True)
    with progress_bar() as say:
        say("importing", None)
        from wmdelays.training.imports.importing import import_weights, stated_step

        say("reading", None)
        rasters = []
        if patterns or cue:
            rasters, _ = read_patterns(
                patterns or cue,
                step_s or stated_step(weights) or _STEP,
                start=time_given(start, "--start"),
                stop=time_given(stop, "--stop", above_zero=True),
                pad=pad,
                neurons=neurons,
                merge_spikes=merge_spikes,
                seed=checked_seed(seed),
                **reading,
            )
        memory = import_weights(
            weights,
            beta=values_of(number_or_file(beta, "beta"), "beta"),
            theta=values_of(number_or_file(theta, "theta"), "theta"),
            reset=reset,
            reset_by=values_of(number_or_file(reset_by, "reset_by"), "reset_by"),
            strict=strict or None,
            axes=axes,
            layer=layer,
            window=window,
            n_neurons=neurons,
            n_delays=delays,
            step=step_s,
            **({"cues": rasters, "n_steps": steps} if cue else {"patterns": rasters}),
        )
        if not memory.n_patterns:
            raise InputError(f"{weights}: holds no patterns; {_RECALLS}")
        as_exported = memory.made.get("rule") != "imported"
        if patterns or cue:
            memory.made["source"]["recalled"] = list(patterns or cue)
        write_memory(output, memory)
    put_json(
        json_file,
        {
            "memory": sizes(memory),
            "weights_file": str(weights),
            "memory_file": str(output),
            "kind": "exported memory" if as_exported else memory.made["settings"]["kind"],
            "changed": _changed(memory),
            "instead": _instead(memory),
            "scores": memory.made.get("scores"),
        },
    )
    if as_exported:
        print_line("Imported: the memory that was exported, bit for bit.")
    else:
        print_line(f"Imported: {_what(memory)}. Reset {_reset(memory)}.")
    print_memory(memory, output)
    compared = COMPARED if memory.neurons is None else COMPARED_IN_CONTINUOUS_TIME
    shown = " and ".join(SIMULATORS[name].shown for name in compared)
    print_note(f"written to {output}; wmdelays compare {output} recalls it in {shown}")


def _file(words):
    """What is read, and its kind, which may be named first (else None)."""
    *kinds, name = words
    if len(kinds) > 1 or kinds and kinds[0] in KINDS and Path(kinds[0]).is_file():
        raise InputError(f"import takes one file or folder, not {shortened(' '.join(words))}")
    if kinds and kinds[0] not in KINDS:
        raise InputError(f"there is no format {shortened(kinds[0])}; there is {', '.join(KINDS)}")
    return Path(name), kinds[0] if kinds else None


def _changed(memory):
    """Whether it comes from files of an export that are no longer what was exported."""
    return memory.made.get("settings", {}).get("changed", False)


def _instead(memory):
    """The parameters that the user says otherwise than the source."""
    return memory.made.get("settings", {}).get("instead", [])


def _what(memory):
    """What was imported, and whether it is what the source says."""
    said = []
    if _changed(memory):
        said.append("changed or cut since the export, so not the memory that was exported")
    if _instead(memory):
        flags = [f"--{name.replace('_', '-')}" for name in _instead(memory)]
        said.append(f"with neurons changed by {' and '.join(flags)}")
    return f"{memory.made['settings']['kind']}, {', '.join(said) or 'mapped exactly'}"


def _reset(memory):
    if memory.own_reset is None:
        return "zero: an emitted spike sets its membrane to zero"
    return reset_in_words(memory)
