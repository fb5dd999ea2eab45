"""HDF5 files from elsewhere, read whole within bounds on time and memory.

The HDF5 library reads them in a process of its own, see `wmdelays.files.hdf5_process`. What is wanted of a
file comes from there as plain groups and arrays.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError
from wmdelays.machine.free_memory import check_memory
from wmdelays.words import printable

_PROGRAM = Path(__file__).with_name("hdf5_process.py")


@dataclass(frozen=True, eq=False)
class Group:
    """A group of a file, as far as it was asked for.

    Attributes
    ----------
    name : str
        Its path in the file.
    attributes : dict
        Numbers (int, float, bool) and texts; None for an attribute that is none of these.
    members : dict
        By name: groups, arrays, texts, and `Other`.
    """

    name: str
    attributes: dict
    members: dict


@dataclass(frozen=True)
class Other:
    """A member that is not read.

    Attributes
    ----------
    what : str
        "link", "outside" (its numbers are more than the file holds, or lie elsewhere), "packed"
        (with a filter that is not known), or what else it is.
    """

    what: str


def read_tree(path, wanted):
    """What is wanted of an HDF5 file.

    Parameters
    ----------
    path : str or Path
    wanted : sequence of str
        Paths of groups and datasets; ``*`` stands for any name. Groups come with their attributes.
        A dataset with ``/@`` behind it comes as a group of its attributes alone. What is missing is
        left out.

    Returns
    -------
    Group
        The file's root.

    Raises
    ------
    InputError
        If the file cannot be read, or not within a time and a memory that its size accounts for. The
        line does not name the file.
    """
    return _asked(path, {"wanted": [one.split("/") for one in wanted]}, _Reader.group)


def read_recording(path, **wanted):
    """What is wanted of a recording in an HDF5 file.

    Parameters
    ----------
    path : str or Path
    **wanted
        See `wmdelays.files.recordings.hdf5_reading.read`.

    Returns
    -------
    values : dict
        Plain JSON values.
    arrays : dict of str to array

    Raises
    ------
    InputError
        As `read_tree`.
    """
    return _asked(path, {"recording": wanted}, _Reader.recording)


def _asked(path, request, answer):
    global _reader
    with _one_at_a_time:
        # The process that a fork shares with its parent answers the parent.
        if _reader is None or _reader.owner != os.getpid():
            _reader = _Reader()
        reader, _reader = _reader, None
        try:
            found = reader.read(path, request, answer)
        except BaseException:
            reader.end()
            raise
        _reader = reader
    return found


class _Reader:
    """A process that reads one file after another, as long as nothing is wrong with them."""

    def __init__(self):
        self.owner = os.getpid()
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            # No filter is loaded from elsewhere, and no threads are kept ready.
            "HDF5_PLUGIN_PRELOAD": "::",
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def read(self, path, request, answer):
        request = {"path": os.path.abspath(path), **request}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        header = self._header()
        check_memory(
            header["n_bytes"], "what the file holds", "take a machine or a limit with more memory"
        )
        found = answer(self, header["tree"])
        # Now the file is closed, so whoever called may write to it.
        self._header()
        return found

    def group(self, tree):
        """The file's root."""
        return self._group("/", tree)

    def recording(self, tree):
        """The values and the arrays of a recording."""
        return tree["values"], {name: self._array(one) for name, one in tree["arrays"].items()}

    def _array(self, content):
        self._header()
        array = np.empty(content["shape"], content["dtype"])
        if array.size:
            self._fill(memoryview(array.reshape(-1)).cast("B"))
        return array

    def _header(self):
        length = bytearray(8)
        self._fill(length)
        content = bytearray(int.from_bytes(length, "little"))
        self._fill(content)
        header = json.loads(content)
        if "error" in header:
            words = header["of_system"] or f"cannot be read as HDF5: {printable(header['error'])}"
            raise InputError(words)
        return header

    def end(self):
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()

    def _fill(self, buffer):
        view = memoryview(buffer)
        while view.nbytes:
            n_read = self._process.stdout.readinto(view)
            if not n_read:
                raise self._ended()
            view = view[n_read:]

    def _ended(self):
        """Why there is no answer."""
        status = self._process.wait()
        if status == -signal.SIGXCPU:
            return InputError(
                "takes more time than a file of its size can need to be read; it was damaged, or made"
                " to stop whoever reads it"
            )
        if status < 0:
            return InputError(
                f"crashes the HDF5 library ({signal.strsignal(-status)}); it was damaged, or made to"
                " stop whoever reads it"
            )
        return InputError(f"cannot be read: no process for it can start (status {status})")

    def _group(self, name, tree):
        """A group with its members, whose numbers come in the same order."""
        members = {}
        for member, content in tree["members"].items():
            path = f"{name.rstrip('/')}/{member}"
            if content["is"] == "group":
                members[member] = self._group(path, content)
            elif content["is"] == "list":
                members[member] = self._array(content)
            else:
                members[member] = content.get("text", Other(content["is"]))
        return Group(name, tree["attributes"], members)


_one_at_a_time = threading.Lock()
_reader = None


@atexit.register
def _end():
    if _reader is not None and _reader.owner == os.getpid():
        _reader.end()


def member_group(group, path):
    """The group under a path.

    Parameters
    ----------
    group : Group
    path : str

    Raises
    ------
    InputError
        If the file itself holds no such group.
    """
    name, found = _member(group, path)
    if not isinstance(found, Group):
        raise InputError(f"{name} is not a group")
    return found


def dataset(group, path, ndim=1):
    """The numbers under a path, an array of so many dimensions.

    Raises
    ------
    InputError
        If the file itself holds none.
    """
    name, found = _member(group, path)
    if _is(found, "outside"):
        raise InputError(f"{name} is larger than the file, or its numbers lie outside it")
    if _is(found, "packed"):
        raise InputError(f"{name} is packed with a filter that is not read here; take gzip")
    if not isinstance(found, np.ndarray) or found.ndim != ndim or found.dtype.kind not in "iuf":
        raise InputError(f"{name} is not a {'list' if ndim == 1 else 'table'} of numbers")
    return found


def taken(group, path):
    """As `dataset`; the group has it no more, so that its memory is free once it has been used."""
    values, (*way, name) = dataset(group, path), path.split("/")
    for part in way:
        group = group.members[part]
    del group.members[name]
    return values


def attribute(attributes, name, kind):
    """An attribute that has to be an int, a float, a bool or a str."""
    if name not in attributes:
        raise InputError(f"has no attribute {name}")
    value = attributes[name]
    types, words = {
        int: ((int,), "a whole number"),
        float: ((int, float), "a number"),
        bool: ((bool,), "true or false"),
        str: ((str,), "a text"),
    }[kind]
    if type(value) not in types:
        raise InputError(f"the attribute {name} is not {words}")
    return kind(value)


def check_version(attributes, *known):
    """Raise an InputError unless the attribute `format_version` is one that is known."""
    version = attributes.get("format_version")
    if type(version) is not int or version not in known:
        reads = " and ".join(map(str, known))
        raise InputError(f"has format version {printable(version)}; this software reads {reads}")


def _is(found, what):
    return isinstance(found, Other) and found.what == what


def _member(group, path):
    """What lies under a path in this file, and its name; links, which may lead to others, do not count."""
    found, name = group, group.name
    for part in path.split("/"):
        member = found.members.get(part) if isinstance(found, Group) else None
        if member is None or _is(member, "link"):
            raise InputError(f"{name} does not itself hold {part}")
        found, name = member, f"{name.rstrip('/')}/{part}"
    return printable(name), found
