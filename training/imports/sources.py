"""What a path holds that weights are to be imported from, told before anything of it is read."""

from __future__ import annotations

import os
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.exports.circuit_config import CIRCUIT, SIMULATION
from wmdelays.files.exports.description import NAME, read_description
from wmdelays.files.exports.nir_graph import ENDING as NIR
from wmdelays.files.file_kinds import MEMORY, held, is_hdf5
from wmdelays.training.imports.folders import is_folder, kind_of_folder
from wmdelays.training.imports.tables import ARRAYS, TABLES

TORCH = (".pt", ".pth", ".ckpt")
# What a folder may be said to be.
KINDS = ("sonata", "csv")


def check_source(path: Path, kind: str | None = None) -> None:
    """Raise an InputError unless weights can be read from a path.

    Parameters
    ----------
    path : Path
    kind : str, optional
        What the user says that it is, one of `KINDS`.

    Raises
    ------
    InputError
        If there is nothing, or something else; the line says what, and does not name the path.
    """
    if not os.path.exists(path):
        raise InputError("there is no such file or folder")
    if is_folder(path):
        _check_folder(path, kind)
        return
    ending = path.suffix.lower()
    if path.is_file():
        _check_no_network(path, ending)
    if ending not in (*TABLES, *ARRAYS, *TORCH):
        known = ", ".join((*TABLES, *ARRAYS, *TORCH, ".json"))
        raise InputError(f"has an ending that says nothing of weights; known are {known}")
    if kind == "sonata":
        raise InputError(f"is no SONATA circuit; that is a folder, or its {CIRCUIT[0]}")
    if kind == "csv" and ending not in TABLES:
        raise InputError("holds no csv; leave out the word csv")


def _check_folder(path, kind):
    if path.is_dir():
        found = kind_of_folder(path)
    else:
        found = "sonata"
        if path.name == NAME and read_description(path.parent).kind == "csv":
            raise InputError("describes csv files of an export; name their folder")
    if found is None:
        raise InputError(
            f"is a folder with neither a SONATA circuit ({', '.join((*CIRCUIT, *SIMULATION))}) nor csv"
            f" files of an export ({NAME} beside them)"
        )
    if kind == "csv" and found == "sonata":
        raise InputError("is a SONATA circuit, and no csv files of an export; name it sonata")
    if kind == "sonata" and found == "csv":
        raise InputError("holds csv files of an export, and no SONATA circuit; name it csv")


def _check_no_network(path, ending):
    """Networks in files that are not imported."""
    if held(path) == MEMORY:
        raise InputError("is a memory already; wmdelays info and wmdelays compare take it as it is")
    if ending == NIR:
        raise InputError(
            "is a NIR graph, and those are not read back; what export sonata and export csv write is"
        )
    if is_hdf5(path):
        raise InputError(
            f"is an HDF5 file, and no memory; a SONATA circuit is imported by its folder, or its"
            f" {CIRCUIT[0]}"
        )
