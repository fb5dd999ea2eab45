"""In how many threads torch computes."""

from contextlib import contextmanager

import torch


@contextmanager
def one_thread():
    """Let torch compute in one thread.

    The work of a step is too short to be worth a second one, and waiting for it on a busy
    machine costs many times the work.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
