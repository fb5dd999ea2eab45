"""Whether PyGeNN is there."""

from importlib.util import find_spec

from wmdelays.errors import InputError, one_line

_WHERE = "https://github.com/genn-team/genn#installation"


def is_installed() -> bool:
    """Whether there is a package ``pygenn`` to import; it is not imported here."""
    found = find_spec("pygenn")
    # A folder of that name, beside a script of the user's, is none.
    return found is not None and found.origin is not None


def check_installed() -> None:
    """Raise an InputError that says where PyGeNN is to be had, unless it is there."""
    if not is_installed():
        raise InputError(
            f"PyGeNN is not installed; no registry of packages has it, it is built from source: {_WHERE}"
        )


def check_imported() -> None:
    """Raise an InputError unless PyGeNN can be imported and is one that is known here."""
    check_installed()
    try:
        import pygenn
    except Exception as error:
        raise InputError(
            f"PyGeNN is installed and cannot be imported: {one_line(error) or type(error).__name__}"
        ) from None
    if pygenn.__version__.partition(".")[0] != "5":
        raise InputError(f"PyGeNN {pygenn.__version__} is installed; it has to be of version 5")
