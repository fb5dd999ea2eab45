"""What a file holds, told from how it begins, and which files an output may take the place of."""

import codecs
import csv
import re
import zipfile

from wmdelays.errors import InputError, parameter

# Kinds of output. Each is called what `InputError`s call it.
MEMORY = "memory"
NETWORK = "network"
CHECKPOINT = "checkpoint"
RESULTS = "results"
RASTER = "raster"
TRIALS = "trials"
GROUPS = "groups"
SEARCH = "search"
MOTIFS = "motifs"
JSON = "json"
REPORT = "report"

_SAID = {
    MEMORY: ("a memory", "no memory file"),
    NETWORK: ("a network", "no network file"),
    CHECKPOINT: ("a checkpoint", "no checkpoint"),
    RESULTS: ("results", "no file of results"),
    RASTER: ("a recording", "no raster"),
    TRIALS: ("trials", "no file of trials"),
    GROUPS: ("polychronous groups", "no file of groups"),
    SEARCH: ("the record of an unfinished search", "no record of an unfinished search"),
    MOTIFS: ("motifs", "no file of motifs"),
    JSON: ("the JSON of an earlier command", "no JSON of an earlier command"),
    REPORT: ("a report", "no report of wmdelays"),
}

# What files of a kind are called, and which of them nothing replaces unasked: what took work to make.
ENDINGS = {MEMORY: (".h5", ".hdf5"), NETWORK: (".h5", ".hdf5")}
KEPT = (MEMORY, GROUPS, MOTIFS)

# A sealed file begins with its kind, see `wmdelays.files.sealed_file`.
_SEALED = re.compile(rb"wmdelays ([ -~]{1,50})\n")
HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
# An open checkpoint says so in an attribute near its beginning.
_CHECKPOINT = b"wmdelays checkpoint"
_HEADER = ["unit", "time_s"]
_OF_TRIALS = {"start_s", "stop_s"}
# How the JSON of each command begins, laid out as `wmdelays.files.output.write_json` does.
_JSON = re.compile(
    rb'\{\n "(memory": \{\n  "n_neurons": |raster": \{\n  "|seconds": \d+,\n "seed": |generalises": )'
    rb'|\[\n \{\n  "(setting": \{\n|memory": "[0-9a-f]{16}",\n)'
    rb"|\[\]\n\Z"
)
_LINES = (
    (RESULTS, re.compile(rb'\{"format": "wmdelays results"')),
    (SEARCH, re.compile(rb'\{\s*"format": "wmdelays unfinished groups"')),
    (GROUPS, re.compile(rb'\{"mother":\d+,"anchors":\[')),
    (MOTIFS, re.compile(rb'\{"pattern": \d+, "neuron": \d+, "ms": ')),
    (JSON, _JSON),
    # The title of a page ends with the program's name, and perhaps the command's.
    (REPORT, re.compile(rb"<!DOCTYPE html>\n(?:[^\n]*\n){1,5}<title>[^\n]* \xe2\x80\x93 wmdelays")),
)
_FIRST_GROUP = b'{"mother":'
_BEGINNING = 1 << 16


def held(path):
    """What a file is, as one of the kinds above or as a few words about what else it holds.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str or None
        None if there is no such file, it is empty, or it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            beginning = file.read(_BEGINNING)
    except (OSError, ValueError):
        return None
    if not beginning:
        return None
    sealed = _SEALED.match(beginning)
    if sealed:
        return sealed[1].decode("ascii")
    if beginning.startswith(HDF5):
        return CHECKPOINT if _CHECKPOINT in beginning else "an HDF5 file"
    if beginning.startswith(_ZIP):
        return _kind_of_zip(path)
    if _FIRST_GROUP.startswith(beginning):
        return GROUPS  # a full disk, or a kill, cut its first line
    for kind, pattern in _LINES:
        if pattern.match(beginning):
            return kind
    return _kind_of_text(beginning)


def check_kind(path, kind, instead="name another file"):
    """Raise an InputError if a file is there that holds something else than is to be written.

    Parameters
    ----------
    path : str or Path
    kind : str
        One of the kinds above, of what is to be written. It may take the place of its own kind and
        of an empty file.
    instead : str
        What the user can do.
    """
    found = held(path)
    if found not in (None, kind):
        holds, no = _SAID.get(found, (found,))[0], _SAID.get(kind, (None, f"no {kind}"))[1]
        raise InputError(f"{path}: holds {holds} and is {no}; {instead}")


def check_name(path, kind):
    """Raise an InputError unless a file of this kind is called so.

    Parameters
    ----------
    path : str or Path
    kind : str
        One of the kinds above.
    """
    endings = ENDINGS.get(kind, ())
    if endings and not str(path).lower().endswith(endings):
        what = _SAID[kind][0].removeprefix("a ")
        raise InputError(f"{path}: a {what} file ends in {endings[0]}; name another file")


def check_not_there(path, kind):
    """Raise an InputError if a file of a kind is there that nothing is to replace unasked.

    Parameters
    ----------
    path : str or Path
    kind : str
        One of the kinds above.
    """
    if kind in KEPT and held(path) == kind:
        raise InputError(
            f"{path}: holds {_SAID[kind][0]} already; name another file, or replace it with"
            f" {parameter('force=True')}"
        )


def is_hdf5(path):
    """Whether a file is there and begins as HDF5 does."""
    try:
        with open(path, "rb") as file:
            return file.read(len(HDF5)) == HDF5
    except OSError:
        return False


def _kind_of_zip(path):
    try:
        with zipfile.ZipFile(path) as file:
            names = set(file.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, LookupError, NotImplementedError):
        return "an archive"
    return RASTER if {"unit.npy", "time_s.npy"} <= names else "an archive"


def _kind_of_text(beginning):
    text = beginning.removeprefix(b"\xef\xbb\xbf")
    try:
        # Of a long file the last character may be cut in two.
        decoder = codecs.getincrementaldecoder("utf-8")()
        text = decoder.decode(text, final=len(beginning) < _BEGINNING)
    except UnicodeDecodeError:
        return "other data"
    if "\0" in text:
        return "other data"
    first = next(csv.reader(text.splitlines()[:1]), [])
    names = [name.strip() for name in first]
    if names == _HEADER:
        return RASTER
    return TRIALS if _OF_TRIALS <= set(names) else "text"
