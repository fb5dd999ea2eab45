"""With which step and which delays a recording can be stored."""

import json

import numpy as np
import pytest

from wmdelays import InputError, Raster, best_choice, read_memory, step_choices, store, write_raster
from wmdelays.contexts import unpredictable_spikes
from wmdelays.validation.recordings.grid import step_text, usual_steps, why_best


def recording(seed=0, n=60, duration=6.0):
    rng = np.random.default_rng(seed)
    # Microseconds, and no two spikes of a unit within 3 ms.
    slots = rng.choice(int(duration / 0.004), n, False)
    times = (slots * 0.004 + rng.uniform(0, 0.001, n)).round(6)
    return Raster(rng.integers(0, 4, n), times, 4, duration)


def test_what_a_choice_says_is_what_storing_finds():
    raster = recording()
    choices = step_choices(raster)
    assert len({(one.step, one.n_delays) for one in choices}) == len(choices) > 10
    for one in choices:
        pattern = raster.bin(one.step, merge_spikes=True)
        found = unpredictable_spikes([pattern], one.n_delays, one.step)
        assert (one.merged, one.empty, one.ambiguous) == (
            len(raster) - len(pattern),
            len(found.empty),
            len(found.ambiguous),
        )
    best = best_choice(choices)
    assert best.whole and best.most_synapses == min(
        one.most_synapses for one in choices if one.whole
    )
    memory = store(raster, step=best.step, n_delays=best.n_delays)
    assert memory.made["scores"]["f1"] == 1


def test_times_of_frames_are_looked_at_in_frames():
    rng = np.random.default_rng(1)
    frames = np.unique(rng.integers(0, 600 * 5, 500))
    times = (frames // 5 / 30).round(5)
    raster = Raster(frames % 5, times, 5, 20.0)
    assert usual_steps(raster) == pytest.approx([1 / 30, 2 / 30, 3 / 30], abs=1e-12)
    assert usual_steps(recording())[0] == 1e-3


@pytest.mark.parametrize(
    "step, text", [(1e-3, "1ms"), (1 / 30, "1/30s"), (2 / 30, "1/15s"), (0.02, "20ms")]
)
def test_a_step_is_told_as_the_option_takes_it(step, text):
    from wmdelays.quantities import seconds

    assert step_text(step) == text and seconds(text) == pytest.approx(step, rel=1e-12)


def test_several_patterns_are_looked_at_together():
    raster = recording()
    pieces = [raster.slice(0.0, 3.0), raster.slice(3.0, 6.0)]
    (one,) = step_choices(pieces, steps=[0.01], n_delays=20)
    bins = [piece.bin(0.01, True) for piece in pieces]
    found = unpredictable_spikes(bins, 20, 0.01)
    assert (one.empty, one.ambiguous) == (len(found.empty), len(found.ambiguous))
    assert one.merged == len(raster) - sum(map(len, bins)) and one.n_steps == 300


def test_what_leaves_nothing_to_recall_is_refused():
    with pytest.raises(InputError, match="0.001 s leave nothing to recall"):
        step_choices(Raster([0], [0.0005], 1, 0.001))
    with pytest.raises(InputError, match="take a longer stretch"):
        step_choices(recording(), n_delays=100_000)


def test_the_best_choice_says_what_is_lost_where_something_is():
    tight = Raster([0, 0, 1, 0], [0.0, 0.0001, 0.003, 0.5], 2, 1.0)
    best = best_choice(step_choices(tight))
    assert not best.whole and "1 of 4 spikes are merged" in why_best(best)


def test_store_takes_the_step_that_info_names(wmdelays, refused, tmp_path):
    write_raster(tmp_path / "cells.npz", recording())
    told = wmdelays("info", "cells.npz", "--json", "told.json")
    best = json.loads((tmp_path / "told.json").read_text())["best"]
    words = f"--step {step_text(best['step'])} --delays {best['n_delays']}"
    assert told.returncode == 0 and f"Best stored with {words}" in told.stdout + told.stderr
    done = wmdelays("store", "cells.npz", "--step", "auto", "-o", "m.h5")
    assert done.returncode == 0 and f"taken: {words}" in done.stdout + done.stderr
    memory = read_memory(tmp_path / "m.h5")
    assert (memory.step, memory.n_delays) == (best["step"], best["n_delays"])
    line = refused("store", "bernoulli:neurons=4,steps=40,patterns=1,rate=0.1", "--step", "auto",
                   "-o", "n.h5")  # fmt: skip
    assert "patterns that are drawn have no best step" in line


def test_info_of_a_recording_tells_units_and_rates(wmdelays, tmp_path):
    (tmp_path / "cells.csv").write_text(
        "unit,time_s\n" + "".join(f"{u},{t}\n" for u, t in [(17, 900.5), (3, 901.25), (17, 902.5)])
    )
    done = wmdelays("info", "cells.csv", "--start", "900s", "--json", "-")
    values = json.loads(done.stdout)
    units = values["recording"]["units"]
    assert [one["name"] for one in units] == ["3", "17"]
    assert [one["n_spikes"] for one in units] == [1, 2]
    assert units[1]["shortest_interval_s"] == pytest.approx(2.0)
    assert values["recording"]["start_s"] == 900
    assert "from 900 s to 902.5 s" in done.said


def test_a_memory_says_what_its_neurons_are_called_and_when_it_was_recorded(wmdelays, tmp_path):
    from wmdelays.find import pattern_templates

    rows = [(17, 900.5), (3, 900.75), (17, 901.0), (641, 901.5), (3, 901.9)]
    (tmp_path / "c.csv").write_text("unit,time_s\n" + "".join(f"{u},{t}\n" for u, t in rows))
    run = ("store", "c.csv", "-o", "m.h5", "--step", "50ms", "--delays", 10, "--start", "900s")
    assert wmdelays(*run).returncode == 0
    told = wmdelays("info", "m.h5").stdout
    assert "3, units 3, 17, 641" in told and "from 900 s on" in told
    names = [one.name for one in pattern_templates(read_memory(tmp_path / "m.h5"), window=1.0)]
    assert names == ["pattern 0, 900 to 901 s", "pattern 0, 901 to 901.95 s"]
