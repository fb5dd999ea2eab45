"""Files and folders for unfinished work, which go also when the process that made them was killed.

Each is locked as long as its maker lives: the system takes the lock away with the process. A
leftover is what bears our name and can be locked; it is swept when something is made beside it.
"""

import fcntl
import hashlib
import os
import platform
import secrets
import shutil
import stat
import time
from contextlib import contextmanager
from pathlib import Path

# The name does not depend on what is written, so it is never too long.
_PREFIX, _SUFFIX = ".wmdelays-", ".tmp"
# On some shared disks a lock is seen by the machine alone that holds it. What another machine (or a
# container that is gone) made has to be left alone for so many seconds before it is a leftover.
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
_FORGOTTEN = 86400
_ATTEMPTS = 100


@contextmanager
def unfinished_file(folder, mode=0o600):
    """An empty file for unfinished work; where it still has its name in the end, it goes.

    Parameters
    ----------
    folder : str or Path
    mode : int
        Permissions, of which the umask takes its part.

    Yields
    ------
    path : Path
    file : int
        Its open descriptor.

    Raises
    ------
    OSError
        If no file can be made there.
    """
    sweep(folder)

    def make(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)

    path, file = _made(folder, make)
    try:
        yield path, file
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


@contextmanager
def unfinished_folder(folder):
    """An empty folder for unfinished work, which goes in the end with all that is in it.

    Parameters
    ----------
    folder : str or Path
        Where it is made.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        If no folder can be made there.
    """
    sweep(folder)

    def make(path):
        path.mkdir(mode=0o700)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    path, file = _made(folder, make)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(file)


def sweep(folder):
    """Remove from a folder what killed processes of this user left there.

    What a living process works on stays, and so does what belongs to another user.

    Parameters
    ----------
    folder : str or Path
    """
    try:
        with os.scandir(folder) as entries:
            ours = [
                entry
                for entry in entries
                if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX)
            ]
    except OSError:
        return
    for entry in ours:
        try:
            _sweep_one(entry)
        except OSError:
            pass  # it went meanwhile, somebody works on it, or this file system has no locks


def _sweep_one(entry):
    found = entry.stat(follow_symlinks=False)
    if found.st_uid != os.geteuid():
        return
    if stat.S_ISREG(found.st_mode):
        how = os.O_RDWR
    elif stat.S_ISDIR(found.st_mode):
        how = os.O_RDONLY | os.O_DIRECTORY
    else:
        return
    here = entry.name.startswith(f"{_PREFIX}{_HOST}-")
    if not here and time.time() - found.st_mtime < _FORGOTTEN:
        return
    file = os.open(entry.path, how | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if how == os.O_RDWR:
            os.unlink(entry.path)
        else:
            shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(file)


def _made(folder, make):
    """A new name in a folder, and the locked descriptor of what `make` makes of it."""
    for _ in range(_ATTEMPTS):
        path = Path(folder, f"{_PREFIX}{_HOST}-{secrets.token_hex(6)}{_SUFFIX}")
        try:
            file = make(path)
        except FileExistsError:
            continue
        if _locked(path, file):
            return path, file
        os.close(file)
    raise FileExistsError(f"no free name for a temporary file in {folder}")


def _locked(path, file):
    """Lock a file; False if another process swept it before it was locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # this file system has no locks, so nobody sweeps either
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except FileNotFoundError:
        return False
