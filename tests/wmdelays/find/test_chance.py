"""Which occurrences of templates are more than chance makes."""

import numpy as np
import pytest

from wmdelays import InputError, Raster
from wmdelays.find.chance import search
from wmdelays.find.occurrences import Coverage
from wmdelays.find.templates import Template

STEP = 1e-3
N_NEURONS, N_STEPS = 30, 4000


def noise(seed, rate=0.01):
    return np.random.default_rng(seed).random((N_STEPS, N_NEURONS)) < rate


def shuffled(raster, number, seed=0):
    """Surrogates that keep the number of spikes of each neuron, and nothing else."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        times = rng.integers(0, N_STEPS, len(raster)) * STEP
        yield Raster(raster.neurons, times, raster.n_neurons, raster.duration)


def templates(seed, n=4, n_spikes=15, span=60):
    rng = np.random.default_rng(seed)
    return [
        Template(
            f"pattern {k}",
            rng.integers(0, N_NEURONS, n_spikes),
            np.r_[0, rng.integers(0, span, n_spikes - 1)] * STEP,
        )
        for k in range(n)
    ]


def looked_for(made, raster, n=20, **settings):
    return search(made, raster, shuffled(raster, n), n, step=STEP, **settings)


def plant(dense, template, onset, rng, jitter=0, lost=0):
    """Put a template into a dense raster, moved by up to `jitter` steps, without `lost` spikes."""
    neurons, steps = template.on_grid(STEP)
    for k in rng.permutation(len(steps))[lost:]:
        dense[onset + steps[k] + rng.integers(-jitter, jitter + 1), neurons[k]] = True


def test_planted_patterns_are_found_where_they_are_in_spite_of_jitter_and_lost_spikes():
    rng, made, dense = np.random.default_rng(5), templates(1), noise(2)
    planted = [(0, 300), (2, 900), (0, 1700), (3, 2600), (2, 3500)]
    for k, onset in planted:
        plant(dense, made[k], onset, rng, jitter=2, lost=3)
    found = looked_for(made, Raster.from_dense(dense, STEP), jitter=2, expected_false=0.05)
    assert [one.template for one in found.occurrences] == [k for k, _ in planted]
    for one, (k, onset) in zip(found.occurrences, planted):
        assert abs(one.onset - onset) <= 2
        assert one.completeness >= 0.8 and one.n_matched <= 15
        assert 0 < one.deviation <= 2
        assert one.p_value == 1 / 21
    assert found.untested == {} and found.n_chance <= 0.05
    # What is not there is not found, and needs more spikes than it gets.
    absent = found.tested[1]
    assert absent.best < absent.least_matched


def test_rasters_without_patterns_hold_nothing_above_chance():
    n_found, made = 0, templates(3, n=6)
    for seed in range(20):
        found = looked_for(made, Raster.from_dense(noise(100 + seed), STEP), n=20)
        n_found += bool(found.occurrences)
        assert found.n_chance <= 0.05
    # With 0.05 expected in each, five or more of 20 would have a probability of 0.003.
    assert n_found <= 4


def test_scores_and_p_values_are_those_of_the_definition():
    made = templates(7, n=3, n_spikes=6, span=20)
    raster = Raster.from_dense(noise(8, 0.02), STEP)
    found = looked_for(made, raster, n=12, jitter=1, min_completeness=0.5)

    def best(one):
        coverage = Coverage(one, STEP, 1)
        return np.array([coverage.matched(*each.on_grid(STEP)).max() for each in made])

    chance = np.array([best(one) for one in shuffled(raster, 12)])
    assert [one.chance.tolist() for one in found.tested] == chance.T.tolist()
    assert [one.best for one in found.tested] == best(raster).tolist()

    def score(m, b):
        return (m - b.mean()) / np.sqrt(b.var() + 0.25)

    highest = [
        max(score(chance[s, k], np.delete(chance[:, k], s)) for k in range(3)) for s in range(12)
    ]
    assert found.chance_score == pytest.approx(highest)
    assert len(found.occurrences) > 10
    for one in found.occurrences:
        value = score(one.n_matched, chance[:, one.template])
        assert one.score == pytest.approx(value)
        assert one.p_value == (1 + sum(h >= value - 1e-12 for h in highest)) / 13
        assert one.completeness == one.n_matched / 6 >= 0.5


def test_levels_count_the_peaks_of_raster_and_surrogates():
    made = templates(7, n=3, n_spikes=6, span=20)
    raster = Raster.from_dense(noise(8, 0.02), STEP)
    found = looked_for(made, raster, n=12, jitter=1, min_completeness=0.5)
    at = {round(one.completeness, 1): one for one in found.levels}
    assert at[0.5].n_found == len(found.occurrences)
    assert at[0.5].n_chance == found.n_chance
    assert at[0.8].n_found == sum(one.n_matched >= 5 for one in found.occurrences)
    assert [one.n_found for one in found.levels] == sorted(
        (one.n_found for one in found.levels), reverse=True
    )


def test_the_expected_number_by_chance_decides_what_is_listed():
    made, raster = templates(7, n=3, n_spikes=6, span=20), Raster.from_dense(noise(8, 0.02), STEP)
    numbers = []
    for expected in (0.05, 0.5, 5):
        found = looked_for(made, raster, n=20, expected_false=expected)
        assert found.n_chance <= expected
        assert all(one.score > found.least_score for one in found.occurrences)
        numbers.append(len(found.occurrences))
    assert numbers == sorted(numbers) and numbers[-1] > numbers[0]


def test_no_more_is_listed_by_chance_than_was_asked_for():
    """Rasters and surrogates of the same kind: what is listed, and p, are chance alone."""

    def another(rng):
        return Raster.from_dense(rng.random((400, 20)) < 0.05, STEP)

    n_listed, low, n_runs, n = 0, 0, 300, 10
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        made = [
            Template(f"{k}", rng.integers(0, 20, 40), rng.integers(0, 30, 40) * STEP)
            for k in range(3)
        ]
        others = (another(rng) for _ in range(n))
        found = search(made, another(rng), others, n, step=STEP, expected_false=0.1)
        n_listed += len(found.occurrences)
        p = (1 + np.count_nonzero(found.chance_score >= found.best_score)) / (1 + n)
        low += p <= 1 / 11 + 1e-9
    # 30 and 27 are expected at most; three standard deviations more.
    assert n_listed <= 30 + 3 * 30**0.5
    assert low <= 27 + 3 * 27**0.5


def test_occurrences_keep_their_distance():
    rng, made, dense = np.random.default_rng(5), templates(1), noise(2)
    _, steps = made[0].on_grid(STEP)
    # The second begins before the first is over.
    plant(dense, made[0], 300, rng)
    plant(dense, made[0], 300 + int(steps[-1]) - 10, rng)
    raster = Raster.from_dense(dense, STEP)
    assert len(looked_for(made, raster, expected_false=0.05).occurrences) == 1
    close = looked_for(made, raster, expected_false=0.05, gap=20)
    assert [one.onset for one in close.occurrences] == [300, 300 + int(steps[-1]) - 10]


def test_of_several_speeds_the_best_is_listed():
    rng, dense, made = np.random.default_rng(5), noise(2), templates(1, n=1)[0]
    plant(dense, made.at_speed(-1), 800, rng)
    plant(dense, made.at_speed(2), 2000, rng)
    raster = Raster.from_dense(dense, STEP)
    speeds = [1, 1.5, 2, 2.5, -1]
    found = looked_for([made.at_speed(speed) for speed in speeds], raster, jitter=2)
    assert [speeds[one.template] for one in found.occurrences] == [-1, 2]
    assert [one.onset for one in found.occurrences] == [800, 2000]


def test_what_cannot_be_looked_for_is_said():
    made = [
        *templates(1, n=1),
        Template("few", [0, 1, 2], [0, 0.01, 0.02]),
        Template("long", np.arange(10), np.arange(10) * 0.5),
        Template("silent", np.arange(40, 50), np.arange(10) * STEP),
    ]
    raster = Raster.from_dense(noise(2), STEP)
    found = looked_for(made, raster)
    assert [one.number for one in found.tested] == [0]
    assert found.untested == {
        1: "with fewer than 5 spikes",
        2: "longer than the raster",
        3: "of units that are silent in the raster",
    }
    with pytest.raises(InputError, match="nothing to look for: templates 1 with fewer than 5"):
        looked_for(made[1:2], raster)
    with pytest.raises(InputError, match="there are no templates"):
        looked_for([], raster)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n": 9}, "draws is 9"),
        ({"jitter": -1}, "jitter is -1"),
        ({"jitter": 0.5}, "jitter is 0.5"),
        ({"min_spikes": 1}, "min-spikes is 1"),
        ({"min_completeness": 0.0}, "min-completeness is 0.0"),
        ({"min_completeness": 1.5}, "min-completeness is 1.5"),
        ({"expected_false": 0.0}, "expected-false is 0"),
        ({"expected_false": 0.01}, "takes at least 100 surrogates"),
        ({"gap": 0}, "gap is 0"),
    ],
)
def test_settings_without_sense_are_refused_before_any_surrogate(settings, words):
    def none():
        raise AssertionError("a surrogate was made")
        yield

    number = settings.pop("n", 20)
    raster = Raster.from_dense(noise(2), STEP)
    with pytest.raises(InputError, match=words):
        search(templates(1), raster, none(), number, step=STEP, **settings)


def test_figures_mark_each_occurrence_where_it_is():
    from wmdelays.plots.occurrences import close_figure, maxima_figure, occurrences_figure

    rng, made, dense = np.random.default_rng(5), templates(1), noise(2)
    for k, onset in ((0, 300), (2, 900), (0, 1700)):
        plant(dense, made[k], onset, rng, lost=1)
    raster = Raster.from_dense(dense, STEP)
    found = looked_for(made, raster)
    above, *rows = occurrences_figure(found, raster, start=10.0).axes
    assert [line.get_xdata()[0] for line in above.lines[1:]] == pytest.approx([10.3, 10.9, 11.7])
    assert rows[0].get_title("left") == "pattern 0, 15 spikes" and len(rows) == 4
    marks = [line.get_xdata()[0] for line in rows[0].lines if line.get_marker() == "v"]
    assert marks == pytest.approx([10.3, 11.7])
    panels = close_figure(found, raster, start=10.0).axes
    assert sum(bool(panel.get_title("left")) for panel in panels) == 3
    crosses = [line for line in panels[0].lines if line.get_marker() == "x"]
    assert len(crosses[0].get_xdata()) == 1
    assert "score" in maxima_figure(found).axes[0].get_xlabel()
    # Nothing found is drawn as well.
    nothing = looked_for(made, Raster.from_dense(noise(2), STEP))
    assert nothing.occurrences == [] and close_figure(nothing, raster) is None
    assert len(occurrences_figure(nothing, raster).axes) == 5 and maxima_figure(nothing).axes
