"""What a network makes of a cue."""

from dataclasses import dataclass

from wmdelays.cue import Cue
from wmdelays.raster import Raster


@dataclass(frozen=True)
class Recall:
    """What a network makes of a cue.

    Attributes
    ----------
    cue : Cue
        What started the recall.
    emitted : Raster
        Every emitted spike e: the cue's while it clamps the network, then the network's own and
        those the cue forces. This is what a recording sees.
    own : Raster
        The spikes s that the network makes itself, from the end of the clamp on. Scores look at
        these.
    closest_call : float or None
        The smallest abs(u - theta) over all neurons and all steps after the clamp; how near a
        rounding error is to changing a spike. None where the simulator does not record it.
    """

    cue: Cue
    emitted: Raster
    own: Raster
    closest_call: float | None = None
