"""Templates whose speed is fitted."""

import numpy as np
import pytest

from wmdelays import InputError, Raster
from wmdelays.find.templates import Template
from wmdelays.find.warping import fitted_stretch, warped
from wmdelays.validation.find.stored import find_patterns

STEP = 1e-3


def template():
    rng = np.random.default_rng(2)
    return Template("piece", rng.permutation(20)[:12], np.sort(rng.random(12)) * 0.06)


def raster_with(onsets_and_speeds, seed=4):
    rng = np.random.default_rng(seed)
    one = template()
    units, times = [rng.integers(0, 20, 200)], [rng.random(200) * 3]
    for onset, speed in onsets_and_speeds:
        units.append(one.neurons)
        times.append(onset + one.at_speed(speed).times)
        units[-1] = one.at_speed(speed).neurons
    return Raster(np.concatenate(units), np.concatenate(times), 20, 3.0)


def looked_for(raster, low, high):
    settings = dict(step=STEP, draws=20, warp=(low, high))
    return find_patterns([template()], raster, **settings)


def test_occurrences_at_any_speed_are_found_with_their_speeds():
    planted = [(0.5, 0.73), (1.2, 1.0), (2.1, 1.64)]
    found = looked_for(raster_with(planted), 0.6, 2)
    values = found.as_dict()["occurrences"]
    assert [one["time_s"] for one in values] == pytest.approx([0.5, 1.2, 2.1], abs=0.003)
    assert [one["fitted_speed"] for one in values] == pytest.approx([0.73, 1, 1.64], rel=0.03)
    assert all(one["p_value"] == 1 / 21 for one in values)
    back = looked_for(raster_with([(1.0, -1.3)]), -2, -0.6).as_dict()["occurrences"]
    assert [one["fitted_speed"] for one in back] == pytest.approx([-1.3], rel=0.03)


def test_no_speed_is_missing_between_two():
    one = template()
    made = warped([one], 0.5, 2, STEP, 2)
    spans = np.sort([each.span for each in made])
    assert spans[0] == pytest.approx(one.span / 2) and spans[-1] == pytest.approx(one.span * 2)
    # Any span is within half the jitter of one that is tried; one gave way to the speed 1.
    assert np.sort(np.diff(spans))[-3:].max() <= 0.003 + 1e-9
    assert 1.0 in [each.speed for each in made] and len(made) <= 48


def test_the_freedom_to_choose_a_speed_is_paid_for():
    # The planted template is not there: at a level of 0.05, 4 or more of 10 have a probability of 0.001.
    found = [looked_for(raster_with([], seed=50 + k), 0.8, 1.25) for k in range(10)]
    assert sum(bool(one.findings.occurrences) for one in found) <= 3
    assert sum(one.summary.startswith("Yes") for one in found) <= 3


def test_the_stretch_is_the_slope_of_the_matched_spikes():
    steps = np.array([0, 10, 20, 40])
    assert fitted_stretch(steps, 0.05 * steps + 3) == pytest.approx(1.05)
    assert fitted_stretch(np.array([5]), np.array([1])) == 1.0
    assert fitted_stretch(np.zeros(0), np.zeros(0)) == 1.0


@pytest.mark.parametrize(("low", "high"), [(2, 1), (-1, 1), (0, 1), (1, np.inf), (1, 1)])
def test_what_is_no_range_is_refused(low, high):
    with pytest.raises(InputError, match="a range of speeds goes from"):
        warped([template()], low, high, STEP, 1)


def test_a_range_that_takes_too_many_speeds_is_refused():
    with pytest.raises(InputError, match="400 at most: take less warp="):
        warped([Template("long", [0, 1], [0, 1.0])], 0.5, 2, STEP, 1)
