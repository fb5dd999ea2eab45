"""Brian2: neuron models, the expansion of a Memory into Synapses, devices.

`recall` simulates a memory and a cue in continuous time and gives a Recall. `expand` and `play`
give its parts, for a Brian2 script of one's own. This room knows nothing of learning: all it takes
is a Memory.
"""

import signal
import sys
import threading
from importlib import import_module

from wmdelays.words import printable

# Importing Brian2 takes seconds, so it waits for the first use of a name that needs it.
_HOMES = {
    "DEVICES": "devices",
    "NEURONS": "neuron_models",
    "Simulation": "polychronization_run",
    "check_device": "polychronization_run",
    "choose_device": "devices",
    "compiler": "programs",
    "expand": "expansion",
    "neuron_model": "neuron_models",
    "play": "stimulus",
    "recall": "recall",
    "wire": "polychronization",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(_imported(f"{__name__}.{_HOMES[name]}"), name)
        # A submodule of the same name would hide the function once it is imported.
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _imported(module):
    # Brian2 writes the command line to its log, as UTF-8. A file's name may be none.
    arguments, sys.argv = sys.argv, [printable(word) for word in sys.argv]
    try:
        return _imported_anywhere(module)
    finally:
        sys.argv = arguments


def _imported_anywhere(module):
    if threading.current_thread() is threading.main_thread():
        return import_module(module)
    # Brian2 sets a handler of interrupts when it is imported, which only the main thread may do. The
    # workers of dask work in other threads.
    before = signal.signal
    signal.signal = lambda *_: None
    try:
        return import_module(module)
    finally:
        signal.signal = before


def __dir__():
    return sorted(set(globals()) | set(__all__))
