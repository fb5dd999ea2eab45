"""The questions that can be asked of a memory, a network or a recording, each a command.

From Python each is a function of `wmdelays` itself. Here is what they give, and what goes with them.
"""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
