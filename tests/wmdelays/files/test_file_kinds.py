"""What a file holds, told from how it begins."""

import json

import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.files import file_kinds as kinds
from wmdelays.files.file_kinds import check_kind, held
from wmdelays.files.memory_file import write_memory
from wmdelays.files.output import write_json
from wmdelays.files.raster_files import write_raster
from wmdelays.raster import Raster
from wmdelays.training.rules.checkpoint import write_checkpoint

NOTEBOOK = '{\n "cells": [],\n "metadata": {},\n "nbformat": 4\n}\n'


@pytest.mark.parametrize(
    "content, found",
    [
        (b"", None),
        (b"unit,time_s\n0,0.1\n", kinds.RASTER),
        (b"\xef\xbb\xbfunit , time_s\r\n0,0.1\r\n", kinds.RASTER),
        (b"unit,time_ms\n0,0.1\n", "text"),
        (b"A long text, \xc3\xa9\n", "text"),
        ("é".encode() * 40000, "text"),
        (b"caf\xe9\n", "other data"),
        (b"a\0b", "other data"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        (b"PK\x03\x04 cut off", "an archive"),
        (b"wmdelays network\nsha256 ", kinds.NETWORK),
        (b'{"format": "wmdelays results", "format_version": 1}\n', kinds.RESULTS),
        (b'{\n "format": "wmdelays unfinished groups",\n', kinds.SEARCH),
        (b'{"mother":12,"anchors":[1,2,3]', kinds.GROUPS),
        (b'{"moth', kinds.GROUPS),
        (b'{"pattern": 0, "neuron": 3, "ms": 1.5, ', kinds.MOTIFS),
        (b'{"name": "of the user"}', "text"),
        (NOTEBOOK.encode(), "text"),
        (b'{"memory": {"n_neurons": 1}}', "text"),
    ],
)
def test_a_file_is_known_from_its_beginning(tmp_path, content, found):
    (tmp_path / "a").write_bytes(content)
    assert held(tmp_path / "a") == found


def test_what_is_written_is_known(tmp_path, make_memory):
    memory = make_memory(seed=1)
    write_memory(tmp_path / "m.h5", memory)
    assert held(tmp_path / "m.h5") == kinds.MEMORY
    for name in ("a.csv", "a.npz"):
        write_raster(tmp_path / name, Raster([0, 1], [0.1, 0.2], 2, 1.0))
        assert held(tmp_path / name) == kinds.RASTER
    many = {f"array {k}": np.zeros(1000) for k in range(60)}
    for name, arrays in (("few", {}), ("many", many)):
        write_checkpoint(tmp_path / name, "o" * 64, {"epochs": list(range(9999))}, arrays)
        assert held(tmp_path / name) == kinds.CHECKPOINT


def test_json_of_a_command_is_known_by_its_layout(tmp_path):
    values = {"memory": {"n_neurons": 4, "n_delays": 2}, "closest_call": 0.1}
    write_json(tmp_path / "a.json", values)
    assert held(tmp_path / "a.json") == kinds.JSON
    (tmp_path / "b.json").write_text(json.dumps(values, indent=2))
    assert held(tmp_path / "b.json") == "text", "who laid it out anew made it a file of their own"


def test_arrays_that_are_no_raster_are_not_taken_for_one(tmp_path):
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    assert held(tmp_path / "a.npz") == "an archive"


def test_a_file_that_is_not_there_or_is_a_folder_holds_nothing(tmp_path):
    assert held(tmp_path / "none") is None and held(tmp_path) is None


def test_the_line_says_what_is_there_and_what_is_wanted(tmp_path):
    path = tmp_path / "a"
    path.write_text("unit,time_s\n")
    with pytest.raises(InputError) as refused:
        check_kind(path, kinds.MEMORY)
    assert (
        str(refused.value) == f"{path}: holds a recording and is no memory file; name another file"
    )
    check_kind(path, kinds.RASTER)
    path.write_text("")
    check_kind(path, kinds.MEMORY)
