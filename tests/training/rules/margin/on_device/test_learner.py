"""The rule margin by operators of torch: the memory of the compiled loops, up to float order."""

import importlib

import numpy as np
import pytest
import torch
from interrupting import interrupt_after

from wmdelays import InputError, bernoulli, score
from wmdelays.training import margin, recall, store
from wmdelays.training.discrete import devices
from wmdelays.training.rules.margin.on_device import learner, room
from wmdelays.validation.cli import main

PATTERNS = bernoulli(80, 60, 2, 0.03)
# Too little to be learned whole, so that blocks learn once more along the gradient.
AGAIN = {"patterns": bernoulli(40, 60, 2, 0.04, seed=2), "max_synapses": 6}
AGAIN |= {"epochs": 3, "damaged_epochs": 0}
OPTIONS = {
    "none": {},
    "undamaged": {"damaged_epochs": 0},
    "leaks": {"beta": np.linspace(0.5, 0.9, 80), "damaged_epochs": 3},
    "periodic": {"periodic": True, "damaged_epochs": 3},
    "max_synapses": {"max_synapses": 150},
    "one_delay_per_pair": {"one_delay_per_pair": True},
    "dale": {"signs": "dale"},
    "fewer": {"patterns": bernoulli(80, 300, 1, 0.004), "prune": "damage", "damaged_epochs": 6},
    "once more": AGAIN,
    "once more, dale": {**AGAIN, "signs": "dale", "damaged_epochs": 1, "max_synapses": 12},
}
# What two ways to add float32 numbers may make of a weight, in units of the largest.
_ORDER = 2e-6


def learned(patterns=PATTERNS, learn_on=None, **options):
    given = dict(n_delays=10, step=1e-3, beta=0.7, theta=1.0)
    return margin(patterns, learn_on=learn_on, **(given | options))


def assert_same_up_to_float_order(one, two):
    a, b = one.dense(), two.dense()
    np.testing.assert_array_equal(a != 0, b != 0)
    np.testing.assert_allclose(a, b, rtol=0, atol=_ORDER * np.abs(a).max())
    for name, value in one.made["reached"].items():
        assert two.made["reached"][name] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_memory_is_that_of_the_compiled_loops(options):
    compiled, here = learned(**options), learned(learn_on="cpu", **options)
    assert_same_up_to_float_order(compiled, here)
    assert here.made["settings"] == compiled.made["settings"] | {"learn_on": "cpu"}


@pytest.mark.parametrize("epochs", [1, 3])
def test_pruning_cuts_the_same_synapses_until_rounding_decides(epochs):
    # Whether a neuron meets its bounds decides what it gives back, and may hang on the last bit.
    options = {"prune": "recall", "damaged_epochs": 0, "epochs": epochs, "max_synapses": 200}
    assert_same_up_to_float_order(learned(**options), learned(learn_on="cpu", **options))


def test_a_pruned_memory_recalls_whole():
    memory = learned(learn_on="cpu", prune="recall", damaged_epochs=2, epochs=20)
    assert score(recall(memory, memory.cues()), memory.patterns).total.f1 == 1
    assert memory.made["reached"]["open_loop_errors"] == 0
    assert memory.made["reached"]["margin"] > 0.4999
    assert memory.n_synapses < 0.1 * learned(damaged_epochs=2).n_synapses


@pytest.mark.parametrize("options", [{"damaged_epochs": 3}, AGAIN], ids=["none", "once more"])
def test_how_many_blocks_learn_at_once_changes_nothing_but_float_order(options, monkeypatch):
    together = learned(learn_on="cpu", **options)
    monkeypatch.setattr(learner, "how_many_fit", lambda *asked: 1)
    assert_same_up_to_float_order(together, learned(learn_on="cpu", **options))


def test_progress_is_told_after_every_epoch_and_never_goes_back():
    told = []
    learned(learn_on="cpu", damaged_epochs=7, progress=lambda *now: told.append(now))
    damaged = [part for stage, part in told if stage.startswith("learning from damaged")]
    assert damaged == [pytest.approx(n / 7) for n in range(1, 8)]


def test_the_same_seed_gives_the_same_bits():
    one, two = learned(learn_on="cpu"), learned(learn_on="cpu")
    assert one.made == two.made and np.array_equal(one.weight, two.weight)


@pytest.mark.parametrize("first, then", [(None, "cpu"), ("cpu", None)])
def test_a_checkpoint_of_either_way_is_resumed_by_the_other(first, then, tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "how_many_fit", lambda *asked: 1)
    options = {"max_synapses": 60, "damaged_epochs": 3, "patterns": bernoulli(80, 60, 2, 0.04)}
    stop, file = interrupt_after(4), tmp_path / "c.h5"
    with pytest.raises(KeyboardInterrupt):
        learned(learn_on=first, checkpoint=file, checkpoint_every=0, progress=stop, **options)
    assert file.exists()
    left = []
    resumed = learned(
        learn_on=then, checkpoint=file, progress=lambda *now: left.append(now), **options
    )
    every = []
    whole = learned(learn_on=then, progress=lambda *now: every.append(now), **options)
    assert len(left) < len(every)
    assert_same_up_to_float_order(whole, resumed)


def test_blocks_learn_at_once_as_far_as_there_is_memory(monkeypatch):
    sizes, show = [], learner.present

    def noted(weights, *arguments, **options):
        sizes.append(weights.shape[1])
        return show(weights, *arguments, **options)

    monkeypatch.setattr(learner, "present", noted)
    learned(learn_on="cpu", damaged_epochs=0)
    assert set(sizes) == {96}
    sizes.clear()
    of_blocks = learner.DeviceBlockLearner.__init__
    needed = []

    def begun(self, *arguments):
        of_blocks(self, *arguments)
        needed.append(room.bytes_of_a_block(self))

    monkeypatch.setattr(learner.DeviceBlockLearner, "__init__", begun)
    monkeypatch.setattr(devices, "free_bytes", lambda device: 2.5 * needed[-1] / devices.PART)
    learned(learn_on="cpu", damaged_epochs=0)
    assert set(sizes) == {64, 32}
    monkeypatch.setattr(devices, "free_bytes", lambda device: 0)
    with pytest.raises(
        InputError, match=r"needs about .* on cpu, and 0 bytes are free; take fewer"
    ):
        learned(learn_on="cpu", damaged_epochs=0)


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"learn_on": "abacus"}, "torch has no device 'abacus'"),
        ({"learn_on": "cuda:x"}, "torch has no device 'cuda:x'"),
        (
            {"learn_on": "cpu", "bits": 4},
            r"weights of few bits \(bits=\) can only be learned by the",
        ),
        (
            {"learn_on": "cpu", "scheduler": "tcp://127.0.0.1:1"},
            r"a cluster \(scheduler=\) can only",
        ),
        ({"learn_on": "cpu", "max_synapses": 31}, "a large network whose"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_anything_is_learned(
    options, complaint, monkeypatch
):
    monkeypatch.setattr(learner, "present", None)
    # What has 31 synapses a neuron is a large network.
    rule = importlib.import_module("wmdelays.training.rules.margin.rule")
    monkeypatch.setattr(rule, "is_large", lambda n, delays, given: given["max_synapses"] == 31)
    told = []
    with pytest.raises(InputError, match=complaint) as refusal:
        learned(progress=lambda *now: told.append(now), **options)
    assert "\n" not in str(refusal.value) and not told


def test_a_missing_gpu_is_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    command = ["store", "bernoulli:neurons=40,steps=60,patterns=1,rate=0.03", "--delays", "10"]
    output = ["-o", str(tmp_path / "m.h5")]
    assert main([*command, *output, "--learn-on", "cuda"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "torch finds no CUDA device here; take cpu" in line
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert main([*command, *output, "--learn-on", "cuda:1"]) == 2
    assert "torch finds no cuda:1 here; the last one is cuda:0" in capsys.readouterr().err
    assert main([*command, *output, "--learn-on", "cpu", "--damaged-epochs", "0"]) == 0


def test_the_file_says_where_it_was_learned_and_others_stay_as_they_were():
    patterns = bernoulli(40, 60, 2, 0.02)
    made = store(patterns, n_delays=15, learn_on="cpu", damaged_epochs=0).made
    assert made["settings"]["learn_on"] == "cpu" and made["scores"]["f1"] == 1
    assert "learn_on" not in store(patterns, n_delays=15, damaged_epochs=0).made["settings"]
