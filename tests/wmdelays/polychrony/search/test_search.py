from collections import Counter
from itertools import combinations, islice
from math import comb

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_groups import follow, literal_search

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.groups import LAYERS_OF, ORIGINAL
from wmdelays.polychrony.search import search as group_search
from wmdelays.polychrony.search.search import LONGEST, MOST_SPIKES, GroupSearch, search


def network(seed, n_excitatory=30, n_inhibitory=8, n_out=8, longest=6, strong=0.7, same=True):
    """A random network in which groups are common; several synapses may be alike."""
    random = np.random.default_rng(seed)
    n = n_excitatory + n_inhibitory
    pre = np.repeat(np.arange(n), n_out)
    post = random.integers(0, n, len(pre))
    excitatory = np.arange(n) < n_excitatory
    delay = np.where(excitatory[pre], random.integers(1, longest + 1, len(pre)), 1)
    weight = np.where(random.random(len(pre)) < 0.5, 10.0, random.uniform(9.4, 10, len(pre)))
    weight[random.random(len(pre)) > strong] = 3.0
    weight[~excitatory[pre]] = -5.0 if same else random.uniform(-30, -1)
    return DelayNetwork(pre, post, delay, weight, excitatory)


def izhikevich(seed, ceiling):
    """A network of full size and of Izhikevich's wiring, its weights at random at the ceiling."""
    random = np.random.default_rng(seed)
    pre = np.repeat(np.arange(1000), 100)
    post = np.concatenate(
        [random.choice(np.delete(np.arange(1000), n), 100, replace=False) for n in range(800)]
        + [random.choice(800, 100, replace=False) for _ in range(200)]
    )
    delay = np.where(pre < 800, np.tile(np.arange(100) // 5 + 1, 1000), 1)
    weight = np.where(random.random(len(pre)) < ceiling, 10.0, random.uniform(0, 10, len(pre)))
    weight[pre >= 800] = -5.0
    return DelayNetwork(pre, post, delay, weight, np.arange(1000) < 800)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.tuples(st.integers(3, 25), st.integers(0, 8)),
    longest=st.integers(1, 25),
    strong=st.sampled_from([0.5, 0.9]),
    n_anchors=st.integers(1, 3),
    same=st.booleans(),
    layers_of=st.sampled_from(LAYERS_OF),
)
def test_groups_are_those_of_the_literal_program(
    seed, size, longest, strong, n_anchors, same, layers_of
):
    made = network(seed, *size, n_out=5, longest=longest, strong=strong, same=same)
    settings = {"n_anchors": n_anchors, "min_layers": 2, "layers_of": layers_of}
    mothers = range(3)
    expected = list(literal_search(made, mothers=mothers, **settings))
    assert [g for g in search(made, **settings) if g.mother in mothers] == expected


# Derandomized: a network of many strong synapses once took more memory than there is.
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    n_out=st.integers(6, 25),
    longest=st.sampled_from([5, 20, 40]),
    n_inhibitory=st.sampled_from([0, 40]),
    strong=st.floats(0.2, 0.8),
    layers_of=st.sampled_from(LAYERS_OF),
)
def test_sets_that_are_told_have_no_groups(seed, n_out, longest, n_inhibitory, strong, layers_of):
    made = network(seed, 160, n_inhibitory, n_out=n_out, longest=longest, strong=strong)

    def first_groups():
        # In a network of many strong synapses they are too many to be kept.
        return list(islice(search(made, min_layers=2, layers_of=layers_of), 20_000))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_search, "_MOST_TOLD", 0)
        expected = first_groups()
    assert first_groups() == expected


def test_groups_of_a_full_size_network_are_those_of_the_literal_program():
    made, compiled = izhikevich(1, ceiling=0.42), numba.njit(follow)
    for layers_of in LAYERS_OF:
        everything, found = GroupSearch(made, layers_of=layers_of), []
        for mother in (3, 500, 799):
            for groups, _ in everything.run(*everything.sets_of(mother)):
                found += groups
        settings = {"mothers": (3, 500, 799), "layers_of": layers_of}
        assert found == list(literal_search(made, **settings, follow=compiled))
        assert len(found) > 1
        assert any(neuron >= 800 for group in found for neuron, _ in group.spikes)


def test_the_original_program_counts_spikes_that_had_not_arrived():
    made = network(2, n_out=12)
    kinds = [list(search(made, min_layers=1, layers_of=kind)) for kind in LAYERS_OF]
    assert len(kinds[0]) == len(kinds[1]) > 100
    higher = 0
    for arrived, original in zip(*kinds):
        assert (arrived.mother, arrived.spikes) == (original.mother, original.spikes)
        assert Counter(link[:3] for link in arrived.links) == Counter(
            link[:3] for link in original.links
        )
        higher += original.n_layers > arrived.n_layers
    assert 0 < higher < len(kinds[0])


def test_neurons_that_fire_again_and_again_are_groups_of_the_original_program_alone():
    every = np.arange(6)
    pre, post = np.repeat(every, 6), np.tile(every, 6)
    made = DelayNetwork(pre, post, np.full(36, 5), np.full(36, 10.0), np.ones(6, bool))
    assert not list(search(made))
    groups = list(search(made, layers_of=ORIGINAL))
    assert groups == list(literal_search(made, layers_of=ORIGINAL))
    assert len(groups) == 120 and {group.layers_of for group in groups} == {ORIGINAL}


def chain(n_layers=8, delay=2, weight=10.0, width=3):
    """Layers of three neurons; each neuron sends a spike to all of the next layer."""
    layers = np.arange(n_layers * width).reshape(n_layers, width)
    pairs = [(i, j) for a, b in zip(layers, layers[1:]) for i in a for j in b]
    pre, post = np.array(pairs).T
    n = np.full(len(pre), delay)
    return DelayNetwork(pre, post, n, np.full(len(pre), weight), np.ones(layers.size, bool))


def test_a_chain_of_layers_is_one_group_for_each_mother():
    groups = list(search(chain()))
    # A chain that begins one layer later has seven layers, and one more is too short.
    assert [group.n_layers for group in groups] == [8] * 3 + [7] * 3
    assert [group.mother for group in groups] == [3, 4, 5, 6, 7, 8]
    first = groups[0]
    assert first.anchors == (0, 1, 2)
    assert len(first.spikes) == 24 and len(first.links) == 63
    assert first.links[0] == (0, 3, 2, 2)
    times = np.array([time for _, time in first.spikes]).reshape(8, 3)
    assert (times == times[:, :1]).all() and times[0, 0] == 0
    assert first.span_ms == times.max()
    # Three mothers see the same spikes.
    assert len({group.spike_set for group in groups}) == 2


def test_anchors_with_different_delays_reach_the_mother_together():
    made = chain()
    delay = made.delay_ms.copy()
    delay[made.pre == 0] = 7
    groups = list(search(DelayNetwork(made.pre, made.post, delay, made.weight, made.excitatory)))
    assert groups[0].spikes[:3] == ((0, 0), (1, 5), (2, 5))


def test_weak_synapses_do_not_count():
    assert not list(search(chain(weight=9.5)))
    assert list(search(chain(weight=9.6)))
    assert list(search(chain(weight=9.5), strong=0.9))


def test_an_anchor_with_one_link_to_an_excitatory_neuron_is_refused():
    made = chain()
    keep = ~((made.pre == 0) & (made.post > 3))
    arrays = (made.pre, made.post, made.delay_ms, made.weight)
    cut = DelayNetwork(*(a[keep] for a in arrays), made.excitatory)
    assert {group.mother for group in search(cut)} == {6, 7, 8}
    assert {group.mother for group in literal_search(cut)} == {6, 7, 8}


@pytest.mark.parametrize("min_layers, n", [(7, 6), (8, 3), (9, 0)])
def test_groups_have_at_least_so_many_layers(min_layers, n):
    assert len(list(search(chain(), min_layers=min_layers))) == n


def test_endless_activity_ends_after_a_second():
    ring = chain(n_layers=40)
    back = np.array([(i, j) for i in range(117, 120) for j in range(3)]).T
    # What goes to neuron 27 arrives late, so that there is always something still to arrive.
    late = np.array([(i, 120) for i in range(120)]).T
    pre, post = (np.concatenate(a) for a in zip((ring.pre, ring.post), back, late))
    delay = np.where(post == 120, 20, 2)
    made = DelayNetwork(pre, post, delay, np.full(len(pre), 10.0), np.ones(121, bool))
    groups = [group for group in search(made) if group.mother < 3]
    assert groups == list(literal_search(made, mothers=range(3)))
    assert len(groups) == 3
    assert all(LONGEST - 5 < max(t for _, t in group.spikes) < LONGEST for group in groups)


def test_an_explosion_ends_after_a_thousand_spikes():
    made = network(5, n_excitatory=300, n_inhibitory=0, n_out=30, longest=10, strong=0.9)
    # Of the many sets of anchors the ten of one mother are enough.
    weight = made.weight.copy()
    weight[np.flatnonzero(made.strong() & (made.post == 7))[5:]] = 1.0
    made = DelayNetwork(made.pre, made.post, made.delay_ms, weight, made.excitatory)
    everything = GroupSearch(made)
    first, last = everything.sets_of(7)
    assert last - first == 10
    batches = everything.run(first, last, threads=1)
    groups = [group for groups, _ in batches for group in groups]
    assert MOST_SPIKES in {len(group.spikes) for group in groups}
    assert groups == list(literal_search(made, mothers=[7], follow=numba.njit(follow)))


def test_the_number_of_threads_and_where_a_search_goes_on_change_nothing():
    made = izhikevich(2, ceiling=0.3)
    all_at_once = GroupSearch(made)
    pieces, threads = [], iter([1, 2, 3])
    batches = list(all_at_once.run(threads=2))
    assert len(batches) > 10
    assert batches[-1][1] == all_at_once.n_sets
    for groups, _ in all_at_once.run(threads=next(threads)):
        pieces += groups
    assert pieces == [group for groups, _ in batches for group in groups]
    assert pieces
    middle = len(batches) // 2
    rest = all_at_once.run(start=batches[middle][1])
    assert [group for groups, _ in rest for group in groups] == [
        group for groups, _ in batches[middle + 1 :] for group in groups
    ]
    # In the middle of a mother's sets, at each of them.
    mother = pieces[0].mother
    first, last = all_at_once.sets_of(mother)
    expected = [group for group in pieces if group.mother == mother]
    for middle in range(first, last, 101):
        found = [g for a, b in ((first, middle), (middle, last)) for g, _ in all_at_once.run(a, b)]
        assert [group for one in found for group in one] == expected


def test_delays_as_long_as_a_group_is_followed_are_searched_and_longer_ones_refused():
    made = chain(delay=LONGEST)
    expected = list(literal_search(made, min_layers=1))
    assert list(search(made, min_layers=1)) == expected
    with pytest.raises(InputError, match="980 ms"):
        GroupSearch(chain(delay=LONGEST + 1))


def test_sets_beyond_those_that_have_numbers_are_searched_all_the_same(monkeypatch):
    made = network(3)
    expected = list(search(made, min_layers=3))
    assert expected
    monkeypatch.setattr(group_search, "MOST_SETS", 3)
    monkeypatch.setattr(group_search, "_search", group_search._compile(3))
    assert list(search(made, min_layers=3)) == expected


@pytest.mark.parametrize("limit", ["_ENOUGH_SPIKES", "_ENOUGH_LINKS"])
def test_a_batch_with_much_to_find_comes_in_parts(monkeypatch, limit):
    made = GroupSearch(network(4, strong=0.8), min_layers=3)
    expected = list(made.run())
    monkeypatch.setattr(group_search, limit, 40)
    monkeypatch.setattr(group_search, "_search", group_search._compile(len(limit)))
    parts = list(made.run())
    assert [g for groups, _ in parts for g in groups] == [
        g for groups, _ in expected for g in groups
    ]
    assert len(parts) > 5 > len(expected)
    assert max(len(groups) for groups, _ in parts) < 10
    assert [number for _, number in parts] == sorted({number for _, number in parts})


@pytest.mark.parametrize("n, n_anchors", [(7, 1), (9, 3), (10, 10), (12, 5)])
def test_sets_are_numbered_in_the_order_of_combinations(n, n_anchors):
    numbers = np.array([[comb(m, k) for k in range(n_anchors)] for m in range(n + 1)])
    chosen = np.zeros(n_anchors, int)
    for number, expected in enumerate(combinations(range(n), n_anchors)):
        group_search._choose(number, n, numbers, chosen)
        assert tuple(chosen) == expected


def test_a_search_that_would_never_end_is_refused():
    n = 2000
    star = DelayNetwork(
        np.arange(1, n), np.zeros(n - 1, int), np.ones(n - 1, int), np.full(n - 1, 10.0), n * [True]
    )
    with pytest.raises(InputError, match="sets of 10 anchors; take fewer"):
        GroupSearch(star, n_anchors=10)


def test_a_network_without_enough_strong_inputs_has_no_groups():
    made = chain(width=2)
    assert GroupSearch(made).n_sets == 0
    assert not list(search(made))


@pytest.mark.parametrize(
    "wrong",
    [{"strong": 1}, {"strong": -0.1}, {"n_anchors": 0}, {"min_layers": 0}, {"layers_of": "x"}],
)
def test_settings_without_sense_are_refused(wrong):
    with pytest.raises(InputError):
        GroupSearch(chain(), **wrong)
