"""What tests of several rooms use."""

import numpy as np
import pytest


def _judge(memory, cue):
    """Eq. 1 as the design has it, one step after another, with the dense tensor.

    Returns
    -------
    emitted, own : bool arrays, shape (n_steps, n_neurons)
    closest_call : float
        The smallest abs(u - theta) after the clamp.
    """
    W = memory.dense()
    c = cue.spikes.dense(cue.step)
    arrives = np.ones_like(c) if cue.lost is None else ~cue.lost.dense(cue.step)
    n_steps, n_neurons = c.shape
    emitted = np.zeros((n_steps, n_neurons), dtype=bool)
    own = np.zeros((n_steps, n_neurons), dtype=bool)
    closest_call = np.inf
    u = np.zeros(n_neurons)
    for t in range(n_steps):
        u = memory.beta * u
        if t > 0:
            u[emitted[t - 1]] = 0
        for d in range(1, memory.n_delays + 1):
            if t - d >= 0:
                u = u + W[:, :, d - 1] @ (emitted[t - d] & arrives[t - d])
        s = u >= memory.theta
        if t < cue.clamp:
            emitted[t] = c[t]
        else:
            own[t] = s
            emitted[t] = s | c[t]
            closest_call = min(closest_call, np.abs(u - memory.theta).min())
    return emitted, own, closest_call


@pytest.fixture(scope="session")
def judge():
    """An independent simulator: judge(memory, cue) -> (emitted, own, closest_call)."""
    return _judge
