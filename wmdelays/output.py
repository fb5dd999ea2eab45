"""Files that are written whole or not at all."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import h5py

from wmdelays.errors import InputError, one_line


def check_writable(path):
    """Raise an InputError unless a file of this name can be written.

    For use before long work whose result is to go there.
    """
    path = Path(path)
    folder = _target(path).parent
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"{path}: is a device or a pipe; name a file")
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {folder} cannot be written to")


@contextmanager
def replacing(path):
    """A temporary file beside `path` that takes its name once it is complete.

    Until then, and if anything goes wrong, an older file of that name stays as it is. Where
    `path` is a symbolic link, the file it leads to is replaced.

    Parameters
    ----------
    path : str or Path

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
    check_writable(path)
    target = _target(path)
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {one_line(error.strerror or error)}"
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_json(path, values):
    """Write plain values to a JSON file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")


def hdf5_in_memory(userblock_size=0):
    """An HDF5 file that is built in memory; `hdf5_image` gives its bytes.

    Written straight to a disk that is full, the HDF5 library fails while it closes the file, and
    then crashes the process.
    """
    return h5py.File(
        "memory", "w", driver="core", backing_store=False, userblock_size=userblock_size
    )


def hdf5_image(file):
    """The content of an open HDF5 file as bytes, without its user block."""
    file.flush()
    return file.id.get_file_image()


def _target(path):
    return Path(os.path.realpath(path))


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
