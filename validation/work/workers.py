"""Processes of this machine that compute pieces of work for this one.

They talk through pairs of connected sockets that have no name and no address: no other program, of
whichever user, can reach them.
"""

import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process, resource_tracker

import psutil

from wmdelays.errors import InputError, flags_named, named_as_flags
from wmdelays.machine.free_memory import free_memory, in_words

# A worker with its libraries, torch among them, and the smallest of points: `peak_bytes` of a scan
# of the rule bptt is 477 MB on x86-64 Linux.
LEAST_BYTES = 500_000_000
KILLED = object()
# A piece of work that killed so many workers is given up.
_TRIES = 4
# Seconds for workers to end by themselves when all is done.
_PATIENCE = 10
# Pieces side by side share the cores, and libraries would take all of them for each.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Signals that end a command as Ctrl-C does.
_OTHERS = {signal.SIGTERM, signal.SIGHUP}
# What the system counts peaks in.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def affordable(n_workers, n_pieces):
    """How many workers can be started: one for each piece at most, and no more than memory allows.

    Parameters
    ----------
    n_workers, n_pieces : int
        How many are wanted, and how many pieces of work there are.

    Returns
    -------
    n : int
    reason : str
        Why there are fewer than are wanted and of use; else empty.
    """
    wanted, free = min(n_workers, n_pieces), free_memory()
    n = max(1, min(wanted, int(free // LEAST_BYTES)))
    if n == wanted:
        return n, ""
    return n, f"{n} of {wanted} workers, as {in_words(free)} of memory are free"


def side_by_side(function, pieces, n_workers):
    """What a function makes of pieces of work, in the order in which they are ready.

    A piece whose worker is killed is given to another one. When the generator is closed before its
    end, the workers end at once; they also end when this process is killed.

    Parameters
    ----------
    function : callable
        Other processes import it by its name.
    pieces : sequence
    n_workers : int
        From `affordable`. Where memory is too short for as much as any worker took until then, a
        worker waits until another one is done.

    Yields
    ------
    (piece, result)
        The result is the InputError that the function ended with, and `KILLED` where every worker
        that tried the piece was killed.

    Raises
    ------
    InputError
        If no worker can be started.
    Exception
        What else the function ends with; its notes say where.
    """
    waiting, tries, crew, peak = deque(range(len(pieces))), Counter(), [], LEAST_BYTES
    ready, finished = [], False
    try:
        while waiting or _busy(crew) or ready:
            while len(crew) < min(n_workers, len(_busy(crew)) + len(waiting)):
                with held_back():
                    crew.append(Worker(function))
            for worker in crew:
                if worker.place is None and waiting and _has_room(worker, crew, peak):
                    place = waiting.popleft()
                    worker.give(place, pieces[place])
            # Who gets the results may take its time, so workers have their next piece before.
            yield from ((pieces[place], result) for place, result in ready)
            ready = []
            for worker in _ready(crew):
                place, answer = worker.place, worker.answer()
                if answer is None:
                    crew.remove(worker)
                    worker.kill()
                    tries[place] += 1
                    if tries[place] < _TRIES:
                        waiting.appendleft(place)
                    else:
                        ready.append((place, KILLED))
                    continue
                fine, result, used = answer
                peak = max(peak, used)
                if not fine and not isinstance(result, InputError):
                    yield from ((pieces[place], result) for place, result in ready)
                    raise result
                ready.append((place, result))
        finished = True
    finally:
        try:
            if finished:
                _dismiss(crew)
        finally:
            with held_back():
                for worker in crew:
                    worker.kill()


class Worker:
    """A process, and the place of the piece of work that it has."""

    def __init__(self, function):
        context = get_context("spawn")
        self.place = None
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, function, flags_named()))
        with _one_thread():
            self.process.start()
        theirs.close()

    def give(self, place, piece):
        self.place = place
        try:
            self.connection.send(piece)
        except OSError:
            pass  # it is dead, which shows when its answer is looked for

    def answer(self):
        """What came of the piece, or None if the worker is dead."""
        self.place = None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._kill_group()
            # One that ends by itself could not even begin.
            self.process.join(_PATIENCE)
            if (self.process.exitcode or 0) > 0:
                raise InputError(
                    "a worker could not be started, which is said above; a script has to begin its"
                    " work under `if __name__ == '__main__':`"
                ) from None
            return None

    def used(self):
        """Bytes of memory that it has now."""
        try:
            return psutil.Process(self.process.pid).memory_info().rss
        except psutil.Error:
            return 0

    def kill(self):
        """End it and what it started, at once."""
        if self.process.exitcode is None:
            self._kill_group()
        self.process.join()
        self.connection.close()

    def _kill_group(self):
        """To be called before the system may give its number to another process."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()  # it has no group yet


def _busy(crew):
    return [worker for worker in crew if worker.place is not None]


def _ready(crew):
    """Workers that have an answer or are dead."""
    busy = _busy(crew)
    if not busy:
        return []
    found = connection.wait(
        [part for worker in busy for part in (worker.connection, worker.process.sentinel)]
    )
    return [one for one in busy if one.connection in found or one.process.sentinel in found]


def _has_room(worker, crew, peak):
    """Whether memory is left for a piece as large as the largest until now, beside the others'."""
    busy = _busy(crew)
    if not busy:
        return True
    promised = sum(max(0, peak - other.used()) for other in busy)
    return free_memory() - promised >= peak - worker.used()


def _dismiss(crew):
    """Let workers end by themselves, so that they can put away what they made."""
    until = time.monotonic() + _PATIENCE
    for worker in crew:
        worker.connection.close()
    for worker in crew:
        worker.process.join(max(0, until - time.monotonic()))


@contextmanager
def held_back():
    """Let nothing be interrupted that would leave a process behind, nor one that is started here.

    Ctrl-C reaches every process of the terminal. The one that computes nothing itself is to end the
    others; each of them would print where it was.
    """
    # Where it is started later, it lets interrupts through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *_OTHERS})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread():
    """The environment for a worker's libraries; what the user has set stays."""
    ours = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(ours, "1"))
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def _work(pipe, function, flags):
    """What a worker does: compute pieces until there are no more."""
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OTHERS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            piece = pipe.recv()
        except EOFError:
            return
        try:
            with named_as_flags(flags):
                fine, result = True, function(piece)
        except Exception as error:
            error.add_note("In a worker:\n" + "".join(traceback.format_exception(error)))
            fine, result = False, _portable(error)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT
        pipe.send((fine, result, peak))


def _portable(error):
    """An exception that another process can have."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


def _end_with_parent():
    """End this process and what it started when the one is gone that gives it work."""
    connection.wait([parent_process().sentinel])
    os.killpg(os.getpgrp(), signal.SIGKILL)
