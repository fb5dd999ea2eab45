"""Pieces of learning that know nothing of each other, done side by side."""

from concurrent.futures import ThreadPoolExecutor


class Threads:
    """Threads of this process.

    Parameters
    ----------
    n : int
        How many pieces are done at once.
    """

    def __init__(self, n):
        self.n = n

    def each(self, work, shared, pieces, done=lambda result: None):
        """Do the work for each piece.

        Parameters
        ----------
        work : callable
            ``work(shared, *piece)``; it changes neither.
        shared : object
            What the pieces have in common.
        pieces : sequence of tuple
        done : callable
            Called with what the work gives, as soon as a piece and all before it are done.

        Returns
        -------
        list
            What the work gives, in the order of the pieces.
        """
        found = []
        with ThreadPoolExecutor(self.n) as pool:
            try:
                for result in pool.map(lambda piece: work(shared, *piece), pieces):
                    found.append(result)
                    done(result)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found
