"""The neuron of the network in discrete time.

Its equation stands in each simulator, in the simulator's own terms: `wmdelays.brian_models.neurons`
for Brian2, `wmdelays.training.discrete` for the network in discrete time.
"""

from wmdelays.neurons.model import NeuronModel, Parameter

# Threshold and weights (in its unit) stay this far inside double precision, so that no membrane can
# overflow.
RANGE = 1e9

LIF = NeuronModel(
    "lif",
    "leaky integrate-and-fire: the membrane decays, and what arrives is added to it",
    (
        Parameter("beta", "1", 0.7, "what is left of the membrane after a step", 0, 1, False),
        Parameter("theta", "1", 1.0, "threshold", 1 / RANGE, RANGE),
    ),
    held=("beta", "theta"),
)
