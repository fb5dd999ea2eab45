"""Spike patterns stored in the synaptic delays of a recurrent spiking network.

The vocabulary of the software. It needs NumPy, SciPy, h5py, msgspec and psutil alone; learning is in
``wmdelays.training`` (torch), simulation in ``wmdelays.brian_models`` (Brian2), the comparison of
the two in ``wmdelays.validation``.
"""

from importlib import import_module
from pkgutil import extend_path

# In the folder that holds the repository this file is found before the installed package, to which
# the other rooms belong.
__path__ = extend_path(__path__, __name__)

# Editors and type checkers take it for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from wmdelays.cue import Cue
    from wmdelays.errors import InputError
    from wmdelays.memory import Memory
    from wmdelays.raster import Raster
    from wmdelays.recalls import Recall
    from wmdelays.scores import agreement, score, sliding_f1

# NumPy, SciPy and h5py wait for the first use: the program has to answer Ctrl-C before that.
_HOMES = {
    "Cue": "cue",
    "InputError": "errors",
    "Memory": "memory",
    "Raster": "raster",
    "Recall": "recalls",
    "agreement": "scores",
    "score": "scores",
    "sliding_f1": "scores",
}

__all__ = ["Cue", "InputError", "Memory", "Raster", "Recall", "agreement", "score", "sliding_f1"]


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        value = version("wmdelays")
    elif name in _HOMES:
        value = getattr(import_module(f"wmdelays.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'wmdelays' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, "__version__"})
