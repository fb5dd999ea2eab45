"""Which synapses stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmdelays import InputError, bernoulli, store
from wmdelays.training.rules.margin.importance import importance
from wmdelays.training.rules.margin.learner import Learner
from wmdelays.training.rules.margin.presentations import BLOCK, presentations, targets
from wmdelays.training.rules.margin.stages import Plan
from wmdelays.training.rules.margin.synapse_limits import SynapseLimits, most_important, within


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    n_neurons=st.integers(1, 8),
    n_delays=st.integers(1, 6),
    n_post=st.integers(1, 5),
    per_pair=st.none() | st.integers(1, 7),
    per_neuron=st.none() | st.integers(1, 50),
    own_limits=st.booleans(),
    density=st.sampled_from([0.0, 0.4, 1.0]),
)
def test_the_most_important_synapses_stay_within_both_limits(
    seed, n_neurons, n_delays, n_post, per_pair, per_neuron, own_limits, density
):
    rng = np.random.default_rng(seed)
    shape = n_neurons * n_delays, n_post
    # With ties.
    value = rng.integers(1, 9, shape) * (rng.random(shape) < density) / 8
    if own_limits and per_neuron is not None:
        per_neuron = rng.integers(0, per_neuron + 1, n_post)
    kept = most_important(value, n_delays, per_pair, per_neuron)

    assert not kept[value == 0].any()
    # The limits are kept to where nothing has to be cut.
    assert within(kept, n_delays, per_pair, per_neuron)
    assert within(value > 0, n_delays, per_pair, per_neuron) == (kept == (value > 0)).all()
    by_pair = kept.reshape(n_neurons, n_delays, n_post)
    of_pair = value.reshape(n_neurons, n_delays, n_post)
    most = n_delays if per_pair is None else per_pair
    for b in range(n_post):
        could = []
        for i in range(n_neurons):
            could += sorted(of_pair[i, :, b][of_pair[i, :, b] > 0])[::-1][:most]
            assert by_pair[i, :, b].sum() <= most
        limit = len(could) if per_neuron is None else np.broadcast_to(per_neuron, n_post)[b]
        assert sorted(value[kept[:, b], b]) == sorted(sorted(could)[::-1][:limit])


cut_settings = st.fixed_dictionaries(
    {
        "max_synapses": st.none() | st.integers(1, 10**5),
        "one_delay_per_pair": st.booleans(),
    }
)


@settings(deadline=None)
@given(limits=cut_settings, n_neurons=st.integers(1, 300), n_delays=st.integers(1, 60))
def test_cuts_go_by_halves_at_most_and_end_at_the_goals(limits, n_neurons, n_delays):
    goals = 1 if limits["one_delay_per_pair"] else None, limits["max_synapses"]
    cuts = SynapseLimits(**limits).cuts(n_neurons, n_delays)
    if goals == (None, None):
        assert cuts == []
        return
    assert cuts[-1] == goals
    wide = [n_delays, n_neurons * n_delays]
    for cut in cuts:
        for k, limit in enumerate(cut):
            assert (limit is None) is (goals[k] is None)
            if limit is not None:
                assert 2 * limit >= wide[k]
                wide[k] = min(wide[k], limit)
    # No cut leaves everything in place, but for a last one that has to be there.
    assert len(cuts) == 1 or any(
        limit is not None and limit < most
        for limit, most in zip(cuts[0], [n_delays, n_neurons * n_delays])
    )


def test_signs_belong_to_the_presynaptic_neurons():
    assert SynapseLimits().sign(5, 3) is None
    sign = SynapseLimits(signs="dale", excitatory=0.6).sign(5, 3)
    assert sign.tolist() == [1] * 9 + [-1] * 6
    assert sign.dtype == np.int8
    assert (SynapseLimits(signs="dale", excitatory=0.0).sign(5, 3) == -1).all()
    assert (SynapseLimits(signs="dale", excitatory=1.0).sign(5, 3) == 1).all()


N_DELAYS, POST = 3, 8


def two_stored_spikes(weights):
    """The importance for neuron 8 that spikes in step 2, after neurons 0 to 3, and in step 12, after 4 to 7.

    `weights` are those of their synapses with delay 2.
    """
    pattern = np.zeros((14, 10), bool)
    pattern[0, :4] = pattern[10, 4:8] = True
    pattern[[2, 12], POST] = True
    spikes = np.nonzero(pattern)
    shown = presentations([(*spikes, 14, 0, 1, False)], N_DELAYS)
    (wanted,) = targets([spikes], 10)
    dense = np.zeros((10 * N_DELAYS, BLOCK), np.float32)
    for (i, delay), weight in weights.items():
        dense[i * N_DELAYS + delay - 1, POST] = weight
    value = importance(dense, shown, wanted, n_delays=N_DELAYS)
    assert not value[dense == 0].any()
    assert (value[dense != 0] > 0).all()
    return dense, value


def value_of(value, i, delay):
    return value[i * N_DELAYS + delay - 1, POST]


STRONG_AND_WEAK = {(i, 2): 0.8 - 0.1 * i for i in range(4)}
STRONG_AND_WEAK |= {(i, 2): 0.08 - 0.01 * (i - 4) for i in range(4, 8)}


def test_every_stored_spike_keeps_its_fair_part_of_the_synapses():
    dense, value = two_stored_spikes(STRONG_AND_WEAK)
    ranks = [value_of(value, i, 2) for i in range(8)]
    assert ranks == pytest.approx([1, 0.75, 0.5, 0.25] * 2)

    def helping(of):
        kept = most_important(of, N_DELAYS, per_neuron=4)[:, POST]
        neurons = np.flatnonzero(kept) // N_DELAYS
        return (neurons < 4).sum(), ((neurons >= 4) & (neurons < 8)).sum()

    assert helping(value) == (2, 2)
    # By size alone the second stored spike is left with nothing.
    assert helping(np.abs(dense)) == (4, 0)


def test_the_highest_rank_of_a_synapse_counts():
    # The strongest of the second stored spike also helps to make the first, as its weakest.
    pattern = np.zeros((14, 4), bool)
    pattern[0, :2] = pattern[10, 1] = True
    pattern[[2, 12], 3] = True
    spikes = np.nonzero(pattern)
    shown = presentations([(*spikes, 14, 0, 1, False)], N_DELAYS)
    (wanted,) = targets([spikes], 4)
    dense = np.zeros((12, BLOCK), np.float32)
    dense[1, 3], dense[4, 3] = 0.9, 0.1
    value = importance(dense, shown, wanted, n_delays=N_DELAYS)
    assert value[1, 3] == 1.0 and value[4, 3] == 1.0


def test_an_excitatory_synapse_without_a_stored_spike_counts_half():
    # Neuron 9 never spikes.
    _, value = two_stored_spikes(STRONG_AND_WEAK | {(9, 1): 0.75})
    assert value_of(value, 9, 1) == pytest.approx(7 / 9 / 2)


def test_an_inhibitory_synapse_counts_by_the_excitatory_ones_that_are_weaker():
    _, value = two_stored_spikes(STRONG_AND_WEAK | {(9, 1): -0.55, (0, 1): -0.001, (4, 2): -5.0})
    # Of seven excitatory ones four are weaker, none, and all, also where the neuron is to spike.
    assert value_of(value, 9, 1) == pytest.approx(4 / 7)
    assert 0 < value_of(value, 0, 1) < 1e-30
    assert value_of(value, 4, 2) == 1.0
    assert value_of(value, 5, 2) == 1.0


def test_the_cell_types_of_a_file_say_whose_weights_are_negative(tmp_path):
    (tmp_path / "types.csv").write_text(
        "region,unit,type\nCA1,2,I\nCA1,0,E\nCA1,1,excitatory\n"
        + "".join(f"CA1,{k},{'inh' if k in (5, 11) else 'exc'}\n" for k in range(3, 12))
    )
    patterns = bernoulli(12, 60, 1, 0.06, seed=1)
    given = {"n_delays": 10, "damaged_epochs": 0, "signs": "dale"}
    memory = store(patterns, cell_types=tmp_path / "types.csv", **given)
    assert set(memory.pre[memory.weight < 0]) <= {2, 5, 11}
    assert not set(memory.pre[memory.weight > 0]) & {2, 5, 11}
    assert memory.made["settings"]["inhibitory"] == [2, 5, 11]
    # Without a file it is the last ones.
    other = store(patterns, **given)
    assert set(other.pre[other.weight < 0]) <= {10, 11}


@pytest.mark.parametrize(
    "text, signs, said",
    [
        ("unit,type\n0,E\n", "dale", "says nothing of unit 1 (11 of 12 units)"),
        ("unit,type\n0,X\n", "dale", "line 2: the type is 'X'; it has to be E, I"),
        ("unit,type\n0,E\n0,I\n", "dale", "line 3: unit 0 has two types"),
        ("unit,class\n0,E\n", "dale", "has not the columns unit and type"),
        ("unit,type\n0,E\n", "free", "it is for signs='dale'"),
    ],
)
def test_a_file_of_cell_types_that_does_not_do_is_refused(tmp_path, text, signs, said):
    (tmp_path / "types.csv").write_text(text)
    with pytest.raises(InputError) as error:
        store(
            bernoulli(12, 60, 1, 0.06), n_delays=10, signs=signs, cell_types=tmp_path / "types.csv"
        )
    assert said in str(error.value)


def test_synapses_are_cut_early_while_contexts_are_damaged():
    settings = {"epochs": 100, "damaged_epochs": 15}
    plan = Plan(SynapseLimits(max_synapses=50, one_delay_per_pair=True), 100, 30, settings, True)
    damaged = [(one.epochs, one.cut) for one in plan.stages() if one.damaged]
    assert damaged == [(5, None), (5, (4, 200)), (5, (2, 100)), (15, (1, 50))]
    last = plan.stages()[-1]
    assert (last.damaged, last.cut, last.epochs) == (False, None, 100)


def test_limits_that_cut_nothing_take_nothing_from_learning_from_damage():
    patterns = bernoulli(30, 80, 2, rate=0.03)
    free, wide = (
        store(patterns, "margin", n_delays=10, max_synapses=most).made["reached"]["epochs"]
        for most in (None, 10_000)
    )
    assert wide == free + 3 * 5  # those before the last cut, which leaves what there is


def test_synapses_are_gained_until_the_last_cut_where_the_early_ones_leave_all(monkeypatch):
    ended, end = [], Learner._end

    def noted(learner, stage):
        ended.append((stage.early, learner.blocks[0].limited))
        end(learner, stage)

    monkeypatch.setattr(Learner, "_end", noted)
    store(bernoulli(30, 80, 2, rate=0.03), n_delays=10, max_synapses=10_000)
    first, last = (False, False), (False, True)
    assert ended == [first, (True, False), (True, False), last, last]
