"""How often `find` finds something where nothing is, and where a pattern was planted.

    python benchmarks/null_runs.py [--ways stored,warp,spade,cad] [--kinds poisson,…] [--runs 400]
                                   [--seed 0] [--planted all|bout] [--results FILE]

Each run makes a small raster of its own. Without ``--planted`` its units know nothing of one
another but the rates that they share, so whatever is found is false; a way that is honest finds
something in 5 % of the runs at most. With it a pattern is planted that has to be found. A table
goes to the standard output; with ``--results`` each run is a line in a file, and runs that are
there are not made again.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from wmdelays import Raster
from wmdelays.find.templates import Template
from wmdelays.find.unknown.cad_search import cad
from wmdelays.find.unknown.mining import Miner
from wmdelays.find.unknown.spade_search import spade
from wmdelays.validation.find.stored import find_patterns

UNITS = 8
# Length of the rasters for each way.
SECONDS = {"stored": 4.0, "warp": 4.0, "spade": 2.0, "cad": 4.0}
LEVEL = 0.05
# The range of speeds of the way that fits them.
WARP = 0.8, 1.25
# Of the planted pattern: units, and milliseconds from its first spike.
PATTERN = ((0, 2, 3, 5, 6, 7), (0, 4, 9, 13, 16, 18))
# Occurrences of the planted pattern for each way, and in a bout the time of each in seconds.
PLANTED = {"stored": 3, "warp": 3, "spade": 10, "cad": 30}
BOUT = 0.05


def poisson(rng, seconds):
    """Each unit at 15 Hz all along."""
    return _spikes(rng, seconds, lambda times: np.full(len(times), 15.0), 15.0)


def bursts(rng, seconds):
    """Each unit in bursts of two to six spikes 2 to 4 ms apart, four times a second."""
    units, times = [], []
    for unit in range(UNITS):
        for onset in rng.random(rng.poisson(4 * seconds)) * seconds:
            n = rng.integers(2, 7)
            times.append(onset + np.r_[0, np.cumsum(rng.uniform(0.002, 0.004, n - 1))])
            units.append(np.full(n, unit))
    return np.concatenate(units), np.concatenate(times)


def steps(rng, seconds):
    """All units at 5 Hz and at 35 Hz, for 0.3 to 1 s each."""
    edges = np.cumsum(rng.uniform(0.3, 1.0, 40))
    return _spikes(
        rng, seconds, lambda times: np.where(np.searchsorted(edges, times) % 2, 35.0, 5.0), 35.0
    )


def bouts(rng, seconds):
    """All units at 60 Hz for 0.2 s in each second, and silent else."""
    onset = np.arange(seconds) + rng.uniform(0, 0.8, int(seconds))

    def rate(times):
        return 60.0 * (np.abs(times[:, None] - onset - 0.1) < 0.1).any(axis=1)

    return _spikes(rng, seconds, rate, 60.0)


KINDS = {one.__name__: one for one in (poisson, bursts, steps, bouts)}


def _spikes(rng, seconds, rate, most):
    """Spikes of all units at a rate (Hz) that is a function of time, independent of one another."""
    n = rng.poisson(most * seconds * UNITS)
    units, times = rng.integers(0, UNITS, n), rng.random(n) * seconds
    kept = rng.random(n) * most < rate(times)
    return units[kept], times[kept]


def raster_of(kind, rng, seconds, onsets):
    units, times = KINDS[kind](rng, seconds)
    inside = times < seconds
    pattern, lags = PATTERN
    units = np.r_[units[inside], np.tile(pattern, len(onsets)).astype(int)]
    times = np.r_[times[inside], (np.asarray(onsets)[:, None] + np.array(lags) / 1e3).ravel()]
    return Raster(units, times, UNITS, seconds)


def onsets_of(planted, n, rng, seconds):
    """When the planted pattern begins: anywhere, or one after another in a bout."""
    if planted is None:
        return []
    if planted == "all":
        return (np.arange(n) + rng.uniform(0, 0.5, n)) * (seconds - 0.1) / n
    begin = rng.uniform(0.1, seconds - 0.1 - n * BOUT)
    return begin + (np.arange(n) + rng.uniform(0, 0.5, n)) * BOUT


def templates_of(kind, rng, seconds):
    """Three pieces of 40 ms of another raster of this kind."""
    made = []
    while len(made) < 3:
        units, times = KINDS[kind](rng, seconds)
        inside = np.abs(times - rng.uniform(0.1, seconds - 0.1)) < 0.02
        if inside.sum() >= 6:
            made.append(Template(f"piece {len(made)}", units[inside], times[inside]))
    return made


def run(way, kind, planted, seed, miner):
    """Whether something is found; with a planted pattern, whether that is."""
    rng = np.random.default_rng([seed, *map(ord, f"{way} {kind} {planted}")])
    seconds = SECONDS[way]
    onsets = onsets_of(planted, PLANTED[way], rng, seconds)
    raster = raster_of(kind, rng, seconds, onsets)
    if way in ("stored", "warp"):
        templates = templates_of(kind, rng, seconds)
        if planted:
            templates.append(Template("planted", np.array(PATTERN[0]), np.array(PATTERN[1]) / 1e3))
        # Found is what stands out at the level, all templates and times together.
        settings = {"step": 1e-3, "draws": 39, "seed": seed}
        if way == "warp":
            settings["warp"] = WARP
        found = find_patterns(templates, raster, **settings).findings
        sure = [one.template for one in found.occurrences if one.p_value <= LEVEL + 1e-9]
        which = [found.templates[k].name for k in sure]
        return "planted" in which if planted else bool(which)
    settings = {"method": "stretch_shifting", "seed": seed, "alpha": LEVEL, "miner": miner}
    if way == "spade":
        found = spade(
            raster,
            step=0.003,
            window=8,
            dither=0.03,
            draws=19,
            min_occurrences=5,
            **settings,
        )
    else:
        # What CAD finds does not depend on surrogates.
        found = cad(raster, step=0.005, window=5, dither=0.05, draws=1, **settings)
    sets = [set(one.neurons) for one in found.patterns]
    return any(len(one & set(PATTERN[0])) >= 3 for one in sets) if planted else bool(sets)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ways", default="stored,spade,cad")
    options.add_argument("--kinds", default=",".join(KINDS))
    options.add_argument("--runs", type=int, default=400)
    options.add_argument("--seed", type=int, default=0, help="of the first run")
    options.add_argument("--planted", choices=("all", "bout"))
    options.add_argument("--results", type=Path, help="JSON lines; runs that are there stay")
    given = options.parse_args()
    known = {}
    if given.results and given.results.exists():
        for line in given.results.read_text().splitlines():
            *key, found = json.loads(line)
            known[tuple(key)] = found
    print(f"{'way':8}{'kind':10}{'planted':9}{'runs':>6}{'found':>7}{'share':>8}")
    with Miner("take other settings") as miner:
        for way in given.ways.split(","):
            for kind in given.kinds.split(","):
                found = []
                for seed in range(given.seed, given.seed + given.runs):
                    key = way, kind, given.planted, seed
                    if key not in known:
                        known[key] = bool(run(*key, miner))
                        if given.results:
                            with given.results.open("a") as file:
                                file.write(json.dumps([*key, known[key]]) + "\n")
                    found.append(known[key])
                n = sum(found)
                planted = given.planted or "-"
                print(f"{way:8}{kind:10}{planted:9}{len(found):6}{n:7}{n / len(found):8.3f}")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
