"""Does Brian2 recall the same spikes as the discrete-time model?"""

if __name__ == "__main__":
    # As a script this file is only a doorway: the same program as `wmdelays compare`, imported
    # under its one name.
    import sys

    try:
        from wmdelays.validation.cli import main
    except ModuleNotFoundError as missing:
        print(
            f"compare: {missing.name} is not installed here; run `make demo` once, then .venv/bin/python {sys.argv[0]}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    main(["compare", *sys.argv[1:]], alone=True)

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.brian_models.devices import DEVICES
from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.memory_file import read_memory
from wmdelays.patterns import generate
from wmdelays.quantities import seconds, substeps
from wmdelays.rounding import rounding_bound
from wmdelays.scores import Agreement, Scores, agreement, score
from wmdelays.validation.info import sizes
from wmdelays.validation.options import (
    JsonFile,
    Report,
    check_outputs,
    chosen_patterns,
    put_json,
)
from wmdelays.validation.results import versions
from wmdelays.validation.terminal import console, progress_bar, table
from wmdelays.validation.verdict import certainty, share, verdict

DEFAULT_PATTERNS = "bernoulli:neurons=256,steps=500,patterns=4,rate=0.004"


@dataclass(frozen=True)
class Comparison:
    """What came out of recalling a memory in torch and in Brian2.

    Attributes
    ----------
    memory : Memory
    patterns : list of int
        The patterns that were cued.
    torch, brian2 : list of Recall
        For each of them, the recall of either simulator.
    torch_scores, brian2_scores : Scores
        Against the stored patterns.
    agreements : list of Agreement
        For each pattern, torch (first) with Brian2 (second), over the network's own spikes from
        the end of the trigger window on.
    closest_call : float or None
        The smallest abs(u - theta) over all torch recalls.
    rounding_bound : float
        How far float order can move a membrane of these recalls, see `rounding_bound`.
    settings : dict
        dt_s, device, neuron, seed and what else decided the result.
    timing : dict
        Seconds spent in each part.
    versions : dict
        Versions of the software that took part.
    """

    memory: Memory
    patterns: list
    torch: list
    brian2: list
    torch_scores: Scores
    brian2_scores: Scores
    agreements: list
    closest_call: float | None
    rounding_bound: float
    settings: dict
    timing: dict
    versions: dict

    @property
    def agreement(self):
        """Agreement over all patterns; the first difference is the earliest in its pattern."""
        differences = [a.first_difference for a in self.agreements if not a.exact]
        return Agreement(
            sum(a.matched for a in self.agreements),
            sum(a.only_first for a in self.agreements),
            sum(a.only_second for a in self.agreements),
            min(differences, default=None),
        )

    def as_dict(self):
        """The comparison as plain JSON values."""
        same = self.agreement
        return {
            "memory": sizes(self.memory),
            "torch": _score_values(self.torch_scores, self.torch),
            "brian2": _score_values(self.brian2_scores, self.brian2),
            "agreement": {
                "matched": same.matched,
                "only_torch": same.only_first,
                "only_brian2": same.only_second,
                "first_difference_s": same.first_difference,
            },
            "closest_call": self.closest_call,
            "rounding_bound": self.rounding_bound,
            "patterns": [
                {
                    "pattern": k,
                    "torch_f1": torch_score.f1,
                    "brian2_f1": brian2_score.f1,
                    "matched": one.matched,
                    "only_torch": one.only_first,
                    "only_brian2": one.only_second,
                    "first_difference_s": one.first_difference,
                }
                for k, torch_score, brian2_score, one in zip(
                    self.patterns,
                    self.torch_scores.patterns,
                    self.brian2_scores.patterns,
                    self.agreements,
                )
            ],
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": self.versions,
        }


def compare(memory, *, patterns=None, dt=None, device="auto", neuron="lif", progress=None):
    """Recall stored patterns in torch and in Brian2 and compare the spikes.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int, optional
        Which patterns to cue; by default all.
    dt : float, optional
        Brian2's time step in seconds; it has to divide the training step. By default a tenth of
        the training step.
    device : {"auto", "numpy", "cython", "cpp_standalone"}
        Where Brian2 runs; "auto" takes the one that is expected to be done first.
    neuron : {"lif"}
        The neuron model.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the memory has no such pattern, dt does not divide the step, or the device or neuron
        is unknown.
    """
    say = progress or (lambda stage, part: None)
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    if len(set(chosen)) < len(chosen):
        raise InputError("a pattern is named twice")
    dt = memory.step / 10 if dt is None else dt
    n_substeps = substeps(memory.step, dt)
    if device not in ("auto", *DEVICES):
        raise InputError(f"there is no device {device!r}; there is auto, {', '.join(DEVICES)}")
    timing = {}
    say("importing Brian2", None)
    start = time.perf_counter()
    from wmdelays.brian_models import choose_device, neuron_model
    from wmdelays.brian_models import recall as brian2_recall
    from wmdelays.training.network import recall as torch_recall

    neuron_model(neuron)
    timing["import"], start = _lap(start)
    cues, stored = memory.cues(chosen), [memory.patterns[k] for k in chosen]
    say("torch: recalling", None)
    torch = torch_recall(memory, cues)
    timing["torch"], start = _lap(start)
    if device == "auto":
        device = choose_device(memory, cues, dt, neuron)
    brian2 = brian2_recall(
        memory,
        cues,
        dt=dt,
        device=device,
        neuron=neuron,
        progress=lambda stage, part: say(f"Brian2 on {device}: {stage}", part),
    )
    timing["brian2"], start = _lap(start)

    calls = [r.closest_call for r in torch if r.closest_call is not None]
    return Comparison(
        memory=memory,
        patterns=chosen,
        torch=torch,
        brian2=brian2,
        torch_scores=score(torch, stored),
        brian2_scores=score(brian2, stored),
        agreements=[agreement(a.own, b.own, memory.step) for a, b in zip(torch, brian2)],
        closest_call=min(calls, default=None),
        rounding_bound=rounding_bound(memory, torch, n_substeps),
        settings={"dt_s": memory.step / n_substeps, "device": device, "neuron": neuron},
        timing=timing,
        versions=versions(),
    )


def _lap(start):
    now = time.perf_counter()
    return now - start, now


def _score_values(scores, recalls):
    return {
        "f1": scores.total.f1,
        "precision": scores.total.precision,
        "recall": scores.total.recall,
        "worst_pattern_f1": scores.worst_pattern_f1,
        "n_spikes": sum(len(recall.own) for recall in recalls),
    }


def command(
    memory: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A memory file; without one a small one is stored."),
    ] = None,
    patterns: Annotated[str, typer.Option(metavar="all|0,3,5", help="Patterns to recall.")] = "all",
    dt: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Time step of Brian2, a part of the training step; by default a tenth, which is"
            " 0.1ms for steps of 1ms.",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(help="auto, numpy, cython or cpp_standalone; auto takes the fastest."),
    ] = "auto",
    neuron: Annotated[str, typer.Option(help="Neuron model: lif.")] = "lif",
    report: Report = None,
    json_file: JsonFile = None,
    min_f1: Annotated[
        float | None, typer.Option(metavar="X", help="Fail where Brian2's F1 is below this.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the memory that is stored without FILE.")] = 0,
):
    """Recall stored patterns in torch and in Brian2 and compare the spikes.

    Ends with status 0 if the rasters agree (and F1 reaches --min-f1), 1 if they do not, 2 if the
    input cannot be used.
    """
    if min_f1 is not None and not 0 <= min_f1 <= 1:
        raise InputError(f"--min-f1 is {min_f1}; F1 lies from 0 to 1")
    chosen = chosen_patterns(patterns)
    dt_s = None if dt is None else seconds(dt, "--dt", above_zero=True)
    check_outputs(json_file, report, memory)
    began = time.perf_counter()
    with progress_bar() as say:
        if memory is None:
            say("storing a small default memory", None)
            from wmdelays.training import store

            content = store(generate(DEFAULT_PATTERNS, seed=seed), seed=seed)
        else:
            content = read_memory(memory)
        stored = time.perf_counter()
        result = compare(
            content, patterns=chosen, dt=dt_s, device=device, neuron=neuron, progress=say
        )
        result.settings.update(
            memory_file=None if memory is None else str(memory),
            seed=seed if memory is None else None,
        )
        result.timing["store" if memory is None else "read"] = stored - began
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.report import write_report

            page = write_report(result, report, _command_line(result, patterns, report))
    result.timing["total"] = time.perf_counter() - began
    put_json(json_file, result.as_dict())
    _print(result)
    if device == "auto":
        _print_what_is_lost()
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
    reached = min_f1 is None or result.brian2_scores.total.f1 >= min_f1
    if not reached:
        console.print(f"F1 is below --min-f1 {min_f1}", highlight=False)
    raise typer.Exit(0 if result.agreement.exact and reached else 1)


def _print(result):
    shown = table("pattern", "F1 torch", "F1 Brian2", "same", "only torch", "only Brian2")
    for row in result.as_dict()["patterns"]:
        shown.add_row(
            str(row["pattern"]),
            share(row["torch_f1"]),
            share(row["brian2_f1"]),
            str(row["matched"]),
            str(row["only_torch"]),
            str(row["only_brian2"]),
        )
    console.print(shown, highlight=False)
    for line in (verdict(result), certainty(result)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    timing = ", ".join(f"{name} {value:.1f}" for name, value in result.timing.items())
    console.print(
        f"on {result.settings['device']}; seconds: {timing}", highlight=False, soft_wrap=True
    )


def _print_what_is_lost():
    from wmdelays.brian_models import compiler

    if compiler() is None:
        console.print(
            "There is no C++ compiler here, so Brian2 runs on numpy: slower for long recalls and"
            " large networks, with the same spikes.",
            highlight=False,
            soft_wrap=True,
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
    words += ["--dt", f"{settings['dt_s'] * 1e3:.10g}ms"]
    words += ["--device", settings["device"], "--report", str(report)]
    return shlex.join(words)
