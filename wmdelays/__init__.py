"""Spike patterns stored in the synaptic delays of a recurrent spiking network.

The vocabulary of the software. It needs NumPy, SciPy, h5py, msgspec and psutil alone; learning is in
``wmdelays.training`` (torch), simulation in ``wmdelays.brian_models`` (Brian2), the comparison of
the two in ``wmdelays.validation``.
"""

from importlib.metadata import version

from wmdelays.cue import Cue
from wmdelays.errors import InputError
from wmdelays.memory import Memory
from wmdelays.raster import Raster
from wmdelays.recall import Recall
from wmdelays.scores import agreement, score, sliding_f1

__version__ = version("wmdelays")

__all__ = ["Cue", "InputError", "Memory", "Raster", "Recall", "agreement", "score", "sliding_f1"]
