"""A process of its own for NEST, which is asked as long as this one lives.

NEST has one network in a process, and a script may have built its own there; so nothing is simulated in
the process that asks. Nor would NEST stop in the middle for Ctrl-C, keep standard output clean, or wait
for its threads as patiently as it is told to here, before it is loaded.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress

from wmdelays.errors import InputError, flags_named
from wmdelays.neurons import ContinuousNeuron
from wmdelays.neurons.names import neuron_model

_PROGRAM = "from wmdelays.nest_models.server import serve; serve()"
# Threads of NEST that wait for each other would keep the processors busy.
_ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}


class _Pickler(pickle.Pickler):
    """Names the model of neurons, which has functions in it that cannot be sent."""

    def reducer_override(self, one):
        if isinstance(one, ContinuousNeuron):
            return neuron_model, (one.name,)
        return NotImplemented


class NestProcess:
    """A process that plays cues to memories in NEST; it begins at once to start.

    Attributes
    ----------
    owner : int
        The process that started it; a copy of that (`os.fork`) has to start its own.
    """

    def __init__(self):
        self.owner = os.getpid()
        self._memory = lambda: None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT | os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl-C reaches every process of the terminal's group; this one is ended by us.
            process_group=0,
        )

    @property
    def runs(self):
        """Whether it can be asked."""
        return self.owner == os.getpid() and self._process.poll() is None

    def play(self, memory, cues, n, threads, progress):
        """What a memory makes of cues, see `wmdelays.nest_models.network.Network.play`.

        `n` is the number of ticks in a step of neurons in continuous time, else None. However this ends
        but well, the process is no more.
        """
        request = {"cues": cues, "n": n, "threads": threads, "flags": flags_named()}
        # A memory that was there for the cues before need not be built once more.
        request["memory"] = None if self._memory() is memory else memory
        try:
            with suppress(BrokenPipeError):
                _Pickler(self._process.stdin, pickle.HIGHEST_PROTOCOL).dump(request)
                self._process.stdin.flush()
            while True:
                kind, content = self._answer()
                if kind != "progress":
                    break
                progress(content)
        except BaseException:
            self.end()
            raise
        if kind == "done":
            self._memory = weakref.ref(memory)
            return content
        self.end()
        if kind == "refused":
            raise InputError(content)
        raise RuntimeError(f"NEST failed:\n{content}")

    def _answer(self):
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            status = self._process.wait()
            why = signal.strsignal(-status) if status < 0 else f"status {status}"
            raise InputError(
                f"NEST ended in the middle of its work ({why}); where memory ran out, take a memory with"
                " fewer synapses"
            ) from None

    def end(self):
        """End the process at once."""
        if self.owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()


_kept = None
_busy = threading.Lock()


def play(memory, cues, n, threads, progress, keep=True):
    """What a memory makes of cues in the process that is kept, which is started where there is none.

    Parameters
    ----------
    memory, cues, n, threads, progress
        See `NestProcess.play`.
    keep : bool
        Whether the process, and the network in it, is kept for the next cues.
    """
    with _busy:
        process = _running()
        played = process.play(memory, cues, n, threads, progress)
        if not keep:
            process.end()
        return played


def start():
    """Let the process begin to start, which takes a second or two, unless it runs."""
    with _busy:
        _running()


def _running():
    global _kept
    if _kept is None or not _kept.runs:
        _kept = NestProcess()
    return _kept


@atexit.register
def _end():
    if _kept is not None:
        _kept.end()


def _forget():
    """In a copy of this process: the lock may be held by a thread that is not there."""
    global _kept, _busy
    _kept, _busy = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
