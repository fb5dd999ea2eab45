"""A dask scheduler that is running, and what its workers make of what they are given."""

import asyncio
import logging
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager

from wmdelays.errors import InputError, one_line

# Seconds that a scheduler may take to answer.
_PATIENCE = 10
# What is done while a scheduler has no worker.
WAITING = "waiting for a dask worker"
_OTHER = "has not the same software as this process; install the same versions of wmdelays and dask"


class WorkersKilled(Exception):
    """Every worker that tried a piece of work was killed."""


class SchedulerGone(Exception):
    """The scheduler does not answer any more."""


@contextmanager
def connected(address):
    """A client of a dask scheduler, as a context.

    Parameters
    ----------
    address : str

    Yields
    ------
    distributed.Client

    Raises
    ------
    InputError
        If there is no dask.distributed, or the scheduler cannot be reached.
    """
    try:
        import dask
        import distributed
    except ModuleNotFoundError:
        raise InputError("a scheduler needs dask: pip install 'wmdelays[parallel]'") from None
    try:
        # A client that cannot connect complains once more when the program ends.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _reach(address)).result()
    # For tls without certificates, and ucx without its library, it is a TypeError.
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"no dask scheduler answers at {address}: {one_line(error) or 'no answer'}"
        ) from None
    # What is sent is as large as it has to be.
    large = dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
    with large, _silent(), distributed.Client(address) as client:
        yield client


@contextmanager
def _silent():
    """Where the scheduler is gone a line tells it, and none of these tracebacks."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in ("client", "batched")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before):
            logger.setLevel(level)


async def _reach(address):
    from distributed.comm import connect
    from distributed.security import Security

    # As a client connects, with the certificates that dask's configuration names.
    given = Security().get_connection_args("client")
    # Its own limit does not hold for something that listens and says nothing.
    comm = await asyncio.wait_for(connect(address, timeout=_PATIENCE, **given), _PATIENCE + 1)
    await comm.close()


def answer_of(future):
    """What a worker made of a piece of work, which is then released.

    Parameters
    ----------
    future : distributed.Future

    Raises
    ------
    SchedulerGone, WorkersKilled
    InputError
        If the scheduler or a worker has not the software that the work needs.
    Exception
        What the work itself ended with.
    """
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        return future.result()
    except KilledWorker:
        raise WorkersKilled from None
    except (CancelledError, CommClosedError):
        raise SchedulerGone from None
    except ImportError as error:
        raise InputError(f"a dask worker {_OTHER} ({one_line(error)})") from error
    except RuntimeError as error:
        if "deserialization of the task graph" not in str(error):
            raise
        raise InputError(f"the dask scheduler {_OTHER}") from error
    finally:
        future.release()
