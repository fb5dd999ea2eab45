"""The questions that can be asked of a memory, a network or a recording, each a command.

From Python each is a function of `wmdelays` itself. Here is what they give, and what goes with them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
