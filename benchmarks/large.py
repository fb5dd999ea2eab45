"""Time and memory of storing and recalling networks of a thousand to a hundred thousand neurons.

python benchmarks/large.py [--neurons 1000,3000,10000,30000,100000] [--figure large.png]

Four patterns of 1 s at 1e-3 spikes a step, D = 41, at most 1,000 synapses a neuron, stored by the rules hebbian
and margin. Each is recalled from damaged cues; the first by the compiled loop, Brian2 (a compiled program,
at the step) and NEST (where it is installed, two threads). Each part runs in a process of its own, whose peak
memory is told; of storing also what it takes beside pages of temporary files. Parts that large.json has are not
measured again.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from measuring import measured, taken

ROWS = Path(__file__).with_suffix(".json")
SIZES = (1000, 3000, 10_000, 30_000, 100_000)
SIMULATORS = ("compiled", "brian2", "nest")
SETTINGS = {"brian2": {"dt": 1e-3, "device": "cpp_standalone"}}


def part_store(rule, n_neurons, file):
    from wmdelays.files.memory_file import write_memory
    from wmdelays.patterns import bernoulli
    from wmdelays.training import hebbian, margin

    patterns = bernoulli(n_neurons, 1000, 4, rate=1e-3)
    network = {"n_delays": 41, "step": 1e-3, "beta": 0.7, "theta": 1.0}
    start = time.perf_counter()
    learn = {"hebbian": hebbian, "margin": margin}[rule]
    with taken() as most:
        memory = learn(patterns, **network, max_synapses=1000)
        learned = time.perf_counter()
        write_memory(file, memory)
    return {
        "seconds": learned - start,
        "writing": time.perf_counter() - learned,
        "taken_bytes": most[0],
        "synapses": memory.n_synapses,
        "stored_spikes": sum(map(len, patterns)),
        "bytes": Path(file).stat().st_size,
    }


def part_damaged(file):
    """F1 of recalls from damaged cues."""
    import numpy as np

    from wmdelays import score
    from wmdelays.files.memory_file import read_memory
    from wmdelays.training.discrete.compiled import recall

    # Not the seed of the patterns: what comes by chance would be alike.
    memory, rng = read_memory(file), np.random.default_rng(1)
    damaged = {
        "60 % of the trigger's spikes replaced": lambda cue: cue.replaced(0.6, rng),
        "half of the neurons silent": lambda cue: cue.silenced(memory.n_neurons // 2, rng),
        "jitter of a step": lambda cue: cue.jittered(1.0, rng),
        "1 in 20 spikes lost, and as many more": lambda cue: cue.losing_spikes(
            0.05, rng
        ).with_ongoing_noise(0.05 * memory.rate, rng),
    }
    cues = [damage(cue) for damage in damaged.values() for cue in memory.cues()]
    recalls, n = recall(memory, cues), memory.n_patterns
    return {
        name: score(recalls[k * n : (k + 1) * n], memory.patterns).total.f1
        for k, name in enumerate(damaged)
    }


def part_recall(simulator, file):
    from wmdelays import score
    from wmdelays.files.memory_file import read_memory
    from wmdelays.validation.recall.simulators import recall

    start = time.perf_counter()
    memory = read_memory(file)
    read = time.perf_counter()
    recalls = recall(memory, memory.cues(), simulator, **SETTINGS.get(simulator, {}))
    end = time.perf_counter()
    emitted = sum(len(one.emitted) for one in recalls)
    return {
        "reading": read - start,
        "seconds": end - read,
        "spikes": emitted,
        "spikes_of_its_own": sum(len(one.own) for one in recalls),
        "f1": score(recalls, memory.patterns).total.f1,
    }


def measure(n_neurons, folder, found, keep):
    """What storing and each recall took, by their names; `keep` is called after each part."""
    simulators = [name for name in SIMULATORS if name != "nest" or find_spec("nest") is not None]
    # Brian2's program is compiled once, for any memory of that size.
    recalls = {name: name for name in simulators} | {"brian2, compiling too": "brian2"}
    order = ["compiled", "brian2, compiling too", *simulators[1:]]
    for rule, name, wanted in (("hebbian", "store", order), ("margin", "margin", [])):
        wanted = [part for part in wanted if part not in found]
        if "damaged" in found.get(name, {}) and not wanted:
            continue
        file = folder / f"{n_neurons}.h5"
        found[name] = _part("store", rule, n_neurons, file)
        keep()
        for part in wanted:
            found[part] = _part("recall", recalls[part], file)
            keep()
        damaged = _part("damaged", file)
        damaged.pop("peak_bytes")
        found[name]["damaged"] = damaged
        keep()
        file.unlink()


def _part(name, *arguments):
    output, _, peak = measured([sys.executable, __file__, "--part", name, *map(str, arguments)])
    return {**json.loads(output.splitlines()[-1]), "peak_bytes": peak}


def table(rows):
    lines = [
        "| neurons | synapses | | seconds | peak memory | µs a synapse | µs a spike | bytes a synapse | F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for n_neurons, parts in rows.items():
        for name, one in parts.items():
            n_synapses = one.get("synapses", parts["store"]["synapses"])
            name = {"store": "store, hebbian", "margin": "store, margin"}.get(name, name)
            f1 = f"{one['f1']:.4f}" if "f1" in one else ""
            own = _taken(one)
            beside = f" ({one['peak_bytes'] / 1e9:.2f})" if "taken_bytes" in one else ""
            lines.append(
                f"| {int(n_neurons):,} | {n_synapses:,} | {name} | {one['seconds']:.1f} |"
                f" {own / 1e9:.2f}{beside} GB | {one['seconds'] / n_synapses * 1e6:.2f} |"
                f" {one['seconds'] / _n_spikes(one) * 1e6:.0f} | {own / n_synapses:.0f} | {f1} |"
            )
    return "\n".join([*lines, "", *_damaged(rows)])


def _taken(one):
    """The memory of a part; of storing without the pages of its temporary files."""
    return one.get("taken_bytes", one["peak_bytes"])


def _n_spikes(one):
    """How many spikes a part has stored or recalled."""
    return one["stored_spikes"] if "stored_spikes" in one else one["spikes"]


def _damaged(rows):
    kinds = [*next(iter(rows.values()))["store"]["damaged"]]
    lines = ["| neurons | rule | " + " | ".join(kinds) + " |", "|---" * (2 + len(kinds)) + "|"]
    for n_neurons, parts in rows.items():
        for rule, name in (("hebbian", "store"), ("margin", "margin")):
            if "damaged" in parts.get(name, {}):
                f1 = " | ".join(f"{parts[name]['damaged'][kind]:.3f}" for kind in kinds)
                lines.append(f"| {int(n_neurons):,} | {rule} | {f1} |")
    return lines


def figure(rows, path):
    import numpy as np

    from wmdelays.plots.figures import (
        BLUE,
        GREY,
        VERMILLION,
        figure_bytes,
        house_style,
        new_figure,
    )

    looks = {
        "store": ("black", "o"),
        "margin": ("black", "v"),
        "compiled": (BLUE, "s"),
        "brian2": (VERMILLION, "^"),
        "nest": (GREY, "D"),
    }
    shown = {
        "store": "storing, hebbian",
        "margin": "storing, margin",
        "compiled": "compiled loop",
        "brian2": "Brian2",
        "nest": "NEST",
    }
    with house_style():
        made = new_figure(5.4)
        panels = made.subplots(2, 2, sharex=True).ravel()
        for name, (colour, shape) in looks.items():
            have = [parts for parts in rows.values() if name in parts]
            n_synapses = [parts[name].get("synapses", parts["store"]["synapses"]) for parts in have]
            look = {"color": colour, "marker": shape, "label": shown[name], "markersize": 5}
            look["linestyle"] = "--" if name == "margin" else "-"
            seconds = np.array([parts[name]["seconds"] for parts in have])
            memory = np.array([_taken(parts[name]) for parts in have])
            n_spikes = [_n_spikes(parts[name]) for parts in have]
            drawn = seconds, memory / 1e9, seconds / n_synapses * 1e6, seconds / n_spikes * 1e3
            for panel, values in zip(panels, drawn):
                panel.loglog(n_synapses, values, **look)
        panels[0].set(ylabel="time (s)")
        panels[1].set(ylabel="peak memory (GB)")
        panels[2].set(xlabel="synapses", ylabel="time a synapse (µs)")
        panels[3].set(xlabel="synapses", ylabel="time a spike (ms)")
        panels[1].axhline(20, color=GREY, linewidth=0.8, linestyle="--")
        panels[1].text(panels[1].get_xlim()[0], 20, " 20 GB", va="bottom", color=GREY, fontsize=8)
        handles, labels = panels[0].get_legend_handles_labels()
        made.legend(handles, labels, loc="outside upper center", ncols=5)
    path.write_bytes(figure_bytes(made, path.suffix[1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", default=",".join(map(str, SIZES)))
    parser.add_argument("--figure", type=Path, help="draw the figure here")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        name, *arguments = given.part
        arguments = [int(text) if text.isdigit() else text for text in arguments]
        parts = {"store": part_store, "recall": part_recall, "damaged": part_damaged}
        print(json.dumps(parts[name](*arguments)))
        return
    rows = json.loads(ROWS.read_text())["rows"] if ROWS.exists() else {}

    def keep():
        ROWS.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")

    with tempfile.TemporaryDirectory() as folder:
        for n_neurons in given.neurons.split(","):
            measure(int(n_neurons), Path(folder), rows.setdefault(n_neurons, {}), keep)
            print(n_neurons, json.dumps(rows[n_neurons]), file=sys.stderr, flush=True)
    print(table(rows))
    if given.figure is not None:
        figure(rows, given.figure)


if __name__ == "__main__":
    main()
