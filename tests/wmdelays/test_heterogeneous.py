"""Neurons in discrete time of which each has its own leak and threshold."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import Cue, InputError, Memory, Raster, read_memory, write_memory
from wmdelays.brian_models.memories.recall import recall as brian2_recall
from wmdelays.files import seal
from wmdelays.motifs import find_motifs
from wmdelays.neurons import Variability
from wmdelays.patterns import bernoulli
from wmdelays.rounding import rounding_bound
from wmdelays.training.continuous.recall import recall as untidy_recall
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.discrete.torch_recall import recall as torch_recall
from wmdelays.validation.recall.comparison.comparing import compare

N, D, STEP = 12, 6, 1e-3


def memory_of(seed, same=()):
    """A network whose recalls go on; what is in `same` is one for all neurons."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(N * N * D, 200, replace=False)
    pre, post, delay = np.unravel_index(chosen, (N, N, D))
    weight = rng.normal(0.15, 0.4, 200)
    own = {"beta": rng.uniform(0.05, 0.95, N), "theta": rng.uniform(0.5, 1.5, N)}
    own |= {name: own[name][0] for name in same}
    patterns = bernoulli(N, 30, 2, 0.2, seed=seed)
    columns = dict(pre=pre, post=post, delay=delay + 1, weight=weight)
    return Memory(n_neurons=N, n_delays=D, step=STEP, **own, **columns, patterns=patterns)


def plain(memory, cue):
    """Eq. 1 neuron by neuron; the emitted spikes and the closest call."""
    forced, u, call = cue.spikes.dense(STEP), np.zeros(N), np.inf
    e = np.zeros_like(forced)
    for t in range(len(forced)):
        for j in range(N):
            u[j] = memory.beta[j] * u[j] * (1 - e[t - 1, j]) if t else 0.0
        for i, j, d, w in zip(memory.pre, memory.post, memory.delay, memory.weight):
            u[j] += w * (t >= d and e[t - d, i])
        e[t] = forced[t]
        if t >= cue.clamp:
            e[t] |= u >= memory.theta
            call = min(call, np.abs(u - memory.theta).min())
    return e, call


@given(seed=st.integers(0, 2**20), clamp=st.integers(0, 6))
@settings(max_examples=5, deadline=None, database=None, derandomize=True)
def test_all_simulators_emit_the_same_spikes(seed, clamp):
    memory = memory_of(seed)
    cue = Cue(bernoulli(N, 50, 1, 0.15, seed=seed + 1)[0], STEP, clamp)
    expected, call = plain(memory, cue)
    ours = recall(memory, cue)
    assert np.array_equal(ours.emitted.dense(STEP), expected)
    bound = rounding_bound(memory, [ours])
    assert 0 < bound < 1e-9 and abs(ours.closest_call - call) < bound
    theirs = torch_recall(memory, cue)
    assert np.array_equal(theirs.emitted.dense(STEP), expected)
    assert theirs.closest_call == ours.closest_call
    (one,) = brian2_recall(memory, [cue], device="numpy", dt=5e-4)
    assert np.array_equal(one.emitted.dense(STEP), expected)


def test_the_bound_on_rounding_is_that_of_the_neuron_that_forgets_the_slowest():
    memory = memory_of(4)
    made = recall(memory, memory.cues())
    slowest = replace(memory, beta=float(memory.beta.max()), theta=1.0)
    assert rounding_bound(memory, made) == rounding_bound(slowest, made)


def test_libsonata_finds_the_value_of_each_node(tmp_path):
    libsonata = pytest.importorskip("libsonata")
    memory = memory_of(1)
    write_memory(tmp_path / "m.h5", memory)
    nodes = libsonata.NodeStorage(str(tmp_path / "m.h5")).open_population("neurons")
    for name in ("beta", "theta"):
        found = nodes.get_attribute(name, nodes.select_all())
        assert np.array_equal(found, getattr(memory, name))


def test_the_compiled_program_of_brian2_emits_them_too():
    result = compare(memory_of(3), device="cpp_standalone", dt=STEP)
    assert result.exact and result.agreement().matched > 100
    assert len(result.as_dict()["memory"]["beta"]) == N


@pytest.mark.parametrize("same", [(), ("beta",), ("theta",)])
def test_a_file_keeps_them(same, tmp_path):
    memory = memory_of(1, same)
    write_memory(tmp_path / "m.h5", memory)
    again = read_memory(tmp_path / "m.h5")
    assert again.fingerprint() == memory.fingerprint() and again.is_heterogeneous
    assert np.array_equal(again.beta, memory.beta) and np.array_equal(again.theta, memory.theta)


def test_a_file_with_too_few_values_or_bad_ones_is_refused(tmp_path):
    file = tmp_path / "m.h5"
    for values, complaint in (
        (np.full(N - 1, 0.5), "11 values of beta for 12 neurons"),
        (np.full(N, 1.5), "beta is 1.5"),
        (np.full(N, np.nan), "beta is nan"),
    ):
        write_memory(file, memory_of(1))
        with h5py.File(file, "r+") as opened:
            del opened["nodes/neurons/0/beta"]
            opened["nodes/neurons/0/beta"] = values
        seal(file)
        with pytest.raises(InputError, match=complaint):
            read_memory(file)


def test_equal_values_are_one_and_make_the_file_that_they_made_before(tmp_path):
    memory = memory_of(1, ("beta", "theta"))
    columns = dict(pre=memory.pre, post=memory.post, delay=memory.delay, weight=memory.weight)
    own = dict(beta=np.full(N, memory.beta), theta=np.full(N, memory.theta))
    sizes = dict(n_neurons=N, n_delays=D, step=STEP)
    other = Memory(**sizes, **own, **columns, patterns=memory.patterns)
    assert not other.is_heterogeneous and isinstance(other.beta, float)
    write_memory(tmp_path / "a.h5", memory)
    write_memory(tmp_path / "b.h5", other)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with h5py.File(tmp_path / "a.h5") as opened:
        assert opened["wmdelays"].attrs["format_version"] == 1


def test_values_that_differ_have_another_fingerprint():
    assert memory_of(1).fingerprint() != memory_of(1, ("beta",)).fingerprint()


@pytest.mark.parametrize(
    "own, complaint",
    [
        (dict(beta=[0.5, 0.5]), r"beta has the shape \(2,\)"),
        (dict(theta=np.r_[np.ones(N - 1), 0]), "theta is 0"),
    ],
)
def test_values_that_make_no_sense_are_refused(own, complaint):
    given = dict(beta=0.7, theta=1.0) | own
    with pytest.raises(InputError, match=complaint):
        Memory.from_dense(np.ones((N, N, D)), step=STEP, **given)


def test_a_motif_counts_with_the_leak_and_threshold_of_its_neuron():
    """Neuron 2 forgets slowly: what came 4 steps before counts as much as what comes now."""
    weights = np.zeros((3, 3, 5))
    weights[2, 0, 4 - 1] = weights[2, 1, 1 - 1] = 0.5
    weights[0, 0, 0] = 0.1
    pattern = Raster.from_steps([0, 1, 2], [0, 8, 9], 3, 20, STEP)
    for beta, held in (([0.1, 0.1, 0.95], True), ([0.95, 0.95, 0.1], False)):
        own = dict(beta=beta, theta=[2.0, 2.0, 0.8], patterns=[pattern])
        memory = Memory.from_dense(weights, step=STEP, **own)
        (found,) = find_motifs(memory)
        mine = found.neuron == 2
        assert found.held[mine].tolist() == [held]
        if held:
            assert found.membrane[mine] == pytest.approx(0.5 + 0.5 * 0.95**5)


def test_neurons_that_differ_can_be_untidy_too():
    """Where nothing is untidy in effect, the recall is that of eq. 1."""
    memory = memory_of(2)
    cue = memory.cues()[0]
    expected = recall(memory, cue).emitted.dense(STEP)
    tiny = Variability(thresholds=1e-9, time_constants=1e-9)
    (one,) = untidy_recall(memory, [cue], dt=STEP, variability=tiny)
    assert np.array_equal(one.emitted.dense(STEP), expected)
