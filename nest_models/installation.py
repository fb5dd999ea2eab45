"""Whether NEST is there, and its import."""

from importlib.util import find_spec

from wmdelays.errors import InputError, one_line


def is_installed() -> bool:
    """Whether there is a package ``nest`` to import; it is not imported here."""
    found = find_spec("nest")
    # A folder of that name, beside a script of the user's, is none.
    return found is not None and found.origin is not None


def check_installed() -> None:
    """Raise an InputError that says how to install NEST, unless it is there."""
    if not is_installed():
        raise InputError('NEST is not installed; install it with: pip install "wmdelays[nest]"')


def imported_nest():
    """The module ``nest``, which says no more than errors; an InputError where it cannot be imported."""
    try:
        import nest
    except Exception as error:
        raise InputError(
            f"NEST is installed and cannot be imported: {one_line(error) or type(error).__name__}"
        ) from None
    nest.verbosity = nest.VerbosityLevel.ERROR
    return nest
