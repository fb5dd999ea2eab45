"""Readers that do what libraries do over files that were made to stop whoever reads them."""

import ctypes
import os

import numpy as np

from wmdelays.files.recordings.spikes import from_trains


def reads(path, names=("3", "17")):
    """A file that is as it should be, and a library that prints."""
    print("reading", flush=True)
    os.write(1, b"of a library in C")
    return from_trains([(one, np.array([0.1, 0.2])) for one in names], duration=1.5)


def finds_silence(path):
    return from_trains([("3", np.empty(0))])


def knows_nothing(path):
    return None


def eats_memory(path):
    return np.ones((1 << 34,))


def crashes(path):
    ctypes.string_at(0)


def never_ends(path):
    while True:
        pass


def raises(path):
    raise ZeroDivisionError("of\nthe library")
