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


_flags = False


@contextmanager
def named_as_flags(flags=True):
    """For the command line: errors and warnings name its options, and not parameters of Python."""
    global _flags
    before, _flags = _flags, flags
    try:
        yield
    finally:
        _flags = before


def flags_named():
    """Whether errors name options of the command line."""
    return _flags


def parameter(python, flag=None):
    """What an error or a warning calls a setting, as whoever asked can give it.

    Parameters
    ----------
    python : str
        A parameter, or what it should be: ``"step"`` is shown as ``step=``, ``"pad=True"`` as it is.
    flag : str, optional
        The option of the command line. By default ``--step`` and ``--pad`` for these, and ``--delays``
        for ``n_delays``.

    Returns
    -------
    str

    Examples
    --------
    >>> parameter("n_delays"), parameter("signs='dale'")
    ('n_delays=', "signs='dale'")
    >>> with named_as_flags():
    ...     parameter("n_delays"), parameter("signs='dale'"), parameter("pad=True")
    ('--delays', '--signs dale', '--pad')
    """
    if not _flags:
        return f"{python}=" if python.isidentifier() else python
    if flag is not None:
        return flag
    name, _, value = python.partition("=")
    value = "" if value == "True" else value.strip("'\"")
    return f"--{name.removeprefix('n_').replace('_', '-')} {value}".rstrip()


class _Settings(dict):
    def __missing__(self, name):
        return parameter(name)


def with_settings(text):
    """A text that is written before it is known who asks: ``{n_delays}`` becomes `parameter` of it."""
    return text.format_map(_Settings())


def one_line(error):
    """The text of another library's error in one line."""
    return " ".join(str(error).split())
