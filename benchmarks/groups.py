"""How fast polychronous groups are found, beside a program that simulates every neuron.

Usage: python benchmarks/groups.py [NETWORK] [--every 80] [--repeats 3] [--json FILE]

NETWORK is a file of `wmdelays izhikevich`; without it one is simulated for an hour first. The literal
program of the tests, compiled by numba, searches ten mothers from every 80th on, and the search of
wmdelays the same ones on one core, in turn, so that both see the same machine; they have to find the
same groups. Then the whole network is searched on one core and on two.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from runpy import run_path

import numba

from wmdelays.polychrony.network_file import read_network
from wmdelays.polychrony.search.search import GroupSearch

LITERAL = Path(__file__).parents[1] / "tests" / "helpers" / "literal_groups.py"


def clocked(work):
    """What a function returns, and the seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def beside_the_literal_program(network, every):
    """Seconds of both programs, sets and groups, for ten mothers from every so many-th on."""
    program, search = run_path(str(LITERAL)), GroupSearch(network)
    follow = numba.njit(program["follow"])
    arguments = program["literal_arguments"](network)

    @numba.njit
    def follow_all(anchors, delays, arguments):
        n_spikes = 0
        for k in range(len(anchors)):
            n_spikes += len(follow(anchors[k], delays[k], *arguments, False)[0])
        return n_spikes

    blocks = [range(k, k + 10) for k in range(0, network.n_neurons - 9, every)]
    blocks = [block for block in blocks if network.excitatory[block].all()]

    def literal(mothers):
        """Follow all sets, and nothing besides."""
        for sets in [program["literal_sets"](network, mother) for mother in mothers]:
            follow_all(*sets, arguments)

    def fast(mothers):
        first, last = search.sets_of(mothers[0])[0], search.sets_of(mothers[-1])[1]
        batches = list(search.run(first, last, threads=1))
        return [group for groups, _ in batches for group in groups], last - first

    literal(blocks[0][:1]), fast(blocks[0][:1])
    rows = []
    for block in blocks:
        _, literal_seconds = clocked(lambda: literal(block))
        # Their seconds are few and each block's literal ones many: the median of five.
        tries = [clocked(lambda: fast(block)) for _ in range(5)]
        (found, n_sets), seconds = tries[0][0], statistics.median(t for _, t in tries)
        if found != list(program["literal_search"](network, mothers=block, follow=follow)):
            raise SystemExit(f"mothers from {block[0]} on: the groups differ")
        rows.append((n_sets, len(found), literal_seconds, seconds))
        print(
            f"mothers {block[0]} to {block[-1]}: {literal_seconds / seconds:.0f}", file=sys.stderr
        )
    n_sets, n_groups, literal_seconds, seconds = map(sum, zip(*rows))
    return {
        "mothers": 10 * len(blocks),
        "sets": n_sets,
        "groups": n_groups,
        "seconds": {"literal": literal_seconds, "search": seconds},
        "ratio": statistics.median(row[2] / row[3] for row in rows),
    }


def whole(network, threads, repeats):
    """Median seconds of the search of all mothers, and what it finds."""
    search, times = GroupSearch(network), []
    for _ in range(repeats):
        batches, seconds = clocked(lambda: list(search.run(threads=threads)))
        times.append(seconds)
    groups = sum(len(groups) for groups, _ in batches)
    return {"seconds": statistics.median(times), "sets": search.n_sets, "groups": groups}


def print_table(results):
    """Print the results as a table for the docs."""
    sample, one, two = (results[name] for name in ("sample", "one core", "two cores"))
    per_set = {name: 1e6 * s / sample["sets"] for name, s in sample["seconds"].items()}
    print("| | sets of anchors | groups | seconds | µs a set | times as fast |")
    print("|---|---|---|---|---|---|")
    for name, words, times in (
        ("literal", "literal program", 1),
        ("search", "search", sample["ratio"]),
    ):
        print(
            f"| {words}, one core, {sample['mothers']} mothers | {sample['sets']:,} |"
            f" {sample['groups']} | {sample['seconds'][name]:.1f} | {per_set[name]:.2f} | {times:.0f} |"
        )
    for words, row in (("one core", one), ("two cores", two)):
        each = 1e6 * row["seconds"] / row["sets"]
        print(
            f"| search, {words}, all mothers | {row['sets']:,} | {row['groups']:,} |"
            f" {row['seconds']:.1f} | {each:.2f} | {per_set['literal'] / each:.0f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("network", nargs="?", type=Path)
    parser.add_argument("--every", type=int, default=80)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.network is None:
            options.network = Path(folder) / "net.h5"
            words = ["izhikevich", "--seconds", "3600", "-o", str(options.network)]
            subprocess.run([sys.executable, "-m", "wmdelays.validation.cli", *words], check=True)
        network = read_network(options.network)
    results = {
        "sample": beside_the_literal_program(network, options.every),
        "one core": whole(network, 1, options.repeats),
        "two cores": whole(network, 2, options.repeats),
        "machine": {"python": platform.python_version(), "numba": numba.__version__},
    }
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
