"""The process that reads HDF5 files from elsewhere; `wmdelays.files.hdf5_tree` starts it and asks.

A file can be made so that the HDF5 library never ends, takes all memory or crashes, and Python can
stop none of that. So the library reads such a file here, where a limit on time and memory holds and
nothing is lost with the process. This program knows nothing else of the software.

It takes a request as a line of JSON, such as ``{"path": …, "wanted": [["spikes", "*", "node_ids"]]}``,
and answers with a header, which tells the groups and lists, and then with the numbers of each list
behind a header of its own; a last header says that the file is closed. A header is its length (8 bytes)
and JSON; it may tell of an error, which is the end of the answer. A request may ask for a recording
instead, ``{"path": …, "recording": {…}}``, see `wmdelays.files.recordings.hdf5_reading`.
"""

import json
import math
import os
import resource
import signal
import sys
from contextlib import suppress

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

# Seconds of computing that reading may take: so many for any file, one more for so many bytes of
# lists, and for so many members. The library needs a tenth of that.
_SECONDS = 1
_BYTES_PER_SECOND = 20e6
_MEMBERS_PER_SECOND = 200
# Recordings may ask for more, up to this.
_MOST_SECONDS, _LEAST_BYTES_PER_SECOND = 10, 2e6
# A member takes at least so many bytes of a file.
_BYTES_PER_MEMBER = 32
# Memory that the process may take beyond what it has, and for each byte of the file.
_ROOM = 256 << 20
_ROOM_PER_BYTE = 2
# All lists together hold so many bytes for each of the file at most: more than any file has that
# was packed by another program, and few enough for any memory that fits the file.
_MOST_PER_BYTE = 20
# In a path, what stands for the attributes of a dataset.
_ATTRIBUTES = "@"
# Bytes up to which numbers are read at once.
_SHORT = 1 << 16
# Of the filters those that come with the library: gzip, shuffle, checksum, and h5py's lzf.
_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_LZF}
_LAYOUTS = {h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED}


def main():
    # Ctrl-C reaches every process of the terminal; the one that asks ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a library prints is no part of an answer.
    os.dup2(2, 1)
    for line in requests:
        for part in _answer(**json.loads(line)):
            answers.write(part)
        answers.flush()


def _answer(path, wanted=(), recording=None):
    """What is sent: a header, and each list behind a header of its own."""
    try:
        size = os.path.getsize(path)
        with _Reading(size) as reading, h5py.File(path, "r") as file:
            if recording is None:
                tree = reading.group(file.id, wanted)
            else:
                from wmdelays.files.recordings.hdf5_reading import read

                values, arrays = read(file, reading.allow, **recording)
                tree = {"values": values, "arrays": reading.taken(arrays)}
            yield from _header({"tree": tree, "n_bytes": reading.n_bytes})
            for array in reading.numbers():
                yield from _header({})
                if array.size:
                    yield memoryview(array.reshape(-1)).cast("B")
        # As long as the library has the file open it is locked, and nobody may write to it.
        yield from _header({})
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        yield from _header({"error": words, "of_system": _of_system(error)})


def _header(values):
    content = json.dumps(values).encode()
    yield len(content).to_bytes(8, "little")
    yield content


def _of_system(error):
    """What the system says is wrong, such as "Permission denied"; None if it is the content."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None


class _Reading:
    """What is read of one file, and how long that may take.

    Attributes
    ----------
    lists : list of array or (DatasetID, tuple, dtype)
        The numbers that are wanted, in the order of the tree: short ones, and datasets of many with
        their shape and type.
    """

    def __init__(self, size):
        self.size = size
        self.lists = []
        self.n_members = self.n_bytes = 0
        self.allowed = _spent() + _SECONDS
        self.latest = self.allowed + _MOST_SECONDS + size / _LEAST_BYTES_PER_SECOND

    def __enter__(self):
        self._limit()
        with suppress(OSError), open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
            _set(resource.RLIMIT_AS, taken + _ROOM + _ROOM_PER_BYTE * self.size)
        return self

    def __exit__(self, *_):
        _set(resource.RLIMIT_AS, None)
        _set(resource.RLIMIT_CPU, None)

    def _limit(self):
        """Let the process be killed unless it comes further in time."""
        _set(resource.RLIMIT_CPU, int(self.allowed) + 1)

    def allow(self, seconds):
        """Let reading take so much longer, as long as a file of this size can account for it."""
        self.allowed = min(self.allowed + seconds, self.latest)
        self._limit()

    def taken(self, arrays):
        """Take over arrays that were read; their shapes and types by their names."""
        self.lists += arrays.values()
        self.n_bytes += sum(array.nbytes for array in arrays.values())
        return {
            name: {"shape": array.shape, "dtype": array.dtype.str} for name, array in arrays.items()
        }

    def group(self, group, wanted):
        """What is wanted of a group: its attributes, and its members as far as paths lead."""
        members = {}
        for first, rest in _by_first(wanted).items():
            for name in _names(group) if first == b"*" else (first,):
                found = self._member(group, name, rest)
                if found is not None:
                    members[_text(name)] = found
        return {"is": "group", "attributes": _attributes(group), "members": members}

    def _member(self, group, name, wanted):
        """A member of a group; links, which may lead to other files, are not followed."""
        self.n_members += 1
        if self.n_members * _BYTES_PER_MEMBER > self.size:
            raise ValueError("it has more members than a file of its size can hold")
        if not self.n_members % _MEMBERS_PER_SECOND:
            self.allowed += 1
            self._limit()
        if not group.links.exists(name):
            return None
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            return {"is": "link"}
        found = h5o.open(group, name)
        if isinstance(found, h5g.GroupID):
            return self.group(found, wanted)
        if not isinstance(found, h5d.DatasetID):
            return {"is": "something else"}
        if [_ATTRIBUTES] in wanted:
            return {"is": "group", "attributes": _attributes(found), "members": {}}
        return self._dataset(found)

    def _dataset(self, found):
        shape, dtype = found.shape, found.dtype
        if shape == () and h5py.check_string_dtype(dtype):
            return {"is": "text", "text": h5py.Dataset(found).asstr()[()]}
        plain = dtype.kind in "iufb" and h5py.check_enum_dtype(dtype) is None
        if shape is None or not plain:
            return {"is": "no numbers"}
        laid_out = found.get_create_plist()
        lies_here = laid_out.get_layout() in _LAYOUTS and not laid_out.get_external_count()
        n_bytes = math.prod(shape) * dtype.itemsize
        if not lies_here or n_bytes > self.size:
            return {"is": "outside"}
        filters = {laid_out.get_filter(k)[0] for k in range(laid_out.get_nfilters())}
        if not filters <= _FILTERS:
            return {"is": "packed"}
        self.n_bytes += n_bytes
        if self.n_bytes > _MOST_PER_BYTE * self.size:
            raise ValueError("it has more numbers than a file of its size can hold")
        dtype = dtype.newbyteorder("=")
        self.allowed += n_bytes / _BYTES_PER_SECOND
        # Thousands of datasets that are kept open take more memory than their numbers.
        short = n_bytes <= _SHORT
        self.lists.append(_numbers(found, shape, dtype) if short else (found, shape, dtype))
        return {"is": "list", "shape": shape, "dtype": dtype.str}

    def numbers(self):
        """The numbers of each list."""
        self._limit()
        for one in self.lists:
            yield _numbers(*one) if isinstance(one, tuple) else one


def _numbers(dataset, shape, dtype):
    array = np.empty(shape, dtype)
    if array.size:
        dataset.read(h5s.ALL, h5s.ALL, array)
    return array


def _spent():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _set(limit, value):
    """Limit the process as far as it may; None takes the limit back."""
    most = resource.getrlimit(limit)[1]
    if value is None or resource.RLIM_INFINITY != most < value:
        value = most
    resource.setrlimit(limit, (value, most))


def _by_first(wanted):
    found = {}
    for first, *rest in wanted:
        found.setdefault(first.encode(), []).append(rest)
    return {first: [rest for rest in rests if rest] for first, rests in found.items()}


def _names(group):
    names = []
    group.links.iterate(names.append)
    return names


def _text(name):
    return name.decode("utf-8", "surrogateescape")


def _attributes(owner):
    """The single numbers, truth values and texts; None stands for anything else."""
    found = {}
    of = h5py.Dataset if isinstance(owner, h5d.DatasetID) else h5py.Group
    for k in range(h5a.get_num_attrs(owner)):
        kept = h5a.open(owner, index=k)
        value = None
        if kept.shape == () and isinstance(kept.get_type(), h5t.TypeStringID):
            value = h5py.AttributeManager(of(owner))[_text(kept.name)]
        elif kept.shape == () and kept.dtype.kind in "iufb":
            value = np.empty((), kept.dtype)
            kept.read(value)
            value = value.item()
        found[_text(kept.name)] = value if isinstance(value, bool | int | float | str) else None
    return found


if __name__ == "__main__":
    main()
