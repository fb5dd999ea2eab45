"""Long work that is interrupted."""

import itertools


def interrupt_after(n_calls):
    """A progress function that is interrupted when it is called that many times."""
    calls = itertools.count(1)

    def progress(stage, part):
        if next(calls) == n_calls:
            raise KeyboardInterrupt

    return progress
