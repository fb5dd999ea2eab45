"""Arrays of numbers from npz files of elsewhere, read within bounds on memory.

An npz file is a zip archive with an npy file for each array. What an npy file declares has to be what
the archive holds of it, and nothing in it is unpickled or otherwise executed.
"""

import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.machine.free_memory import check_memory

# What NumPy, zipfile and zlib raise at a damaged or foreign file.
_DAMAGED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    SyntaxError,
    EOFError,
    RuntimeError,  # and so NotImplementedError, RecursionError
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    struct.error,
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_COMPRESSIONS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_ENCRYPTED = 1
_ROOM = "what the file holds", "cut it into pieces, or take a machine with more memory"


def npz_names(path):
    """The names of the arrays of an npz file; none if it is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [
                name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")
            ]
    except _DAMAGED:
        return []


def read_npy(path, copies=1, records=False):
    """The numbers of an npy file, or records of them, with the bounds of `read_npz`."""
    path = Path(path)
    size = path.stat().st_size
    check_memory(copies * size, *_ROOM)
    try:
        with open(path, "rb") as file:
            return _array_in(file, path.stem, size, records)
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(f"is not a readable npy file of numbers ({one_line(error)})") from None


def read_npz(path, names, copies=1):
    """Some arrays of an npz file.

    Parameters
    ----------
    path : str or Path
    names : sequence of str
        Those that are wanted. Others are not looked at.
    copies : int
        How many times their size the arrays will take in memory, with what is made of them.

    Returns
    -------
    dict of array
        By name, of whole numbers, floating point numbers, truth values or texts; without those that
        the file does not have.

    Raises
    ------
    InputError
        If it is no such file, or it needs more memory than there is. The line does not name the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, names)
            size = sum(member.file_size for member in members.values())
            check_memory(copies * size, *_ROOM)
            return {name: _array(archive, member) for name, member in members.items()}
    except InputError:
        raise
    except _DAMAGED as error:
        raise InputError(f"is not a readable npz file of numbers ({one_line(error)})") from None


def _members(archive, names):
    found = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name not in names or name == member.filename:
            continue
        if name in found:
            raise InputError(f"has the array {name} twice")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _COMPRESSIONS:
            raise InputError(f"has the array {name} encrypted, or packed in a way that is not read")
        found[name] = member
    return found


def _array(archive, member):
    name = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        return _array_in(file, name, member.file_size)


def _array_in(file, name, size, records=False):
    """The array of an open npy file of so many bytes."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise InputError(f"has the array {name} in a version of npy that is not read: {version}")
    shape, by_columns, dtype = _HEADERS[version](file)
    fields = [dtype[one] for one in dtype.names] if records and dtype.names else [dtype]
    if any(one.kind not in "biufU" for one in fields):
        raise InputError(f"has an array {name} of {dtype}, not of numbers")
    n_bytes = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or n_bytes != size - file.tell():
        raise InputError(f"has not the numbers that the array {name} declares")
    content = np.empty(n_bytes, np.uint8)
    left = memoryview(content)
    while left.nbytes:
        n_read = file.readinto(left)
        if not n_read:
            raise EOFError(f"the array {name} ends early")
        left = left[n_read:]
    # The archive's checksum is looked at where it ends.
    if file.read(1):
        raise InputError(f"has more than the numbers that the array {name} declares")
    if dtype.kind == "U" and n_bytes and content.view(np.uint32).max() > 0x10FFFF:
        raise InputError(f"has an array {name} of what is no text")
    array = content.view(dtype) if n_bytes else np.empty(math.prod(shape), dtype)
    return array.reshape(shape, order="F" if by_columns else "C")
