"""Arrays that wait in a temporary file, where they would take too much memory."""

import mmap
import os
import shutil
import tempfile
import weakref
from contextlib import contextmanager

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.machine.free_memory import in_words
from wmdelays.machine.temporary import NO_ROOM, full_disk, no_temporary

# What is smaller, all together, stays in memory.
_IN_MEMORY = 1 << 28


def in_memory(n_bytes):
    """How many of so many bytes in a `Scratch` are in memory: all, or none."""
    return n_bytes if n_bytes <= _IN_MEMORY else 0


def check_disk(n_bytes, what, instead):
    """Raise an InputError where the temporary folder has no room for what is going to be in a `Scratch`.

    Parameters
    ----------
    n_bytes, what, instead
        See `wmdelays.machine.free_memory.check_memory`.
    """
    if n_bytes <= _IN_MEMORY:
        return
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise InputError(
            f"{what} needs about {in_words(n_bytes)} in the temporary folder {folder}, and"
            f" {in_words(free)} are free there; make room, name another folder in the environment"
            f" variable TMPDIR, or {instead}"
        )


class Scratch:
    """A temporary file for arrays, which has no name: nothing is left of it, however this process ends.

    Its arrays can be read and written by several threads; new ones are put there by one.

    Parameters
    ----------
    n_bytes : int or float
        How much is going to be there, about. Up to 256 MiB stay in memory, and no file is made.

    Raises
    ------
    InputError
        If no file can be made in the temporary folder.
    """

    def __init__(self, n_bytes):
        self.file, self._end = None, 0
        if n_bytes <= _IN_MEMORY:
            return
        try:
            self.file = tempfile.TemporaryFile(buffering=0)
        except OSError as error:
            raise no_temporary(error) from None
        weakref.finalize(self, self.file.close)

    def keep(self, values):
        """Values of a one-dimensional array, as an `ArrayOnDisk` or as they are."""
        if self.file is None:
            return values
        kept = self.room(len(values), values.dtype)
        kept[:] = values
        return kept

    def room(self, n, dtype):
        """An array of n numbers that are to be written, as an `ArrayOnDisk` or one in memory."""
        if self.file is None:
            return np.empty(n, dtype)
        kept = ArrayOnDisk(self, self._end, n, dtype)
        # Each begins where one of any type may.
        self._end += -(-n * kept.dtype.itemsize // 8) * 8
        return kept


class ArrayOnDisk:
    """A one-dimensional array in a `Scratch`: slices of it are read and written.

    Attributes
    ----------
    dtype : numpy.dtype
    shape : tuple of int
    """

    def __init__(self, scratch, begin, n, dtype):
        # It is there as long as any of its arrays.
        self._scratch, self._begin = scratch, begin
        self.dtype, self.shape = np.dtype(dtype), (n,)

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __getitem__(self, part):
        begin, end, _ = part.indices(len(self))
        values = np.empty(max(end - begin, 0), self.dtype)
        left, at = memoryview(values).cast("B") if values.size else b"", self._at(begin)
        while left:
            n = os.preadv(self._scratch.file.fileno(), [left], at)
            if not n:
                raise EOFError("nothing was written there")
            left, at = left[n:], at + n
        return values

    def __setitem__(self, part, values):
        begin, end, _ = part.indices(len(self))
        values = np.ascontiguousarray(np.broadcast_to(values, max(end - begin, 0)), self.dtype)
        left, at = memoryview(values).cast("B") if values.size else b"", self._at(begin)
        try:
            while left:
                n = os.pwrite(self._scratch.file.fileno(), left, at)
                left, at = left[n:], at + n
        except OSError as error:
            if error.errno in NO_ROOM:
                raise full_disk(tempfile.gettempdir()) from None
            raise InputError(
                f"the temporary folder {tempfile.gettempdir()} cannot be written to:"
                f" {one_line(error.strerror or error)}"
            ) from None

    def mapped(self):
        """All of it as an array that nobody can change, whose pages are in memory while they are looked at."""
        if not len(self):
            return np.empty(0, self.dtype)
        return np.asarray(np.memmap(self._scratch.file, self.dtype, "r", self._begin, self.shape))

    def _at(self, place):
        return self._begin + place * self.dtype.itemsize


@contextmanager
def here_and_there(*arrays):
    """Let parts of arrays be looked at here and there: of what is mapped no more is read than is looked at.

    Otherwise the system reads up to some MB around each, which is right for what is looked at from one end
    to the other. It matters where not all of it stays in memory.

    Parameters
    ----------
    *arrays : array
        Those that are not mapped stay as they are.
    """
    bases = (array.base for array in arrays)
    maps = [base._mmap for base in bases if isinstance(base, np.memmap)]
    for one in maps:
        one.madvise(mmap.MADV_RANDOM)
    try:
        yield
    finally:
        for one in maps:
            one.madvise(mmap.MADV_NORMAL)


def as_array(kept):
    """What a `Scratch` keeps as an array, see `ArrayOnDisk.mapped`."""
    return kept.mapped() if isinstance(kept, ArrayOnDisk) else kept
