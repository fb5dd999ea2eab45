"""The report of a comparison of neurons in continuous time."""

import re
from dataclasses import replace

import numpy as np
import pytest
from chains import chain_memory

from wmdelays import compare
from wmdelays.validation.reports.compare import write_report


def page(comparison, folder):
    return write_report(comparison, folder, "wmdelays compare").read_text(encoding="utf-8")


def words(text):
    hidden = r"<style.*?</style>|<script.*?</script>|<[^>]*>"
    return " ".join(re.sub(hidden, " ", text, flags=re.S).split())


@pytest.fixture(scope="module")
def lossy():
    """A memory that loses part of pattern 0, compared."""
    memory = chain_memory()
    lost = memory.patterns[0].neurons[np.searchsorted(memory.patterns[0].times, 0.06)]
    weight = np.where(memory.post == lost, 0, memory.weight)
    return compare(replace(memory, weight=weight), device="numpy")


@pytest.fixture(scope="module")
def written(lossy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return folder, page(lossy, folder)


def test_the_page_says_first_what_is_recalled(lossy, written):
    text = words(written[1])
    n = lossy.simulations["compiled"].times.n_lost
    first = text.index("Recalled in part. F1 within 1 ms = 0.9")
    assert first < text.index(f"{n} spikes are lost") < text.index("= The rasters agree.")
    assert "At half of dt, 0.05 ms, that stands" in text


def test_each_pattern_has_its_lag_and_its_losses_at_dt_and_at_half_of_it(lossy, written):
    text = words(written[1])
    coarse = text.index("compiled and Brian2, dt = 0.1 ms")
    fine = text.index("Brian2 at half of dt, 0.05 ms", coarse)
    times = lossy.simulations["compiled"].times
    row = text[coarse:fine]
    assert f" {times.n_lost} {times.first_lost_s:.4g} 0 " in row and "+0." not in row
    tempo = f"{lossy.halved.times.patterns[1].tempo_percent:+.3g}"
    assert tempo in text[fine:]


def test_figures_of_lag_and_membranes_are_there_and_the_page_needs_no_other_file(written):
    folder, text = written
    names = {path.stem for path in (folder / "figures").glob("*.png")}
    assert {"lag_and_tempo", "membranes", "overlay_pattern_0000", "closest_calls"} <= names
    assert "f1_over_time" not in names
    assert set(re.findall(r'<figure id="(.*?)"', text)) == names
    assert all(
        one.startswith(("data:image/", "#")) for one in re.findall(r'<img src="([^"]*)"', text)
    )
    assert "around the first spike that is lost, of neuron" in words(text)


def test_the_neurons_are_described_with_their_units(written):
    text = words(written[1])
    assert "neuron model lif-exp: leaky integrate-and-fire" in text
    assert "c 200 pF" in text and "tau_s 0.5 ms" in text
    assert "in units of the threshold θ" not in text


def test_simulators_that_differ_have_a_table_each(lossy, tmp_path):
    other = compare(chain_memory(), device="numpy").simulations["brian2"]
    differing = replace(lossy, simulations={**lossy.simulations, "brian2": other})
    text = words(page(differing, tmp_path))
    assert "≠ The rasters differ." in text and "compiled, dt = 0.1 ms" in text
    assert "Brian2, dt = 0.1 ms" in text and "compiled and Brian2, dt" not in text


def test_a_recall_of_nothing_has_a_report_too(tmp_path, recwarn):
    memory = chain_memory(n_patterns=1)
    silent = compare(replace(memory, weight=np.zeros_like(memory.weight)), device="numpy")
    text = words(page(silent, tmp_path))
    assert "Not recalled." in text and "no synapses" not in text
    assert not [one for one in recwarn if "brian2" not in str(one.filename)]
