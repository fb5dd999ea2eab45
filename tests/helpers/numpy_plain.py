"""A simulator as somebody else might add it: eq. 1 in plain NumPy."""

import numpy as np

from wmdelays import Raster, Recall
from wmdelays.validation.recall.simulators import Simulator


def recall(memory, cues, *, dt, device, neuron, progress):
    """The recalls of cues, one step after another, with the dense tensor."""
    W, recalls = memory.dense(), []
    for k, cue in enumerate(cues):
        progress("recalling", k / len(cues))
        forced = cue.spikes.dense(cue.step)
        heard = np.ones_like(forced) if cue.lost is None else ~cue.lost.dense(cue.step)
        own, emitted = np.zeros((2, *forced.shape), bool)
        u = np.zeros(memory.n_neurons)
        for t in range(cue.n_steps):
            u = memory.beta * u * ~emitted[t - 1] if t else u
            for d in range(1, min(memory.n_delays, t) + 1):
                u = u + W[:, :, d - 1] @ (emitted[t - d] & heard[t - d])
            own[t] = (u >= memory.theta) & (t >= cue.clamp)
            emitted[t] = forced[t] | own[t]
        emitted, own = (Raster.from_dense(one, cue.step) for one in (emitted, own))
        recalls.append(Recall(cue, emitted, own))
    return recalls


NUMPY_PLAIN = Simulator("numpy-plain", lambda: recall, "plain NumPy")
