"""The rule margin."""

import importlib
import json

import numpy as np
import pytest
from interrupting import interrupt_after

from wmdelays import Cue, InputError, Raster, brian_models, score
from wmdelays.contexts import stored_sequence
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.patterns import bernoulli, periodic
from wmdelays.timing import score_times
from wmdelays.training import margin, recall, store
from wmdelays.training.rules.margin.block_learner import BlockLearner, wrong_of_each

module = importlib.import_module("wmdelays.training.rules.margin.learner")

STEP, N_DELAYS = 1e-3, 10
PATTERNS = bernoulli(80, 60, 2, 0.03)
HARDER = bernoulli(60, 100, 3, 0.03, seed=5)
LIMITS = {
    "none": {},
    "max_synapses": dict(max_synapses=150),
    "one_delay_per_pair": dict(one_delay_per_pair=True),
    "dale": dict(signs="dale"),
    "prune": dict(prune="recall"),
    # So few synapses of given signs cannot tell jittered contexts apart as well.
    "all": dict(max_synapses=60, one_delay_per_pair=True, signs="dale", prune="recall", jitter=0),
}


def learned(patterns=PATTERNS, **options):
    given = dict(n_delays=N_DELAYS, step=STEP, beta=0.7, theta=1.0)
    return margin(patterns, **(given | options))


def margins(memory, start=None):
    """The smallest distance of each neuron's membrane on the right side of theta, by eq. 1.

    With the stored spikes as context, from the end of the trigger window on.
    """
    W = memory.dense()
    start = memory.n_delays if start is None else start
    smallest = np.full(memory.n_neurons, np.inf)
    for pattern in memory.patterns:
        pattern = stored_sequence(pattern, memory.n_delays, memory.step, memory.periodic)
        s = pattern.dense(memory.step)
        u = np.zeros(memory.n_neurons)
        for t in range(len(s)):
            u = memory.beta * u * (1 - s[t - 1]) if t else u
            for d in range(1, min(memory.n_delays, t) + 1):
                u = u + W[:, :, d - 1] @ s[t - d]
            if t >= start:
                distance = np.where(s[t], u - memory.theta, memory.theta - u)
                smallest = np.minimum(smallest, distance)
    return smallest


def f1(memory, cues=None):
    stored = memory.patterns
    cues = memory.cues() if cues is None else cues
    stored = [p for p in stored for _ in range(len(cues) // len(stored))]
    return score(recall(memory, cues), stored).total.f1


def same(a, b):
    synapses = ("pre", "post", "delay", "weight")
    return a.made == b.made and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in synapses
    )


@pytest.fixture(scope="module")
def memories():
    """A memory with each of the limits."""
    return {name: learned(**limits) for name, limits in LIMITS.items()}


@pytest.mark.parametrize("damaged_epochs", [0, 15])
@pytest.mark.parametrize("neuron", [{}, dict(beta=0.9, theta=20.0, kappa=4.0), dict(kappa=0.8)])
def test_every_spike_is_recalled_and_every_membrane_keeps_its_margin(neuron, damaged_epochs):
    memory = learned(HARDER, damaged_epochs=damaged_epochs, **neuron)
    kappa = neuron.get("kappa", 0.5)
    assert f1(memory) == 1.0
    found = margins(memory)
    assert found.min() >= kappa * (1 - 1e-4)
    assert memory.made["settings"]["kappa"] == kappa
    reached = memory.made["reached"]
    assert reached["open_loop_errors"] == 0
    assert reached["margin"] == pytest.approx(found.min(), rel=1e-4)
    assert min(r.closest_call for r in recall(memory, memory.cues())) >= kappa * (1 - 1e-4)


def test_what_cannot_be_had_whole_is_had_as_far_as_possible():
    # The spike of neuron 0 in step 40 comes after a silence longer than the delays.
    dense = PATTERNS[0].dense(STEP)
    dense[20:] = False
    dense[[40, 46, 51], [0, 1, 0]] = True
    pattern = Raster.from_dense(dense, STEP)
    memory = learned([pattern])
    assert memory.made["reached"]["open_loop_errors"] == 1
    assert (margins(memory) < 0).sum() == 1
    assert memory.made["reached"]["margin"] == pytest.approx(-1.0, abs=0.05)
    assert score(recall(memory, memory.cues()), [pattern]).total.f1 > 0.9


def test_a_periodic_pattern_goes_on_beyond_its_end():
    patterns = periodic(60, 60, 2, 0.04, seed=1)
    memory = learned(patterns, periodic=True)
    assert margins(memory).min() >= 0.4999
    for pattern in patterns:
        made = recall(memory, Cue.from_pattern(pattern, N_DELAYS, STEP, n_steps=250))
        repeated = np.tile(pattern.dense(STEP), (5, 1))[:250]
        np.testing.assert_array_equal(made.emitted.dense(STEP), repeated)


def test_a_network_that_learned_with_a_shorter_trigger_recalls_from_it():
    usual, short = (learned(HARDER, damaged_epochs=0, shortest_trigger=n) for n in (N_DELAYS, 4))
    assert margins(short, 4).min() >= 0.4999 > margins(usual, 4).min()
    recalled = [f1(m, [cue.shortened(4) for cue in m.cues()]) for m in (usual, short)]
    assert recalled[0] < 1 == recalled[1]


def test_learning_from_damaged_contexts_helps_recall_from_damaged_cues():
    def damaged(memory):
        rng = np.random.default_rng(0)
        cues = [cue for cue in memory.cues() for _ in range(10)]
        replaced = [cue.replaced(0.4, rng) for cue in cues]
        silenced = [cue.silenced(20, rng) for cue in cues]
        losing = [cue.losing_spikes(0.1, rng) for cue in cues]
        return np.array([f1(memory, c) for c in (replaced, silenced, losing)])

    options = dict(max_synapses=200)
    with_damage = damaged(learned(HARDER, **options))
    without = damaged(learned(HARDER, damaged_epochs=0, **options))
    assert (with_damage > without + 0.05).all()
    assert with_damage.min() > 0.9


def test_learning_from_jittered_triggers_helps_recall_from_jittered_cues():
    def within_a_step(memory):
        rng = np.random.default_rng(0)
        cues = [cue.jittered(1.0, rng) for cue in memory.cues() for _ in range(10)]
        stored = [pattern for pattern in memory.patterns for _ in range(10)]
        # All spikes may be shifted alike: a network has no clock beside them.
        return score_times(recall(memory, cues), stored).within[1].f1

    alone = dict(lost=0, added=0, silenced=0, noise=0)
    with_jitter, without = (
        within_a_step(learned(HARDER, jitter=spread, **alone)) for spread in (1.0, 0.0)
    )
    assert with_jitter > 0.9 and with_jitter > without + 0.1


def test_without_damage_or_epochs_for_it_nothing_is_learned_from_damaged_contexts():
    none = learned(lost=0, added=0, silenced=0, jitter=0, noise=0)
    no_epochs = learned(damaged_epochs=0)
    np.testing.assert_array_equal(none.weight, no_epochs.weight)
    assert [one["stage"] for one in none.made["history"]] == ["learning"]


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    one, two, other = (learned(seed=seed) for seed in (3, 3, 4))
    assert same(one, two)
    assert not (one.n_synapses == other.n_synapses and np.array_equal(one.weight, other.weight))


@pytest.mark.parametrize("limits", ["none", "all"])
def test_the_number_of_processors_changes_nothing(limits, memories, processors):
    processors(1)
    assert same(learned(**LIMITS[limits]), memories[limits])


@pytest.mark.parametrize("limits", LIMITS)
def test_limits_hold_and_every_spike_is_recalled(limits, memories):
    memory, asked = memories[limits], LIMITS[limits]
    assert f1(memory) == 1.0
    assert margins(memory).min() >= 0.4999
    most = asked.get("max_synapses", np.inf)
    assert np.bincount(memory.post).max() <= most
    if "one_delay_per_pair" in asked:
        pairs = memory.pre.astype(np.int64) * memory.n_neurons + memory.post
        assert len(np.unique(pairs)) == memory.n_synapses
    if "signs" in asked:
        positive = memory.weight > 0
        np.testing.assert_array_equal(positive, memory.pre < 64)
        assert 0 < positive.mean() < 1
    if "prune" in asked:
        assert memory.n_synapses < 0.2 * memories["none"].n_synapses


@pytest.mark.parametrize("limits", ["none", "prune", "all"])
def test_blocks_of_silent_neurons_are_passed_over_and_change_nothing(limits, monkeypatch):
    some = bernoulli(12, 60, 2, 0.05, seed=2)
    places = np.r_[0:6, 150:156]
    patterns = [Raster(places[p.neurons], p.times, 330, p.duration) for p in some]
    dense = []
    whole = module.SparseBlock.dense
    monkeypatch.setattr(module.SparseBlock, "dense", lambda one: dense.append(1) or whole(one))
    quick = learned(patterns, **LIMITS[limits])
    n_quick = len(dense)
    begun = module.Learner.__init__

    def of_all(learner, *arguments):
        begun(learner, *arguments)
        learner.silent[:] = False
        learner.busy = list(range(len(learner.blocks)))
        learner.prunable[:] = LIMITS[limits].get("prune") == "recall"

    monkeypatch.setattr(module.Learner, "__init__", of_all)
    thorough = learned(patterns, **LIMITS[limits])
    assert n_quick < 0.6 * (len(dense) - n_quick)
    assert quick.fingerprint() == thorough.fingerprint()
    for part in ("reached", "history"):
        assert quick.made[part] == thorough.made[part]


def test_limits_are_not_kept_by_chance(memories):
    memory = memories["none"]
    assert np.bincount(memory.post).max() > 150
    pairs = memory.pre.astype(np.int64) * memory.n_neurons + memory.post
    assert len(np.unique(pairs)) < memory.n_synapses
    for excitatory in (memory.pre < 64, memory.pre >= 64):
        assert 0.1 < (memory.weight[excitatory] > 0).mean() < 0.9


def test_the_stated_part_of_the_neurons_is_excitatory():
    memory = learned(signs="dale", excitatory=0.5)
    np.testing.assert_array_equal(memory.weight > 0, memory.pre < 40)


@pytest.mark.parametrize("damaged_epochs", [0, 5])
def test_pruning_costs_no_neuron_its_margin(damaged_epochs):
    # So few synapses that not every neuron has its margin before it is pruned.
    options = dict(one_delay_per_pair=True, damaged_epochs=damaged_epochs)
    before, after = (learned(HARDER, prune=prune, **options) for prune in ("none", "recall"))
    assert margins(before).min() < 0.5
    assert (margins(after) >= np.minimum(margins(before), 0.5) - 1e-4).all()
    assert after.n_synapses < before.n_synapses
    assert (np.bincount(after.post, minlength=60) <= np.bincount(before.post, minlength=60)).all()


def test_neurons_that_burst_keep_to_a_limit_along_the_gradient():
    rng = np.random.default_rng(0)
    dense = np.zeros((240, 20), bool)
    for _ in range(200):
        t, j = rng.integers(0, 234), rng.integers(20)
        dense[t : t + 6, j] = rng.random(6) < 0.8
    pattern = Raster.from_dense(dense, STEP)
    options = {"n_delays": 30, "max_synapses": 30, "damaged_epochs": 0, "epochs": 60}
    memory = store(pattern, step=STEP, **options)
    wrong = [one["wrong"] for one in memory.made["history"]]
    # The quick steps go astray; what follows starts anew.
    assert max(wrong) > 100 and wrong.index(max(wrong)) < len(wrong) - 10
    assert memory.made["reached"]["open_loop_errors"] == 0 and memory.made["scores"]["f1"] == 1
    assert np.bincount(memory.post).max() <= 30


@pytest.mark.parametrize("limits", LIMITS)
def test_a_memory_from_its_file_gives_the_same_spikes_in_brian2(limits, memories, judge, tmp_path):
    write_memory(tmp_path / "m.h5", memories[limits])
    memory = read_memory(tmp_path / "m.h5")
    assert same(memory, memories[limits])
    rng = np.random.default_rng(0)
    cues = memory.cues()
    cues += [cues[0].replaced(0.3, rng).with_ongoing_noise(0.01, rng)]
    by_the_loop = recall(memory, cues)
    for cue, made in zip(cues, by_the_loop):
        emitted, own, closest_call = judge(memory, cue)
        assert closest_call > 1e-9
        np.testing.assert_array_equal(made.emitted.dense(STEP), emitted)
        np.testing.assert_array_equal(made.own.dense(STEP), own)
    for n in (1, 10):
        by_brian = brian_models.recall(memory, cues, dt=STEP / n, device="numpy")
        for one, two in zip(by_the_loop, by_brian):
            assert one.emitted == two.emitted and one.own == two.own


def in_bursts(seed, n_neurons=24, n_steps=150):
    """A pattern in which neurons fire in bursts of one to three steps."""
    rng, dense = np.random.default_rng(seed), np.zeros((n_steps, n_neurons), bool)
    for _ in range(60):
        neuron, start = rng.integers(n_neurons), rng.integers(n_steps - 4)
        dense[start : start + rng.integers(1, 4), neuron] = True
    return [Raster.from_dense(dense, STEP)]


@pytest.mark.parametrize(
    "seed, limits",
    [(3, {"one_delay_per_pair": True}), (0, {"max_synapses": 16, "signs": "dale"})],
    ids=["one_delay_per_pair", "dale"],
)
def test_learning_once_more_makes_no_neuron_worse(seed, limits, monkeypatch):
    found, better = {}, BlockLearner.better

    def noted(self, second, first, worse):
        kept = better(self, second, first, worse)
        # There is one block.
        found[0] = [wrong_of_each(self.check(0, one, True)[0]) for one in (first, second, kept)]
        return kept

    monkeypatch.setattr(BlockLearner, "better", noted)
    memory = learned(in_bursts(seed), epochs=40, **limits)
    (first, second, kept), *_ = found.values()
    # Some neurons were better before, others are afterwards.
    assert (second > first).any() and (second < first).any()
    assert np.array_equal(kept, np.minimum(first, second))
    assert memory.made["reached"]["open_loop_errors"] == sum(
        kept.sum() for _, _, kept in found.values()
    )
    pairs = memory.pre * memory.n_neurons + memory.post
    if "one_delay_per_pair" in limits:
        assert len(np.unique(pairs)) == memory.n_synapses
    else:
        assert np.bincount(memory.post).max() <= 16
        assert all(len(np.unique(np.sign(memory.weight[memory.pre == j]))) <= 1 for j in range(24))


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(damaged_epochs=0, one_delay_per_pair=True),
        dict(damaged_epochs=5, max_synapses=60),
        dict(damaged_epochs=0, prune="recall", epochs=20),
        dict(damaged_epochs=2, prune="recall", max_synapses=100, signs="dale", epochs=20),
        # Too few to be learned: all begin once more, along the gradient.
        dict(damaged_epochs=0, max_synapses=6, epochs=10),
    ],
    ids=["damaged", "one_delay_per_pair", "max_synapses", "prune", "all", "once more"],
)
def test_a_resumed_learning_gives_what_an_uninterrupted_one_gives(options, tmp_path):
    patterns = bernoulli(40, 60, 2, 0.04, seed=2)
    calls, file = [], tmp_path / "c.h5"
    expected = learned(patterns, progress=lambda *now: calls.append(now), **options)
    third = max(len(calls) // 3, 3)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            learned(
                patterns,
                checkpoint=file,
                checkpoint_every=0,
                progress=interrupt_after(third),
                **options,
            )
    left = []
    resumed = learned(patterns, checkpoint=file, progress=lambda *now: left.append(now), **options)
    assert 0 < len(left) < len(calls) - third
    assert same(resumed, expected)


def test_a_finished_learning_leaves_its_checkpoint_which_gives_the_result_at_once(tmp_path):
    file, calls = tmp_path / "c.h5", []
    first = learned(checkpoint=file)
    again = learned(checkpoint=file, progress=lambda *now: calls.append(now))
    assert calls == [] and same(first, again)


def test_no_checkpoint_is_written_before_its_time(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        learned(checkpoint=tmp_path / "c.h5", progress=interrupt_after(8))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "other",
    [
        dict(kappa=0.4),
        dict(seed=1),
        dict(epochs=99),
        dict(lost=0.7),
        dict(presentations=7),
        dict(max_synapses=70),
        dict(signs="dale"),
        dict(shortest_trigger=9),
        dict(beta=0.71),
        dict(n_delays=9),
        dict(patterns=PATTERNS[:1]),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(other, tmp_path):
    file = tmp_path / "c.h5"
    learned(checkpoint=file, damaged_epochs=5)
    before = file.read_bytes()
    with pytest.raises(InputError, match="other settings or another memory"):
        learned(checkpoint=file, **({"damaged_epochs": 5} | other))
    assert file.read_bytes() == before


def test_progress_names_the_stage_and_how_much_of_it_is_done():
    seen = []
    learned(prune="recall", damaged_epochs=2, epochs=10, progress=lambda *now: seen.append(now))
    assert {text.split(",")[0] for text, _ in seen} == {
        "learning from damaged contexts",
        "learning",
        "pruning from damaged contexts",
        "pruning",
    }
    assert all(0 < part <= 1 for _, part in seen)
    assert "F1" not in seen[0][0] and any(text == "pruning, F1 1.0000" for text, _ in seen)


def test_how_it_was_made_is_json_and_holds_what_was_reached():
    made = learned(lost=0.5, max_synapses=100).made
    assert json.loads(json.dumps(made)) == made
    assert made["settings"]["lost"] == 0.5 and made["settings"]["max_synapses"] == 100
    assert made["settings"]["shortest_trigger"] is None
    last = made["history"][-1]
    assert (last["f1"], last["wrong"]) == (1.0, 0)
    assert last["epoch"] == made["reached"]["epochs"]


def test_library_use_is_silent(capfd):
    learned(damaged_epochs=0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (dict(kappa=0.0), "kappa is 0.0; it has to lie between 0 and theta, 1.0"),
        (dict(kappa=1.0), "kappa is 1.0"),
        (dict(kappa=float("nan")), "kappa is nan"),
        (dict(epochs=0), "epochs is 0"),
        (dict(epochs=2.5), "epochs is 2.5"),
        (dict(damaged_epochs=-1), "damaged_epochs is -1"),
        (dict(damaged_epochs=float("inf")), "damaged_epochs is inf"),
        (dict(shortest_trigger=0), "shortest_trigger is 0"),
        (dict(shortest_trigger=11), "whole number from 1 to 10"),
        (dict(shortest_trigger=2.5), "shortest_trigger is 2.5"),
        (dict(lost=1.5), "lost is 1.5"),
        (dict(noise=-0.1), "noise is -0.1"),
        (dict(presentations=-1), "presentations is -1"),
        (dict(max_synapses=0), "max_synapses is 0"),
        (dict(signs="magic"), "signs is 'magic'; it has to be free or dale"),
        (dict(excitatory=2), "excitatory is 2"),
        (dict(seed=-1), "seed is -1"),
        (dict(seed=0.5), "seed is 0.5"),
        (dict(checkpoint="/no/such/folder/c.h5"), "/no/such/folder"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(settings, complaint):
    with pytest.raises(InputError, match=complaint) as refusal:
        learned(**settings)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "setting", ["epochs", "damaged_epochs", "presentations", "max_synapses", "seed"]
)
def test_whole_numbers_may_be_given_as_floats(setting):
    common = {"damaged_epochs": 2}
    whole = learned(**common | {setting: 2})
    same = learned(**common | {setting: 2.0})
    assert np.array_equal(whole.weight, same.weight)


def test_the_part_that_is_excitatory_matters_with_dale_only():
    free = learned(damaged_epochs=2)
    same = learned(damaged_epochs=2, excitatory=0.5)
    assert np.array_equal(free.weight, same.weight)


def test_contexts_that_contradict_each_other_do_not_drive_weights_away():
    patterns = bernoulli(30, 80, 2, 0.03)
    memory = learned(patterns, n_delays=1, damaged_epochs=0)
    assert np.abs(memory.weight).max() <= 100


def test_a_learning_that_went_by_other_stages_is_not_gone_on_with(tmp_path, monkeypatch):
    settings = {"n_delays": 8, "step": 1e-3, "beta": 0.7, "theta": 1.0, "max_synapses": 30}
    patterns, file = bernoulli(20, 60, 2, rate=0.04), tmp_path / "learning"
    stages = module.Plan.stages

    class Enough(Exception):
        pass

    def stop(stage, part):
        if stage.startswith("relearning"):
            raise Enough

    with pytest.raises(Enough):
        margin(patterns, **settings, checkpoint=file, checkpoint_every=0, progress=stop)
    monkeypatch.setattr(module.Plan, "stages", lambda plan: stages(plan)[1:])
    with pytest.raises(InputError, match="other"):
        margin(patterns, **settings, checkpoint=file)
