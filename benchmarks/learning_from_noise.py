"""What learning from noise and steeper crossings give the rule `timed-margin`.

Usage: python benchmarks/learning_from_noise.py [--only NAME ...] [--json FILE]

Every row stores two patterns of 500 ms in 256 neurons under Dale's law with at most 400 synapses onto a
neuron (where nothing else is said; "crowded" ones store four patterns of 300 ms in 128 neurons with all
synapses), with the options that it names, and recalls them under noise as
benchmarks/neurons.py has it, in two draws each. Rows that the JSON file already has are not run again;
`--only` runs the named rows anew. `--table` prints the file as a table.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from neurons import untidy

GIVEN = dict(n_neurons=256, n_steps=500, n_patterns=2, rate=0.004, interval=10)
# With all synapses, of both signs, in a network that has little room.
CROWDED = dict(n_neurons=128, n_steps=300, n_patterns=4, rate=0.006, interval=12)
NEXT_TO_NONE = {"release_failures": 1e-6, "background": 1e-6, "membrane_noise": 1e-6}
OPTIONS = {
    "clean": {},
    "--damaged-epochs 5": {"damaged_epochs": 5},
    "--damaged-epochs 5, all sizes of damage next to 0": {"damaged_epochs": 5, **NEXT_TO_NONE},
    "clean, --slope 6": {"slope": 6.0},
    "clean, --slope 3": {"slope": 3.0},
    "clean, --slope 6 --kappa 4.5": {"slope": 6.0, "kappa": 4.5},
    "--importance slope": {"importance": "slope"},
    "--max-synapses 200": {"max_synapses": 200},
    "--max-synapses 200 --importance slope": {"max_synapses": 200, "importance": "slope"},
}
_OF_COND, _OF_ADEX = [0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 3, 4, 6, 7, 8]
ROWS = {
    f"{model}, {list(OPTIONS)[k]}": (model, list(OPTIONS.values())[k])
    for model, chosen in (("lif-cond", _OF_COND), ("adex", _OF_ADEX))
    for k in chosen
}
ROWS |= {
    f"crowded, lif-cond, --slope {s:g}": ("lif-cond", {"slope": s}) for s in (3.0, 4.0, 5.0, 6.0)
}
DRAWS, SHOWN = (1, 2), ("failures", "all")


def row(name):
    from wmdelays.patterns import refractory
    from wmdelays.training.storing import store

    model, options = ROWS[name]
    small = refractory(8, 60, 1, rate=0.02, interval=10)
    # Compiling takes the same time for any size.
    store(
        small, neurons=model, n_delays=10, damaged_epochs=min(options.get("damaged_epochs", 0), 1)
    )
    began = time.process_time()
    if name.startswith("crowded"):
        memory = store(refractory(**CROWDED), neurons=model, n_delays=30, **options)
    else:
        options = {"max_synapses": 400, **options}
        memory = store(refractory(**GIVEN), neurons=model, signs="dale", **options)
    cpu = time.process_time() - began
    draws = [untidy(memory, seed) for seed in DRAWS]
    noisy = {
        kind: {
            key: float(np.mean([one[kind][key] for one in draws]))
            for key in ("f1_lag_followed", "tempo_percent")
        }
        for kind in draws[0]
    }
    return {"cpu_s": cpu, "f1": memory.made["scores"]["f1"], **memory.made["reached"], **noisy}


def table(rows):
    print("| model, learned | exact | 10 % failures | all | CPU s |\n|---|---|---|---|---|")
    for name, one in rows.items():
        cells = [
            f"{one[k]['f1_lag_followed']:.3f}, {one[k]['tempo_percent']:+.1f} %" for k in SHOWN
        ]
        exact = "yes" if one["f1"] == 1 else f"F1 {one['f1']:.4f}"
        print(f"| {name} | {exact} | {' | '.join(cells)} | {one['cpu_s']:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ROWS)
    parser.add_argument("--json", default=Path(__file__).with_suffix(".json"), type=Path)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    rows = json.loads(given.json.read_text()) if given.json.exists() else {}
    if given.table:
        table(rows)
        return
    for name in given.only or [name for name in ROWS if name not in rows]:
        print(name, file=sys.stderr)
        rows[name] = row(name)
        rows = {one: rows[one] for one in ROWS if one in rows}
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
