"""Files that are kept because making them takes long: compiled programs and their parts."""

import hashlib
import os
import shutil
import time
import uuid
from contextlib import suppress

from wmdelays.machine.cache_folder import cache_folder, is_own_file

# Seconds after which what was to become a file in the cache is of a process that was killed.
_UNFINISHED = 3600


class Kept:
    """A file in a folder of the cache, known by what it was made from.

    Parameters
    ----------
    kind : str
        Name of the folder.
    key : str
        A digest of all that the file was made from.
    most : int
        Files in the folder, of which the oldest go when it is full.
    """

    def __init__(self, kind, key, most):
        self._folder, self._key, self._most = cache_folder(kind), key, most

    def path(self):
        """Where the file is, or None; one that is not what was kept is removed."""
        for path in self._folder.glob(f"{self._key}-*"):
            # Another process may remove it as well.
            with suppress(OSError):
                if is_own_file(path) and path.name == self._full_name(path):
                    # The oldest files go first when the cache is full.
                    os.utime(path)
                    return path
                path.unlink(missing_ok=True)
        return None

    def keep(self, made):
        """Put a file into the cache, where it appears at once and whole; gives where it is now."""
        part = self._folder / f".{uuid.uuid4().hex}"
        path = self._folder / self._full_name(made)
        try:
            shutil.copyfile(made, part)
            part.chmod(0o700)
            os.replace(part, path)
            trim(self._folder, self._most)
        except OSError:
            # A full disk costs the next run a compilation, not this one its result.
            part.unlink(missing_ok=True)
            return made
        return path

    def _full_name(self, path):
        """The name of the file in the cache, which holds the digest of the file itself."""
        return f"{self._key}-{hashlib.sha256(path.read_bytes()).hexdigest()}"


def trim(folder, most):
    """Remove the oldest files of a folder of the cache, and what was left half-written."""
    files = []
    for path in folder.iterdir():
        try:
            age = path.stat().st_mtime
        except FileNotFoundError:
            continue  # another process is trimming too
        if not path.name.startswith("."):
            files.append((age, path))
        elif age < time.time() - _UNFINISHED:
            path.unlink(missing_ok=True)
    for _, path in sorted(files)[:-most]:
        path.unlink(missing_ok=True)
