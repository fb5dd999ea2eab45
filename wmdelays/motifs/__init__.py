"""Which spikes make which, and which synapses are used."""

from wmdelays.machine.lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
