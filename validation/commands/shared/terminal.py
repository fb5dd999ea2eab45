"""What the commands print."""

import sys
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from wmdelays.validation.recall.simulators import DEFAULT, simulator
from wmdelays.words import printable


class _Console(Console):
    """A console on which text stays as it is: what a file or its name says steers nothing."""

    def __init__(self, **settings):
        super().__init__(stderr=True, markup=False, emoji=False, **settings)

    def render_str(self, text, **settings):
        return super().render_str("\n".join(map(printable, text.split("\n"))), **settings)


# Standard output is for results that another program reads (--json -).
console = _Console()


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


# So many lines of a long table are shown.
_SHOWN = 40


def print_first(content):
    """Print a table as `print_columns` does, its first lines if there are many; none if it is empty."""
    n = len(next(iter(content.values())))
    if not n:
        return
    print_columns({title: cells[:_SHOWN] for title, cells in content.items()})
    if n > _SHOWN:
        print_line(f"… and {n - _SHOWN} more (--json, --report)")


def print_line(text):
    """Print a line, however long, as one."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


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


def print_simulator(name=None, noisy=False):
    """Say which simulator recalled; without a name the one that commands without a choice take."""
    line = f"simulator: {simulator(name or DEFAULT).shown}"
    if name in (None, DEFAULT):
        line += ", the fastest"
    if noisy:
        line += "; others draw noise of their own"
    elif name == DEFAULT:
        line += "; --simulator torch or brian2 gives the same spikes"
    print_line(line)
