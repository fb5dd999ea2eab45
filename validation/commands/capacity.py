"""The command `wmdelays capacity`: how many patterns a network stores."""

from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.validation.commands.shared.options import (
    ForNeurons,
    JsonFile,
    Report,
    ResultsFile,
    Scheduler,
    TickOfNeurons,
    Workers,
    check_outputs,
    named_neurons,
    put_json,
)
from wmdelays.validation.commands.shared.rule_options import OfRules
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_note,
    print_simulator,
    progress_bar,
)
from wmdelays.validation.reports.pages import command_line
from wmdelays.validation.scans.limit import BOUND, PRECISION, capacity, columns, outcomes
from wmdelays.validation.scans.parameters import parse_over, parse_set, settings
from wmdelays.validation.work.result_rows import CapacitySetting, StoreFigures
from wmdelays.validation.work.results import Results


@OfRules
def command(
    context: typer.Context,
    neurons: Annotated[int, typer.Option(metavar="N", help="Number of neurons.")] = 1024,
    delays: Annotated[int, typer.Option(metavar="D", help="Longest delay in steps.")] = 41,
    steps: Annotated[int, typer.Option(metavar="T", help="Length of a pattern in steps.")] = 1000,
    rate: Annotated[
        float, typer.Option(help="Probability of a spike for each neuron and step.")
    ] = 1e-3,
    interval: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Steps for which a neuron is silent after each spike; by default spikes come as"
            " they are drawn.",
        ),
    ] = None,
    rule: str | None = None,
    neuron: ForNeurons = None,
    dt: TickOfNeurons = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=X",
            help="beta, theta, beta_spread, latent, a parameter of the neurons (tau_s=2ms) or an option of"
            " the rule."
            " Near the limit the rule margin stores more"
            " with damaged_epochs=0 and a small kappa.",
        ),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=X,…",
            help="A parameter and its values, each with a search of its own; see wmdelays scan.",
        ),
    ] = None,
    bound: Annotated[float, typer.Option(help="F1 from which on patterns are stored.")] = BOUND,
    precision: Annotated[
        float, typer.Option(help="The search ends this close, as a part of M.")
    ] = PRECISION,
    start: Annotated[
        int | None,
        typer.Option(metavar="M", help="The first M; by default a 64th of what the theory says."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 3,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    results: ResultsFile = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """The largest number of patterns that is recalled, beside the theory."""
    check_outputs(json_file, report, results)
    for word in context.args:
        raise InputError(
            f"capacity draws Bernoulli patterns and takes no others, not {word!r}; their rate"
            " and sizes are options, see --help"
        )
    scanned, options = parse_over(over or ()), parse_set(fixed or ())
    options |= named_neurons(neuron, dt, options)
    if "patterns" in {*scanned, *options}:
        raise InputError("the number of patterns is what is searched for; --start is the first one")
    if "delays" not in {*scanned, *options}:
        options["delays"] = delays
    sizes = f"neurons={neurons},steps={steps},patterns=1,rate={rate}"
    generator = f"bernoulli:{sizes}"
    if interval is not None:
        generator = f"refractory:{sizes},interval={interval}"
    with progress_bar() as say, Results(results, "capacity", CapacitySetting, StoreFigures) as kept:
        say("checking the settings", None)
        found = capacity(
            settings(generator, scanned, rule=rule, options=options),
            bound=bound,
            precision=precision,
            start=start,
            seeds=seeds,
            seed=seed,
            results=kept,
            workers=workers,
            scheduler=scheduler,
            progress=say,
        )
        rows = kept.rows
    if results is not None:
        found = outcomes(rows, bound)
    put_json(json_file, found)
    print_columns(columns(found))
    print_simulator()
    if report is not None:
        from wmdelays.validation.reports.capacity import write_report

        page = write_report(rows, bound, report, command_line())
        print_note(f"report: {page}")
