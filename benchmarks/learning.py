"""What the rule `margin` reaches, and how fast, beside a dense network in snnTorch.

Usage: python benchmarks/learning.py [--only NAME ...] [--json FILE]

Every row runs in a process of its own, whose peak memory is reported. Rows that the JSON file
already has are not run again, so an interrupted benchmark goes on; `--only` runs the named rows
anew. `--list` prints all names, `--table` prints the file as tables.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

from measuring import dense_cues, dense_forward, dense_network, measured, timed

from wmdelays.theory import gardner
from wmdelays.validation.published import PUBLISHED

N, DELAYS, STEPS, PATTERNS, RATE = 1024, 41, 1000, 16, 1e-3


def _patterns(neurons=N, steps=STEPS, patterns=PATTERNS, rate=RATE, seed=0):
    from wmdelays.patterns import bernoulli

    return bernoulli(neurons, steps, patterns, rate, seed=seed)


def _stored(options, **size):
    """Store patterns; the memory and what is to be said of it."""
    from wmdelays.training.storing import store

    delays = size.pop("delays", DELAYS)
    patterns = _patterns(**size)
    seconds, memory = timed(lambda: store(patterns, n_delays=delays, **options))
    made = memory.made
    return memory, {
        "seconds": seconds,
        "f1": made["scores"]["f1"],
        "worst": made["scores"]["worst_pattern_f1"],
        "synapses": memory.n_synapses,
        "margin": made["reached"]["margin"],
        "open_loop_errors": made["reached"]["open_loop_errors"],
        "epochs": made["reached"]["epochs"],
        "unpredictable": made["unpredictable"]["empty"] + made["unpredictable"]["ambiguous"],
        "spikes": made["unpredictable"]["n_spikes"],
    }


def store(options, **size):
    """Store patterns."""
    return _stored(options, **size)[1]


def damaged(options, draws=40, in_brian2=False, **size):
    """Recall one memory from damaged cues, through noise, and in Brian2."""
    import numpy as np

    from wmdelays.scores import score
    from wmdelays.training.discrete.compiled import recall

    memory, said = _stored(options, **size)
    n, rate = memory.n_neurons, memory.rate
    kinds = {
        "undamaged": lambda cue, rng: cue,
        "0.5 replaced": lambda cue, rng: cue.replaced(0.5, rng),
        "0.75 replaced": lambda cue, rng: cue.replaced(0.75, rng),
        "trigger of 20 steps": lambda cue, rng: cue.shortened(20),
        "trigger of 10 steps": lambda cue, rng: cue.shortened(10),
        "half silenced": lambda cue, rng: cue.silenced(n // 2, rng),
        "3/4 silenced": lambda cue, rng: cue.silenced(3 * n // 4, rng),
        "noise 0.1": lambda cue, rng: cue.losing_spikes(0.1, rng).with_ongoing_noise(
            0.1 * rate, rng
        ),
        "noise 0.2": lambda cue, rng: cue.losing_spikes(0.2, rng).with_ongoing_noise(
            0.2 * rate, rng
        ),
    }
    for name, damage in kinds.items():
        rng = np.random.default_rng([1, size.get("seed", 0)])
        cues = [damage(cue, rng) for cue in memory.cues() for _ in range(draws)]
        stored = [pattern for pattern in memory.patterns for _ in range(draws)]
        said[name] = score(recall(memory, cues), stored).total.f1
    return said | _agreement(memory) if in_brian2 else said


def _agreement(memory):
    """Recall in torch and in Brian2, spike for spike."""
    from wmdelays.validation.recall.comparison.comparing import compare

    result = compare(memory, device="cpp_standalone")
    same = result.agreement()
    return {
        "same": same.matched,
        "only_torch": same.only_first,
        "only_brian2": same.only_second,
        "closest_call": result.closest_call,
        "rounding_bound": result.rounding_bound,
    }


def recall_ratio(options):
    """Event-driven recall beside the dense forward pass, with the same weights."""
    from statistics import median

    from wmdelays.training.discrete.compiled import recall

    memory, said = _stored(options)
    cues = memory.cues()
    recall(memory, cues)
    ours = median(timed(lambda: recall(memory, cues))[0] for _ in range(9))
    dense = median(dense_forward(memory) for _ in range(3))
    return {
        "recall_s": ours,
        "dense_forward_s": dense,
        "ratio": dense / ours,
        "synapses": memory.n_synapses,
    }


def bptt_ratio(neurons, steps):
    """An epoch of `bptt` beside one of dense back-propagation with torch's autograd."""
    from statistics import median

    import numpy as np
    import torch

    from wmdelays.training.rules.bptt.backpropagation import bptt
    from wmdelays.training.rules.closed_form.analytic import hebbian

    patterns = _patterns(neurons=neurons, steps=steps)
    memory = hebbian(patterns, n_delays=DELAYS, step=1e-3, beta=0.7, theta=1.0)
    ticks = []
    # Weakened, so that there is something to learn and no epoch is the last.
    from dataclasses import replace

    weak = replace(memory, weight=memory.weight * 0.6)
    bptt(
        weak,
        epochs=8,
        learning_rate=1e-9,
        progress=lambda stage, part: ticks.append(time.perf_counter()),
    )
    ours = median(np.diff(ticks[1:]))

    step, state, dense = dense_network(weak)
    forced = dense_cues(weak)
    wanted = torch.from_numpy(np.stack([p.dense(1e-3) for p in patterns], axis=1)).float()
    dense.requires_grad_(True)
    optimizer = torch.optim.AdamW([dense], lr=1e-9)

    def epoch():
        now, own = state, []
        for t in range(steps):
            spikes, *now = step(forced[t], *now)
            own.append(spikes)
        own, target = torch.stack(own)[DELAYS:], wanted[DELAYS:]
        loss = 1 - 2 * (own * target).sum() / (own.sum() + target.sum())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    dense_s = median(timed(epoch)[0] for _ in range(2))
    return {"epoch_s": float(ours), "dense_epoch_s": dense_s, "ratio": dense_s / float(ours)}


def growth():
    """Time per spike of recall as T and M grow, with as many synapses per neuron."""
    from statistics import median

    from wmdelays.training.discrete.compiled import recall

    said = {}
    for patterns, steps in ((4, 1000), (16, 1000), (64, 1000), (16, 2000), (16, 4000)):
        options = {"damaged_epochs": 0, "max_synapses": 600}
        memory, _ = _stored(options, patterns=patterns, steps=steps)
        cues = memory.cues()
        n_spikes = sum(len(one.emitted) for one in recall(memory, cues))
        seconds = median(timed(lambda: recall(memory, cues))[0] for _ in range(5))
        said[f"M = {patterns}, T = {steps}"] = seconds / n_spikes * 1e6
    return said


def large():
    """N = 8192 with sparse weights."""
    from wmdelays.training.discrete.compiled import recall

    memory, said = _stored({"damaged_epochs": 0, "max_synapses": 800}, neurons=8192)
    cues = memory.cues()
    said["recall_s"] = timed(lambda: recall(memory, cues))[0]
    return said


def scan(parameter, value):
    """One point of the published scan."""
    return store({"damaged_epochs": 0}, **{parameter: value})


def solved(patterns, n_delays, epochs=400):
    """The part of 32 neurons that have a solution, found by learning them alone.

    Neurons are independent, and the patterns are recalled whole when all neurons answer every
    context.
    """
    import numpy as np

    from wmdelays.training.rules.margin import presentations
    from wmdelays.training.rules.margin import teacher_forcing as tf

    shown = [(p.steps(1e-3), p.neurons) for p in patterns]
    n_neurons, n_steps = patterns[0].n_neurons, patterns[0].n_steps(1e-3)
    order = presentations.presentations(
        ((s, n, n_steps, m, n_delays, False) for m, (s, n) in enumerate(shown)), n_delays
    )
    wanted = presentations.targets(shown, n_neurons)[0]
    weights = np.zeros((n_neurons * n_delays, presentations.BLOCK), np.float32)
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        counts, _ = tf.present(
            weights,
            order,
            rng.permutation(len(shown)),
            wanted,
            n_delays=n_delays,
            beta=0.7,
            theta=1.0,
            kappa=0.01,
            rate=1.4,
        )
        wrong = counts[0][:, [tf.MISSED, tf.FALSE_ALARMS]].sum(1)
        if not wrong.any():
            break
    return {
        "solved": float((wrong == 0).mean()),
        "wrong_per_spike": float(wrong.sum() / len(wanted.step)),
        "epochs": epoch + 1,
    }


def capacity(patterns):
    """How many of 32 neurons have a solution, beside theory."""
    seconds, found = timed(lambda: solved(_patterns(patterns=patterns), DELAYS))
    bound = gardner(RATE) * N * DELAYS / (STEPS - DELAYS)
    return found | {"seconds": seconds, "theory": bound}


_UNDAMAGED = {"damaged_epochs": 0}
_DAMAGED = {
    "default settings": {},
    "more of it": {"damaged_epochs": 25, "presentations": 16, "shortest_trigger": 10},
}
_LIMITED = {
    **{f"at most {n} synapses": {"max_synapses": n} for n in (1600, 800, 400, 200, 100)},
    "pruned": {**_UNDAMAGED, "prune": "recall"},
    "dale": {"signs": "dale"},
    "one delay per pair": {"one_delay_per_pair": True},
    "all": {"max_synapses": 400, "one_delay_per_pair": True, "signs": "dale"},
    "all, pruned": {**_UNDAMAGED, "one_delay_per_pair": True, "signs": "dale", "prune": "recall"},
}
ROWS = {
    "store, N = 512": (store, {"options": {}, "neurons": 512}),
    "store, N = 1024": (store, {"options": {}}),
    "M = 256": (store, {"options": {}, "patterns": 256}),
    "M = 512": (store, {"options": {}, "patterns": 512}),
    **{
        f"M = {m}": (store, {"options": {**_UNDAMAGED, "kappa": kappa}, "patterns": m})
        for m, kappa in ((1024, 0.2), (2048, 0.1), (4096, 0.02))
    },
    **{
        f"damage, {name}, memory {seed}": (damaged, {"options": options, "seed": seed})
        for name, options in _DAMAGED.items()
        for seed in range(3)
    },
    "recall": (recall_ratio, {"options": {}}),
    "recall, undamaged learning": (recall_ratio, {"options": _UNDAMAGED}),
    "bptt, N = 512, T = 500": (bptt_ratio, {"neurons": 512, "steps": 500}),
    "bptt, N = 1024, T = 1000": (bptt_ratio, {"neurons": 1024, "steps": 1000}),
    "growth": (growth, {}),
    "N = 8192": (large, {}),
    **{
        f"synapses, at most 400, M = {m}": (
            store,
            {"options": {**_UNDAMAGED, "max_synapses": 400}, "patterns": m},
        )
        for m in (16, 32, 64, 128)
    },
    **{
        f"limits: {name}": (damaged, {"options": options, "draws": 5, "in_brian2": True})
        for name, options in {"none": {}, **_LIMITED}.items()
    },
    **{
        f"scan, {parameter} = {value:g}": (scan, {"parameter": parameter, "value": value})
        for parameter, losses in PUBLISHED.items()
        for value in losses
    },
    **{f"capacity, M = {m}": (capacity, {"patterns": m}) for m in (4608, 4864, 5120)},
}


def _row(name):
    words = [sys.executable, __file__, "--row", name]
    output, _, peak = measured(words)
    return {**json.loads(output.splitlines()[-1]), "peak_bytes": peak}


def tables(rows):
    """The rows as Markdown tables."""
    lines = []

    def table(title, columns, chosen):
        if not chosen:
            return
        lines.extend(["", f"| {title} | " + " | ".join(columns) + " |"])
        lines.append("|---|" + "---|" * len(columns))
        for name, row in chosen.items():
            cells = [show(row, name) for show in columns.values()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")

    def number(key, form="{:.4g}", scale=1):
        return lambda row, name: form.format(row[key] * scale) if key in row else ""

    seconds = {
        "seconds": number("seconds", "{:.1f}"),
        "peak, GB": number("peak_bytes", "{:.2f}", 1e-9),
    }
    reached = {"F1": number("f1", "{:.6g}"), "worst pattern": number("worst", "{:.6g}")}
    size = {
        "margin": number("margin", "{:.3f}"),
        "synapses": lambda row, name: f"{row['synapses']:,}",
        "epochs": number("epochs", "{:.0f}"),
    }
    stored = {k: r for k, r in rows.items() if k.startswith(("store", "M = ", "N = "))}
    table("stored", {**seconds, **reached, **size}, stored)
    damage = {k: r for k, r in rows.items() if "undamaged" in r}
    kinds = [k for k in next(iter(damage.values()), {}) if k[0].isdigit() or " " in k]
    table(
        "F1 of recall",
        {"synapses": size["synapses"], "undamaged": number("undamaged")}
        | {kind: number(kind) for kind in kinds},
        damage,
    )
    table(
        "at most 400 synapses onto a neuron",
        {**seconds, **reached, **size},
        {k: r for k, r in rows.items() if k.startswith("synapses, at most 400, M")},
    )
    ratios = {k: r for k, r in rows.items() if "ratio" in r}
    table(
        "beside the dense network",
        {
            "ours, s": lambda row, name: f"{row.get('recall_s', row.get('epoch_s')):.3f}",
            "dense, s": lambda row, name: (
                f"{row.get('dense_forward_s', row.get('dense_epoch_s')):.1f}"
            ),
            "ratio": number("ratio", "{:.0f}"),
        },
        ratios,
    )
    table(
        "torch and Brian2",
        {
            "synapses": size["synapses"],
            "F1": reached["F1"],
            "same spikes": number("same", "{:,}"),
            "only torch": number("only_torch"),
            "only Brian2": number("only_brian2"),
            "closest call": number("closest_call", "{:.2g}"),
            "bound on rounding": number("rounding_bound", "{:.1g}"),
        },
        {k: r for k, r in rows.items() if "only_torch" in r},
    )
    if "growth" in rows:
        spikes = {k: {"us": v} for k, v in rows["growth"].items() if k.startswith("M")}
        table("recall", {"microseconds for each spike": number("us", "{:.1f}")}, spikes)

    def published(row, name):
        parameter, value = name.removeprefix("scan, ").split(" = ")
        return f"{PUBLISHED[parameter][float(value)]:g}"

    table(
        "published scan",
        {
            "published loss": published,
            "loss": lambda row, name: f"{1 - row['f1']:.2g}",
            "spikes no weights can predict": lambda row, name: (
                f"{row['unpredictable']} of {row['spikes']}"
            ),
            "seconds": seconds["seconds"],
        },
        {k: r for k, r in rows.items() if k.startswith("scan")},
    )
    table(
        "32 neurons",
        {
            "solved": number("solved", "{:.0%}"),
            "wrong spikes for each stored one": number("wrong_per_spike"),
            "epochs": number("epochs", "{:.0f}"),
            "seconds": number("seconds", "{:.0f}"),
            "theory": number("theory", "{:.0f}"),
        },
        {k: r for k, r in rows.items() if k.startswith("capacity")},
    )
    return "\n".join(lines[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these rows, anew")
    parser.add_argument("--list", action="store_true", help="print the names of all rows")
    parser.add_argument("--table", action="store_true", help="print what the file has")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        function, settings = ROWS[arguments.row]
        print(json.dumps(function(**settings)))
        return
    if arguments.list:
        print("\n".join(ROWS))
        return
    unknown = set(arguments.only or ()) - set(ROWS)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    content = {"rows": {}}
    if arguments.json.exists():
        content = json.loads(arguments.json.read_text())
    content |= {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    missing = [] if arguments.table else [name for name in ROWS if name not in content["rows"]]
    for name in arguments.only or missing:
        row = _row(name)
        print(name, json.dumps(row), flush=True)
        content["rows"][name] = row
        content["rows"] = {k: content["rows"][k] for k in ROWS if k in content["rows"]}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")
    print(tables(content["rows"]))


if __name__ == "__main__":
    main()
