"""Motifs as JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.files.file_kinds import MOTIFS
from wmdelays.files.output import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wmdelays.memory import Memory
    from wmdelays.motifs.motifs import Motifs


def write_motifs(path: str | Path, memory: Memory, motifs: Sequence[Motifs]) -> None:
    """Write motifs as JSON lines, one for each stored spike after the trigger window.

    A line has ``pattern``, ``neuron``, ``ms`` (the spike), ``membrane`` (in units of theta),
    ``context_ms``, ``links`` ([[pre, ms of its spike, delay_ms, contribution in units of theta],
    …], the strongest first) and ``hangs_on`` ([[pre, delay_ms], …], the synapses without any one
    of which the spike would not be).

    Parameters
    ----------
    path : str or Path
    memory : Memory
    motifs : sequence of Motifs
    """

    def ms(steps):
        # Without the last digits, which are rounding.
        return np.round(np.asarray(steps) * (memory.step * 1e3), 6).tolist()

    def lines(one):
        times, before, delays, context = map(ms, (one.step, one.pre_step, one.delay, one.context))
        theta = memory.each("theta")[one.neuron]
        pre, strength = one.pre.tolist(), (one.contribution / theta[one.spike]).tolist()
        neurons, membranes = one.neuron.tolist(), (one.membrane / theta).tolist()
        critical = one.critical_synapse
        first = np.searchsorted(one.critical_spike, np.arange(len(one) + 1))
        needed = list(map(list, zip(memory.pre[critical].tolist(), ms(memory.delay[critical]))))
        links = list(map(list, zip(pre, before, delays, strength)))
        for k in range(len(one)):
            yield {
                "pattern": one.pattern,
                "neuron": neurons[k],
                "ms": times[k],
                "membrane": membranes[k],
                "context_ms": context[k],
                "links": links[one.links(k)],
                "hangs_on": needed[first[k] : first[k + 1]],
            }

    with replacing(path, MOTIFS) as temporary, open(temporary, "w") as file:
        for one in motifs:
            for values in lines(one):
                file.write(json.dumps(values, allow_nan=False) + "\n")
