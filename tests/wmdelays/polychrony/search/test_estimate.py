"""How much a search will find, told before it writes."""

import shutil
from collections import namedtuple

import numpy as np
import pytest

from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.groups import LAYERS_OF, group_line
from wmdelays.polychrony.search import estimate as group_estimate
from wmdelays.polychrony.search.estimate import estimate
from wmdelays.polychrony.search.search import GroupSearch

COMMAND = ("groups", "net.csv", "--min-layers", 4)


def network(seed=2, n_excitatory=30, n_inhibitory=8, n_out=10):
    """A small random network in which groups are common."""
    rng = np.random.default_rng(seed)
    n = n_excitatory + n_inhibitory
    pre = np.repeat(np.arange(n), n_out)
    delay = np.where(pre < n_excitatory, rng.integers(1, 7, len(pre)), 1)
    weight = np.where(rng.random(len(pre)) < 0.7, 10.0, 3.0)
    weight[pre >= n_excitatory] = -5.0
    post = rng.integers(0, n, len(pre))
    return DelayNetwork(pre, post, delay, weight, np.arange(n) < n_excitatory)


@pytest.fixture
def folder(wmdelays):
    made = network()
    columns = (made.pre, made.post, made.delay_ms, made.weight)
    rows = [",".join(map(str, row)) for row in zip(*(c.tolist() for c in columns))]
    (wmdelays.folder / "net.csv").write_text("\n".join(["pre,post,delay_ms,weight", *rows, ""]))
    return wmdelays.folder


@pytest.fixture
def much(monkeypatch):
    monkeypatch.setattr(group_estimate, "_MUCH", 1000)


@pytest.mark.parametrize("layers_of", LAYERS_OF)
def test_lines_and_groups_of_a_piece_are_the_same(layers_of):
    search = GroupSearch(network(), min_layers=4, layers_of=layers_of)
    found, last = search.piece(0, search.n_sets)
    assert last == search.n_sets and len(found) > 20
    assert found.lines().decode() == "".join(map(group_line, found))
    assert found.n_spikes == sum(len(group.spikes) for group in found)
    for k, group in enumerate(found):
        light = found.without_links(k)
        assert light.links == () != group.links
        assert (light.mother, light.anchors, light.spikes) == (
            *(group.mother, group.anchors, group.spikes),
        )
    assert found[-1] == list(found)[-1] and found[1:3] == list(found)[1:3]


def test_a_small_search_is_told_exactly_and_a_larger_one_from_a_part(monkeypatch):
    search = GroupSearch(network(), min_layers=4)
    found, _ = search.piece(0, search.n_sets)
    exact = (len(found), found.n_spikes, len(found.lines()))
    told = estimate(search)
    assert (told.n_groups, told.n_spikes, told.n_bytes) == pytest.approx(exact)

    search = GroupSearch(network(n_out=16), min_layers=4)
    n_bytes = sum(len(groups.lines()) for groups, _ in search.run())
    monkeypatch.setattr(group_estimate, "_SETS", search.n_sets // 64)
    told = estimate(search)
    assert told.n_bytes != n_bytes
    assert told.n_bytes == pytest.approx(n_bytes, rel=0.3)


def test_a_network_without_sets_of_anchors_has_nothing_to_tell():
    search = GroupSearch(network(n_out=2), n_anchors=9)
    assert search.n_sets == 0
    assert estimate(search).warning is None


@pytest.mark.parametrize("target", ["g.jsonl", "-"])
def test_much_to_write_is_told_before_it_is_written(wmdelays, folder, much, target):
    done = wmdelays(*COMMAND, "--json", target)
    assert done.returncode == 0
    first, second, *_ = done.stderr.splitlines()
    assert first.endswith("sets of 3 anchors")
    found = done.stdout if target == "-" else (folder / "g.jsonl").read_text()
    assert f"about {found.count(chr(10))} of them; --json would take about" in second
    assert f"{len(found) / 1e3:.0f}" in second or f"{len(found) / 1e3:.1f} KB" in second


def test_groups_that_are_only_counted_need_no_warning_and_no_disk(
    wmdelays, folder, much, monkeypatch
):
    kept = wmdelays(*COMMAND, "--json", "g.jsonl", "--report", "r").stdout.splitlines()
    pictures = {path.name: path.read_bytes() for path in (folder / "r/figures").glob("*.png")}

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    monkeypatch.setattr("wmdelays.polychrony.group_file.GroupFile.__enter__", full)
    counted = wmdelays(*COMMAND, "--report", "s")
    assert counted.returncode == 0, counted.stderr
    # The same table, and the same groups in the same pictures.
    assert counted.stdout.splitlines()[1:] == kept[1:] and len(kept) > 4
    assert len(pictures) == 4
    for name, data in pictures.items():
        assert (folder / "s/figures" / name).read_bytes() == data


def test_what_the_disk_has_no_room_for_is_refused_before_anything_is_written(
    refused, wmdelays, folder, monkeypatch
):
    disk = namedtuple("disk", "total used free")
    free = [10]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk(100, 90, free[0]))
    line = refused(*COMMAND, "--json", "g.jsonl")
    assert "the disk has room for 10 bytes; name a file on another disk, or leave out" in line
    assert wmdelays(*COMMAND, "--json", "-").returncode == 0
    free[0] = 10**9
    assert wmdelays(*COMMAND, "--json", "g.jsonl").returncode == 0
    # What a file of before takes is room as well.
    free[0] = 10
    before = (folder / "g.jsonl").read_bytes()
    (folder / "g.jsonl").write_bytes(before * 3)
    assert wmdelays(*COMMAND, "--json", "g.jsonl", "--force").returncode == 0
    assert (folder / "g.jsonl").read_bytes() == before
