"""What neurons of different time constants do to capacity and to bearing damage: rows, and a figure.

python benchmarks/heterogeneity.py [--figure FILE]

Rows that the JSON file beside this script has are not measured again.
"""

import argparse
import json
import os
import warnings
from pathlib import Path

import numpy as np

import wmdelays
from wmdelays.plots.figures import BLUE, GREY, VERMILLION, figure_bytes, house_style, new_figure

ROWS = Path(__file__).with_suffix(".json")
SPREADS = (0.0, 0.1, 0.2, 0.4)
NEURONS, STEPS, DELAYS, RATE = 64, 150, 10, 0.03
# Mean beta, and between which numbers of patterns the capacity is sought.
BETAS, BETWEEN, CAPACITY_SEEDS = (0.7, 0.9), (8, 48), 6
# More patterns than the network of the largest spread and mean can hold.
BEYOND = 23
PATTERNS, DAMAGE_SEEDS, DRAWS, BETA = 12, 4, 8, 0.7
DAMAGE = {
    "replaced": ("cue: entries replaced (part)", (0, 0.1, 0.2, 0.3, 0.5, 0.75)),
    "lost": ("spikes lost, all the time (part)", (0, 0.005, 0.01, 0.02, 0.05, 0.1)),
    "cut": ("synapses cut (part)", (0, 0.02, 0.05, 0.1, 0.2, 0.3)),
}


def stored(n_patterns, beta, spread, seed, **options):
    patterns = wmdelays.bernoulli(NEURONS, STEPS, n_patterns, RATE, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return wmdelays.store(
            patterns, n_delays=DELAYS, beta=beta, beta_spread=spread, seed=seed, **options
        )


def measured_capacity(beta, spread, seed):
    """The largest number of patterns with a complete recall, by bisection."""
    most, too_many = BETWEEN
    while too_many - most > 1:
        middle = (most + too_many) // 2
        memory = stored(middle, beta, spread, seed, damaged_epochs=0)
        if memory.made["scores"]["f1"] == 1:
            most = middle
        else:
            too_many = middle
    return {"patterns": most}


def measured_beyond(seed):
    """Beyond the capacity of the largest spread: which part of the neurons is faster than the worst."""
    memory = stored(BEYOND, BETAS[-1], SPREADS[-1], seed, damaged_epochs=0)
    worst = memory.made["reached"]["worst_neuron"]
    return {"faster": float(np.mean(memory.beta < memory.beta[worst]))}


def measured_damage(spread, seed):
    """F1 of damaged recalls, the mean of the draws, for each kind and size of damage."""
    memory = stored(PATTERNS, BETA, spread, seed)
    found = {"f1": memory.made["scores"]["f1"]}
    for kind, (_, values) in DAMAGE.items():
        rows = wmdelays.robustness(
            memory, damage=[kind], values=list(values), draws=DRAWS, before=0
        )
        by_value = {}
        for row in rows:
            by_value.setdefault(row["setting"]["value"], []).append(row["figures"]["f1"])
        found[kind] = [float(np.mean(by_value[value])) for value in values]
    return found


def measure():
    rows = json.loads(ROWS.read_text()) if ROWS.exists() else {}

    def keep(name, measured, *arguments):
        if name in rows:
            return
        rows[name] = measured(*arguments)
        print(name, rows[name], flush=True)
        beside = ROWS.with_suffix(".new")
        beside.write_text(json.dumps(rows, indent=1) + "\n")
        os.replace(beside, ROWS)

    for seed in range(CAPACITY_SEEDS):
        for beta in BETAS:
            for spread in SPREADS:
                keep(capacity_row(beta, spread, seed), measured_capacity, beta, spread, seed)
    for seed in range(CAPACITY_SEEDS):
        keep(f"beyond, seed {seed}", measured_beyond, seed)
    for seed in range(DAMAGE_SEEDS):
        for spread in SPREADS:
            keep(damage_row(spread, seed), measured_damage, spread, seed)
    return rows


def capacity_row(beta, spread, seed):
    return f"capacity, beta {beta}, spread {spread}, seed {seed}"


def damage_row(spread, seed):
    return f"damage, spread {spread}, seed {seed}"


def capacities(rows, beta, spread):
    names = (capacity_row(beta, spread, seed) for seed in range(CAPACITY_SEEDS))
    return np.array([rows[name]["patterns"] for name in names])


def damaged(rows, spread, kind):
    """F1 for each size of damage, shape (n_seeds, n_values)."""
    return np.array([rows[damage_row(spread, seed)][kind] for seed in range(DAMAGE_SEEDS)])


def tables(rows):
    print("\n| spread | " + " | ".join(f"patterns, beta {beta}" for beta in BETAS) + " |")
    print("|---" * (1 + len(BETAS)) + "|")
    for spread in SPREADS:
        cells = (capacities(rows, beta, spread) for beta in BETAS)
        shown = " | ".join(f"{one.mean():.1f} ({one.min()} to {one.max()})" for one in cells)
        print(f"| {spread:g} | {shown} |")
    faster = [rows[f"beyond, seed {seed}"]["faster"] for seed in range(CAPACITY_SEEDS)]
    print(
        f"\nwith {BEYOND} patterns {min(faster):.0%} to {max(faster):.0%} are faster than the worst"
    )
    for kind, (label, values) in DAMAGE.items():
        print(f"\n| {label} | " + " | ".join(f"spread {spread:g}" for spread in SPREADS) + " |")
        print("|---" * (1 + len(SPREADS)) + "|")
        columns = [damaged(rows, spread, kind).mean(0) for spread in SPREADS]
        for value, *f1 in zip(values, *columns):
            print(f"| {value:g} | " + " | ".join(f"{one:.3f}" for one in f1) + " |")


def draw(rows, path):
    """Capacity against the spread, and F1 against damage, a line for each spread."""
    shades = dict(zip(SPREADS, (GREY, "#56B4E9", BLUE, VERMILLION)))
    markers = dict(zip(SPREADS, "osD^"))
    with house_style():
        figure = new_figure(4.6)
        first, *others = figure.subplots(2, 2).flat
        for beta, marker, colour in zip(BETAS, "os", (BLUE, VERMILLION)):
            found = np.array([capacities(rows, beta, spread) for spread in SPREADS])
            first.plot(
                SPREADS,
                found.mean(1),
                color=colour,
                label=f"mean time constant {-1 / np.log(beta):.2g} steps (beta {beta})",
            )
            first.plot(SPREADS, found, marker, color=colour, alpha=0.35, markersize=3)
        first.set_ylim(0, 34)
        first.set_xlabel("spread of time constants (part of their mean)")
        first.set_ylabel(f"patterns stored ({CAPACITY_SEEDS} seeds)")
        first.legend(loc="lower left")
        for axes, (kind, (label, values)) in zip(others, DAMAGE.items()):
            for spread in SPREADS:
                axes.plot(
                    values,
                    damaged(rows, spread, kind).mean(0),
                    marker=markers[spread],
                    color=shades[spread],
                    markersize=4,
                    linewidth=1.2,
                    label=f"spread {spread:g}",
                )
            axes.set_ylim(-0.03, 1.05)
            axes.set_xlabel(label)
            axes.set_ylabel(f"F1, mean of {DAMAGE_SEEDS} x {DRAWS} draws")
        others[-1].legend(loc="upper right")
        path.write_bytes(figure_bytes(figure, "png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--figure", type=Path, metavar="FILE")
    figure = parser.parse_args().figure
    measured_rows = measure()
    tables(measured_rows)
    if figure is not None:
        draw(measured_rows, figure)
