"""Pieces of learning that know nothing of each other, done side by side."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version

from wmdelays.errors import InputError
from wmdelays.machine.dask_scheduler import (
    WAITING,
    SchedulerGone,
    WorkersKilled,
    answer_of,
    connected,
)

# What the last bits of a weight depend on.
_VERSIONS = ("wmdelays", "numpy", "numba")


class Threads:
    """Threads of this process.

    Parameters
    ----------
    n : int
        How many pieces are done at once.
    """

    def __init__(self, n):
        self.n = n

    def each(self, work, shared, pieces):
        """Do the work for each piece.

        Parameters
        ----------
        work : callable
            ``work(shared, *piece)``; it changes neither.
        shared : object
            What the pieces have in common.
        pieces : sequence of tuple

        Yields
        ------
        object
            What the work gives, in the order of the pieces, as soon as a piece and all before it are done.
        """
        with ThreadPoolExecutor(self.n) as pool:
            try:
                yield from pool.map(lambda piece: work(shared, *piece), pieces)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


class Cluster:
    """The workers of a dask scheduler, each with as many threads as it was started with.

    A piece whose worker is killed is given to another one.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client):
        self.client = client
        self.shared = self.there = None

    @property
    def n(self):
        """How many pieces are done at once; workers may come and go."""
        return max(1, sum(self.client.nthreads().values()))

    def each(self, work, shared, pieces):
        """As of `Threads`; other processes import the work by its name."""
        if shared is not self.shared:
            import cloudpickle  # which dask brings along; a neuron model may hold functions of one's own

            # A worker makes it of these bytes, and another one where none is left that has it.
            self.there = self.client.submit(pickle.loads, cloudpickle.dumps(shared), pure=False)
            self.shared = shared
        futures = [
            self.client.submit(_work_on, _versions(), work, self.there, piece, pure=False)
            for piece in pieces
        ]
        try:
            for future in futures:
                yield answer_of(future)
                future.release()
        finally:
            # Nobody waits for the others any more.
            for future in futures:
                future.release()


@contextmanager
def cluster(scheduler, progress=None):
    """The workers of a dask scheduler, as a context.

    Parameters
    ----------
    scheduler : str or None
        Its address.
    progress : callable, optional
        Told where there is no worker yet.

    Yields
    ------
    Cluster or None

    Raises
    ------
    InputError
        If there is no dask.distributed, the scheduler cannot be reached, or every worker that was
        given a piece was killed.
    """
    if scheduler is None:
        yield None
        return
    with connected(scheduler) as client:
        try:
            if progress is not None and not client.nthreads():
                progress(WAITING, None)
            client.wait_for_workers(1)
            yield Cluster(client)
        except InputError:
            raise
        except WorkersKilled:
            raise InputError(
                "every worker that was given some neurons to learn was killed (is there enough memory?)"
            ) from None
        except Exception as error:
            if client.status == "running" and not isinstance(error, SchedulerGone):
                raise
            # What was asked of it last has an error of its own.
            raise InputError(
                "the dask scheduler is gone; what the last checkpoint has is kept"
            ) from None


def _work_on(versions, work, shared, piece):
    """What a worker does."""
    own = _versions()
    if own != versions:
        name = next(name for name in _VERSIONS if own[name] != versions[name])
        raise InputError(
            f"a dask worker has {name} {own[name]}, and this process {versions[name]}; they learn the"
            " same with the same versions"
        )
    return work(shared, *piece)


@cache
def _versions():
    return {name: version(name) for name in _VERSIONS}
