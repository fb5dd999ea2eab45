"""How a program ends: one line on standard error that says why, and an exit status."""

import os
import signal
import sys

from wmdelays.errors import InputError
from wmdelays.machine.out_of_memory import NO_MEMORY, is_out_of_memory
from wmdelays.words import printable


def failed(error):
    """Say in one line why a program ends, where an exception is not a defect of the software.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    int or None
        The exit status; None if it is a defect, of which nothing is said.
    """
    if isinstance(error, InputError):
        return fail(str(error), 2, error.more)
    if isinstance(error, KeyboardInterrupt):
        return fail("interrupted", 130)
    if is_out_of_memory(error):
        return fail(NO_MEMORY, 2)
    if isinstance(error, BrokenPipeError):
        return unread()
    if isinstance(error, OSError):
        return fail(f"{error.filename or 'a file or the output'}: {error.strerror or error}", 2)
    return None


def fail(line, status, more=""):
    """Print the one line that says why the program ends, and what follows it; gives the status."""
    try:
        if line:
            print(f"wmdelays: {printable(' '.join(line.split()))}", file=sys.stderr)
        if more:
            print(more, file=sys.stderr)
    except BrokenPipeError:
        unread()
    return status


def unread():
    """End quietly where whoever read the output, such as `head`, has seen enough; gives the status.

    It is that of a program which the signal ends that comes with such an output.
    """
    for name in ("stdout", "stderr"):
        # typer may have wrapped them.
        stream = getattr(getattr(sys, name), "wrapped", getattr(sys, name))
        setattr(sys, name, stream)
        # Python tries to write what is left at its end.
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return 128 + signal.SIGPIPE
