"""The command `wmdelays compare`: do several simulators recall the same spikes?"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.brian_models.devices.cuda import check_installed_device
from wmdelays.errors import InputError
from wmdelays.files.memory_file import read_memory
from wmdelays.patterns import generate
from wmdelays.validation.commands.shared.options import (
    COMPUTING,
    SIMULATION,
    JsonFile,
    Report,
    check_outputs,
    chosen_patterns,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_line,
    print_note,
    progress_bar,
    seconds_since_start,
)
from wmdelays.validation.recall.comparison.columns import pattern_columns
from wmdelays.validation.recall.comparison.comparing import (
    COMPARED,
    COMPARED_IN_CONTINUOUS_TIME,
    compare,
)
from wmdelays.validation.recall.simulators import SIMULATORS, simulator
from wmdelays.validation.reports.verdict import certainty, verdict
from wmdelays.validation.work.aside import Aside

DEFAULT_PATTERNS = "bernoulli:neurons=256,steps=500,patterns=4,rate=0.004"


def command(
    memory: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A memory file; without one a small one is stored."),
    ] = None,
    patterns: Annotated[str, typer.Option(metavar="all|0,3,5", help="Patterns to recall.")] = "all",
    simulators: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,…",
            help=f"Two or more of {', '.join(SIMULATORS)}; the others are compared with the first."
            f" By default {','.join(COMPARED)}; {','.join(COMPARED_IN_CONTINUOUS_TIME)} for a memory"
            " for neurons in continuous time.",
            rich_help_panel=SIMULATION,
        ),
    ] = None,
    dt: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Time step of Brian2, a part of the training step; by default a tenth, which is"
            " 0.1ms for steps of 1ms. Neurons in continuous time run at it in all simulators, by"
            " default at the one for which they were learned.",
            rich_help_panel=SIMULATION,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="Brian2: auto, numpy, cython, cpp_standalone or cuda_standalone; auto takes the fastest.",
            rich_help_panel=SIMULATION,
        ),
    ] = "auto",
    torch_device: Annotated[
        str, typer.Option(help="torch: auto (the CPU), cpu or cuda.", rich_help_panel=SIMULATION)
    ] = "auto",
    neuron: Annotated[
        str | None,
        typer.Option(help="Neuron model; by default the memory's.", rich_help_panel=SIMULATION),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Brian2 on cpp_standalone: the most programs that share the patterns, by default one"
            " for each processor; fewer where that is as fast or memory is short.",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    report: Report = None,
    json_file: JsonFile = None,
    min_f1: Annotated[
        float | None, typer.Option(metavar="X", help="Fail where F1 is below this.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the memory that is stored without FILE.")] = 0,
):
    """Recall stored patterns in torch and in Brian2, or in others, and compare the spikes.

    Ends with status 0 if the rasters agree (and F1 reaches --min-f1), 1 if they do not, 2 if the
    input cannot be used.
    """
    if min_f1 is not None and not 0 <= min_f1 <= 1:
        raise InputError(f"--min-f1 is {min_f1}; F1 lies from 0 to 1")
    chosen = chosen_patterns(patterns)
    names = simulators and [simulator(name.strip()).name for name in simulators.split(",")]
    dt_s = time_given(dt, "--dt", above_zero=True)
    check_installed_device(device)
    check_outputs(json_file, report, memory)
    with Aside() as aside:
        with progress_bar() as say:
            timing = {"start": seconds_since_start()}
            if memory is None:
                say("storing a small default memory", None)
                from wmdelays.training import store

                content = store(generate(DEFAULT_PATTERNS, seed=seed), seed=seed)
            else:
                content = read_memory(memory)
            timing["store" if memory is None else "read"] = _rest(timing)
            result = compare(
                content,
                names,
                patterns=chosen,
                dt=dt_s,
                device=device,
                torch_device=torch_device,
                neuron=neuron,
                progress=say,
                aside=aside,
                workers=workers,
            )
            result.settings.update(
                memory_file=None if memory is None else str(memory),
                seed=seed if memory is None else None,
            )
            values = result.as_dict()
        recalling = dict(result.timing)
        result.timing.clear()
        result.timing.update(timing | recalling)
        result.timing["scores"] = _rest(result.timing)
        _print(result)
        if device == "auto" and "brian2" in result.simulations:
            _print_what_is_lost()
        page = None
        if report is not None:
            with progress_bar() as say:
                say("drawing the report", None)
                from wmdelays.validation.reports.compare import write_report

                words = _command_line(result, patterns, report)
                page = write_report(result, report, words, aside, say)
            result.timing["report"] = 0.0
    # It takes a moment until the other process has ended.
    result.timing["scores" if page is None else "report"] += _rest(result.timing)
    result.timing["total"] = seconds_since_start()
    put_json(json_file, values)
    _print_timing(result.timing)
    if page is not None:
        print_note(f"report: {page}")
    reached = min_f1 is None or result.worst_f1 >= min_f1
    if not reached:
        print_line(f"F1 is below --min-f1 {min_f1}")
    raise typer.Exit(0 if result.agrees and reached else 1)


def _rest(timing):
    """Seconds since the command began that no part of it has yet."""
    parts = [seconds for seconds in timing.values() if isinstance(seconds, float)]
    return seconds_since_start() - sum(parts)


def _print_timing(timing):
    parts = {name.replace("_", " "): value for name, value in timing.items() if name != "meanwhile"}
    line = ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items())
    for name, seconds in timing.get("meanwhile", {}).items():
        line += f"; {name} recalled in {seconds:.1f} in another process meanwhile"
    print_note(f"seconds: {line}")


def _print(result):
    for line in (*verdict(result), certainty(result)):
        print_line(line)
    print_columns(pattern_columns(result))


def _print_what_is_lost():
    from wmdelays.brian_models import compiler

    if compiler() is None:
        print_note(
            "There is no C++ compiler here, so Brian2 runs on numpy: slower for long recalls and"
            " large networks, with the same spikes."
        )


def _command_line(result, patterns, report):
    """The command that makes this report again."""
    settings = result.settings
    words = ["wmdelays", "compare"]
    if settings["memory_file"] is not None:
        words.append(settings["memory_file"])
    else:
        words += ["--seed", str(settings["seed"])]
    if patterns != "all":
        words += ["--patterns", patterns]
    usual = COMPARED if result.memory.neurons is None else COMPARED_IN_CONTINUOUS_TIME
    if settings["simulators"] != list(usual):
        words += ["--simulators", ",".join(settings["simulators"])]
    if settings["dt_s"] is not None:
        words += ["--dt", f"{settings['dt_s'] * 1e3:.10g}ms"]
    if settings["device"] is not None:
        words += ["--device", settings["device"]]
    if settings["torch_device"] == "cuda":
        words += ["--torch-device", "cuda"]
    return shlex.join([*words, "--report", str(report)])
