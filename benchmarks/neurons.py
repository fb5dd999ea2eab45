"""What the rule `timed-margin` reaches for neurons in continuous time, and how fast.

Usage: python benchmarks/neurons.py [--only NAME ...] [--json FILE] [--data FOLDER]

Every row stores patterns and recalls them in the compiled loop and in Brian2, at the tick of learning
and at half of it, in a process of its own. Rows that the JSON file already has are not run again;
`--only` runs the named rows anew. `--list` prints all names, `--table` prints the file as two tables. The
recordings of the last rows are read from `--data`.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

from measuring import measured

N, DELAYS, STEPS, PATTERNS, RATE = 1024, 41, 1000, 16, 1e-3
DALE = {"signs": "dale", "excitatory": 0.8}
# What the recalls of a row are disturbed by: mV, probability, part of the patterns' rate, steps.
UNTIDY = {
    "membrane noise": {"membrane_noise": 1.0},
    "failures": {"release_failures": 0.1},
    "background": {"background": 0.1},
    "all": {"membrane_noise": 1.0, "release_failures": 0.1, "background": 0.1, "cue_jitter": 1.0},
}


def drawn(interval=None, steps=STEPS, patterns=PATTERNS, seed=0):
    """Random patterns: with a least interval in ms between spikes of a neuron, or as they come."""
    from wmdelays.patterns import bernoulli, refractory

    if interval is None:
        return bernoulli(N, steps, patterns, RATE, seed=seed)
    return refractory(N, steps, patterns, rate=RATE, interval=interval, seed=seed)


def recorded(data, name, start, stop):
    """A stretch of a recording with its own times."""
    from wmdelays.files.recording import read_stretch

    return read_stretch(Path(data) / name, 1e-4, start=start, stop=stop).bin(1e-4, True)


def grid(data):
    """The same patterns in discrete time, for the ratio."""
    from wmdelays.training.storing import store

    began = time.process_time(), time.perf_counter()
    memory = store(drawn())
    return {
        "cpu_s": time.process_time() - began[0],
        "seconds": time.perf_counter() - began[1],
        "synapses": memory.n_synapses,
        "f1": memory.made["scores"]["f1"],
    }


def untidy(memory, seed=1):
    """Scores of compiled recalls that are disturbed, one draw of each kind."""
    import numpy as np

    from wmdelays.neurons import Variability
    from wmdelays.timing import score_times
    from wmdelays.training.continuous.recall import recall

    n, found = round(memory.step / memory.tick), {}
    for name, knobs in UNTIDY.items():
        rng = np.random.default_rng(seed)
        knobs = {**knobs, "background": knobs.get("background", 0) * memory.rate / memory.step}
        jitter = knobs.pop("cue_jitter", 0) * n
        cues = [cue.jittered(jitter, rng) for cue in memory.cues()]
        recalls = recall(memory, cues, variability=Variability(**knobs), seed=seed)
        scores = score_times(recalls, memory.patterns)
        found[name] = {
            "f1_1ms": scores.within[1].f1,
            "f1_lag_followed": scores.f1_lag_followed,
            "tempo_percent": scores.tempo_percent,
            "wobble_ms": scores.wobble_ms,
        }
    return found


def stored(data, neurons, patterns, options=(), n_delays=DELAYS, step=1e-3, disturbed=True):
    """Store patterns for neurons, and what comes of recalling them.

    Parameters
    ----------
    data : str
    neurons : tuple
        A specification, see `wmdelays.neurons.neurons_of`, and settings.
    patterns : callable
        Takes `data`.
    options : mapping
        Of the rule.
    n_delays : int
    step : float
        Unit of the delays in seconds.
    disturbed : bool
        Whether the recalls are disturbed as well, see `untidy`.
    """
    from wmdelays.neurons import neurons_of
    from wmdelays.training.storing import store
    from wmdelays.validation.recall.comparison.comparing import compare

    given = patterns(data)
    given = given if isinstance(given, list) else [given]
    text, settings = neurons
    population = neurons_of(text, given[0].n_neurons, settings=settings)
    # Compiling the loops takes the same time for any size, and once on a machine.
    store(drawn_small(), neurons=neurons_of(text, 8, settings=settings), n_delays=4)
    began = time.process_time(), time.perf_counter()
    memory = store(given, neurons=population, n_delays=n_delays, step=step, **dict(options))
    cpu, seconds = time.process_time() - began[0], time.perf_counter() - began[1]
    made = memory.made
    result = compare(memory).as_dict()
    left_out = [one[3] for one in made["left_out"]]
    return {
        "cpu_s": cpu,
        "seconds": seconds,
        "synapses": memory.n_synapses,
        "exact": made["reached"]["open_loop_errors"] == 0,
        "below": made["reached"]["below"],
        "above": made["reached"]["above"],
        "epochs": made["reached"]["epochs"],
        "rounds": made["reached"]["rounds"],
        "moved": made["reached"]["moved"],
        "refractory": left_out.count("refractory"),
        "not_learned": left_out.count("not learned"),
        "spikes": sum(len(one) for one in memory.patterns),
        **{
            f"{name}_{key}": result[name][key]
            for name in ("compiled", "brian2")
            for key in ("f1_1ms", "f1_5ms", "f1_lag_followed", "tempo_percent", "worst_pattern_f1")
        },
        "agreement": result["agreement"],
        "halved_dt": result.get("halved_dt"),
        "untidy": untidy(memory) if disturbed else None,
    }


def drawn_small():
    from wmdelays.patterns import refractory

    return refractory(8, 60, 1, rate=0.05, interval=15)


def _row(neurons, interval=None, options=(), steps=STEPS, patterns=PATTERNS, **others):
    text, _, settings = neurons.partition(" ")
    settings = settings.split(" ") if settings else []

    def given(data):
        return drawn(interval, steps, patterns)

    return lambda data: stored(data, (text, settings), given, options, **others)


def _recording(neurons, name, start, stop, n_delays, step):
    def given(data):
        return recorded(data, name, start, stop)

    text, _, settings = neurons.partition(" ")
    settings = settings.split(" ") if settings else []
    return lambda data: stored(
        data, (text, settings), given, n_delays=n_delays, step=step, disturbed=False
    )


ROWS = {
    "discrete time, margin": grid,
    "lif-exp 0.5 ms": _row("lif-exp tau_s=0.5", 5),
    "lif-exp 2 ms": _row("lif-exp tau_s=2", 5),
    "lif-exp 5 ms": _row("lif-exp tau_s=5", 10),
    # Margins that do not go with the slope, and what comes of them.
    "lif-exp 5 ms, slope 6, kappa 4.4": _row(
        "lif-exp tau_s=5", 10, {"slope": 6.0, "overshoot": 4.0, "kappa": 4.4}
    ),
    "lif-exp 5 ms, slope 6, kappa 7": _row(
        "lif-exp tau_s=5", 10, {"slope": 6.0, "overshoot": 4.0, "kappa": 7.0}
    ),
    "lif-alpha 2 ms": _row("lif-alpha tau_s=2", 10),
    "lif-cond": _row("lif-cond", 10),
    "adex": _row("adex", 10),
    "adex-exp": _row("adex-exp", 10),
    "adex-exp, slope 6": _row("adex-exp", 10, {"slope": 6.0}),
    "izhikevich RS": _row("izhikevich:RS", 15),
    "izhikevich-exp RS": _row("izhikevich-exp:RS", 15),
    "izhikevich-exp FS": _row("izhikevich-exp:FS", 15),
    "as they come, lif-exp 2 ms": _row("lif-exp tau_s=2"),
    "as they come, lif-exp 5 ms": _row("lif-exp tau_s=5"),
    "as they come, lif-cond": _row("lif-cond"),
    "as they come, adex": _row("adex"),
    "as they come, izhikevich-exp RS": _row("izhikevich-exp:RS"),
    "Dale, 400 synapses, lif-cond": _row("lif-cond", 10, {**DALE, "max_synapses": 400}),
    "Dale, 400 synapses, adex": _row("adex", 10, {**DALE, "max_synapses": 400}),
    "Dale, 400 synapses, adex, importance slope": _row(
        "adex", 10, {**DALE, "max_synapses": 400, "importance": "slope"}
    ),
    # With the steepest crossings that small networks have room for: they bear failures.
    "Dale, 1600 synapses, lif-cond, slope 6": _row(
        "lif-cond", 10, {**DALE, "max_synapses": 1600, "slope": 6.0}
    ),
    "Dale, 1600 synapses, lif-cond, slope 6, kappa 4.4": _row(
        "lif-cond",
        10,
        {**DALE, "max_synapses": 1600, "slope": 6.0, "overshoot": 4.0, "kappa": 4.4},
    ),
    "Dale, 1600 synapses, adex, slope 6": _row(
        "adex", 10, {**DALE, "max_synapses": 1600, "slope": 6.0}
    ),
    "Dale, 1600 synapses, adex regular and fast, slope 6": _row(
        "adex:regular=0.8,fast-spiking=0.2", 10, {**DALE, "max_synapses": 1600, "slope": 6.0}
    ),
    "Dale, RS and FS": _row("izhikevich-exp:RS=0.8,FS=0.2", 15, DALE),
    "Dale, 1600 synapses, RS and FS": _row(
        "izhikevich-exp:RS=0.8,FS=0.2", 15, {**DALE, "max_synapses": 1600}
    ),
    "10 s, lif-exp 2 ms": _row("lif-exp tau_s=2", 5, steps=10_000, patterns=1),
    "10 s, adex": _row("adex", 10, steps=10_000, patterns=1),
    "hippocampus, 60 s, lif-cond": _recording(
        "lif-cond tau_e=2 tau_i=4", "hippocampus_linear_track.csv", 900, 960, 1200, 2e-3
    ),
    "hippocampus, 60 s, adex": _recording(
        "adex tau_e=2 tau_i=4", "hippocampus_linear_track.csv", 900, 960, 1200, 2e-3
    ),
    "songbird, 22 s, lif-cond": _recording(
        "lif-cond tau_e=2 tau_i=4", "songbird_hvc.csv", 0, 22.2, 200, 2e-3
    ),
    "songbird, 22 s, adex": _recording(
        "adex tau_e=2 tau_i=4", "songbird_hvc.csv", 0, 22.2, 400, 2e-3
    ),
}


def tables(rows):
    """What is reached, and how much noise it bears, as two Markdown tables."""
    base = rows["discrete time, margin"]
    print(
        "| stored | CPU s | times `margin` | GB | F1, 1 ms | F1 at dt/2 | tempo at dt/2 | left out |"
    )
    print("|---" * 8 + "|")
    gigabytes = f"{base['peak'] / 1e9:.1f}"
    print(f"| discrete time, `margin` | {base['cpu_s']:.0f} | 1 | {gigabytes} | exact | | | 0 |")
    for name, row in rows.items():
        if row is base:
            continue
        half = row["halved_dt"]
        f1 = " and ".join(
            f"{one:.4f}" for one in sorted({row["compiled_f1_1ms"], row["brian2_f1_1ms"]})
        )
        exact = row["compiled_f1_1ms"] == row["brian2_f1_1ms"] == 1 and not row["moved"]
        left_out = row["refractory"] + row["not_learned"]
        tempo = half["tempo_percent"]
        tempo = f"{tempo:+.3f} %" if abs(tempo) >= 5e-4 else "0 %"
        print(
            f"| {name} | {row['cpu_s']:.0f} | {row['cpu_s'] / base['cpu_s']:.1f} |"
            f" {row['peak'] / 1e9:.1f} | {'exact' if exact else f1} |"
            f" {half['f1_lag_followed']:.4f} | {tempo} |"
            f" {left_out} of {row['spikes']:,} |"
        )
    print("\n| stored | " + " | ".join(UNTIDY) + " |")
    print("|---" * (1 + len(UNTIDY)) + "|")
    for name, row in rows.items():
        if row.get("untidy"):
            cells = [
                f"{one['f1_lag_followed']:.4f}, {one['tempo_percent']:+.2f} %"
                for one in row["untidy"].values()
            ]
            print(f"| {name} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ROWS)
    parser.add_argument("--json", default=Path(__file__).with_suffix(".json"), type=Path)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.list:
        print("\n".join(ROWS))
        return
    if given.row:
        print(json.dumps(ROWS[given.row](given.data)))
        return
    content = json.loads(given.json.read_text()) if given.json.exists() else {"rows": {}}
    if given.table:
        tables(content["rows"])
        return
    for name in given.only or [name for name in ROWS if name not in content["rows"]]:
        words = [sys.executable, __file__, "--row", name, "--data", given.data]
        output, _, peak = measured(words)
        row = {**json.loads(output.splitlines()[-1]), "peak": peak, "load": os.getloadavg()[0]}
        content["rows"][name] = row
        content["rows"] = {one: content["rows"][one] for one in ROWS if one in content["rows"]}
        content["machine"] = {"cpus": os.cpu_count(), "python": platform.python_version()}
        given.json.write_text(json.dumps(content, indent=1) + "\n")
        print(name, json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
