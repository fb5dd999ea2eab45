"""Pieces of learning in threads that go in step: what all of them ask for is done at once."""

import threading
from concurrent.futures import ThreadPoolExecutor


class InStep:
    """Threads of this process that wait for each other whenever they ask for something.

    Parameters
    ----------
    answer : callable
        ``answer(asked)`` does what all of them ask for, a list in the order of the pieces.
    """

    n = 1

    def __init__(self, answer):
        self.answer = answer
        self._changed, self._own = threading.Condition(), threading.local()

    def each(self, work, shared, pieces):
        """As of `wmdelays.training.rules.side_by_side.Threads`; each piece has a thread."""
        self._asked, self._turn, self._failed, self._active = {}, 0, None, len(pieces)

        def run(place, piece):
            self._own.place = place
            try:
                return work(shared, *piece)
            finally:
                with self._changed:
                    self._active -= 1
                    self._answer_if_all_wait()

        with ThreadPoolExecutor(len(pieces)) as pool:
            futures = [pool.submit(run, *piece) for piece in enumerate(pieces)]
            try:
                for future in futures:
                    yield future.result()
            except BaseException as error:
                with self._changed:
                    self._failed = self._failed or error
                    self._turn += 1
                    self._changed.notify_all()
                raise

    def ask(self, *asked):
        """Wait until it is done, with what all others ask for."""
        with self._changed:
            turn = self._turn
            self._asked[self._own.place] = asked
            self._answer_if_all_wait()
            self._changed.wait_for(lambda: self._turn != turn or self._failed)
            if self._failed:
                raise self._failed

    def _answer_if_all_wait(self):
        if not self._asked or len(self._asked) < self._active or self._failed:
            return
        asked = [self._asked[place] for place in sorted(self._asked)]
        self._asked = {}
        try:
            self.answer(asked)
        except BaseException as error:
            self._failed = error
        self._turn += 1
        self._changed.notify_all()
