"""Polychronous groups: as lines, as what their links join, as numbers, as pictures."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmdelays.errors import InputError
from wmdelays.plots.figures import figure_bytes
from wmdelays.plots.groups import NUMBERED, group_figure, group_sizes_figure, names_every
from wmdelays.polychrony.group_statistics import MOST_DRAWN, GroupStatistics, summary
from wmdelays.polychrony.groups import (
    ARRIVED,
    LAYERS_OF,
    ORIGINAL,
    Group,
    group_line,
    joined_spikes,
    read_groups,
)

# Neurons 1 and 2 meet at 0, whose spike and that of 2 make 4 fire twice; 9 fires on its own.
GROUP = Group(
    mother=0,
    anchors=(1, 2),
    spikes=((1, 0), (2, 3), (0, 7), (9, 8), (4, 12), (4, 15)),
    links=(
        (1, 0, 5, 2),
        (2, 0, 2, 2),
        (0, 4, 3, 3),
        (2, 4, 9, 3),
        (0, 4, 3, 3),
        (2, 4, 9, 3),
        (0, 4, 8, 3),
    ),
    n_layers=3,
)


def chain(n_spikes, mother=0, shift=0, n_layers=7):
    """A group of so many spikes, one each ms."""
    spikes = tuple((k, k + shift) for k in range(n_spikes))
    return Group(mother, (0, 1, 2), spikes, ((0, 1, 1, 2),), n_layers)


# How long it takes to make examples on a busy machine is no fault.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.builds(
        Group,
        st.integers(0, 999),
        st.lists(st.integers(0, 999), max_size=3).map(tuple),
        st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1).map(tuple),
        st.lists(st.tuples(*[st.integers(0, 99)] * 4)).map(tuple),
        st.integers(1, 30),
        st.sampled_from(LAYERS_OF),
    )
)
def test_a_group_is_read_as_it_was_written(tmp_path_factory, group):
    path = tmp_path_factory.mktemp("groups") / "g.jsonl"
    path.write_text(group_line(group) * 2)
    assert list(read_groups(path)) == [group, group]


@pytest.mark.parametrize(
    "line",
    [
        *("{}", "[]", "1", "{", "\xff"),
        group_line(GROUP).replace("[1,0]", "[1.5,0]"),
        group_line(GROUP).replace("[1,0]", f"[1,{'9' * 400}]"),
        group_line(GROUP).replace("[1,0]", f"[1,-{'9' * 400}]"),
        group_line(GROUP).replace("[1,0]", "[1,1e400]"),
        group_line(GROUP).replace("[1,0]", "[1,1e300]"),
        group_line(GROUP).replace("[1,0]", "[-1,0]"),
        group_line(GROUP).replace("[1,0,5,2]", f"[1,0,{'9' * 400},2]"),
        group_line(GROUP).replace("[1,0,5,2]", "[" * 100_000),
        group_line(GROUP).replace(ARRIVED, "x"),
    ],
)
def test_a_line_that_is_no_group_is_named(tmp_path, line):
    path = tmp_path / "g.jsonl"
    assert line != group_line(GROUP)
    path.write_text(group_line(GROUP) + line + "\n")
    with pytest.raises(InputError, match="line 2 is not a polychronous group") as refused:
        list(read_groups(path))
    assert str(refused.value).isprintable()


def test_a_group_of_an_earlier_version_has_layers_of_arrived_spikes(tmp_path):
    path = tmp_path / "g.jsonl"
    path.write_text(group_line(GROUP).replace(f',"layers_of":"{ARRIVED}"', ""))
    assert "layers_of" not in path.read_text()
    assert list(read_groups(path)) == [GROUP]


def test_links_are_joined_to_the_spikes_that_they_lead_from_and_to():
    joined = joined_spikes(GROUP)
    assert joined == [(0, 2), (1, 2), (2, 4), (1, 4), (2, 5), (1, 5), (2, 5)]


def test_spikes_of_an_anchor_that_come_before_the_anchors_meet_are_not_joined():
    # The anchor 1 fires again; over its synapse of 3 ms to 4 its first spike is not sent.
    group = Group(
        0, (1, 2), ((1, 0), (2, 3), (1, 6), (4, 11)), ((1, 0, 5, 2), (1, 4, 3, 2)), n_layers=2
    )
    assert joined_spikes(replace(group, spikes=(*group.spikes[:2], (0, 6), *group.spikes[2:])))[
        1
    ] == (3, 4)


def test_links_of_the_original_program_are_joined_from_the_last_arrival_on():
    # Each link has the layer that the links up to it make; the spike of 9 has none, and layer 0.
    links = (
        *((1, 0, 5, 2), (2, 0, 2, 2)),
        *((2, 4, 9, 2), (0, 4, 3, 3)),
        *((0, 4, 8, 3), (2, 4, 9, 3), (0, 4, 3, 3)),
    )
    group = replace(GROUP, links=links, layers_of=ORIGINAL)
    assert joined_spikes(group) == [(0, 2), (1, 2), (1, 4), (2, 4), (2, 5), (1, 5), (2, 5)]
    axes = group_figure(group, np.ones(10, bool)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "1", "2", "0", "3", "3"]


def test_a_second_synapse_with_the_same_delay_joins_the_same_spikes():
    group = Group(0, (1,), ((1, 0), (0, 5), (4, 9)), ((1, 0, 5, 2),) * 2 + ((0, 4, 2, 3),), 3)
    assert joined_spikes(group) == [(0, 1), (0, 1), (1, 2)]


def test_the_same_group_found_elsewhere_and_later_counts_once_as_distinct():
    statistics = GroupStatistics([chain(8), chain(8, mother=3, shift=4), chain(9)])
    assert (statistics.n_groups, statistics.n_distinct, statistics.n_mothers) == (3, 2, 2)
    assert statistics.counted["spikes"] == {8: 2, 9: 1}
    assert statistics.distinct["spikes"] == {8: 1, 9: 1}
    assert statistics.counted["span_ms"] == {7: 2, 8: 1}


@given(st.lists(st.integers(1, 50), min_size=1))
def test_medians_and_ranges_are_those_of_the_values(sizes):
    counts = GroupStatistics(map(chain, sizes)).counted["spikes"]
    assert summary(counts) == (sorted(sizes)[(len(sizes) - 1) // 2], min(sizes), max(sizes))


def test_the_groups_to_draw_have_most_layers_a_median_size_and_most_spikes():
    groups = [chain(8), chain(10), chain(9, n_layers=12), chain(10), chain(MOST_DRAWN + 1)]
    chosen = GroupStatistics(groups).chosen()
    assert chosen == {2: "most layers", 1: "median number of spikes, most spikes"}
    assert GroupStatistics([]).chosen() == {}


def test_pictures_show_each_spike_and_each_link():
    excitatory = np.arange(10) < 8
    figure = group_figure(GROUP, excitatory)
    axes = figure.axes[0]
    marks = [
        line for line in axes.lines if line.get_marker() in "os" and len(line.get_xdata()) == 1
    ]
    shown = sorted((line.get_xdata()[0], line.get_marker()) for line in marks)
    anchors = [(0, "o"), (3, "o")]
    assert shown == sorted([(t, "s" if n > 7 else "o") for n, t in GROUP.spikes] + anchors)
    (arrivals,) = (line.get_xdata() for line in axes.lines if line.get_marker() == "|")
    assert sorted(arrivals) == [5, 5, 10, 10, 12, 12, 15]
    sent, waiting = (lines.get_segments() for lines in axes.collections)
    assert sorted(end[0] - begin[0] for begin, end in sent) == [2, 3, 3, 5, 8, 9, 9]
    assert sorted(end[0] for _, end in waiting) == [7, 7, 12, 12, 15, 15, 15]
    assert all(begin[1] == end[1] for begin, end in waiting)
    assert [text.get_text() for text in axes.texts] == ["1", "1", "2", "1", "3", "3"]
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_distributions_count_every_group():
    figure = group_sizes_figure(GroupStatistics([chain(8), chain(8, 3), chain(300)]))
    for axes, counts in zip(figure.axes, ([2, 1], [3], [2, 1])):
        heights = [bar.get_height() for bar in axes.patches if hasattr(bar, "get_height")]
        assert [h for h in heights if h] == counts


def test_no_bar_leaves_the_picture_where_groups_are_found_many_times():
    figure = group_sizes_figure(GroupStatistics([chain(8)] * 100 + [chain(9)]))
    assert all(axes.get_ylim()[1] > 100 for axes in figure.axes)


@pytest.mark.parametrize("n_neurons, every", [(NUMBERED, 1), (110, 1), (111, 2), (221, 3)])
def test_large_groups_have_no_numbers_and_not_every_name(n_neurons, every):
    axes = group_figure(chain(n_neurons), np.ones(n_neurons, dtype=bool)).axes[0]
    assert len(axes.texts) == (n_neurons if n_neurons <= NUMBERED else 0)
    assert names_every(n_neurons) == every
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        str(neuron) for neuron in range(0, n_neurons, every)
    ]
