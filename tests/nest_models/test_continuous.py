"""Neurons in continuous time in NEST: the same spikes where it integrates exactly, else the same recall."""

from dataclasses import replace

import numpy as np
import pytest
from chains import chain_memory
from hypothesis import given, settings
from hypothesis import strategies as st
from random_continuous import CUES, random_cue, random_memory

from wmdelays import Cue, InputError, Memory, Raster, compare
from wmdelays.nest_models import recall
from wmdelays.neurons import NEURONS, Neurons
from wmdelays.training.continuous.recall import recall as compiled
from wmdelays.validation.reports.verdict import agreement_mark, certainty, verdict

pytest.importorskip("nest")


@pytest.mark.parametrize("name", ["lif-exp", "lif-alpha"])
@settings(derandomize=True, max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([(1, 1), (4, 3), (12, 6)]),
    density=st.sampled_from([0.0, 0.1, 0.4]),
    dt=st.sampled_from([1e-4, 2.5e-4]),
    finer=st.sampled_from([1, 1, 2]),
    kinds=st.lists(st.sampled_from(CUES), min_size=1, max_size=3),
    threads=st.sampled_from([1, 2]),
)
def test_what_is_integrated_exactly_has_the_spikes_of_the_compiled_loop(
    name, seed, size, density, dt, finer, kinds, threads
):
    memory = random_memory(seed, NEURONS[name], *size, dt, density)
    cues = [random_cue(seed + k, memory, kind, (12 + 5 * k) * 1e-3) for k, kind in enumerate(kinds)]
    wanted = compiled(memory, cues, memory.tick / finer)
    assert min(one.closest_call or 1 for one in wanted) > 1e-9
    for one, other in zip(wanted, recall(memory, cues, memory.tick / finer, threads)):
        assert (one.own, one.emitted) == (other.own, other.emitted)


def one_synapse(name, weight, values=None):
    """Neuron 0 excites neuron 1 after a step."""
    neurons = Neurons(name, 2, 1e-4, {"": values or {}})
    shape = dict(n_neurons=2, n_delays=1, step=1e-3, beta=None, theta=None)
    return Memory(**shape, pre=[0], post=[1], delay=[1], weight=[weight], neurons=neurons)


@pytest.mark.parametrize(
    "name, weight", [("lif-cond", 60.0), ("adex", 100.0), ("adex-exp", 4000.0), ("lif-exp", 4000.0)]
)
def test_one_arrival_makes_the_spikes_that_the_compiled_loop_has(name, weight):
    """A tick or two from those at a tenth of the tick, whose error is a tenth."""
    memory = one_synapse(name, weight)
    cue = Cue(Raster.from_steps([0], [0], 2, 400, 1e-4), 1e-4, clamp=1)
    fine, found = compiled(memory, cue, 1e-5), recall(memory, cue)
    assert len(fine.own) >= 1
    assert list(found.emitted.neurons) == list(fine.emitted.neurons)
    # A later spike is late by what all before it are.
    late = np.abs(found.emitted.times - fine.emitted.times)
    assert np.all(late <= 2.001e-4 * np.arange(len(late)))
    # An inhibition of its own keeps it from firing.
    silent = replace(memory, weight=[-weight])
    assert list(recall(silent, cue).emitted.neurons) == [0]


def test_gates_remember_nothing_at_the_shortest_ticks():
    memory = one_synapse("lif-exp", 9000.0)
    lost = Raster.from_steps([0, 0], [3, 4], 2, 60, 1e-4)
    cue = Cue(Raster.from_steps([0, 0, 0], [3, 4, 5], 2, 60, 1e-4), 1e-4, clamp=10, lost=lost)
    wanted, found = compiled(memory, cue, 1e-6), recall(memory, cue, 1e-6)
    assert (found.own, found.emitted) == (wanted.own, wanted.emitted)
    assert len(found.own) > 0


def test_neurons_that_adapt_send_each_forced_spike_once():
    """A neuron is driven by each forced spike of another, to its next spike and no further."""
    memory = one_synapse("adex", 100.0)
    for ticks in ([0], [0, 1], [100], [5, 6, 7, 120, 121]):
        cue = Cue(Raster.from_steps([0] * len(ticks), ticks, 2, 300, 1e-4), 1e-4, clamp=1)
        wanted, found = compiled(memory, cue), recall(memory, cue)
        assert list(found.emitted.neurons) == list(wanted.emitted.neurons)
        assert np.abs(found.emitted.times - wanted.emitted.times).max() < 3.001e-4
        assert not (found.own.neurons == 0).any()
    # And every kind of cue is taken.
    memory = random_memory(3, NEURONS["adex"], 12, 6, 1e-4, 0.4)
    for one in recall(memory, [random_cue(k, memory, kind) for k, kind in enumerate(CUES)]):
        assert set(one.cue.spikes.times) <= set(one.emitted.times)


def test_a_comparison_proves_equal_spikes_and_bounds_their_rounding():
    made = compare(chain_memory("lif-alpha"), ["compiled", "nest"])
    assert made.exact and made.agrees and made.halved is None
    assert "compiled and NEST emit the same 173 spikes at dt = 0.1 ms." in verdict(made)
    assert 0 < made.rounding_bound < 1e-6 < made.closest_call
    assert certainty(made).endswith("So no order of floating point operations can change a spike.")
    assert "alike" not in made.as_dict()


@pytest.fixture(scope="module")
def slow_chains():
    """Synapses so slow that the length of the tick matters little."""
    memory = chain_memory("lif-cond")
    neurons = memory.neurons.with_values({"tau_e": 5.0, "t_ref": 20.0})
    memory = replace(memory, neurons=neurons, weight=memory.weight / 5)
    return replace(memory, patterns=[one.emitted for one in compiled(memory, memory.cues())])


def test_what_is_integrated_otherwise_is_judged_by_f1_with_the_lag_followed(slow_chains):
    made = compare(slow_chains, ["compiled", "nest"])
    assert not made.exact and made.agrees
    assert made.as_dict()["alike"] == {"nest": True}
    _, said = verdict(made)
    assert said.startswith(
        "compiled and NEST recall the same at dt = 0.1 ms: F1 with the lag followed is 1.0000 in"
        " compiled and 1.0000 in NEST, the tempo +0."
    )
    assert "NEST integrates lif-cond by a method of its own" in said and "F1 = " not in said
    assert agreement_mark(made).startswith("≈ The recalls agree")


def test_another_recall_is_told_from_the_same_one_a_little_late(slow_chains):
    """The tempo of strong synapses depends on the tick, as half of dt shows."""
    made = compare(chain_memory("lif-cond"), ["compiled", "nest"])
    assert not made.agrees and made.as_dict()["alike"] == {"nest": False}
    assert "compiled and NEST do not recall the same" in verdict(made)[1]
    assert agreement_mark(made) == "≠ The rasters differ."
    weak = replace(slow_chains, weight=0.1 * slow_chains.weight)
    assert compare(weak, ["compiled", "nest"]).agrees  # neither recalls anything


def test_the_status_says_what_agrees(slow_chains, wmdelays):
    from wmdelays import write_memory

    write_memory(wmdelays.folder / "slow.h5", slow_chains)
    write_memory(wmdelays.folder / "strong.h5", chain_memory("lif-cond"))
    words = ("--simulators", "compiled,nest", "--patterns", 0)
    done = wmdelays("compare", "slow.h5", *words)
    assert done.returncode == 0, done.said
    assert wmdelays("compare", "strong.h5", *words).returncode == 1


def test_what_nest_does_not_have_is_refused_in_one_line(refused, wmdelays, tmp_path):
    from wmdelays import write_memory

    memory = one_synapse("izhikevich", 10.0)
    pattern = Raster.from_steps([0], [0], 2, 400, 1e-4)
    write_memory(tmp_path / "other.h5", replace(memory, patterns=[pattern]))
    line = refused("compare", "other.h5", "--simulators", "compiled,nest")
    assert line.endswith("izhikevich, which NEST does not know; take compiled or brian2")
    cue = Cue(pattern, 1e-4, clamp=1)
    with pytest.raises(InputError, match="NEST has no izhikevich neurons; here it knows lif-exp,"):
        recall(memory, cue)
    memory = one_synapse("lif-exp", 10.0)
    with pytest.raises(
        InputError, match="ticks are whole microseconds; take another dt than 0.0333"
    ):
        recall(memory, cue, 1e-4 / 3)
    coarse = replace(memory, neurons=Neurons("lif-exp", 2, 1e-3))
    with pytest.raises(InputError, match="two ticks at least; take a shorter dt"):
        recall(coarse, Cue(Raster.from_steps([0], [0], 2, 40, 1e-3), 1e-3, clamp=1))
    assert np.array_equal(recall(memory, cue).emitted.neurons, [0])
