"""The one error that is the user's to mend, and what the user is warned of."""

import warnings
from contextlib import contextmanager


class InputError(ValueError):
    """What was asked for cannot be done with this input.

    Its message is one line that says what is wrong, where, and what would be right. The
    commands print it and end with status 2; every other exception is a defect of the software.

    Parameters
    ----------
    message : str
    more : str, optional
        Lines that the commands print after it, such as a program that mends the input.
    """

    def __init__(self, message, more=""):
        super().__init__(message)
        self.more = more


class InputWarning(UserWarning):
    """Something about an input that the user should know, and that keeps nothing from being done.

    The commands print it; in Python it is a warning like any other.
    """


class RecallWarning(InputWarning):
    """A memory that was stored is not recalled whole, and why that may be."""


@contextmanager
def unwarned():
    """For questions that store many memories, and tell themselves which are recalled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecallWarning)
        yield


def one_line(error):
    """The text of another library's error in one line."""
    return " ".join(str(error).split())
