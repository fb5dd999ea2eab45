"""The energy of a recall over the number of stored patterns, beside the dense network.

Usage: python benchmarks/energy.py [--patterns 1,4,16] [--neurons 1024] [--delays 41] [--steps 1000]
       [--json FILE] [--figure FILE]

Three ways to store: `margin` as it is by default, `margin` without damaged contexts, which needs fewer
synapses, and with 400 synapses a neuron; see `wmdelays energy`.
"""

import argparse
import json
from pathlib import Path

from wmdelays import bernoulli, energy, store
from wmdelays.files.output import write_json
from wmdelays.plots import Curve, Panel, curves_figure
from wmdelays.validation.reports.hardware.energy import mark_published
from wmdelays.validation.reports.hardware.energy_tables import factor
from wmdelays.words import metric

WAYS = {
    "margin": {},
    "no damaged contexts": {"damaged_epochs": 0},
    "400 synapses a neuron": {"max_synapses": 400, "damaged_epochs": 0},
}


def measured(way, n_patterns, given):
    patterns = bernoulli(
        n_neurons=given.neurons, n_steps=given.steps, n_patterns=n_patterns, rate=0.001
    )
    memory = store(patterns, n_delays=given.delays, **WAYS[way])
    found = energy(memory).as_dict()
    del found["versions"]
    print(
        f"| {way} | {n_patterns} | {memory.n_synapses:,} | {found['f1']:.4f} |"
        f" {found['n_spikes']:,.0f} | {found['n_synaptic_events']:,.0f} |"
        f" {metric(found['energy_j'], 'J')} | {metric(found['dense_energy_j'], 'J')} |"
        f" {factor(found['ratio'])} |",
        flush=True,
    )
    return {"way": way, "n_patterns": n_patterns, **found}


def figure(rows):
    """Energy and how many times less it is, a curve for each way."""

    def curves(name):
        found = []
        for way in WAYS:
            mine = [row for row in rows if row["way"] == way]
            x, y = zip(*((row["n_patterns"], row[name]) for row in mine))
            found.append(Curve(way, x, y))
        return found

    dense = [row for row in rows if row["way"] == "margin"]
    x, y = zip(*((row["n_patterns"], row["dense_energy_j"]) for row in dense))
    energies = [*curves("energy_j"), Curve("dense network", x, y)]
    xlabel = "patterns stored, M"
    made = curves_figure(
        [
            Panel(xlabel, "energy of a recall (J)", energies, logx=True, logy=True),
            Panel(xlabel, "synaptic events of a recall", curves("n_synaptic_events"), True, True),
            Panel(xlabel, "times less than dense", curves("ratio"), logx=True, logy=True),
        ]
    )
    mark_published(made.axes, x)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patterns", default="1,4,16")
    parser.add_argument("--neurons", type=int, default=1024)
    parser.add_argument("--delays", type=int, default=41)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--drawn-from", type=Path, help="An earlier --json; nothing is measured.")
    given = parser.parse_args()
    if given.drawn_from is not None:
        rows = json.loads(given.drawn_from.read_text())
    else:
        numbers = [int(one) for one in given.patterns.split(",")]
        print("| stored by | M | synapses | F1 | spikes | events | energy | dense | times less |")
        print("|---|---|---|---|---|---|---|---|---|")
        rows = [measured(way, n, given) for n in numbers for way in WAYS]
    if given.json is not None:
        write_json(given.json, rows)
    if given.figure is not None:
        figure(rows).savefig(given.figure)


if __name__ == "__main__":
    main()
