"""Patterns cued one after another: how well each is retrieved."""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
