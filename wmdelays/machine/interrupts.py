"""Ctrl-C and the other signals that end a program: one line, whenever they come."""

import os
import signal

# Ctrl-C; what `kill`, a batch system and a container send; what a closed terminal sends.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Answers the signals that end a program, as a context.

    While modules are imported such a signal ends the process at once: nothing is lost yet, and an
    exception in the middle of an import becomes another one, or is printed by whoever meets it.
    Later each of them is a KeyboardInterrupt, so that what a command does at Ctrl-C (its line, its
    children, its temporary folders) is done for all of them.

    Attributes
    ----------
    came : int or None
        Number of the signal that came first.
    """

    def __init__(self):
        self.came = None
        self._importing, self._before, self._process = True, {}, os.getpid()
        self._status = None

    def __enter__(self):
        for number in _ENDING:
            # Whoever started us may have told us to ignore it, as nohup and a shell's & do.
            if signal.getsignal(number) in (signal.SIG_IGN, None):
                continue
            try:
                self._before[number] = signal.signal(number, self._answer)
            except ValueError:
                break  # a program of one's own runs us in another thread
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def imported(self):
        """From now on something may have to be put in order before the end."""
        self._importing = False

    def done(self, status):
        """All is done: until the process is gone, a signal ends it with this status."""
        self._status, self._before = status, {}

    def status(self, status):
        """An exit status, which after an interrupt says which signal it was."""
        return 128 + self.came if self.came is not None and status == 130 else status

    def _answer(self, number, frame):
        if os.getpid() != self._process:
            # A copy of this process (multiprocessing) is ended as if we had changed nothing.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if self._status is not None:
            os._exit(self._status)
        if self.came is None:
            self.came = int(number)
        if self._importing:
            os.write(2, b"wmdelays: interrupted\n")
            os._exit(128 + self.came)
        raise KeyboardInterrupt
