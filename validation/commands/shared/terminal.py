"""What the commands print."""

import shlex
import sys
import time
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from wmdelays.validation.recall.simulators import DEFAULT, simulator
from wmdelays.words import printable


class _Console(Console):
    """A console on which text stays as it is: what a file or its name says steers nothing."""

    def __init__(self, **settings):
        super().__init__(markup=False, emoji=False, **settings)

    def render_str(self, text, **settings):
        return super().render_str("\n".join(map(printable, text.split("\n"))), **settings)

    def on_broken_pipe(self):
        """Whoever read the output has seen enough."""
        raise BrokenPipeError


# Results go to standard output, what is said about them and errors to standard error.
_results, notes = _Console(), _Console(stderr=True)
_json_alone = False
# What was typed.
_command = "wmdelays"
_began = 0.0
# A pipe has lines of any length.
_ANY = 100_000
# Spaces between two columns.
_BETWEEN = 2


def json_alone(alone):
    """Say whether standard output is for JSON alone (--json -); results then go to standard error."""
    global _json_alone
    _json_alone = alone


def results():
    """The console that results go to."""
    return notes if _json_alone else _results


def _print_table(made):
    """Print a table; where there is no terminal with room for lines of any length, and no blanks at their ends."""
    console = results()
    if console.is_terminal:
        console.print(made, highlight=False, markup=False)
        return
    wide = _Console(stderr=console.stderr, width=_ANY)
    with wide.capture() as text:
        wide.print(made, highlight=False, markup=False)
    console.file.writelines(f"{line.rstrip()}\n" for line in text.get().splitlines())


def table(*columns):
    """A plain table; the first column is text, the others are numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for k, column in enumerate(columns):
        made.add_column(column, justify="left" if k == 0 else "right")
    return made


def print_facts(title, rows):
    """Print names and what stands for each, beneath a title."""
    grid = table(title, "")
    grid.columns[1].justify = "left"
    for row in rows:
        grid.add_row(*row)
    _print_table(grid)


def print_columns(content):
    """Print a table from its titles and the cells beneath each, none of them shortened.

    On a terminal that is too narrow for it, titles take several lines; where that is not enough the
    columns come in several tables, each with the first column; its rows are numbered if some are
    called the same.
    """
    console = results()
    room = console.width if console.is_terminal else _ANY
    parts = _fitting(content, room)
    if len(parts) > 1:
        parts = _fitting(_told_apart(content), room)
    for part in parts:
        made = table(*part)
        for line in zip(*part.values()):
            made.add_row(*line)
        for column, (title, cells) in zip(made.columns, part.items()):
            column.min_width = _least(title, cells)
        _print_table(made)


def _fitting(content, room):
    """The columns in parts that have room beside each other, each with the first one."""
    (first, cells), *others = content.items()
    parts, left = [{first: cells}], room - _least(first, cells)
    for title, column in others:
        width = _least(title, column) + _BETWEEN
        if width > left and len(parts[-1]) > 1:
            parts.append({first: cells})
            left = room - _least(first, cells)
        parts[-1][title] = column
        left -= width
    return parts


def _told_apart(content):
    """The same columns, with the rows numbered unless each is called differently."""
    (first, cells), *others = content.items()
    if len(set(cells)) == len(cells):
        return content
    digits = len(str(len(cells)))
    return {first: [f"{k:>{digits}}: {one}" for k, one in enumerate(cells, 1)], **dict(others)}


def _least(title, cells):
    """The least width of a column: no cell is broken, a title only between words."""
    return max(map(len, [*title.split(" "), *cells]), default=0)


# So many lines of a long table are shown on a terminal.
_SHOWN = 40


def print_first(content):
    """Print a table as `print_columns` does; on a terminal its first lines. None if it is empty."""
    n = len(next(iter(content.values())))
    if not n:
        return
    most = _SHOWN if results().is_terminal else n
    print_columns({title: cells[:most] for title, cells in content.items()})
    if n > most:
        print_note(f"… and {n - most} more (--json, --report)")


def print_line(text):
    """Print a line of a result, however long, as one."""
    results().print(text, highlight=False, markup=False, soft_wrap=True)


def print_note(text):
    """Print a line about the work, such as where its result is."""
    notes.print(text, highlight=False, markup=False, soft_wrap=True)


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
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task("starting", total=None)

        def say(stage, part):
            bar.update(
                task,
                description=printable(stage),
                total=None if part is None else 1,
                completed=part or 0,
            )

        yield say


def seconds_since_start():
    """Seconds since the command began, with the time until its modules were imported."""
    return time.perf_counter() - _began


def end_interrupted(goes_on):
    """End after Ctrl-C with one line, which says how to go on if what was done is kept."""
    line = f"interrupted; the same command goes on: {_command}" if goes_on else "interrupted"
    print(f"wmdelays: {printable(line)}", file=sys.stderr)
    sys.exit(130)


@contextmanager
def told_how_to_go_on(checkpoint):
    """End after Ctrl-C as `end_interrupted` does, by whether there is a checkpoint (a path or None)."""
    try:
        yield
    except KeyboardInterrupt:
        from wmdelays.training.rules.checkpoint import files_of

        end_interrupted(checkpoint is not None and bool(files_of(checkpoint)))


def begin(words, began=None):
    """Begin a command, of which these are the words: results are for standard output.

    `began` is when its process began, in seconds of `time.perf_counter`; by default now.
    """
    global _command, _began, _results
    # rich keeps what a reader who has seen enough did not take, and would print it now.
    _results = _Console()
    _began = time.perf_counter() if began is None else began
    _command = shlex.join(["wmdelays", *words])
    json_alone(False)


def print_simulator(name=None, noisy=False):
    """Say which simulator recalled; without a name the one that commands without a choice take."""
    line = f"simulator: {simulator(name or DEFAULT).shown}"
    if name in (None, DEFAULT):
        line += ", the fastest"
    if noisy:
        line += "; others draw noise of their own"
    elif name == DEFAULT:
        line += "; --simulator torch or brian2 gives the same spikes"
    print_note(line)
