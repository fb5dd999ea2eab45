"""Sequences planted among spikes at random: what SPADE, CAD and PPSeq find of them.

Usage: python benchmarks/planted_sequences.py [--json FILE] [--figure FILE] [--seeds 2]

A raster has 30 units that fire at 4 Hz for 20 s. A sequence of 5, 10 or 20 of them, 100 ms long,
occurs 20 times; its spikes are early or late by a normal jitter, and a part of them drops out. Each
method has its usual settings but for the window (SPADE, PPSeq) and fewer surrogates (SPADE, CAD);
SPADE, which wants its lags exact, has bins of twice the jitter where that is more. Two measures: F1
of the units of the pattern that fits best, and F1 of the occurrences, those that are listed within
25 ms of one. Points that FILE holds already are not computed again.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

UNITS, RATE, DURATION, LENGTH, OCCURRENCES = 30, 4.0, 20.0, 0.1, 20
SIZES = 5, 10, 20
JITTERS, DROPOUTS = (0, 2, 5, 10), (0, 10, 25, 50)
# Where the other one varies.
USUAL_JITTER, USUAL_DROPOUT = 2, 10
METHODS = ("SPADE", "CAD", "PPSeq")
NEAR = 0.025
GREEN = "#009E73"


def planted(size, jitter, dropout, seed):
    """A raster, the units of its sequence, their lags, and when it occurs, all in seconds."""
    from wmdelays import Raster

    rng = np.random.default_rng([seed, size])
    n = rng.poisson(UNITS * RATE * DURATION)
    neurons, times = [rng.integers(0, UNITS, n)], [rng.uniform(0, DURATION, n)]
    units = rng.permutation(UNITS)[:size]
    lags = np.sort(rng.uniform(0, LENGTH, size))
    lags -= lags[0]
    starts = np.sort(rng.choice(int(DURATION / 0.2) - 1, OCCURRENCES, replace=False)) * 0.2 + 0.05
    for start in starts:
        there = rng.random(size) >= dropout
        neurons.append(units[there])
        times.append(start + lags[there] + rng.normal(0, jitter, size)[there])
    neurons, times = np.concatenate(neurons), np.clip(np.concatenate(times), 0, DURATION - 1e-9)
    order = np.argsort(times, kind="stable")
    return Raster(neurons[order], times[order], UNITS, DURATION), units, lags, starts


def f1(hits, found, there):
    """F1 of `found` things, of which `hits` are among those that are there."""
    return 2 * hits / (found + there)


def scored(patterns, units, lags, starts):
    """F1 of units and of occurrences."""
    lag_of = dict(zip(units.tolist(), lags))
    best, times = 0.0, []
    for one in patterns:
        shared = [k for k, unit in enumerate(one.neurons) if unit in lag_of]
        best = max(best, f1(len(shared), len(one.neurons), len(units)))
        if len(shared) < 2 or 2 * len(shared) < len(one.neurons):
            # Another pattern: what it finds is no occurrence of this one.
            times += list(one.times)
            continue
        # When the sequence begins, by the lags of the units that are in both.
        shift = np.mean([one.lags[k] - lag_of[one.neurons[k]] for k in shared])
        times += list(np.array(one.times) + shift)
    # What is listed several times, by parts of a pattern, is one occurrence.
    times = np.sort(times)
    times = times[np.diff(times, prepend=-np.inf) > NEAR]
    hits = sum(bool(len(times)) and np.abs(times - start).min() <= NEAR for start in starts)
    return best, float(f1(hits, len(times), len(starts)))


def point(method, size, jitter, dropout, seed):
    from wmdelays import find_unknown_patterns

    raster, units, lags, starts = planted(size, jitter / 1e3, dropout / 100, seed)
    settings = {"window": 0.15}
    if method == "SPADE":
        step = max(0.005, 2e-3 * jitter)
        settings = {"step": step, "window": np.ceil(0.11 / step) * step, "draws": 39}
    if method == "CAD":
        settings = {"draws": 1}
    began = time.process_time()
    found = find_unknown_patterns(raster, method.lower(), **settings)
    of_units, of_occurrences = scored(found.unknown.patterns, units, lags, starts)
    return {
        "method": method,
        "units": size,
        "jitter_ms": jitter,
        "dropout_percent": dropout,
        "seed": seed,
        "f1_units": of_units,
        "f1_occurrences": of_occurrences,
        "patterns": len(found.unknown.patterns),
        "cpu_s": time.process_time() - began,
        "wall_s": found.timing[method.lower()],
    }


def conditions(n_seeds):
    """All points, those of a condition side by side."""
    pairs = [(jitter, USUAL_DROPOUT) for jitter in JITTERS]
    pairs += [(USUAL_JITTER, dropout) for dropout in DROPOUTS if dropout != USUAL_DROPOUT]
    for seed in range(n_seeds):
        for size in SIZES:
            for jitter, dropout in pairs:
                for method in METHODS:
                    yield method, size, jitter, dropout, seed


def draw(rows, path):
    """F1 against jitter and dropout, one column for each size."""
    from wmdelays.plots.figures import BLUE, VERMILLION, house_style, new_figure

    looks = dict(zip(METHODS, ((VERMILLION, "s"), (GREEN, "^"), (BLUE, "o"))))
    along = (
        ("jitter_ms", "jitter (ms)", "dropout_percent", USUAL_DROPOUT),
        ("dropout_percent", "dropout (%)", "jitter_ms", USUAL_JITTER),
    )
    measures = (("f1_units", "F1 of units"), ("f1_occurrences", "F1 of occurrences"))
    with house_style():
        figure = new_figure(7.4)
        panels = figure.subplots(4, len(SIZES), sharey=True)
        lines = [(x, y) for x in along for y in measures]
        for row_of_panels, ((x, x_label, other, usual), (y, y_label)) in zip(panels, lines):
            for axes, size in zip(row_of_panels, SIZES):
                for k, method in enumerate(METHODS):
                    colour, marker = looks[method]
                    some = [
                        one
                        for one in rows
                        if one["method"] == method and one["units"] == size and one[other] == usual
                    ]
                    at = sorted({one[x] for one in some})
                    each = [[one[y] for one in some if one[x] == value] for value in at]
                    axes.plot(at, [np.mean(values) for values in each], color=colour, label=method)
                    # The draws, side by side where they are alike.
                    width = max(at, default=1) / 60
                    for value, values in zip(at, each):
                        where = np.full(len(values), value + (k - 1) * width)
                        axes.plot(where, values, marker, color=colour, markersize=3.5)
                axes.set_ylim(-0.05, 1.05)
                axes.set_xlabel(x_label)
                axes.set_xticks(sorted({one[x] for one in rows}))
            row_of_panels[0].set_ylabel(y_label)
        for axes, size in zip(panels[0], SIZES):
            axes.set_title(f"{size} units")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(METHODS))
        figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, default=Path("benchmarks/planted_sequences.json"))
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/planted_sequences.png"))
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    rows = json.loads(given.json.read_text()) if given.json.exists() else []
    names = ("method", "units", "jitter_ms", "dropout_percent", "seed")
    done = {tuple(one[name] for name in names) for one in rows}
    points = list(conditions(given.seeds))
    for number, each in enumerate(points):
        if each in done:
            continue
        print(f"{number + 1} of {len(points)}:", *each, file=sys.stderr, flush=True)
        rows.append(point(*each))
        part = given.json.with_suffix(".part")
        part.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
        part.replace(given.json)
    draw([one for one in rows if one["seed"] < given.seeds], given.figure)
    for method in METHODS:
        some = [one for one in rows if one["method"] == method]
        means = [np.mean([one[name] for one in some]) for name in ("f1_units", "f1_occurrences")]
        seconds = np.median([one["wall_s"] for one in some])
        print(
            f"{method}: F1 {means[0]:.2f} of units, {means[1]:.2f} of occurrences, {seconds:.0f} s"
        )


if __name__ == "__main__":
    main()
