"""
One neuron of each model
========================

A neuron of each model in continuous time and what arrives at it: a spike over an excitatory synapse, one over an
inhibitory synapse of the same size, and then three, which make it fire (dots). From the dotted line on a spike cannot
be stopped.
"""

import matplotlib.pyplot as plt

from wmdelays import Cue, Memory, Raster
from wmdelays.neurons import NEURONS, Neurons
from wmdelays.training.continuous.membranes import membranes
from wmdelays.training.continuous.recall import recall

weights = {"lif-exp": 600, "lif-alpha": 650, "lif-cond": 9.5, "adex": 20, "adex-exp": 1300}
weights |= {"izhikevich": 0.06, "izhikevich-exp": 4}
# Neuron 0 excites neuron 1, and neuron 2 inhibits it, after 1 ms.
arrivals = dict(pre=[0, 2], post=[1, 1], delay=[1, 1])
cue = Cue(Raster([0, 2, 0, 0, 0], [0.009, 0.059, 0.109, 0.113, 0.117], 3, 0.2), 1e-4, clamp=0)

figure, axes = plt.subplots(2, 4, figsize=(10, 4.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, weight) in zip(axes.flat, weights.items()):
    parameters = dict(step=1e-3, beta=None, theta=None, neurons=Neurons(name, 3))
    memory = Memory(3, 1, weight=[weight, -weight], **arrivals, **parameters)
    recalled = recall(memory, cue)
    seen = membranes(memory, recalled, [1])
    ax.plot(1e3 * seen.times, seen.values[0], color="black", linewidth=1)
    ax.axhline(seen.bounds[0], color="grey", linestyle=":")
    spikes = 1e3 * recalled.own.times
    ax.plot(spikes, [-38] * len(spikes), "o", color="tab:red", markersize=4)
    unit = "" if NEURONS[name].weight_unit == "1" else f" {NEURONS[name].weight_unit}"
    ax.set(title=f"{name}, {weight:g}{unit}", ylim=(-84, -35))
for ax in axes[:, 0]:
    ax.set(ylabel="membrane (mV)")
for ax in [*axes[1, :3], axes[0, 3]]:
    ax.set(xlabel="time (ms)")
    ax.tick_params(labelbottom=True)
axes[1, 3].remove()
