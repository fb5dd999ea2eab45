"""Surrogates of a raster: the rates stay, the fine timing goes. All but one kind are elephant's."""

import importlib.metadata
import random
import warnings
from contextlib import contextmanager

import numpy as np

from wmdelays.binning import EXACT
from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.find.stretches import Stretches
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.versions import versions
from wmdelays.raster import Raster

# What each method does, and leaves as it is. Shifting a unit by one amount all along
# (dither_spike_train) is not among them: it leaves every pattern, with other lags.
METHODS = {
    "stretch_shifting": "stretches of each unit, cut where it pauses, about two dithers long, move by"
    " up to the dither: rates on this scale stay, and so do bursts",
    "dither_spikes": "each spike moves by up to the dither: rates on its scale stay, bursts do not",
    "jitter_spikes": "each spike moves within windows as long as the dither: counts in them stay",
    "isi_dithering": "each spike moves by up to the dither so that the intervals' histogram stays",
    "joint_isi_dithering": "the same with the histogram of pairs of intervals",
    "shuffle_isis": "the intervals of each unit in another order: only the mean rate stays",
    "randomise_spikes": "each spike anywhere in the raster: only the mean rate stays",
}
# Length of the stretches of stretch_shifting in dithers; see `wmdelays.find.stretches`.
_STRETCH = 2
# A raster that is shorter, in dithers, leaves surrogates much of what is in it.
_ROOM = 10
# Fewest spikes of a unit for elephant to look at their intervals.
_INTERVALS = 3
# What elephant keeps of a unit for its intervals: a number for each pair of them, to a millisecond
# up to a tenth of a second, and each millisecond within the dither.
_PAIRS, _PER_MILLISECOND = 100 * 100 * 8, 2000
# Units that are handed to elephant at once, one after another in a single spike train: a train
# costs some milliseconds, whatever is in it. It also costs its spikes times its stretches, so the
# units of a train have about so many spikes together.
_CHAINED, _CHAINED_SPIKES = 16, 2000


def check_surrogates(method, dither, draws=1):
    """Raise an InputError unless such surrogates can be made.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    dither : float
        In seconds.
    draws : int
    """
    if method not in METHODS:
        raise InputError(f"there are no surrogates {method!r}; there are {', '.join(METHODS)}")
    if not (np.isfinite(dither) and dither > 0):
        raise InputError(f"dither is {dither * 1e3:g} ms; it has to be above 0")
    if draws % 1 or draws < 1:
        raise InputError(f"draws is {draws}; it has to be a whole number of at least 1")
    if method != "stretch_shifting":
        need_elephant(f"the surrogates {method} need")


def room_said(raster, dither):
    """A sentence, with a space before it, where a raster is too short for its surrogates; or ""."""
    if raster.duration >= _ROOM * dither:
        return ""
    return (
        f" This is less than {_ROOM} dithers of {dither * 1e3:.4g} ms: spikes have little room to move,"
        " and chance seems to make more than it does."
    )


def surrogates_said(method, dither):
    """How surrogates were made, in one sentence."""
    return f"Surrogates: {method} by {dither * 1e3:.4g} ms ({METHODS[method]})."


def need_elephant(what):
    """Raise an InputError unless elephant can be imported; `what` needs it, with its verb."""
    try:
        import elephant.spike_train_surrogates  # noqa: F401
        import neo  # noqa: F401
    except ModuleNotFoundError:
        raise InputError(f"{what} elephant: pip install 'wmdelays[patterns]'") from None


def spike_trains(raster):
    """The units of a raster as neo spike trains, silent ones included.

    Parameters
    ----------
    raster : Raster

    Returns
    -------
    list of neo.SpikeTrain
    """
    return [_train(part, raster.duration) for part in _of_each(raster)]


def _train(times, stop):
    import neo
    import quantities

    # Room for elephant's rounding where a spike is at the start or the end.
    room = stop * 1e-9
    return neo.SpikeTrain(times, units=quantities.s, t_start=-room, t_stop=stop + room)


def _of_each(raster):
    """The times of each unit, in seconds."""
    order = np.argsort(raster.neurons, kind="stable")
    first = np.searchsorted(raster.neurons[order], np.arange(1, raster.n_neurons))
    return np.split(raster.times[order], first)


def surrogate_rasters(raster, draws, *, method="stretch_shifting", dither, seed=0):
    """Surrogates of a raster, one after another.

    Parameters
    ----------
    raster : Raster
    draws : int
    method : str
        One of `METHODS`, see elephant.spike_train_surrogates.
    dither : float
        How far spikes move, in seconds.
    seed : int
        The same seed gives the same surrogates, whatever their number.

    Yields
    ------
    Raster
        With as many spikes of each unit. What dithering moves beyond an end of the raster is
        reflected there: lost spikes would lower the rate, and spikes put at the end, which
        elephant offers, would make the units synchronous.

    Raises
    ------
    InputError
        If elephant is missing, or there is no such method.
    """
    check_surrogates(method, dither, draws)
    if not len(raster):
        yield from [raster] * draws
        return
    if method == "stretch_shifting":
        stretches = Stretches(raster, _STRETCH * dither, random_numbers(seed, "stretches"))
        for number in range(draws):
            yield stretches.shifted(dither, random_numbers(seed, "surrogate", number))
        return
    with quiet():
        make = _maker(raster, method, dither)
    units = np.sort(raster.neurons)
    for number in range(draws):
        with _seeded(seed, "surrogate", number), quiet():
            times = np.abs(np.concatenate(make()))
        # A long dither reflects a spike at both ends, one after the other.
        times = np.remainder(times, 2 * raster.duration)
        times = np.where(times > raster.duration, 2 * raster.duration - times, times)
        times = np.clip(times, 0, raster.duration)
        yield Raster(units, times, raster.n_neurons, raster.duration, clock=EXACT)


def _maker(raster, method, dither):
    """A function that makes a surrogate: times in seconds, one unit after another, in parts."""
    import quantities
    from elephant.spike_train_surrogates import surrogates as of_elephant

    width, duration = dither * quantities.s, raster.duration
    if method in ("isi_dithering", "joint_isi_dithering"):
        return _maker_by_intervals(raster, width, dither, method == "isi_dithering")
    if method in ("shuffle_isis", "randomise_spikes"):
        trains = spike_trains(raster)
        return lambda: [_seconds(of_elephant(one, 1, method=method)[0]) for one in trains]
    # Each unit has a slot of its own in the chain, so wide that no spike leaves it.
    each = [times for times in _of_each(raster) if len(times)]
    if method == "jitter_spikes":
        slot, first_spike = (np.ceil(duration / dither) + 1) * dither, 0.0
    else:
        slot, first_spike = duration + 3 * dither, 1.5 * dither
    chained = int(np.clip(_CHAINED_SPIKES * len(each) // len(raster), 1, _CHAINED))

    def make():
        made = []
        for first in range(0, len(each), chained):
            block = each[first : first + chained]
            shift = np.arange(len(block)) * slot + first_spike
            shift = np.repeat(shift, [len(one) for one in block])
            train = _train(np.concatenate(block) + shift, len(block) * slot)
            made.append(_seconds(of_elephant(train, 1, method=method, dt=width)[0]) - shift)
        return made

    return make


def _maker_by_intervals(raster, width, dither, isi):
    from elephant.spike_train_surrogates import JointISI

    trains = spike_trains(raster)
    n_busy = sum(len(train) >= _INTERVALS for train in trains)
    check_memory(
        n_busy * _PAIRS * (1 + _PER_MILLISECOND * dither),
        f"surrogates by the intervals of {n_busy} units within {dither * 1e3:g} ms",
        f"take a shorter {parameter('dither')}, or other {parameter('surrogates')}",
    )
    # These prepare histograms once for all surrogates.
    prepared = [JointISI(train, dither=width, isi_dithering=isi) for train in trains]

    def make():
        return [_ends_moved(_seconds(one.dithering(1)[0]), dither) for one in prepared]

    return make


def _ends_moved(times, dither):
    """Times of a unit whose first and last spike elephant leaves, and all where they are few."""
    moved = times + dither * (2 * np.random.random(len(times)) - 1)
    if len(times) < _INTERVALS:
        return moved
    # They do not pass their neighbours.
    moved[0], moved[-1] = min(moved[0], times[1]), max(moved[-1], times[-2])
    moved[1:-1] = times[1:-1]
    return moved


def _seconds(train):
    return train.rescale("s").magnitude


@contextmanager
def quiet():
    """Without elephant's warnings, of its own libraries and of spikes that share a bin."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _seeded(*words):
    """elephant draws from the generators that all share; they are left as they were."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    rng = random_numbers(*words)
    np.random.seed(rng.integers(2**32, dtype=np.uint32))
    random.seed(int(rng.integers(2**32)))
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def surrogate_versions():
    """Versions of the software that takes part in a result with surrogates."""
    found = versions()
    for name in ("elephant", "neo"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
