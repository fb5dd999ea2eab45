"""Storing with latent neurons what no weights could recall without them."""

import numpy as np
import pytest

from wmdelays import InputError, Raster, bernoulli, read_memory, score, store, write_memory
from wmdelays.brian_models import recall as recall_in_brian2
from wmdelays.contexts import unpredictable_spikes
from wmdelays.neurons import neurons_of
from wmdelays.training import recall
from wmdelays.training.discrete.torch_recall import recall as recall_in_torch
from wmdelays.training.latent import Latent, with_latent
from wmdelays.training.rules.checkpoint import files_of
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.synapse_limits import with_cell_types

STEP, N_DELAYS, N_STEPS = 1e-3, 10, 300


def gappy(seed=0, n_neurons=12):
    """A raster of bursts, with silences that are longer than the delays, and a repeated burst."""
    rng = np.random.default_rng(seed)
    begins = np.array([2, 30, 60, 61, 110, 150, 200, 250])
    neurons, steps = rng.integers(n_neurons, size=(8, 6)), rng.integers(8, size=(8, 6))
    neurons[4], steps[4] = neurons[1], steps[1]
    entries = np.unique((begins[:, None] + steps) * n_neurons + neurons)
    return Raster.from_steps(entries % n_neurons, entries // n_neurons, n_neurons, N_STEPS, STEP)


@pytest.fixture(scope="module")
def memory():
    return store(gappy(), n_delays=N_DELAYS, step=STEP, latent="auto")


def test_without_them_it_cannot_be_recalled():
    with pytest.warns(match="cannot be predicted by any weights"):
        assert store(gappy(), n_delays=N_DELAYS, step=STEP).made["scores"]["f1"] < 0.6


def test_auto_takes_as_few_as_recall_all(memory):
    latent = memory.made["latent"]
    assert memory.made["scores"]["f1"] == 1
    assert latent["n_latent"] == memory.n_latent == latent["tried"][-1] > 0
    assert latent["rate"] * memory.n_latent == pytest.approx(8 / N_DELAYS)
    assert memory.made["unpredictable"] == {
        "n_spikes": sum(memory.patterns[0].steps(STEP) >= N_DELAYS),
        "empty": 0,
        "ambiguous": 0,
    }
    # One fewer was tried, and did not do.
    assert len(latent["tried"]) > 1


def test_what_was_recorded_is_stored_as_it_was(memory):
    assert memory.patterns[0].recorded() == gappy()
    assert not (memory.cues()[0].spikes.neurons >= memory.n_recorded).any()


def test_simulators_agree_and_files_hold_it(memory, tmp_path):
    write_memory(tmp_path / "m.h5", memory)
    read = read_memory(tmp_path / "m.h5")
    cues = read.cues()
    one, other = recall(read, cues)[0], recall_in_torch(read, cues)[0]
    third = recall_in_brian2(read, cues, dt=STEP / 4, device="numpy")[0]
    assert one.own == other.own == third.own
    assert score(one, read.patterns[0]).total.whole
    # The latent ones spike in the recall too, each as it was stored.
    assert set(one.own.neurons[one.own.neurons >= read.n_recorded]) == set(
        range(read.n_recorded, read.n_neurons)
    )


def test_none_are_added_where_none_are_needed():
    patterns = bernoulli(60, 80, 2, rate=0.03, seed=1)
    memory = store(patterns, n_delays=20, latent="auto")
    assert memory.n_latent == 0 and memory.made["latent"]["tried"] == [0]
    assert memory.fingerprint() == store(patterns, n_delays=20).fingerprint()


def test_so_many_are_added_as_asked_for_and_the_seed_decides():
    given = {"n_delays": N_DELAYS, "step": STEP, "latent": 20, "latent_rate": 0.04}
    one, same, other = (store(gappy(), **given, seed=seed) for seed in (0, 0, 1))
    assert one.n_latent == 20 and one.made["latent"] == {"n_latent": 20, "rate": 0.04}
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    # Stored once more they are drawn anew, not on top of each other.
    assert store(one.patterns, **given).fingerprint() == one.fingerprint()


def test_periodic_patterns_lead_back_into_their_beginning():
    memory = store(gappy(), n_delays=N_DELAYS, step=STEP, latent=16, periodic=True)
    assert memory.made["scores"]["f1"] == 1


def test_an_empty_trigger_is_refused_with_the_next_start():
    late = gappy().slice(0.018)
    with pytest.raises(InputError, match=r"no spike.*the nearest start.*is 0\.00\d+ s later"):
        store(late, n_delays=N_DELAYS, step=STEP, latent="auto")


def test_patterns_that_begin_alike_are_refused():
    one = gappy()
    kept = one.steps(STEP) < 200
    other = Raster(one.neurons[kept], one.times[kept], one.n_neurons, one.duration)
    with pytest.raises(InputError, match="patterns 0 and 1 have the same spikes in the trigger"):
        store([one, other], n_delays=N_DELAYS, step=STEP, latent=8)


@pytest.mark.parametrize(
    "latent, rate", [(-1, None), (2.5, None), ("few", None), (3, 0.0), (3, 0.6)]
)
def test_values_without_sense_are_refused(latent, rate):
    with pytest.raises(InputError, match="latent"):
        store(gappy(), n_delays=N_DELAYS, step=STEP, latent=latent, latent_rate=rate)


@pytest.mark.parametrize("n, rate", [(1, 0.2), (2, 0.3), (8, 0.1), (50, 0.5)])
def test_latent_spikes_come_evenly_and_never_in_the_trigger(n, rate):
    made = with_latent([gappy()], Latent(n, rate), n_delays=N_DELAYS, step=STEP, seed=3)[0]
    latent = made.neurons >= made.n_recorded
    steps, neurons = made.steps(STEP)[latent], made.neurons[latent]
    assert steps.min() >= N_DELAYS and np.diff(steps).max() <= 2 / (n * rate) + 1
    expected = n * rate * (N_STEPS - N_DELAYS)
    assert 0.8 * expected - 2 <= len(steps) <= expected + 2
    if n > 2:
        apart = [np.diff(steps[neurons == k]).min() for k in np.unique(neurons)]
        assert min(apart) >= min(n // 2 / (n * rate) - 1, 1)


def test_the_first_comes_while_the_trigger_is_still_heard():
    # One spike, in the first step of the trigger window, which reaches just one step beyond it.
    alone = Raster.from_steps([0, 1], [0, 100], 3, 150, STEP)
    for seed in range(20):
        made = with_latent([alone], Latent(8, 0.05), n_delays=N_DELAYS, step=STEP, seed=seed)
        assert not unpredictable_spikes(made, N_DELAYS, STEP).empty


def test_an_interrupted_search_goes_on(tmp_path, memory):
    """Each number has its checkpoint; those that were done are not learned again."""
    path = tmp_path / "m.checkpoint"
    given = {"n_delays": N_DELAYS, "step": STEP, "latent": "auto"}

    def stop(stage, part):
        if stage.startswith(f"{memory.n_latent} latent"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(gappy(), **given, checkpoint=path, progress=stop)
    tried = memory.made["latent"]["tried"][:-1]
    assert {int(one.suffix[1:]) for one in files_of(path)} >= set(tried)
    assert store(gappy(), **given, checkpoint=path).fingerprint() == memory.fingerprint()


def test_with_dales_law_latent_neurons_are_of_both_signs():
    made = with_latent([gappy()], Latent(20, 0.04), n_delays=N_DELAYS, step=STEP)
    asked = {"signs": "dale", "excitatory": 0.75}
    found = with_cell_types(asked | {"cell_types": None}, made)["inhibitory"]
    assert found == [9, 10, 11, 27, 28, 29, 30, 31]
    types = {str(k): "I" if k == 4 else "E" for k in range(12)}
    found = with_cell_types(asked | {"cell_types": types}, made)["inhibitory"]
    assert found == [4, 27, 28, 29, 30, 31]


def test_learning_from_damage_damages_no_latent_neuron_in_the_trigger():
    made = with_latent([gappy()], Latent(20, 0.04), n_delays=N_DELAYS, step=STEP)[0]
    spikes = made.steps(STEP), made.neurons
    damage = Damage(lost=0.3, added=3.0, silenced=0.3, jitter=2.0, noise=0.0)
    sizes = N_STEPS, made.n_neurons, N_DELAYS
    drawn = damage.sequences([spikes], *sizes, np.random.default_rng(0), made.n_latent)
    for steps, neurons, *_ in drawn:
        assert (neurons[steps < N_DELAYS] < made.n_recorded).all()
        late = (spikes[0] >= N_DELAYS) & (spikes[0] < 2 * N_DELAYS)
        assert sorted(neurons[steps >= N_DELAYS]) == sorted(spikes[1][late])


def test_neurons_in_continuous_time_recall_with_them():
    rng = np.random.default_rng(0)
    begins = np.array([4, 60, 110, 150, 200, 260])
    entries = np.unique(
        (begins[:, None] + rng.integers(12, size=(6, 5))) * 12 + rng.permutation(12)[:5]
    )
    gaps = Raster.from_steps(entries % 12, entries // 12, 12, N_STEPS, STEP)
    given = {"n_delays": 20, "step": STEP, "neurons": "lif-exp"}
    memory = store(gaps, **given, latent=16)
    assert memory.neurons.n_neurons == 28 and memory.made["scores"]["f1"] == 1


def test_latent_neurons_are_of_the_classes_of_the_others():
    neurons = neurons_of("izhikevich:RS=0.8,FS=0.2", 10).with_more(5)
    assert neurons.members.tolist() == [0] * 8 + [1] * 2 + [0] * 4 + [1]
