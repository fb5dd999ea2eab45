"""What the links of a group that a search found join; by what its layers were found from."""

from collections import Counter
from itertools import islice

import pytest
from small_groups import network

from wmdelays.polychrony.groups import ORIGINAL, joined_spikes
from wmdelays.polychrony.search.search import search


@pytest.mark.parametrize(
    "seed, sizes",
    # In the small ones many synapses are alike, and neurons reach themselves.
    [(1, (30, 8, 10)), (2, (30, 8, 10)), (4, (30, 8, 10)), (5, (6, 2, 12)), (6, (8, 2, 16))],
)
def test_joined_spikes_are_those_that_the_layers_were_found_from(seed, sizes):
    made = network(seed, *sizes)
    groups = list(islice(search(made, min_layers=3), 100))
    originals = islice(search(made, min_layers=3, layers_of=ORIGINAL), 100)
    originals = {(group.mother, group.spikes): group for group in originals}
    assert len(groups) > 5
    for group in groups:
        joined, layers, n_links = joined_spikes(group), [1] * len(group.spikes), Counter()
        for (pre, post, delay, layer), (s, k) in zip(group.links, joined):
            assert (group.spikes[s][0], group.spikes[k][0]) == (pre, post)
            assert 0 <= group.spikes[k][1] - group.spikes[s][1] - delay < 20
            layers[k] = layer
            n_links[pre, post, delay, s, k] += 1
        for k in range(len(layers)):
            before = [layers[s] for s, at in joined if at == k]
            assert layers[k] == 1 + max(before, default=0)
        for pre, post, delay, s, k in n_links:
            same = (made.pre == pre) & (made.post == post) & (made.delay_ms == delay)
            assert n_links[pre, post, delay, s, k] == (same & made.strong()).sum()
        # They do not depend on the kind of layers.
        original = originals.get((group.mother, group.spikes))
        if original is not None:
            both = [zip(g.links, joined_spikes(g)) for g in (group, original)]
            pairs = [Counter((link[:3], places) for link, places in links) for links in both]
            assert pairs[0] == pairs[1]
