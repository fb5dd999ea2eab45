"""The command `wmdelays scan`: what is recalled, and what it costs, as parameters change."""

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
from wmdelays.validation.scans.parameters import (
    GENERATOR,
    parse_over,
    parse_set,
    published_settings,
    settings,
    split_generator,
)
from wmdelays.validation.scans.scanning import columns, scan, summary
from wmdelays.validation.work.result_rows import StoreFigures, StoreSetting
from wmdelays.validation.work.results import Results


@OfRules
def command(
    generator: Annotated[
        str,
        typer.Argument(
            metavar="[GENERATOR]", help="The patterns, as in wmdelays store.", show_default=False
        ),
    ] = GENERATOR,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=X,…",
            help="A parameter and its values: a word of the generator, delays, beta, theta,"
            " beta_spread, latent, rule, an option of the rule, or a parameter of the neurons."
            " Several: all combinations.",
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="The five scans of the paper.")
    ] = False,
    rule: str | None = None,
    neuron: ForNeurons = None,
    dt: TickOfNeurons = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=X", help="A parameter that stays as it is."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 3,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    results: ResultsFile = None,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Recall, time and memory as parameters change.

    Without --over and --published nothing is computed: table and report show what the results
    file has.
    """
    check_outputs(json_file, report, results)
    scanned, options = parse_over(over or ()), parse_set(fixed or ())
    options |= named_neurons(neuron, dt, options)
    split_generator(generator)
    drawn_only = not (scanned or published)
    if drawn_only and (
        options or generator != GENERATOR or results is None or not results.exists()
    ):
        raise InputError("name what is scanned, as in --over delays=10,20,41, or --published")
    with progress_bar() as say, Results(results, "scan", StoreSetting, StoreFigures) as kept:
        if not drawn_only:
            say("checking the settings", None)
            make = published_settings if published else settings
            scan(
                make(generator, scanned, rule=rule, options=options),
                seeds=seeds,
                seed=seed,
                results=kept,
                workers=workers,
                scheduler=scheduler,
                progress=say,
            )
        rows = kept.rows
    if not rows:
        raise InputError(f"{results}: has no results yet; name what is scanned with --over")
    found = summary(rows)
    put_json(json_file, found)
    print_columns(columns(found))
    print_simulator()
    if report is not None:
        from wmdelays.validation.reports.scan import write_report

        page = write_report(rows, report, command_line())
        print_note(f"report: {page}")
