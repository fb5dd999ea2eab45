"""Reading and writing: files are checked before anything is built of them, and never half-written."""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
