"""`wmdelays groups`: the search as a command that can be interrupted and gone on with."""

import json
import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest

from wmdelays.delay_network import DelayNetwork, read_network_csv
from wmdelays.memory import Memory
from wmdelays.memory_file import read_memory, write_memory
from wmdelays.network_file import read_run, write_run
from wmdelays.network_state import extended, new_run, with_excitatory
from wmdelays.polychronous_groups import Group, group_line
from wmdelays.validation import group_file, group_run, group_search, groups_over_time
from wmdelays.validation.group_file import GroupFile
from wmdelays.validation.group_following import LONGEST
from wmdelays.validation.group_run import COMPILED, find_groups
from wmdelays.validation.group_search import search
from wmdelays.validation.groups_report import _marks
from wmdelays.validation.results import Results

# Smaller pieces of work than usual, so that a small search has many.
PIECE = 20
COMMAND = ("groups", "net.csv", "--layers", "4", "--json", "g.jsonl")

# The program, ended at the n-th call of a function of the operating system.
KILLED = """
import os, signal, sys
from wmdelays.validation import group_file, group_search
from wmdelays.validation.cli import main

name, left, every, *arguments = sys.argv[1:]
group_search._BATCH, group_file._EVERY, left = 20, float(every), int(left)
call = getattr(os, name)

def killing(*given, **named):
    global left
    left -= name != "unlink" or str(given[0]) == "g.jsonl.unfinished"
    if not left:
        if name == "pwrite":
            file, data, place = given
            call(file, data[: len(data) // 2], place)
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*given, **named)

setattr(os, name, killing)
sys.exit(main(arguments))
"""


def network(seed=2, n_excitatory=30, n_inhibitory=8, n_out=10):
    """A small random network in which groups are common."""
    rng = np.random.default_rng(seed)
    n = n_excitatory + n_inhibitory
    pre = np.repeat(np.arange(n), n_out)
    post = rng.integers(0, n, len(pre))
    delay = np.where(pre < n_excitatory, rng.integers(1, 7, len(pre)), 1)
    weight = np.where(rng.random(len(pre)) < 0.7, 10.0, 3.0)
    weight[pre >= n_excitatory] = -5.0
    return DelayNetwork(pre, post, delay, weight, np.arange(n) < n_excitatory)


def as_csv(network):
    columns = (network.pre, network.post, network.delay_ms, network.weight)
    rows = [",".join(map(str, row)) for row in zip(*(c.tolist() for c in columns))]
    return "\n".join(["pre,post,delay_ms,weight", *rows, ""])


def lines_of(network, **settings):
    return "".join(map(group_line, search(network, **{"least_layers": 4} | settings)))


@pytest.fixture(scope="module")
def expected():
    """What a search gives, as lines."""
    lines = lines_of(network())
    assert lines.count("\n") > 20
    return lines


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(group_search, "_BATCH", PIECE)


@pytest.fixture
def folder(wmdelays):
    """The test's folder, with a network in it."""
    (wmdelays.folder / "net.csv").write_text(as_csv(network()))
    return wmdelays.folder


@pytest.fixture
def interrupted(wmdelays, folder, monkeypatch):
    """Run the command and press Ctrl-C once some pieces of work are done; what it said."""

    def run(*arguments, after=10):
        calls, add = [], GroupFile.add

        def pressing(file, *given):
            calls.append(given)
            if len(calls) == after:
                os.kill(os.getpid(), signal.SIGINT)
            add(file, *given)

        # Whoever started the tests may have told them to ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with monkeypatch.context() as patch:
                patch.setattr(GroupFile, "add", pressing)
                with pytest.raises(SystemExit) as ended:
                    wmdelays(*arguments)
        finally:
            signal.signal(signal.SIGINT, before)
        assert ended.value.code == 130
        return wmdelays.capsys.readouterr().err

    return run


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("threads", [1, 3])
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
    assert f"{len(groups)} groups, {len(keys)} distinct, of" in done.stderr


def test_groups_go_to_standard_output_too(wmdelays, folder, expected):
    done = wmdelays(*COMMAND[:-1], "-")
    assert done.returncode == 0 and done.stdout == expected
    assert list(content(folder)) == ["net.csv"]


def test_an_interrupted_search_goes_on(wmdelays, folder, interrupted, expected):
    # What an older search left goes.
    (folder / "g.jsonl").write_text('{"mother":1,"anchors":[2,3,4]}\n' * 100_000)
    first, said = interrupted(*COMMAND).strip().splitlines()
    total = group_search.Search(network()).n_sets
    assert first.endswith(f" mothers, {total:,} sets of 3 anchors")
    assert said == "wmdelays: interrupted; the same command goes on"
    assert expected.startswith((folder / "g.jsonl").read_text())
    record = json.loads((folder / "g.jsonl.unfinished").read_text())
    kept = (folder / "g.jsonl").read_bytes()[: record["bytes"]].decode()
    assert 0 < len(kept) < len(expected) and expected.startswith(kept) and kept[-1] == "\n"
    interrupted(*COMMAND, after=3)
    later = json.loads((folder / "g.jsonl.unfinished").read_text())
    assert later["n_sets"] > record["n_sets"] and later["seconds"] > record["seconds"]
    done = wmdelays(*COMMAND)
    assert done.returncode == 0
    assert (folder / "g.jsonl").read_text() == expected
    assert sorted(content(folder)) == ["g.jsonl", "net.csv"]
    # And says the same as an uninterrupted one, but for the seconds.
    again = wmdelays(*COMMAND).stderr
    assert done.stderr.splitlines()[0].endswith(f", {later['n_sets']} of them searched before")
    numbers = [said.splitlines()[1:-1] for said in (again, done.stderr)]
    assert numbers[0] == numbers[1] and len(numbers[0]) == 5


@pytest.mark.parametrize(
    "name, call, every",
    # In the middle of a group; before a record is renamed; before the file is safe on the disk; when
    # all is found but the record stands.
    [("pwrite", 9, 0), ("pwrite", 9, 1e9), ("replace", 8, 0), ("fsync", 4, 0), ("unlink", 1, 1e9)],
)
def test_a_killed_search_loses_no_group_and_doubles_none(
    wmdelays, folder, expected, name, call, every
):
    (folder / "killed.py").write_text(KILLED)
    done = wmdelays.in_a_process("killed.py", name, call, every, *COMMAND)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder / "g.jsonl.unfinished").exists()
    assert wmdelays(*COMMAND).returncode == 0
    assert (folder / "g.jsonl").read_text() == expected


def test_a_full_disk_leaves_a_search_that_goes_on(wmdelays, folder, expected, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(group_file.os, "pwrite", full)
        done = wmdelays(*COMMAND)
    assert done.returncode == 2 and "g.jsonl: cannot be written: No space" in done.stderr
    assert wmdelays(*COMMAND).returncode == 0
    assert (folder / "g.jsonl").read_text() == expected


@pytest.mark.parametrize(
    "other, words",
    [
        (["--layers=5"], "with layers 4, not 5; delete it"),
        (["--anchors=2", "--strong=0.9"], "with strong 0.95, not 0.9; anchors 3, not 2; delete it"),
        (["--shuffle=1"], "with another network; delete it"),
        (["--layers-of=original"], "with layers of arrived, not original; delete it"),
    ],
)
def test_an_unfinished_search_of_another_kind_is_left_alone(
    refused, folder, interrupted, other, words
):
    interrupted(*COMMAND)
    before = content(folder)
    assert words in refused(*COMMAND, *other)
    assert content(folder) == before


def test_an_unfinished_search_of_another_network_is_left_alone(refused, folder, interrupted):
    interrupted(*COMMAND)
    (folder / "net.csv").write_text(as_csv(network(seed=3)))
    before = content(folder)
    assert "is of a search with another network; delete it" in refused(*COMMAND)
    assert content(folder) == before


@pytest.mark.parametrize("n_bytes", [None, 0, -1, 100])
def test_a_file_that_is_shorter_than_its_record_says_is_left_alone(
    refused, folder, interrupted, n_bytes
):
    interrupted(*COMMAND)
    size = json.loads((folder / "g.jsonl.unfinished").read_text())["bytes"]
    if n_bytes is None:
        (folder / "g.jsonl").unlink()
    else:
        os.truncate(folder / "g.jsonl", n_bytes if n_bytes >= 0 else size + n_bytes)
    before = content(folder)
    assert "is not what the unfinished search left" in refused(*COMMAND)
    assert content(folder) == before


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"bytes": -1},
        {"n_sets": None},
        {"n_sets": "1"},
        {"seconds": "long"},
        {"search": 1},
    ],
)
def test_a_damaged_record_is_left_alone(refused, folder, interrupted, change):
    interrupted(*COMMAND)
    record = folder / "g.jsonl.unfinished"
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    before = content(folder)
    assert "is no record of an unfinished search" in refused(*COMMAND)
    assert content(folder) == before


def test_two_searches_do_not_write_to_the_same_file(refused, folder):
    with GroupFile("g.jsonl", {}):
        before = content(folder)
        (folder / "g.jsonl.unfinished").unlink()
        assert "another run writes to it" in refused(*COMMAND)
        assert {**content(folder), "g.jsonl.unfinished": before["g.jsonl.unfinished"]} == before


def test_the_first_search_says_that_it_is_compiled(folder, simulated):
    told = []

    def progress(text, part):
        told.append((COMPILED in text, part))

    find_groups(network(), "g.jsonl", least_layers=4, progress=progress)
    assert told[0] == (True, None) and told[-1] == (False, 1)
    assert all(words == (part is None) for words, part in told)
    # Over time the first networks have no sets of anchors, so nothing is compiled for them.
    told.clear()
    groups_over_time.over_time(read_run(simulated), {"least_layers": 4}, progress=progress)
    assert told == [(True, None), *((k < 3, k / 6) for k in range(7))]


def test_the_time_left_is_told_without_the_time_that_compiling_takes(folder, monkeypatch):
    seconds, told = [0.0], []
    monkeypatch.setattr(group_run.time, "perf_counter", lambda: seconds[0])
    add = GroupFile.add

    def taking_a_while(file, *given):
        add(file, *given)
        seconds[0] += 1

    run = group_search.Search.run

    def compiling(*given, **named):
        seconds[0] += 1000
        yield from run(*given, **named)

    monkeypatch.setattr(GroupFile, "add", taking_a_while)
    monkeypatch.setattr(group_search.Search, "run", compiling)
    progress = lambda text, part: told.append((text, part))  # noqa: E731
    find_groups(network(), "g.jsonl", least_layers=4, progress=progress)
    first, *others = (text for text, part in told if part is not None)
    assert first.endswith(" sets") and len(others) > 10
    assert all(re.fullmatch(r".* sets, \d\d? s left", text) for text in others[5:])


def test_weights_are_shuffled_before_the_search(wmdelays, folder, expected):
    assert wmdelays(*COMMAND, "--shuffle", 5).returncode == 0
    found = (folder / "g.jsonl").read_text()
    assert found == lines_of(read_network_csv("net.csv").shuffled(5)) != expected


@pytest.mark.parametrize("weight", ["9.25", "10"])
def test_without_strong_inputs_there_is_nothing_to_search(wmdelays, folder, weight):
    (folder / "net.csv").write_text(f"pre,post,delay_ms,weight\n0,2,1,{weight}\n1,2,1,{weight}\n")
    done = wmdelays(*COMMAND, "--report", "r")
    assert done.returncode == 0
    assert "No excitatory neuron has 3 strong inputs" in done.stderr
    assert f"strong is above 9.5, and the largest excitatory weight is {weight}." in done.stderr
    assert (folder / "g.jsonl").read_bytes() == b""
    assert (folder / "r/report.html").exists()


def test_the_report_draws_the_groups_asked_for(wmdelays, folder, expected):
    n = expected.count("\n")
    done = wmdelays(*COMMAND, "--report", "r", "--draw", f"{n},2,{n + 1}")
    assert f"not drawn, for there is no such group: {n + 1}" in done.stderr
    names = {path.name for path in (folder / "r/figures").iterdir()}
    stems = ("groups", "group_2", f"group_{n}")
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}
    page = (folder / "r/report.html").read_text()
    group = json.loads(expected.splitlines()[1])
    assert f"{len(group['spikes'])} spikes in {group['span_ms']} ms" in page
    assert "Numbers and shades of the marks are layers." in page


def test_groups_and_report_say_which_layers_they_have(wmdelays, folder, expected):
    for kind, words in (
        ("arrived", "Layers are those of arrived spikes"),
        ("original", "Layers are those of the original program"),
    ):
        done = wmdelays(*COMMAND, "--layers-of", kind, "--report", "r")
        assert done.returncode == 0, done.stderr
        found = (folder / "g.jsonl").read_text()
        assert found == lines_of(network(), layers_of=kind)
        assert {json.loads(line)["layers_of"] for line in found.splitlines()} == {kind}
        assert words in (folder / "r/report.html").read_text()
    assert found != expected


def test_a_report_written_again_keeps_no_picture_of_other_groups(wmdelays, folder):
    (folder / "r/figures").mkdir(parents=True)
    for name in ("group_mine.png", "group_3.txt"):
        (folder / "r/figures" / name).touch()
    for places in ("1,3", "2"):
        assert wmdelays(*COMMAND, "--report", "r", "--draw", places).returncode == 0
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
        (["net.csv", "--over-time"], "--over-time goes with a file of wmdelays izhikevich"),
        (["sim.h5", "--excitatory", 3], "--excitatory goes with a csv file"),
        (["sim.h5", "--max-weight", 3], "--max-weight goes with a csv file or a memory file"),
        (["sim.h5", "--at", "7s"], "there is no snapshot at 7 s"),
        (["sim.h5", "--at", "0.5s"], "is not a whole number of seconds"),
        (["sim.h5", "--over-time", "--json", "x"], "--json does not go with --over-time"),
        (["sim.h5", "--over-time", "--neurons", 3], "--neurons does not go with"),
        (["sim.h5", "--over-time", "--every", "0s"], "--every '0s' is too short"),
        (["sim.h5", "--over-time", "--anchors", 0], "0 anchors are not possible"),
        (["net.csv", "--every", "1s"], "--every goes with --over-time"),
        (["net.csv", "--results", "x"], "--results goes with --over-time"),
        (["net.csv", "--draw", "1"], "name a folder with --report"),
        (["net.csv", "--report", "r", "--draw", "0,a"], "--draw takes numbers of lines"),
        (["net.csv", "--json", "net.csv"], "is named for two things"),
        (["net.csv", "--strong", 1], "the strong fraction is 1"),
        (["net.csv", "--layers", 0], "0 layers are not possible"),
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
    done = wmdelays("groups", small_memory, "--strong", "0.5", "--layers", 2, "--json", "g.jsonl")
    assert done.returncode == 0, done.stderr
    made = DelayNetwork.of_memory(read_memory(small_memory))
    found = (wmdelays.folder / "g.jsonl").read_text()
    assert found == lines_of(made, strong=0.5, least_layers=2)


def test_a_memory_without_positive_weights_is_refused(refused, folder):
    common = dict(n_neurons=2, n_delays=2, step=1e-3, beta=0.5, theta=1.0)
    write_memory("m.h5", Memory(**common, pre=[0], post=[1], delay=[1], weight=[-1.0]))
    assert "m.h5: the memory has no excitatory synapses" in refused("groups", "m.h5")


@pytest.fixture
def simulated(folder):
    """A file of a simulation of two seconds whose weights become strong after one."""
    final = network()
    plastic = final.excitatory[final.pre]
    initial = with_excitatory(final, np.full(plastic.sum(), 6.0))
    run = new_run(initial, 0, 1, {})
    for seconds in (1, 2):
        state = replace(run.state, seconds=seconds, network=final)
        run = extended(run, state, np.zeros(0, np.int64), np.zeros(0, np.int64))
    write_run(folder / "sim.h5", run)
    return folder / "sim.h5"


def test_a_snapshot_of_a_simulation_is_searched(wmdelays, folder, simulated, expected):
    assert wmdelays("groups", "sim.h5", *COMMAND[2:]).returncode == 0
    assert (folder / "g.jsonl").read_text() == expected
    done = wmdelays("groups", "sim.h5", *COMMAND[2:], "--at", "0s")
    assert "No excitatory neuron has 3 strong inputs" in done.stderr
    assert (folder / "g.jsonl").read_text() == ""


def test_groups_over_time_are_counted_once_for_each_snapshot(
    wmdelays, folder, simulated, expected, monkeypatch
):
    command = ["groups", "sim.h5", "--over-time", "--layers", 4, "--results", "r.jsonl"]
    searched, figures, left = [], groups_over_time._figures, [3]

    def counting(search, threads):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        searched.append(search)
        return figures(search, threads)

    monkeypatch.setattr(groups_over_time, "_figures", counting)
    with pytest.raises(SystemExit) as ended:
        wmdelays(*command)
    said = wmdelays.capsys.readouterr().err.strip()
    assert ended.value.code == 130 and said == "wmdelays: interrupted; the same command goes on"
    left[0] = 100
    done = wmdelays(*command, "--report", "r")
    assert done.returncode == 0, done.stderr
    assert len(searched) == 6
    with Results("r.jsonl", "groups") as results:
        rows = [(row["setting"], row["figures"]) for row in results.rows]
    n_shuffled = lines_of(network().shuffled(0)).count("\n")
    assert [(s["seconds"], s["shuffled"], f["n_groups"]) for s, f in rows] == [
        *[(0, False, 0), (0, True, 0)],
        *[(1, False, expected.count("\n")), (1, True, n_shuffled)],
        *[(2, False, expected.count("\n")), (2, True, n_shuffled)],
    ]
    assert (folder / "r/figures/groups_over_time.png").exists()
    page = (folder / "r/report.html").read_text()
    assert "inhibitory neurons (seed 0)" in page and "Layers are those of arrived spikes" in page
    # Other weights are other points, and so are other layers.
    assert wmdelays(*command, "--shuffle", 1, "--every", "2s").returncode == 0
    assert len(searched) == 8
    assert wmdelays(*command, "--layers-of", "original", "--every", "2s").returncode == 0
    assert len(searched) == 12
