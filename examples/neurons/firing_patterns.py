"""
Presets
=======

What the presets of ``adex`` and ``izhikevich`` do under a current that begins with the recording, as in figure 4 of
Naud et al. (2008) and figure 2 of Izhikevich (2003). A spike is drawn up to 20 mV.
"""

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Network, SpikeMonitor, StateMonitor, ms, mV, pA, prefs

from wmdelays import Memory
from wmdelays.brian_models import expand
from wmdelays.neurons import NEURONS, Neurons

prefs.codegen.target = "numpy"
currents = {"regular": 1000, "bursting": 800, "fast-spiking": 1000, "tonic": 500, "adapting": 500}
currents |= {"initial-burst": 400, "regular-bursting": 210, "delayed-accelerating": 300}
currents |= {"transient": 180, "irregular": 160}
currents |= {"RS": 10, "IB": 10, "CH": 10, "FS": 10, "LTS": 10, "TC": 2, "RZ": 2}

figure, axes = plt.subplots(6, 3, figsize=(10, 9), sharex=True, sharey=True, layout="constrained")
panels = iter(axes.flat)
for model, unit in (("adex-exp", pA), ("izhikevich-exp", mV)):
    # Every preset is a class with one neuron, and the current of its synapses does not decay.
    presets = {k: {**v, "tau_s": 1e9} for k, v in NEURONS[model].presets.items()}
    n = len(presets)
    neurons = Neurons(model, n, classes=presets, members=np.arange(n))
    none = dict.fromkeys(("pre", "post", "delay", "weight"), np.empty(0, int))
    memory = Memory(n, 1, step=1e-3, beta=None, theta=None, **none, neurons=neurons)
    group, synapses = expand(memory)
    group.i_syn = [currents[preset] for preset in presets] * unit
    membranes, spikes = StateMonitor(group, "v", True), SpikeMonitor(group)
    Network(group, synapses, membranes, spikes).run(400 * ms)
    for k, preset in enumerate(presets):
        ax = next(panels)
        ax.plot(membranes.t / ms, membranes.v[k] / mV, color="black", linewidth=0.8)
        ax.vlines(spikes.t[spikes.i == k] / ms, -45, 20, color="black", linewidth=0.8)
        ax.set_title(f"{preset}, {currents[preset]} {unit}", fontsize="medium")
next(panels).remove()
figure.supxlabel("time (ms)")
figure.supylabel("membrane (mV)")
