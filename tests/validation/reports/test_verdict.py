"""What the verdict of a comparison begins with: how much is recalled, and how far."""

from dataclasses import replace

import numpy as np
import pytest
from comparisons import build

from wmdelays.validation.recall.robustness import summary
from wmdelays.validation.reports.verdict import agreement_mark, headline, verdict
from wmdelays.words import share


def stored_after(comparison, k, step):
    """The times of a pattern's spikes from a step on."""
    times = comparison.memory.patterns[k].times
    return times[times > (step - 0.5) * comparison.memory.step]


def test_a_whole_recall_is_called_so_first():
    one = build()
    n = sum(len(stored_after(one, k, 10)) for k in range(2))
    first, second = verdict(one)
    assert first == f"Recalled whole. All {n} stored spikes come at the very step, and no other."
    assert second.startswith("torch (cpu) and Brian2 (numpy) emit the same")
    assert headline(one) == "Recalled whole"
    assert one.as_dict()["torch"]["recalled"] == "whole"


def test_a_recall_that_falls_silent_is_lost_from_its_first_missing_spike_on():
    one = build(ends={1: 35})
    lost = stored_after(one, 1, 35)
    n = sum(len(stored_after(one, k, 10)) for k in range(2))
    first = verdict(one)[0]
    assert first.startswith(f"Recalled in part. {n - len(lost)} of {n} stored spikes come. F1 = 0.")
    assert first.endswith(
        f"1 of 2 patterns are whole; pattern 1 is lost from {lost[0]:.6g} s on, of 0.06 s."
    )
    values = one.as_dict()["patterns"]
    assert [row["torch_recalled"] for row in values] == ["whole", "in part"]
    assert [row["torch_lost_from_s"] for row in values] == [None, pytest.approx(lost[0])]


def test_a_moment_is_told_in_the_recordings_time_too():
    binning = [{"pattern": 0, "start_s": 900.0}]
    one = build(n_patterns=1, ends={0: 35}, made={"rule": "hebbian", "binning": binning})
    lost = stored_after(one, 0, 35)[0]
    where = f"{lost:.6g} s (at {900 + lost:.10g} s in the recording)"
    assert f"The pattern is lost from {where} on, of 0.06 s." in verdict(one)[0]


def test_a_missing_spike_alone_loses_no_pattern():
    one = build(n_patterns=1, lost=[0], simulators=("compiled", "torch"))
    # The reference is whole; the other one lacks a spike.
    assert headline(one) == "Recalled whole" and verdict(one)[0].startswith(
        "Recalled whole in compiled."
    )
    turned = replace(one, simulations=dict(reversed(one.simulations.items())))
    n = len(stored_after(one, 0, 10))
    assert verdict(turned)[0] == (
        f"Recalled in part in torch. {n - 1} of {n} stored spikes come."
        f" F1 = {share(turned.simulations['torch'].f1)}. It is there to the end."
    )


def test_a_silent_network_recalls_nothing_and_has_no_precision():
    one = build(silent=True)
    n = sum(len(stored_after(one, k, 10)) for k in range(2))
    first, second = verdict(one)
    assert first == (
        f"Not recalled. No spike comes; {n} are stored. F1 = 0.0000 (0.0000 in every pattern)."
        " 0 of 2 patterns are whole, 2 not recalled at all."
    )
    assert second.startswith("Neither torch (cpu) nor Brian2 (numpy) emits a spike of its own")
    assert "agree" not in agreement_mark(one) and one.exact
    values = one.as_dict()["torch"]
    assert (values["f1"], values["precision"], values["recall"]) == (0.0, None, 0.0)
    assert values["recalled"] == "not at all"


def test_where_everything_fires_nothing_is_recalled():
    one = build(n_patterns=1, explode=True)
    first = verdict(one)[0]
    assert first.startswith("Not recalled. ") and "are too many. F1 = 0.0" in first


def test_rows_of_a_silent_recall_have_no_precision_in_the_mean():
    settings = {"name": "m", "simulator": "compiled", "kind": "lost", "value": 1.0}
    figures = [(0.0, 1.0, 0), (0.5, 0.5, 9), (0.0, None, 0)]
    rows = [
        {
            "setting": settings | {"draw": draw},
            "figures": {
                "f1": f1,
                "precision": precision,
                "recall": f1,
                "worst_pattern_f1": f1,
                "n_spikes": n,
            },
        }
        for draw, (f1, precision, n) in enumerate(figures)
    ]
    # Earlier versions wrote a precision of 1 where there was no spike.
    (found,) = summary(rows)
    assert found["precision"] == 0.5 and found["f1"] == pytest.approx(np.mean([0, 0.5, 0]))
    (found,) = summary(rows[:1])
    assert found["precision"] is None
