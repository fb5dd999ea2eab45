"""Looking for templates in rasters, and what would be found by chance."""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
