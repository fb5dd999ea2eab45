"""The stored stretch itself is told from other occurrences."""

import dataclasses

import numpy as np
import pytest

from wmdelays import Raster
from wmdelays.find.itself import Itself
from wmdelays.find.templates import Template
from wmdelays.validation.find.stored import find_patterns

STEP = 1e-3
N_STEPS = 6000
# Where the recording was stored from, and where the pattern is once more; 2 s were cut off before.
STORED, AGAIN, CUT = 1500, 4200, 2.0


@pytest.fixture(scope="module")
def recording():
    """Noise with a template at two times, of which one is where it was stored."""
    rng = np.random.default_rng(3)
    neurons, lags = rng.integers(0, 20, 14), np.sort(rng.choice(60, 14, replace=False))
    lags -= lags[0]
    units = np.r_[rng.integers(0, 20, 400), neurons, neurons[:12]]
    steps = np.r_[rng.integers(0, N_STEPS, 400), lags + STORED, lags[:12] + AGAIN]
    raster = Raster(units, (steps + 0.3) * STEP, 20, N_STEPS * STEP, start=CUT)
    template = Template("piece", neurons, lags * STEP, stored_at=CUT + STORED * STEP)
    return raster, template


def looked_for(raster, template, **settings):
    return find_patterns([template], raster, step=STEP, draws=20, **settings)


def test_the_stored_stretch_is_no_occurrence_unless_it_is_asked_for(recording):
    found = looked_for(*recording)
    assert [one.onset for one in found.findings.occurrences] == [AGAIN]
    assert [(one.onset, one.completeness) for one in found.findings.itself] == [(STORED, 1.0)]
    assert found.summary.startswith("Yes: 1 occurrence above chance elsewhere; a surrogate has")
    assert "not counted (with_itself=True)" in found.summary
    # The best match, and the levels, are those of what counts.
    assert found.findings.tested[0].best == 12
    assert found.findings.levels[-1].n_found == 0

    both = looked_for(*recording, with_itself=True)
    marks = [(one.onset, one.itself) for one in both.findings.occurrences]
    assert marks == [(STORED, True), (AGAIN, False)]
    assert both.summary.startswith("Yes: 2 occurrences above chance; ")
    assert both.findings.tested[0].best == 14 and both.findings.levels[-1].n_found == 1


def test_a_stored_stretch_that_does_not_recur_is_answered_with_no(recording):
    raster, template = recording
    kept = raster.times < (AGAIN - 100) * STEP
    early = dataclasses.replace(raster, neurons=raster.neurons[kept], times=raster.times[kept])
    found = looked_for(early, template)
    assert found.findings.occurrences == [] and len(found.findings.itself) == 1
    assert found.summary.startswith("No: 0 occurrences above chance elsewhere; ")
    assert "The best match has p = " in found.summary
    # The stored stretch alone is no yes, either.
    alone = looked_for(early, template, with_itself=True)
    assert alone.summary.startswith("No: 1 occurrence above chance; ")


def test_another_recording_is_not_the_stored_one_whatever_its_clock(recording):
    raster, template = recording
    other = dataclasses.replace(template, stored_at=CUT + 3.0)
    assert looked_for(raster, other).findings.itself == []
    assert len(looked_for(raster, other).findings.occurrences) == 2
    # A copy may lack a spike, and have all a step later.
    copy = dataclasses.replace(
        raster, neurons=raster.neurons, times=np.minimum(raster.times + STEP, raster.duration)
    )
    gone = np.flatnonzero(copy.neurons == template.neurons[3])
    near = gone[np.argmin(np.abs(copy.times[gone] - (STORED + 1) * STEP - template.times[3]))]
    copy = dataclasses.replace(
        copy, neurons=np.delete(copy.neurons, near), times=np.delete(copy.times, near)
    )
    assert len(looked_for(copy, template).findings.itself) == 1


def test_speeds_near_one_are_the_stretch_itself_and_a_replay_within_it_is_not(recording):
    raster, template = recording
    speeds = (1.0, 1.1, 5.0, -1.0)
    made = [template.at_speed(one) for one in speeds]
    itself = Itself(made, raster, STEP, CUT, 1)
    assert [itself.onset(k) for k in range(4)] == [STORED, None, None, None]
    assert [itself.is_itself(k, STORED + 2) for k in range(4)] == [True, True, False, False]
    assert not itself.is_itself(0, STORED + 3) and not itself.is_itself(1, STORED + 60)
