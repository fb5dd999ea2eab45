"""Figures: public functions take objects and give a ``matplotlib.figure.Figure``.

``figure.savefig("recall.png")`` writes one to a file. matplotlib is imported with the first name that
is asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
