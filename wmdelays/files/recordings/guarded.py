"""Reading by other libraries in a process of its own, with limits on time and memory.

Files of neo's and of MATLAB are read by libraries that were not made for files from anybody: one may
take all memory, never end, or crash. So they are read here by a process with which nothing else is
lost. What it found comes back as JSON and plain arrays, of which nothing is executed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError, InputWarning, flags_named, named_as_flags, one_line
from wmdelays.files.recordings.spikes import Spikes
from wmdelays.machine.free_memory import check_memory, free_memory, in_words
from wmdelays.words import printable

# Memory that reading may take beyond the libraries themselves, and for each byte of the file; packed
# numbers take many times their size.
_ROOM, _ROOM_PER_BYTE = 1 << 30, 40
# Seconds of computing that it may take, and one more for so many bytes of the file.
_SECONDS, _BYTES_PER_SECOND = 30, 5e5
_PROGRAM = "from wmdelays.files.recordings.guarded import serve; serve()"
_HOSTILE = "it was damaged, or made to stop whoever reads it"


def guarded(reader, path, needs, **options):
    """What a reader gives, from a process of its own.

    Parameters
    ----------
    reader : str
        ``"module:function"``, which takes the path and the options and gives Spikes, or None.
    path : Path
    needs : str
        The library that reads, imported before memory is limited.
    **options
        Plain JSON values.

    Returns
    -------
    Spikes or None

    Raises
    ------
    InputError
        Where the reader does, or takes more time or memory than a file of such a size accounts for, or
        crashes.
    """
    size = path.stat().st_size if path.is_file() else 0
    room = min(_ROOM + _ROOM_PER_BYTE * size, free_memory())
    request = {
        "reader": reader,
        "path": os.path.abspath(path),
        "needs": needs,
        "options": options,
        "flags": flags_named(),
        "room": int(room),
        "seconds": int(_SECONDS + size / _BYTES_PER_SECOND),
    }
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    with process:
        try:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(json.dumps(request).encode())
            return _taken(process.stdout, needs, room)
        except EOFError:
            raise _ended(process.wait(), needs) from None
        finally:
            process.kill()


def _ended(status, needs):
    """Why there is no answer."""
    if status == -signal.SIGXCPU:
        return InputError(
            f"takes more time than a file of its size can need to be read; {_HOSTILE}"
        )
    if status < 0:
        why = signal.strsignal(-status)
        return InputError(f"crashes {needs}, which reads it ({why}); {_HOSTILE}")
    return InputError(f"cannot be read: no process for it can start (status {status})")


def _taken(answer, needs, room):
    """What an answer says: Spikes or None, warnings, an error."""
    values = json.loads(
        _filled(answer, bytearray(int.from_bytes(_filled(answer, bytearray(8)), "little")))
    )
    for text in values["warnings"]:
        warnings.warn(text, InputWarning, stacklevel=3)
    if values["error"] == "memory":
        raise InputError(
            f"takes more than {in_words(room)} of memory to be read; {_HOSTILE}, or holds much beside"
            " the spikes: save these in a file of their own"
        )
    if values["error"] is not None:
        raise InputError(values["error"], values["more"])
    if values["names"] is None:
        return None
    n, names = values["n_spikes"], tuple(values["names"])
    check_memory(
        16 * n, "what the file holds", "save the spikes that are meant in a file of their own"
    )
    units, times = np.empty(n, np.int64), np.empty(n)
    for array in (units, times) if n else ():
        _filled(answer, memoryview(array).cast("B"))
    if n and not 0 <= units.min() <= units.max() < len(names):
        raise InputError("has spikes of units that it does not list")
    return Spikes(names, units, times, values["duration"], values["n_neurons"])


def _filled(stream, buffer):
    view = memoryview(buffer)
    while view.nbytes:
        n_read = stream.readinto(view)
        if not n_read:
            raise EOFError
        view = view[n_read:]
    return buffer


def serve():
    """What the process does: read what it is asked for on standard input, and answer."""
    # Ctrl-C reaches every process of the terminal; the one that asks ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    request, answers = json.load(sys.stdin), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints is no part of an answer.
    os.dup2(2, 1)
    found, values = None, {"error": None, "more": "", "names": None}
    with warnings.catch_warnings(record=True) as told, named_as_flags(request["flags"]):
        warnings.simplefilter("always")
        try:
            found = _read(**request)
        except MemoryError:
            values["error"] = "memory"
        except InputError as error:
            values |= {"error": str(error), "more": error.more}
        except Exception as error:  # a library may raise anything over a damaged file
            words = f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")
            values["error"] = f"cannot be read by {request['needs']} ({printable(words)[:200]})"
    _limit(resource.RLIMIT_AS, None)
    values["warnings"] = [str(one.message) for one in told if one.category is InputWarning]
    arrays = []
    if found is not None:
        arrays = [np.ascontiguousarray(found.units, np.int64), np.ascontiguousarray(found.times)]
        values |= {"names": found.names, "duration": found.duration, "n_neurons": found.n_neurons}
        values["n_spikes"] = len(found.times)
    content = json.dumps(values).encode()
    with answers:
        answers.write(len(content).to_bytes(8, "little") + content)
        for array in arrays:
            if array.size:
                answers.write(memoryview(array).cast("B"))


def _read(reader, path, needs, options, flags, room, seconds):
    module, _, name = reader.partition(":")
    function = getattr(import_module(module), name)
    try:
        import_module(needs)
    except ImportError:
        pass  # the reader says what is missing
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + seconds)
    try:
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, taken + room)
    except OSError:
        pass  # systems without it have no such limit either
    return function(Path(path), **options)


def _limit(limit, value):
    """Limit the process as far as it may; None takes the limit back."""
    most = resource.getrlimit(limit)[1]
    if value is None or resource.RLIM_INFINITY != most < value:
        value = most
    resource.setrlimit(limit, (value, most))
