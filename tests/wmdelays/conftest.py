"""What the tests of this room share."""

import time

import h5py
import numpy as np
import pytest

from wmdelays import Cue, InputError, Memory, Raster, Recall
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.files.sealed_file import seal
from wmdelays.patterns import bernoulli


@pytest.fixture
def make_memory():
    """A function that makes a small memory from a seed."""

    def make(seed=0, n_neurons=5, n_delays=4, n_patterns=2, n_steps=20, step=1e-3, **others):
        rng = np.random.default_rng(seed)
        weights = rng.normal(size=(n_neurons, n_neurons, n_delays))
        weights *= rng.random(weights.shape) < 0.3
        given = dict(step=step, beta=0.7, theta=1.0, made={"rule": "none", "seed": seed})
        given["patterns"] = (
            bernoulli(n_neurons, n_steps, n_patterns, 0.2, step=step, seed=seed)
            if n_patterns
            else ()
        )
        return Memory.from_dense(weights, **(given | others))

    return make


@pytest.fixture
def same_memory():
    """A function that says whether two memories are equal in everything."""

    def same(one, other):
        names = ("n_neurons", "n_delays", "step", "beta", "theta", "periodic", "made", "patterns")
        arrays = ("pre", "post", "delay", "weight")
        return all(getattr(one, n) == getattr(other, n) for n in names) and all(
            np.array_equal(getattr(one, n), getattr(other, n)) for n in arrays
        )

    return same


@pytest.fixture
def make_recall():
    """A function that makes a recall from the dense view of the network's own spikes."""

    def make(own, clamp=0, onset=0, scored_from=0, step=1e-3):
        own = Raster.from_dense(own, step)
        silence = Raster([], [], own.n_neurons, own.duration)
        cue = Cue(silence, step, clamp=clamp, onset=onset, scored_from=scored_from)
        return Recall(cue, emitted=own, own=own)

    return make


@pytest.fixture
def refusal():
    """A function that gives the line with which a memory file is refused; it names the file."""

    def line(path):
        begin = time.perf_counter()
        with pytest.raises(InputError) as refused:
            read_memory(path)
        message = str(refused.value)
        assert message.startswith(f"{path}: ") and "\n" not in message
        assert time.perf_counter() - begin < 5
        return message

    return line


@pytest.fixture
def changed(tmp_path, make_memory):
    """A function that changes a memory file with h5py, seals it and gives its path."""

    def change(work, **others):
        path = tmp_path / "m.h5"
        write_memory(path, make_memory(**others))
        with h5py.File(path, "r+") as file:
            work(file)
        seal(path)
        return path

    return change
