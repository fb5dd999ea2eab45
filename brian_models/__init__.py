"""Brian2: neuron models, the expansion of a Memory into Synapses, devices.

`recall` simulates a memory and a cue in continuous time and gives a Recall. `expand` and `play`
give its parts, for a Brian2 script of one's own. This room knows nothing of learning: all it takes
is a Memory.
"""

import logging
import os
import signal
import sys
import threading
import warnings
from contextlib import contextmanager, nullcontext, suppress

import lazy_loader

from wmdelays.words import printable


@contextmanager
def _quiet_import():
    """Let Brian2 be imported without its log, its handler of interrupts and its warnings."""
    # Brian2 writes the command line to its log, as UTF-8. A file's name may be none.
    arguments, sys.argv = sys.argv, [printable(word) for word in sys.argv]
    # On a full disk each line of the log would be a traceback, and the log is not kept anyway.
    warnings.filterwarnings("ignore", "Could not (create log|copy script)")
    raises, logging.raiseExceptions = logging.raiseExceptions, False
    set_handler = signal.signal
    if _may_not_handle_interrupts():
        signal.signal = lambda *_: None
    try:
        yield
        if "brian2" in sys.modules:
            _keep_no_log(sys.modules["brian2"].BrianLogger)
    finally:
        sys.argv, logging.raiseExceptions, signal.signal = arguments, raises, set_handler


def _may_not_handle_interrupts():
    """Whether Brian2 must not set its handler of interrupts, as it does when it is imported."""
    # Only the main thread may set one; the workers of dask work in other threads. And Brian2 would
    # call the handler of before, which is none where interrupts are ignored (nohup, a shell's &).
    elsewhere = threading.current_thread() is not threading.main_thread()
    return elsewhere or not callable(signal.getsignal(signal.SIGINT))


def _keep_no_log(logger):
    """Remove Brian2's log and its copy of the script, which a killed process would leave.

    Scripts that want them import Brian2 before this room.
    """
    if logger.file_handler is not None:
        logging.getLogger("brian2").removeHandler(logger.file_handler)
        with suppress(OSError):
            logger.file_handler.close()
    for path in (logger.tmp_log, logger.tmp_script):
        if path is not None:
            with suppress(OSError):
                os.remove(path)
    logger.file_handler = logger.tmp_log = logger.tmp_script = None


# Importing Brian2 takes seconds, so it waits for the first use of a name that needs it.
_lazy, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name):
    with nullcontext() if "brian2" in sys.modules else _quiet_import():
        return _lazy(name)
