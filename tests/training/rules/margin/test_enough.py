"""As many synapses as recall and bearing damage need, and no more."""

import numpy as np
import pytest
from interrupting import interrupt_after

from wmdelays import bernoulli, recall, score, store
from wmdelays.training.rules.margin import enough
from wmdelays.training.rules.margin.enough import enough_synapses, in_contexts
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets

N, D = 128, 20
PATTERNS = bernoulli(N, 100, 3, 0.01)
SMALL = bernoulli(60, 80, 2, 0.015, seed=2)


def learned(patterns=PATTERNS, n_delays=D, **options):
    return store(patterns, n_delays=n_delays, **options)


def same(a, b):
    columns = ("pre", "post", "delay", "weight")
    return all(np.array_equal(getattr(a, one), getattr(b, one)) for one in columns)


@pytest.fixture
def few(monkeypatch):
    """So few are enough that small networks have more."""
    monkeypatch.setattr(enough, "_LEAST", 1)


@pytest.fixture
def too_few(few, monkeypatch):
    """As many as are said to be enough are not."""
    monkeypatch.setattr(enough, "_EACH", 0.02)
    monkeypatch.setattr(enough, "_OVERLAP", 0.0)


def laid_out(patterns, n_delays=D):
    spikes = [(p.steps(1e-3), p.neurons) for p in patterns]
    n_steps = patterns[0].n_steps(1e-3)
    shown = presentations(
        ((s, n, n_steps, m, n_delays, False) for m, (s, n) in enumerate(spikes)), n_delays
    )
    return shown, targets(spikes, patterns[0].n_neurons)


def test_the_spikes_in_the_contexts_of_stored_spikes_are_counted():
    shown, wanted = laid_out(PATTERNS)
    counted = np.concatenate([in_contexts(shown, of_block, D) for of_block in wanted])
    expected = np.zeros(N, int)
    for pattern in PATTERNS:
        dense = pattern.dense(1e-3)
        for t, j in zip(*np.nonzero(dense[D:])):
            expected[j] += dense[t : t + D].sum()
    assert expected.max() > 30
    np.testing.assert_array_equal(counted, expected)


def test_more_spikes_in_contexts_take_more_synapses_until_all_should_stay(few):
    shown, wanted = laid_out(PATTERNS)
    number = np.array([in_contexts(shown, of_block, D) for of_block in wanted])
    found = enough_synapses(shown, wanted, N, D)
    assert found.shape == (N // BLOCK, BLOCK) and (found >= number).all()
    order = np.argsort(number, axis=None)
    each = (found / np.maximum(number, 1)).ravel()[order][number.ravel()[order] > 10]
    assert each[-1] > each[0] > 1.2
    # Of fewer possible synapses these are too large a part.
    assert enough_synapses(shown, wanted, N // 4, D) is None


def test_no_neuron_is_left_with_less_than_is_never_too_many():
    assert (enough_synapses(*laid_out(PATTERNS), N, D) >= 800).all()
    assert enough_synapses(*laid_out(SMALL, 10), 60, 10) is None


@pytest.fixture(scope="module")
def all_synapses():
    return learned()


def test_a_memory_with_fewer_synapses_bears_as_much(all_synapses, few):
    memory = learned(prune="damage")
    found = enough_synapses(*laid_out(PATTERNS), N, D).ravel()
    assert (np.bincount(memory.post, minlength=N) <= found).all()
    assert memory.n_synapses < 0.4 * all_synapses.n_synapses
    reached = memory.made["reached"]
    assert memory.made["scores"]["f1"] == 1 and reached["margin"] >= 0.4999

    def borne(memory):
        rng = np.random.default_rng(0)
        cues = [cue for cue in memory.cues() for _ in range(10)]
        cues = [cue.silenced(N // 2, rng) for cue in cues] + [
            cue.losing_spikes(0.1, rng) for cue in cues
        ]
        stored = [pattern for pattern in memory.patterns for _ in range(10)] * 2
        return score(recall(memory, cues), stored).total.f1

    assert borne(memory) > max(0.9, borne(all_synapses) - 0.03)


def test_where_they_are_not_enough_blocks_learn_with_all(all_synapses, too_few):
    progress = []
    memory = learned(prune="damage", progress=lambda stage, part: progress.append(stage))
    assert any("once more" in stage for stage in progress)
    assert same(memory, all_synapses)


@pytest.mark.parametrize(
    "options", [{"damaged_epochs": 2}, {"noise": 0, "presentations": 0}, {"max_synapses": 300}]
)
def test_without_damage_or_within_limits_nothing_else_is_cut(options, few):
    quick = {"damaged_epochs": 5, **options}
    assert same(learned(**quick, prune="damage"), learned(**quick))


@pytest.mark.parametrize("how", ["few", "too_few"])
def test_a_resumed_learning_gives_what_an_uninterrupted_one_gives(how, tmp_path, request):
    request.getfixturevalue(how)
    calls, file = [], tmp_path / "c.h5"
    quick = {"patterns": SMALL, "n_delays": 10, "damaged_epochs": 6, "prune": "damage"}
    expected = learned(**quick, progress=lambda *now: calls.append(now))
    assert any("once more" in stage for stage, _ in calls) is (how == "too_few")

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            stop = interrupt_after(max(len(calls) // 3, 3))
            learned(**quick, checkpoint=file, checkpoint_every=0, progress=stop)
    resumed = learned(**quick, checkpoint=file)
    assert same(resumed, expected) and resumed.made == expected.made
    with_all = learned(**quick | {"prune": "none"})
    assert same(expected, with_all) is (how == "too_few")
