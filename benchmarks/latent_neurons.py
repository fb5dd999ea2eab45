"""What latent neurons do for recordings: a table of stretches, a table and a figure of damage.

python benchmarks/latent_neurons.py --recordings FOLDER [--figure FILE]

FOLDER has hippocampus_linear_track.csv and songbird_hvc.csv. Rows that the JSON file beside this script has are
not measured again.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np

import wmdelays
from wmdelays.files import read_stretch
from wmdelays.plots.figures import BLUE, GREY, VERMILLION, figure_bytes, house_style, new_figure

ROWS = Path(__file__).with_suffix(".json")
FILES = {"hippocampus": "hippocampus_linear_track.csv", "songbird": "songbird_hvc.csv"}
# Recording, start and stop in seconds.
STRETCHES = [
    *(("hippocampus", start, start + 60) for start in (100, 400, 700, 900, 1100, 1400, 1700)),
    *(("songbird", start, stop) for start, stop in ((0, 22), (0, 11), (11, 22))),
]
BINS_MS = (5, 10, 20)
DELAYS = 41
# What is damaged, with latent neurons of these numbers.
DAMAGED = {"hippocampus": ((900, 960), (8, 16, 32, 128)), "songbird": ((0, 22), (0, 8, 32, 128))}
DAMAGE = {
    "replaced": ("part of the cue's entries replaced", (0, 0.1, 0.2, 0.3, 0.5, 0.75)),
    "silenced": ("units silenced in the cue (part)", (0, 0.1, 0.2, 0.3, 0.5, 0.75)),
    "lost": ("part of all spikes lost", (0, 0.005, 0.01, 0.02, 0.05, 0.1)),
    "cut": ("part of the synapses cut", (0, 0.02, 0.05, 0.1, 0.2, 0.3)),
}
DRAWS = 12


def pattern(folder, recording, start, stop, step):
    """A stretch at whole steps, and its start: the next one with a spike in the trigger window."""
    path = folder / FILES[recording]
    found = read_stretch(path, step, start=start, stop=stop)
    first = int(found.steps(step)[0])
    if first >= DELAYS:
        start += (first - DELAYS + 1) * step
        found = read_stretch(path, step, start=start, stop=stop)
    return found.bin(step, merge_spikes=True), start


def stored(given, step, **options):
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        memory = wmdelays.store(given, n_delays=DELAYS, step=step, **options)
    return memory, time.process_time() - began


def measured_stretch(folder, recording, start, stop, bin_ms):
    step = bin_ms / 1000
    given, start = pattern(folder, recording, start, stop, step)
    without, _ = stored(given, step)
    memory, seconds = stored(given, step, latent="auto")
    lost = without.made["unpredictable"]
    return {
        "start_s": start,
        "spikes": len(given),
        "unpredictable": lost["empty"] + lost["ambiguous"],
        "f1_without": without.made["scores"]["f1"],
        "n_latent": memory.n_latent,
        "tried": memory.made["latent"]["tried"],
        "f1": memory.made["scores"]["f1"],
        "cpu_seconds": seconds,
    }


def measured_damage(folder, recording, n_latent):
    (start, stop), _ = DAMAGED[recording]
    given, _ = pattern(folder, recording, start, stop, 0.01)
    memory, _ = stored(given, 0.01, latent=n_latent)
    found = {"f1": memory.made["scores"]["f1"], "synapses": memory.n_synapses}
    for kind, (_, values) in DAMAGE.items():
        if kind == "silenced":
            values = [round(part * memory.n_recorded) for part in values]
        rows = wmdelays.robustness(memory, damage=[kind], values=list(values), draws=DRAWS)
        by_value = {}
        for row in rows:
            if row["setting"]["before"] == 0:
                by_value.setdefault(row["setting"]["value"], []).append(row["figures"]["f1"])
        found[kind] = [by_value[value] for value in values]
    return found


def measure(folder):
    rows = json.loads(ROWS.read_text()) if ROWS.exists() else {}

    def keep(name, measured, *arguments):
        if name in rows:
            return
        rows[name] = measured(folder, *arguments)
        print(name, {k: v for k, v in rows[name].items() if not isinstance(v, list)}, flush=True)
        beside = ROWS.with_suffix(".new")
        beside.write_text(json.dumps(rows, indent=1) + "\n")
        os.replace(beside, ROWS)

    for recording, start, stop in STRETCHES:
        for bin_ms in BINS_MS:
            name = f"{recording}, {start} to {stop} s, {bin_ms} ms"
            keep(name, measured_stretch, recording, start, stop, bin_ms)
    for recording, (_, numbers) in DAMAGED.items():
        for n_latent in numbers:
            name = f"damage, {recording}, {n_latent} latent"
            keep(name, measured_damage, recording, n_latent)
    return rows


def table(rows):
    print(
        "\n| stretch | bin (ms) | spikes | no weights predict | F1 without | latent neurons | F1 | CPU (s) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for recording, start, stop in STRETCHES:
        for bin_ms in BINS_MS:
            row = rows[f"{recording}, {start} to {stop} s, {bin_ms} ms"]
            print(
                f"| {recording}, {row['start_s']:.6g} to {stop} s | {bin_ms} | {row['spikes']:,}"
                f" | {row['unpredictable']} | {row['f1_without']:.3f} | {row['n_latent']}"
                f" | {row['f1']:.4g} | {row['cpu_seconds']:.0f} |"
            )


def draw(rows, path):
    """F1 against damage, a row of panels for each recording."""
    shades = {0: GREY, 8: BLUE, 16: "#56B4E9", 32: "#009E73", 128: VERMILLION}
    markers = {0: "x", 8: "o", 16: "s", 32: "^", 128: "D"}
    with house_style():
        figure = new_figure(4.6)
        panels = figure.subplots(len(DAMAGED), len(DAMAGE), sharey=True, sharex="col")
        for row, (recording, (_, numbers)) in zip(panels, DAMAGED.items()):
            for axes, (kind, (label, values)) in zip(row, DAMAGE.items()):
                for n in numbers:
                    f1 = np.array(rows[f"damage, {recording}, {n} latent"][kind])
                    # Damage that is nought has one draw alone.
                    means = [np.mean(one) for one in f1] if f1.ndim == 2 else f1
                    axes.plot(
                        values,
                        means,
                        marker=markers[n],
                        color=shades[n],
                        markersize=4,
                        linewidth=1.2,
                        label=f"{n} latent neurons" if n else "none",
                    )
                axes.set_ylim(-0.03, 1.05)
                if row is panels[-1]:
                    axes.set_xlabel(label, fontsize=8)
            row[0].set_ylabel(f"{recording}\nF1, mean of {DRAWS} draws")
        handles = {}
        for axes in panels[:, 0]:
            for handle, label in zip(*axes.get_legend_handles_labels()):
                handles.setdefault(label, handle)
        figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=5)
        path.write_bytes(figure_bytes(figure, "png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--figure", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found = measure(arguments.recordings)
    table(found)
    if arguments.figure:
        draw(found, arguments.figure)
