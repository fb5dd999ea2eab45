"""Recordings in the formats that neo reads."""

from __future__ import annotations

from wmdelays.errors import InputError, one_line
from wmdelays.files.recordings.guarded import guarded
from wmdelays.files.recordings.spikes import from_trains
from wmdelays.words import printable

# A pickle runs what is in it, and Elphy's reader evaluates a text.
_UNSAFE = "PickleIO", "ElphyIO"
_PICKLES = ".pkl", ".pickle", ".p"
# Readers of folders and of text that would take anything for theirs.
_GREEDY = "AsciiSignalIO", "AsciiSpikeTrainIO", "AsciiImageIO", "ExampleIO"


def read_by_neo(path):
    """The spikes of a file in one of neo's formats.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Spikes
        Of the first segment; units have the names that neo gives their trains, else their numbers.

    Raises
    ------
    InputError
        If neo is not there, or does not read it.
    """
    if path.suffix.lower() in _PICKLES:
        return None
    return guarded(f"{__name__}:read_here", path, "neo.io")


def read_here(path):
    """See `read_by_neo`; in this very process."""
    try:
        import neo.io
    except ImportError:
        raise InputError(
            "is of no format that is read without neo; what neo reads takes: pip install"
            " 'wmdelays[neo]'"
        ) from None
    suffix = path.suffix.lstrip(".").lower()
    readers = [
        one
        for one in neo.io.iolist
        if suffix
        and suffix in [str(known).lower() for known in one.extensions]
        and one.__name__ not in (*_UNSAFE, *_GREEDY)
    ]
    if not readers:
        return None
    problems = []
    for reader in readers:
        try:
            segments = reader(str(path)).read_block().segments
        except MemoryError:
            raise
        except Exception as error:  # neo's readers raise whatever they meet
            problems.append(f"{reader.__name__}: {one_line(error)[:80]}")
            continue
        if segments and segments[0].spiketrains:
            return _of_segment(segments)
        problems.append(f"{reader.__name__}: it holds no spike trains")
    raise InputError(f"neo cannot read it ({printable('; '.join(problems))[:200]})")


def _of_segment(segments):
    if len(segments) > 1:
        raise InputError(
            f"has {len(segments)} segments of recording; write the one that is meant to a file of"
            " its own"
        )
    trains = segments[0].spiketrains
    names = [_name(train, k) for k, train in enumerate(trains)]
    if len(set(names)) < len(names):
        names = [str(k) for k in range(len(trains))]
    times = [train.rescale("s").magnitude for train in trains]
    ends = [float(train.t_stop.rescale("s").magnitude) for train in trains]
    return from_trains(list(zip(names, times)), duration=max(ends))


def _name(train, k):
    for name in (train.name, train.annotations.get("id"), train.annotations.get("unit_id")):
        if name not in (None, ""):
            return str(name)
    return str(k)
