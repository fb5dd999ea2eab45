"""Latent neurons: never cued, never scored, told apart wherever neurons have names."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from tests.helpers.fuzz_changes import renew
from wmdelays import InputError, Memory, Raster, read_memory, score, sliding_f1, write_memory
from wmdelays.cue import Cue
from wmdelays.recalls import Recall
from wmdelays.timing import score_times
from wmdelays.timing.course import course

STEP, N_DELAYS = 1e-3, 5
# Neurons 3 and 4 are latent.
NEURONS, STEPS = [0, 2, 1, 3, 0, 4], [1, 3, 7, 8, 11, 13]


def latent_raster(**others):
    return Raster.from_steps(NEURONS, STEPS, 5, 20, STEP, **({"n_latent": 2} | others))


def memory_of(*patterns):
    return Memory.unlearned(patterns, n_delays=N_DELAYS, step=STEP, beta=0.7, theta=1.0)


def recall_of(pattern, neurons, steps):
    own = Raster.from_steps(neurons, steps, pattern.n_neurons, 20, STEP)
    return Recall(Cue.from_pattern(pattern, N_DELAYS, STEP), own, own)


def test_recorded_spikes_are_those_of_the_first_neurons():
    raster = latent_raster(units=("a", "b", "c"))
    assert raster.recorded() == Raster.from_steps([0, 2, 1, 0], [1, 3, 7, 11], 3, 20, STEP)
    assert raster.recorded().units == ("a", "b", "c")
    assert raster.n_recorded == 3 and raster != replace(raster, n_latent=0, units=None)


def test_latent_neurons_have_names_of_their_own():
    numbered, named = latent_raster(), latent_raster(units=("a", "b", "c"))
    assert numbered.names() == ("0", "1", "2", "latent 0", "latent 1")
    assert named.names() == ("a", "b", "c", "latent 0", "latent 1")
    assert [named.unit(k) for k in range(5)] == list(named.names())
    assert memory_of(named).names() == named.names()


@pytest.mark.parametrize(
    "others, says",
    [
        ({"n_latent": 5}, "5 of 5 neurons cannot be latent"),
        ({"n_latent": -1}, "-1 of 5 neurons cannot be latent"),
        ({"units": ("a", "b", "latent 1")}, "called as a latent neuron"),
        ({"units": tuple("abcde")}, "5 names of units for 3 neurons"),
    ],
)
def test_rasters_without_sense_are_refused(others, says):
    with pytest.raises(InputError, match=says):
        latent_raster(**others)


def test_pieces_keep_them():
    raster = latent_raster()
    assert raster.slice(0.005, 0.02).n_latent == 2
    assert raster.bin(2e-3).n_latent == 2
    assert raster.slice(0.001).in_recording().n_latent == 2
    assert replace(raster, duration=0.0199).bin(STEP).n_latent == 2


def test_they_are_not_scored():
    pattern = latent_raster()
    # All that was recorded comes back; of the latent spikes none, and others in their place.
    recall = recall_of(pattern, [1, 0, 4, 3], [7, 11, 6, 9])
    assert score(recall, pattern).total.whole
    assert np.nanmin(sliding_f1(recall, pattern, width=4)[1]) == 1
    assert score_times(recall, pattern).exact.whole
    assert np.isnan(course(recall, pattern, width=0.01).first_wrong_s)


def test_missing_spikes_of_others_are_still_found():
    pattern = latent_raster()
    scores = score(recall_of(pattern, [1, 3, 4], [7, 8, 13]), pattern)
    assert (scores.total.matched, scores.total.recalled, scores.total.stored) == (1, 1, 2)


@pytest.mark.parametrize(
    "damaged",
    [
        lambda cue, rng: cue.replaced(0.9, rng),
        lambda cue, rng: cue.flipped(0.5, rng),
        lambda cue, rng: cue.jittered(2.0, rng),
        lambda cue, rng: cue.preceded_by_noise(10, 0.5, rng),
        lambda cue, rng: cue.silenced(3, rng),
    ],
)
def test_no_damage_of_the_cue_reaches_them(damaged):
    cue = damaged(memory_of(latent_raster()).cues()[0], np.random.default_rng(0))
    cued = cue.spikes.neurons[cue.spikes.steps(STEP) < cue.clamp]
    assert cue.n_neurons == 5 and cue.n_recorded == 3
    assert not len(cued) or cued.max() < 3


def test_no_more_neurons_than_were_recorded_can_be_silenced():
    with pytest.raises(InputError, match="cannot silence 4 of 3 neurons"):
        memory_of(latent_raster()).cues()[0].silenced(4, np.random.default_rng(0))


def test_noise_through_the_recall_reaches_them_as_others():
    cue = memory_of(latent_raster()).cues()[0].with_ongoing_noise(0.5, np.random.default_rng(0))
    late = cue.spikes.neurons[cue.spikes.steps(STEP) >= cue.clamp]
    assert set(late) == set(range(5))


def test_a_memory_refuses_latent_spikes_in_the_trigger_window():
    early = Raster.from_steps([0, 4], [1, 4], 5, 20, STEP, n_latent=2)
    with pytest.raises(InputError, match="spikes in the trigger window of pattern 0"):
        memory_of(early)


def test_a_memory_refuses_patterns_of_other_latent_neurons():
    with pytest.raises(InputError, match="1 neurons are latent in pattern 1, 2 in pattern 0"):
        memory_of(latent_raster(), latent_raster(n_latent=1))


def test_the_rate_of_a_memory_is_that_of_what_was_recorded():
    memory = memory_of(latent_raster())
    assert memory.rate == 4 / (3 * 20)
    assert memory.fingerprint() != memory_of(latent_raster(n_latent=0)).fingerprint()


@pytest.mark.parametrize("own", [{}, {"beta": np.linspace(0.5, 0.8, 5)}])
def test_files_hold_them(tmp_path, own):
    weights = np.random.default_rng(0).normal(size=(5, 5, N_DELAYS))
    neurons = {"beta": 0.7, "theta": 1.0} | own
    memory = Memory.from_dense(weights, step=STEP, patterns=[latent_raster()], **neurons)
    write_memory(tmp_path / "m.h5", memory)
    read = read_memory(tmp_path / "m.h5")
    assert read.fingerprint() == memory.fingerprint()
    assert (read.n_latent, read.n_recorded) == (2, 3)


def test_files_whose_latent_neurons_are_not_the_last_are_refused(tmp_path):
    path = tmp_path / "m.h5"
    write_memory(path, memory_of(latent_raster()))
    with h5py.File(path, "r+") as file:
        file["nodes/neurons/0/latent"][:] = [1, 0, 0, 0, 1]
    renew(path)
    with pytest.raises(InputError, match="latent neurons are not the last ones"):
        read_memory(path)
