"""Results that can be added to: a file that gets a row for each point as soon as it is known."""

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec

from wmdelays.errors import InputError, one_line
from wmdelays.files.file_kinds import RESULTS
from wmdelays.files.json_text import Number, Whole, decoded, fits
from wmdelays.files.output import check_writable
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.versions import versions
from wmdelays.words import printable

FORMAT, _VERSION = "wmdelays results", 1
# Rows take so many times their size in memory.
_COPIES = 8
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Text = Annotated[str, msgspec.Meta(max_length=1000)]


class _Row(msgspec.Struct):
    """What a row of any command has."""

    setting: dict[_Name, _Text | bool | Number | None]
    seed: Whole
    figures: dict[_Name, Number | None]
    versions: dict[_Name, _Text]


class Results:
    """The rows of a results file: JSON lines, the first of which says what the file is.

    A row has the parts `setting` (dict), `seed` (int), `figures` (dict) and `versions` (dict). A
    setting and a seed together stand in one row at most.

    Opening changes nothing: a file that may only be read can be drawn. What a killed run left of a row
    goes when the first row is added.

    Parameters
    ----------
    path : str or Path, optional
        The file. It is made with the first row. Without it the rows are kept in memory alone.
    command : str
        The command whose results they are.
    setting, figures : type
        What settings and figures of this command have to be, where the file has any.
    of_today : callable, optional
        Takes a setting that is read and gives it as it is written today, where earlier versions
        wrote it otherwise.

    Raises
    ------
    InputError
        If there is something else under that name, or another run writes to it.
    """

    def __init__(self, path, command, setting=dict, figures=dict, of_today=None):
        self.path = None if path is None else Path(path)
        self.command = command
        self._of_today = of_today or (lambda setting: setting)
        self._kinds = {"setting": setting, "figures": figures}
        self._rows = {}
        self._file = None
        # Bytes that are whole rows, and what is missing at their end.
        self._whole, self._missing = 0, b""
        if self.path is None:
            return
        if os.path.isfile(self.path):
            self._open()
        else:
            check_writable(self.path, RESULTS)

    @property
    def rows(self):
        """All rows, in the order in which they came."""
        return list(self._rows.values())

    def get(self, setting, seed):
        """The row of a setting and a seed, or None."""
        return self._rows.get(_key(setting, seed))

    def append(self, setting, seed, figures):
        """Add a row; it is in the file when this returns."""
        used = versions(setting.get("simulator"))
        row = {"setting": setting, "seed": seed, "figures": figures, "versions": used}
        if self.path is not None:
            line = _line(row)
            self.check_can_add()
            if self._file is None:
                self._open(to_add=True)
            self._repair()
            self._write(line)
        self._rows[_key(setting, seed)] = row

    def check_can_add(self):
        """Raise an InputError if no rows can be added, for use before the work that gives them."""
        if self._file is not None and not self._file.writable():
            check_writable(self.path, RESULTS)
            raise InputError(f"{self.path}: is read-only; name another file, or make it writable")

    def close(self):
        """Let others write to the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self, to_add=False):
        """Keep the file to ourselves if it may be written, and read it."""
        how = "a+b" if to_add else "r+b" if _may_be_written(self.path) else "rb"
        try:
            self._file = open(self.path, how)
        except OSError as error:
            reason = one_line(error.strerror or error)
            raise InputError(f"{self.path}: cannot be opened: {reason}") from None
        try:
            if self._file.writable():
                self._lock()
            self._read()
        except InputError as error:
            self.close()
            raise InputError(f"{self.path}: {error}") from None

    def _lock(self):
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("another run writes to it") from None

    def _read(self):
        check_memory(
            _COPIES * os.fstat(self._file.fileno()).st_size,
            "what the file holds",
            "take a file of results with fewer rows",
        )
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        # What follows the last line's end was being written when a run was killed; unless the end
        # alone is missing.
        rest = content[len(whole) :]
        head = _line(self._head())
        if not whole and head.startswith(content):
            self._whole, self._missing = 0, head
            return
        header, *lines = whole.splitlines() or [b""]
        self._check_header(header)
        for number, line in enumerate(lines, 2):
            try:
                self._take(line)
            except InputError as error:
                raise InputError(f"line {number} is no row of results: it {error}") from None
        self._whole, self._missing = len(whole), b""
        try:
            self._take(rest)
            self._whole, self._missing = len(content), b"\n"
        except InputError:
            pass

    def _check_header(self, line):
        try:
            header = decoded(line, dict)
        except InputError:
            header = {}
        if header.get("format") != FORMAT:
            raise InputError("is no file of results; name another one")
        for name, value in self._head().items():
            found = header.get(name)
            if found != value:
                found = printable(repr(found))[:60]
                raise InputError(
                    f"its {name.replace('_', ' ')} is {found}; here {value!r} is needed"
                )

    def _take(self, line):
        row = msgspec.structs.asdict(decoded(line, _Row))
        for part, kind in self._kinds.items():
            fits(row[part], kind, part)
        row["setting"] = self._of_today(row["setting"])
        self._rows[_key(row["setting"], row["seed"])] = row

    def _repair(self):
        """Cut off what is no whole row, and write what is missing before the next."""
        if self._missing is not None:
            self._file.truncate(self._whole)
            self._write(self._missing)
            self._missing = None

    def _write(self, line):
        self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()

    def _head(self):
        return {"format": FORMAT, "format_version": _VERSION, "command": self.command}


@contextmanager
def kept_in(results, command, *kinds):
    """Results that are open for a while.

    Parameters
    ----------
    results : str, Path, Results or None
        A file, or None for rows in memory alone; Results stay as they are.
    command, *kinds
        Of a file, see `Results`.

    Yields
    ------
    Results
    """
    if isinstance(results, Results):
        yield results
        return
    with Results(results, command, *kinds) as opened:
        yield opened


def _line(values):
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _may_be_written(path):
    # To root every file is writable; who made this one read-only wants to keep it.
    return os.access(path, os.W_OK) and os.stat(path).st_mode & 0o222


def _key(setting, seed):
    return json.dumps([setting, seed], sort_keys=True)
