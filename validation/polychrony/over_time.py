"""Polychronous groups in the snapshots of a simulated network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.errors import InputError
from wmdelays.polychrony.delay_network import STRONG
from wmdelays.polychrony.group_statistics import GroupStatistics, summary
from wmdelays.polychrony.groups import ARRIVED
from wmdelays.polychrony.search import COMPILED
from wmdelays.validation.work.points import compute
from wmdelays.validation.work.result_rows import GroupsFigures, GroupsSetting
from wmdelays.validation.work.results import kept_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wmdelays.polychrony.network_state import NetworkRun
    from wmdelays.validation.work.results import Results

# What a setting is called in results files.
_IN_ROWS = {"min_layers": "least_layers"}


def groups_over_time(
    run: NetworkRun,
    *,
    every: int | None = None,
    strong: float = STRONG,
    n_anchors: int = 3,
    min_layers: int = 7,
    layers_of: str = ARRIVED,
    seed: int = 0,
    threads: int | None = None,
    results: Results | str | Path | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[tuple[dict, dict, dict]]:
    """Count the groups at each snapshot, and those left when the weights are shuffled.

    Parameters
    ----------
    run : NetworkRun
        From `wmdelays.polychrony.read_run`, or of `wmdelays.simulate_polychronization`.
    every : int, optional
        Snapshots at multiples of this time in seconds are taken; by default all.
    strong, n_anchors, min_layers, layers_of
        See `wmdelays.find_groups`.
    seed : int
        Of the shuffling.
    threads : int, optional
        By default the number of cores.
    results : str, Path or Results, optional
        A file that keeps each row; what it has is not searched again.
    progress : callable, optional
        Called with what is being done (str) and the part of it that is done (float).

    Returns
    -------
    list of (dict, dict, dict)
        For each snapshot its row's setting, the figures as learned, and those after shuffling.

    Raises
    ------
    InputError
        If a setting makes no sense.
    """
    if every is not None and (every < 1 or every % run.snapshot_s):
        raise InputError(
            f"every is {every} s; snapshots were taken every {run.snapshot_s} s, so take a multiple"
        )
    times = [int(t) for t in run.snapshot_times if every is None or t % every == 0]
    say = progress or (lambda stage, part: None)
    say(f"preparing ({COMPILED})", None)
    from wmdelays.polychrony.search.search import GroupSearch

    settings = {
        "strong": strong,
        "n_anchors": n_anchors,
        "min_layers": min_layers,
        "layers_of": layers_of,
    }
    # Mistakes show before the first search; this one takes no time.
    GroupSearch(run.network_at(0), **settings)
    # Rows have the names that they had in earlier versions, which knew one kind of layers.
    named = {_IN_ROWS.get(k, k): v for k, v in settings.items() if (k, v) != ("layers_of", ARRIVED)}
    points = []
    for seconds in times:
        network = run.network_at(seconds).fingerprint()
        common = {"network": network, "seconds": seconds, **named}
        points.append(({**common, "shuffled": False}, 0))
        points.append(({**common, "shuffled": True}, seed))

    def searched(chunk):
        found = []
        for setting, shuffle in chunk:
            network = run.network_at(setting["seconds"])
            network = network.shuffled(shuffle) if setting["shuffled"] else network
            found.append(_figures(GroupSearch(network, **settings), threads))
        return found

    with kept_in(results, "groups", GroupsSetting, GroupsFigures) as kept:

        def tell(text, part):
            before = not any(row["figures"]["n_sets"] for row in kept.rows)
            say(f"{text} ({COMPILED})" if before else text, part)

        compute(searched, points, kept, progress=tell)
        figures = [kept.get(*point)["figures"] for point in points]
    return [(points[k][0], figures[k], figures[k + 1]) for k in range(0, len(points), 2)]


def _figures(search, threads):
    statistics = GroupStatistics(
        groups.without_links(k)
        for groups, _ in search.run(threads=threads)
        for k in range(len(groups))
    )
    return {
        "n_sets": search.n_sets,
        "n_groups": statistics.n_groups,
        "n_distinct": statistics.n_distinct,
        "n_mothers": statistics.n_mothers,
        **{
            f"median_{name}": summary(counts)[0] if counts else None
            for name, counts in statistics.counted.items()
        },
    }
