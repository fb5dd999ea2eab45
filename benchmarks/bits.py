"""Weights of few bits: recall, damage and size of the file, relearned and only rounded.

Usage: python benchmarks/bits.py [--bits 4,8] [--patterns 16] [--neurons 1024] [--delays 41]
       [--steps 1000] [--json FILE] [--figure FILE]

One memory is learned by `margin` as it is by default, and then put on grids of so many bits. 32 bits
are the memory itself.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from measuring import timed

from wmdelays import (
    bernoulli,
    compare,
    energy,
    quantise,
    read_memory,
    robustness,
    score,
    store,
    write_memory,
)
from wmdelays.files.output import write_json
from wmdelays.plots import Curve, Panel, curves_figure
from wmdelays.training import recall
from wmdelays.words import metric

# Parts of the trigger window that are replaced, and of the neurons that are silent in it.
DAMAGE = {"replaced": (0.5, 0.75), "silenced": (0.5, 0.75)}
FULL = 32


def rounded(memory, bits):
    """The memory with its weights at the nearest levels, each neuron's largest at the last one."""
    levels = 2 ** (bits - 1) - 1
    largest = np.zeros(memory.n_neurons)
    np.maximum.at(largest, memory.post, np.abs(memory.weight))
    scale = largest[memory.post] / levels
    return replace(memory, weight=np.rint(memory.weight / scale) * scale)


def f1_of(memory):
    return score(recall(memory, memory.cues()), memory.patterns).total.f1


def measured(memory, bits, seconds, rounded_f1, folder):
    path = folder / "memory.h5"
    write_memory(path, memory)
    assert read_memory(path).fingerprint() == memory.fingerprint()
    row = {
        "bits": bits,
        "seconds": seconds,
        "f1": f1_of(memory),
        "rounded_f1": rounded_f1,
        "margin": memory.made["reached"]["margin"],
        "n_synapses": memory.n_synapses,
        "file_bytes": path.stat().st_size,
        "energy_j": energy(memory).total,
    }
    for kind, parts in DAMAGE.items():
        values = parts if kind == "replaced" else [int(x * memory.n_neurons) for x in parts]
        found = robustness(memory, damage=[kind], values=values, draws=1, before=0)
        for part, one in zip(parts, found):
            row[f"{kind}_{part:g}"] = one["figures"]["f1"]
    result = compare(memory, patterns=[0], device="numpy", dt=memory.step)
    agreement = result.as_dict()["agreement"]
    row["differences"] = agreement["only_torch"] + agreement["only_brian2"]
    print(
        f"| {bits} | {row['f1']:.4f} | {rounded_f1:.4f} | {row['margin']:.3f} |"
        f" {row['n_synapses']:,} | {row['file_bytes'] / 1e6:.1f} MB |"
        f" {metric(row['energy_j'], 'J')} |"
        + "".join(f" {row[f'{k}_{p:g}']:.4f} |" for k, parts in DAMAGE.items() for p in parts)
        + f" {row['differences']} | {seconds:.0f} s |",
        flush=True,
    )
    return row


def figure(rows):
    """F1, F1 from damaged cues, and the size of the file over the bits of a weight."""
    bits = [row["bits"] for row in rows]

    def curve(label, name, scale=1.0):
        return Curve(label, bits, [row[name] * scale for row in rows])

    damaged = [
        curve(f"{kind} {part:.0%}", f"{kind}_{part:g}")
        for kind, parts in DAMAGE.items()
        for part in parts
    ]
    xlabel, ylim = "bits of a weight", (-0.04, 1.06)
    plain = [curve("relearned", "f1"), curve("only rounded", "rounded_f1")]
    made = curves_figure(
        [
            Panel(xlabel, "F1", plain, logx=True, ylim=ylim),
            Panel(xlabel, "F1 from damaged triggers", damaged, logx=True, ylim=ylim),
            Panel(xlabel, "file (MB)", [curve("relearned", "file_bytes", 1e-6)], True, True),
        ]
    )
    for axes in made.axes:
        axes.set_xticks(bits, [str(n) for n in bits])
        axes.minorticks_off()
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bits", default="4,8")
    parser.add_argument("--patterns", type=int, default=16)
    parser.add_argument("--neurons", type=int, default=1024)
    parser.add_argument("--delays", type=int, default=41)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    patterns = bernoulli(
        n_neurons=given.neurons, n_steps=given.steps, n_patterns=given.patterns, rate=0.001
    )
    seconds, memory = timed(lambda: store(patterns, n_delays=given.delays))
    print(
        "| bits | F1 | only rounded | margin | synapses | file | energy |"
        + "".join(f" {k} {p:.0%} |" for k, parts in DAMAGE.items() for p in parts)
        + " differences in Brian2 | learning |"
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for bits in sorted(int(one) for one in given.bits.split(",")):
            taken, found = timed(lambda bits=bits: quantise(memory, bits))
            # Rounding alone is no store: it has only its recall.
            rows.append(measured(found, bits, taken, f1_of(rounded(memory, bits)), Path(folder)))
        rows.append(measured(memory, FULL, seconds, f1_of(memory), Path(folder)))
    if given.json is not None:
        write_json(given.json, rows)
    if given.figure is not None:
        figure(rows).savefig(given.figure)


if __name__ == "__main__":
    main()
