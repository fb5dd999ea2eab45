"""Recalls whose spikes come a little early or late: matched in time, and their lag followed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
