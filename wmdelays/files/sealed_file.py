"""HDF5 files with a checksum, which are written whole or not at all.

The HDF5 data stand behind a user block of 512 bytes with the SHA-256 of all that follows, so a file
that is cut or changed anywhere is recognised before the HDF5 library reads a byte of it. Readers of
HDF5 and of SONATA pass over a user block.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path

from wmdelays.errors import InputError, one_line
from wmdelays.files.hdf5_tree import read_tree
from wmdelays.files.output import hdf5_written, replacing

_BLOCK = 512
_SEAL = b"\nsha256 "


def kind_of(path):
    """What a file says it is, such as "memory" or "network"; None if it is no file of ours."""
    try:
        with open(path, "rb") as file:
            first = file.read(_BLOCK).split(b"\n")[0]
    except OSError:
        return None
    return first.removeprefix(b"wmdelays ").decode("ascii", "replace") if _is_ours(first) else None


def _is_ours(line):
    return line.startswith(b"wmdelays ") and len(line) < 64


@contextmanager
def writing(path, kind):
    """An HDF5 file to be filled, which appears under its name when it is complete.

    Until then, and if anything goes wrong, an older file of that name stays as it is.

    Parameters
    ----------
    path : str or Path
    kind : str
        What it is, such as "memory".

    Yields
    ------
    h5py.File

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing(path, kind) as temporary:
        with hdf5_written(temporary, userblock_size=_BLOCK) as file:
            yield file
        with open(temporary, "r+b") as file:
            file.write(_user_block(_title(kind), _digest(file)))


def read_sealed(path, kind, wanted, read):
    """What a function reads from a file whose checksum is right.

    Parameters
    ----------
    path : str or Path
    kind : str
        What the file has to be, such as "memory".
    wanted : sequence of str
        What is read of it, see `wmdelays.files.hdf5_tree.read_tree`.
    read : callable
        Takes the file's root, a `wmdelays.files.hdf5_tree.Group`.

    Raises
    ------
    InputError
        If there is no such file, it is something else, it was damaged, or `read` finds it is not
        laid out as it should be.
    """
    path = Path(path)
    try:
        _check(path, kind)
        return read(read_tree(path, wanted))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None


def seal(path: str | Path) -> None:
    """Renew the checksum of a file, after it was changed on purpose with another program."""
    with open(path, "r+b") as file:
        title = file.read(_BLOCK).split(_SEAL)[0] + _SEAL
        block = _user_block(title, _digest(file))
        file.seek(0)
        file.write(block)


def _title(kind):
    return f"wmdelays {kind}".encode() + _SEAL


def _user_block(title, digest):
    return (title + digest + b"\n").ljust(_BLOCK, b"\0")


def _digest(file):
    """Hash all that stands behind the user block; leaves the file at its beginning."""
    file.seek(_BLOCK)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest().encode()


def _check(path, kind):
    if not path.exists():
        raise InputError("there is no such file")
    if not path.is_file():
        raise InputError(f"is a folder or a device, not a {kind} file")
    with open(path, "rb") as file:
        block = file.read(_BLOCK)
        if not block.startswith(_title(kind)):
            raise InputError(f"is not a {kind} file, or its beginning is damaged")
        if block != _user_block(_title(kind), _digest(file)):
            raise InputError(
                "is damaged: it was cut short or changed since it was written (its checksum differs)"
            )
