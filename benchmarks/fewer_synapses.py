"""How much damage a memory bears with fewer synapses: a table and a figure.

python benchmarks/fewer_synapses.py [--recordings FOLDER] [--figure FILE]

FOLDER has hippocampus_linear_track.csv and songbird_hvc.csv. Rows that the JSON file beside this script has are
not measured again; a time of compare that was taken out of it is.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import wmdelays
from wmdelays.files import read_stretch
from wmdelays.plots import Curve, Panel, curves_figure
from wmdelays.plots.figures import figure_bytes

ROWS = Path(__file__).with_suffix(".json")
# Kinds of damage: the value, or the part of the neurons.
DAMAGE = {"replaced": 0.75, "silenced": 0.75, "jitter": 1.0, "lost": 0.33, "cut": 0.33}
DRAWS = 6
ALL, FEWER = {"prune": "none"}, {"prune": "damage"}
LIMITED = [{"max_synapses": n} for n in (1600, 800, 400, 200)]
# The strongest synapses of what is stored, with all and nothing learned after the cut.
CUT = [{"strongest": n} for n in (1600, 800, 400)]
INPUTS = {
    "M = 1": [ALL, FEWER],
    "M = 4": [ALL, FEWER, *LIMITED, *CUT],
    "M = 16": [ALL, FEWER],
    "N = 256": [ALL, FEWER],
    "hippocampus": [ALL, FEWER],
    "songbird": [ALL, FEWER],
}
COMPARED = ("M = 4", "M = 16")


def patterns(name, folder):
    """What is stored, and how."""
    if name == "hippocampus":
        raster = read_stretch(folder / "hippocampus_linear_track.csv", 0.02, start=900, stop=960)
        return raster.bin(0.02, merge_spikes=True), {"n_delays": 121, "step": 0.02}
    if name == "songbird":
        raster = wmdelays.read_raster(folder / "songbird_hvc.csv")
        return raster.bin(1 / 30, merge_spikes=True), {"n_delays": 41, "step": 1 / 30}
    if name == "N = 256":
        return wmdelays.bernoulli(256, 500, 4, 0.004), {"n_delays": 41}
    return wmdelays.bernoulli(1024, 1000, int(name.split()[-1]), 1e-3), {"n_delays": 41}


def strongest(memory, most):
    """The memory with each neuron's `most` strongest synapses."""
    order = np.lexsort((-np.abs(memory.weight), memory.post))
    post = memory.post[order]
    rank = np.arange(len(post)) - np.searchsorted(post, post)
    kept = np.sort(order[rank < most])
    columns = ("pre", "post", "delay", "weight")
    return replace(memory, **{one: getattr(memory, one)[kept] for one in columns})


def compare_seconds(path):
    """How long `wmdelays compare` takes, from its start to its end."""
    words = [
        str(Path(sys.executable).parent / "wmdelays"),
        "compare",
        str(path),
        "--device",
        "numpy",
    ]
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - began


def is_compared(name, options):
    return name in COMPARED and options in (ALL, FEWER)


def compared_again(name, options):
    """The time of compare alone."""
    stored, how = patterns(name, None)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "memory.h5"
        wmdelays.write_memory(path, wmdelays.store(stored, **how, **options))
        return compare_seconds(path)


def row(name, options, folder):
    """Store, and measure."""
    stored, how = patterns(name, folder)
    compares, options = is_compared(name, options), dict(options)
    most = options.pop("strongest", None)
    # What is compiled is compiled before.
    wmdelays.store(wmdelays.bernoulli(40, 60, 1, 0.03), n_delays=10, **options)
    began, cpu = time.perf_counter(), time.process_time()
    memory = wmdelays.store(stored, **how, **(ALL if most else options))
    said = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
    memory = strongest(memory, most) if most else memory
    recalled = wmdelays.recall(memory, memory.cues())
    said |= {
        "synapses": memory.n_synapses,
        "a_neuron": memory.n_synapses / memory.n_neurons,
        "f1": wmdelays.score(recalled, memory.patterns).total.f1,
    }
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "memory.h5"
        wmdelays.write_memory(path, memory)
        said["bytes"] = path.stat().st_size
        if compares:
            said["compare_seconds"] = compare_seconds(path)
    for kind, value in DAMAGE.items():
        value = round(value * memory.n_neurons) if kind == "silenced" else value
        found = wmdelays.robustness(memory, damage=[kind], values=[value], draws=DRAWS)
        f1 = [one["figures"]["f1"] for one in found]
        said[kind] = [float(np.mean(f1)), float(np.std(f1, ddof=1))]
    return said


def label(options):
    if "max_synapses" in options:
        return f"`--max-synapses {options['max_synapses']}`"
    if "strongest" in options:
        return f"all, then the {options['strongest']} strongest"
    return "all" if options == ALL else "`--prune damage`"


def table(rows):
    """The rows as a Markdown table."""
    titles = ["stored", "synapses", "a neuron", "CPU s", "MB", "`compare`, s", "F1"]
    lines = ["| " + " | ".join([*titles, *(f"{k} {v:g}" for k, v in DAMAGE.items())]) + " |"]
    lines.append("|---" * (len(titles) + len(DAMAGE)) + "|")
    for name, options in wanted():
        if (one := rows.get(key(name, options))) is None:
            continue
        compared = one.get("compare_seconds")
        cells = [name, label(options), f"{one['a_neuron']:,.0f}", f"{one['cpu_seconds']:.1f}"]
        cells += [f"{one['bytes'] / 1e6:.1f}", f"{compared:.0f}" if compared else ""]
        cells += [f"{one['f1']:.3f}", *("{:.3f} ± {:.3f}".format(*one[kind]) for kind in DAMAGE)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figure(rows, path):
    """F1 under each damage against synapses a neuron, M = 4."""
    ways = {
        "learned within a limit (--max-synapses)": LIMITED,
        "all learned, the strongest kept": CUT,
        "all (default)": [ALL],
        "--prune damage": [FEWER],
    }
    panels = []
    for kind, value in DAMAGE.items():
        curves = []
        for label, options in ways.items():
            ones = [rows[key("M = 4", one)] for one in options]
            x, y, sd = zip(*((one["a_neuron"], *one[kind]) for one in ones))
            # No F1 is beyond 0 or 1.
            bars = np.array([np.minimum(sd, y), np.minimum(sd, 1 - np.array(y))])
            curves.append(Curve(label, np.array(x), np.array(y), bars))
        ylabel = f"F1, {kind} {value:g}"
        panels.append(Panel("synapses a neuron", ylabel, curves, logx=True, ylim=(0.4, 1.04)))
    made = curves_figure(panels)
    for axes in made.axes[: len(panels)]:
        axes.set_xticks([200, 500, 1000, 2000], ["200", "500", "1000", "2000"])
        axes.minorticks_off()
    path.write_bytes(figure_bytes(made, "png"))


def key(name, options):
    return f"{name}, {label(options)}"


def wanted():
    return [(name, options) for name, many in INPUTS.items() for options in many]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=Path, help="folder of the two recordings")
    parser.add_argument("--figure", type=Path, help="draw the figure here")
    given = parser.parse_args()
    rows = json.loads(ROWS.read_text())["rows"] if ROWS.exists() else {}
    for name, options in wanted():
        recorded = name in ("hippocampus", "songbird")
        known = rows.get(key(name, options))
        if known and is_compared(name, options) and "compare_seconds" not in known:
            known["compare_seconds"] = compared_again(name, options)
        elif known or (recorded and given.recordings is None):
            continue
        else:
            rows[key(name, options)] = row(name, options, given.recordings)
        print(key(name, options), json.dumps(rows[key(name, options)]), file=sys.stderr, flush=True)
        ROWS.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")
    print(table(rows))
    if given.figure is not None:
        figure(rows, given.figure)


if __name__ == "__main__":
    main()
