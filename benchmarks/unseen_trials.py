"""Trials of recordings that come without any, for `wmdelays generalise`; and a recording with known ones.

python benchmarks/unseen_trials.py alike songbird_hvc.csv --from 10.5 --to 11.1 --length 1.4 -o songs.csv
    Each moment of a recording at which a stretch of it comes again, and what follows it.
python benchmarks/unseen_trials.py bursts hippocampus_linear_track.csv --unit 18 --length 4 --to 984 -o laps.csv
    What follows each time that a unit begins to burst after a silence.
python benchmarks/unseen_trials.py planted --seed 1 -o planted.csv
    A recording that repeats a sequence among spikes of its own, planted.npz, and where it does so.
python benchmarks/unseen_trials.py chance --runs 100
    How often `generalise` says that it recalls unseen trials of units that know nothing of one another.
"""

import argparse
from pathlib import Path

import numpy as np

from wmdelays import Raster, Trials, find_patterns, generalise, read_raster, write_raster
from wmdelays.files import write_trials
from wmdelays.find import Template


def alike(recording, first, last, step, jitter, completeness):
    """When the stretch from `first` to `last` comes again, in seconds; itself is among them.

    Looked for is the beginning of trials alone, so that what follows it is chosen by nothing.
    """
    piece = recording.slice(first, last, step)
    found = find_patterns(
        [Template("beginning", piece.neurons, piece.times)],
        recording,
        step=step,
        jitter=jitter,
        min_completeness=completeness,
        draws=10,
    )
    return np.array([one.onset * step for one in found.findings.occurrences])


def bursts(recording, unit, n_spikes, within, silence):
    """When a unit begins to fire `n_spikes` within `within` seconds, after `silence` seconds without."""
    times = recording.times[recording.neurons == unit]
    begins = times[: len(times) - n_spikes + 1]
    quiet = np.diff(begins, prepend=-np.inf) > silence
    return begins[quiet & (times[n_spikes - 1 :] - begins <= within)]


def planted(seed, jitter, lost, noise, n_units=40, n_trials=12, n_spikes=120, length=1.0):
    """A recording that repeats a sequence every two seconds, and the trials.

    Each time a part `lost` of its spikes is missing and the others are moved by a normal `jitter` (in
    seconds); units fire by themselves at the rate `noise` (in Hz) all along.
    """
    rng = np.random.default_rng(seed)
    unit, when = rng.integers(0, n_units, n_spikes), rng.uniform(0, length, n_spikes)
    starts, neurons, times = 0.5 + 2.0 * np.arange(n_trials), [], []
    for start in starts:
        kept = rng.random(n_spikes) >= lost
        moved = when[kept] + rng.normal(0, jitter, kept.sum())
        neurons.append(unit[kept])
        times.append(start + np.clip(moved, 0, length * (1 - 1e-9)))
    duration = 2.0 * n_trials + 1
    n_alone = rng.poisson(noise * n_units * duration)
    neurons.append(rng.integers(0, n_units, n_alone))
    times.append(rng.uniform(0, duration, n_alone))
    recording = Raster(np.concatenate(neurons), np.concatenate(times), n_units, duration)
    return recording, Trials(starts, starts + length)


def chance(runs, first):
    """Recordings of Poisson units that share nothing; gives the seeds where they seem to generalise."""
    found = []
    for seed in range(first, first + runs):
        rng = np.random.default_rng(seed)
        n = rng.poisson(20 * 4 * 10)
        raster = Raster(rng.integers(0, 20, n), np.sort(rng.uniform(0, 10, n)), 20, 10.0)
        trials = Trials(np.arange(10.0), np.arange(1.0, 11.0))
        settings = {"step": 0.01, "n_delays": 20, "merge_spikes": True, "damaged_epochs": 3}
        one = generalise(raster, trials, folds=2, draws=1, seed=seed, **settings)
        if one.better:
            found.append(seed)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name in ("alike", "bursts", "planted"):
        one = kinds.add_parser(name)
        one.add_argument("-o", "--output", type=Path, required=True)
        if name != "planted":
            one.add_argument("recording", type=Path)
            one.add_argument("--from", dest="first", type=float, default=0.0)
            one.add_argument("--to", dest="last", type=float, default=np.inf)
            one.add_argument("--length", type=float, required=True, help="of a trial, in seconds")
    kinds.choices["alike"].add_argument("--step", type=float, default=1 / 30)
    kinds.choices["alike"].add_argument("--jitter", type=float, default=2 / 30)
    kinds.choices["alike"].add_argument("--completeness", type=float, default=0.5)
    kinds.choices["bursts"].add_argument("--unit", type=int, required=True)
    kinds.choices["bursts"].add_argument("--spikes", type=int, default=4)
    kinds.choices["bursts"].add_argument("--within", type=float, default=1.0)
    kinds.choices["bursts"].add_argument("--silence", type=float, default=4.0)
    kinds.choices["planted"].add_argument("--seed", type=int, default=0)
    kinds.choices["planted"].add_argument("--jitter", type=float, default=0.002)
    kinds.choices["planted"].add_argument("--lost", type=float, default=0.1)
    kinds.choices["planted"].add_argument("--noise", type=float, default=0.1)
    nulls = kinds.add_parser("chance")
    nulls.add_argument("--runs", type=int, default=100)
    nulls.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.kind == "chance":
        found = chance(given.runs, given.seed)
        print(f"{len(found)} of {given.runs} recordings seem to generalise: seeds {found}")
        return
    if given.kind == "planted":
        recording, trials = planted(given.seed, given.jitter, given.lost, given.noise)
        write_raster(given.output.with_suffix(".npz"), recording)
    else:
        recording = read_raster(given.recording)
        if given.kind == "alike":
            how = given.step, given.jitter, given.completeness
            starts = alike(recording, given.first, given.last, *how)
        else:
            starts = bursts(recording, given.unit, given.spikes, given.within, given.silence)
            starts = starts[(starts >= given.first) & (starts < given.last)]
        # No trial reaches into the next one, or beyond the end.
        ends = np.append(starts[1:], recording.duration)
        starts = starts[starts + given.length <= ends]
        trials = Trials(starts, starts + given.length)
    write_trials(given.output, trials)
    print(f"{given.output}: {trials}")


if __name__ == "__main__":
    main()
