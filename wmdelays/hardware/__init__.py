"""What a network takes of hardware: operations, memory traffic, their price in energy, and weights of few bits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
