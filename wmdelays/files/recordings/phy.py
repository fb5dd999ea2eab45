"""Recordings in the folders that Kilosort writes and Phy curates."""

from __future__ import annotations

import re
import warnings

import numpy as np

from wmdelays.errors import InputError, InputWarning, parameter
from wmdelays.files.csv_rows import csv_rows
from wmdelays.files.npz import read_npy
from wmdelays.files.recordings.filters import chosen
from wmdelays.files.recordings.spikes import from_labels
from wmdelays.words import counted, printable

_COPIES = 4
_RATE = re.compile(r"^\s*sample_rate\s*=\s*([0-9.eE+]+)\s*(?:#.*)?$", re.MULTILINE)
# Kilosort's own labels, those of a person, and Phy's table of everything; later ones count.
_TABLES = "cluster_KSLabel.tsv", "cluster_group.tsv", "cluster_info.tsv"
_ID = "cluster_id", "id"
_LONGEST = 1 << 16


def is_phy(path):
    """Whether a folder is one of Phy."""
    return (path / "spike_times.npy").is_file() and _clusters(path) is not None


def _clusters(path):
    for name in ("spike_clusters.npy", "spike_templates.npy"):
        if (path / name).is_file():
            return path / name
    return None


def read_phy(path, *, where=(), sampling_rate=None):
    """The spikes of a folder of Phy.

    Parameters
    ----------
    path : Path
    where : sequence of str
        Which clusters, by the columns of the folder's tables, as ``group=good``. By default all but
        those that are labelled noise.
    sampling_rate : float, optional
        By default what params.py says, which is read and not run.

    Returns
    -------
    Spikes
    """
    samples = read_npy(path / "spike_times.npy", _COPIES).reshape(-1)
    clusters = read_npy(_clusters(path), _COPIES).reshape(-1)
    if len(samples) != len(clusters):
        raise InputError(f"has {len(samples)} spike times and {len(clusters)} clusters of spikes")
    if samples.dtype.kind not in "iu" or clusters.dtype.kind not in "iu":
        raise InputError("its spike times and clusters are whole numbers")
    rate = _sampling_rate(path) if sampling_rate is None else sampling_rate
    columns = _columns(path)
    ids = np.unique(clusters)
    table = {name: [values.get(int(one), "") for one in ids] for name, values in columns.items()}
    kept = chosen(where, table, len(ids), "cluster")
    if not where:
        group = table.get("group", [""] * len(ids))
        kept = np.array([one != "noise" for one in group])
        n_noise = int((~kept).sum())
        if n_noise:
            them = parameter("where=['group=noise']", "--where group=noise")
            warnings.warn(
                f"{counted(n_noise, 'cluster')} labelled noise"
                f" {'is' if n_noise == 1 else 'are'} left out ({them} has them)",
                InputWarning,
                stacklevel=2,
            )
    inside = np.isin(clusters, ids[kept])
    return from_labels(clusters[inside].astype(np.int64), samples[inside] / rate)


def cluster_column(path, column):
    """A column of the tables of clusters of a folder of Phy.

    Parameters
    ----------
    path : Path
    column : str

    Returns
    -------
    dict of str to str
        What stands there, by the names of the units.

    Raises
    ------
    InputError
        If it has no such column.
    """
    columns = _columns(path)
    if column not in columns:
        there_are = ", ".join(map(printable, columns)) or "none"
        raise InputError(
            f"has no column {printable(column)} of clusters; it has {there_are[:120]}, and there is no"
            " such file"
        )
    return {str(cluster): value for cluster, value in columns[column].items()}


def _sampling_rate(path):
    try:
        with open(path / "params.py", encoding="utf-8", errors="replace") as file:
            found = _RATE.search(file.read(_LONGEST))
        rate = float(found[1]) if found else 0.0
    except (OSError, ValueError):
        rate = 0.0
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(
            "has no params.py with a line sample_rate = …; say how many samples make a second"
            f" ({parameter('sampling_rate')})"
        )
    return rate


def _columns(path):
    """The labels of clusters: by the name of the column and the cluster's number."""
    columns = {}
    for name in _TABLES:
        if not (path / name).is_file():
            continue
        rows = [row for _, row in csv_rows(path / name, "\t") if row]
        header = rows[0] if rows else []
        key = next((k for k, one in enumerate(header) if one in _ID), None)
        if key is None:
            raise InputError(f"its {name} has no column cluster_id")
        for row in rows[1:]:
            if len(row) != len(header) or not row[key].isdecimal():
                raise InputError(f"its {name} has a line that is no row of its table")
            for one, value in zip(header, row):
                columns.setdefault(one, {})[int(row[key])] = value
    return columns
