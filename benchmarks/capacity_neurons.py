"""How many patterns 256 neurons store, on the grid and in continuous time, beside theory: rows, and a figure.

python benchmarks/capacity_neurons.py [--only NAME ...] [--figure FILE] [--list]

Neurons learn apart from each other, and patterns are stored where every neuron answers all that the
others tell it. So a part of them shows where this ends: 32 neurons of the grid, and 8 in continuous
time, where one takes up to minutes. Rows that the JSON file beside this script has are not measured
again; every number of patterns that is tried is kept there.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from learning import solved

from wmdelays import theory
from wmdelays.neurons import neurons_of
from wmdelays.patterns import refractory
from wmdelays.plots.figures import BLUE, GREY, VERMILLION, figure_bytes, house_style, new_figure
from wmdelays.training.rules.timed_margin.description import TIMED_MARGIN
from wmdelays.training.rules.timed_margin.neuron import EPOCHS, FALSE_ALARMS, MISSED, PART
from wmdelays.training.rules.timed_margin.neuron_learner import NeuronLearner, is_exact
from wmdelays.training.storing import unlearned

FILE = Path(__file__).with_suffix(".json")
N, STEPS, RATE, INTERVAL, DELAYS = 256, 1000, 0.004, 5, (11, 21, 41)
# Neurons that learn in continuous time, and how near the search comes, as a part of M.
SAMPLE, PRECISION = 8, 0.15


def drawn(n_patterns):
    return refractory(N, STEPS, n_patterns, rate=RATE, interval=INTERVAL, seed=0)


def on_grid(n_patterns, n_delays):
    """Whether 32 neurons of the grid are exact."""
    found = solved(drawn(n_patterns), n_delays)
    return found | {"exact": found["solved"] == 1}


def in_continuous_time(n_patterns, n_delays):
    """Whether the sample is exact, with synapses of 2 ms; it ends at the first neuron that is not."""
    neurons = neurons_of("lif-exp", N, settings=["tau_s=2ms"])
    empty = unlearned(drawn(n_patterns), n_delays=n_delays, step=1e-3, neurons=neurons)
    settings = {name: option.default for name, option in TIMED_MARGIN.all_options.items()}
    learner = NeuronLearner(empty, settings, 0)
    figures = []
    while len(figures) < SAMPLE and (not figures or is_exact(figures[-1])):
        figures.append(learner.learn(len(figures))[2])
    return {
        "exact": bool(is_exact(figures[-1])),
        "neurons": len(figures),
        "wrong": int(figures[-1][MISSED] + figures[-1][FALSE_ALARMS]),
        "epochs": int(max(one[EPOCHS] for one in figures)),
        "least_part_of_margins": float(min(one[PART] for one in figures)),
    }


KINDS = {"grid": on_grid, "lif-exp": in_continuous_time}
ROWS = {f"{kind}, D = {d}": (kind, d) for kind in KINDS for d in DELAYS}


def bound_of_theory(n_delays):
    """Gardner's capacity at the rate that the patterns have."""
    some = drawn(8)
    rate = sum(map(len, some)) / (len(some) * N * STEPS)
    return theory.capacity(n_neurons=N, n_delays=n_delays, n_steps=STEPS, rate=rate)


def searched(name, tried):
    """Search for the most patterns that are stored; yields each time that `tried` was added to."""
    kind, n_delays = ROWS[name]

    def fits(n_patterns):
        if str(n_patterns) not in tried:
            began = time.process_time()
            found = KINDS[kind](n_patterns, n_delays)
            tried[str(n_patterns)] = found | {"cpu_s": time.process_time() - began}
            print(name, n_patterns, tried[str(n_patterns)], flush=True)
            yield
        return tried[str(n_patterns)]["exact"]

    most, too_many = 0, max(round(bound_of_theory(n_delays) / 8), 1)
    while (yield from fits(too_many)):
        most, too_many = too_many, round(too_many * 1.5)
    while too_many - most > max(1, PRECISION * most):
        middle = (most + too_many) // 2
        if (yield from fits(middle)):
            most = middle
        else:
            too_many = middle


def ends(tried):
    """The largest number that was stored, and the smallest that was not."""
    by_number = {int(m): one["exact"] for m, one in tried.items()}
    return (
        max((m for m, fits in by_number.items() if fits), default=0),
        min(m for m, fits in by_number.items() if not fits),
    )


def measure(chosen):
    rows = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in chosen:
        for _ in searched(name, rows.setdefault(name, {})):
            beside = FILE.with_suffix(".new")
            beside.write_text(json.dumps(rows, indent=1) + "\n")
            os.replace(beside, FILE)
    return rows


def table(rows):
    print(f"\n| N = {N}, D | " + " | ".join(map(str, DELAYS)) + " |")
    print("|---" * (1 + len(DELAYS)) + "|")
    for kind in KINDS:
        found = [ends(rows[f"{kind}, D = {d}"]) for d in DELAYS]
        print(f"| {kind} | " + " | ".join(f"{most}, not {less}" for most, less in found) + " |")
    print("| theory | " + " | ".join(f"{bound_of_theory(d):.0f}" for d in DELAYS) + " |")


def draw(rows, path):
    """The most patterns against the longest delay; bars reach to what was not stored any more."""
    with house_style():
        figure = new_figure(3.2)
        axes = figure.subplots()
        bound = [bound_of_theory(d) for d in DELAYS]
        axes.plot(DELAYS, bound, ":", color=GREY, label="perceptron (Gardner 1988)")
        looks = {"grid": ("grid, margin", BLUE, "o"), "lif-exp": ("lif-exp, 2 ms", VERMILLION, "s")}
        for kind, (label, colour, marker) in looks.items():
            found = np.array([ends(rows[f"{kind}, D = {d}"]) for d in DELAYS])
            above = np.stack([np.zeros(len(DELAYS)), found[:, 1] - found[:, 0]])
            axes.errorbar(
                DELAYS, found[:, 0], above, marker=marker, color=colour, label=label, capsize=3
            )
        axes.set(xlabel="longest delay D (ms)", ylabel="patterns stored", ylim=(0, None))
        axes.set_xticks(DELAYS)
        axes.legend()
        path.write_bytes(figure_bytes(figure, "png"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ROWS)
    parser.add_argument("--figure", type=Path, metavar="FILE")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if given.list:
        print("\n".join(ROWS))
        raise SystemExit
    found = measure(given.only or ROWS)
    if set(ROWS) <= set(found):
        table(found)
        if given.figure is not None:
            draw(found, given.figure)
