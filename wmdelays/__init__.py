"""Spike patterns stored in the synaptic delays of a recurrent spiking network.

The words people use first stand here, whichever room they are from: memories and rasters, storing,
recalling, and a function for each question that a command answers. Each is imported when it is
first asked for, so that this import costs nothing.
"""

from pkgutil import extend_path

import lazy_loader

# In the folder that holds the repository this file is found before the installed package, to which
# the other rooms belong.
__path__ = extend_path(__path__, __name__)

# torch, numba, Brian2 and even NumPy wait for the first use: the program has to answer Ctrl-C before.
_names, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name):
    if name != "__version__":
        return _names(name)
    from importlib.metadata import version

    globals()[name] = version("wmdelays")
    return globals()[name]
