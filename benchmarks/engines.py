"""What a recall costs in each simulator: seconds of computing, and memory.

Usage: python benchmarks/engines.py [--json FILE] [--folder DIR] [--repeats 3] [--neurons 1024]

Stores 16 Bernoulli patterns of 1000 steps (N = 1024, D = 41, p_A = 1e-3) by the rule margin, once with at
most 400 synapses for a neuron and once with all, and recalls them in each simulator that is installed.
Each runs in a process of its own, whose peak memory, that of what it started included, is reported.
Seconds are those of all processors together, so a machine with other work makes them little longer. What
is compiled has been compiled before, and NEST's process has started. `anew` is a recall of a memory that
the simulator has not had yet, `again` the median of those that follow: NEST keeps its network for them.
The spikes are compared with those of the compiled loop.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from measuring import measured

SPECIFICATION = "bernoulli:neurons={},steps=1000,patterns=16,rate=0.001"
DELAYS = 41
MEMORIES = {"sparse": {"max_synapses": 400}, "dense": {}}
# By what a row is called: the name of a simulator, its settings, and threads of NEST.
ENGINES = {
    "compiled": ("compiled", {}, None),
    "torch": ("torch", {}, None),
    "Brian2, C++, at a tenth of the step": ("brian2", {"device": "cpp_standalone"}, None),
    "Brian2, C++, at the step": ("brian2", {"device": "cpp_standalone", "dt": 1e-3}, None),
    "NEST, one thread": ("nest", {}, 1),
    "NEST, two threads": ("nest", {}, 2),
    "GeNN": ("genn", {}, None),
}


def store(name, file, n_neurons):
    from wmdelays.files.memory_file import write_memory
    from wmdelays.patterns import generate
    from wmdelays.training import store

    patterns = generate(SPECIFICATION.format(n_neurons))
    write_memory(file, store(patterns, "margin", n_delays=DELAYS, **MEMORIES[name]))


def part(engine, file, repeats):
    """What recalls cost in one simulator, as a line of JSON."""
    from wmdelays import recall
    from wmdelays.files.memory_file import read_memory
    from wmdelays.patterns import bernoulli
    from wmdelays.training import store

    simulator, settings, threads = ENGINES[engine]
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
    small = store(bernoulli(20, 60, 1, rate=0.05), n_delays=10)
    recall(small, small.cues(), simulator, **settings)
    memory = read_memory(file)
    expected = recall(memory, memory.cues(), "compiled")
    if simulator in ("brian2", "genn"):
        recall(memory, memory.cues(), simulator, **settings)
    watched = Watched()
    costs = [watched.cost(lambda: recall(memory, memory.cues(), simulator, **settings))]
    for _ in range(repeats):
        costs.append(watched.cost(lambda: recall(memory, memory.cues(), simulator, **settings)))
    found = costs[0][2]
    computing, seconds = ([one[k] for one in costs] for k in (0, 1))
    print(
        json.dumps(
            {
                "anew_cpu_s": computing[0],
                "anew_s": seconds[0],
                "again_cpu_s": statistics.median(computing[1:]),
                "again_s": statistics.median(seconds[1:]),
                "runs_cpu_s": computing,
                "peak_bytes": watched.peak,
                "n_synapses": memory.n_synapses,
                "n_spikes": sum(len(one.own) for one in found),
                "same_spikes": all(
                    a.own == b.own and a.emitted == b.emitted for a, b in zip(found, expected)
                ),
            }
        )
    )


class Watched:
    """This process and all that it starts: seconds of computing, and peak memory."""

    def __init__(self):
        self.own, self.peak = psutil.Process(), 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while True:
            self.peak = max(self.peak, sum(self._each(lambda one: one.memory_info().rss)))
            time.sleep(0.01)

    def _each(self, value):
        for one in (self.own, *self.own.children(recursive=True)):
            try:
                yield value(one)
            except psutil.NoSuchProcess:
                pass

    def _computed(self):
        """Seconds so far; of children that have ended the system knows the sum."""
        ended = self.own.cpu_times()
        running = sum(self._each(lambda one: sum(one.cpu_times()[:2])))
        return running + ended.children_user + ended.children_system

    def cost(self, function):
        before, start = self._computed(), time.perf_counter()
        result = function()
        return self._computed() - before, time.perf_counter() - start, result


def is_installed(name):
    """Whether a simulator can be asked here."""
    from wmdelays import InputError
    from wmdelays.validation.recall.simulators import simulator

    try:
        simulator(name)
    except InputError:
        return False
    return True


def table(rows):
    """The table of the docs."""
    lines = ["| | " + " | ".join(f"{name}: anew | again | memory" for name in MEMORIES) + " |"]
    lines.append("|---" * (1 + 3 * len(MEMORIES)) + "|")
    for engine in dict.fromkeys(one["engine"] for one in rows):
        cells = [engine]
        for name in MEMORIES:
            of = [one for one in rows if (one["engine"], one["memory"]) == (engine, name)]
            if of:
                one = of[0]
                cells += [f"{one['anew_cpu_s']:.2f}", f"{one['again_cpu_s']:.2f}"]
                cells += [f"{one['peak_bytes'] / 1e9:.2f} GB"]
            else:
                cells += ["–"] * 3
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="where the results go")
    parser.add_argument("--folder", type=Path, help="where memories are kept")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--neurons", type=int, default=1024)
    parser.add_argument("--part", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        part(*given.part, given.repeats)
        return
    from wmdelays.machine.versions import versions

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = given.folder or Path(folder)
        for name in MEMORIES:
            file = folder / f"{name}_{given.neurons}.h5"
            if not file.exists():
                store(name, file, given.neurons)
            for engine, (simulator, _, _) in ENGINES.items():
                if not is_installed(simulator):
                    continue
                words = ["--part", engine, file, "--repeats", given.repeats]
                output, _, _ = measured([sys.executable, __file__, *map(str, words)])
                row = {"memory": name, "engine": engine, **json.loads(output.splitlines()[-1])}
                rows.append(row)
                print(json.dumps(row), file=sys.stderr)
    print(table(rows))
    if given.json is not None:
        machine = {"cpus": os.cpu_count(), "machine": platform.machine()}
        content = {"rows": rows, "versions": versions("nest", "genn"), **machine}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
