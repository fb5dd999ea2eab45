"""Results that can be added to: a file that gets a row for each point as soon as it is known."""

import fcntl
import importlib.metadata
import json
import platform
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.output import check_writable

FORMAT, _VERSION = "wmdelays results", 1
_PARTS = {"setting": dict, "seed": int, "figures": dict, "versions": dict}


class Results:
    """The rows of a results file: JSON lines, the first of which says what the file is.

    A row has the parts `setting` (dict), `seed` (int), `figures` (dict) and `versions` (dict). A
    setting and a seed together stand in one row at most.

    Parameters
    ----------
    path : str or Path, optional
        The file. It is made with the first row. Without it the rows are kept in memory alone.
    command : str
        The command whose results they are.

    Raises
    ------
    InputError
        If there is something else under that name, or another run writes to it.
    """

    def __init__(self, path, command):
        self.path = None if path is None else Path(path)
        self.command = command
        self._rows = {}
        self._file = None
        if self.path is None:
            return
        check_writable(self.path)
        if self.path.exists():
            self._open()

    @property
    def rows(self):
        """All rows, in the order in which they came."""
        return list(self._rows.values())

    def get(self, setting, seed):
        """The row of a setting and a seed, or None."""
        return self._rows.get(_key(setting, seed))

    def append(self, setting, seed, figures):
        """Add a row; it is in the file when this returns."""
        row = {"setting": setting, "seed": seed, "figures": figures, "versions": versions()}
        if self.path is not None:
            if self._file is None:
                self._open()
            self._write(row)
        self._rows[_key(setting, seed)] = row

    def close(self):
        """Let others write to the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self):
        """Keep the file to ourselves, and read it."""
        file = open(self.path, "a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise InputError(f"{self.path}: another run writes to it") from None
        self._file = file
        try:
            self._read()
        except InputError:
            self.close()
            raise

    def _read(self):
        self._file.seek(0)
        content = self._file.read()
        # What follows the last line's end was being written when a run was killed.
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and _line(self._head()).startswith(content):
            self._file.truncate(0)
            self._write(self._head())
            return
        header, *lines = whole.splitlines() or [b""]
        header = _parsed(header)
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise InputError(f"{self.path}: is no file of results; name another one")
        for name, value in self._head().items():
            if header.get(name) != value:
                raise InputError(
                    f"{self.path}: its {name.replace('_', ' ')} is {header.get(name)!r}; here"
                    f" {value!r} is needed"
                )
        for number, line in enumerate(lines, 2):
            row = _parsed(line)
            if not isinstance(row, dict) or not all(
                isinstance(row.get(name), kind) for name, kind in _PARTS.items()
            ):
                raise InputError(f"{self.path}: line {number} is no row of results")
            self._rows[_key(row["setting"], row["seed"])] = row
        self._file.truncate(len(whole))

    def _write(self, values):
        self._file.write(_line(values))
        self._file.flush()

    def _head(self):
        return {"format": FORMAT, "format_version": _VERSION, "command": self.command}


def versions():
    """Versions of the software that takes part in a result."""
    names = ("wmdelays", "torch", "brian2", "numpy", "scipy", "h5py")
    found = {name: importlib.metadata.version(name) for name in names}
    return {**found, "python": platform.python_version(), "system": platform.platform()}


def _line(values):
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def _key(setting, seed):
    return json.dumps([setting, seed], sort_keys=True)
