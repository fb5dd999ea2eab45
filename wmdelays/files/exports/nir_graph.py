"""A memory's network as a graph of the Neuromorphic Intermediate Representation.

References
----------
J. E. Pedersen et al., Neuromorphic intermediate representation: a unified instruction set for interoperable
brain-inspired computing, Nature Communications 15, 8122, 2024.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.exports.stimulus import check_mapped, farthest_membranes
from wmdelays.files.output import check_writable, replacing
from wmdelays.machine.free_memory import check_memory
from wmdelays.neurons.lif import time_constant

if TYPE_CHECKING:
    from wmdelays.memory import Memory

_KIND = "NIR graph"
ENDING = ".nir"


def check_nir_file(path: str | Path) -> None:
    """Raise an InputError unless a graph can be written to a new file of that name."""
    path = Path(path)
    if path.suffix != ENDING:
        raise InputError(f"{path}: a NIR file ends in {ENDING}")
    if os.path.lexists(path):
        raise InputError(f"{path}: is there already; name another file")
    check_writable(path, _KIND)


def check_nir(memory: Memory) -> None:
    """Raise an InputError unless a memory can be a graph, and nir is there."""
    check_mapped(memory, "NIR's LIF")
    _nir()
    n = len(np.unique(memory.delay))
    check_memory(
        16 * n * memory.n_neurons**2,
        f"a matrix of {memory.n_neurons} x {memory.n_neurons} weights for each of {n} delays",
        "take another format, which lists synapses",
    )


def write_nir(path: str | Path, memory: Memory) -> None:
    """Write a memory's network to a new NIR file.

    Parameters
    ----------
    path : str or Path
    memory : Memory
        Of neurons in discrete time that reset to zero by emitted spikes.

    Raises
    ------
    InputError
        If the file is there already or cannot be written, nir is not there, or the memory cannot be
        mapped.

    Notes
    -----
    For each delay d there is a ``Delay`` of d steps and a ``Linear`` with the weights of that delay,
    from the neurons back onto them. The neuron is a ``LIF``, tau v' = (v_leak - v) + R I. A spike is 1 for a
    step, so I is constant for a step, and with R = 1 / (1 - beta) the exact solution is v(t) = beta
    v(t-1) + I. A LIF fires above its threshold, and not at it: v > x is v >= theta in double precision
    if x is the next number below theta.
    """
    nir = _nir()
    check_nir(memory)
    check_nir_file(path)
    n, beta = memory.n_neurons, memory.each("beta")
    rest = np.zeros(n)
    forced = np.zeros(n)
    forced[: memory.n_recorded] = 2 * farthest_membranes(memory).max()
    nodes = {
        "cue": nir.Input(input_type={"input": np.array([n])}),
        "force": nir.Scale(scale=forced),
        "neurons": nir.LIF(
            tau=time_constant(beta, memory.step),
            r=1 / (1 - beta),
            v_leak=rest,
            v_threshold=np.nextafter(memory.each("theta"), -np.inf),
            v_reset=rest.copy(),
        ),
        "spikes": nir.Output(output_type={"output": np.array([n])}),
    }
    edges = [("cue", "force"), ("force", "neurons"), ("neurons", "spikes")]
    for d in np.unique(memory.delay).tolist():
        chosen = memory.delay == d
        weight = np.zeros((n, n))
        weight[memory.post[chosen], memory.pre[chosen]] = memory.weight[chosen]
        nodes[f"delay_{d}"] = nir.Delay(delay=np.full(n, d * memory.step))
        nodes[f"weights_{d}"] = nir.Linear(weight=weight)
        edges += [
            ("neurons", f"delay_{d}"),
            (f"delay_{d}", f"weights_{d}"),
            (f"weights_{d}", "neurons"),
        ]
    said = {
        "step_s": memory.step,
        "spikes": "1 for one step; tau and r are those of the exact solution",
        "threshold": "v > v_threshold is v >= theta: theta is the next larger double",
    }
    graph = nir.NIRGraph(nodes=nodes, edges=edges, metadata=said)
    content = io.BytesIO()
    nir.write(content, graph)
    with replacing(path, _KIND) as temporary:
        temporary.write_bytes(content.getbuffer())


def _nir():
    try:
        import nir
    except ImportError:
        raise InputError("needs nir, which is not there: pip install 'wmdelays[nir]'") from None
    return nir
