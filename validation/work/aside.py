"""One other process of this machine, that does something while this one does something else."""

import pickle
import threading

from wmdelays.machine.free_memory import free_memory
from wmdelays.machine.processors import n_processors
from wmdelays.validation.work.workers import LEAST_BYTES, Worker, held_back


class Aside:
    """Another process, started when it is first given something to do, as a context.

    This process does the work itself where the other one cannot: on a single core, where memory is
    short, where the work cannot be sent, and where the other process was killed. A script that
    uses it has to begin its work under ``if __name__ == "__main__":``.
    """

    def __init__(self):
        self._worker = self._work = self._sender = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._worker is not None:
            with held_back():
                self._worker.kill()

    def give(self, function, *arguments, n_bytes=0):
        """Give it something to do; it has one thing at a time.

        Parameters
        ----------
        function : callable
            The other process imports it by its name.
        *arguments
        n_bytes : int
            Memory that it takes, beside that of its libraries.
        """
        self._work, self._sender = (function, arguments), None
        short = self._worker is None and free_memory() < LEAST_BYTES + n_bytes
        if short or n_processors() < 2:
            return
        try:
            data = pickle.dumps(self._work, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError):
            return  # such as functions of the user's that have no name
        if self._worker is None:
            with held_back():
                self._worker = Worker(_called)
        # What is large is taken only once the other process has begun.
        self._sender = threading.Thread(target=self._worker.give, args=(0, data), daemon=True)
        self._sender.start()

    def answer(self):
        """What came of it; waits until it is done. What the function raises is raised here."""
        (function, arguments), self._work = self._work, None
        if self._sender is not None:
            self._sender.join()
            answer = self._worker.answer()
            if answer is not None:
                fine, result, _ = answer
                if not fine:
                    raise result
                return result
            with held_back():
                self._worker.kill()
            self._worker = None
        return function(*arguments)


def _called(data):
    function, arguments = pickle.loads(data)
    return function(*arguments)
