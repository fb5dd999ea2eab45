"""Points computed side by side, each kept as soon as it is known."""

import time
from contextlib import closing

from wmdelays.errors import InputError
from wmdelays.machine.dask_scheduler import (
    SchedulerGone,
    WorkersKilled,
    answer_of,
    connected,
)
from wmdelays.machine.free_memory import check_memory
from wmdelays.quantities import whole
from wmdelays.validation.work.workers import KILLED, affordable, side_by_side
from wmdelays.words import duration

# Bytes of memory for a point and its row of results.
_OF_A_POINT = 3000


def compute(function, points, results, *, workers=1, scheduler=None, together=1, progress=None):
    """Compute the points that the results do not have yet.

    A point is a setting (dict of JSON values) and a seed. What was computed stays in the results
    when the work is interrupted, or when a worker is killed: then its points are given to another.

    Parameters
    ----------
    function : callable
        ``function(points)`` gives the figures (dict of JSON values) of each of these points. Other
        processes import it by its name, so it stands in a module; `functools.partial` of such a
        one is all right.
    points : sequence of (dict, int)
    results : Results
    workers : int
        Number of processes. One computes here; for more, others are started, see
        `wmdelays.validation.work.workers`. There are no more than chunks of points, and no more than
        memory allows.
    scheduler : str, optional
        Address of a running dask scheduler, whose workers are used instead.
    together : int
        How many points are given to a worker at once.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).

    Raises
    ------
    InputError
        If no rows can be added to the results, there is no dask.distributed for a scheduler, or the
        scheduler cannot be reached; in the end, if the function refused some points with an
        InputError, or every worker that was given some
        points was killed. The other points are in the results then.
    """
    workers = whole("workers", workers, 1)
    say = progress or (lambda stage, part: None)
    missing = [point for point in points if results.get(*point) is None]
    if not missing:
        return
    results.check_can_add()
    began, done, n_known = time.monotonic(), 0, len(points) - len(missing)
    known = f", {n_known} known before" if n_known else ""
    chunks = [missing[k : k + together] for k in range(0, len(missing), together)]
    n, fewer = affordable(workers, len(chunks)) if workers > 1 and scheduler is None else (1, "")

    def tell():
        text = f"{done} of {len(missing)} points{known}{fewer and ', '}{fewer}"
        if done:
            left = (time.monotonic() - began) / done * (len(missing) - done)
            text += f", about {duration(left)} left"
        say(text, done / len(missing))

    tell()
    if scheduler is not None:
        work = _by_scheduler(function, chunks, scheduler)
    elif n > 1:
        work = side_by_side(function, chunks, n)
    else:
        work = ((chunk, _attempt(function, chunk)) for chunk in chunks)
    refused = []
    # Whatever ends this, the processes end at once.
    with closing(work):
        for chunk, figures in work:
            if figures is KILLED:
                figures = _killed(chunk)
            if isinstance(figures, InputError):
                refused += [figures] * len(chunk)
            else:
                for (setting, seed), found in zip(chunk, figures, strict=True):
                    results.append(setting, seed, found)
            done += len(chunk)
            tell()
    if refused:
        others = "other point" if len(refused) == 2 else "other points"
        more = f" (and {len(refused) - 1} {others})" if len(refused) > 1 else ""
        raise InputError(f"{refused[0]}{more}")


def check_number(n_points, instead):
    """Raise an InputError where there are more points than can be kept in memory.

    For use before they are listed.

    Parameters
    ----------
    n_points : int
    instead : str
        What the user can change, such as ``"take fewer draws"``.
    """
    check_memory(_OF_A_POINT * n_points, f"keeping the results of {n_points:,} points", instead)


def _attempt(function, *arguments):
    """What the function gives, or the InputError that it ends with."""
    try:
        return function(*arguments)
    except InputError as error:
        return error


def _killed(chunk):
    setting, seed = chunk[0]
    return InputError(
        f"every worker that tried it was killed (is there enough memory?): {setting}, seed {seed}"
    )


def _by_scheduler(function, chunks, address):
    """The chunks and what the workers of a dask scheduler make of them, as they are ready."""
    with connected(address) as client:
        from distributed import as_completed

        waiting = {client.submit(function, chunk, pure=False): chunk for chunk in chunks}
        for future in as_completed(list(waiting)):
            chunk = waiting.pop(future)
            try:
                figures = answer_of(future)
            except WorkersKilled:
                figures = KILLED
            except SchedulerGone:
                raise InputError("the dask scheduler is gone; what it computed is kept") from None
            except InputError as error:
                figures = error
            yield chunk, figures
