"""Temporary folders that leave nothing behind, and a full disk told in one line."""

import errno
import os
import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from wmdelays.errors import InputError, one_line
from wmdelays.machine.unfinished import unfinished_folder

# No room on the disk, in the user's quota, or under `ulimit -f`.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# How compilers, whose error is a text, say it.
_NO_ROOM_IN_WORDS = re.compile(
    "|".join(re.escape(os.strerror(number)) for number in NO_ROOM), re.IGNORECASE
)
# With less than this left, a program that failed has failed for want of room.
_TOO_LITTLE = 1 << 14


@contextmanager
def temporary_folder():
    """A new folder that only this user can read, which is removed at the end.

    Where this process is killed, the next one that makes a temporary folder removes it.

    Yields
    ------
    Path

    Raises
    ------
    InputError
        If the disk of the temporary folder is full, whoever finds it out.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(unfinished_folder(tempfile.gettempdir()))
        except OSError as error:
            raise no_temporary(error) from None
        with _full_disk_told(folder):
            yield folder


def write_array(path, values):
    """Write the numbers of an array to a file, all of them or an OSError.

    `numpy.ndarray.tofile` says nothing where the last 4096 bytes do not fit.
    """
    Path(path).write_bytes(memoryview(values.ravel()).cast("B") if values.size else b"")


def is_full(folder):
    """Whether next to nothing can be written to a folder any more."""
    return shutil.disk_usage(folder).free < _TOO_LITTLE


def full_disk(folder):
    """The InputError of a temporary folder on a disk that is full."""
    # The disk is meant, so the folder is named that the user has chosen.
    return InputError(
        f"the temporary folder {tempfile.gettempdir() if _is_temporary(folder) else folder} has no"
        " room left; make room, or name another folder in the environment variable TMPDIR"
    )


def no_temporary(error):
    """The InputError of an OSError of making anything in the temporary folder."""
    if error.errno in NO_ROOM:
        return full_disk(tempfile.gettempdir())
    return InputError(
        f"no temporary folder can be made: {one_line(error.strerror or error)}; name a folder for"
        " them in the environment variable TMPDIR"
    )


def says_full(text):
    """Whether a program's error says that the disk is full."""
    return _NO_ROOM_IN_WORDS.search(text) is not None


@contextmanager
def _full_disk_told(folder):
    try:
        yield
    except Exception as error:
        if not isinstance(error, InputError) and _is_for_want_of_room(error, folder):
            raise full_disk(folder) from error
        raise


def _is_for_want_of_room(error, folder):
    """Whether an exception, or one that led to it, says that this folder's disk is full."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            # A write that fails does not name the file.
            if error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(folder):
                return True
        error = error.__cause__ or error.__context__
    return False


def _is_temporary(folder):
    return Path(folder).is_relative_to(tempfile.gettempdir())
