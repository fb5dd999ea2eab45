"""GeNN: a memory's recall in GeNN, through PyGeNN.

`recall` takes a memory and cues and gives a Recall for each, as every simulator does. This room knows
nothing of learning and nothing of other simulators: all it takes is a Memory.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
