"""Which synapses matter for the stored spikes."""

import numpy as np
import pytest

from wmdelays import refractory, store
from wmdelays.training.rules.timed_margin.importance import importance
from wmdelays.training.rules.timed_margin.presentations import Presentation

# The membrane rises for two ticks after the one of an arrival, by 2 and by 1, and then falls.
COURSE = np.array([2.0, 3.0, 2.5, 1.0])


def shown(arrivals, n_ticks=40):
    """What is shown where rows arrive at ticks: pairs (tick, row)."""
    ticks, rows = np.array(sorted(arrivals)).T
    first = np.searchsorted(ticks, np.arange(n_ticks + 1))
    return Presentation(rows.astype(np.int32), first, [])


def test_every_stored_spike_keeps_its_steepest_synapses():
    # Rows 0 to 2 make the spike at tick 20 steep, rows 3 and 4, which are weaker, that at 30.
    one = shown([(19, 0), (19, 1), (19, 2), (29, 3), (29, 4)])
    weights, targets = np.array([9.0, 8.0, 7.0, 2.0, 1.0]), np.array([20, 30])
    found = importance(weights, [one], [targets], 10, COURSE)
    np.testing.assert_allclose(found, [1, 2 / 3, 1 / 3, 1, 1 / 2])
    # Spikes that the cue forces need none: then half of what is weaker counts.
    cued = importance(weights, [one], [targets], 25, COURSE)
    np.testing.assert_allclose(cued, [0.4, 0.3, 0.2, 1, 1 / 2])


def test_what_an_arrival_adds_to_the_slope_counts_and_not_its_weight_alone():
    one = shown([(19, 0), (18, 1), (17, 2), (20, 3)])
    found = importance(np.array([2.0, 3.0, 9.0, 9.0]), [one], [np.array([20])], 0, COURSE)
    # 2 * 2 is more than 3 * 1.
    assert found[0] == 1 and found[1] == 0.5
    # The membrane falls already, or has not heard of it yet.
    assert found[2] == found[3] == 0.25


def test_inhibition_counts_by_its_size_and_no_synapse_for_nothing():
    one = shown([(19, 0), (19, 1), (19, 2)])
    found = importance(np.array([2.0, -3.0, 0.0]), [one], [np.array([20])], 0, COURSE)
    assert found.tolist() == [1, 1, 0]
    alone = importance(np.array([0.0, -3.0, 0.0]), [one], [np.array([20])], 0, COURSE)
    assert alone[1] > 0 == alone[0] == alone[2]


@pytest.mark.parametrize("model", ["lif-exp", "adex"])
def test_a_memory_of_few_synapses_that_make_spikes_steep_recalls(model):
    patterns = refractory(48, 240, 1, rate=0.008, interval=20)
    given = {"neurons": model, "n_delays": 20, "max_synapses": 100}
    memory, by_weight, default = (
        store(patterns, **given, **options)
        for options in ({"importance": "slope"}, {"importance": "weight"}, {})
    )
    assert np.bincount(memory.post).max() <= 100 and memory.made["scores"]["f1"] == 1
    assert memory.made["settings"]["importance"] == "slope"
    assert memory.fingerprint() != by_weight.fingerprint() == default.fingerprint()
