"""The command `wmdelays spikes`: stored or recalled spikes as a recording in the format of a lab."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.files.recording import begins_at
from wmdelays.files.recordings.writing import FORMATS, check_spike_file, write_spikes_as
from wmdelays.files.trials import write_trials
from wmdelays.validation.commands.shared.options import (
    Device,
    Dt,
    Simulator,
    check_outputs,
    chosen_patterns,
    time_given,
)
from wmdelays.validation.commands.shared.terminal import print_line, print_note, progress_bar
from wmdelays.validation.recall.simulators import DEFAULT, recall
from wmdelays.validation.recordings.placing import placed
from wmdelays.words import counted

_KINDS = ("stored", "recalled")


def command(
    memory: Annotated[Path, typer.Argument(metavar="MEMORY", help="A memory file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A new file: .csv, .npz, .nwb, .h5 (SONATA) or .nix (neo).",
        ),
    ],
    of: Annotated[str, typer.Option(metavar="|".join(_KINDS), help="Which spikes.")] = "recalled",
    patterns: Annotated[str, typer.Option(metavar="all|0,3,5", help="Of which patterns.")] = "all",
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="|".join(FORMATS), help="By default what the ending says."
        ),
    ] = None,
    trials: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write here when each pattern begins and ends (.csv)."),
    ] = None,
    with_latent: Annotated[
        bool, typer.Option("--with-latent", help="Latent neurons too, as units of their own.")
    ] = False,
    simulator: Simulator = DEFAULT,
    dt: Dt = None,
    device: Device = "auto",
):
    """Write stored or recalled spikes as a recording, each pattern a trial.

    Patterns that were recorded stand at the times of the recording, others one after another. Units
    keep their names.
    """
    if of not in _KINDS:
        raise InputError(f"--of is stored or recalled, not {of!r}")
    check_spike_file(output, form)
    check_outputs(None, None, memory, output, trials)
    content = read_memory(memory)
    chosen = chosen_patterns(patterns)
    chosen = list(range(content.n_patterns)) if chosen is None else chosen
    for k in chosen:
        if k >= content.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory has {content.n_patterns}")
    if not chosen:
        raise InputError(f"{memory}: holds no patterns")
    with progress_bar() as say:
        rasters = [content.patterns[k] for k in chosen]
        if of == "recalled":
            recalls = recall(
                content,
                content.cues(chosen),
                simulator,
                dt=time_given(dt, "--dt", above_zero=True),
                device=device,
                progress=say,
            )
            rasters = [one.emitted for one in recalls]
        if with_latent:
            rasters = [replace(one, n_latent=content.n_latent) for one in rasters]
        else:
            rasters = [one.first_neurons(content.n_recorded) for one in rasters]
        raster, stretches = placed(content, rasters, chosen)
        verb = "stored in" if of == "stored" else "recalled from"
        words = f"Spikes {verb} synaptic delays by wmdelays: {memory.name}"
        write_spikes_as(output, raster, stretches, form, words, content.tick)
        if trials is not None:
            write_trials(trials, stretches)
    for line in _notes(content, chosen, stretches, of):
        print_note(line)
    print_line(
        f"{counted(len(raster), 'spike')} of {counted(raster.n_neurons, 'unit')}, {of}, in"
        f" {counted(len(chosen), 'trial')} from {stretches.starts[0]:.6g} s to"
        f" {stretches.stops[-1]:.6g} s: {output}"
    )


def _notes(memory, chosen, stretches, of):
    """What a reader of the file has to know, a line each."""
    lines = []
    begins = [begins_at(memory, k) for k in stretches.columns["pattern"]]
    if None not in begins and begins != stretches.starts.tolist():
        lines.append(
            "patterns overlap in the recording, padded or aligned as they were stored, so they stand"
            " one after another and not at the times of the recording"
        )
    if memory.made.get("source", {}).get("warp"):
        lines.append("trials were stretched in time to be stored: times within them are as stored")
    if of == "recalled":
        length = memory.n_delays * memory.step
        lines.append(
            f"the first {length:.4g} s of each trial, the trigger window, are the cue's spikes"
        )
    return lines
