"""The rule timed-margin by operators of torch: the memory of the compiled loops."""

import warnings

import numpy as np
import pytest
import torch
from interrupting import interrupt_after
from one_device import OnOneDevice

from wmdelays import InputError, store
from wmdelays.neurons import neurons_of
from wmdelays.patterns import refractory
from wmdelays.training.continuous.code import functions_of
from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.description import TIMED_MARGIN
from wmdelays.training.rules.timed_margin.neuron import Neuron
from wmdelays.training.rules.timed_margin.neuron_learner import NeuronLearner
from wmdelays.training.rules.timed_margin.on_device import learner, teacher_forcing
from wmdelays.training.rules.timed_margin.on_device.affine import affine, is_affine
from wmdelays.training.rules.timed_margin.on_device.batch import Batch
from wmdelays.training.storing import unlearned

PATTERNS = refractory(6, 45, 2, 0.05, interval=5)
N = 6
# With so few epochs neurons do wrong, and all learn again from it in further rounds.
OPTIONS = {
    "none": {},
    "alpha": {"neurons": "lif-alpha", "epochs": 2},
    "dale": {"max_synapses": 30, "signs": "dale", "epochs": 1},
    "one delay": {"one_delay_per_pair": True, "epochs": 1},
    "prune": {"prune": "recall", "epochs": 2},
    "periodic": {"periodic": True, "epochs": 3},
}


def learned(learn_on=None, neurons="lif-exp", **options):
    given = {"n_delays": 10, "epochs": 3, "neurons": neurons_of(neurons, N, 5e-4)} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return store(PATTERNS, learn_on=learn_on, **given)


def asked_of(model, seed, signs="free"):
    """What neurons with random weights are shown, some of them with a few synapses."""
    known = {name: one.default for name, one in TIMED_MARGIN.all_options.items()}
    neurons = neurons_of(model, N, 5e-4)
    memory = unlearned(PATTERNS, n_delays=10, step=1e-3, neurons=neurons)
    of_neurons = NeuronLearner(memory, known | {"signs": signs}, 0)
    asked, rng = [], np.random.default_rng(seed)
    for j in range(N):
        neuron = Neuron(of_neurons, j)
        if j % 3 == 0:
            neuron._have(np.sort(rng.choice(of_neurons.n_rows, 25, replace=False)))
        spread = rng.choice([0, 0.2, 0.5]) * neuron.of_class.bounds.largest
        weights = rng.normal(0, 1, len(neuron.sign)).astype(np.float32) * np.float32(spread)
        weights = np.where(weights * neuron.sign < 0, 0, weights).astype(np.float32)
        constants, rest = neuron.of_class.constants, neuron.of_class.rest
        counts = np.zeros(loops.N_COUNTS, np.int64)
        common = neuron.sign, rest, constants, neuron.settings, neuron.lengths, counts
        asked.append((weights, *neuron.shown[j % 2], neuron.targets[j % 2], *common))
    matrices = [affine(neurons.model, one[8]) for one in asked]
    return of_neurons, asked, matrices, functions_of(neurons.model)[1]


@pytest.mark.parametrize("signs", ["free", "dale"])
@pytest.mark.parametrize("model", ["lif-exp", "lif-alpha"])
@pytest.mark.parametrize("seed", range(3))
def test_all_neurons_at_once_learn_what_each_learns_by_the_compiled_loop(model, signs, seed):
    of_neurons, asked, _, _ = asked_of(model, seed, signs)
    before = [one[0].copy() for one in asked]
    for one in asked:
        of_neurons.show(*one)
    _, together, matrices, names = asked_of(model, seed, signs)
    teacher_forcing.show_together(together, matrices, names, torch.device("cpu"))
    for start, one, other in zip(before, asked, together):
        np.testing.assert_array_equal(one[-1], other[-1])
        np.testing.assert_allclose(other[0], one[0], rtol=1e-5, atol=1e-5 * np.abs(one[0]).max())
    assert sum(one[-1][loops.TARGETS] for one in asked) > 5
    assert any(not np.array_equal(start, one[0]) for start, one in zip(before, asked))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_memory_is_that_of_the_compiled_loops(options):
    one, two = learned(**options), learned(learn_on="cpu", **options)
    np.testing.assert_array_equal(one.dense() != 0, two.dense() != 0)
    np.testing.assert_allclose(two.weight, one.weight, rtol=0, atol=1e-6 * abs(one.weight).max())
    assert two.made["reached"] == pytest.approx(one.made["reached"], rel=1e-5)
    assert two.made["settings"] == one.made["settings"] | {"learn_on": "cpu"}


def test_nothing_is_computed_elsewhere(monkeypatch):
    # Which neurons learn depends on values, which there are none of on the device meta: all of them do.
    monkeypatch.setattr(teacher_forcing, "_those", lambda asked: np.arange(len(asked)))
    _, asked, matrices, names = asked_of("lif-exp", 0, "dale")
    with OnOneDevice("meta") as mode, torch.inference_mode():
        shown = teacher_forcing._Shown(Batch(asked, matrices, torch.device("meta")), names)
        for k in range(0, 60):
            shown.advance(k)
    assert "index_put_" in mode.names and "_local_scalar_dense" not in mode.names


@pytest.mark.parametrize("first, then", [(None, "cpu"), ("cpu", None)])
def test_a_checkpoint_of_either_way_is_resumed_by_the_other(
    first, then, tmp_path, monkeypatch, processors
):
    monkeypatch.setattr(learner, "how_many_fit", lambda *asked: 2)
    processors(1)
    stop, file = interrupt_after(4), tmp_path / "c.h5"
    with pytest.raises(KeyboardInterrupt):
        learned(first, epochs=1, checkpoint=file, checkpoint_every=0, progress=stop)
    assert file.exists()
    resumed, whole = learned(then, epochs=1, checkpoint=file), learned(epochs=1)
    largest = abs(whole.weight).max()
    np.testing.assert_allclose(resumed.weight, whole.weight, rtol=0, atol=1e-6 * largest)


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"learn_on": "abacus"}, "torch has no device 'abacus'"),
        ({"neurons": "adex"}, "adex neurons, whose equations are not linear, can only be learned"),
        ({"damaged_epochs": 1}, r"damaged epochs \(damaged_epochs=\) can only be learned"),
        ({"scheduler": "tcp://127.0.0.1:1"}, r"a cluster \(scheduler=\) can only be learned"),
    ],
)
def test_what_a_device_cannot_do_is_refused_before_anything_is_learned(options, complaint):
    with pytest.raises(InputError, match=complaint) as refusal:
        learned(**{"learn_on": "cpu"} | options)
    assert "\n" not in str(refusal.value)


def test_what_goes_wrong_on_the_device_ends_all_threads(monkeypatch):
    def broken(*asked):
        raise MemoryError("none left")

    monkeypatch.setattr(learner, "show_together", broken)
    with pytest.raises(MemoryError, match="none left"):
        learned("cpu")


def test_which_models_are_linear():
    names = ("lif-exp", "lif-alpha", "lif-cond", "adex", "izhikevich")
    linear = {name for name in names if is_affine(neurons_of(name, 1).model)}
    assert linear == {"lif-exp", "lif-alpha"}
