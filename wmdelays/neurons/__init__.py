"""What neurons are, as data: parameters with their units, equations as papers have them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
