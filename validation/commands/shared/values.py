"""Options that are a number, or a file with a value for each neuron."""

from pathlib import Path

from wmdelays.errors import InputError


def number_or_file(text, name):
    """What such an option says: a float, the Path of a file that there is, or None.

    Parameters
    ----------
    text : str or None
    name : str
        Of the parameter.

    Raises
    ------
    InputError
        If it is neither.
    """
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    if not Path(text).is_file():
        flag = f"--{name.replace('_', '-')}"
        raise InputError(f"{flag} is {text!r}, neither a number nor a file with numbers")
    return Path(text)


def values_of(given, name, units=None):
    """The number itself, or what the file has for each neuron.

    Parameters
    ----------
    given : float, Path or None
        What `number_or_file` gives.
    name : str
        Of the parameter.
    units : sequence of str, optional
        See `wmdelays.training.imports.tables.read_values`.
    """
    if not isinstance(given, Path):
        return given
    from wmdelays.training.imports.tables import read_values

    return read_values(given, name, units)
