"""The doorway of the program `wmdelays`: it answers signals before anything else is imported."""

import atexit
import gc
import os
import signal
import sys
import threading
import time

from wmdelays.machine.interrupts import Interrupts
from wmdelays.machine.out_of_memory import NO_MEMORY, is_out_of_memory


def main(arguments=None, *, alone=None):
    """Run the program.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the command line.
    alone : bool, optional
        Whether the process ends with the program. By default, if it has the command line's arguments.

    Returns
    -------
    int
        0 if all is well, 1 if a check failed, 2 if the input cannot be used, 130 after Ctrl-C, 143 after
        SIGTERM, and 141 where nobody reads the output any more, as in ``wmdelays info … | head -1``.
    """
    began = time.perf_counter()
    alone = arguments is None if alone is None else alone
    if alone:
        # A process that soon ends need not look for garbage after every few hundred objects; that is a
        # quarter of the time which importing torch and Brian2 takes.
        gc.set_threshold(50_000, *gc.get_threshold()[1:])
    with Interrupts() as interrupts:
        try:
            status = interrupts.status(_guarded(arguments, interrupts, began if alone else None))
        except SystemExit as end:
            end.code = status = interrupts.status(end.code)
            if not alone:
                raise
        if alone:
            status = _flushed(status)
            # What is left to do is Python's own end.
            interrupts.done(status)
            _end(status)
    return status


def _guarded(arguments, interrupts, began):
    try:
        from wmdelays.validation.commands.app import fail, run
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        print(f"wmdelays: {NO_MEMORY}", file=sys.stderr)
        return 2
    try:
        interrupts.imported()
        return run(arguments, began)
    except (KeyboardInterrupt, Exception):
        # Some turn an interrupt into an error of their own.
        if interrupts.came is None and sys.exc_info()[0] is not KeyboardInterrupt:
            raise
        return fail("interrupted", 130)


def _end(status):
    """End the process at once. Python would take modules apart, torch and Brian2 for seconds."""
    if threading.active_count() > 1 or not isinstance(status, int | None):
        sys.exit(status)
    # What libraries have to put away.
    atexit._run_exitfuncs()
    sys.stderr.flush()
    os._exit(status or 0)


def _flushed(status):
    """The status, or that of an output that cannot be written, which Python tells in four lines."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # Python tries again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            # Who read it has seen enough.
            return status or 128 + signal.SIGPIPE
        print(f"wmdelays: standard output: {error.strerror}", file=sys.stderr)
        return status or 2
    return status


if __name__ == "__main__":
    main()
