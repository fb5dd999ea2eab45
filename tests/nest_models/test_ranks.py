"""Several ranks of NEST: each reads its part, and together they recall what one does."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from wmdelays import InputError, Memory, bernoulli, quantise, read_memory, store, write_memory
from wmdelays.files import sonata
from wmdelays.files.memory_file import read_memory_onto
from wmdelays.nest_models import recalls_of_ranks
from wmdelays.nest_models.ranks import neurons_of_rank
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


def run_ranks(memory, folder, *before):
    words = [*before, sys.executable, "-m", "wmdelays.nest_models.ranks", memory, folder]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=200)


def assert_whole(memory_file, folder):
    memory = read_memory(memory_file)
    for one, other in zip(recalls_of_ranks(memory, folder), recall_compiled(memory, memory.cues())):
        assert (one.own, one.emitted) == (other.own, other.emitted)


def test_one_rank_recalls_what_the_compiled_loop_does(small_memory, tmp_path):
    pytest.importorskip("nest")
    done = run_ranks(small_memory, tmp_path / "recalled")
    assert done.returncode == 0, done.stderr
    assert_whole(small_memory, tmp_path / "recalled")
    (tmp_path / "none.h5").write_text("no memory")
    done = run_ranks(tmp_path / "none.h5", tmp_path / "more")
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("wmdelays: ")
    assert not (tmp_path / "more").exists()


def test_two_ranks_recall_what_one_does(small_memory, tmp_path):
    pytest.importorskip("nest")
    if shutil.which("mpirun") is None:
        pytest.skip("needs mpirun")
    code = "import nest; print(nest.build_info['have_mpi'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if not done.stdout.rstrip().endswith("True"):
        pytest.skip("needs a NEST with MPI")
    done = run_ranks(small_memory, tmp_path, "mpirun", "-n", 2)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.iterdir())) == 2
    assert_whole(small_memory, tmp_path)


def test_spikes_of_all_ranks_are_asked_for(small_memory, tmp_path):
    memory, cells = read_memory(small_memory), [(name, np.int64) for name in "abcd"]
    with pytest.raises(InputError, match="spikes of 0 of 0 ranks"):
        recalls_of_ranks(memory, tmp_path)
    np.save(tmp_path / "rank_00001_of_00002.npy", np.empty(0, cells))
    with pytest.raises(InputError, match="spikes of 1 of 2 ranks"):
        recalls_of_ranks(memory, tmp_path)
    np.save(tmp_path / "rank_00000_of_00002.npy", np.empty(0, cells))
    with pytest.raises(InputError, match="not spikes of this memory"):
        recalls_of_ranks(memory, tmp_path)
