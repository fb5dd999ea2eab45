"""Surrogates of a raster, made by elephant: the rates stay, the fine timing goes."""

import importlib.metadata
import random
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
# Least length of the stretches of trial_shifting in dithers, and most stretches, since each takes
# elephant some time. What is moved beyond the end of one comes back at its beginning.
_STRETCH, _MOST_STRETCHES = 10, 100


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


def spike_trains(raster, before=0.0, after=0.0):
    """The units of a raster as neo spike trains, silent ones included.

    Parameters
    ----------
    raster : Raster
    before, after : float
        Seconds that the trains are said to begin earlier and to end later.

    Returns
    -------
    list of neo.SpikeTrain
    """
    import neo
    import quantities

    # Room for elephant's rounding where the last spike is the end of the raster.
    ends = {"t_start": -before, "t_stop": raster.duration * (1 + 1e-9) + after}
    order = np.argsort(raster.neurons, kind="stable")
    first = np.searchsorted(raster.neurons[order], np.arange(raster.n_neurons + 1))
    times = raster.times[order]
    return [
        neo.SpikeTrain(times[a:b], units=quantities.s, **ends)
        for a, b in zip(first[:-1], first[1:])
    ]


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
    make = _maker(raster, method, dither)
    for number in range(n_surrogates):
        with _seeded(seed, "surrogate", number):
            times = [train.rescale("s").magnitude for train in make()]
        units = np.repeat(np.arange(raster.n_neurons), [len(part) for part in times])
        moved = np.abs(np.concatenate(times))
        moved = np.where(moved > raster.duration, 2 * raster.duration - moved, moved)
        yield Raster(units, np.clip(moved, 0, raster.duration), raster.n_neurons, raster.duration)


def _maker(raster, method, dither):
    """A function that makes one surrogate of each unit, as neo spike trains."""
    import quantities
    from elephant.spike_train_surrogates import JointISI
    from elephant.spike_train_surrogates import surrogates as of_elephant

    width = dither * quantities.s
    if method in ("isi_dithering", "joint_isi_dithering"):
        # These prepare histograms once for all surrogates.
        prepared = [
            JointISI(train, dither=width, isi_dithering=method == "isi_dithering")
            for train in spike_trains(raster)
        ]
        return lambda: [one.dithering(1)[0] for one in prepared]
    if method == "trial_shifting":
        length = max(_STRETCH * dither, raster.duration / _MOST_STRETCHES)
        settings = {
            "trial_length": length * quantities.s,
            "trial_separation": 0 * quantities.s,
        }

        def shifted():
            # Stretches begin anywhere, and the last one is whole.
            trains = spike_trains(raster, before=np.random.random() * length, after=length)
            return [of_elephant(one, 1, method=method, dt=width, **settings)[0] for one in trains]

        return shifted
    room = dither if method == "dither_spikes" else 0.0
    trains = spike_trains(raster, before=room, after=room)
    return lambda: [of_elephant(one, 1, method=method, dt=width)[0] for one in trains]


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
