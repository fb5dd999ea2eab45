"""Learning from damage: presentations that differ each time, and what a neuron gets out of them."""

from pathlib import Path

import numpy as np
import pytest

from wmdelays import refractory, store
from wmdelays.errors import InputError
from wmdelays.neurons import Variability
from wmdelays.timing import score_times
from wmdelays.training.continuous.recall import recall
from wmdelays.training.rules.timed_margin import learner as learning
from wmdelays.training.rules.timed_margin.damage import Damage
from wmdelays.training.rules.timed_margin.presentations import presentation

N_NEURONS, N_DELAYS, TICKS_OF_A_STEP, N_TICKS = 30, 8, 10, 4000


@pytest.fixture
def spikes():
    rng = np.random.default_rng(0)
    return np.sort(rng.integers(0, N_TICKS, 200)), rng.integers(0, N_NEURONS, 200)


def arrivals(damage, spikes, places=None, seed=0):
    if places is None:
        places = np.arange(N_NEURONS * N_DELAYS, dtype=np.int32)
    rng = np.random.default_rng(seed)
    place, first = damage.arrivals(*spikes, places, N_DELAYS, TICKS_OF_A_STEP, 0.1, N_TICKS, rng)
    assert len(first) == N_TICKS + 1 and first[-1] == len(place)
    return place, np.repeat(np.arange(N_TICKS), np.diff(first))


def whole(spikes):
    shown = presentation(*spikes, N_NEURONS, N_DELAYS, TICKS_OF_A_STEP, N_TICKS)
    return shown, np.repeat(np.arange(N_TICKS), np.diff(shown.first))


def test_without_damage_everything_arrives_when_it_does_elsewhere(spikes):
    shown, expected = whole(spikes)
    place, at = arrivals(Damage(), spikes)
    assert sorted(zip(at, place)) == sorted(zip(expected, shown.place))
    # A neuron without some of the synapses gets nothing by them.
    rows = np.full(N_NEURONS * N_DELAYS, -1, np.int32)
    rows[[3, 50, 90]] = [0, 1, 2]
    place, at = arrivals(Damage(), spikes, rows)
    kept = np.isin(shown.place, [3, 50, 90])
    assert sorted(zip(at, place)) == sorted(zip(expected[kept], rows[shown.place[kept]]))


def test_failures_and_background_have_the_sizes_that_they_have_in_recalls(spikes):
    shown, _ = whole(spikes)
    n = len(shown.place)
    place, _ = arrivals(Damage(release_failures=0.25), spikes)
    assert abs(len(place) / n - 0.75) < 5 * np.sqrt(0.25 * 0.75 / n)
    assert Damage(release_failures=0.2).gain * 0.8 == 1 and Damage(background=0.2).gain == 1
    more = np.array([len(arrivals(Damage(background=0.5), spikes, seed=k)[0]) for k in range(40)])
    assert abs(more.mean() / n - 1.5) < 0.05


def test_jitter_moves_a_spike_at_all_its_synapses_alike():
    spikes = np.array([2000]), np.array([4])
    found = []
    for seed in range(400):
        place, at = arrivals(Damage(jitter=0.5), spikes, seed=seed)
        np.testing.assert_array_equal(place, 4 * N_DELAYS + np.arange(N_DELAYS))
        assert (np.diff(at) == TICKS_OF_A_STEP).all()
        found.append(at[0] - 2010)
    assert abs(np.std(found) - 5) < 1 and abs(np.mean(found)) < 1


def test_draws_come_from_the_generator_alone(spikes):
    damage = Damage(0.3, 0.1, 0.2)
    one, again, other = (arrivals(damage, spikes, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one[0], again[0]) and np.array_equal(one[1], again[1])
    assert not np.array_equal(one[0], other[0])


@pytest.fixture(scope="module")
def patterns():
    return refractory(48, 240, 1, rate=0.008, interval=20, seed=0)


SETTINGS = {"neurons": "lif-exp", "n_delays": 20, "max_synapses": 150}
NONE = {"release_failures": 0, "background": 0, "membrane_noise": 0, "jitter": 0}


@pytest.fixture(scope="module")
def clean(patterns):
    return store(patterns, **SETTINGS)


@pytest.fixture(scope="module")
def learned(patterns):
    return store(patterns, **SETTINGS, damaged_epochs=3)


def test_what_was_learned_from_damage_is_exact_and_bears_noise(clean, learned):
    assert learned.made["reached"]["open_loop_errors"] == 0
    assert learned.made["scores"]["f1"] == 1
    assert learned.made["settings"]["damaged_epochs"] == 3
    noise = Variability(membrane_noise=1.0, release_failures=0.1)

    def borne(memory):
        recalls = recall(memory, memory.cues() * 8, variability=noise)
        return score_times(recalls, memory.patterns * 8).f1_lag_followed

    assert borne(learned) > borne(clean) + 0.02


@pytest.fixture(scope="module")
def hardly(patterns):
    """What is learned in one damaged epoch with damage of the given sizes."""
    quick = {"neurons": "lif-exp", "n_delays": 20, "epochs": 2, "damaged_epochs": 1}
    return lambda **sizes: store(patterns, **quick, **NONE | sizes).fingerprint()


def test_each_kind_of_damage_changes_what_is_learned(hardly):
    kinds = [hardly(**{kind: 0.1}) for kind in NONE]
    assert len({hardly(), *kinds}) == 1 + len(NONE)


def test_the_same_seed_gives_the_same_weights_however_many_neurons_learn_at_once(
    patterns, learned, processors, monkeypatch
):
    monkeypatch.setattr(learning, "_TOGETHER", 1)
    processors(3)
    again = store(patterns, **SETTINGS, damaged_epochs=3)
    assert again.fingerprint() == learned.fingerprint()


class Interrupted(Exception):
    """What stops a learning in the middle."""


def test_an_interrupted_learning_goes_on_bit_for_bit(patterns, learned, tmp_path):
    path, calls = Path(tmp_path / "state.h5"), 0

    def stop(stage, part):
        nonlocal calls
        calls += 1
        if calls == 30:
            raise Interrupted

    options = {"damaged_epochs": 3, "checkpoint": path, "checkpoint_every": 0, "progress": stop}
    with pytest.raises(Interrupted):
        store(patterns, **SETTINGS, **options)
    assert path.exists()
    assert store(patterns, **SETTINGS, **options).fingerprint() == learned.fingerprint()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"release_failures": 1.0}, "release_failures is 1.0; it has to"),
        ({"membrane_noise": -1.0}, "membrane_noise is -1.0; it has to"),
        ({"damaged_epochs": -1}, "damaged_epochs is -1"),
    ],
)
def test_damage_that_makes_no_sense_is_refused(patterns, options, words):
    with pytest.raises(InputError, match=words):
        store(patterns, **SETTINGS, **options)
