"""Files that are written whole or not at all."""

import io
import json
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import h5py

from wmdelays.errors import InputError, one_line
from wmdelays.files.file_kinds import JSON, check_kind
from wmdelays.machine.unfinished import unfinished_file


def check_writable(path, kind=None):
    """Raise an InputError unless a file of this name can be written, and destroys nothing.

    For use before long work whose result is to go there.

    Parameters
    ----------
    path : str or Path
    kind : str, optional
        What is to be written, one of the kinds of `wmdelays.files.file_kinds`. Without it the caller
        looks itself at what is in the file.

    Raises
    ------
    InputError
        If the name is none for a file, the folder or the file is read-only, or a file is there
        that is not of this kind.
    """
    path = Path(path)
    target = _target(path)
    _check_place(path, target)
    if kind is not None:
        check_kind(path, kind)
    try:
        # Nothing else tells for certain: permissions, a disk mounted read-only, its quota.
        with unfinished_file(target.parent):
            pass
    except OSError as error:
        raise InputError(
            f"{path}: the folder {target.parent} cannot be written to"
            f" ({one_line(error.strerror or error)})"
        ) from None


@contextmanager
def replacing(path, kind):
    """A temporary file beside `path` that takes its name once it is complete.

    Until then, and if anything goes wrong, an older file of that name stays as it is. Where
    `path` is a symbolic link, the file it leads to is replaced. The new file has the permissions
    and the group of the one that it replaces.

    Parameters
    ----------
    path : str or Path
    kind : str
        What is written, one of the kinds of `wmdelays.files.file_kinds`. A file that is something else
        is not replaced.

    Yields
    ------
    Path
        The temporary file, empty, in the same folder.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = Path(path)
    target = _target(path)
    _check_place(path, target)
    check_kind(path, kind)
    try:
        older = target.stat() if target.exists() else None
        # A new file gets what the umask leaves; one that replaces another is nobody's to read yet.
        mode = 0o666 if older is None else 0o600
        with unfinished_file(target.parent, mode) as (temporary, file):
            yield temporary
            if older is not None:
                keep_owner(file, older)
            os.fsync(file)
            os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {one_line(error.strerror or error)}"
        ) from None


def _check_place(path, target):
    """Raise an InputError unless a file may have this name, and may be replaced if it is there."""
    folder = target.parent
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        reason = one_line(getattr(error, "strerror", None) or error)
        raise InputError(f"{path}: cannot be written: {reason}") from None
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: is a folder; name a file")
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path}: is a device or a pipe; name a file")
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {folder} cannot be written to")
    if found is None:
        return
    # A new file could take the name all the same. Who made this one read-only wants to keep it.
    if not (found.st_mode & 0o222 and os.access(path, os.W_OK)):
        raise InputError(f"{path}: is read-only; name another file, or make it writable")
    of_folder = folder.stat()
    others = os.geteuid() not in (0, found.st_uid, of_folder.st_uid)
    if of_folder.st_mode & stat.S_ISVTX and others:
        raise InputError(f"{path}: belongs to another user; name another file")


def keep_owner(file, older):
    """Give an open file the group and the permissions of an older one, or less.

    Parameters
    ----------
    file : int
        Its descriptor.
    older : os.stat_result
    """
    mode = stat.S_IMODE(older.st_mode) & 0o777
    if os.fstat(file).st_gid != older.st_gid:
        try:
            os.fchown(file, -1, older.st_gid)
        except OSError:
            # What the older one's group was allowed is nothing to this one's.
            mode &= 0o707 | (mode & 0o007) << 3
    os.fchmod(file, mode)


def write_json(path, values, kind=JSON):
    """Write plain values to a JSON file, whole or not at all."""
    with replacing(path, kind) as temporary:
        temporary.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")


@contextmanager
def hdf5_written(path, userblock_size=0):
    """An HDF5 file to be filled, which is written to the disk as it is.

    Parameters
    ----------
    path : str or Path
    userblock_size : int
        Bytes that are left free at the beginning.

    Yields
    ------
    h5py.File

    Raises
    ------
    OSError
        At the end, if writing failed.
    """
    with open(path, "w+b", buffering=0) as file:
        to_disk = _ToDisk(file)
        try:
            with h5py.File(to_disk, "w", userblock_size=userblock_size) as hdf5:
                yield hdf5
        finally:
            if to_disk.error is not None:
                raise to_disk.error from None


class _ToDisk(io.RawIOBase):
    """A file as the HDF5 library wants it, which never fails: the first error is kept.

    On a disk that is full the library fails while it closes the file, and then crashes the process.

    Parameters
    ----------
    file : io.FileIO
    """

    def __init__(self, file):
        self._file, self.error = file, None
        self.seek, self.tell = file.seek, file.tell

    def write(self, data):
        left = memoryview(data).cast("B")
        n = len(left)
        with self._kept():
            while self.error is None and left:
                left = left[self._file.write(left) :]
        return n

    def truncate(self, size):
        with self._kept():
            self._file.truncate(size)

    def readinto(self, buffer):
        # What was not written is read as zeros.
        buffer, n = memoryview(buffer).cast("B"), 0
        with self._kept():
            n = self._file.readinto(buffer)
        buffer[n:] = bytes(len(buffer) - n)
        return len(buffer)

    @contextmanager
    def _kept(self):
        try:
            yield
        except OSError as error:
            self.error = self.error or error


def _target(path):
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return Path(path)  # a name with a zero byte, which `_check_place` refuses
