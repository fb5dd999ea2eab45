"""What a recall takes: counted from its spikes, beside a count of every term of eq. 1."""

import json

import numpy as np
import pytest

from wmdelays import InputError, Memory, Raster, energy, write_memory
from wmdelays.hardware import Prices, dense, event_driven, synaptic_events
from wmdelays.training import recall

STEP = 1e-3


def network(seed, n_neurons=9, n_delays=5, n_steps=30):
    """A random network that fires on its own, and random patterns that it was never taught."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.4, 1, (n_neurons, n_neurons, n_delays))
    weights[rng.random(weights.shape) < 0.7] = 0
    patterns = [Raster.from_dense(rng.random((n_steps, n_neurons)) < 0.1, STEP) for _ in range(3)]
    return Memory.from_dense(weights, step=STEP, beta=0.7, theta=1.0, patterns=patterns)


def terms(memory, emitted):
    """How many terms of the sums of eq. 1 there are, and how many of them are not zero."""
    weights, spikes = memory.dense(), emitted.dense(STEP)
    every = events = 0
    for t in range(len(spikes)):
        for j, i, d in np.ndindex(*weights.shape):
            every += 1
            events += bool(t > d and spikes[t - d - 1, i] and weights[j, i, d])
    return every, events


@pytest.mark.parametrize("seed", range(3))
def test_synaptic_events_are_the_terms_of_eq_1_that_are_not_zero(seed):
    memory = network(seed)
    recalls = recall(memory, memory.cues())
    assert sum(len(one.own) for one in recalls) > 50
    every, events = zip(*(terms(memory, one.emitted) for one in recalls))
    assert [synaptic_events(memory, one) for one in recalls] == list(events)

    n_updates, n_spikes = 9 * 30, np.mean([len(one.emitted) for one in recalls])
    found, matrix = event_driven(memory, recalls), dense(memory, 30)
    assert found.weights.n_accesses == pytest.approx(np.mean(events))
    assert found.state.n_accesses == pytest.approx(2 * np.mean(events) + 4 * n_updates)
    assert found.n_adds == pytest.approx(2 * np.mean(events) + 2 * n_updates + n_spikes)
    assert found.n_multiplies == matrix.n_multiplies - every[0] == n_updates
    assert matrix.weights.n_accesses == every[0]
    # The sum and the address of every term; the current and the threshold of every membrane.
    assert matrix.n_adds == 2 * every[0] + 2 * n_updates


def test_an_event_that_arrives_after_the_end_is_none():
    pattern = Raster.from_steps([0], [3], 2, 5, STEP)
    memory = Memory(2, 4, STEP, 0.7, 1.0, [0, 0], [1, 1], [1, 2], [0.1, 0.1], patterns=[pattern])
    assert synaptic_events(memory, recall(memory, memory.cues())[0]) == 1


def test_prices_are_those_of_45_nm_on_a_line_and_no_access_costs_more_than_dram():
    prices, sizes = Prices(), np.array([2**13, 2**15, 2**20])
    off = [prices.access(n) - joules for n, (_, joules) in zip(sizes, prices.sram)]
    # Least squares: what is left is at right angles to a constant and to the sizes.
    assert abs(sum(off)) < 1e-20 and abs(np.dot(off, sizes)) < 1e-14
    # The rounded line of the authors' program: 13.2563 pJ and 82.8 aJ a byte.
    assert prices.access(0) == pytest.approx(13.2563e-12, rel=1e-4)
    assert prices.access(1e5) == pytest.approx(13.2563e-12 + 0.000082816e-12 * 1e5, rel=1e-4)
    assert prices.access(1e9) == 1300e-12
    assert (prices.add, prices.multiply) == (0.1e-12, 3.1e-12)


def test_energy_is_the_sum_of_its_parts():
    memory = network(0)
    free = Prices(add=1.0, multiply=0.0, sram=((1, 0.0), (2, 0.0)), dram=0.0)
    found = energy(memory, prices=free)
    assert found.total == pytest.approx(found.event_driven.n_adds)
    assert found.dense_total == pytest.approx(found.dense.n_adds)
    parts = energy(memory, patterns=[1])
    assert parts.total == pytest.approx(sum(parts.joules.values()))
    assert parts.ratio == pytest.approx(parts.dense_total / parts.total)
    n_bytes = memory.n_synapses * 0.5
    narrow = energy(memory, patterns=[1], weight_bits=4)
    each = narrow.joules["weights"] / narrow.n_events
    assert each == pytest.approx(Prices().access(n_bytes))


def test_the_command_answers_in_its_first_line(wmdelays, tmp_path):
    write_memory(tmp_path / "one.h5", network(0))
    write_memory(tmp_path / "two.h5", network(1))
    done = wmdelays("energy", tmp_path / "one.h5", "--json", tmp_path / "one.json")
    found = json.loads((tmp_path / "one.json").read_text())
    first = done.stdout.splitlines()[0]
    assert done.returncode == 0 and first.startswith("A recall costs ")
    assert f"{found['ratio']:.3g} times less than the dense network" in first
    assert "not complete" in first and found["f1"] < 1
    assert found["energy_j"] == pytest.approx(sum(found["event_driven"]["energy_j"].values()))
    done = wmdelays(
        "energy", tmp_path / "one.h5", tmp_path / "two.h5", "--report", tmp_path / "report"
    )
    assert done.returncode == 0 and "two: A recall costs" in done.stdout
    page = (tmp_path / "report" / "report.html").read_text()
    assert "times less than the dense network" in page
    assert (tmp_path / "report" / "figures" / "energy.png").exists()


def test_what_cannot_be_counted_is_one_line(wmdelays, tmp_path):
    memory = network(0)
    with pytest.raises(InputError, match="there is no pattern 3"):
        energy(memory, patterns=[3])
    with pytest.raises(InputError, match="weight_bits is 0"):
        energy(memory, weight_bits=0)
    write_memory(tmp_path / "one.h5", memory)
    done = wmdelays("energy", tmp_path / "one.h5", "--patterns", 7)
    assert done.returncode == 2 and "there is no pattern 7" in done.stderr
    assert done.stderr.count("\n") == 1
