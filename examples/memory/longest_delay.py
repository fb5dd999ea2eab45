"""
The longest delay
=================

A spike is predicted from what happened within the longest delay before it. With short delays too little is there
to tell one moment from the others, and the recall is lost; the paper's scan of D has the same shape. Spikes that
no weights could predict set a bound.
"""

import matplotlib.pyplot as plt

from wmdelays import scan

generator = "bernoulli:neurons=80,steps=150,patterns=4,rate=0.006"
delays = [1, 2, 4, 8, 16, 24]

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for rule, options, marker in (("margin", {"epochs": 30}, "o"), ("hebbian", {}, "s")):
    rows = scan({"delays": delays}, generator=generator, rule=rule, options=options, seeds=1)
    axes.plot(delays, [row["figures"]["loss"] for row in rows], marker=marker, label=rule)
lost = [row["figures"]["unpredictable"] for row in rows]
axes.plot(delays, lost, ":", color="grey", label="spikes that no weights predict")
axes.set(xlabel="longest delay D (steps)", ylabel="loss, 1 - F1", xscale="log")
axes.set_xticks(delays, delays)
axes.minorticks_off()
axes.legend()
