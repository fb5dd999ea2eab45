"""The file of a search of groups: interrupted, killed and on a full disk it goes on, and only where it fits."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_groups import COMMAND, as_csv, content, expected, folder, network, small_pieces  # noqa: F401 (fixtures)

from wmdelays.polychrony import group_file
from wmdelays.polychrony.group_file import GroupFile
from wmdelays.polychrony.search import search as group_search

# In the middle of a group; before a record is renamed; before the file is safe on the disk; when all is
# found but the record stands: a function of the operating system, which of its calls, and how many
# seconds there are between records.
POINTS = [
    ("pwrite", 9, 0),
    ("pwrite", 9, 1e9),
    ("replace", 8, 0),
    ("fsync", 4, 0),
    ("unlink", 1, 1e9),
]
# The program, killed at each point in a folder of its own. Each run is a fork of one process, which
# spares it the imports.
KILLED = """
import json, os, signal, sys
from wmdelays.polychrony import group_file
from wmdelays.polychrony.search import search as group_search
from wmdelays.validation.cli import main

def run(name, left, every):
    group_search._BATCH, group_file._EVERY = 20, every
    call = getattr(os, name)

    def killing(*given, **named):
        nonlocal left
        left -= name != "unlink" or str(given[0]) == "g.jsonl.unfinished"
        if not left:
            if name == "pwrite":
                file, data, place = given
                call(file, data[: len(data) // 2], place)
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **named)

    setattr(os, name, killing)
    os._exit(main(sys.argv[2:]))

for number, point in enumerate(json.loads(sys.argv[1])):
    child = os.fork()
    if not child:
        os.chdir(str(number))
        run(*point)
    status = os.waitpid(child, 0)[1]
    assert status == signal.SIGKILL, (point, status)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folders in which a search was killed, by the point."""
    folder = tmp_path_factory.mktemp("killed")
    for number in range(len(POINTS)):
        (folder / str(number)).mkdir()
        (folder / str(number) / "net.csv").write_text(as_csv(network()))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, json.dumps(POINTS), *COMMAND],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return {point: folder / str(number) for number, point in enumerate(POINTS)}


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


def test_an_interrupted_search_goes_on(wmdelays, folder, interrupted, expected):
    # What an older search left goes.
    (folder / "g.jsonl").write_text('{"mother":1,"anchors":[2,3,4]}\n' * 100_000)
    first, said = interrupted(*COMMAND, "--force").strip().splitlines()
    total = group_search.GroupSearch(network()).n_sets
    assert first.endswith(f" mothers, {total:,} sets of 3 anchors")
    typed = shlex.join(["wmdelays", *map(str, COMMAND), "--force"])
    assert said == f"wmdelays: interrupted; the same command goes on: {typed}"
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
    again = wmdelays(*COMMAND, "--force")
    assert done.stderr.splitlines()[0].endswith(f", {later['n_sets']} of them searched before")
    numbers = [one.stdout.splitlines()[1:] for one in (again, done)]
    assert numbers[0] == numbers[1] and len(numbers[0]) == 5


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_search_loses_no_group_and_doubles_none(
    wmdelays, expected, killed, monkeypatch, point
):
    monkeypatch.chdir(killed[point])
    assert Path("g.jsonl.unfinished").exists()
    assert wmdelays(*COMMAND).returncode == 0
    assert Path("g.jsonl").read_text() == expected


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
        (["--min-layers=5"], "with layers 4, not 5; delete it"),
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
