"""Where numba keeps what it compiles, if it finds no place of its own."""

import os
import sys

_NAME = "NUMBA_CACHE_DIR"


def choose_numba_cache(room):
    """Let numba keep what it compiles in our cache folder where it would fail for want of a place.

    By itself it takes the folder of the source, or the user's cache folder; in a container neither
    may be writable, and then a function that is to be kept cannot even be made. For use before any
    is made.

    Parameters
    ----------
    room : str
        The folder of the modules whose functions are compiled.
    """
    if os.environ.get(_NAME) or any(_can_be_written(place) for place in _own_places(room)):
        return
    from wmdelays.machine.cache_folder import cache_folder

    os.environ[_NAME] = str(cache_folder("numba"))
    # It looks there once, when it is imported.
    if "numba.core.config" in sys.modules:
        sys.modules["numba.core.config"].CACHE_DIR = os.environ[_NAME]


def _own_places(room):
    yield os.path.join(room, "__pycache__")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # A user whom the system does not know has no home; numba would make a folder named ~ here.
    if os.path.isabs(base):
        yield os.path.join(base, "numba")


def _can_be_written(folder):
    """Whether files can be put into a folder, which is made as numba would make it."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
