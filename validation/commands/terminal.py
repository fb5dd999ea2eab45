"""What the commands print."""

import shlex
import sys
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from wmdelays.binning import Resolution
from wmdelays.contexts import unpredictable_spikes
from wmdelays.words import printable


class _Console(Console):
    """A console on which text stays as it is: what a file or its name says steers nothing."""

    def __init__(self, **settings):
        super().__init__(stderr=True, markup=False, emoji=False, **settings)

    def render_str(self, text, **settings):
        return super().render_str("\n".join(map(printable, text.split("\n"))), **settings)


# Standard output is for results that another program reads (--json -).
console = _Console()

_SHOWN = 5


def command_line():
    """The command line of this run."""
    return shlex.join(["wmdelays", *sys.argv[1:]])


def table(*columns):
    """A plain table; the first column is text, the others are numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for k, column in enumerate(columns):
        made.add_column(column, justify="left" if k == 0 else "right")
    return made


def print_columns(content):
    """Print a table from its titles and the cells beneath each, none of them shortened."""
    lines = table(*content)
    for line in zip(*content.values()):
        lines.add_row(*line)
    width = sum(max(map(len, [title, *cells])) + 2 for title, cells in content.items())
    wide = _Console(width=max(width, console.width))
    wide.print(lines, highlight=False, markup=False)


@contextmanager
def progress_bar():
    """A progress bar, on a terminal only.

    Yields
    ------
    callable
        Takes what is being done (str) and the part of it that is done (float, or None where that
        is not known).
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=None)

        def say(stage, part):
            bar.update(
                task,
                description=printable(stage),
                total=None if part is None else 1,
                completed=part or 0,
            )

        yield say


def end_interrupted(goes_on):
    """End after Ctrl-C with one line, which says whether what was done is kept."""
    line = "interrupted; the same command goes on" if goes_on else "interrupted"
    print(f"wmdelays: {line}", file=sys.stderr)
    sys.exit(130)


def duration(seconds):
    """A time in a few words: ``85 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def print_memory(memory, name):
    """Print what is in a memory."""
    dense = memory.n_neurons**2 * memory.n_delays
    spikes = sum(len(pattern) for pattern in memory.patterns)
    rows = [
        ("neurons", f"{memory.n_neurons}"),
        ("delays", f"1 to {memory.n_delays} steps of {memory.step * 1e3:g} ms"),
        ("synapses", f"{memory.n_synapses} ({memory.n_synapses / dense:.2%} of all)"),
        (
            "patterns",
            f"{memory.n_patterns} of {memory.n_steps} steps"
            f"{', periodic' if memory.periodic else ''}, {spikes} spikes",
        ),
        ("neuron", f"beta {memory.beta:g}, theta {memory.theta:g}"),
    ]
    made = memory.made
    if "rule" in made:
        rows.append(("rule", f"{made['rule']}, seed {made.get('seed')}"))
    if made.get("binning"):
        rows.append(("bins", _bins(made["binning"])))
    if {"f1", "worst_pattern_f1"} <= made.get("scores", {}).keys():
        scores = made["scores"]
        rows.append(
            ("recall", f"F1 {scores['f1']:.4f}, worst pattern {scores['worst_pattern_f1']:.4f}")
        )
    if {"open_loop_errors", "margin"} <= made.get("reached", {}).keys():
        reached = made["reached"]
        distance = f"{abs(reached['margin']):.3g}"
        rows.append(
            (
                "open loop",
                f"{reached['open_loop_errors']} wrong spikes, membranes"
                + (
                    f" at least {distance} away from theta"
                    if reached["margin"] > 0
                    else f" up to {distance} on the wrong side of theta"
                ),
            )
        )
    grid = table(str(name), "")
    grid.columns[1].justify = "left"
    for row in rows:
        grid.add_row(*row)
    console.print(grid, highlight=False, markup=False)


def _bins(recordings):
    """How recordings became steps, in a few words; those that did so alike together."""
    alike = {}
    for one in recordings:
        kind = one["rule"], str(Resolution(**one["resolution"]))
        n, left = alike.get(kind, (0, 0))
        which = "n_off_grid" if one["rule"] == "nearest" else "n_at_edge"
        alike[kind] = n + one["n_spikes"], left + one[which]
    where = {"nearest": "off the grid", "containing": "just below an edge"}
    return "; ".join(
        f"{rule} step (times of {known}), {left} of {n} spikes {where[rule]}"
        for (rule, known), (n, left) in alike.items()
    )


def print_unpredictable(memory):
    """Print which stored spikes no weights could predict, and why; nothing if there are none."""
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    if not len(found):
        return

    def where(k, t):
        pattern = f"pattern {k}, " if memory.n_patterns > 1 else ""
        return f"{pattern}{t * memory.step:.4g} s"

    lines = [f"{len(found)} of {found.n_spikes} spikes cannot be predicted by any weights:"]
    window = f"{memory.n_delays} steps ({memory.n_delays * memory.step * 1e3:g} ms)"
    if found.empty:
        shown = "; ".join(f"unit {j} at {where(k, t)}" for k, t, j in found.empty[:_SHOWN])
        lines.append(
            f"  {len(found.empty)} have an empty context: no unit spikes in the {window} before,"
            f" so nothing arrives ({shown}{'; …' if len(found.empty) > _SHOWN else ''})"
        )
        lines.append(
            "  a recall ends at the first of them, since a network that has been silent for so long"
            " stays silent"
        )
    if found.ambiguous:
        shown = "; ".join(
            f"unit {j} at {where(k, t)}, not at {where(other, u)}"
            for k, t, j, other, u in found.ambiguous[:_SHOWN]
        )
        lines.append(
            f"  {len(found.ambiguous)} have an ambiguous context: the same {window} come before"
            f" another moment at which the unit is silent"
            f" ({shown}{'; …' if len(found.ambiguous) > _SHOWN else ''})"
        )
    lines.append("  longer contexts (--delays) or another bin (--bin) may tell them apart")
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
