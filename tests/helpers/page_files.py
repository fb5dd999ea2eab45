"""Small stand-ins for the files that the pages of the docs speak of."""

from dataclasses import replace

import numpy as np
from small_groups import network

from wmdelays.files.memory_file import write_memory
from wmdelays.files.raster_files import write_raster
from wmdelays.patterns import bernoulli
from wmdelays.polychrony.groups import group_line
from wmdelays.polychrony.network_file import write_run
from wmdelays.polychrony.network_state import extended, new_run
from wmdelays.polychrony.search.search import search
from wmdelays.raster import Raster
from wmdelays.training import store


def make_files(folder):
    """Write into a folder every file that an example on a page reads."""
    small = bernoulli(40, 80, 3, 0.02)
    write_memory(folder / "memory.h5", store(small, n_delays=15))
    write_memory(folder / "m8.h5", store(bernoulli(40, 60, 8, 0.02), n_delays=15))
    write_memory(folder / "m16.h5", store(bernoulli(40, 60, 16, 0.02), n_delays=15))
    song = _recording(n_units=20, seconds=6, rate=2.0)
    write_raster(folder / "songbird_hvc.csv", song)
    write_memory(folder / "song.h5", store([_binned(song)], n_delays=21, step=1 / 30))
    write_raster(folder / "cells.csv", _recording(n_units=31, seconds=1000, rate=0.15))
    _network(folder)


def _recording(n_units, seconds, rate):
    """Units that fire on their own, at times with five decimals, the last spike at the end."""
    rng = np.random.default_rng(1)
    n = rng.poisson(rate * n_units * seconds)
    times = np.sort(rng.uniform(0, seconds, n).round(5))
    return Raster(rng.integers(0, n_units, n), times, n_units, float(seconds))


def _binned(recording):
    steps = np.unique((recording.times * 30).astype(int) * recording.n_neurons + recording.neurons)
    steps, neurons = np.divmod(steps, recording.n_neurons)
    return Raster(neurons, steps / 30, recording.n_neurons, recording.duration)


def _network(folder):
    small = network()
    run, none = new_run(small, 0, 600, {"versions": {}}), np.zeros(0, np.int64)
    for seconds in (600, 601):
        run = extended(run, replace(run.state, seconds=seconds), none, none)
    write_run(folder / "net.h5", run)
    groups = search(small, min_layers=4)
    (folder / "groups.jsonl").write_text("".join(map(group_line, groups)))
