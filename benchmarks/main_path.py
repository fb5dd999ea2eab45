"""How fast and how large the whole path is, beside a dense network in snnTorch.

Usage: python benchmarks/main_path.py [--json FILE] [--repeats 3]

Stores 16 Bernoulli patterns (N = 1024, D = 41, T = 1000, p_A = 1e-3) with analytic weights, recalls
them in the compiled loop, in torch and in Brian2 at dt = 0.1 ms, and runs the whole `wmdelays
compare` with an empty and with a filled cache of compiled programs. Each part runs in a process of
its own, whose peak memory is reported; times are medians.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from measuring import dense_forward, measured, timed

SPECIFICATION = "bernoulli:neurons=1024,steps=1000,patterns=16,rate=0.001"
DELAYS = 41
DT = 1e-4


def part_store(rule, file, repeats):
    """Seconds to find the weights, without imports and files."""
    from wmdelays.files.memory_file import write_memory
    from wmdelays.patterns import generate
    from wmdelays.training.storing import store

    patterns = generate(SPECIFICATION)
    times = []
    for _ in range(repeats):
        seconds, memory = timed(lambda: store(patterns, rule, n_delays=DELAYS))
        times.append(seconds)
    write_memory(file, memory)
    return {"seconds": times, "synapses": memory.n_synapses, "f1": memory.made["scores"]["f1"]}


def part_recall(simulator, file, repeats):
    """Seconds for the event-driven recall of all patterns in discrete time."""
    from wmdelays.files.memory_file import read_memory
    from wmdelays.validation.recall.simulators import recall

    memory = read_memory(file)
    cues = memory.cues()
    recall(memory, cues, simulator)
    return {"seconds": [timed(lambda: recall(memory, cues, simulator))[0] for _ in range(repeats)]}


def part_brian2(file, repeats):
    """Seconds of recall on cpp_standalone: all of it, and the compiled program alone."""
    from wmdelays.brian_models import recall
    from wmdelays.files.memory_file import read_memory

    memory = read_memory(file)
    cues, whole, program, compiling = memory.cues(), [], [], None
    for k in range(repeats + 1):
        began = {}

        def note(stage, part):
            # Several programs may share the cues: "simulating in 2 programs".
            began.setdefault(stage.split()[0], time.perf_counter())

        start = time.perf_counter()
        recall(memory, cues, dt=DT, device="cpp_standalone", progress=note)
        end = time.perf_counter()
        if k == 0 and "compiling" in began:
            # The inputs are written between compiling and simulating, which takes no time beside.
            compiling = began["simulating"] - began["compiling"]
        else:
            whole.append(end - start)
            program.append(end - began["simulating"])
    return {"seconds": program, "whole": whole, "compiling": compiling}


def part_snntorch(file, repeats):
    """Seconds for the dense forward pass of the same weights, as in the reference."""
    from wmdelays.files.memory_file import read_memory

    memory = read_memory(file)
    return {"seconds": [dense_forward(memory) for _ in range(repeats)]}


PARTS = {
    "store": part_store,
    "recall": part_recall,
    "brian2": part_brian2,
    "snntorch": part_snntorch,
}


def _part(name, *arguments, environment=None):
    words = [sys.executable, __file__, "--part", name, *map(str, arguments)]
    output, _, peak = measured(words, environment)
    return {**json.loads(output.splitlines()[-1]), "peak_bytes": peak}


def _compare(file, folder, environment):
    program = Path(sys.executable).with_name("wmdelays")
    words = [program, "compare", file, "--dt", "0.1ms", "--report", folder / "report"]
    _, seconds, peak = measured(words, environment)
    return {"seconds": [seconds], "peak_bytes": peak}


def measure(repeats):
    """Run every part; the results by name."""
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, fresh = folder / "memory.h5", {"WMDELAYS_CACHE": str(folder / "cache")}
        results["store, hebbian"] = _part("store", "hebbian", file, repeats)
        for simulator in ("compiled", "torch"):
            results[f"{simulator} recall"] = _part("recall", simulator, file, repeats)
        results["snnTorch, dense forward pass"] = _part("snntorch", file, 1)
        results["compare, nothing compiled"] = _compare(file, folder, fresh)
        warm = [_compare(file, folder, fresh) for _ in range(repeats)]
        results["compare, again"] = {
            "seconds": [one["seconds"][0] for one in warm],
            "peak_bytes": max(one["peak_bytes"] for one in warm),
        }
        other = {"WMDELAYS_CACHE": str(folder / "other cache")}
        brian2 = _part("brian2", file, repeats, environment=other)
        peak = brian2["peak_bytes"]
        results["Brian2 cpp_standalone: run"] = {"seconds": brian2["seconds"], "peak_bytes": peak}
        results["Brian2 cpp_standalone: whole recall"] = {
            "seconds": brian2["whole"],
            "peak_bytes": peak,
        }
        results["Brian2 cpp_standalone: compiling"] = {
            "seconds": [brian2["compiling"]],
            "peak_bytes": peak,
        }
        results["store, pseudo-inverse"] = _part("store", "pseudo-inverse", folder / "p.h5", 1)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        name, *rest = arguments.part
        rest = [int(text) if text.isdigit() else text for text in rest]
        print(json.dumps(PARTS[name](*rest)))
        return
    results = measure(arguments.repeats)
    medians = {name: statistics.median(one["seconds"]) for name, one in results.items()}
    print(f"| {'part':36} | seconds | peak memory |\n|{'-' * 38}|---------|-------------|")
    for name, one in results.items():
        print(f"| {name:36} | {medians[name]:7.2f} | {one['peak_bytes'] / 1e9:8.2f} GB |")
    dense = medians["snnTorch, dense forward pass"]
    ratios = {name: dense / medians[f"{name} recall"] for name in ("compiled", "torch")}
    print()
    for name, ratio in ratios.items():
        print(f"event-driven recall in {name}: {ratio:.0f} times as fast as the dense forward pass")
    if arguments.json:
        content = {
            "specification": SPECIFICATION,
            "delays": DELAYS,
            "dt_s": DT,
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "results": results,
            "ratio_dense_to_event_driven": ratios,
        }
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
