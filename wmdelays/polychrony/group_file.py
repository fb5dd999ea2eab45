"""Files of polychronous groups that are written while they are found, and gone on with."""

import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wmdelays.errors import InputError, one_line, parameter
from wmdelays.files.file_kinds import GROUPS, SEARCH
from wmdelays.files.json_text import Number, Whole, decoded
from wmdelays.files.output import check_writable, write_json
from wmdelays.machine.free_memory import in_words
from wmdelays.words import printable

_FORMAT, _VERSION = "wmdelays unfinished groups", 3
# So many seconds pass at least before the record is written again.
_EVERY = 2.0
# Bytes of the longest record; it has a few hundred.
_LONGEST = 1 << 16


class _Record(msgspec.Struct):
    """What a record of an unfinished search has."""

    format: Literal[_FORMAT]
    format_version: Literal[_VERSION]
    search: dict[str, Annotated[str, msgspec.Meta(max_length=100)] | bool | Number | None]
    n_sets: Whole
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1e15)]
    bytes: Whole


@dataclass(frozen=True)
class Done:
    """How far a search has come.

    Attributes
    ----------
    n_sets : int
        Sets of anchors that were searched, and the number of the first that was not, see
        `wmdelays.polychrony.search.search.GroupSearch`.
    seconds : float
        How long that took.
    n_bytes : int
        Length of what was found.
    """

    n_sets: int = 0
    seconds: float = 0.0
    n_bytes: int = 0


class GroupFile:
    """A file that gets groups while a search goes on.

    As long as the search is not finished, a record of how far it came stands beside the file under
    its name with ``.unfinished`` added. The record is never ahead of the file, so whenever the
    search is killed, the next one finds what is complete, cuts off the rest and goes on.

    Parameters
    ----------
    path : str or Path
    search : dict
        What is searched and how, as JSON values; another search does not go on with the file.
    n_bytes : float
        How long the file will be in the end, about.

    Raises
    ------
    InputError
        When it is entered, if the file cannot be written, another run writes to it, the record
        is not of this search or not of this file, or the disk has not the room. Nothing is changed
        then.
    """

    def __init__(self, path, search, n_bytes=0):
        self.path = Path(path)
        self.record = self.path.with_name(f"{self.path.name}.unfinished")
        self._search = search
        self._n_bytes = n_bytes
        self._file = None

    def __enter__(self):
        check_writable(self.path, GROUPS)
        check_writable(self.record, SEARCH)
        # Opening makes the file, so what speaks against it is found before.
        self._check_room(self._found().n_bytes)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(f"{self.path}: another run writes to it") from None
            self.done = self._found()
            self._save()
            os.ftruncate(self._file, self.done.n_bytes)
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, kind, error, trace):
        try:
            if self._file is not None:
                self._save()
        except InputError:
            # Then the older record holds; what went wrong first is what the user should read.
            if kind is None:
                raise
        finally:
            self.close()

    def add(self, data, n_sets, seconds):
        """Append what was found.

        Parameters
        ----------
        data : bytes
            Whole lines.
        n_sets : int
            Sets of anchors that were searched until now.
        seconds : float
            How long the whole search took until now.
        """
        begin, written = self.done.n_bytes, 0
        try:
            # At a place of its own, so that what an interruption leaves is written over.
            while written < len(data):
                written += os.pwrite(self._file, data[written:], begin + written)
        except OSError as error:
            raise self._cannot(error) from None
        self.done = Done(n_sets, seconds, begin + len(data))
        if time.monotonic() - self._saved >= _EVERY:
            self._save()

    def finish(self):
        """End the file; nothing is left to do."""
        os.ftruncate(self._file, self.done.n_bytes)
        self._sync()
        self.record.unlink()
        self.close()

    def close(self):
        """Let others write to the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _save(self):
        self._sync()
        done = self.done
        write_json(
            self.record,
            {
                "format": _FORMAT,
                "format_version": _VERSION,
                "search": self._search,
                "n_sets": done.n_sets,
                "seconds": round(done.seconds, 3),
                "bytes": done.n_bytes,
            },
            SEARCH,
        )
        self._saved = time.monotonic()

    def _sync(self):
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error):
        return InputError(f"{self.path}: cannot be written: {one_line(error.strerror or error)}")

    def _found(self):
        """How far an earlier search came."""
        if not self.record.exists():
            return Done()
        other = f"delete it to begin anew, or name another file than {self.path}"
        try:
            with open(self.record, "rb") as file:
                record = decoded(file.read(_LONGEST), _Record)
        except InputError:
            raise InputError(
                f"{self.record}: is no record of an unfinished search; {other}"
            ) from None
        except OSError as error:
            raise InputError(f"{self.record}: cannot be read: {one_line(error.strerror)}") from None
        if record.search != self._search:
            differences = _differences(record.search, self._search)
            raise InputError(f"{self.record}: is of a search with {differences}; {other}")
        self._check_length(record.bytes)
        return Done(record.n_sets, record.seconds, record.bytes)

    def _check_room(self, n_done):
        """The disk has to have room for what is to come."""
        free = shutil.disk_usage(os.path.dirname(os.path.realpath(self.path))).free
        # What an older search left in the file goes.
        free += max(0, self.path.stat().st_size - n_done) if self.path.exists() else 0
        if self._n_bytes - n_done > free:
            raise InputError(
                f"{self.path}: the groups would take about {in_words(self._n_bytes - n_done)}, and the"
                f" disk has room for {in_words(free)}; name a file on another disk, or leave out"
                f" {parameter('path', '--json')},"
                " for they are counted and drawn without it"
            )

    def _check_length(self, n_bytes):
        """What was complete has to be there and end with a line."""
        if not n_bytes:
            return
        last = b""
        if self.path.exists():
            with open(self.path, "rb") as file:
                file.seek(n_bytes - 1)
                last = file.read(1)
        if last != b"\n":
            raise InputError(
                f"{self.path}: is not what the unfinished search left: {n_bytes} bytes and the end of"
                f" a line; put it back, or delete {self.record} to begin anew"
            )


class NoFile:
    """Where a search goes whose groups are only counted."""

    done = Done()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def add(self, data, n_sets, seconds):
        self.done = Done(n_sets, seconds)

    def finish(self):
        pass


def _differences(found, wanted):
    """How one search differs from another: a few words."""
    words = [
        "another network"
        if name == "network"
        else f"{name} {printable(found.get(name))}, not {value}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    return "; ".join(words) or "other settings"
