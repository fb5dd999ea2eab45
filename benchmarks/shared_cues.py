"""How long Brian2's compiled program takes for many cues, alone and when two programs share them.

python benchmarks/shared_cues.py

Medians of three recalls, compiled before; the spikes have to be the same.
"""

import statistics
import time

import wmdelays
from wmdelays.patterns import bernoulli, refractory


def seconds(memory, cues, workers):
    """The median time of three recalls, and the recalls."""
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        recalls = wmdelays.recall(memory, cues, "brian2", device="cpp_standalone", workers=workers)
        taken.append(time.perf_counter() - start)
    # The first one may have had to compile.
    return statistics.median(taken[1:]), recalls


def main():
    grid = wmdelays.store(bernoulli(1024, 1000, 16, rate=1e-3))
    patterns = refractory(256, 500, 2, rate=0.004, interval=10)
    neurons = wmdelays.store(patterns, neurons="lif-exp")
    print("| recalls | one program, s | two, s | times as fast |")
    print("|---|---|---|---|")
    for name, memory, times in (
        ("16 of 1,024 neurons", grid, 1),
        ("64 of the same", grid, 4),
        ("128 of 256 `lif-exp` neurons", neurons, 64),
    ):
        cues = memory.cues() * times
        (one, recalls), (two, shared) = (seconds(memory, cues, n) for n in (1, 2))
        same = all(a.emitted == b.emitted for a, b in zip(recalls, shared))
        if not same:
            raise SystemExit(f"{name}: two programs give other spikes than one")
        print(f"| {name} | {one:.2f} | {two:.2f} | {one / two:.2f} |", flush=True)


if __name__ == "__main__":
    main()
