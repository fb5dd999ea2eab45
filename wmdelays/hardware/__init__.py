"""What a network takes of hardware: operations, memory traffic, and their price in energy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
