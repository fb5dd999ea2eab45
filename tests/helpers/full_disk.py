"""A disk on which only so much fits."""

import resource
from contextlib import contextmanager


@contextmanager
def no_file_above(size):
    """No file of this process may grow beyond so many bytes; a write is then cut off, or fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
