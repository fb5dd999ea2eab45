"""The rule timed-margin by operators of torch: the memory of the compiled loops."""

import warnings

import numpy as np
import pytest
import torch
from interrupting import interrupt_after
from one_device import OnOneDevice
from shown_neurons import PATTERNS, asked_of, assert_all_at_once_learn_the_same

from wmdelays import InputError, store
from wmdelays.neurons import neurons_of
from wmdelays.patterns import refractory
from wmdelays.training.continuous.code import functions_of
from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device import learner, teacher_forcing
from wmdelays.training.rules.timed_margin.on_device.affine import affine, is_affine
from wmdelays.training.rules.timed_margin.on_device.batch import Batch

# Each tick of a neuron whose equations are not linear takes as many operators as one of hundreds.
FEW = refractory(4, 36, 1, 0.06, interval=5)
# With so few epochs neurons do wrong, and all learn again from it in further rounds.
OPTIONS = {
    "none": {},
    "alpha": {"neurons": "lif-alpha", "epochs": 2},
    "dale": {"max_synapses": 30, "signs": "dale", "epochs": 1},
    "one delay": {"one_delay_per_pair": True, "epochs": 1},
    "prune": {"prune": "recall", "epochs": 2},
    "periodic": {"periodic": True, "epochs": 3},
    "lif-cond": {"neurons": "lif-cond", "patterns": FEW, "epochs": 2},
    "adex": {
        "neurons": "adex:tonic",
        "patterns": FEW,
        "max_synapses": 25,
        "epochs": 1,
    },
    "adex-exp": {"neurons": "adex-exp", "patterns": FEW, "epochs": 1},
    "izhikevich": {"neurons": "izhikevich", "patterns": FEW, "signs": "dale", "epochs": 1},
}


def learned(learn_on=None, neurons="lif-exp", patterns=PATTERNS, **options):
    neurons = neurons_of(neurons, patterns[0].n_neurons, 5e-4)
    given = {"n_delays": 10, "epochs": 3, "neurons": neurons} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return store(patterns, learn_on=learn_on, **given)


def shown_to(model, seed, signs="free"):
    """As `asked_of`, and the matrices of each neuron and what is named beside them."""
    of_neurons, asked = asked_of(model, seed, signs)
    model = of_neurons.memory.neurons.model
    return of_neurons, asked, [affine(model, one[8]) for one in asked], functions_of(model)[1]


@pytest.mark.parametrize("signs", ["free", "dale"])
@pytest.mark.parametrize("model", ["lif-exp", "lif-alpha"])
@pytest.mark.parametrize("seed", range(3))
def test_all_neurons_at_once_learn_what_each_learns_by_the_compiled_loop(model, signs, seed):
    of_neurons, asked, matrices, names = shown_to(model, seed, signs)
    counts = assert_all_at_once_learn_the_same(
        of_neurons,
        asked,
        lambda asked: teacher_forcing.show_together(asked, matrices, names, torch.device("cpu")),
    )
    assert counts[loops.TARGETS] > 5


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
    _, asked, matrices, names = shown_to("lif-exp", 0, "dale")
    with OnOneDevice("meta") as mode, torch.inference_mode():
        batch = Batch(asked, torch.device("meta"))
        shown = teacher_forcing.LinearLanes(batch, matrices, names)
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
