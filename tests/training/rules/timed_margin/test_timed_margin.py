"""The rule `timed-margin`: neurons in continuous time fire at the stored ticks and at no others."""

from pathlib import Path

import numpy as np
import pytest

from wmdelays import Raster, read_memory, refractory, score, store, write_memory
from wmdelays.brian_models import recall as recall_in_brian2
from wmdelays.errors import InputError
from wmdelays.neurons import NEURONS, Neurons, Variability, mixed
from wmdelays.timing import score_times
from wmdelays.training.continuous.recall import recall
from wmdelays.training.rules.timed_margin import learner as learning

# A model of each kind of loop: current and conductance synapses, without and with an upswing.
MODELS = ("lif-exp", "lif-cond", "adex", "izhikevich-exp")


def patterns(n_patterns=2, n_neurons=48, seed=0):
    """Patterns at ticks off the grid of steps, with intervals that every model can follow."""
    found = refractory(n_neurons, 240, n_patterns, rate=0.008, interval=20, seed=seed)
    rng = np.random.default_rng(seed)
    return [
        Raster.from_steps(
            one.neurons,
            np.minimum(one.steps(1e-3) * 10 + rng.integers(0, 10, len(one)), 2399),
            n_neurons,
            2400,
            1e-4,
        )
        for one in found
    ]


@pytest.fixture(scope="module")
def stored():
    """The memory of each model, stored when it is first asked for."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = store(patterns(), neurons=name, n_delays=20)
        return made[name]

    return get


@pytest.mark.parametrize("name", MODELS)
def test_every_stored_spike_comes_at_its_tick_and_no_other(stored, name):
    memory = stored(name)
    recalls = recall(memory, memory.cues())
    assert score(recalls, memory.patterns).total.f1 == 1
    assert sum(len(one.own) for one in recalls) > 50
    assert memory.made["reached"]["open_loop_errors"] == 0 and not memory.made["left_out"]
    assert memory.made["scores"]["f1"] == 1


@pytest.mark.parametrize("name", MODELS)
def test_brian2_recalls_the_same_spikes(stored, name):
    memory = stored(name)
    compiled, simulated = (
        simulate(memory, memory.cues()) for simulate in (recall, recall_in_brian2)
    )
    for one, other in zip(compiled, simulated):
        np.testing.assert_array_equal(one.emitted.neurons, other.emitted.neurons)
        np.testing.assert_array_equal(one.emitted.times, other.emitted.times)


@pytest.mark.parametrize("name", MODELS)
def test_the_distance_that_is_printed_is_that_of_the_closed_loop(stored, name):
    memory = stored(name)
    nearest = min(memory.made["reached"][side] for side in ("below", "above"))
    calls = [one.closest_call for one in recall(memory, memory.cues())]
    assert min(calls) == pytest.approx(nearest, rel=1e-6) and nearest > 0


def test_a_memory_file_holds_it(stored, tmp_path):
    memory = stored("adex")
    write_memory(tmp_path / "m.h5", memory)
    again = read_memory(tmp_path / "m.h5")
    assert again.fingerprint() == memory.fingerprint()
    assert again.made["reached"] == memory.made["reached"]


def test_the_same_seed_gives_the_same_memory_however_many_neurons_learn_at_once(
    stored, processors, monkeypatch
):
    monkeypatch.setattr(learning, "_TOGETHER", 1)
    processors(3)
    again = store(patterns(), neurons="lif-exp", n_delays=20)
    assert again.fingerprint() == stored("lif-exp").fingerprint()


def test_dales_law_holds_and_classes_differ():
    neurons = mixed("izhikevich", 48, {"RS": 0.8, "FS": 0.2})
    memory = store(patterns(1), neurons=neurons, n_delays=20, signs="dale", excitatory=0.8)
    assert memory.made["scores"]["f1"] > 0.95
    inhibitory = memory.pre >= round(0.8 * 48)
    assert inhibitory.any() and np.all((memory.weight < 0) == inhibitory)


def test_limits_of_synapses_are_kept_and_it_still_recalls(stored):
    memory = store(patterns(), neurons="lif-exp", n_delays=20, max_synapses=150)
    assert np.bincount(memory.post).max() <= 150 and memory.made["scores"]["f1"] == 1
    single = store(patterns(1), neurons="lif-exp", n_delays=20, one_delay_per_pair=True)
    pairs = memory.n_neurons * single.pre.astype(int) + single.post
    assert len(np.unique(pairs)) == len(pairs) and single.made["scores"]["f1"] > 0.9
    pruned = store(patterns(1), neurons="lif-exp", n_delays=20, prune="recall")
    assert pruned.made["scores"]["f1"] == 1 and pruned.n_synapses < stored("lif-exp").n_synapses / 4


def test_a_neuron_that_cannot_keep_its_margins_keeps_a_part_of_them():
    """With so few synapses some neurons miss spikes at full margins; with smaller ones none does."""
    patterns = refractory(40, 200, 2, rate=0.01, interval=10)
    memory = store(patterns, neurons=Neurons("lif-exp", 40), n_delays=15, max_synapses=26)
    assert memory.made["reached"]["open_loop_errors"] == 0
    assert (memory.made["left_out"], memory.made["reached"]["moved"]) == ([], 0)
    assert memory.made["scores"]["f1"] == 1
    # It is told how many they are; with synapses enough there are none.
    names = "half_margins", "quarter_margins", "eighth_margins"
    assert 0 < sum(memory.made["reached"][name] for name in names) < 20
    free = store(patterns, neurons=Neurons("lif-exp", 40), n_delays=15)
    assert [free.made["reached"][name] for name in names] == [0, 0, 0]


def test_a_periodic_pattern_leads_back_into_its_beginning():
    (pattern,) = patterns(1)
    # Intervals across the end have to be such as the neurons can follow, too.
    first = np.full(48, np.inf)
    np.minimum.at(first, pattern.neurons, pattern.times)
    kept = first[pattern.neurons] + pattern.duration - pattern.times > 0.02
    pattern = Raster(pattern.neurons[kept], pattern.times[kept], 48, pattern.duration)
    memory = store(pattern, neurons="lif-exp", n_delays=20, periodic=True)
    assert memory.made["reached"]["open_loop_errors"] == 0
    (cue,) = memory.cues()
    n_ticks, n_laps = pattern.n_steps(1e-4), 6
    longer = type(cue).from_pattern(pattern, 200, 1e-4, n_steps=n_laps * n_ticks)
    (made,) = recall(memory, [longer])
    laps = [pattern.times + k * pattern.duration for k in range(n_laps)]
    again = Raster(
        np.tile(pattern.neurons, n_laps), np.concatenate(laps), 48, n_laps * pattern.duration
    )
    assert score_times(made, again).f1_lag_followed > 0.99
    # The cycle keeps its length.
    assert abs(score_times(made, again).tempo_percent) < 0.1


def test_a_spike_of_a_cycle_that_is_left_out_is_named_once():
    ticks, neurons = np.array([400, 900, 905, 1200, 1700]), np.array([0, 1, 1, 2, 3])
    pattern = Raster.from_steps(neurons, ticks, 4, 2000, 1e-4)
    memory = store(pattern, neurons="lif-exp", n_delays=90, periodic=True, epochs=30)
    refractory = [one for one in memory.made["left_out"] if one[3] == "refractory"]
    assert refractory == [[0, pytest.approx(0.0905), 1, "refractory"]]
    assert all(time < 0.2 for _, time, _, _ in memory.made["left_out"])


def test_a_spike_within_the_refractory_period_is_left_out_and_named():
    (pattern,) = patterns(1)
    ticks, neurons = pattern.steps(1e-4), pattern.neurons
    late = np.flatnonzero(ticks > 600)[5]
    more = Raster.from_steps(
        np.append(neurons, neurons[late]), np.append(ticks, ticks[late] + 15), 48, 2400, 1e-4
    )
    memory = store(more, neurons="lif-exp", n_delays=20)
    assert memory.made["left_out"] == [
        [0, pytest.approx((ticks[late] + 15) * 1e-4), neurons[late], "refractory"]
    ]
    (made,) = recall(memory, memory.cues())
    kept = Raster.from_steps(neurons, ticks, 48, 2400, 1e-4)
    np.testing.assert_array_equal(made.emitted.times, kept.times)


class Interrupted(Exception):
    """What stops a learning in the middle."""


@pytest.mark.parametrize("left_out", [False, True])
def test_a_learning_that_was_interrupted_goes_on_bit_for_bit(tmp_path, left_out):
    # With intervals that are too short for it, the neurons go round several times.
    given = patterns(1) if not left_out else refractory(48, 240, 2, rate=0.03, interval=2, seed=1)
    settings = {"neurons": "lif-exp", "n_delays": 20, "epochs": 30}
    whole = store(given, **settings)
    path, calls = Path(tmp_path / "state.h5"), 0

    def stop(stage, part):
        nonlocal calls
        calls += 1
        if calls % 40 == 0:
            raise Interrupted

    for _ in range(50):
        try:
            again = store(given, **settings, checkpoint=path, checkpoint_every=0, progress=stop)
        except Interrupted:
            continue
        break
    assert calls > 40
    assert again.fingerprint() == whole.fingerprint()
    assert again.made["left_out"] == whole.made["left_out"]
    assert again.made["reached"] == whole.made["reached"]


def test_a_models_own_parameters_count():
    slow = Neurons("lif-exp", 48, classes={"": {"tau_s": 8.0}})
    memory = store(patterns(1), neurons=slow, n_delays=20)
    assert memory.neurons.values["tau_s"] == 8.0 and memory.made["scores"]["f1"] > 0.95


@pytest.mark.parametrize(
    "options, words",
    [
        ({"neurons": "lif-exp", "rule": "hebbian"}, "discrete time; .*timed-margin"),
        ({"rule": "timed-margin"}, "for neurons in continuous time"),
        ({"neurons": "adex", "beta": 0.7}, "beta and theta are for"),
        ({"neurons": "hodgkin"}, "there is no neuron 'hodgkin'.*lif-exp"),
        ({"neurons": "adex", "slope": 0.0}, "slope is 0.0; it has to"),
        ({"neurons": Neurons("adex", 47)}, "47 neurons in continuous time, the network has 48"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        store(patterns(1), n_delays=20, **options)


def test_every_model_has_bounds_of_its_own():
    from wmdelays.training.rules.timed_margin.bounds import bounds_of

    for model in NEURONS.values():
        values = {one.name: one.default for one in model.parameters}
        found = bounds_of(model, values, 0.1)
        assert 0 < found.kappa < 20 and 0 < found.slope <= 8 and found.overshoot > 0
        assert bounds_of(model, values, 0.1, kappa=1.5).kappa == 1.5


def test_margin_and_overshoot_follow_the_slope():
    from wmdelays.training.rules.timed_margin.bounds import bounds_of

    model = NEURONS["lif-exp"]
    values = {one.name: one.default for one in model.parameters}
    values["tau_s"] = 5.0
    default, steep = (bounds_of(model, values, 0.1, slope=slope) for slope in (None, 10.0))
    # The way from rest to threshold is 20 mV.
    assert (default.slope, default.overshoot) == pytest.approx((4, 3))
    assert (default.kappa, steep.kappa) == pytest.approx((2.4 + 0.7 * 4, 2.4 + 0.7 * 10))
    assert steep.overshoot == pytest.approx(7.5)


@pytest.mark.parametrize("name", ["izhikevich", "izhikevich-exp"])
def test_only_neurons_that_are_reset_above_their_bound_have_small_margins(name):
    from wmdelays.training.rules.timed_margin.bounds import bounds_of

    model = NEURONS[name]
    values = {one.name: one.default for one in model.parameters}
    found = {
        preset: bounds_of(model, values | changed, 0.1) for preset, changed in model.presets.items()
    }
    assert {preset for preset, one in found.items() if one.kappa < 10} == {"CH"}
    assert all(one.slope == (1 if preset == "CH" else 4) for preset, one in found.items())


def test_izhikevichs_neurons_bear_noise():
    noisy = refractory(128, 300, 4, rate=0.006, interval=20)
    memory = store(noisy, neurons="izhikevich-exp", n_delays=30)
    assert memory.made["scores"]["f1"] == 1
    background = 0.1 * memory.rate / memory.step
    untidy = Variability(membrane_noise=1.0, release_failures=0.1, background=background)
    recalls = recall(memory, memory.cues(), variability=untidy, seed=1)
    # With margins of 3 mV and a slope of 1 mV/ms it is 0.36.
    assert score_times(recalls, memory.patterns).f1_lag_followed > 0.95


def test_a_trigger_may_be_shorter_than_an_upswing_takes():
    # The slope is looked at 4.5 ms before a spike, which is before the pattern begins.
    ticks = np.array([3, 8, 21, 30, 160, 300])
    pattern = Raster.from_steps([0, 1, 2, 3, 0, 1], ticks, 8, 600, 1e-4)
    one, again = (store(pattern, neurons="izhikevich-exp", n_delays=2, epochs=5) for _ in range(2))
    assert one.fingerprint() == again.fingerprint() and np.isfinite(one.weight).all()
