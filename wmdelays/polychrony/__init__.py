"""Networks with delays, their activity and their polychronous groups, as data."""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
