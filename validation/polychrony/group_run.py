"""The search for polychronous groups, with a file that gets them while they are found."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import STRONG
from wmdelays.polychrony.group_file import GroupFile, NoFile
from wmdelays.polychrony.group_statistics import GroupStatistics
from wmdelays.polychrony.groups import ARRIVED, read_groups
from wmdelays.polychrony.search import COMPILED
from wmdelays.words import duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wmdelays.polychrony.delay_network import DelayNetwork
    from wmdelays.polychrony.groups import Group


def find_groups(
    network: DelayNetwork,
    path: str | Path | None = None,
    *,
    strong: float = STRONG,
    n_anchors: int = 3,
    min_layers: int = 7,
    layers_of: str = ARRIVED,
    threads: int | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[Group]:
    """The polychronous groups of a network.

    Parameters
    ----------
    network : DelayNetwork
        ``DelayNetwork.of_memory(memory)`` makes one of a memory.
    path : str or Path, optional
        Gets a group a line as JSON while they are found. If it holds what an interrupted search
        has found, the search goes on from there.
    strong : float
        A synapse is strong whose weight is above this fraction of the ceiling.
    n_anchors : int
        Number of spikes that begin a group.
    min_layers : int
        Groups with fewer layers are left out.
    layers_of : str
        What counts as a layer, see `wmdelays.polychrony.groups.LAYERS_OF`.
    threads : int, optional
        By default the number of cores.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    list of Group
        A group's number is its place in the list.

    Raises
    ------
    InputError
        If a setting makes no sense, the file cannot be used, or the disk has not the room.

    Examples
    --------
    The first search compiles for some fifty seconds; what it compiled is kept::

        network = wmdelays.polychrony.read_network_csv("network.csv")
        groups = wmdelays.find_groups(network, min_layers=5)
        wmdelays.plots.group_figure(groups[0], network.excitatory).savefig("group.png")
    """
    _, _, drawn = search_groups(
        network,
        path,
        strong=strong,
        n_anchors=n_anchors,
        min_layers=min_layers,
        layers_of=layers_of,
        threads=threads,
        draw=range(sys.maxsize),
        progress=progress,
    )
    return list(drawn.values())


def search_groups(
    network,
    path,
    *,
    strong=STRONG,
    n_anchors=3,
    min_layers=7,
    layers_of=ARRIVED,
    threads=None,
    draw=None,
    echo=None,
    tell=None,
    progress=None,
):
    """Search for polychronous groups, or go on with a search that was interrupted.

    Parameters
    ----------
    network : DelayNetwork
    path : str or Path, optional
        Gets a group a line as JSON while they are found, see `wmdelays.polychrony.group_file`.
    strong, n_anchors, min_layers, layers_of, threads
        See `wmdelays.polychrony.search.search.search`.
    draw : container of int, optional
        Groups to return, by their number from 0 on; if it is empty, those that may be chosen for
        pictures. By default none.
    echo : binary file, optional
        Gets the same lines.
    tell : callable, optional
        Called with what there is to do (str), and with a warning where much will be written, before
        the search begins.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    done : Done
        Sets of anchors and seconds of the whole search.
    statistics : GroupStatistics
        Of all its groups.
    drawn : dict of int to Group
        The groups asked for by `draw`.

    Raises
    ------
    InputError
        If a setting makes no sense, the file cannot be used, or the disk has not the room.
    """
    say = progress or (lambda stage, part: None)
    say(f"preparing ({COMPILED})", None)
    from wmdelays.polychrony.search.estimate import estimate
    from wmdelays.polychrony.search.search import GroupSearch

    search = GroupSearch(network, strong, n_anchors, min_layers, layers_of)
    total = search.n_sets
    described = {
        "network": network.fingerprint(),
        "strong": strong,
        "anchors": n_anchors,
        "layers": min_layers,
        "layers of": layers_of,
    }
    expected = estimate(search) if path is not None or echo is not None else None
    counted = _Counted(draw)
    with _file(path, described, expected) as file:
        first = file.done
        if first.n_sets > total:
            raise InputError(
                f"{file.record}: says that {first.n_sets:,} sets of anchors were searched; there are"
                f" {total:,}"
            )
        if tell is not None and total:
            n_mothers = anchored(network, strong, n_anchors)
            before = f", {first.n_sets:,} of them searched before" if first.n_sets else ""
            tell(f"{n_mothers:,} mothers, {total:,} sets of {n_anchors} anchors{before}")
            if expected is not None and expected.warning is not None:
                tell(expected.warning)
        if first.n_bytes:
            for group in read_groups(path):
                counted.add(group, lambda: group)
        begin, known = time.perf_counter(), None
        with closing(search.run(first.n_sets, threads=threads)) as batches:
            for groups, done in batches:
                data = groups.lines() if expected is not None else b""
                elapsed = time.perf_counter() - begin
                file.add(data, done, first.seconds + elapsed)
                if echo is not None:
                    echo.write(data)
                    echo.flush()
                for k in range(len(groups)):
                    counted.add(groups.without_links(k), lambda: groups[k])
                text = f"{done:,} of {total:,} sets"
                # Before the first piece of work the search may have been compiled.
                if known is None:
                    known = elapsed, done
                elif done > known[1]:
                    left = (elapsed - known[0]) / (done - known[1]) * (total - done)
                    text += f", {duration(left)} left"
                say(text, done / total)
        file.finish()
        return file.done, counted.statistics, counted.drawn


class _Counted:
    """Groups counted as they come, and those kept that are to be drawn."""

    def __init__(self, draw):
        self.statistics, self.drawn, self._draw = GroupStatistics(), {}, draw

    def add(self, group, whole):
        may_be_chosen = self.statistics.add(group)
        number = self.statistics.n_groups - 1
        if self._draw is not None and (number in self._draw if self._draw else may_be_chosen):
            self.drawn[number] = whole()


def _file(path, described, expected):
    if path is None:
        return NoFile()
    return GroupFile(path, described, 0 if expected is None else expected.n_bytes)


def anchored(network, strong=STRONG, n_anchors=3):
    """Number of mothers: excitatory neurons with as many strong inputs as there are anchors."""
    inputs = network.strong(strong) & network.excitatory[network.post]
    return int((np.bincount(network.post[inputs], minlength=1) >= n_anchors).sum())
