"""PPSeq: the model's likelihood never falls, and planted sequences are found."""

import numpy as np
import pytest

from wmdelays import InputError, Raster
from wmdelays.find.unknown import ppseq_search
from wmdelays.find.unknown.binned_spikes import BinnedSpikes
from wmdelays.find.unknown.sequence_model import best_sequence
from wmdelays.validation.find.unknown import find_unknown_patterns

STEP, WINDOW = 0.005, 24


def planted(size=8, n_units=16, duration=16.0, occurrences=16, jitter=0.004, dropout=0.25, seed=0):
    """A raster with a sequence, the sequence's units, their lags, and when it occurs."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(3 * n_units * duration)
    neurons, times = [rng.integers(0, n_units, n)], [rng.uniform(0, duration, n)]
    units, lags = rng.permutation(n_units)[:size], np.linspace(0, 0.08, size)
    # One a slot, so that none is within another, at irregular times.
    starts = (np.arange(occurrences) + rng.uniform(0.1, 0.9, occurrences)) * duration / occurrences
    for start in starts:
        there = rng.random(size) >= dropout
        neurons.append(units[there])
        times.append(start + lags[there] + rng.normal(0, jitter, there.sum()))
    neurons, times = np.concatenate(neurons), np.concatenate(times)
    order = np.argsort(times, kind="stable")
    return Raster(neurons[order], times[order], n_units, duration), units, lags, starts


def dense(raster):
    """Spike counts, shape (n_units, n_bins)."""
    counts = np.zeros((raster.n_neurons, raster.n_steps(STEP)))
    np.add.at(counts, (raster.neurons, raster.steps(STEP)), 1)
    return counts


@pytest.mark.parametrize("n_units", [40, 16])
def test_sums_over_cells_are_those_of_the_dense_model(n_units):
    """Against the convolutions of the model as it is written down, over all bins.

    With few units there are many bins for each spike, and sums go over the spikes.
    """
    raster, *_ = planted(n_units=n_units)
    spikes, counts, rng = (
        BinnedSpikes(raster, STEP, WINDOW),
        dense(raster),
        np.random.default_rng(2),
    )
    template = rng.random((raster.n_neurons, WINDOW))
    amplitudes = rng.random(counts.shape[1])
    rates = np.array([np.convolve(amplitudes, w)[: counts.shape[1]] for w in template])
    assert spikes.added(amplitudes, template) == pytest.approx(rates[spikes.unit, spikes.bin])
    assert (spikes._begins is None) == (n_units == 40)

    def correlated(values, w):
        return np.correlate(np.pad(values, (0, WINDOW - 1)), w, "valid")

    there = counts > 0
    values = np.where(there, rng.random(counts.shape), 0)
    earlier = np.array(
        [np.roll(amplitudes, d) * (np.arange(len(amplitudes)) >= d) for d in range(WINDOW)]
    )
    assert spikes.before(values[spikes.unit, spikes.bin], amplitudes) == pytest.approx(
        values @ earlier.T
    )
    expected = sum(correlated(*pair) for pair in zip(values, template))
    given = values[spikes.unit, spikes.bin]
    assert spikes.gains(given, template) == pytest.approx(expected)
    before = 0.1 + rng.random(counts.shape)
    expected = np.zeros(counts.shape[1])
    for start in range(counts.shape[1]):
        n = min(WINDOW, counts.shape[1] - start)
        ahead = slice(start, start + n)
        expected[start] = (counts[:, ahead] * np.log1p(template[:, :n] / before[:, ahead])).sum()
    given = before[spikes.unit, spikes.bin]
    assert spikes.log_ratios(template, given) == pytest.approx(expected)


def test_moments_of_gaussians_are_their_parts_offsets_and_widths():
    spikes = BinnedSpikes(planted()[0], STEP, WINDOW)
    n = spikes.n_units
    parts = np.arange(1, n + 1) / (n * (n + 1) / 2)
    offsets, widths = np.linspace(8, 15, n), np.linspace(1, 2, n)
    got = spikes.matched(3 * spikes.template(parts, offsets, widths))
    # The time within a bin adds to the variance.
    for one, other in zip(got, (parts, offsets, np.sqrt(widths**2 + 1 / 12))):
        assert one == pytest.approx(other, rel=1e-3)


@pytest.fixture
def few_tries(monkeypatch):
    """In small rasters fewer beginnings do."""
    monkeypatch.setattr(ppseq_search, "_TRIES", 120)
    monkeypatch.setattr(ppseq_search, "_FITTED", 4)


def test_a_sequence_with_jitter_and_dropout_is_found_and_nothing_else(few_tries):
    raster, units, lags, starts = planted()
    found = find_unknown_patterns(raster, "ppseq", step=STEP, window=WINDOW * STEP, start=5.0)
    (one,) = found.unknown.patterns
    assert set(one.neurons) <= set(units.tolist()) and len(one.neurons) >= 7
    lag_of = dict(zip(units.tolist(), lags))
    expected = np.array([lag_of[unit] for unit in one.neurons])
    assert np.abs(np.array(one.lags) - (expected - expected[0])).max() < 0.006
    assert np.median(one.widths) == pytest.approx(0.004, abs=0.002)
    near = [np.abs(starts + expected[0] - t).min() < 0.012 for t in one.times]
    # Of 16; spikes at random may look like another one.
    assert sum(near) >= 14 and len(near) <= 18
    assert one.p_value == 0.05 and found.unknown.chance == [0] * 19
    scores = found.unknown.tested["scores"]
    assert len(scores) == 2 and scores[1] <= max(found.unknown.tested["scores_by_chance"])
    assert found.as_dict()["patterns"][0]["times_s"][0] == pytest.approx(5.0 + one.times[0])
    assert "more than the best of 19 surrogates" in found.tested


@pytest.mark.parametrize("seed", [1, 4])
def test_two_sequences_are_two_types(few_tries, seed):
    """They are alike in length, so that they would fit as one with half of the units each time."""
    one, *_ = planted(size=7, duration=24.0, jitter=0.002, dropout=0.1, seed=seed)
    other, *_ = planted(size=7, duration=24.0, jitter=0.002, dropout=0.1, seed=seed + 50)
    neurons = np.concatenate([one.neurons, other.neurons + 16])
    times = np.concatenate([one.times, other.times])
    spikes = BinnedSpikes(Raster(neurons, times, 32, 24.0), STEP, WINDOW)
    explained, halves = np.zeros(len(spikes.count)), set()
    for _ in range(2):
        best = best_sequence(spikes, explained, np.random.default_rng(0), 120, 4, lambda part: None)
        of_one, of_other = np.bincount(np.flatnonzero(best.each > 12) // 16, minlength=2)
        # Where both happen to be within a window, a unit of the other one joins.
        assert max(of_one, of_other) >= 6 and min(of_one, of_other) <= 1
        assert len(best.occurrences) > 12
        halves.add(of_one > of_other)
        explained += best.explained
    assert halves == {True, False}


def test_the_same_seed_gives_the_same_bits(few_tries):
    raster, *_ = planted(occurrences=6)
    settings = {"step": STEP, "window": 0.1, "draws": 1, "alpha": 0.5, "seed": 3}
    first, again = (find_unknown_patterns(raster, "ppseq", **settings) for _ in range(2))
    assert first.unknown == again.unknown


def test_what_would_take_too_long_is_refused_at_once(few_tries, monkeypatch):
    raster, *_ = planted(duration=2.0, occurrences=1)
    now = iter(range(10_000))
    monkeypatch.setattr(ppseq_search.time, "monotonic", lambda: next(now))
    told = []
    # A second for each of some hundred beginnings makes 0.3 of the raster, and there are 20 rasters.
    with pytest.raises(InputError, match=r"about \d\.\d h here, more than the 67 min that it may"):
        find_unknown_patterns(
            raster, "ppseq", max_time=4000.0, progress=lambda stage, part: told.append(part)
        )
    assert 0 < len(told) < 60


def test_what_cannot_be_looked_for_is_refused(monkeypatch):
    raster, *_ = planted(duration=2.0, occurrences=1)
    with pytest.raises(InputError, match="at least 10 windows"):
        find_unknown_patterns(raster, "ppseq", window=0.5)
    with pytest.raises(InputError, match="at least 19 surrogates"):
        find_unknown_patterns(raster, "ppseq", draws=18)
    with pytest.raises(InputError, match="at least 30 units"):
        find_unknown_patterns(raster, "ppseq", min_spikes=30)
    with pytest.raises(InputError, match="has not come to an end in"):
        find_unknown_patterns(raster, "ppseq", max_time=1e-6)
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 10)
    monkeypatch.setattr("wmdelays.machine.free_memory._LITTLE", 0)
    with pytest.raises(InputError, match="PPSeq on 400 bins"):
        find_unknown_patterns(raster, "ppseq")
