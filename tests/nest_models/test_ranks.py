"""Several ranks of NEST: each reads its part, and together they recall what one does."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from full_disk import no_file_above

from wmdelays import (
    InputError,
    Memory,
    Raster,
    bernoulli,
    quantise,
    read_memory,
    store,
    write_memory,
)
from wmdelays.files import sonata
from wmdelays.files.memory_file import read_memory_onto
from wmdelays.nest_models import rank_recall, recall_in_rank, recalls_of_ranks
from wmdelays.nest_models.rank_recall import file_of_rank, neurons_of_rank, write_spikes
from wmdelays.synapses import COLUMNS
from wmdelays.training.discrete.compiled import recall as recall_compiled


def rows(memory):
    return set(zip(memory.pre, memory.post, memory.delay, memory.weight))


@pytest.mark.parametrize("at_once", [3001, 1_000_000])
def test_each_rank_reads_the_synapses_onto_its_own_neurons(small_memory, monkeypatch, at_once):
    monkeypatch.setattr(sonata, "_AT_ONCE", at_once)
    whole, parts = read_memory(small_memory), []
    for rank in range(3):
        mine = neurons_of_rank(whole.n_neurons, rank, 3)
        part = read_memory_onto(small_memory, lambda n: neurons_of_rank(n, rank, 3))
        assert mine[part.post].all() and 0 < part.n_synapses < whole.n_synapses
        assert part.patterns == whole.patterns and part.beta == whole.beta
        parts.append(rows(part))
    assert set.union(*parts) == rows(whole) and sum(map(len, parts)) == whole.n_synapses


def test_memories_without_synapses_and_of_few_bits_are_read_by_parts_too(tmp_path):
    patterns = bernoulli(12, 40, 1, 0.05, seed=1)
    none = Memory.unlearned(patterns, n_delays=10, step=1e-3, beta=0.8, theta=1.0)
    few = quantise(store(patterns, n_delays=10), 4)
    for memory in (none, few):
        write_memory(tmp_path / "memory.h5", memory)
        part = read_memory_onto(tmp_path / "memory.h5", lambda n: neurons_of_rank(n, 1, 2))
        wanted = {row for row in rows(memory) if row[1] % 2 == 0}
        assert rows(part) == wanted


def run_ranks(memory, folder, *options, before=(), **settings):
    words = [*before, sys.executable, "-m", "wmdelays.nest_models.ranks", memory, folder, *options]
    return subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=200, **settings
    )


def assert_whole(memory_file, folder):
    memory = read_memory(memory_file)
    for one, other in zip(recalls_of_ranks(memory, folder), recall_compiled(memory, memory.cues())):
        assert (one.own, one.emitted) == (other.own, other.emitted)


def assert_one_line(done, *words, status=2):
    assert done.returncode == status and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("wmdelays: ") and all(word in line for word in words), line


def write_ranks(memory, folder, n_ranks):
    """What so many ranks write, each with its part of the memory."""
    recalled = recall_compiled(memory, memory.cues())
    for rank in range(n_ranks):
        mine = neurons_of_rank(memory.n_neurons, rank, n_ranks)
        onto = mine[memory.post]
        part = replace(memory, **{name: getattr(memory, name)[onto] for name in COLUMNS})
        played = [[of_neurons(one, mine) for one in (r.own, r.emitted)] for r in recalled]
        write_spikes(file_of_rank(folder, rank, n_ranks), part, rank, n_ranks, played)


def of_neurons(raster, mine):
    some = mine[raster.neurons]
    return Raster(raster.neurons[some], raster.times[some], raster.n_neurons, raster.duration)


@pytest.fixture
def two_ranks(small_memory, tmp_path):
    """The folder in which two ranks have written."""
    write_ranks(read_memory(small_memory), tmp_path, 2)
    return tmp_path


@pytest.fixture
def one_of_three(monkeypatch):
    """This process is a rank of three, in which NEST simulates nothing."""
    nest = SimpleNamespace(Rank=lambda: 1, NumProcesses=lambda: 3)
    monkeypatch.setattr(rank_recall, "check_installed", lambda: None)
    monkeypatch.setattr(rank_recall, "imported_nest", lambda: nest)


def test_one_rank_recalls_what_the_compiled_loop_does(small_memory, tmp_path):
    pytest.importorskip("nest")
    for _ in range(2):
        # The second run writes in place of the first.
        done = run_ranks(small_memory, tmp_path / "recalled")
        assert done.returncode == 0 and done.stdout == ""
        assert done.stderr == f"{tmp_path}/recalled/rank_00000_of_00001.h5\n"
        assert_whole(small_memory, tmp_path / "recalled")
    (tmp_path / "none.h5").write_text("no memory")
    assert_one_line(run_ranks(tmp_path / "none.h5", tmp_path / "more"), "is not a memory file")
    assert not (tmp_path / "more").exists()


def test_two_ranks_recall_what_one_does(small_memory, tmp_path):
    pytest.importorskip("nest")
    if shutil.which("mpirun") is None:
        pytest.skip("needs mpirun")
    code = "import nest; print(nest.build_info['have_mpi'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if not done.stdout.rstrip().endswith("True"):
        pytest.skip("needs a NEST with MPI")
    done = run_ranks(small_memory, tmp_path, before=("mpirun", "-n", 2))
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.iterdir())) == 2
    assert_whole(small_memory, tmp_path)


@pytest.mark.parametrize("n_ranks", [1, 2, 5])
def test_what_ranks_write_is_put_together(small_memory, tmp_path, n_ranks):
    write_ranks(read_memory(small_memory), tmp_path, n_ranks)
    assert_whole(small_memory, tmp_path)


def test_spikes_of_all_ranks_are_asked_for(small_memory, two_ranks):
    memory = read_memory(small_memory)
    with pytest.raises(InputError, match="there are no spikes of ranks"):
        recalls_of_ranks(memory, two_ranks / "none")
    file_of_rank(two_ranks, 0, 2).unlink()
    with pytest.raises(InputError, match="spikes of 1 of 2 ranks; let all of them run"):
        recalls_of_ranks(memory, two_ranks)
    write_ranks(memory, two_ranks, 1)
    with pytest.raises(InputError, match="runs with different numbers of ranks; keep"):
        recalls_of_ranks(memory, two_ranks)


def moved(memory, name, by, k=-1):
    """A memory one synapse of which is another."""
    values = getattr(memory, name).copy()
    values[k] += by
    return replace(memory, **{name: values})


OTHERS = {
    "larger": lambda m: store(bernoulli(90, 200, 4, 0.01, seed=1), n_delays=20),
    "other patterns": lambda m: store(bernoulli(60, 150, 3, 0.01, seed=2), n_delays=20),
    "threshold": lambda m: replace(m, theta=m.theta * 1.01),
    "step": lambda m: store(bernoulli(60, 150, 3, 0.01, seed=1, step=2e-3), n_delays=20, step=2e-3),
    "few bits": lambda m: quantise(m, 6),
    "a weight": lambda m: moved(m, "weight", 1e-12),
    "a first weight": lambda m: moved(m, "weight", 1e-12, 0),
    "a delay": lambda m: moved(m, "delay", -1),
    "a sender": lambda m: moved(m, "pre", -1),
    "one synapse less": lambda m: replace(m, **{c: getattr(m, c)[:-1] for c in COLUMNS}),
    "two weights exchanged": lambda m: replace(
        m, weight=np.concatenate([m.weight[:-2], m.weight[:-3:-1]])
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_spikes_of_another_memory_are_refused(small_memory, tmp_path, other):
    whole = read_memory(small_memory)
    # With room between the synapses to move one.
    memory = replace(whole, **{name: getattr(whole, name)[::7] for name in COLUMNS})
    write_ranks(memory, tmp_path, 2)
    assert len(recalls_of_ranks(memory, tmp_path)) == 3
    with pytest.raises(
        InputError, match=r"rank_0000\d_of_00002.h5: holds spikes of another memory;"
    ):
        recalls_of_ranks(OTHERS[other](memory), tmp_path)


@pytest.mark.parametrize("size", [0, 100, 600, -1])
def test_a_file_that_was_cut_is_refused(small_memory, two_ranks, size):
    path = file_of_rank(two_ranks, 1, 2)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="rank_00001_of_00002.h5: is (damaged|not a rank file)"):
        recalls_of_ranks(read_memory(small_memory), two_ranks)


def test_something_else_under_the_name_of_a_rank_is_refused(small_memory, two_ranks):
    shutil.copy(small_memory, file_of_rank(two_ranks, 1, 2))
    with pytest.raises(InputError, match="rank_00001_of_00002.h5: is not a rank file"):
        recalls_of_ranks(read_memory(small_memory), two_ranks)


def test_what_a_full_disk_cuts_is_not_there(small_memory, two_ranks):
    memory, path = read_memory(small_memory), file_of_rank(two_ranks, 0, 2)
    before = path.read_bytes()
    raster = Raster(*np.empty((2, 0)), memory.n_neurons, 1.0)
    with no_file_above(1000), pytest.raises(InputError, match="cannot be written: File too large"):
        write_spikes(path, memory, 0, 2, [(raster, raster)])
    assert path.read_bytes() == before and len(list(two_ranks.iterdir())) == 2


def test_a_run_leaves_spikes_of_another_number_of_ranks(small_memory, two_ranks, one_of_three):
    with pytest.raises(InputError, match="holds spikes of 2 ranks .* this run has 3; name another"):
        recall_in_rank(small_memory, two_ranks)
    assert_whole(small_memory, two_ranks)


def test_a_memory_that_cannot_be_recalled_is_told(small_memory, tmp_path, one_of_three):
    (tmp_path / "cut.h5").write_bytes(small_memory.read_bytes()[:3000])
    adex = store(bernoulli(12, 40, 1, 0.05, seed=1), n_delays=10, neurons="adex")
    write_memory(tmp_path / "adex.h5", adex)
    small = read_memory(small_memory)
    write_memory(tmp_path / "subtract.h5", replace(small, reset="subtract"))
    for name, words in (
        ("none", "there is no such file"),
        ("cut", "is damaged"),
        ("adex", "is for adex neurons, and ranks recall memories in discrete time alone; take"),
        ("subtract", "NEST knows"),
    ):
        with pytest.raises(InputError, match=words):
            recall_in_rank(tmp_path / f"{name}.h5", tmp_path / "recalled")
    assert not (tmp_path / "recalled").exists()


def test_the_folder_is_looked_at_before_anything_else(small_memory, tmp_path, monkeypatch):
    # So there need be no NEST.
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        assert_one_line(
            run_ranks(small_memory, tmp_path / folder), "/file: is a file; name a folder"
        )
    assert (tmp_path / "file").read_bytes() == b""

    def refused(folder):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(rank_recall, "unfinished_file", refused)
    line = "nothing can be written there .Read-only file system.; name another folder"
    with pytest.raises(InputError, match=line):
        recall_in_rank(small_memory, tmp_path / "a/b")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("threads", [0, -1, 10_000])
def test_threads_are_no_more_than_processors(small_memory, tmp_path, threads):
    done = run_ranks(small_memory, tmp_path / "recalled", "--threads", threads)
    assert_one_line(done, f"NEST cannot run in {threads} threads; take 1 to ", "(--threads)")
    assert not (tmp_path / "recalled").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_rank_in_the_middle_with_one_line(tmp_path, number):
    pytest.importorskip("nest")
    long = Raster([0], [0.0], n_neurons=50, duration=1e5)
    memory = Memory.unlearned([long], n_delays=2, step=1e-3, beta=0.9, theta=1.0)
    write_memory(tmp_path / "long.h5", memory)
    words = [sys.executable, "-m", "wmdelays.nest_models.ranks", "long.h5", "recalled"]
    rank = subprocess.Popen(
        words,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    with rank:
        # The folder is made right before the network.
        while rank.poll() is None and not (tmp_path / "recalled").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        rank.send_signal(number)
        said = rank.communicate(timeout=60)[1]
    assert (rank.returncode, said) == (128 + number, "wmdelays: interrupted\n")
    assert not list((tmp_path / "recalled").iterdir())
