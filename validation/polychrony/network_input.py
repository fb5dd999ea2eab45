"""Networks with delays from any file that holds one."""

from __future__ import annotations

from pathlib import Path

from wmdelays.errors import InputError, parameter
from wmdelays.files.memory_file import read_memory
from wmdelays.files.sealed_file import kind_of
from wmdelays.polychrony.delay_network import MAX_DELAY, MAX_WEIGHT, DelayNetwork
from wmdelays.polychrony.network_csv import read_network_csv
from wmdelays.polychrony.network_file import KIND, read_network
from wmdelays.quantities import whole

# Groups are followed for so long, see wmdelays.polychrony.search.following.
_LONGEST = 979


def kind_of_network(path):
    """What holds the network: "csv", "memory" or "network".

    Raises
    ------
    InputError
        If it is none of them.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file")
    if path.suffix.lower() == ".csv":
        return "csv"
    kind = kind_of(path)
    if kind not in ("memory", KIND):
        raise InputError(
            f"{path}: is no network: take a .csv file with pre,post,delay_ms,weight, a memory file, or"
            " a file of wmdelays izhikevich (if it is one, its beginning is damaged)"
        )
    return kind


def read_any_network(
    path: str | Path,
    *,
    n_excitatory: int | None = None,
    n_neurons: int | None = None,
    max_weight: float | None = None,
    max_delay: int | None = None,
    at: int | None = None,
) -> DelayNetwork:
    """Read a network from a csv file, a memory file or a file of `wmdelays izhikevich`.

    Parameters
    ----------
    path : str or Path
    n_excitatory, n_neurons, max_delay : int, optional
        Of a csv file, see `wmdelays.polychrony.network_csv.read_network_csv`.
    max_weight : float, optional
        The ceiling of a csv file; or what the largest weight of a memory becomes. In mV.
    at : int, optional
        Time in seconds of a snapshot in a file of `wmdelays izhikevich`.

    Returns
    -------
    DelayNetwork

    Raises
    ------
    InputError
        If the file cannot be used, or an option does not fit its kind.
    """
    kind = kind_of_network(path)
    given = {
        "n_excitatory": (n_excitatory, ("csv",)),
        "n_neurons": (n_neurons, ("csv",)),
        "max_delay": (max_delay, ("csv",)),
        "max_weight": (max_weight, ("csv", "memory")),
        "at": (at, (KIND,)),
    }
    files = {
        "csv": "a csv file",
        "memory": "a memory file",
        KIND: "a file of wmdelays izhikevich",
    }
    for name, (value, kinds) in given.items():
        if value is not None and kind not in kinds:
            fitting = " or ".join(files[one] for one in kinds)
            raise InputError(f"{parameter(name)} goes with {fitting}; {path} is {files[kind]}")
    max_weight = MAX_WEIGHT if max_weight is None else max_weight
    if kind == KIND:
        return read_network(path, at)
    if kind == "memory":
        memory = read_memory(path)
        try:
            return DelayNetwork.of_memory(memory, max_weight)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    max_delay = MAX_DELAY if max_delay is None else whole("max-delay", max_delay, 1, _LONGEST)
    return read_network_csv(path, n_excitatory, n_neurons, max_weight, max_delay)
