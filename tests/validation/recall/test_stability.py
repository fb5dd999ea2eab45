"""Whether recalls are stable: theory beside recalls, and what the command says of it."""

from dataclasses import replace

import numpy as np
import pytest
from chains import chain_memory
from layers import layered_memory

from wmdelays import Raster, stability, write_memory
from wmdelays.errors import InputError
from wmdelays.timing import score_times
from wmdelays.training.continuous.jitter import jitter_matrix
from wmdelays.training.continuous.recall import recall


@pytest.fixture(scope="module")
def memory():
    return layered_memory()


@pytest.fixture(scope="module")
def found(memory):
    return stability(memory, levels={"release-failures": 0.005, "membrane-noise": 0.2}, draws=12)


def test_each_spike_is_carried_by_what_arrived_and_by_nothing_later(memory):
    (recalled,) = recall(memory, memory.cues())
    matrix = jitter_matrix(memory, recalled)
    own = np.flatnonzero(matrix.own)
    assert matrix.given.sum() == 8 and len(own) == len(recalled.own) == 184
    assert np.abs(matrix.row_sums - 1).max() < 1e-9
    rows, columns = matrix.matrix.nonzero()
    assert np.all(matrix.times[columns] < matrix.times[rows])
    linked = set(zip(memory.pre.tolist(), memory.post.tolist()))
    pairs = zip(matrix.neurons[columns].tolist(), matrix.neurons[rows].tolist())
    assert set(pairs) <= linked


def test_a_shift_of_one_spike_of_the_cue_runs_through_the_network_as_the_matrix_has_it(memory):
    (cue,), dt = memory.cues(), 1.25e-5
    plain = recall(memory, cue, dt)
    carried = jitter_matrix(memory, plain, dt).cue_jitter()
    order = np.lexsort((plain.own.times, plain.own.neurons))
    spikes = cue.spikes
    for k in range(3):
        late = spikes.times + 1e-4 * (np.arange(len(spikes)) == k)
        moved = Raster(spikes.neurons, late, spikes.n_neurons, spikes.duration)
        shifted = recall(memory, replace(cue, spikes=moved), dt).own
        again = np.lexsort((shifted.times, shifted.neurons))
        seen = 1e3 * (shifted.times[again] - plain.own.times[order])
        assert np.array_equal(shifted.neurons[again], plain.own.neurons[order])
        # A tick of 0.0125 ms to which both are rounded, and slopes that differ a little.
        assert np.abs(seen - 0.1 * carried[order, k]).max() < 0.025
        assert np.ptp(seen[np.argsort(plain.own.times[order])[:8]]) > 0.03


def test_the_tempo_of_failures_is_that_of_weaker_synapses(memory, found):
    failures, _ = found.levels
    weaker = replace(memory, weight=memory.weight * (1 - failures.value))
    times = score_times(recall(weaker, weaker.cues(), 2.5e-5), memory.patterns)
    finer = score_times(recall(memory, memory.cues(), 2.5e-5), memory.patterns)
    slower = times.tempo_percent - finer.tempo_percent
    assert slower == pytest.approx(failures.theory["tempo_percent"], rel=0.1)


def test_what_theory_expects_is_what_recalls_with_a_little_noise_do(found):
    _, noise = found.levels
    assert found.exact and found.is_stable and 5 < found.decay_ms < 30
    assert noise.theory["tempo_percent"] == 0 and abs(noise.measured["tempo_percent"]) < 0.1
    # (Not the wander: without learning there are near misses, which noise makes spikes of.)
    assert noise.measured["wobble_ms"] == pytest.approx(noise.theory["wobble_ms"], rel=0.3)


def test_chains_that_do_not_know_of_each_other_keep_their_jitter():
    result = stability(chain_memory(), draws=0)
    assert not result.is_stable and "not stable" in repr(result)
    # What stays is the mean of eight; each chain keeps what it has.
    assert all(one.stays == pytest.approx(8**-0.5, rel=0.05) for one in result.fadings)
    assert all(one.left == pytest.approx((7 / 8) ** 0.5, rel=0.05) for one in result.fadings)
    assert result.as_dict()["levels"][0]["measured"]["tempo_percent"] is None


def test_the_command_answers_first_and_puts_theory_beside_measurement(memory, wmdelays, load_json):
    write_memory("layers.h5", memory)
    write_memory("chains.h5", chain_memory())
    arguments = (
        "layers.h5",
        "--levels",
        "membrane-noise=0.2",
        "--draws",
        "3",
        "--json",
        "out.json",
    )
    done = wmdelays("stability", *arguments)
    values, lines = load_json("out.json"), done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith("stable: jitter of single spikes falls to 1/e within ")
    assert lines[0].endswith(" ms; a shift of all spikes stays (no network can pin it)")
    assert values["stable"] and values["exact"] and values["multipliers"] == []
    assert values["row_sums"]["least"] == pytest.approx(1, abs=1e-9)
    (level,) = values["levels"]
    assert level["kind"] == "membrane-noise" and set(level["theory"]) == set(level["measured"])
    both = wmdelays("stability", "layers.h5", "chains.h5", "--draws", "0", "--report", "page")
    assert [line.split()[:2] for line in both.stdout.splitlines()[:2]] == [
        ["layers:", "stable:"],
        ["chains:", "not"],
    ]
    page = (wmdelays.folder / "page" / "report.html").read_text()
    assert "What becomes of jitter" in page and "layers: stable" in page
    assert (wmdelays.folder / "page" / "figures" / "stability.png").stat().st_size > 5_000


def test_what_has_no_answer_is_refused_in_a_line(memory, small_memory, refused):
    assert "the network in discrete time" in refused("stability", small_memory)
    write_memory("layers.h5", memory)
    line = refused("stability", "layers.h5", "--levels", "dead=0.1")
    assert line.startswith("wmdelays: layers.h5: there is no theory of 'dead'")
    assert "--levels is such as" in refused("stability", "layers.h5", "--levels", "background")
    with pytest.raises(InputError, match="draws"):
        stability(memory, draws=-1)
