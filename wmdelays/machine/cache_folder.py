"""A folder of this user for what was compiled, in which nobody else can put anything."""

import atexit
import os
import stat
import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from wmdelays.machine.temporary import temporary_folder

NAME = "WMDELAYS_CACHE"
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache_folder(kind):
    """The folder that keeps what was compiled, of one kind.

    It is in the folder that the environment variable ``WMDELAYS_CACHE`` names, or else in
    ``wmdelays`` in the user's cache folder. Programs are run from there. Where others could put
    theirs, or where nothing can be written or run, it is a temporary folder of this process; if the
    user has named the folder, a line on stderr says so.

    Parameters
    ----------
    kind : str
        Name of the folder in it, such as ``"programs"``.

    Returns
    -------
    Path
    """
    root = _root()
    if root is not None:
        problem = problem_with(root) or problem_with(root / kind)
        if problem is None:
            return root / kind
        if os.environ.get(NAME):
            _tell_once(f"{problem}; what is compiled is not kept (see {NAME})")
    folder = _temporary() / kind
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def problem_with(folder):
    """Why programs cannot be kept in a folder, which is made if it is not there; None if they can."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
        for parent in folder.resolve().parents:
            mode = parent.stat().st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                return f"{folder}: everybody may write to {parent}"
    except OSError as error:
        return f"{folder}: {error.strerror}"
    if about.st_uid != os.geteuid():
        return f"{folder}: belongs to another user"
    if about.st_mode & _OTHERS:
        return f"{folder}: other users may write to it"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder}: cannot be written to"
    return None if may_run(folder) else f"{folder}: programs may not be run from it (noexec)"


def may_run(folder):
    """Whether the system runs programs that lie in a folder."""
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


def is_own_file(path):
    """Whether a path is a file that nobody else can have written."""
    try:
        about = os.lstat(path)
    except OSError:
        return False
    mine = about.st_uid == os.geteuid() and not about.st_mode & _OTHERS
    return stat.S_ISREG(about.st_mode) and mine


def _root():
    """The folder that is to be used, or None where the user has none."""
    chosen = os.environ.get(NAME)
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # A user whom the system does not know has no home.
    return Path(base, "wmdelays") if os.path.isabs(base) else None


@cache
def _tell_once(line):
    print(f"wmdelays: {line}", file=sys.stderr)


@cache
def _temporary():
    """A temporary folder for as long as this process lives."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(temporary_folder())
