"""Recall stored patterns in NEST through PyNN: python recall.py

Written by wmdelays with the numbers in network.npz beside it. PyNN 0.13 and NEST 3.8 or newer:
pip install PyNN nest-simulator

It prints how many of the memory's spikes are emitted, and writes all to spikes.csv. Status 0 if they
are the memory's, one for one, else 1.
"""

import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads of NEST spin otherwise

import numpy as np
import pyNN.nest as sim
from pyNN.parameters import Sequence

# Milliseconds of a step, whatever it is in the memory: delays are whole steps, and the leak is of a step.
STEP = 1.0
HERE = Path(__file__).resolve().parent
# Steps from a step of the memory to the time of its spikes: PyNN takes none as early as one step, an input
# acts a step later, and a spike is stamped with the end of its step.
LATE = 3


def main():
    with np.load(HERE / "network.npz", allow_pickle=False) as file:
        network = {name: file[name] for name in file.files}
    longest = max(network["delay"].max(), network["input_delay"].max())
    sim.setup(timestep=STEP, min_delay=STEP, max_delay=float(longest), spike_precision="on_grid")
    neurons = build(network)
    neurons.record("spikes")
    sim.run(STEP * int(network["onset"][-1] + network["n_steps"] + LATE))
    (segment,) = neurons.get_data("spikes").segments
    emitted = {
        (round(float(time) / STEP) - LATE, j)
        for j, train in enumerate(segment.spiketrains)
        for time in train.magnitude
    }
    sim.end()
    return tell(network, emitted)


def build(network):
    """Neurons with their synapses, and the inputs that cue and clamp them."""
    n = len(network["v_thresh"])
    # With no pause and no current this adds what arrives, leaks, and is set to 0 at threshold.
    model = sim.IF_curr_delta(
        v_thresh=network["v_thresh"],
        tau_m=network["tau_m"],
        v_rest=0.0,
        v_reset=0.0,
        cm=1.0,
        tau_refrac=0.0,
        i_offset=0.0,
    )
    neurons = sim.Population(n, model)
    # PyNN cannot set the initial membrane of this neuron, which is -70 mV in NEST.
    neurons.node_collection.set(V_m=0.0)
    times = [
        Sequence(STEP * (network["spike_step"][network["spike_input"] == k] + LATE - 1))
        for k in range(int(network["n_inputs"]))
    ]
    inputs = sim.Population(len(times), sim.SpikeSourceArray(spike_times=times))
    columns = ("pre", "post", "weight", "delay")
    connect(neurons, neurons, *(network[name] for name in columns))
    connect(inputs, neurons, *(network[f"input_{name}"] for name in columns))
    return neurons


def connect(source, target, pre, post, weight, delay):
    """Positive weights in one projection, negative ones in another, as PyNN wants them."""
    for kind, chosen in (("excitatory", weight > 0), ("inhibitory", weight < 0)):
        if not chosen.any():
            continue
        rows = zip(
            pre[chosen].tolist(),
            post[chosen].tolist(),
            weight[chosen].tolist(),
            (delay[chosen] * STEP).tolist(),
        )
        connector = sim.FromListConnector(list(rows), column_names=["weight", "delay"])
        sim.Projection(source, target, connector, sim.StaticSynapse(), receptor_type=kind)


def tell(network, emitted):
    """Compare with the memory's recalls, and write the spikes."""
    status, rows = 0, []
    for k, pattern in enumerate(network["pattern"].tolist()):
        onset, n_steps = int(network["onset"][k]), int(network["n_steps"])
        found = {(t - onset, j) for t, j in emitted if onset <= t < onset + n_steps}
        mine = network["wanted_pattern"] == k
        wanted = set(
            zip(network["wanted_step"][mine].tolist(), network["wanted_neuron"][mine].tolist())
        )
        same = found == wanted
        status = status if same else 1
        print(
            f"pattern {pattern}: {len(found & wanted)} of {len(wanted)} spikes, {len(found - wanted)} too many"
        )
        rows += [(pattern, j, t) for t, j in sorted(found)]
    with open(HERE / "spikes.csv", "w", newline="") as file:
        csv.writer(file).writerows([("pattern", "neuron", "step"), *rows])
    return status


if __name__ == "__main__":
    sys.exit(main())
