"""Events in which units fire in the order of a template."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from wmdelays import InputError, Raster
from wmdelays.find.replay import candidate_events, replay
from wmdelays.find.templates import Template
from wmdelays.validation.find.replayed import find_replay

N_UNITS, SECONDS = 20, 40.0
ORDER = [4, 0, 7, 2, 9, 5, 1, 8]


def bursts(seed, sequences=(), n_events=50, same=False):
    """Sparse noise, and bursts in which each unit fires once or twice, in any order.

    In those that are numbered in `sequences` the units of ORDER fire in their order, with its sign;
    with `same`, units fire in one other order in all.
    """
    rng = np.random.default_rng(seed)
    onsets = 0.2 + np.arange(n_events) * (SECONDS - 0.5) / n_events
    units, times = [rng.integers(0, N_UNITS, 60)], [rng.random(60) * SECONDS]
    other = rng.random(N_UNITS)
    for k, onset in enumerate(onsets):
        when = other + 0.1 * rng.random(N_UNITS) if same else rng.random(N_UNITS)
        for number, sign in sequences:
            if number == k:
                when[ORDER] = np.arange(len(ORDER))[::sign] / len(ORDER)
        there = np.flatnonzero(rng.random(N_UNITS) < 0.7)
        units += [there, there[::2]]
        times += [onset + 0.1 * when[there], onset + 0.1 * when[there[::2]] + 0.02]
    return Raster(np.concatenate(units), np.concatenate(times), N_UNITS, SECONDS), onsets


def outcome(raster, **settings):
    events = candidate_events(raster, threshold=2.0)
    return replay(ORDER, raster, events, **{"min_units": 4, "shuffles": 199, **settings})


def test_candidate_events_are_the_bursts_of_the_population():
    raster, onsets = bursts(1)
    events = candidate_events(raster, threshold=2.0)
    assert len(events) == len(onsets)
    for onset in onsets:
        assert np.any((events[:, 0] <= onset + 0.02) & (events[:, 1] >= onset + 0.06))
    assert len(candidate_events(raster, threshold=2.0, longest=0.06)) == 0
    for settings, words in (
        ({"smoothing": 0}, "the smoothing is 0 ms"),
        ({"threshold": -1}, "the threshold is -1"),
        ({"longest": 0.01}, "which is no range"),
    ):
        with pytest.raises(InputError, match=words):
            candidate_events(raster, **settings)


def test_correlations_and_p_values_are_those_of_the_definition():
    raster, _ = bursts(2)
    # Two units that fire together in the template share a rank.
    ranks = np.array([0, 1, 1, 3, 4, 5, 6, 7])
    made = outcome(raster, ranks=ranks, shuffles=99)
    assert len(made.events) > 30
    place = np.full(N_UNITS, -1)
    place[ORDER] = ranks
    for one in made.events[:10]:
        inside = (raster.times >= one.start) & (raster.times < one.stop)
        units, first = np.unique(raster.neurons[inside], return_index=True)
        known = place[units] >= 0
        times = raster.times[inside][first][known]
        assert one.n_units == known.sum() >= 4
        assert one.correlation == pytest.approx(spearmanr(place[units[known]], times).statistic)
    p = np.array([one.p_value for one in made.events])
    assert np.all(np.isclose(p * 100, np.rint(p * 100))) and p.min() >= 0.01
    assert made.p_value == (1 + np.sum(made.chance.sum(axis=1) >= len(made.counted))) / 100


def test_replays_are_found_in_both_directions_and_at_any_tempo():
    sequences = [(3, 1), (8, -1), (15, 1), (22, 1), (31, -1), (40, 1), (44, 1), (47, -1)]
    raster, onsets = bursts(5, sequences)
    made = outcome(raster)
    ways = {}
    for one in made.counted:
        ways[int(np.argmin(np.abs(onsets - one.start)))] = np.sign(one.correlation)
    # Where few units fire, or one of them before, the order is no evidence.
    assert len({k for k, _ in sequences} & set(ways)) >= 6
    assert all(ways[k] == sign for k, sign in sequences if k in ways)
    assert made.p_value == 1 / 200
    assert len(made.counted) > made.chance.sum(axis=1).max()


@pytest.mark.parametrize("same", [False, True], ids=["any order", "one other order"])
def test_where_there_is_no_replay_the_level_holds(same):
    # Events that all have one order, another than the template's, are no evidence by their number.
    p = [
        outcome(bursts(100 + k, n_events=15, same=same)[0], shuffles=39).p_value for k in range(60)
    ]
    # Of 60 at a level of 0.05, 9 or more have a probability of 0.004.
    assert np.sum(np.array(p) <= 0.05) <= 8
    assert np.median(p) > 0.2


def test_events_in_the_stored_stretch_are_not_counted_unless_it_is_asked_for():
    raster, onsets = bursts(5, [(3, 1), (15, 1)])
    template = Template("pattern", np.array(ORDER), np.arange(8) / 80, stored_at=float(onsets[3]))
    # The stretch is stored where the raster has its spikes.
    there = [
        np.abs(raster.times - onsets[3] - k / 80)[raster.neurons == n].min()
        for k, n in enumerate(ORDER)
    ]
    held = np.array(there) < 0.002
    template = Template(
        "pattern",
        np.array(ORDER)[held],
        np.arange(8)[held] / 80,
        stored_at=float(onsets[3] + template.times[held][0]),
    )
    settings = dict(min_spikes=4, threshold=2.0, shuffles=19)
    found = find_replay([template], raster, **settings)
    both = find_replay([template], raster, **settings, with_itself=True)
    assert found.n_itself == 1 and both.n_itself == 0
    (_, made), (_, all_of_them) = found.best, both.best
    assert len(all_of_them.events) - len(made.events) == 1
    assert "not counted for its own template: 1" in found.tested


def test_too_few_units_that_spike_are_refused():
    raster, _ = bursts(1)
    silent = Template("silent", np.arange(30, 40), np.arange(10) * 0.1)
    with pytest.raises(InputError, match="no template has 5 units or more that spike"):
        find_replay([silent], raster)
