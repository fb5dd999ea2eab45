from .operations import Operations as Operations
from .operations import Traffic as Traffic
from .operations import dense as dense
from .operations import event_driven as event_driven
from .operations import synaptic_events as synaptic_events
from .prices import PARTS as PARTS
from .prices import Prices as Prices
