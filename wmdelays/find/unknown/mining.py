"""Mining of a raster by elephant, in a process of its own that may run out of memory.

SPADE and CAD make as many patterns as the raster holds, and elephant's C++ aborts where there is
no memory for them. So they run in a child with a limit. It ends with this process, however that
ends, and serves one request after another.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from multiprocessing.connection import Connection, Pipe

import numpy as np

from wmdelays.find.surrogates import quiet, spike_trains
from wmdelays.machine.free_memory import check_memory, free_memory
from wmdelays.raster import Raster

# Memory in bytes for the patterns themselves. A pattern takes about a thousand; so many that this
# is not enough are more than anybody can look at.
_ROOM = 2**30
# About what a spike of a window takes, as elephant lists them.
_PER_ITEM = 300
_START = "import sys; sys.path[:] = {path!r}; from {module} import serve; serve({number}, {parent})"
_PR_SET_PDEATHSIG = 1
# How a process ends for which there is no memory: C++ aborts, the system kills, and the dynamic
# linker exits with 127 where it has none for what a thread keeps of an exception that is thrown.
_NO_MEMORY = -signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV, 127


class TooManyPatterns(Exception):
    """There are more patterns than memory for them.

    Attributes
    ----------
    n_bytes : int
        The memory that there was.
    short : bool
        Whether the machine had less than mining may take anywhere.
    """

    def __init__(self, n_bytes, short):
        super().__init__(n_bytes)
        self.n_bytes, self.short = n_bytes, short


class TookTooLong(Exception):
    """Mining has taken all the time that it was given."""


class Miner:
    """A process that mines rasters; to be used in a ``with`` statement.

    Parameters
    ----------
    advice : str
        What the user can change where memory is short.
    seconds : float, optional
        For all that is mined together; then it ends with `TookTooLong`. By default any time.
    """

    def __init__(self, advice, seconds=None):
        self._advice = advice
        self._end_at = None if seconds is None else time.monotonic() + seconds
        self._process = self._line = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._end()

    def spade(
        self, raster, step, window, *, min_spikes, min_occurrences, spectrum, min_neurons=None
    ):
        """SPADE's patterns of a raster.

        Parameters
        ----------
        raster : Raster
        step : float
            Length of a bin in seconds.
        window : int
            Bins of a window.
        min_spikes, min_occurrences : int
        spectrum : bool
            Whether patterns are only counted.
        min_neurons : int, optional
            By default `min_spikes`.

        Returns
        -------
        list of (tuple of int, tuple of int), or int array of shape (n_signatures, 3)
            elephant's concepts: spikes as numbers ``neuron * window + bin``, and the bins at which
            the pattern begins. Or numbers of spikes, of occurrences, and of patterns with both.

        Raises
        ------
        TooManyPatterns
        InputError
            If there is not even memory for the windows.
        """
        cells = np.unique(raster.steps(step) * raster.n_neurons + raster.neurons)
        bins, neurons = np.divmod(cells, raster.n_neurons)
        units, unit = np.unique(neurons, return_inverse=True)
        place = _without_silence(bins, window)
        ahead = np.searchsorted(place, place + window)
        # For each spike those in the window that it begins; spikes of one bin share one.
        begins = np.flatnonzero(np.diff(place, prepend=-1))
        n_items = int((ahead[begins] - begins).sum())
        table = (int(place[-1]) + 1) * len(units) * window
        n_bytes = self._checked(2 * table + _PER_ITEM * n_items, raster)
        found = self._ask(
            n_bytes,
            "_spade",
            unit,
            place,
            window,
            min_spikes,
            min_spikes if min_neurons is None else min_neurons,
            min_occurrences,
            spectrum,
        )
        if spectrum:
            return np.asarray(found, int).reshape(-1, 3)
        when = dict(zip(place.tolist(), bins.tolist()))
        return [
            (
                tuple(int(units[item // window]) * window + item % window for item in items),
                tuple(when[start] for start in starts),
            )
            for items, starts in found
        ]

    def cad(self, raster, step, *, max_lag, alpha, min_occurrences):
        """CAD's assemblies of a raster, elephant's dictionaries with lags and times in seconds.

        Parameters
        ----------
        raster : Raster
        step : float
            Length of a bin in seconds.
        max_lag : int
            In bins.
        alpha : float
        min_occurrences : int
            Assemblies have more than so many.

        Raises
        ------
        TooManyPatterns
        InputError
            If there is not even memory for the bins.
        """
        n_bytes = self._checked(5 * 8 * raster.n_neurons * raster.n_steps(step), raster)
        return self._ask(n_bytes, "_cad", raster, step, max_lag, alpha, min_occurrences)

    def _checked(self, n_bytes, raster):
        what = f"the raster of {raster.duration:.6g} s and {len(raster)} spikes"
        check_memory(n_bytes, f"{what} in bins", self._advice)
        return n_bytes + _ROOM

    def _ask(self, n_bytes, task, *arguments):
        if self._process is None:
            self._begin()
        limit = min(n_bytes, free_memory())
        too_many = TooManyPatterns(limit, limit < n_bytes)
        try:
            self._line.send((limit, task, arguments))
            if self._end_at is not None:
                left = max(0.0, self._end_at - time.monotonic())
                if not self._line.poll(left):
                    raise TookTooLong
            outcome, answer = self._line.recv()
        except (EOFError, ConnectionError):
            status = self._process.wait()
            self._end()
            if status in _NO_MEMORY:
                raise too_many from None
            raise RuntimeError(f"the process that mines ended with status {status}") from None
        except BaseException:
            self._end()
            raise
        if outcome == "memory":
            raise too_many
        if outcome == "error":
            raise RuntimeError(f"the process that mines failed:\n{answer}")
        return answer

    def _begin(self):
        self._line, theirs = Pipe()
        words = _START.format(
            path=list(map(str, sys.path)),
            module=__name__,
            number=theirs.fileno(),
            parent=os.getpid(),
        )
        try:
            # A group of its own: Ctrl-C is for us, and we end it.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        finally:
            theirs.close()

    def _end(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._line.close()
        self._process = self._line = None


def _without_silence(bins, window):
    """Sorted bins, of which those that no window spans with others move up to them.

    Patterns stay as they are, and a long silence takes no memory.
    """
    return np.cumsum(np.minimum(np.diff(bins, prepend=0), window))


def serve(number, parent):
    """What the child does: mine what is asked for over a pipe until it closes.

    Parameters
    ----------
    number : int
        Of the pipe's file descriptor.
    parent : int
        The process with which this one ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except AttributeError:
        pass  # Not Linux: it ends when the pipe does, after what it is at.
    if os.getppid() != parent:
        return
    # Libraries take their memory before there is a limit.
    import elephant.cell_assembly_detection  # noqa: F401
    import elephant.spade  # noqa: F401

    line = Connection(number)
    while True:
        try:
            n_bytes, task, arguments = line.recv()
        except EOFError:
            return
        try:
            _limit(resource.RLIMIT_AS, _taken() + n_bytes)
            answer = "done", globals()[task](*arguments)
            line.send(answer)
        except MemoryError:
            answer = None
            line.send(("memory", None))
        except Exception:
            line.send(("error", traceback.format_exc()))


def _limit(which, value):
    _, most = resource.getrlimit(which)
    value = int(value if most == resource.RLIM_INFINITY else min(value, most))
    resource.setrlimit(which, (value, most))


def _taken():
    """Bytes of address space of this process."""
    import psutil

    return psutil.Process().memory_info().vms


def _spade(units, bins, window, min_spikes, min_neurons, min_occurrences, spectrum):
    import quantities
    from elephant.spade import concepts_mining

    n_bins, n_units = int(bins[-1]) + 1, int(units.max()) + 1
    raster = Raster(units, bins + 0.5, n_units, n_bins)
    with quiet():
        found, _ = concepts_mining(
            binned(raster, 1.0),
            quantities.s,
            window,
            min_spikes=min_spikes,
            min_occ=min_occurrences,
            min_neu=min_neurons,
            # No pattern is larger or more frequent; elephant makes a table of this size.
            max_spikes=int(
                (np.searchsorted(bins, bins + window) - np.searchsorted(bins, bins)).max()
            ),
            max_occ=int(np.bincount(units).max()),
            report="#" if spectrum else "a",
        )
    # Where all windows hold the same, elephant asks for no size and no number of occurrences.
    if spectrum:
        return [one for one in found if one[0] >= min_spikes and one[1] >= min_occurrences]
    return [one for one in found if len(one[0]) >= min_spikes and len(one[1]) >= min_occurrences]


def _cad(raster, step, max_lag, alpha, min_occurrences):
    import quantities
    from elephant.cell_assembly_detection import cell_assembly_detection

    with quiet():
        found = cell_assembly_detection(
            binned(raster, step), max_lag=max_lag, alpha=alpha, min_occurrences=min_occurrences
        )
    return [
        {
            "neurons": [int(k) for k in one["neurons"]],
            "lags": one["lags"].rescale(quantities.s).magnitude,
            "times": one["times"].rescale(quantities.s).magnitude,
            "pvalue": [float(p) for p in one["pvalue"]],
        }
        for one in found
    ]


def binned(raster, step):
    """A raster as elephant bins it: spikes stand in the middle of their bins."""
    import quantities
    from elephant.conversion import BinnedSpikeTrain

    n_bins = raster.n_steps(step)
    middle = (raster.steps(step) + 0.5) * step
    placed = Raster(raster.neurons, middle, raster.n_neurons, n_bins * step)
    with quiet():
        return BinnedSpikeTrain(
            spike_trains(placed),
            bin_size=step * quantities.s,
            n_bins=n_bins,
            t_start=0 * quantities.s,
            tolerance=None,
        )
