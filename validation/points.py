"""Points computed side by side, each kept as soon as it is known."""

import asyncio
import logging
import os
import signal
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker

from wmdelays.errors import InputError, one_line
from wmdelays.quantities import whole
from wmdelays.validation.terminal import duration

# Seconds that a scheduler may take to answer.
_PATIENCE = 10


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
        Number of processes. One computes here; more are workers of dask.distributed.
    scheduler : str, optional
        Address of a running dask scheduler, whose workers are used instead.
    together : int
        How many points are given to a worker at once.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).

    Raises
    ------
    InputError
        If dask.distributed is needed and missing, or the scheduler cannot be reached; in the end,
        if the function refused some points with an InputError, or every worker that was given some
        points was killed. The other points are in the results then.
    """
    workers = whole("workers", workers, 1)
    say = progress or (lambda text, part: None)
    missing = [point for point in points if results.get(*point) is None]
    if not missing:
        return
    began, done, n_known = time.monotonic(), 0, len(points) - len(missing)
    known = f", {n_known} known before" if n_known else ""

    def tell():
        text = f"{done} of {len(missing)} points{known}"
        if done:
            left = (time.monotonic() - began) / done * (len(missing) - done)
            text += f", about {duration(left)} left"
        say(text, done / len(missing))

    tell()
    chunks = [missing[k : k + together] for k in range(0, len(missing), together)]
    side_by_side = scheduler is not None or (workers > 1 and len(chunks) > 1)
    if side_by_side:
        work = _side_by_side(function, chunks, workers, scheduler)
    else:
        work = ((chunk, _attempt(function, chunk)) for chunk in chunks)
    refused = []
    for chunk, figures in work:
        if isinstance(figures, InputError):
            refused += [figures] * len(chunk)
        else:
            for (setting, seed), found in zip(chunk, figures, strict=True):
                results.append(setting, seed, found)
        done += len(chunk)
        tell()
    if refused:
        more = f" (and {len(refused) - 1} other points)" if len(refused) > 1 else ""
        raise InputError(f"{refused[0]}{more}")


def _attempt(function, *arguments):
    """What the function gives, or the InputError that it ends with."""
    try:
        return function(*arguments)
    except InputError as error:
        return error


def _side_by_side(function, chunks, workers, scheduler):
    """The chunks and their figures (or the InputError), in the order in which they are ready."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise InputError(
            "points side by side need dask: pip install 'wmdelays[parallel]'"
        ) from None
    with _client(workers, scheduler) as client:
        waiting = {client.submit(function, chunk, pure=False): chunk for chunk in chunks}
        for future in distributed.as_completed(list(waiting)):
            chunk = waiting.pop(future)
            try:
                figures = _attempt(future.result)
            except distributed.KilledWorker:
                setting, seed = chunk[0]
                figures = InputError(
                    "every worker that tried it was killed (is there enough memory?):"
                    f" {setting}, seed {seed}"
                )
            except CancelledError:
                raise InputError("the dask scheduler is gone; what it computed is kept") from None
            finally:
                future.release()
            yield chunk, figures


@contextmanager
def _client(workers, scheduler):
    import dask
    import distributed

    if scheduler is not None:
        try:
            # A client that cannot connect complains once more when the program ends.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, _reach(scheduler)).result()
        except (OSError, ValueError) as error:
            raise InputError(
                f"no dask scheduler answers at {scheduler}: {one_line(error) or 'no answer'}"
            ) from None
        with distributed.Client(scheduler) as client:
            yield client
        return
    # A worker that reaches the limit of its memory would be killed; here the system decides.
    # And a worker holds no more than the points it computes, so no others suffer when it is killed.
    with dask.config.set({"distributed.scheduler.worker-saturation": 1.0}):
        with _interrupts_held_back():
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
            client = distributed.Client(cluster)
        finished = False
        try:
            yield client
            finished = True
        finally:
            with _interrupts_held_back():
                if not finished:
                    _kill(cluster)
                client.close()
                cluster.close()


def _kill(cluster):
    """End the processes of a cluster at once; it would wait for what they compute."""
    # What talked to them would say so, also after the cluster's own silence.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed."):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def _interrupts_held_back():
    """Let no process or thread that is started here, or by one of these, see an interrupt.

    Ctrl-C reaches every process of the terminal. The one that computes nothing itself is to end the
    others; each of them would print where it was.
    """
    if os.name != "posix":
        yield
        return
    # Where it is started later, it lets interrupts through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _reach(address):
    from distributed.comm import connect

    # Its own limit does not hold for something that listens and says nothing.
    comm = await asyncio.wait_for(connect(address, timeout=_PATIENCE), _PATIENCE + 1)
    await comm.close()
