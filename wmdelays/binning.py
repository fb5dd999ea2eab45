"""How the times of a recording become steps: decided once, for the whole of it.

Times in files are not exact. They were rounded to decimals, to significant digits or to single
precision, and frames have been written as times. So a spike of frame 4 may stand a little before
4 steps, and cut down to whole steps it would land in step 3. Two questions are asked here:

- How exactly are the times known (`Resolution`)?
- Do most of them lie on a grid that the steps are made of (`Binning`)? Then each spike is taken to
  mean the nearest point of that grid. If not, a spike belongs to the step that contains its time.
"""

from dataclasses import dataclass, field

import numpy as np

# A share of the times that is taken to speak for all: a few spikes may lie anywhere.
_MOST = 0.9
# Room for the rounding error of time / step, in steps, where a time lies on an edge.
ROUNDING = 1e-6
# Times of frames may be so far from their step, in steps, for other reasons than rounding in the
# file. It is also how far a stated begin or end may be from the grid that it means.
ON_GRID = 0.05
# The most room, in steps, that the resolution of the times gives a spike below an edge. It is no
# round number, so that no written time lies just there.
_MOST_ROOM = 0.00987
# More of the times have to be on the grid than chance puts there by this part of the others.
_BULK = 0.5
# Of grids finer than the steps, those with so many points in a step are looked for.
_POINTS = 32
# Resolution is looked for among so many times; fewer than the least say nothing of it.
_LOOKED_AT, _FEWEST = 20_000, 20
_MOST_DECIMALS = 9
_EPS = np.finfo(float).eps
_RULES = ("nearest", "containing")


@dataclass(frozen=True)
class Resolution:
    """How exactly times are known.

    Parameters
    ----------
    kind : {"decimals", "digits", "float32", "float64"}
        Decimals or significant digits as written, single or double precision.
    number : int
        How many decimals or digits; 0 for the others.
    """

    kind: str
    number: int = 0

    def half(self, times):
        """The largest rounding error of each time, in seconds."""
        times = np.abs(times)
        if self.kind == "decimals":
            return np.full(len(times), 0.5 * 10.0**-self.number)
        if self.kind == "digits":
            return 0.5 * 10.0 ** (_decade(times) - self.number + 1)
        if self.kind == "float32":
            return 0.5 * np.spacing(times.astype(np.float32)).astype(float)
        return 0.5 * np.spacing(times)

    def __str__(self):
        if self.kind == "decimals":
            return f"{self.number} {'decimal' if self.number == 1 else 'decimals'}"
        if self.kind == "digits":
            return f"{self.number} significant digits"
        return {"float32": "single precision", "float64": "full precision"}[self.kind]


def resolution_of(times):
    """How exactly the bulk of these times is known.

    Parameters
    ----------
    times : float array, shape (n_spikes,)
        In seconds, from 0, from the start of the recording.

    Returns
    -------
    Resolution
    """
    times = times[times > 0]
    times = times[:: max(1, len(times) // _LOOKED_AT)]
    if not len(times):
        return Resolution("float64")
    decade = _decade(times)
    exponents = [e for e in np.unique(decade) if np.count_nonzero(decade == e) >= _FEWEST]
    decimals = {e: _decimals(times[decade == e]) for e in exponents} or {0: _decimals(times)}
    found = Resolution("float64")
    if None not in decimals.values():
        digits = {e + k + 1 for e, k in decimals.items()}
        if len(set(decimals.values())) > 1 and len(digits) == 1:
            found = Resolution("digits", int(digits.pop()))
        else:
            found = Resolution("decimals", max(decimals.values()))
    return Resolution("float32") if _is_single(times, found) else found


def _decade(times):
    """The power of ten that each time begins with, int array."""
    with np.errstate(divide="ignore"):
        # Room for log10 of 0.001, which may come out a little below -3.
        return np.floor(np.log10(np.maximum(times, 1e-300)) + 1e-12).astype(int)


def _decimals(times):
    """The fewest decimals that the bulk of times can be written with; None if they are many."""
    for k in range(_MOST_DECIMALS + 1):
        scaled = times * 10.0**k
        error = 4 * _EPS * scaled
        whole = (np.abs(scaled - np.rint(scaled)) <= error + 1e-9) & (error < 0.05)
        if np.mean(whole) >= _MOST:
            return k
    return None


def _is_single(times, written):
    """Whether times passed through single precision, whatever they were written with later.

    Where numbers of single precision are further apart than what was written tells, times lie on
    them by chance only now and then.
    """
    half = written.half(times)
    apart = np.spacing(times.astype(np.float32)).astype(float)
    telling = apart > 8 * half
    if not telling.any() or np.count_nonzero(telling) < min(_FEWEST, len(times)):
        return False
    away = np.abs(times - times.astype(np.float32).astype(float))
    return bool(np.mean((away <= half * (1 + 1e-6))[telling]) >= _MOST)


@dataclass(frozen=True)
class Binning:
    """How the times of one recording become steps.

    Parameters
    ----------
    step : float
        Length of a step in seconds.
    points : int
        Points of the grid in a step on which the recording's times lie: 1 if they are those of
        the steps themselves (a spike is taken to the nearest step), 0 if they lie on none (a
        spike belongs to the step that contains its time).
    resolution : Resolution
        How exactly the times are known.
    n_spikes : int
        Spikes of the recording.
    n_off_grid : int
        Of those, spikes that do not lie on the grid.
    n_at_edge : int
        Without a grid: spikes below an edge by no more than their times' resolution. They belong to
        the later step. With a grid: those as far from one point of it as from the next.
    n_coarse : int
        Spikes whose time is not known well enough to tell their step.
    examples : tuple of int
        Places, in the recording, of the first spikes off the grid, or at an edge.
    """

    step: float
    points: int = 0
    resolution: Resolution = field(default_factory=lambda: Resolution("float64"))
    n_spikes: int = 0
    n_off_grid: int = 0
    n_at_edge: int = 0
    n_coarse: int = 0
    examples: tuple = ()

    @property
    def rule(self):
        """The rule in a word: ``nearest`` or ``containing``."""
        return _RULES[0] if self.points == 1 else _RULES[1]

    def meant(self, times):
        """The times that are meant, in seconds: those of the grid where there is one."""
        if not self.points:
            return times
        return np.rint(times / self.step * self.points) * self.step / self.points

    def room(self, times):
        """How far below an edge, in seconds, a spike still belongs to what begins there."""
        room = np.maximum(ROUNDING, 4 * _EPS * times / self.step)
        if not self.points and self.resolution.kind != "float64":
            room = np.maximum(room, _room(self.resolution, times, self.step))
        return room * self.step

    def steps(self, times, start=0.0):
        """The steps of spikes, int array.

        Parameters
        ----------
        times : float array
            In seconds from the start of the recording.
        start : float
            When step 0 begins.
        """
        position = (self.meant(times) - start + self.room(times)) / self.step
        return np.floor(position).astype(np.int64)

    def edge(self, time):
        """What a stated begin or end means: a point of the grid where it is close to one."""
        if self.points:
            near = float(np.rint(time / self.step * self.points) * self.step / self.points)
            if abs(near - time) <= ON_GRID * self.step / self.points:
                return near
        return time

    def inside(self, times, start, stop):
        """Which spikes belong to a stretch, bool array; each to one of two that adjoin."""
        latest = self.meant(times) + self.room(times)
        return (latest >= start) & (latest < stop)

    def as_dict(self):
        """The decision as plain JSON values."""
        return {
            "rule": self.rule,
            "points": self.points,
            "resolution": {"kind": self.resolution.kind, "number": self.resolution.number},
            "n_spikes": self.n_spikes,
            "n_off_grid": self.n_off_grid,
            "n_at_edge": self.n_at_edge,
            "n_coarse": self.n_coarse,
        }


def decide(times, step, resolution=None):
    """How the times of a recording become steps.

    Parameters
    ----------
    times : float array, shape (n_spikes,)
        All times of the recording, in seconds from its start.
    step : float
        Length of a step in seconds.
    resolution : Resolution, optional
        By default that of the times.

    Returns
    -------
    Binning
    """
    resolution = resolution_of(times) if resolution is None else resolution
    if not len(times):
        return Binning(step, 1, resolution)
    half = resolution.half(times) / step
    points = next((n for n in range(1, _POINTS + 1) if _on_grid(times, step, half, n)), 0)
    position = times / step * max(points, 1)
    off = position - np.rint(position)
    known = half * max(points, 1)
    if points:
        marked = np.abs(off) > np.maximum(ON_GRID, 1.001 * known)
        at_edge = marked & (np.abs(off) >= 0.5 - np.maximum(known, ROUNDING))
        coarse = half > 0.5 * (1 + ROUNDING)
    else:
        exact = np.maximum(ROUNDING, 4 * _EPS * position)
        at_edge = (off < -exact) & (off >= -_room(resolution, times, step))
        marked = at_edge
        coarse = half > 0.125
    enough = len(times) >= _FEWEST
    return Binning(
        step,
        points,
        resolution,
        n_spikes=len(times),
        n_off_grid=int(np.count_nonzero(marked)) if points else 0,
        n_at_edge=int(np.count_nonzero(at_edge)),
        n_coarse=int(np.count_nonzero(coarse)) if enough else 0,
        examples=tuple(np.flatnonzero(marked)[:3].tolist()),
    )


def _room(resolution, times, step):
    """The room in steps below an edge that a resolution gives."""
    # Reckoning in single precision may leave a time a whole spacing from what is meant.
    share = 2 if resolution.kind == "float32" else 1.001
    return np.minimum(share * resolution.half(times) / step, _MOST_ROOM)


def _on_grid(times, step, half, points):
    """Whether the bulk of the times lies on a grid with so many points in a step.

    Parameters
    ----------
    half : float array
        Rounding errors of the times in steps.
    """
    if points > 1 and half.max() <= _MOST_ROOM:
        # A grid finer than the steps makes a difference only where rounding goes beyond the room
        # that spikes have anyway.
        return False
    position = times / step * points
    away = np.abs(position - np.rint(position))
    exact = np.maximum(ROUNDING, 4 * _EPS * position)
    rounded = np.maximum(1.001 * half * points, exact)
    if points > 1:
        # Fewer could be times with a decimal less among others, which the grid would move.
        return _excess(away, rounded) >= _MOST
    return (
        _excess(away, exact) >= _BULK
        or _excess(away, rounded) >= _BULK
        or _excess(away, np.maximum(ON_GRID, rounded)) >= _MOST
    )


def _excess(away, window):
    """Which part of the times is nearer to the grid than chance puts them; 0 if it puts most."""
    chance = np.mean(np.minimum(2 * window, 1))
    if chance > 0.8:
        return 0.0
    return (np.mean(away <= window) - chance) / (1 - chance)


class Clock:
    """The times of a whole recording, of which rasters are pieces.

    Parameters
    ----------
    times : float array, shape (n_spikes,)
        In seconds from the start of the recording.
    neurons : int array, shape (n_spikes,)
        The neuron of each spike.
    """

    def __init__(self, times, neurons):
        self.times, self.neurons = times, neurons
        self._resolution, self._binnings = None, {}

    def binning(self, step):
        """How these times become steps of `step` seconds: the same for every piece."""
        if step not in self._binnings:
            if self._resolution is None:
                self._resolution = resolution_of(self.times)
            self._binnings[step] = decide(self.times, step, self._resolution)
        return self._binnings[step]


class _Exact(Clock):
    """The clock of times that nobody wrote down, such as those of surrogates."""

    def binning(self, step):
        return Binning(step)


EXACT = _Exact(np.empty(0), np.empty(0, int))
