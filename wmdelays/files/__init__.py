"""Reading and writing: files are checked before anything is built of them, and never half-written."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
