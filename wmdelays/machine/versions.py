"""The versions of what a result depends on."""

import importlib.metadata
import platform


def versions():
    """Versions of the software that takes part in a result."""
    names = ("wmdelays", "torch", "brian2", "numpy", "scipy", "h5py")
    found = {name: importlib.metadata.version(name) for name in names}
    return {**found, "python": platform.python_version(), "system": platform.platform()}
