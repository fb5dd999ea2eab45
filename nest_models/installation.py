"""Whether NEST is there."""

from importlib.util import find_spec

from wmdelays.errors import InputError


def is_installed() -> bool:
    """Whether there is a package ``nest`` to import; it is not imported here."""
    found = find_spec("nest")
    # A folder of that name, beside a script of the user's, is none.
    return found is not None and found.origin is not None


def check_installed() -> None:
    """Raise an InputError that says how to install NEST, unless it is there."""
    if not is_installed():
        raise InputError('NEST is not installed; install it with: pip install "wmdelays[nest]"')
