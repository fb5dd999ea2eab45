"""The rule bptt."""

import importlib
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from wmdelays import Cue, InputError, Memory, score
from wmdelays.patterns import bernoulli, periodic
from wmdelays.training.discrete.compiled import recall
from wmdelays.training.module.surrogate_gradients import ALPHA
from wmdelays.training.rules.bptt.backpropagation import bptt, cosine_decay, f1_loss

# The package may carry the function under the module's name.
module = importlib.import_module("wmdelays.training.rules.bptt.backpropagation")

N_NEURONS, N_DELAYS, RATE, STEP = 100, 20, 0.015, 1e-3


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The networks are so small that a second thread costs more than it gains."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def start(patterns=None, threshold=0.6, **others):
    """Hebbian weights, the threshold at a part of the mean context."""
    patterns = bernoulli(N_NEURONS, 70, 6, RATE) if patterns is None else patterns
    weights = np.zeros((N_NEURONS, N_NEURONS, N_DELAYS))
    for pattern in patterns:
        spikes = pattern.dense(STEP).astype(float)
        if others.get("periodic"):
            spikes = np.concatenate([spikes, spikes[:N_DELAYS]])
        for d in range(1, N_DELAYS + 1):
            weights[:, :, d - 1] += spikes[d:].T @ spikes[:-d]
    weights /= threshold * N_NEURONS * N_DELAYS * RATE
    given = dict(step=STEP, beta=0.7, theta=1.0, patterns=patterns)
    return Memory.from_dense(weights, **(given | others))


def same(a, b):
    synapses = ("pre", "post", "delay", "weight")
    return a.made == b.made and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in synapses
    )


def f1s(memory):
    return [one["f1"] for one in memory.made["history"]]


@pytest.fixture(scope="module")
def solved():
    return bptt(start(), learning_rate=1e-2, dropout=0.1)


@pytest.mark.parametrize("surrogate", sorted(ALPHA))
def test_training_lowers_the_loss_and_lifts_f1(surrogate):
    trained = bptt(start(), learning_rate=1e-2, surrogate=surrogate, epochs=5)
    losses = [one["loss"] for one in trained.made["history"]]
    assert losses[0] is None and losses[1] > 0.9
    assert losses[-1] < 0.1
    assert f1s(trained)[0] < 0.1 and trained.made["f1"] > 0.9


def test_training_ends_when_every_spike_is_recalled(solved):
    assert f1s(solved)[-1] == 1.0
    assert max(f1s(solved)[:-1]) < 1
    assert 3 < len(f1s(solved)) < 16


def test_a_memory_without_a_fault_keeps_its_weights(solved):
    again = bptt(solved, seed=5)
    assert f1s(again) == [1.0]
    assert np.array_equal(again.weight, solved.weight)


@pytest.mark.parametrize(
    "settings",
    [
        dict(surrogate="fast_sigmoid", epochs=4),
        dict(optimizer="sgd", epochs=4, dropout=0),
        dict(epochs=2),
    ],
)
def test_the_trained_memory_recalls_as_reported(settings):
    trained = bptt(start(), **settings)
    recalled = score(recall(trained, trained.cues()), trained.patterns)
    assert 0 < trained.made["f1"] < 1
    assert recalled.total.f1 == pytest.approx(trained.made["f1"], abs=1e-12)


def test_the_best_epoch_is_kept():
    trained = bptt(start(), optimizer="sgd", learning_rate=100, dropout=0, epochs=6)
    assert f1s(trained)[-1] < max(f1s(trained)) == trained.made["f1"]


def test_a_periodic_pattern_goes_on_beyond_its_end():
    patterns = periodic(N_NEURONS, 50, 6, RATE)
    trained = bptt(start(patterns, periodic=True), dropout=0.1)
    assert f1s(trained)[0] < 0.5 and trained.made["f1"] == 1
    for pattern in patterns:
        made = recall(trained, Cue.from_pattern(pattern, N_DELAYS, STEP, n_steps=200))
        assert np.array_equal(made.emitted.dense(STEP), np.tile(pattern.dense(STEP), (4, 1)))


def test_the_learning_rate_stays_through_the_warm_up_and_falls_as_a_cosine():
    decay = [cosine_decay(epoch, 12, 4) for epoch in range(12)]
    assert decay[:5] == [1.0] * 5
    assert decay[8] == pytest.approx(0.5)
    assert decay[10] == pytest.approx((1 - np.sqrt(0.5)) / 2)
    assert all(a > b > 0 for a, b in zip(decay[4:], decay[5:]))
    assert cosine_decay(2, 3, 3) == 1.0


def test_the_optimizer_gets_the_scheduled_rate(monkeypatch):
    rates = []
    learn = module._Training._learn

    def spy(self):
        loss = learn(self)
        rates.append(self.optimizer.param_groups[0]["lr"])
        return loss

    monkeypatch.setattr(module._Training, "_learn", spy)
    bptt(start(), epochs=4, warm_up=2, learning_rate=1e-4)
    assert rates == pytest.approx([1e-4, 1e-4, 1e-4, 0.5e-4])


def test_the_loss_is_one_less_f1_and_its_derivative_that_of_autograd():
    generator = torch.Generator().manual_seed(0)
    own, wanted = (torch.rand(3, 8, 5, generator=generator) < 0.3 for _ in range(2))
    s = own.double().requires_grad_()
    expected = 1 - 2 * (s * wanted).sum() / (s.sum() + wanted.sum())
    expected.backward()
    loss, at_wanted, elsewhere = f1_loss(own, wanted)
    assert loss == pytest.approx(expected.item())
    assert torch.allclose(s.grad[wanted], torch.tensor(at_wanted).double())
    assert torch.allclose(s.grad[~wanted], torch.tensor(elsewhere).double())


def test_the_loss_of_silence_that_was_asked_for_is_zero():
    silence = torch.zeros(2, 3, 4, dtype=torch.bool)
    assert f1_loss(silence, silence) == (0.0, 0.0, 0.0)


def test_the_same_seed_gives_the_same_memory_and_another_seed_another():
    first, second, other = (bptt(start(), epochs=3, dropout=0.1, seed=seed) for seed in (0, 0, 1))
    assert same(first, second)
    assert not np.array_equal(first.weight, other.weight)


class Interruption(Exception):
    pass


def epoch_of(stage):
    """The number in a line of progress."""
    return int(stage.removeprefix("epoch ").split(" of ")[0])


def interrupt_after(n_epochs):
    def progress(stage, part):
        if epoch_of(stage) == n_epochs:
            raise Interruption

    return progress


def told(epochs):
    """A progress that keeps the numbers of epochs."""
    return lambda stage, part: epochs.append(epoch_of(stage))


@pytest.mark.parametrize("optimizer", module.LEARNING_RATE)
def test_a_resumed_training_gives_what_an_uninterrupted_one_gives(optimizer, tmp_path):
    file, options = tmp_path / "c.h5", dict(optimizer=optimizer, epochs=5)
    with pytest.raises(Interruption):
        bptt(start(), checkpoint=file, checkpoint_every=0, progress=interrupt_after(3), **options)
    epochs = []
    resumed = bptt(start(), checkpoint=file, progress=told(epochs), **options)
    assert epochs == [4, 5]
    assert same(resumed, bptt(start(), **options))


def test_a_killed_training_resumes(tmp_path):
    # The program kills itself without a chance to tidy up: no handler and no finally runs.
    program = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_backpropagation import bptt, start, torch\n"
        "torch.set_num_threads(1)\n"
        "def progress(stage, part):\n"
        "    if stage.startswith('epoch 2 '): os.kill(os.getpid(), signal.SIGKILL)\n"
        "bptt(start(), epochs=4, checkpoint=sys.argv[2], checkpoint_every=0, progress=progress)\n"
    )
    file = tmp_path / "c.h5"
    here = os.path.dirname(__file__)
    killed = subprocess.run([sys.executable, "-c", program, here, str(file)])
    assert killed.returncode == -signal.SIGKILL
    epochs = []
    resumed = bptt(start(), epochs=4, checkpoint=file, progress=told(epochs))
    assert epochs == [3, 4]
    assert same(resumed, bptt(start(), epochs=4))


def test_a_finished_checkpoint_gives_its_result_at_once(tmp_path):
    file, epochs = tmp_path / "c.h5", []
    first = bptt(start(), epochs=2, checkpoint=file)
    again = bptt(start(), epochs=2, checkpoint=file, progress=told(epochs))
    assert epochs == [] and same(first, again)


def test_a_checkpoint_of_other_settings_or_another_memory_is_refused(tmp_path):
    file = tmp_path / "c.h5"
    bptt(start(), epochs=1, checkpoint=file)
    before = file.read_bytes()
    for memory, settings in (
        (start(), dict(epochs=2)),
        (start(), dict(epochs=1, seed=1)),
        (start(threshold=0.61), dict(epochs=1)),
    ):
        with pytest.raises(InputError, match="other settings or another memory"):
            bptt(memory, checkpoint=file, **settings)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "settings, complaint",
    [
        (dict(epochs=0), "epochs is 0"),
        (dict(warm_up=2.5), "warm_up is 2.5"),
        (dict(warm_up=-1), "warm_up is -1"),
        (dict(learning_rate=0), "learning_rate is 0"),
        (dict(learning_rate=float("nan")), "learning_rate is nan"),
        (dict(alpha=-1), "alpha is -1"),
        (dict(dropout=1), "dropout is 1"),
        (dict(dropout=-0.1), "dropout is -0.1"),
        (dict(optimizer="adam"), "optimizer is 'adam'; it has to be adamw or sgd"),
        (dict(surrogate="box"), "surrogate is 'box'; it has to be fast_sigmoid or triangle"),
        (dict(seed=-1), "seed is -1"),
        (dict(checkpoint="/no/such/folder/c.h5"), "/no/such/folder"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(settings, complaint):
    with pytest.raises(InputError, match=complaint) as refusal:
        bptt(start(), **settings)
    assert "\n" not in str(refusal.value)


def test_a_memory_without_patterns_is_refused():
    empty = Memory(3, 4, STEP, 0.7, 1.0, [0], [1], [2], [0.5])
    with pytest.raises(InputError, match="patterns"):
        bptt(empty)


def test_how_it_was_made_is_json_and_holds_the_start():
    memory = start(made={"rule": "hebbian"})
    made = bptt(memory, epochs=1, seed=3).made
    assert json.loads(json.dumps(made)) == made
    assert made["rule"] == "bptt" and made["start"] == {"rule": "hebbian"}
    assert made["settings"]["seed"] == 3 and made["settings"]["dropout"] == 0.0


def test_progress_tells_the_epoch_its_loss_and_f1_and_how_much_is_done():
    said = []
    made = bptt(start(), epochs=2, progress=lambda *now: said.append(now)).made
    first, second, third = made["history"]
    assert said == [
        (f"epoch 0 of 2, F1 {first['f1']:.4f}", 0.0),
        (f"epoch 1 of 2, loss {second['loss']:.4f}, F1 {second['f1']:.4f}", 0.5),
        (f"epoch 2 of 2, loss {third['loss']:.4f}, F1 {third['f1']:.4f}", 1.0),
    ]


def test_library_use_is_silent(capfd):
    bptt(start(), epochs=1)
    assert capfd.readouterr() == ("", "")
