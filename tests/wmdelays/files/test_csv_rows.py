"""Csv files from elsewhere."""

import tracemalloc

import pytest

from wmdelays import InputError
from wmdelays.files.csv_rows import csv_rows, plain
from wmdelays.files.raster_files import read_raster
from wmdelays.files.recordings import tables
from wmdelays.machine import free_memory
from wmdelays.polychrony import network_csv
from wmdelays.polychrony.network_csv import read_network_csv

HEADS = {read_raster: "unit,time_s\n", read_network_csv: "pre,post,delay_ms,weight\n"}
READERS = pytest.mark.parametrize("read", HEADS)


def refusal(read, path):
    with pytest.raises(InputError) as refused:
        read(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and message.isprintable() and len(message) < 300
    return message.removeprefix(f"{path}: ")


def test_rows_come_with_the_line_in_which_they_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffa,b\r\n"1\n""2",3\r\n\n5'.encode())
    assert list(csv_rows(path)) == [(1, ["a", "b"]), (3, ['1\n"2', "3"]), (4, []), (5, ["5"])]


@READERS
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    "first, more",
    [("", "9"), ("", ","), ("", '"",'), ("", '"\n",'), ('"', "\n"), ("", "\0"), ("", "\u00e9")],
    ids=repr,
)
def test_a_row_that_does_not_end_is_not_read_to_its_end(tmp_path, read, begun, first, more):
    """What has no ends of lines, or a quote that is never closed."""
    path, n = tmp_path / "r.csv", 8_000_000
    path.write_text((HEADS[read] if begun else "") + first + more * (n // len(more)))
    tracemalloc.start()
    words = refusal(read, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "is longer than any row can be" in words
    assert peak < 4_000_000


@READERS
@pytest.mark.parametrize("coding", ["utf-16", "utf-16-be"])
def test_text_in_utf_16_is_told_from_other_text(tmp_path, read, coding):
    text = HEADS[read] + "0,1,2,9\n"
    mark = "\ufeff" if coding == "utf-16-be" else ""
    (tmp_path / "r.csv").write_bytes((mark + text).encode(coding))
    assert refusal(read, tmp_path / "r.csv") == "is text in UTF-16; save it in UTF-8"


@READERS
def test_memory_is_asked_for_while_rows_are_read(tmp_path, monkeypatch, read):
    row = "1,2.5\n" if read is read_raster else "0,1,2,9\n"
    (tmp_path / "r.csv").write_text(HEADS[read] + row * 9 + "x\n")
    for module in (tables, network_csv):
        monkeypatch.setattr(module, "OFTEN", 4)
    monkeypatch.setattr(free_memory, "_LITTLE", 0)
    monkeypatch.setattr(free_memory, "free_memory", lambda: 300)
    assert "of memory, and 300 bytes are free" in refusal(read, tmp_path / "r.csv")


@pytest.mark.parametrize("text", ["12", "-1.5e3", " 7 ", "nan", "x"])
def test_texts_without_what_python_adds_are_plain(text):
    assert plain(text) == text


@pytest.mark.parametrize("text", ["1_000", "_", "\u0661", "\uff11", "1\u00a0"])
def test_what_only_python_takes_for_a_number_is_not_plain(text):
    with pytest.raises(ValueError, match=".*"):
        plain(text)
