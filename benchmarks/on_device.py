"""How long the rules `margin` and `timed-margin` learn by torch's operators, beside their compiled loops.

Usage: python benchmarks/on_device.py [--device cuda] [--only NAME ...] [--json FILE]

On a GPU: `python benchmarks/on_device.py --device cuda --json cuda.json`. Each way learns a little first, so
that everything is compiled; then both learn the same in turn, in one process, and the weights that come are
compared. The compiled loops take all processors, torch one of them or the GPU.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch

import wmdelays
from wmdelays.errors import InputError
from wmdelays.neurons import neurons_of
from wmdelays.patterns import bernoulli, refractory
from wmdelays.training import margin
from wmdelays.training.discrete.devices import torch_device
from wmdelays.training.rules.timed_margin.rule import timed_margin

# Neurons, steps, patterns and rate; and what is set beside the defaults.
ROWS = {
    "N = 256, M = 4": ((256, 500, 4, 0.01), {}),
    "N = 1024, M = 16": ((1024, 1000, 16, 0.001), {}),
    "N = 1024, M = 16, at most 800 synapses": (
        (1024, 1000, 16, 0.001),
        {"max_synapses": 800, "damaged_epochs": 3},
    ),
    "N = 1024, M = 2, many spikes": ((1024, 200, 2, 0.05), {"damaged_epochs": 3}),
}


# Neurons in continuous time, with ticks of 0.5 ms; the equations of the second ones are not linear.
TIMED = {f"32 `{model}` neurons, M = 2": model for model in ("lif-exp", "adex")}


def learned(patterns, **options):
    """Seconds, and the memory."""
    start = time.perf_counter()
    memory = margin(patterns, n_delays=41, step=1e-3, beta=0.7, theta=1.0, **options)
    return time.perf_counter() - start, memory


def learned_timed(model, patterns, learn_on):
    """Seconds, and the memory."""
    start, neurons = time.perf_counter(), neurons_of(model, patterns[0].n_neurons, 5e-4)
    memory = timed_margin(
        patterns, n_delays=20, step=1e-3, neurons=neurons, epochs=5, learn_on=learn_on
    )
    return time.perf_counter() - start, memory


def row(name, device):
    """Both ways in turn, and how far the weights of the two are apart."""
    ways = None, device
    if name in TIMED:
        few, patterns = (
            refractory(*size, interval=5) for size in ((4, 60, 1, 0.05), (32, 80, 2, 0.03))
        )
        for way in ways:
            learned_timed(TIMED[name], few, way)
        (compiled_s, one), (torch_s, two) = (
            learned_timed(TIMED[name], patterns, way) for way in ways
        )
    else:
        size, options = ROWS[name]
        few, patterns = bernoulli(40, 90, 1, 0.03), bernoulli(*size)
        for way in ways:
            learned(few, learn_on=way, damaged_epochs=1)
        (compiled_s, one), (torch_s, two) = (
            learned(patterns, learn_on=way, **options) for way in ways
        )
    places = all(np.array_equal(getattr(one, x), getattr(two, x)) for x in ("pre", "post", "delay"))
    apart = float(np.abs(one.weight - two.weight).max()) if places else None
    return {
        "compiled_s": compiled_s,
        "torch_s": torch_s,
        "times_as_long": torch_s / compiled_s,
        "synapses": one.n_synapses,
        "same_places": places,
        "apart": apart,
        "same_weights": float(np.mean(one.weight == two.weight)) if places else None,
        "largest": float(np.abs(one.weight).max()),
        "epochs": [memory.made["reached"]["epochs"] for memory in (one, two)],
        "errors": [memory.made["reached"]["open_loop_errors"] for memory in (one, two)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument(
        "--only", nargs="+", choices=[*ROWS, *TIMED], metavar="NAME", help="these rows alone"
    )
    arguments = parser.parse_args()
    device = arguments.device
    try:
        torch_device(device)
    except InputError as error:
        parser.error(str(error))
    found = {
        "device": torch.cuda.get_device_name(device) if device != "cpu" else "cpu",
        "machine": f"{platform.processor() or platform.machine()}",
        "versions": {"wmdelays": wmdelays.__version__, "torch": torch.__version__},
        "rows": {},
    }
    if arguments.json.exists():
        before = json.loads(arguments.json.read_text())
        if before["device"] == found["device"]:
            found["rows"] = before["rows"]
    print("| stored | compiled, s | torch, s | torch / compiled | weights apart, largest |")
    print("|---|---|---|---|---|")
    for name in arguments.only or [*ROWS, *TIMED]:
        one = found["rows"][name] = row(name, device)
        apart = "other places" if one["apart"] is None else f"{one['apart']:.1g}"
        print(
            f"| {name} | {one['compiled_s']:.1f} | {one['torch_s']:.1f} | {one['times_as_long']:.1f}"
            f" | {apart}, {one['largest']:.2g} |",
            flush=True,
        )
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
