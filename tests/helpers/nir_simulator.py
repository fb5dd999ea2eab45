"""A NIR graph, simulated by what the primitives of NIR say, in steps of a length.

It knows nothing of this software: a Delay gives back what it got some seconds ago, Linear and Scale multiply,
and a LIF is tau v' = (v_leak - v) + R I, solved exactly for an I that is constant for a step; it fires where
v > v_threshold, and is then set to v_reset.
"""

import nir
import numpy as np


def simulate(graph, inputs, dt):
    """The outputs of a graph with one LIF, bool of shape (n_steps, n_neurons), for given inputs."""
    (neurons,) = (name for name, one in graph.nodes.items() if isinstance(one, nir.LIF))
    lif = graph.nodes[neurons]
    into = {
        name: [source for source, target in graph.edges if target == name] for name in graph.nodes
    }
    decay = np.exp(-dt / lif.tau)
    v, sent = lif.v_leak.astype(float), []

    def output(name, t):
        one = graph.nodes[name]
        if isinstance(one, nir.Input):
            return inputs[t].astype(float)
        if name == neurons:
            return sent[t]
        if isinstance(one, nir.Delay):
            (steps,) = set(np.rint(one.delay / dt).astype(int).tolist())
            assert np.allclose(one.delay, steps * dt, rtol=1e-12)
            before = t - steps
            return sum(output(source, before) for source in into[name]) if before >= 0 else 0.0
        arriving = sum(output(source, t) for source in into[name])
        if isinstance(one, nir.Scale):
            return one.scale * arriving
        return one.weight @ (arriving + np.zeros(one.weight.shape[1]))

    for t in range(len(inputs)):
        current = sum(output(source, t) for source in into[neurons])
        v = lif.v_leak + (v - lif.v_leak) * decay + lif.r * (1 - decay) * current
        fires = v > lif.v_threshold
        v = np.where(fires, lif.v_reset, v)
        sent.append(fires.astype(float))
    return np.array(sent) > 0
