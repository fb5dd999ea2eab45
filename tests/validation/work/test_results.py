"""Files of results: what is in them, and what is refused."""

import json
import os
import signal
import subprocess
import sys

import msgspec
import pytest

from wmdelays.errors import InputError
from wmdelays.validation.work.results import Results

HEADER = b'{"format": "wmdelays results", "format_version": 1, "command": "scan"}\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.jsonl"


@pytest.fixture
def three(path):
    with Results(path, "scan") as results:
        for x in range(3):
            results.append({"x": x, "rule": "margin"}, 0, {"f1": x / 2})
    return path


def test_a_row_is_in_the_file_as_soon_as_it_is_added(path):
    results = Results(path, "scan")
    assert not path.exists()
    results.append({"x": 1}, 5, {"f1": 0.5})
    header, line = path.read_bytes().splitlines()
    row = json.loads(line)
    assert (row["setting"], row["seed"], row["figures"]) == ({"x": 1}, 5, {"f1": 0.5})
    assert {"wmdelays", "numpy", "python"} <= set(row["versions"])
    results.append({"x": 2}, 5, {"f1": 0.5})
    assert len(path.read_bytes().splitlines()) == 3
    results.close()


def test_rows_are_found_again_by_setting_and_seed(three):
    results = Results(three, "scan")
    assert [row["setting"]["x"] for row in results.rows] == [0, 1, 2]
    # The order of the setting's names does not count.
    assert results.get({"rule": "margin", "x": 2}, 0)["figures"] == {"f1": 1.0}
    assert results.get({"x": 2, "rule": "margin"}, 1) is None
    assert results.get({"x": 2}, 0) is None


def test_rows_are_added_to_those_that_are_there(three):
    with Results(three, "scan") as results:
        results.append({"x": 9}, 0, {"f1": 0.0})
    assert [row["setting"]["x"] for row in Results(three, "scan").rows] == [0, 1, 2, 9]


def test_without_a_file_rows_are_kept_in_memory(tmp_path):
    with Results(None, "scan") as results:
        results.append({"x": 1}, 0, {"f1": 1.0})
    assert len(results.rows) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("n_bytes", [2, 20, 100])
def test_a_row_that_was_torn_is_left_out_and_written_over(three, n_bytes):
    content = three.read_bytes()
    three.write_bytes(content[:-n_bytes])
    with Results(three, "scan") as results:
        assert [row["setting"]["x"] for row in results.rows] == [0, 1]
        results.append({"x": 2, "rule": "margin"}, 0, {"f1": 1.0})
    assert three.read_bytes() == content


def test_a_last_row_without_its_end_is_a_row(three):
    content = three.read_bytes()
    three.write_bytes(content[:-1])
    with Results(three, "scan") as results:
        assert [row["setting"]["x"] for row in results.rows] == [0, 1, 2]
        results.append({"x": 3}, 0, {"f1": 1.0})
    assert three.read_bytes().startswith(content)
    assert [row["setting"]["x"] for row in Results(three, "scan").rows] == [0, 1, 2, 3]


@pytest.mark.parametrize("n_bytes", [1, 2, 100])
def test_reading_changes_nothing_in_a_file(three, n_bytes):
    content = three.read_bytes()[:-n_bytes]
    for content in (content, HEADER[:-n_bytes], b""):
        three.write_bytes(content)
        with Results(three, "scan") as results:
            results.get({"x": 1}, 0)
        assert three.read_bytes() == content


def test_a_read_only_file_is_read_and_gets_no_rows(three):
    content = three.read_bytes()
    three.chmod(0o444)
    three.parent.chmod(0o555)
    try:
        with Results(three, "scan") as results, Results(three, "scan") as others:
            assert len(results.rows) == len(others.rows) == 3
            for work in (results.check_can_add, lambda: results.append({"x": 3}, 0, {"f1": 1.0})):
                with pytest.raises(InputError, match="read-only|cannot be written"):
                    work()
            assert len(results.rows) == 3
    finally:
        three.parent.chmod(0o755)
    assert three.read_bytes() == content


ROW = {"setting": {"x": 1}, "seed": 0, "figures": {"f1": 1.0}, "versions": {"numpy": "2"}}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("setting", None),
        ("setting", []),
        ("setting", {"": 1}),
        ("setting", {"x" * 101: 1}),
        ("setting", {"x": [1]}),
        ("setting", {"x": {"y": 1}}),
        ("setting", {"x": 10**400}),
        ("setting", {"x": "y" * 1001}),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", True),
        ("seed", 10**400),
        ("figures", {"f1": "1"}),
        ("figures", {"f1": [1.0]}),
        ("figures", {"f1": 10**400}),
        ("versions", {"numpy": 2}),
        ("versions", "2"),
    ],
)
def test_a_row_that_is_not_what_it_has_to_be_is_refused(path, part, value):
    for row in (ROW | {part: value}, {name: ROW[name] for name in ROW if name != part}):
        path.write_bytes(HEADER + json.dumps(row).encode() + b"\n")
        with pytest.raises(InputError, match="line 2 is no row of results") as refused:
            Results(path, "scan")
        assert len(str(refused.value)) < len(str(path)) + 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "[" * 100_000, "\x1b", "9" * 5000])
def test_what_is_no_json_is_no_row(path, number):
    path.write_bytes(HEADER + json.dumps(ROW).replace("1.0", number).encode() + b"\n")
    with pytest.raises(InputError, match="line 2 is no row of results"):
        Results(path, "scan")


def test_a_command_says_what_its_settings_and_figures_have_to_be(path):
    class Figures(msgspec.Struct):
        loss: float

    with Results(path, "scan") as results:
        results.append({"x": 1}, 0, {"loss": 0.5, "more": 1})
    assert len(Results(path, "scan", figures=Figures).rows) == 1
    with Results(path, "scan") as results:
        results.append({"x": 2}, 0, {"f1": 0.5})
    with pytest.raises(InputError, match="line 3 is no row of results.*figures: .*loss"):
        Results(path, "scan", figures=Figures)


@pytest.mark.parametrize("n_bytes", [0, 1, 30, len(HEADER) - 1, len(HEADER)])
def test_a_file_that_was_torn_in_its_first_line_is_begun_anew(path, n_bytes):
    path.write_bytes(HEADER[:n_bytes])
    with Results(path, "scan") as results:
        assert results.rows == []
        results.append({"x": 1}, 0, {"f1": 1.0})
    assert path.read_bytes().startswith(HEADER)
    assert len(Results(path, "scan").rows) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"unit,time_s\n1,2\n", "is no file of results"),
        (b"no end of a line", "is no file of results"),
        (b"\x89HDF\r\n\x1a\n\xff\xfe", "is no file of results"),
        (b'[1, 2]\n{"a": 1}\n', "is no file of results"),
        (b'{"format": "something else"}\n', "is no file of results"),
        (HEADER.replace(b": 1,", b": 2,"), "its format version is 2; here 1 is needed"),
        (HEADER.replace(b"scan", b"robustness"), "its command is 'robustness'; here 'scan'"),
        (HEADER + b"{}\n", "line 2 is no row of results"),
        (HEADER + b'{"setting": {}, "seed": "0", "figures": {}, "versions": {}}\n', "line 2 is no"),
        (HEADER + b"\n", "line 2 is no row of results"),
        (HEADER + b"null\n{torn", "line 2 is no row of results"),
    ],
)
def test_another_file_is_refused_and_left_as_it_is(path, content, message):
    path.write_bytes(content)
    for _ in range(2):  # Nothing keeps it locked either.
        with pytest.raises(InputError, match=message):
            Results(path, "scan")
    assert path.read_bytes() == content


def test_a_file_to_which_another_run_writes_is_refused(three):
    with Results(three, "scan"):
        with pytest.raises(InputError, match="another run writes to it"):
            Results(three, "scan")
    Results(three, "scan").close()


def test_a_file_that_another_run_makes_meanwhile_is_refused(path):
    first, second = Results(path, "scan"), Results(path, "scan")
    first.append({"x": 1}, 0, {"f1": 1.0})
    with pytest.raises(InputError, match="another run writes to it"):
        second.append({"x": 2}, 0, {"f1": 1.0})
    first.close()
    # Once the other run has ended its rows are taken over.
    second.append({"x": 2}, 0, {"f1": 1.0})
    second.close()
    assert [row["setting"]["x"] for row in Results(path, "scan").rows] == [1, 2]


def test_places_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        Results(tmp_path / "none" / "rows.jsonl", "scan")
    with pytest.raises(InputError, match="is a folder"):
        Results(tmp_path, "scan")


def test_figures_that_json_cannot_hold_are_a_defect_and_leave_no_trace(three):
    before = three.read_bytes()
    with Results(three, "scan") as results:
        with pytest.raises(ValueError):
            results.append({"x": 7}, 0, {"f1": float("nan")})
        assert results.get({"x": 7}, 0) is None
    assert three.read_bytes() == before


def test_a_run_that_is_killed_leaves_its_rows_and_no_lock(path):
    code = (
        "import sys, time\n"
        "from wmdelays.validation.work.results import Results\n"
        "results = Results(sys.argv[1], 'scan')\n"
        "for x in range(3): results.append({'x': x}, 0, {'f1': 1.0})\n"
        "print('written', flush=True)\n"
        "time.sleep(60)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    try:
        assert run.stdout.readline() == b"written\n"
        with pytest.raises(InputError, match="another run writes to it"):
            Results(path, "scan")
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        run.stdout.close()
    with Results(path, "scan") as results:
        assert [row["setting"]["x"] for row in results.rows] == [0, 1, 2]


def test_a_command_refuses_the_file_of_another(refused, three):
    words = ["bernoulli:neurons=20,steps=40,patterns=1,rate=0.05", "--over", "delays=3"]
    before = three.read_bytes()
    assert "its command is 'scan'; here 'capacity'" in refused("capacity", "--results", three)
    with Results(three, "scan"):
        assert "another run writes to it" in refused("scan", *words, "--results", three)
    assert three.read_bytes() == before
