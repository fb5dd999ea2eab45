"""Surrogates of a raster, made by elephant: the rates stay, the fine timing goes."""

import importlib.metadata
import random
import warnings
from contextlib import contextmanager

import numpy as np

from wmdelays.errors import InputError
from wmdelays.raster import Raster
from wmdelays.validation.results import versions
from wmdelays.validation.simulators import random_numbers

# What each of elephant's methods does, and leaves as it is. Shifting a unit by one amount all along
# (dither_spike_train) is not among them: it leaves every pattern, with other lags.
METHODS = {
    "trial_shifting": "each unit moves by up to the dither, anew in each stretch of ten dithers"
    " or more: rates on this scale and intervals within stretches stay",
    "dither_spikes": "each spike moves by up to the dither: rates on its scale stay, bursts do not",
    "jitter_spikes": "each spike moves within windows as long as the dither: counts in them stay",
    "isi_dithering": "each spike moves by up to the dither so that the intervals' histogram stays",
    "joint_isi_dithering": "the same with the histogram of pairs of intervals",
    "shuffle_isis": "the intervals of each unit in another order: only the mean rate stays",
    "randomise_spikes": "each spike anywhere in the raster: only the mean rate stays",
}
# Least length of the stretches of trial_shifting in dithers; most stretches of a unit, and of all
# units together but for a few each, since each takes elephant some time. What is moved beyond the
# end of one comes back at its beginning.
_STRETCH, _MOST_STRETCHES, _TOGETHER, _FEWEST = 10, 100, 20_000, 20
# Units that are handed to elephant at once, one after another in a single spike train: a train
# costs some milliseconds, whatever is in it. It also costs its spikes times its stretches, so the
# units of a train have about so many spikes together.
_CHAINED, _CHAINED_SPIKES = 16, 2000


def check_surrogates(method, dither, n_surrogates=1):
    """Raise an InputError unless such surrogates can be made.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    dither : float
        In seconds.
    n_surrogates : int
    """
    if method not in METHODS:
        raise InputError(f"there are no surrogates {method!r}; there are {', '.join(METHODS)}")
    if not (np.isfinite(dither) and dither > 0):
        raise InputError(f"dither is {dither * 1e3:g} ms; it has to be above 0")
    if n_surrogates % 1 or n_surrogates < 1:
        raise InputError(f"draws is {n_surrogates}; it has to be a whole number of at least 1")
    need_elephant()


def need_elephant():
    """Raise an InputError unless elephant can be imported."""
    try:
        import elephant.spike_train_surrogates  # noqa: F401
        import neo  # noqa: F401
    except ModuleNotFoundError:
        raise InputError("surrogates need elephant: pip install 'wmdelays[patterns]'") from None


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

    # Room for elephant's rounding where the last spike is the end.
    return neo.SpikeTrain(times, units=quantities.s, t_start=0.0, t_stop=stop * (1 + 1e-9))


def _of_each(raster):
    """The times of each unit, in seconds."""
    order = np.argsort(raster.neurons, kind="stable")
    first = np.searchsorted(raster.neurons[order], np.arange(1, raster.n_neurons))
    return np.split(raster.times[order], first)


def surrogates(raster, n_surrogates, *, method="trial_shifting", dither, seed=0):
    """Surrogates of a raster, one after another.

    Parameters
    ----------
    raster : Raster
    n_surrogates : int
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
    check_surrogates(method, dither, n_surrogates)
    if not len(raster):
        yield from [raster] * n_surrogates
        return
    with quiet():
        make = _maker(raster, method, dither)
    units = np.sort(raster.neurons)
    for number in range(n_surrogates):
        with _seeded(seed, "surrogate", number), quiet():
            times = np.abs(np.concatenate(make()))
        times = np.where(times > raster.duration, 2 * raster.duration - times, times)
        yield Raster(units, np.clip(times, 0, raster.duration), raster.n_neurons, raster.duration)


def _maker(raster, method, dither):
    """A function that makes a surrogate: times in seconds, one unit after another, in parts."""
    import quantities
    from elephant.spike_train_surrogates import JointISI
    from elephant.spike_train_surrogates import surrogates as of_elephant

    width, duration = dither * quantities.s, raster.duration
    if method in ("isi_dithering", "joint_isi_dithering"):
        # These prepare histograms once for all surrogates.
        isi = method == "isi_dithering"
        prepared = [
            JointISI(train, dither=width, isi_dithering=isi) for train in spike_trains(raster)
        ]
        return lambda: [_seconds(one.dithering(1)[0]) for one in prepared]
    if method in ("shuffle_isis", "randomise_spikes"):
        trains = spike_trains(raster)
        return lambda: [_seconds(of_elephant(one, 1, method=method)[0]) for one in trains]
    # Each unit has a slot of its own in the chain, so wide that no spike leaves it.
    each = [times for times in _of_each(raster) if len(times)]
    settings, length = {}, 0.0
    if method == "trial_shifting":
        most = max(_FEWEST, min(_MOST_STRETCHES, _TOGETHER // len(each)))
        length = max(_STRETCH * dither, duration / most)
        settings = {"trial_length": length * quantities.s, "trial_separation": 0 * quantities.s}
        slot, first_spike = (np.ceil(duration / length) + 1) * length, 0.0
    elif method == "jitter_spikes":
        slot, first_spike = (np.ceil(duration / dither) + 1) * dither, 0.0
    else:
        slot, first_spike = duration + 3 * dither, 1.5 * dither

    chained = int(np.clip(_CHAINED_SPIKES * len(each) // len(raster), 1, _CHAINED))

    def make():
        # Stretches begin anywhere.
        before, made = first_spike + np.random.random() * length, []
        for first in range(0, len(each), chained):
            block = each[first : first + chained]
            shift = np.repeat(np.arange(len(block)) * slot + before, [len(one) for one in block])
            train = _train(np.concatenate(block) + shift, len(block) * slot)
            (moved,) = of_elephant(train, 1, method=method, dt=width, **settings)
            made.append(_seconds(moved) - shift)
        return made

    return make


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
    return versions() | {name: importlib.metadata.version(name) for name in ("elephant", "neo")}
