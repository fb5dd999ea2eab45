"""`wmdelays groups`: what the command finds, says and draws, and what it refuses."""

import json
import re

import pytest
from small_groups import (  # noqa: F401 (fixtures)
    COMMAND,
    content,
    expected,
    folder,
    lines_of,
    network,
    simulated,
    small_pieces,
)

from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.memory import Memory
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.group_file import GroupFile
from wmdelays.polychrony.groups import Group
from wmdelays.polychrony.network_csv import read_network_csv
from wmdelays.polychrony.network_file import read_run
from wmdelays.polychrony.search import COMPILED
from wmdelays.polychrony.search import search as group_search
from wmdelays.polychrony.search.following import LONGEST
from wmdelays.validation.polychrony import group_run, over_time
from wmdelays.validation.polychrony.group_run import find_groups
from wmdelays.validation.reports.groups import _marks


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_file_has_the_groups_of_the_search_in_its_order(wmdelays, folder, expected, threads):
    done = wmdelays(*COMMAND, "--threads", threads)
    assert done.returncode == 0, done.stderr
    assert (folder / "g.jsonl").read_text() == expected
    assert not (folder / "g.jsonl.unfinished").exists()
    names = {"mother", "anchors", "spikes", "links", "n_layers", "layers_of", "span_ms"}
    groups = [json.loads(line) for line in expected.splitlines()]
    assert all(set(group) == names for group in groups)
    keys = set()
    for group in groups:
        first = min(t for _, t in group["spikes"])
        keys.add(tuple(sorted((n, t - first) for n, t in group["spikes"])))
    assert f"{len(groups)} groups, {len(keys)} distinct, of" in done.said


def test_groups_go_to_standard_output_too(wmdelays, folder, expected):
    done = wmdelays(*COMMAND[:-1], "-")
    assert done.returncode == 0 and done.stdout == expected
    assert list(content(folder)) == ["net.csv"]


def test_the_first_search_says_that_it_is_compiled(folder, simulated):
    told = []

    def progress(text, part):
        told.append((COMPILED in text, part))

    find_groups(network(), "g.jsonl", min_layers=4, progress=progress)
    assert told[0] == (True, None) and told[-1] == (False, 1)
    assert all(words == (part is None) for words, part in told)
    # Over time the first networks have no sets of anchors, so nothing is compiled for them.
    told.clear()
    over_time.groups_over_time(read_run(simulated), min_layers=4, progress=progress)
    assert told == [(True, None), *((k < 3, k / 6) for k in range(7))]


def test_the_time_left_is_told_without_the_time_that_compiling_takes(folder, monkeypatch):
    seconds, told = [0.0], []
    monkeypatch.setattr(group_run.time, "perf_counter", lambda: seconds[0])
    add = GroupFile.add

    def taking_a_while(file, *given):
        add(file, *given)
        seconds[0] += 1

    run = group_search.GroupSearch.run

    def compiling(*given, **named):
        seconds[0] += 1000
        yield from run(*given, **named)

    monkeypatch.setattr(GroupFile, "add", taking_a_while)
    monkeypatch.setattr(group_search.GroupSearch, "run", compiling)
    progress = lambda text, part: told.append((text, part))  # noqa: E731
    find_groups(network(), "g.jsonl", min_layers=4, progress=progress)
    first, *others = (text for text, part in told if part is not None)
    assert first.endswith(" sets") and len(others) > 10
    assert all(re.fullmatch(r".* sets, \d\d? s left", text) for text in others[5:])


def test_weights_are_shuffled_before_the_search(wmdelays, folder, expected):
    assert wmdelays(*COMMAND, "--shuffle", 5).returncode == 0
    found = (folder / "g.jsonl").read_text()
    assert found == lines_of(read_network_csv("net.csv").shuffled(5)) != expected


def test_a_snapshot_of_a_simulation_is_searched(wmdelays, folder, simulated, expected):
    assert wmdelays("groups", "sim.h5", *COMMAND[2:]).returncode == 0
    assert (folder / "g.jsonl").read_text() == expected
    done = wmdelays("groups", "sim.h5", *COMMAND[2:], "--at", "0s", "--force")
    assert "No excitatory neuron has 3 strong inputs" in done.said
    assert (folder / "g.jsonl").read_text() == ""


@pytest.mark.parametrize("weight", ["9.25", "10"])
def test_without_strong_inputs_there_is_nothing_to_search(wmdelays, folder, weight):
    (folder / "net.csv").write_text(f"pre,post,delay_ms,weight\n0,2,1,{weight}\n1,2,1,{weight}\n")
    done = wmdelays(*COMMAND, "--report", "r")
    assert done.returncode == 0
    assert "No excitatory neuron has 3 strong inputs" in done.said
    assert f"strong is above 9.5, and the largest excitatory weight is {weight}." in done.said
    assert (folder / "g.jsonl").read_bytes() == b""
    assert (folder / "r/report.html").exists()


def test_the_report_draws_the_groups_asked_for(wmdelays, folder, expected):
    n = expected.count("\n")
    done = wmdelays(*COMMAND, "--report", "r", "--draw", f"{n - 1},0,2,{n}")
    assert f"not drawn, for there is no such group: {n}" in done.said
    names = {path.name for path in (folder / "r/figures").iterdir()}
    stems = ("groups", "group_0", "group_2", f"group_{n - 1}")
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}
    page = (folder / "r/report.html").read_text()
    group = json.loads(expected.splitlines()[2])
    (caption,) = re.findall(r"Group 2</.*?(\d+ spikes in \d+ ms)", page, re.DOTALL)
    assert caption == f"{len(group['spikes'])} spikes in {group['span_ms']} ms"
    assert "Numbers and shades of the marks are layers." in page


def test_groups_and_report_say_which_layers_they_have(wmdelays, folder, expected):
    for kind, words in (
        ("arrived", "Layers are those of arrived spikes"),
        ("original", "Layers are those of the original program"),
    ):
        done = wmdelays(*COMMAND, "--layers-of", kind, "--report", "r", "--force")
        assert done.returncode == 0, done.stderr
        found = (folder / "g.jsonl").read_text()
        assert found == lines_of(network(), layers_of=kind)
        assert {json.loads(line)["layers_of"] for line in found.splitlines()} == {kind}
        assert words in (folder / "r/report.html").read_text()
    assert found != expected


def test_a_report_written_again_keeps_no_picture_of_other_groups(wmdelays, folder):
    for places in ("1,3", "2"):
        assert wmdelays(*COMMAND, "--report", "r", "--draw", places, "--force").returncode == 0
        for name in ("group_mine.png", "group_3.txt"):
            (folder / "r/figures" / name).touch()
    names = {path.name for path in (folder / "r/figures").glob("group_*")}
    assert names == {"group_mine.png", "group_3.txt", "group_2.png", "group_2.svg"}


def test_the_caption_of_a_large_group_does_not_promise_numbers():
    group = Group(0, (0, 1, 2), tuple((k, k) for k in range(120)), (), 1)
    assert _marks(group) == "Shades of the marks are layers. One neuron of 2 is named."


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("net.csv", "pre,post\n", "lacks delay_ms, weight"),
        ("net.csv", "pre,post,delay_ms,weight\n0,1,1,x\n", "line 2 is not three whole numbers"),
        ("net.csv", "pre,post,delay_ms,weight\n0,1,1,-5\n", "no excitatory neurons"),
        ("net.h5", "nothing", "is no network"),
        ("missing.h5", None, "there is no such file"),
    ],
)
def test_a_bad_network_is_refused_before_any_work(refused, folder, name, text, words):
    if text is not None:
        (folder / name).write_text(text)
    line = refused("groups", name, "--json", "g.jsonl", "--report", "r")
    assert words in line and name in line


@pytest.mark.parametrize("place", [3, 200, 600, 5000, -1])
def test_a_damaged_file_of_a_simulation_is_refused(refused, folder, simulated, place):
    data = bytearray(simulated.read_bytes())
    data[place] ^= 1
    simulated.write_bytes(data)
    assert "damaged" in refused("groups", simulated.name)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["net.csv", "--at", "1s"], "--at goes with a file of wmdelays izhikevich"),
        (["sim.h5", "--excitatory", 3], "--excitatory goes with a csv file"),
        (["sim.h5", "--max-weight", 3], "--max-weight goes with a csv file or a memory file"),
        (["sim.h5", "--at", "7s"], "there is no snapshot at 7 s"),
        (["sim.h5", "--at", "0.5s"], "is not a whole number of seconds"),
        (["net.csv", "--report", "r", "--draw", "-1"], "--draw takes numbers of groups"),
        (["net.csv", "--draw", "1"], "name a folder with --report"),
        (["net.csv", "--report", "r", "--draw", "0,a"], "--draw takes numbers of groups"),
        (["net.csv", "--json", "net.csv"], "is named for two things"),
        (["net.csv", "--strong", 1], "the strong fraction is 1"),
        (["net.csv", "--min-layers", 0], "0 layers are not possible"),
        (["net.csv", "--threads", 0], "threads is 0"),
        (["net.csv", "--max-delay", LONGEST + 1], f"a whole number from 1 to {LONGEST}"),
        (["net.csv", "--max-delay", 3], "outside 1…3 ms"),
        (["net.csv", "--shuffle", -1], "shuffle is -1"),
        (["net.csv", "--layers-of", "x"], "take arrived or original"),
    ],
)
def test_options_that_do_not_fit_are_refused(refused, folder, simulated, arguments, words):
    assert words in refused("groups", *arguments)


def test_a_memory_is_searched_as_a_network(wmdelays, small_memory):
    done = wmdelays(
        "groups", small_memory, "--strong", "0.5", "--min-layers", 2, "--json", "g.jsonl"
    )
    assert done.returncode == 0, done.stderr
    made = DelayNetwork.of_memory(read_memory(small_memory))
    found = (wmdelays.folder / "g.jsonl").read_text()
    assert found == lines_of(made, strong=0.5, min_layers=2)


def test_a_memory_without_positive_weights_is_refused(refused, folder):
    common = dict(n_neurons=2, n_delays=2, step=1e-3, beta=0.5, theta=1.0)
    write_memory("m.h5", Memory(**common, pre=[0], post=[1], delay=[1], weight=[-1.0]))
    assert "m.h5: the memory has no excitatory synapses" in refused("groups", "m.h5")
