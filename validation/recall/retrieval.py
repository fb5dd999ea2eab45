"""The command `wmdelays retrieve`: patterns cued one after another in one simulation."""

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.memory_file import read_memory
from wmdelays.quantities import checked_seed, seconds, whole
from wmdelays.recall import Recall
from wmdelays.retrieval import Sequence, score_cues, sequence, spontaneous
from wmdelays.validation.info import sizes
from wmdelays.validation.options import (
    Device,
    Dt,
    JsonFile,
    Report,
    Simulator,
    check_outputs,
    put_json,
)
from wmdelays.validation.results import versions
from wmdelays.validation.simulators import check_simulator, random_numbers, recall_by
from wmdelays.validation.terminal import command_line, console, progress_bar, table
from wmdelays.validation.verdict import share


@dataclass(frozen=True)
class Retrieval:
    """What came of patterns cued one after another.

    Attributes
    ----------
    memory : Memory
    sequence : Sequence
        What was cued when.
    recall : Recall
        The whole simulation.
    cues : list of CueScore
        What came of each cue.
    spontaneous : list of Spontaneous
        Recalls that were not cued.
    settings : dict
    timing : dict
        Seconds spent in each part.
    """

    memory: Memory
    sequence: Sequence
    recall: Recall
    cues: list
    spontaneous: list
    settings: dict
    timing: dict

    @property
    def summary(self):
        """The outcome in one sentence."""
        right = sum(one.recalled == k for one, k in zip(self.cues, self.sequence.order))
        n = len(self.spontaneous)
        return (
            f"{right} of {len(self.cues)} cues recalled the pattern they cued;"
            f" {n} spontaneous {'recall' if n == 1 else 'recalls'}."
        )

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds."""
        step, cues = self.memory.step, []
        for k, onset, one in zip(self.sequence.order, self.sequence.onsets, self.cues):
            values = {"pattern": k, "onset_s": float(onset * step), **asdict(one)}
            cues.append(values | {"recalled_shift_s": values.pop("recalled_shift") * step})
        return {
            "memory": sizes(self.memory),
            "cues": cues,
            "spontaneous": [
                {
                    "pattern": one.pattern,
                    "start_s": one.start * step,
                    "stop_s": one.stop * step,
                    "begins_s": one.begins * step,
                    "f1": one.f1,
                }
                for one in self.spontaneous
            ],
            "closest_call": self.recall.closest_call,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(),
        }


def retrieve(
    memory,
    order="stored",
    *,
    interval=None,
    trigger=None,
    background=None,
    window=None,
    bound=0.5,
    simulator="torch",
    dt=None,
    device="auto",
    seed=0,
    progress=None,
):
    """Cue patterns one after another in one simulation, and see which are recalled.

    Parameters
    ----------
    memory : Memory
    order : sequence of int, "stored" or "random"
        Which patterns, in which order; "stored" and "random" take each once.
    interval, trigger, background
        See `wmdelays.retrieval.sequence`.
    window : int, optional
        Length in steps of the window in which spontaneous recalls are looked for; by default the
        memory's `n_delays`.
    bound : float
        F1 from which on a pattern counts as recalled.
    simulator : {"torch", "brian2"}
    dt, device
        Of Brian2, see `wmdelays.brian_models.recall`.
    seed : int
        Decides the background spikes and the random order.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Retrieval

    Raises
    ------
    InputError
        If a setting makes no sense; before any work starts.
    """
    say = progress or (lambda stage, part: None)
    n_substeps = check_simulator(simulator, memory, dt, device)
    seed = checked_seed(seed)
    if not 0 < bound <= 1:
        raise InputError(f"bound is {bound}; it has to be above 0 and at most 1")
    if order == "stored":
        order = range(memory.n_patterns)
    elif order == "random":
        order = random_numbers(seed, "retrieve", "order").permutation(memory.n_patterns)
    made = sequence(
        memory,
        [int(k) for k in order],
        interval=interval,
        trigger=trigger,
        background=background,
        rng=random_numbers(seed, "retrieve", "background"),
    )
    window = memory.n_delays if window is None else whole("window", window, 1, memory.n_steps)
    start = time.perf_counter()
    say(f"{simulator}: recalling", None)
    (recall,) = recall_by(simulator, memory, [made.cue], n_substeps, device, say)
    simulated = time.perf_counter()
    say("looking for the patterns", None)
    cues = score_cues(made, recall.own, bound)
    uncued = spontaneous(made, recall.own, window, bound)
    scored = time.perf_counter()
    settings = {
        "order": list(made.order),
        "interval": interval if len(made.order) < 2 else int(made.onsets[1] - made.onsets[0]),
        "trigger": made.trigger,
        "background": made.background,
        "window": window,
        "bound": bound,
        "simulator": simulator,
        "dt_s": None if n_substeps is None else memory.step / n_substeps,
        "device": None if n_substeps is None else device,
        "seed": seed,
    }
    timing = {simulator: simulated - start, "scores": scored - simulated}
    return Retrieval(memory, made, recall, cues, uncued, settings, timing)


def cue_columns(result):
    """Titles of the table of cues and what stands beneath."""
    made, time = result.sequence, time_text(result.memory.step)
    columns = {
        "at (s)": [time(onset) for onset in made.onsets],
        "pattern": [str(k) for k in made.order],
        "recalled": ["none" if one.recalled is None else str(one.recalled) for one in result.cues],
        "shift (s)": [
            "" if one.recalled is None else time(one.recalled_shift) for one in result.cues
        ],
        "its F1": [share(one.recalled_f1) for one in result.cues],
        "F1": [share(one.f1) for one in result.cues],
        "F1, all": [share(one.f1_all) for one in result.cues],
        "precision": [share(one.precision) for one in result.cues],
        "recall": [share(one.recall) for one in result.cues],
    }
    # These tell something in some cases only.
    for name in ("its F1", "F1, all"):
        if columns[name] == columns["F1"]:
            del columns[name]
    if not any(one.recalled_shift for one in result.cues):
        del columns["shift (s)"]
    return columns


def spontaneous_columns(result):
    """Titles of the table of spontaneous recalls and what stands beneath."""
    time, found = time_text(result.memory.step), result.spontaneous
    return {
        "pattern": [str(one.pattern) for one in found],
        "start (s)": [time(one.start) for one in found],
        "end (s)": [time(one.stop) for one in found],
        "begins in the pattern at (s)": [time(one.begins) for one in found],
        "F1": [share(one.f1) for one in found],
    }


def time_text(step):
    """A function that writes steps as seconds, with as many decimals as the step needs."""
    decimals = max(3, math.ceil(-math.log10(step)))
    return lambda steps: f"{steps * step:.{decimals}f}"


def _order(text):
    if text in ("stored", "random"):
        return text
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(
            f"--order is stored, random or numbers such as 0,2,1, not {text!r}"
        ) from None


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    order: Annotated[
        str,
        typer.Option(
            metavar="0,2,1|stored|random", help="Patterns to cue; one may come several times."
        ),
    ] = "stored",
    interval: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="From one cue to the next; by default 50 steps more than a pattern has. With less"
            " than a pattern has they overlap.",
        ),
    ] = None,
    trigger: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Length of each cue; by default the longest delay."),
    ] = None,
    background: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="Probability of a random spike for each neuron and step between the patterns; by"
            " default their mean rate.",
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS", help="Length of the sliding window; by default the longest delay."
        ),
    ] = None,
    bound: Annotated[
        float, typer.Option(metavar="X", help="F1 from which on a pattern counts as recalled.")
    ] = 0.5,
    simulator: Simulator = "torch",
    dt: Dt = None,
    device: Device = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the background and of a random order.")] = 0,
    report: Report = None,
    json_file: JsonFile = None,
):
    """Cue patterns one after another and see which is recalled when."""
    check_outputs(json_file, report, memory)
    wanted = _order(order)
    dt_s = None if dt is None else seconds(dt, "--dt", above_zero=True)
    with progress_bar() as say:
        result = retrieve(
            read_memory(memory),
            wanted,
            interval=interval,
            trigger=trigger,
            background=background,
            window=window,
            bound=bound,
            simulator=simulator,
            dt=dt_s,
            device=device,
            seed=seed,
            progress=say,
        )
        result.settings["memory_file"] = str(memory)
        page = None
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.retrieval_report import write_report

            page = write_report(result, report, command_line())
    put_json(json_file, result.as_dict())
    print_table(cue_columns(result))
    if result.spontaneous:
        console.print("Spontaneous recalls:", highlight=False)
        print_table(spontaneous_columns(result))
    console.print(result.summary, highlight=False, soft_wrap=True)
    if page is not None:
        console.print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)


def print_table(columns):
    """Print a table from its columns: title and what stands beneath."""
    shown = table(*columns)
    for line in zip(*columns.values()):
        shown.add_row(*line)
    console.print(shown, highlight=False, markup=False)
