"""Folders that are written whole or not at all, and the files in those from elsewhere."""

import os
from contextlib import contextmanager
from pathlib import Path

from wmdelays.errors import InputError, one_line
from wmdelays.machine.unfinished import unfinished_folder


def check_new_folder(path):
    """Raise an InputError unless a folder of this name can be made, and takes no other's place.

    For use before work whose result is to go there. What is in a folder may be another program's, such
    as the spikes of a simulation, so nothing but an empty folder is replaced.

    Parameters
    ----------
    path : str or Path
    """
    path = Path(path)
    try:
        if os.path.lexists(path):
            if path.is_symlink() or not path.is_dir():
                raise InputError(f"{path}: is there and no folder; name another one")
            if any(path.iterdir()):
                raise InputError(f"{path}: is there already; name a new folder, or an empty one")
        parent = _parent(path)
        if not parent.is_dir():
            raise InputError(f"{path}: there is no folder {parent}")
        # Nothing else tells for certain: permissions, a disk mounted read-only, its quota.
        with unfinished_folder(parent):
            pass
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise _unwritable(path, error) from None


@contextmanager
def new_folder(path):
    """A temporary folder beside `path` that takes its name once it is complete.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    Path
        The folder to be filled.

    Raises
    ------
    InputError
        If it cannot be written, or something else is there.
    """
    path = Path(path)
    check_new_folder(path)
    try:
        with unfinished_folder(_parent(path)) as temporary:
            inner = temporary / "export"
            inner.mkdir()
            yield inner
            # An empty folder of that name is replaced, and no other.
            os.rename(inner, path)
    except OSError as error:
        raise _unwritable(path, error) from None


def check_regular(path):
    """Raise an InputError unless a path is that of a file: a device or a pipe might never end.

    The line does not name it.

    Parameters
    ----------
    path : Path
    """
    if not path.is_file():
        raise InputError("there is no such file")


def _parent(path):
    return Path(os.path.abspath(path)).parent


def _unwritable(path, error):
    reason = one_line(getattr(error, "strerror", None) or error)
    return InputError(f"{path}: cannot be written: {reason}")
