"""The state of a simulated network with plastic synapses, from which its simulation goes on."""

from dataclasses import dataclass

import numpy as np

from wmdelays.delay_network import DelayNetwork


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Izhikevich's network at the end of a second.

    Attributes
    ----------
    seconds : int
        How long it has been simulated.
    network : DelayNetwork
        With its weights now.
    v, u : float arrays, shape (n_neurons,)
        Membrane potential in mV, and recovery variable. A neuron with v of at least 30 mV spikes
        in the first millisecond of the next second.
    depression : float array, shape (n_neurons,)
        What a spike that arrives now takes from the derivative of its synapse's weight.
    derivative : float array, shape (n_excitatory_synapses,)
        Accumulated derivative of the weight of each excitatory synapse, in the order of the
        network's synapses.
    arrived_ms : int array, shape (n_excitatory_synapses,)
        When a spike last arrived at each of them, in ms since the start; `NEVER` if none has.
    spikes : tuple of int arrays, each of shape (n_spikes,)
        Neurons and times in ms since the start of the spikes that may still be under way: those
        of the last `network.max_delay_ms` milliseconds, in the order of time and neuron.
    """

    seconds: int
    network: DelayNetwork
    v: np.ndarray
    u: np.ndarray
    depression: np.ndarray
    derivative: np.ndarray
    arrived_ms: np.ndarray
    spikes: tuple

    @property
    def excitatory(self):
        """Which of the network's synapses are excitatory, bool."""
        return self.network.excitatory[self.network.pre]


# So long before the start that nothing is left of it.
NEVER = -100_000


def initial_state(network):
    """A network before its first millisecond: v = -65 mV, u = 0.2 v, nothing under way.

    Parameters
    ----------
    network : DelayNetwork

    Returns
    -------
    NetworkState
    """
    n_plastic = int(network.excitatory[network.pre].sum())
    v = np.full(network.n_neurons, -65.0)
    return NetworkState(
        seconds=0,
        network=network,
        v=v,
        u=0.2 * v,
        depression=np.zeros(network.n_neurons),
        derivative=np.zeros(n_plastic),
        arrived_ms=np.full(n_plastic, NEVER, dtype=np.int64),
        spikes=(np.zeros(0, np.int64), np.zeros(0, np.int64)),
    )
