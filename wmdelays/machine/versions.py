"""The versions of what a result depends on."""

import importlib.metadata
import platform
from contextlib import suppress

# Software that takes part where it is asked for, by its name in results and as a distribution.
_ASKED = {"nest": "nest-simulator", "genn": "pygenn"}


def versions(*asked):
    """Versions of the software that takes part in a result.

    Parameters
    ----------
    *asked : str
        Simulators that take part; those that are not in every installation are told as well.
    """
    names = ("wmdelays", "torch", "brian2", "numpy", "scipy", "h5py")
    found = {name: importlib.metadata.version(name) for name in names}
    for name in sorted(_ASKED.keys() & set(asked)):
        # One that was built from source need not be a distribution.
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(_ASKED[name])
    return {**found, "python": platform.python_version(), "system": platform.platform()}
