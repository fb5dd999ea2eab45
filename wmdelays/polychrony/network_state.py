"""Simulations of a network with plastic synapses: the state they go on from, and what is kept."""

from dataclasses import dataclass, replace

import numpy as np

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.raster import Raster


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


def with_excitatory(network, weights):
    """The network with other excitatory weights.

    Parameters
    ----------
    network : DelayNetwork
    weights : array_like of float, shape (n_excitatory_synapses,)
        In mV, in the order of the network's synapses.

    Returns
    -------
    DelayNetwork
    """
    weight = network.weight.copy()
    weight[network.excitatory[network.pre]] = weights
    arrays = (network.pre, network.post, network.delay_ms, weight)
    return DelayNetwork(*arrays, network.excitatory, network.max_weight)


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


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """What is kept of a simulation.

    Attributes
    ----------
    state : NetworkState
        At its end.
    seed : int
        Of the wiring and the random input.
    snapshot_s : int
        Time between snapshots of the weights in seconds.
    snapshots : float array, shape (n_snapshots, n_excitatory_synapses)
        The excitatory weights at 0 s, `snapshot_s`, twice that, and so on.
    counts : int arrays of shape (2, 1000 * seconds)
        Spikes in each millisecond, of all excitatory neurons and of all inhibitory ones.
    spikes : tuple of int arrays, each of shape (n_spikes,)
        Neurons and times in ms since the start of the last spikes, in the order of time and neuron.
    spikes_from_s : int
        The time in seconds from which on all spikes are there.
    made : dict
        Versions of the software, as JSON values.
    """

    state: NetworkState
    seed: int
    snapshot_s: int
    snapshots: np.ndarray
    counts: np.ndarray
    spikes: tuple
    spikes_from_s: int
    made: dict

    @property
    def raster(self):
        """The last spikes as a Raster that begins `spikes_from_s` after the start."""
        neurons, times = self.spikes
        return Raster(
            neurons,
            (times - 1000 * self.spikes_from_s) / 1000,
            self.state.network.n_neurons,
            float(self.state.seconds - self.spikes_from_s),
        )

    @property
    def snapshot_times(self):
        """Times of the snapshots in seconds."""
        return np.arange(len(self.snapshots)) * self.snapshot_s

    def network_at(self, seconds=None):
        """The network with its weights at a snapshot, or at the end.

        Raises
        ------
        InputError
            If there is no snapshot of that time.
        """
        state = self.state
        if seconds is None or seconds == state.seconds:
            return state.network
        k, rest = divmod(seconds, self.snapshot_s)
        if rest or not 0 <= k < len(self.snapshots):
            last = (len(self.snapshots) - 1) * self.snapshot_s
            raise InputError(
                f"there is no snapshot at {seconds:g} s, but every {self.snapshot_s} s up to {last} s,"
                f" and the end at {state.seconds} s"
            )
        return with_excitatory(state.network, self.snapshots[int(k)])


# So many seconds of spikes are kept if nothing is said.
KEPT_S = 2


def new_run(network, seed, snapshot_s, made):
    """A simulation that has not begun."""
    state = initial_state(network)
    none = np.zeros(0, np.int64)
    weights = network.weight[state.excitatory]
    counts = np.zeros((2, 0), np.uint16)
    return NetworkRun(state, seed, snapshot_s, weights[None], counts, (none, none), 0, made)


def extended(run, state, neurons, times_ms, kept_s=KEPT_S):
    """A run and what came after it.

    Parameters
    ----------
    run : NetworkRun
    state : NetworkState
        At most as much later that there is no snapshot between.
    neurons, times_ms : int arrays, shape (n_spikes,)
        All spikes since, in the order of time and neuron.
    kept_s : int
        The spikes of so many seconds are kept, or those that the run has if that is less.

    Returns
    -------
    NetworkRun
    """
    begin, end = run.state.seconds, state.seconds
    inhibitory = (neurons >= state.network.n_excitatory).astype(np.int64)
    length = 1000 * (end - begin)
    place = inhibitory * length + times_ms - 1000 * begin
    counts = np.bincount(place, minlength=2 * length).reshape(2, length).astype(np.uint16)
    snapshots = run.snapshots
    if end % run.snapshot_s == 0:
        weights = state.network.weight[state.excitatory]
        snapshots = np.concatenate([snapshots, weights[None]])
    spikes = [np.concatenate(both) for both in zip(run.spikes, (neurons, times_ms))]
    spikes_from_s = max(run.spikes_from_s, end - kept_s)
    late = spikes[1] >= 1000 * spikes_from_s
    return replace(
        run,
        state=state,
        snapshots=snapshots,
        counts=np.concatenate([run.counts, counts], axis=1),
        spikes=tuple(values[late] for values in spikes),
        spikes_from_s=spikes_from_s,
    )
