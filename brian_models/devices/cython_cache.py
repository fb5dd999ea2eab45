"""The folder in which Brian2 keeps the modules that Cython makes, looked over before it is used."""

import os
import sys
import tempfile
import time
from contextlib import suppress

from wmdelays.errors import InputError
from wmdelays.machine.cache_folder import NAME, cache_folder
from wmdelays.machine.temporary import NO_ROOM

# A module's source has a megabyte while it is compiled, and there are a dozen of them.
_NEEDED = 32 << 20
# What another process is linking is not yet whole; seconds.
_LINKING = 10


def cython_folder():
    """The folder for Cython's modules, with room for more and without any that was cut off.

    Brian2 does not look at what is there, and where its compiling fails for want of room it goes on
    without the code.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the disk is full.
    """
    folder = cache_folder("cython")
    if not has_room(folder, _NEEDED):
        raise InputError(
            f"{folder}: there is no room left for what Cython compiles; make room, or name another"
            f" folder in the environment variable {NAME}"
        )
    for path in folder.glob("_cython_magic_*.so"):
        # Another process may remove it as well.
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _LINKING and not is_whole(path):
                path.unlink()
    return folder


def has_room(folder, n_bytes):
    """Whether so much can be written to a folder: on its disk, and within the user's limits."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, n_bytes)
    except OSError as error:
        # Some disks cannot say beforehand.
        return error.errno not in NO_ROOM
    return True


def is_whole(path):
    """Whether a module is as long as its beginning says; on Linux, whose linker ends it with a table."""
    with open(path, "rb") as file:
        head = file.read(64)
        size = file.seek(0, os.SEEK_END)
    if sys.platform != "linux":
        return size > 0
    if len(head) < 64 or head[:4] != b"\x7fELF":
        return False
    # Where the table of sections begins, the size of a section's entry, and their number.
    places = ((40, 48), (58, 60), (60, 62))
    begin, each, n = (int.from_bytes(head[a:b], sys.byteorder) for a, b in places)
    return begin + each * n <= size
