"""What latent neurons do for recordings: tables of stretches and of learned spikes, a figure of damage.

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
    "replaced": ("cue: entries replaced (part)", (0, 0.1, 0.2, 0.3, 0.5, 0.75)),
    "silenced": ("cue: units silenced (part)", (0, 0.1, 0.2, 0.3, 0.5, 0.75)),
    "lost": ("spikes lost, all the time (part)", (0, 0.005, 0.01, 0.02, 0.05, 0.1)),
    "cut": ("synapses cut (part)", (0, 0.02, 0.05, 0.1, 0.2, 0.3)),
}
DRAWS = 12
# Stretches from 900 s on of the hippocampus, in bins of 10 ms: where they end, and latent neurons.
LEARNED = ((920, 1), (920, 2), (920, 3), (960, 6))
SEEDS, EPOCHS = 3, 60


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
        rows = wmdelays.robustness(
            memory, damage=[kind], values=list(values), draws=DRAWS, before=0
        )
        by_value = {}
        for row in rows:
            by_value.setdefault(row["setting"]["value"], []).append(row["figures"]["f1"])
        found[kind] = [by_value[value] for value in values]
    return found


def measured_learned(folder, stop, n_latent, seed):
    """Whether a stretch from 900 s on is stored with random latent spikes, and with learned ones.

    Learning begins with the weights of the random ones. The recorded spikes are forced, the latent
    neurons are free, and the gradient goes through their spikes, so that the recorded neurons' membranes
    come to lie on the right side of theta by 0.3. What the latent neurons then emit is stored anew.
    """
    import torch

    from wmdelays.training import RecurrentLIF
    from wmdelays.training.latent import latent_of, with_latent

    torch.set_num_threads(1)
    step, kappa, rate = 0.01, 0.3, 5e-4
    given, _ = pattern(folder, "hippocampus", 900, stop, step)
    n, n_steps = given.n_neurons, given.n_steps(step)
    random = with_latent(
        [given], latent_of(n_latent, None, DELAYS), n_delays=DELAYS, step=step, seed=seed
    )[0]
    memory, _ = stored(random, step)
    found = {"random_f1": memory.made["scores"]["f1"], "learned_f1": None, "epochs": 0}
    forced = torch.zeros(n_steps, 1, n + n_latent)
    forced[given.steps(step), 0, given.neurons] = 1
    wanted = forced[DELAYS:, 0, :n].bool()
    n_random = len(random) - len(given)
    layer = RecurrentLIF.from_memory(memory, dense=True, dtype=torch.float32)
    optimizer = torch.optim.Adam(layer.parameters(), lr=rate)
    began = time.process_time()
    for epoch in range(EPOCHS + 1 if found["random_f1"] < 1 else 0):
        spikes, membrane = layer(forced, clamp=DELAYS)
        above = membrane[DELAYS:, 0, :n] - 1
        if epoch and epoch % 10 == 0:
            steps, neurons = spikes[:, 0, n:].detach().numpy().nonzero()
            learned = wmdelays.Raster.from_steps(
                np.concatenate([given.neurons, n + neurons]),
                np.concatenate([given.steps(step), steps]),
                n + n_latent,
                n_steps,
                step,
                n_latent=n_latent,
            )
            f1 = stored(learned, step)[0].made["scores"]["f1"]
            found["learned_f1"], found["epochs"] = max(found["learned_f1"] or 0, f1), epoch
            if f1 == 1:
                break
        loss = torch.relu(kappa - above)[wanted].sum() + torch.relu(kappa + above)[~wanted].sum()
        # They should not fall silent.
        loss = loss + 0.1 * (spikes[DELAYS:, 0, n:].sum() - n_random).abs()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = rate * (1 - epoch / (EPOCHS + 1))
        optimizer.step()
    found["cpu_seconds"] = time.process_time() - began
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
    for stop, n_latent in LEARNED:
        for seed in range(SEEDS):
            name = f"learned, to {stop} s, {n_latent} latent, seed {seed}"
            keep(name, measured_learned, stop, n_latent, seed)
    for recording, (_, numbers) in DAMAGED.items():
        for n_latent in numbers:
            name = f"damage, {recording}, {n_latent} latent"
            keep(name, measured_damage, recording, n_latent)
    return rows


def table(rows):
    """A line for each stretch, with a number for each bin."""
    print(
        "\n| stretch (s) | spikes no weights predict: 5, 10, 20 ms | F1 without | latent neurons"
        " | F1 with them | CPU (s) |"
    )
    print("|---|---|---|---|---|---|")
    shown = {
        "unpredictable": "d",
        "f1_without": ".2f",
        "n_latent": "d",
        "f1": ".4g",
        "cpu_seconds": ".1f",
    }
    for recording, start, stop in STRETCHES:
        some = [rows[f"{recording}, {start} to {stop} s, {one} ms"] for one in BINS_MS]
        starts = [f"{row['start_s']:.6g}" for row in some]
        moved = f" ({', '.join(starts)})" if set(starts) != {str(start)} else ""
        columns = [", ".join(f"{row[name]:{form}}" for row in some) for name, form in shown.items()]
        print(f"| {recording}, {start}{moved} to {stop} | {' | '.join(columns)} |")


def learned_table(rows):
    print("\n| stretch | latent neurons | random spikes: F1 | learned spikes: F1 | epochs |")
    print("|---|---|---|---|---|")
    for stop, n_latent in LEARNED:
        names = [f"learned, to {stop} s, {n_latent} latent, seed {k}" for k in range(SEEDS)]
        some = [rows[name] for name in names if name in rows]
        columns = [
            ", ".join("–" if row[name] is None else f"{row[name]:.3g}" for row in some)
            for name in ("random_f1", "learned_f1", "epochs")
        ]
        print(f"| 900 to {stop} s | {n_latent} | {' | '.join(columns)} |")


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
                    f1 = rows[f"damage, {recording}, {n} latent"][kind]
                    means = [np.mean(one) for one in f1]
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
                if recording == list(DAMAGED)[-1]:
                    axes.set_xlabel(label, fontsize=8)
            row[0].set_ylabel(f"{recording}\nF1, mean of {DRAWS} draws")
        handles = {}
        for axes in panels[:, 0]:
            for handle, label in zip(*axes.get_legend_handles_labels()):
                handles.setdefault(label, handle)
        names = sorted(handles, key=lambda name: int("0" + name.split()[0].removeprefix("none")))
        figure.legend(
            [handles[name] for name in names], names, loc="outside upper center", ncols=len(names)
        )
        path.write_bytes(figure_bytes(figure, "png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--figure", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    found = measure(arguments.recordings)
    table(found)
    learned_table(found)
    if arguments.figure:
        draw(found, arguments.figure)
