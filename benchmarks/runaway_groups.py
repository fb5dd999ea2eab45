"""How fast groups are found and written in networks that run away, beside the literal program.

Usage: python benchmarks/runaway_groups.py [--sets 100] [--mothers 5]

Networks of Izhikevich's wiring with a share of their weights at the ceiling, and one without
inhibition. The literal program of the tests, compiled by numba, follows sets of anchors of some
mothers and throws the result away; the search of wmdelays finds the groups of the same sets on one
core, counts them and makes their lines. Both in turn, in seconds of the processor.
"""

import argparse
import statistics
import time
from pathlib import Path
from runpy import run_path

import numba
import numpy as np

from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.group_statistics import GroupStatistics
from wmdelays.polychrony.search.search import GroupSearch

LITERAL = Path(__file__).parents[1] / "tests" / "helpers" / "literal_groups.py"


def izhikevich(ceiling, seed=1):
    """Izhikevich's wiring with a share of the excitatory weights at the ceiling."""
    random = np.random.default_rng(seed)
    pre, every = np.repeat(np.arange(1000), 100), np.arange(1000)
    post = [random.choice(np.delete(every, n), 100, replace=False) for n in range(800)]
    post += [random.choice(800, 100, replace=False) for _ in range(200)]
    delay = np.where(pre < 800, np.tile(np.arange(100) // 5 + 1, 1000), 1)
    weight = np.where(random.random(len(pre)) < ceiling, 10.0, random.uniform(0, 9.4, len(pre)))
    weight[pre >= 800] = -5.0
    return DelayNetwork(pre, np.concatenate(post), delay, weight, every < 800)


def without_inhibition(seed=1):
    """300 excitatory neurons of which nine in ten weights are strong."""
    random = np.random.default_rng(seed)
    pre = np.repeat(np.arange(300), 30)
    post, delay = random.integers(0, 300, len(pre)), random.integers(1, 11, len(pre))
    weight = np.where(random.random(len(pre)) < 0.9, 10.0, 3.0)
    return DelayNetwork(pre, post, delay, weight, np.ones(300, bool))


def seconds(work):
    """What a function returns, and the processor's seconds that it took."""
    start = time.process_time()
    return work(), time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--mothers", type=int, default=5)
    options = parser.parse_args()
    program = run_path(str(LITERAL))
    follow = numba.njit(program["follow"])
    networks = {f"{c:.0%} at the ceiling": izhikevich(c) for c in (0.4, 0.6, 0.85)}
    networks["no inhibition"] = without_inhibition()
    print(
        "| network | sets | groups | spikes of a group | literal (s) | search (s) | times as fast |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, network in networks.items():
        search = GroupSearch(network)
        arguments = program["literal_arguments"](network, most_arrivals=20_000)
        rows = []
        for mother in np.linspace(0, 299, options.mothers + 1).astype(int).tolist():
            first, last = search.sets_of(mother)
            last = min(first + options.sets, last)
            sets = [a[: last - first] for a in program["literal_sets"](network, mother)]

            def literal():
                for anchors, delays in zip(*sets):
                    follow(anchors, delays, *arguments, False)

            def fast():
                statistics_, n_bytes, n_spikes, here = GroupStatistics(), 0, 0, first
                while here < last:
                    groups, here = search.piece(here, last)
                    n_bytes += len(groups.lines())
                    n_spikes += groups.n_spikes
                    for k in range(len(groups)):
                        statistics_.add(groups.without_links(k))
                return statistics_.n_groups, n_spikes

            rows.append((last - first, *seconds(fast), seconds(literal)[1]))
        # The first mother is for the compiler.
        ratio = statistics.median(row[3] / row[2] for row in rows[1:])
        n_sets, fast_s, literal_s = (sum(row[k] for row in rows[1:]) for k in (0, 2, 3))
        n_groups, n_spikes = (sum(row[1][k] for row in rows[1:]) for k in (0, 1))
        print(
            f"| {name} | {n_sets} | {n_groups} | {n_spikes / max(1, n_groups):.0f} |"
            f" {literal_s:.2f} | {fast_s:.2f} | {ratio:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
