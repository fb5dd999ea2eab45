"""Trials: the stretches of a recording that are patterns, such as laps, songs or stimuli."""

from __future__ import annotations

import csv
import math
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.files.csv_rows import csv_rows, delimiter_of, plain
from wmdelays.files.file_kinds import TRIALS
from wmdelays.files.output import check_writable, replacing
from wmdelays.quantities import shortened
from wmdelays.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

_START, _STOP, _NAME = "start_s", "stop_s", "name"
# What labs and NWB call these columns, and how long the unit is in seconds.
_CALLED = re.compile(r"(start|stop|end)(?:_time)?(?:_(s|ms))?")
_UNITS = {None: 1.0, "s": 1.0, "ms": 1e-3}


@dataclass(frozen=True, eq=False, repr=False)
class Trials:
    """Stretches of a recording, each with a name, and what else is known of each.

    Parameters
    ----------
    starts, stops : array_like of float, shape (n_trials,)
        When each begins and ends, in seconds from the start of the recording.
    names : sequence of str, optional
        By default their numbers from 0 on.
    columns : mapping of str to sequence
        What else is known, a value for each trial, by its name: such as the times of an event.

    Raises
    ------
    InputError
        If there is no trial, one ends before it begins, or a column has not a value for each.

    Examples
    --------
    >>> from wmdelays import Trials
    >>> laps = Trials([2.0, 9.5], [6.0, 14.0], names=["out", "back"], columns={"reward": [5.1, 13.2]})
    >>> laps, laps.events("reward").tolist()
    (<Trials: 2 trials of 4 to 4.5 s, with reward>, [5.1, 13.2])
    """

    starts: np.ndarray
    stops: np.ndarray
    names: tuple = ()
    columns: dict = field(default_factory=dict)

    def __init__(
        self,
        starts: ArrayLike,
        stops: ArrayLike,
        names: Sequence[str] | None = None,
        columns: Mapping[str, Sequence] | None = None,
    ):
        starts, stops = (np.asarray(times, dtype=np.float64) for times in (starts, stops))
        if starts.ndim != 1 or starts.shape != stops.shape:
            raise InputError("trials need as many starts as stops")
        if not len(starts):
            raise InputError("there are no trials")
        names = tuple(str(k) for k in range(len(starts))) if names is None else tuple(names)
        columns = {name: tuple(values) for name, values in (columns or {}).items()}
        for what, values in {"names": names, **columns}.items():
            if len(values) != len(starts):
                raise InputError(
                    f"{what}: {len(values)} values for {counted(len(starts), 'trial')}"
                )
        for name, value in zip(
            ("starts", "stops", "names", "columns"), (starts, stops, names, columns)
        ):
            object.__setattr__(self, name, value)
        for k, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist())):
            if not (math.isfinite(start) and math.isfinite(stop)):
                raise InputError(f"{self.shown(k)} has no finite start and stop")
            if start < 0:
                raise InputError(f"{self.shown(k)} starts at {start:g} s; recordings start at 0")
            if stop <= start:
                raise InputError(
                    f"{self.shown(k)} stops at {stop:g} s, which is not after its start at {start:g} s"
                )

    def __len__(self):
        """Number of trials."""
        return len(self.starts)

    def __repr__(self):
        least, most = (f"{length:.4g}" for length in (self.durations.min(), self.durations.max()))
        lengths = f"{least} s" if least == most else f"{least} to {most} s"
        known = f", with {', '.join(map(printable, self.columns))}" if self.columns else ""
        return f"<Trials: {counted(len(self), 'trial')} of {lengths}{known}>"

    @property
    def durations(self) -> np.ndarray:
        """How long each is, in seconds, float array of shape (n_trials,)."""
        return self.stops - self.starts

    def shown(self, k):
        """A trial in a message: its name, and its number where several have that name."""
        name = printable(self.names[k])
        number = "" if Counter(self.names)[self.names[k]] == 1 else f" (number {k})"
        return f"trial {name}{number}"

    def chosen(self, places: Sequence[int]) -> Trials:
        """Some of the trials, by their numbers."""
        return Trials(
            self.starts[list(places)],
            self.stops[list(places)],
            [self.names[k] for k in places],
            {name: [values[k] for k in places] for name, values in self.columns.items()},
        )

    def events(self, column: str) -> np.ndarray:
        """The time of an event in each trial, from a column.

        Parameters
        ----------
        column : str
            With times in seconds from the start of the recording.

        Returns
        -------
        float array, shape (n_trials,)

        Raises
        ------
        InputError
            If there is no such column, or a trial has no time there, or one outside itself.
        """
        if column not in self.columns:
            known = (
                f"there is {', '.join(map(printable, self.columns))}" if self.columns else "none"
            )
            raise InputError(f"trials have no column {shortened(column)}; {known}")
        times = np.empty(len(self))
        for k, value in enumerate(self.columns[column]):
            try:
                times[k] = float(plain(value) if isinstance(value, str) else value)
            except (TypeError, ValueError):
                times[k] = math.nan
            if not self.starts[k] <= times[k] <= self.stops[k]:
                inside = f"between its start and stop, {self.starts[k]:g} and {self.stops[k]:g} s"
                raise InputError(
                    f"{self.shown(k)} has {shortened(value)} as {printable(column)}; it has to be a"
                    f" time {inside}"
                )
        return times

    def overlapping(self) -> tuple[int, int] | None:
        """The numbers of two trials that have a stretch in common; None if there are none."""
        order = np.argsort(self.starts, kind="stable")
        latest = order[0]
        for k in order[1:]:
            if self.starts[k] < self.stops[latest] * (1 - 1e-12):
                return int(latest), int(k)
            latest = k
        return None


def read_trials(path: str | Path) -> Trials:
    """Read trials from a csv file.

    Parameters
    ----------
    path : str or Path
        A csv file with the columns ``start_s`` and ``stop_s``, in seconds from the start of the
        recording, and a line for each trial; ``name`` and further columns, in any order, if wanted.
        ``start``, ``start_time``, ``start_ms`` and ``stop``, ``end``, ``stop_time``, ``stop_ms`` are
        taken as well.

    Returns
    -------
    Trials

    Raises
    ------
    InputError
        If there is no such file, or it cannot be understood.

    Examples
    --------
    >>> from pathlib import Path
    >>> from wmdelays import read_trials
    >>> _ = Path("laps.csv").write_text("name,start_s,stop_s\\nout,2,6\\nback,9.5,14\\n")
    >>> read_trials("laps.csv").names
    ('out', 'back')
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise InputError(f"{printable(path)}: there is no such file")
    try:
        return _read(path)
    except OSError as error:
        reason = one_line(error.strerror or error)
        raise InputError(f"{printable(path)}: cannot be read: {reason}") from None
    except InputError as error:
        raise InputError(f"{printable(path)}: {error}") from None


def _read(path):
    header, units, rows = None, {}, []
    for line, row in csv_rows(path, delimiter_of(path)):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if header is None:
            header, units = _checked_header(cells)
            continue
        if len(cells) != len(header):
            raise InputError(
                f"line {line} has {counted(len(cells), 'cell')}, the header {len(header)}"
            )
        rows.append((line, dict(zip(header, cells))))
    if not rows:
        raise InputError("holds no trials; a line for each, beneath the header start_s,stop_s")
    starts, stops = (
        [_time(line, row, name) * units[name] for line, row in rows] for name in (_START, _STOP)
    )
    others = [name for name in header if name not in (_START, _STOP, _NAME)]
    return Trials(
        starts,
        stops,
        [row[_NAME] for _, row in rows] if _NAME in header else None,
        {name: [row[name] for _, row in rows] for name in others},
    )


def _checked_header(cells):
    """The names of the columns, those of times as `_START` and `_STOP`, and the units of these."""
    names, units = [], {}
    for cell in cells:
        called = _CALLED.fullmatch(cell.lower())
        name = cell
        if called:
            name = _START if called[1] == "start" else _STOP
            units[name] = _UNITS[called[2]]
        names.append(name)
    for name in (_START, _STOP):
        if name not in names:
            raise InputError(
                f"has no column {name}; its first line has to name {_START} and {_STOP} (in seconds;"
                " start_ms and stop_ms are taken too), and name and further columns if wanted"
            )
    twice = [cells[names.index(name)] for name, n in Counter(names).items() if n > 1]
    if twice:
        raise InputError(f"has the column {shortened(twice[0])} twice")
    return names, units


def _time(line, row, name):
    try:
        return float(plain(row[name]))
    except ValueError:
        raise InputError(
            f"line {line}: {name} is {shortened(row[name])}, not a time in seconds"
        ) from None


def write_trials(path: str | Path, trials: Trials) -> None:
    """Write trials to a csv file, which `read_trials` reads back.

    Examples
    --------
    >>> from wmdelays import Trials, read_trials
    >>> from wmdelays.files import write_trials
    >>> write_trials("songs.csv", Trials([2.0, 9.5], [6.0, 14.0]))
    >>> read_trials("songs.csv").stops.tolist()
    [6.0, 14.0]
    """
    path = Path(path)
    check_writable(path, TRIALS)
    with replacing(path, TRIALS) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_NAME, _START, _STOP, *trials.columns])
        times = zip(map(repr, trials.starts.tolist()), map(repr, trials.stops.tolist()))
        writer.writerows(
            [name, *ends, *more]
            for name, ends, *more in zip(trials.names, times, *trials.columns.values())
        )
