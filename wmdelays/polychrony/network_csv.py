"""Networks with delays from csv files."""

from __future__ import annotations

from array import array as typed
from pathlib import Path

import numpy as np

from wmdelays.errors import InputError, one_line
from wmdelays.files.csv_rows import OFTEN, csv_rows, plain
from wmdelays.machine.free_memory import check_memory
from wmdelays.polychrony.delay_network import (
    COLUMNS,
    COPIES,
    LACK,
    MAX_DELAY,
    MAX_WEIGHT,
    MOST_NEURONS,
    DelayNetwork,
    check_ceiling,
)
from wmdelays.quantities import whole
from wmdelays.synapses import refuse, refuse_unknown


def read_network_csv(
    path: str | Path,
    n_excitatory: int | None = None,
    n_neurons: int | None = None,
    max_weight: float = MAX_WEIGHT,
    max_delay: int = MAX_DELAY,
) -> DelayNetwork:
    """Read a network from a csv file with the columns ``pre,post,delay_ms,weight``.

    Parameters
    ----------
    path : str or Path
        Its first line names the columns, in any order.
    n_excitatory : int, optional
        The neurons below this number are excitatory. By default those are that have no negative
        weight.
    n_neurons : int, optional
        Number of neurons; by default the highest number that occurs and one.
    max_weight : float
        The ceiling of excitatory weights in mV.
    max_delay : int
        The longest delay in milliseconds that is allowed.

    Returns
    -------
    DelayNetwork

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or describes no network.

    Examples
    --------
    >>> from pathlib import Path
    >>> from wmdelays.polychrony import read_network_csv
    >>> _ = Path("net.csv").write_text("pre,post,delay_ms,weight\\n0,1,5,10\\n1,2,3,-4\\n")
    >>> read_network_csv("net.csv").excitatory
    array([ True, False,  True])
    """
    path = Path(path)
    try:
        if n_neurons is not None:
            whole("neurons", n_neurons, 1, MOST_NEURONS)
        check_ceiling(max_weight)
        (pre, post, delay, weight), lines = _read_columns(path)
        refuse_unknown(pre, post, n_neurons or MOST_NEURONS, lines)
        if n_neurons is None:
            n_neurons = int(max(pre.max(), post.max())) + 1
        refuse(
            (delay < 1) | (delay > max_delay),
            lambda k: f"has a delay of {delay[k]} ms, outside 1…{max_delay} ms",
            lines,
        )
        refuse(
            ~np.isfinite(weight),
            lambda k: f"has the weight {weight[k]}, not a finite number",
            lines,
        )
        if n_excitatory is None and not (weight > 0).any():
            raise InputError("the network has no excitatory neurons: no weight is positive")
        excitatory = _excitatory(pre, weight, n_neurons, n_excitatory)
        refuse(
            (excitatory[pre] != (weight >= 0)) & (weight != 0),
            lambda k: (
                f"has the weight {weight[k]:g}, but neuron {pre[k]} is"
                f" {'excitatory' if weight[k] < 0 else 'inhibitory'}"
            ),
            lines,
        )
        refuse(
            weight > max_weight,
            lambda k: f"has the weight {weight[k]:g}, above the ceiling of {max_weight:g}",
            lines,
        )
        return DelayNetwork(pre, post, delay, weight, excitatory, max_weight)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {one_line(error.strerror or error)}") from None


def _excitatory(pre, weight, n_neurons, n_excitatory):
    if n_excitatory is not None:
        if not 0 < n_excitatory <= n_neurons:
            raise InputError(
                f"{n_excitatory} excitatory neurons are not possible among {n_neurons} neurons"
            )
        return np.arange(n_neurons) < n_excitatory
    excitatory = np.ones(n_neurons, dtype=bool)
    excitatory[pre[weight < 0]] = False
    return excitatory


def _read_columns(path):
    """The columns of a csv file as arrays, and the line of each row."""
    rows = csv_rows(path)
    names = [name.strip() for name in next(rows, (1, []))[1]]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(
            f"the first line lacks {', '.join(missing)}: the columns are {','.join(COLUMNS)}"
        )
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise InputError(f"the first line names {', '.join(twice)} more than once")
    places = [names.index(name) for name in COLUMNS]
    lines, columns = typed("q"), [typed(kind) for kind in "qqqd"]
    for line, row in rows:
        # Spreadsheets leave lines of empty cells at the end.
        if not any(map(str.strip, row)):
            continue
        lines.append(line)
        for column, value in zip(columns, _numbers(row, places, len(names), line)):
            column.append(value)
        if not len(lines) % OFTEN:
            check_memory(COPIES * 5 * lines.itemsize * len(lines), *LACK)
    if not lines:
        raise InputError("holds no synapses")
    return [np.array(column) for column in columns], lines


def _numbers(row, places, n_columns, line):
    # A decimal comma would otherwise be read as another number.
    if any(word.strip() for word in row[n_columns:]):
        raise InputError(
            f"line {line} has {len(row)} values, the first line {n_columns}: {','.join(row)[:60]!r}"
        )
    try:
        pre, post, delay = (_whole(row[place]) for place in places[:3])
        return pre, post, delay, float(plain(row[places[3]]))
    except (ValueError, IndexError):
        raise InputError(
            f"line {line} is not three whole numbers and a weight: {','.join(row)[:60]!r}"
        ) from None


def _whole(text):
    value = float(plain(text))
    # Beyond this a float does not hold every whole number; infinities and NaN fail here too.
    if not abs(value) < 2**53 or value != int(value):
        raise ValueError
    return int(value)
