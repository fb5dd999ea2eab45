"""The command `wmdelays generalise`: whether a memory of some trials recalls others."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.recordings.cell_types import types_of
from wmdelays.validation.commands.shared.learning_options import (
    Beta,
    LearnFor,
    MergeSpikes,
    Pad,
    ParametersOfNeurons,
    Theta,
    Tick,
)
from wmdelays.validation.commands.shared.options import (
    NETWORK,
    RECORDING,
    Align,
    Before,
    JsonFile,
    Report,
    ResultsFile,
    Scheduler,
    TrialLength,
    TrialsFile,
    Warp,
    Workers,
    check_outputs,
    put_json,
    time_given,
    ways_of_trials,
)
from wmdelays.validation.commands.shared.recording_options import with_reading
from wmdelays.validation.commands.shared.rule_options import OfRules
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_line,
    print_note,
    progress_bar,
)
from wmdelays.validation.recall.controls import CONTROLS, USUAL
from wmdelays.validation.recall.generalising import generalise
from wmdelays.validation.reports.pages import command_line
from wmdelays.validation.reports.recordings.generalise import answers, columns

CHANCE = "Held out, and chance"


@OfRules
@with_reading
def command(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="Of any format that is read.")
    ],
    trials: TrialsFile = None,
    trial_length: TrialLength = None,
    align: Align = None,
    before: Before = None,
    warp: Warp = False,
    pad: Pad = False,
    rule: str | None = None,
    neuron: LearnFor = None,
    parameters: ParametersOfNeurons = None,
    dt: Tick = "0.1ms",
    delays: Annotated[
        int,
        typer.Option(
            metavar="D", help="Largest delay in steps; length of the cue.", rich_help_panel=NETWORK
        ),
    ] = 41,
    step: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Training time step, such as 1ms or 1/30s.",
            rich_help_panel=RECORDING,
        ),
    ] = "1ms",
    merge_spikes: MergeSpikes = False,
    beta: Beta = None,
    theta: Theta = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far from its time a recalled spike counts; by default one step.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Parts that are held out in turn; by default each trial by itself up to 10 trials,"
            " else 5 parts.",
            rich_help_panel=CHANCE,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(metavar="N", help="Draws of each control.", rich_help_panel=CHANCE)
    ] = 5,
    controls: Annotated[
        str,
        typer.Option(
            metavar="NAME,…", help=f"Which: {', '.join(CONTROLS)}.", rich_help_panel=CHANCE
        ),
    ] = ",".join(USUAL),
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    results: ResultsFile = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    report: Report = None,
    json_file: JsonFile = None,
    reading: dict = None,
    **options,
):
    """Learn some trials of a recording, and recall others from their own first spikes.

    Beside it stand memories of shuffled trials and of Poisson spikes, the memory with its units
    permuted, and guesses without a network.
    """
    if trials is None:
        raise InputError("name the trials with --trials: a csv file with start_s,stop_s")
    if "checkpoint" in options or "checkpoint_every" in options:
        raise InputError("generalise goes on from its --results, not from a --checkpoint")
    check_outputs(json_file, report, recording, trials, results)
    if "cell_types" in options:
        options["cell_types"] = types_of(options["cell_types"], recording)
    with progress_bar() as say:
        say("importing", None)
        found = generalise(
            recording,
            trials,
            n_delays=delays,
            step=time_given(step, "--step", above_zero=True),
            within=time_given(within, "--within"),
            folds=folds,
            draws=draws,
            controls=[name.strip() for name in controls.split(",") if name.strip()],
            rule=rule,
            beta=beta,
            theta=theta,
            neurons=neuron,
            dt=time_given(dt, "--dt", above_zero=True),
            parameters=parameters or (),
            **ways_of_trials(trial_length, align, before, warp),
            pad=pad,
            merge_spikes=merge_spikes,
            reading=reading,
            seed=seed,
            results=results,
            workers=workers,
            scheduler=scheduler,
            progress=say,
            **options,
        )
    put_json(json_file, found.as_dict())
    for line in answers(found):
        print_line(line)
    print_columns(columns(found))
    if report is not None:
        from wmdelays.validation.reports.recordings.generalise import write_report

        print_note(f"report: {write_report(found, report, command_line())}")
