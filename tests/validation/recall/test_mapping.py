"""Memories of the grid that are carried over to neurons in continuous time."""

import json
import math
import re
from dataclasses import replace

import pytest
from chains import chain_memory

from wmdelays import InputError, bernoulli, compare, map_memory, read_memory, store, write_memory
from wmdelays.neurons import neurons_of
from wmdelays.validation.reports.continuous.mapping import in_words, mapping_verdict
from wmdelays.validation.reports.verdict import verdict

# A membrane of 2.8 ms, as eq. 1 has it with steps of 1 ms, and synapses that are nearly as fast.
FAST = ("c=28pF", "tau_s=0.5ms")


@pytest.fixture(scope="module")
def memory():
    return store(bernoulli(64, 160, 1, rate=0.012), n_delays=30, damaged_epochs=0)


@pytest.fixture(scope="module")
def mapped(memory):
    return map_memory(memory, neurons_of("lif-exp", 64, settings=FAST))


def test_neurons_that_are_like_the_grid_recall_without_drift(memory, mapped):
    assert mapped.times.f1_lag_followed > 0.99 and mapped.times.within[1].f1 > 0.99
    assert abs(mapped.times.tempo_percent) < 0.05
    assert 0.1 < mapped.shift_ms < 0.6 and 0.5 < mapped.gain < 1.5
    first, second = mapping_verdict(mapped)
    assert first == f"Does it recall in lif-exp? Yes: {in_words(mapped.times)}."
    assert second.endswith(f"all delays {mapped.shift_ms:.3g} ms shorter.")
    # Without the shift it is too slow, with twice the shift too fast.
    for shift_ms, sign in ((0.0, 1), (2 * mapped.shift_ms, -1)):
        other = map_memory(
            memory,
            neurons_of("lif-exp", 64, settings=FAST),
            gain=mapped.gain,
            shift_ms=shift_ms,
        )
        assert sign * other.times.tempo_percent > 0.3
        assert (other.shift_ms, other.gain) == (shift_ms, mapped.gain)


def test_the_same_memory_is_mapped_to_the_same_bits(memory, mapped):
    again = map_memory(memory, neurons_of("lif-exp", 64, settings=FAST))
    assert again.memory.fingerprint() == mapped.memory.fingerprint()


def test_a_gain_that_is_far_off_recalls_nothing_and_is_not_chosen(memory, mapped):
    weak = map_memory(memory, neurons_of("lif-exp", 64, settings=FAST), gain=0.1, shift_ms=0.3)
    assert mapping_verdict(weak)[0].startswith(
        "Does it recall in lif-exp? No: F1 within 1, 2 and 5 ms = 0"
    )
    assert weak.as_dict()["mapped"]["tempo_percent"] is None
    assert weak.times.f1_lag_followed < 0.1 < mapped.times.f1_lag_followed


def test_what_was_carried_over_says_so_wherever_it_goes(wmdelays, memory, tmp_path):
    write_memory(tmp_path / "grid.h5", memory)
    options = [word for one in FAST for word in ("--set", one)]
    done = wmdelays(
        *("map", tmp_path / "grid.h5", "--neuron", "lif-exp", *options, "--gain", "0.9"),
        *("--shift", "0.3ms", "-o", tmp_path / "m.h5", "--beside", "--json", "-"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["gain"], found["shift_ms"], found["n_shortest"]) == (0.9, pytest.approx(0.3), 0)
    assert found["learned"]["f1_1ms"] > 0.9 < found["mapped"]["f1_lag_followed"]
    answer, how, learned, _ = done.stderr.splitlines()
    assert answer.startswith("Does it recall in lif-exp? Yes: F1 within 1, 2 and 5 ms = ")
    assert how.startswith("Carried over, not learned") and "0.3 ms shorter" in how
    assert learned.startswith("Learned for lif-exp from the same patterns: F1")
    made = read_memory(tmp_path / "m.h5")
    assert made.made["carried_over"]["rule"] == "margin" and made.n_delays == 300
    said = (
        "The weights were carried over from the network in discrete time (rule margin), not learned"
    )
    info = wmdelays("info", tmp_path / "m.h5").said
    assert said in info and "lag followed" in info
    result = compare(made, device="numpy")
    assert result.exact
    compiled = result.as_dict()["compiled"]
    for name, value in found["mapped"].items():
        assert compiled[name] == (value if value is None else pytest.approx(value)), name
    assert any(line.startswith(said) for line in verdict(result))


def test_what_cannot_be_carried_over_is_told_in_one_line(wmdelays, memory, tmp_path):
    write_memory(tmp_path / "c.h5", chain_memory())
    write_memory(tmp_path / "grid.h5", memory)
    for words, line in {
        ("c.h5", "--neuron", "adex"): "the memory is for lif-exp in continuous time already",
        ("grid.h5", "--neuron", "adix"): "there is no neuron 'adix' in continuous time",
        ("grid.h5", "--neuron", "adex", "--set", "tau=2"): "sets no parameter of adex",
        ("grid.h5", "--neuron", "adex", "--dt", "0.3ms"): "0.3 ms",
        ("grid.h5", "--neuron", "adex", "--gain", "-1"): "gain is -1",
    }.items():
        done = wmdelays("map", tmp_path / words[0], *words[1:], "-o", tmp_path / "new.h5")
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
        assert line in done.stderr
        assert not (tmp_path / "new.h5").exists()
    with pytest.raises(InputError, match="no patterns"):
        map_memory(replace(memory, patterns=()), "lif-exp")
    done = wmdelays("compare", tmp_path / "grid.h5", "--neuron", "adex")
    assert done.returncode == 2 and "wmdelays map FILE --neuron adex" in done.stderr


def test_the_json_has_plain_values(mapped):
    text = json.dumps(mapped.as_dict(), allow_nan=False)
    assert json.loads(text)["mapped"]["f1_1ms"] == mapped.times.within[1].f1
    assert re.match(r"<Mapping: lif-exp, delays 0\.\d+ ms shorter, gain", repr(mapped))
    assert mapped.learned is None and math.isfinite(mapped.timing["map"])
