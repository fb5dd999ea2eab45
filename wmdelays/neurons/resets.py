"""What a spike does to the membrane of the neuron that fired it, in the network in discrete time.

The network that learns here resets to zero by every spike that is emitted, those of the cue among them
(eq. 1, `wmdelays.training.discrete.equation.membrane`). Networks that were trained elsewhere reset by the
spikes of the membrane alone, s_j(t) = u_j(t) >= theta_j, whoever forces what:

    u_j(t) = beta_j * u_j(t-1) * (1 - a * s_j(t-1)) + I_j(t) * (1 - b * s_j(t-1)) - r_j * s_j(t-1)

with I the synaptic current, and a, b (0 or 1) and r as the kind of reset says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnReset:
    """A reset by the neuron's own spikes alone.

    Attributes
    ----------
    help : str
        What it is, in a few words.
    forgets : bool
        Whether the membrane of the step of the spike is gone in the next: a.
    deaf : bool
        Whether what arrives in the step after the spike is lost: b.
    subtracts : bool
        Whether something is taken off the membrane in the step after the spike: r is not zero.
    """

    help: str
    forgets: bool = False
    deaf: bool = False
    subtracts: bool = False


# Eq. 1; the only one that learning knows.
BY_EMITTED = "zero"
OWN_RESETS = {
    "subtract": OwnReset(
        "its own spike takes the reset off the membrane of the next step", subtracts=True
    ),
    "zero-own": OwnReset("its own spike, and none that is forced, sets it to zero", forgets=True),
    "zero-late": OwnReset(
        "its own spike sets it to zero in the next step, with all that arrives there",
        forgets=True,
        deaf=True,
    ),
}
RESETS = (BY_EMITTED, *OWN_RESETS)
