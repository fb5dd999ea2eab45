"""What each Brian2 device takes: the constants of wmdelays.brian_models.memories.choice.

python benchmarks/devices.py

Each constant is a difference between two recalls that differ in one thing only: the number of
ticks, of synaptic events or of synapses. Run it on a quiet machine.
"""

import os
import tempfile
import time

import numpy as np

from wmdelays import Cue, Memory, Raster
from wmdelays.brian_models import recall

STEP, N, D = 1e-3, 1024, 41


def network(n_synapses, seed=0):
    """A memory of the usual size with weights too small for spikes of its own."""
    rng = np.random.default_rng(seed)
    key = np.unique(rng.integers(0, N * N * D, n_synapses))
    pre, rest = np.divmod(key, D * N)
    delay, post = np.divmod(rest, N)
    weight = np.full(len(key), 1e-9)
    return Memory(N, D, STEP, 0.9, 1.0, pre, post, delay + 1, weight)


def cue(n_steps, rate, seed=0):
    """Random spikes forced through the whole recall."""
    rng = np.random.default_rng(seed)
    return Cue(Raster.from_dense(rng.random((n_steps, N)) < rate, STEP), STEP, clamp=n_steps)


def seconds(memory, cue, device, repeats=3):
    """The shortest of several recalls."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        recall(memory, cue, STEP, device)
        taken.append(time.perf_counter() - start)
    return min(taken)


def constants(device):
    """Seconds once, for a tick, an event and a synapse."""
    small, large = network(10_000), network(1_000_000)
    short, long = cue(500, 1e-3), cue(10_500, 1e-3)
    loud = cue(500, 0.5)
    base = seconds(small, short, device)
    tick = (seconds(small, long, device) - base) / 10_000
    synapse = (seconds(large, short, device) - base) / (large.n_synapses - small.n_synapses)
    n_events = (len(loud.spikes) - len(short.spikes)) * large.n_synapses / N
    event = (seconds(large, loud, device) - seconds(large, short, device)) / n_events
    once = base - tick * 541 - synapse * small.n_synapses
    return once, tick, event, synapse


def main():
    with tempfile.TemporaryDirectory() as empty:
        os.environ["WMDELAYS_CACHE"] = empty
        start = time.perf_counter()
        seconds(network(10_000), cue(500, 1e-3), "cpp_standalone", repeats=1)
        cold = time.perf_counter() - start
        for device in ("numpy", "cpp_standalone"):
            once, tick, event, synapse = constants(device)
            print(
                f"{device}: once={once:.2g}, tick={tick:.2g}, event={event:.2g}, synapse={synapse:.2g}"
            )
        print(f"compiling: {cold - once:.2g}")


if __name__ == "__main__":
    main()
