"""What a comparison says of memories for neurons in continuous time."""

from dataclasses import replace

import numpy as np
import pytest
from chains import chain_memory

from wmdelays import compare, write_memory
from wmdelays.validation.recall.comparison.columns import pattern_columns
from wmdelays.validation.reports.verdict import certainty, verdict

TIMED = {
    "f1_1ms",
    "f1_2ms",
    "f1_5ms",
    "f1_lag_followed",
    "tempo_percent",
    "wobble_ms",
    "lag_end_ms",
    "n_spikes",
    "first_lost_s",
    "lost_from_s",
    "n_lost",
    "n_too_many",
}
SPIKES = {"f1", "precision", "recall", "worst_pattern_f1", "n_spikes"}


@pytest.fixture(scope="module")
def memory():
    return chain_memory()


@pytest.fixture(scope="module")
def exact(memory):
    return compare(memory, device="numpy")


def weakened(memory, time):
    """The memory without the synapse that makes the first spike of pattern 0 after a time."""
    place = np.searchsorted(memory.patterns[0].times, time)
    lost = memory.patterns[0].neurons[place]
    return replace(memory, weight=np.where(memory.post == lost, 0, memory.weight)), place


def test_an_exact_recall_is_called_so_first_and_then_how_it_was_checked(memory, exact):
    n = sum(len(pattern) for pattern in memory.patterns) - sum(
        len(cue.spikes) for cue in memory.cues()
    )
    first, second, third = verdict(exact)
    assert first == (
        f"Recalled whole. All {n} stored spikes come at the very tick of 0.1 ms, and no other."
    )
    assert second == f"compiled and Brian2 (numpy) emit the same {n} spikes at dt = 0.1 ms."
    assert third.startswith("At half of dt, 0.05 ms, that stands: in Brian2 F1 with the lag")
    assert 0 < exact.rounding_bound < 1e-6 < exact.closest_call
    sure = certainty(exact)
    assert f"is {exact.closest_call:.3g} mV; the order of floating point operations moves" in sure
    assert sure.endswith("So no order of floating point operations can change a spike.")


def test_the_json_has_times_for_each_simulator_and_at_half_of_dt(exact):
    values = exact.as_dict()
    for name in ("compiled", "brian2"):
        assert set(values[name]) == TIMED | SPIKES | {"recalled"}
        assert values[name]["recalled"] == "whole"
        assert values[name]["f1"] == values[name]["f1_1ms"] == 1.0
        assert values[name]["tempo_percent"] == values[name]["lag_end_ms"] == 0.0
    halved = values["halved_dt"]
    assert set(halved) == TIMED | SPIKES | {"simulator", "dt_s", "stands"}
    assert halved["simulator"] == "brian2" and halved["dt_s"] == 5e-5 and halved["stands"]
    assert halved["f1_lag_followed"] == 1.0 and 0 < abs(halved["tempo_percent"]) < 0.25
    assert values["patterns"][1]["brian2_tempo_percent"] == 0.0
    assert values["settings"]["dt_s"] == 1e-4


def test_a_dt_that_is_named_is_that_of_all_simulators(memory):
    result = compare(memory, ["brian2", "compiled"], dt=5e-5, device="numpy")
    assert result.exact and result.reference == "brian2"
    assert [one.setup.dt for one in result.simulations.values()] == [5e-5, 5e-5]
    ticks = result.simulations["compiled"].recalls[0].own.times / 1e-4
    assert np.any(np.abs(ticks - np.rint(ticks)) > 0.4), "no spike between ticks of learning"
    first, second, third = verdict(result)
    assert first.startswith(
        "Recalled whole, every spike and no other, but not at the very ticks. F1"
    )
    assert second.startswith("Brian2 (numpy) and compiled emit the same") and "0.05 ms" in second
    assert third.startswith("At half of dt, 0.025 ms,")


def test_what_is_lost_is_counted_and_named(memory):
    less, place = weakened(memory, 0.06)
    result = compare(less, device="numpy")
    assert result.exact
    times = result.simulations["brian2"].times
    n = times.n_lost
    assert n > 1 and times.n_too_many == 0
    when = memory.patterns[0].times[place]
    assert times.first_lost_s == when
    first = verdict(result)[0]
    assert first.startswith("Recalled in part. F1 within 1 ms = 0.9")
    assert f"{n} spikes are lost, the first in pattern 0 at {when:.6g} s." in first
    assert first.endswith("1 of 2 patterns are whole; what is there is there to the end.")
    assert pattern_columns(result)["lost"] == [str(n), "0"]


def test_a_memory_without_synapses_is_not_recalled(memory):
    none = replace(memory, weight=np.zeros_like(memory.weight))
    result = compare(none, device="numpy", patterns=[1])
    first, second, third = verdict(result)
    assert first.startswith("Not recalled. F1 within 1 ms = 0.0000; with the lag followed 0.0000.")
    assert second == "Neither compiled nor Brian2 (numpy) emits a spike of its own at dt = 0.1 ms."
    assert third == "At half of dt, 0.05 ms, Brian2 emits no spike of its own."
    assert result.as_dict()["brian2"]["tempo_percent"] is None


def test_a_tempo_that_depends_on_dt_does_not_stand():
    result = compare(chain_memory("lif-cond"), device="numpy")
    assert result.exact and result.stands is False
    times = result.halved.times
    assert times.f1_lag_followed > 0.99 and abs(times.tempo_percent) > 0.25
    assert result.rounding_bound is None
    assert certainty(result).endswith("no bound of rounding is known for these neurons.")
    assert "that does not stand: in Brian2 F1 with the lag followed is" in verdict(result)[2]


def test_without_a_simulator_of_its_own_dt_nothing_is_halved(memory, own_simulators):
    from wmdelays.training.continuous.recall import recall
    from wmdelays.validation.recall.simulators import Simulator, register

    def again(memory, cues, *, dt, device, neuron, progress):
        return recall(memory, cues, dt)

    register(Simulator("again", lambda: again, "the loop again", neurons=("lif-exp",)))
    result = compare(memory, ["compiled", "again"])
    assert result.exact and result.halved is None and "halved_dt" not in result.as_dict()
    assert len(verdict(result)) == 2


def test_the_least_f1_is_asked_of_what_comes_within_a_millisecond(memory, wmdelays, load_json):
    write_memory("memory.h5", memory)
    arguments = (
        "compare",
        "memory.h5",
        "--device",
        "numpy",
        "--dt",
        "0.05ms",
        "--json",
        "out.json",
    )
    done = wmdelays(*arguments, "--min-f1", "1")
    values = load_json("out.json")
    assert done.returncode == 0 and values["brian2"]["f1"] < 0.5
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["Recalled", "compiled", "At"]


def test_a_dt_or_a_simulator_that_does_not_fit_is_refused(memory, refused, wmdelays, tmp_path):
    write_memory(tmp_path / "memory.h5", memory)
    assert "does not divide" in refused("compare", "memory.h5", "--dt", "0.03ms")
    line = refused("compare", "memory.h5", "--simulators", "torch,brian2")
    assert "learned for lif-exp, which torch does not know" in line
