"""Why a recall is not complete: the limit, the signs, or spikes that nothing predicts."""

from dataclasses import replace

import pytest

from wmdelays import bernoulli, compare, describe, store
from wmdelays.training.rules.margin.synapse_limits import SIGNS
from wmdelays.validation.reports.memory import why_incomplete

PATTERNS = bernoulli(20, 60, 3, 0.08, seed=4)
QUICK = {"n_delays": 20, "damaged_epochs": 0, "epochs": 20}


@pytest.fixture(scope="module")
def limited():
    return store(PATTERNS, max_synapses=4, **QUICK)


def test_a_limit_is_named_with_the_unit_that_errs_the_most(limited, judge):
    assert limited.made["scores"]["f1"] < 1
    said = why_incomplete(limited, "more delays help")
    reached = limited.made["reached"]
    assert "and --max-synapses 4 is the cause: before synapses were cut no unit erred" in said
    j = reached["worst_neuron"]
    own = sum(int((one.neurons == j).sum()) for one in PATTERNS)
    assert f"{reached['wrong_neurons']} units of 20 err, above all unit {j}" in said
    assert f"{reached['worst_missed']} of its {own} spikes missed" in said
    assert "more delays help" not in said
    assert "Allow more synapses, add latent neurons (--latent 32), or store less;" in said


def test_the_unit_that_errs_the_most_is_counted_by_the_stored_spikes(limited, judge):
    wrong = {}
    for pattern in PATTERNS:
        whole = limited.cues()[0].from_pattern(pattern, 60, 1e-3)
        # The cue clamps all steps: what a unit would do shows on its membrane alone.
        W, spikes, u = limited.dense(), whole.spikes.dense(1e-3), 0
        for t in range(60):
            u = 0.7 * u * (1 - spikes[t - 1]) if t else 0
            for d in range(1, min(t, 20) + 1):
                u = u + W[:, :, d - 1] @ spikes[t - d]
            if t >= 20:
                for j in ((u >= 1) != spikes[t]).nonzero()[0]:
                    wrong.setdefault(int(j), []).append(bool(spikes[t, j]))
    reached = limited.made["reached"]
    assert reached["wrong_neurons"] == len(wrong)
    assert reached["open_loop_errors"] == sum(map(len, wrong.values()))
    worst = wrong[reached["worst_neuron"]]
    assert len(worst) == max(map(len, wrong.values()))
    assert reached["worst_missed"] == sum(worst)
    assert reached["worst_too_many"] == len(worst) - sum(worst)


def test_signs_are_named_where_they_alone_are_asked_for():
    memory = store(PATTERNS, signs="dale", excitatory=1.0, **QUICK)
    assert memory.made["scores"]["f1"] < 1
    said = why_incomplete(memory)
    assert "and --signs dale is the likely cause" in said
    assert (
        "Other units inhibitory (--cell-types, --excitatory) or latent neurons (--latent 32) may"
        in said
    )


def test_where_synapses_are_chosen_first_nothing_is_said_of_a_cut(monkeypatch):
    monkeypatch.setattr("wmdelays.training.rules.margin.large.room._MANY", 100)
    said = [why_incomplete(store(PATTERNS, max_synapses=4, signs=s, **QUICK)) for s in SIGNS]
    assert "and --max-synapses 4 is the likely cause: shown the stored spikes, " in said[0]
    assert "and --signs dale and --max-synapses 4 are likely causes: shown the stored" in said[1]
    assert not any("cut" in one for one in said)


def test_spikes_that_nothing_predicts_are_said_beside_the_limit():
    short = store(PATTERNS, max_synapses=4, **QUICK | {"n_delays": 2})
    assert sum(short.made["unpredictable"][name] for name in ("empty", "ambiguous"))
    said = why_incomplete(short)
    assert "no weights could predict, and --max-synapses 4 besides" in said


def test_without_a_limit_it_is_the_rule_that_says_what_to_do():
    memory = store(PATTERNS, "hebbian", n_delays=20)
    assert why_incomplete(memory, "do this") == "The recall is not complete: do this."
    assert why_incomplete(memory) == "The recall is not complete."


def test_info_and_compare_count_the_same_spikes_for_the_parameters():
    memory = store(PATTERNS, **QUICK)
    found = describe(memory)["parameters"]
    after = sum(int((one.times >= 0.02 - 1e-9).sum()) for one in PATTERNS)
    assert memory.made["scores"]["f1"] == 1 and found["spikes_recalled"] == after
    assert found["spikes_per_synapse"] == after / memory.n_synapses
    compared = compare(memory, simulators=("torch", "compiled")).as_dict()
    assert compared["parameters"] == found


def test_limits_beside_the_signs_are_named_where_they_make_it_worse():
    memory = store(PATTERNS, signs="dale", excitatory=1.0, one_delay_per_pair=True, **QUICK)
    freely = [one["wrong"] for one in memory.made["history"] if one["stage"] == "learning"]
    now = memory.made["reached"]["open_loop_errors"]
    assert 0 < freely[-1] < now
    said = why_incomplete(memory)
    assert "and --signs dale and --one-delay-per-pair are likely causes" in said
    assert f"{freely[-1]} spikes were wrong before synapses were cut, and {now} are now" in said


def test_a_unit_that_errs_alone_is_called_by_its_name(limited):
    units = tuple(f"CA1-{k}" for k in range(20))
    j = limited.made["reached"]["worst_neuron"]
    reached = limited.made["reached"] | {"wrong_neurons": 1}
    patterns = [replace(one, units=units) for one in limited.patterns]
    alone = replace(limited, patterns=patterns, made=limited.made | {"reached": reached})
    assert f"1 unit of 20 errs, unit CA1-{j}: " in why_incomplete(alone)
